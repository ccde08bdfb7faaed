# SPDX-License-Identifier: Apache-2.0
"""The ADS1015 and ADS1115 driver on simulated registers, on a bus that takes its time."""

from __future__ import annotations

import dataclasses
import logging

import numpy as np
import pytest

from pdu_agent.hw.ads1x15 import (
    Ads1015Meter,
    Ads1015Settings,
    Ads1115Meter,
    Ads1115Settings,
    CurrentInput,
    VoltageInput,
    chips,
)
from pdu_agent.hw.ads1x15.settings import RangeV, Rate1015, Rate1115
from pdu_agent.hw.ads1x15.window import Sample, rms, trouble
from pdu_agent.hw.sim.ads1x15 import SimAds1x15
from pdu_agent.hw.sim.i2c import SimI2cBus
from pdu_agent.hw.site import Site
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import BusTimeout, ChipNotFound, ConfigError, ReadbackMismatch
from pdu_agent.model.quantities import Quality

TRANSFER_S = 350e-6
MID_V = 1.65


class Mains:
    """Pin 0: a current of 5 A behind 1000:1 and 50 ohm; 1: 0.4 A; 2: 230 V / 500; 3: middle."""

    def __init__(self, hz=50.0, third=0.0):
        self.hz = hz
        self.third = third
        self.amperes = [5.0, 0.4]
        self.volts = 230.0

    def __call__(self, times_s):
        wave = np.sin(2 * np.pi * self.hz * times_s)
        wave = wave + self.third * np.sin(6 * np.pi * self.hz * times_s)
        wave = wave * np.sqrt(2 / (1 + self.third**2))
        pins = np.full((4, len(times_s)), MID_V)
        pins[0] += wave * self.amperes[0] * 50 / 1000
        pins[1] += wave * self.amperes[1] * 50 / 1000
        pins[2] += wave * self.volts / 500
        return pins


FIVE = CurrentInput("five", "0-3", RangeV.R0_512)
LITTLE = CurrentInput("little", "1-3", RangeV.R0_256)
VOLTS = VoltageInput("2-3", 500.0, RangeV.R1_024)


class Bench:
    def __init__(self, meter=Ads1115Meter, settings=None, mains=None, transfer_s=TRANSFER_S, ppm=0):
        self.clock = ManualClock()
        self.mains = mains or Mains()
        bits = 16 if meter is Ads1115Meter else 12
        self.chip = SimAds1x15(self.mains, self.clock, bits=bits, ppm=ppm)
        self.transfer_s = transfer_s
        self.rng = np.random.default_rng(1)
        self.bus = SimI2cBus({0x48: self.chip})
        exchange = self.bus.exchange
        self.transfers = 0

        def timed(address, data, length):
            self.transfers += 1
            self.clock.advance(self.transfer_s * self.rng.uniform(0.8, 1.6))
            return exchange(address, data, length)

        self.bus.exchange = timed
        settings = settings or Ads1115Settings("/dev/i2c-1", currents=(FIVE, LITTLE), voltage=VOLTS)
        self.meter = meter.connect(Site("m", "", self.clock, self.sleep, self), settings)
        self.settings = settings

    def sleep(self, seconds):
        """Never shorter than asked, as of the kernel."""
        self.clock.advance(seconds + self.rng.uniform(20e-6, 120e-6))

    def i2c(self, bus):
        assert bus == "/dev/i2c-1"
        return self.bus

    def sample(self):
        for _ in range(50):
            sample = self.meter.poll(0.5)
            if sample is not None:
                return sample
        raise AssertionError("no sample in 50 polls")


def test_the_words_are_those_of_the_data_sheet():
    assert chips.config(chips.ADS1115, "0", 2.048, 860) == 0xC5E3
    assert chips.config(chips.ADS1115, "0-1", 6.144, 475) == 0x81C3
    assert chips.config(chips.ADS1015, "2-3", 0.256, 3300) == 0xBBC3
    assert chips.volts(chips.signed(0x8000), 2.048) == -2.048
    assert chips.volts(0x4000, 4.096) == 2.048


@pytest.mark.parametrize("hz", [45.0, 49.7, 50.0, 50.4, 60.0, 65.0])
@pytest.mark.parametrize("ppm", [-90_000, 0, 90_000])
def test_rms_of_every_input_whatever_mains_and_oscillator_do(hz, ppm):
    bench = Bench(mains=Mains(hz), ppm=ppm)
    bench.settings = dataclasses.replace(bench.settings, mains_hz=hz)
    bench.meter = Ads1115Meter.connect(
        Site("m", "", bench.clock, bench.sleep, bench), bench.settings
    )
    bench.meter.open()
    channels = bench.sample().channels
    assert set(channels) == {"five", "little", "voltage"}
    assert channels["five"][0].current_a == pytest.approx(5.0, rel=0.008)
    assert channels["little"][0].current_a == pytest.approx(0.4, rel=0.008)
    assert channels["voltage"][0].voltage_v == pytest.approx(230.0, rel=0.008)


@pytest.mark.parametrize("rate", list(Rate1015))
def test_the_12_bit_chip_at_its_rates(rate):
    currents = (dataclasses.replace(FIVE, cutoff_a=0.0),)
    settings = Ads1015Settings("/dev/i2c-1", currents=currents, rate_sps=rate)
    bench = Bench(Ads1015Meter, settings, mains=Mains(third=0.3), transfer_s=120e-6)
    bench.meter.open()
    assert bench.sample().channels["five"][0].current_a == pytest.approx(5.0, rel=0.01)


def test_what_it_cannot_know_is_none():
    bench = Bench()
    bench.meter.open()
    bench.sample()
    five, energy_mj = bench.sample().channels["five"]
    assert five.apparent_power_va == pytest.approx(5 * 230, rel=0.01)
    assert (five.active_power_w, five.power_factor, five.reactive_power_var) == (None, None, None)
    assert energy_mj is None
    volts, _ = bench.sample().channels["voltage"]
    assert (volts.current_a, volts.apparent_power_va) == (None, None)


def test_without_a_voltage_there_is_no_apparent_power_either():
    bench = Bench(settings=Ads1115Settings("/dev/i2c-1", currents=(FIVE,)))
    bench.meter.open()
    five, _ = bench.sample().channels["five"]
    assert five.current_a == pytest.approx(5.0, rel=0.008)
    assert (five.voltage_v, five.apparent_power_va, five.active_power_w) == (None, None, None)


def test_an_assumed_power_factor_makes_an_estimate_of_power_and_energy():
    settings = Ads1115Settings(
        "/dev/i2c-1", currents=(FIVE,), voltage=VOLTS, assumed_power_factor=0.6
    )
    bench = Bench(settings=settings)
    bench.meter.open()
    assert bench.sample().channels["five"][1] is None
    sample = bench.sample()
    five, energy_mj = sample.channels["five"]
    assert five.active_power_w == pytest.approx(0.6 * 5 * 230, rel=0.01)
    assert sample.span_s == pytest.approx(2.0, abs=0.2)
    assert energy_mj == round(five.active_power_w * sample.span_s * 1000)
    assert five.power_factor is None  # it was not measured
    bench.clock.advance(60.0)
    assert bench.sample().channels["five"][1] is None


def test_one_round_each_interval_and_one_input_a_poll():
    bench = Bench()
    bench.meter.open()
    first = bench.sample()
    assert bench.meter.poll(0.5) is None
    before = bench.transfers
    assert bench.meter.poll(0.05) is None
    assert bench.transfers == before  # it is not due
    assert bench.sample().t_mono_s - first.t_mono_s == pytest.approx(2.0, abs=0.2)
    began_s = bench.clock.monotonic_s()
    for _ in range(20):
        bench.meter.poll(0.3)
        took_s, began_s = bench.clock.monotonic_s() - began_s, bench.clock.monotonic_s()
        assert took_s < 0.55


def test_no_load_is_exactly_none():
    bench = Bench()
    bench.mains.amperes = [0.0, 0.0]
    bench.meter.open()
    assert bench.sample().channels["five"][0].current_a == 0.0


def test_the_noise_floor_is_taken_off():
    current = dataclasses.replace(FIVE, noise_floor_a=3.0)
    bench = Bench(settings=Ads1115Settings("/dev/i2c-1", currents=(current,)))
    bench.meter.open()
    assert bench.sample().channels["five"][0].current_a == pytest.approx(4.0, rel=0.01)


@pytest.mark.parametrize("meter", [Ads1115Meter, Ads1015Meter])
def test_clipping_is_marked(meter):
    kind = Ads1115Settings if meter is Ads1115Meter else Ads1015Settings
    bench = Bench(meter, kind("/dev/i2c-1", currents=(FIVE,)), transfer_s=120e-6)
    bench.meter.open()
    assert bench.sample().channels["five"][0].quality is Quality.OK
    bench.mains.amperes[0] = 8.0
    assert bench.sample().channels["five"][0].quality is Quality.CLIPPED


def test_a_busy_bus_is_measured_again_and_then_an_error(caplog):
    bench = Bench()
    bench.meter.open()
    bench.sample()
    bench.transfer_s = 0.003
    with caplog.at_level(logging.WARNING):
        assert [bench.meter.poll(3.0) for _ in range(9)] == [None] * 9
    assert bench.meter.discarded == 9
    assert caplog.text.count("measured again") == 1
    with pytest.raises(BusTimeout, match="400 kHz"):
        bench.meter.poll(0.5)
    bench.transfer_s = TRANSFER_S
    bench.meter.close()
    bench.meter.open()
    assert bench.sample().channels["five"][0].current_a == pytest.approx(5.0, rel=0.008)


def test_a_stall_within_a_window_is_no_value():
    bench = Bench(settings=Ads1115Settings("/dev/i2c-1", currents=(FIVE,)))
    bench.meter.open()
    bench.bus.faults.stalls, bench.bus.faults.stall_s = 1, 0.0
    bench.bus._sleep = lambda _: bench.clock.advance(0.05)
    assert bench.meter.poll(0.5) is None
    assert bench.meter.discarded == 1


def test_a_conversion_that_does_not_end_is_an_error():
    bench = Bench()
    bench.meter.open()
    bench.chip.hung = True
    with pytest.raises(BusTimeout, match="does not end"):
        bench.sample()


def test_a_set_up_that_is_not_taken_is_an_error():
    bench = Bench()
    bench.meter.open()
    write = bench.chip.write
    bench.chip.write = lambda register, data: write(register, bytes([data[0] ^ 0x10, data[1]]))
    with pytest.raises(ReadbackMismatch, match="is another chip there"):
        bench.sample()


def test_a_brown_out_between_two_samples_harms_nothing():
    bench = Bench()
    bench.meter.open()
    bench.sample()
    bench.chip.power_loss()
    assert bench.sample().channels["five"][0].current_a == pytest.approx(5.0, rel=0.008)


def test_nobody_at_the_address():
    bench = Bench()
    bench.bus.unplug(0x48)
    with pytest.raises(ChipNotFound, match="nothing answers"):
        bench.meter.open()


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"currents": ()}, "neither currents nor voltage"),
        ({"currents": (FIVE, dataclasses.replace(LITTLE, name="five"))}, "one name"),
        ({"currents": (dataclasses.replace(FIVE, name="voltage"),), "voltage": VOLTS}, "one name"),
        ({"currents": (FIVE, dataclasses.replace(LITTLE, pins="0-3"))}, "two uses"),
        ({"assumed_power_factor": 0.9}, "nothing without `voltage`"),
        (
            {"cycles": 20, "interval_s": 1.0, "voltage": VOLTS, "currents": (FIVE, LITTLE)},
            r"3 inputs take 1\.2 s",
        ),
    ],
)
def test_wiring_that_cannot_be_is_refused(changes, complaint):
    settings = {"currents": (FIVE,), **changes}
    with pytest.raises(ConfigError, match=complaint):
        Ads1115Settings("/dev/i2c-1", rate_sps=Rate1115.R860, **settings)


def test_its_channels_are_known_without_the_device():
    settings = Ads1115Settings("/dev/i2c-1", currents=(FIVE, LITTLE), voltage=VOLTS)
    assert Ads1115Meter.outline(settings, None).channel_names == ("five", "little", "voltage")


def test_rms_does_not_depend_on_when_the_samples_came():
    rng = np.random.default_rng(3)
    times_s = np.cumsum(rng.uniform(0.0012, 0.0026, 105))
    codes = np.rint(12_000 * np.sqrt(2) * np.sin(2 * np.pi * 50.3 * times_s) + 700)
    samples = [Sample(t, int(c)) for t, c in zip(times_s, codes, strict=True)]
    assert trouble(samples, 0.2, 50.0) == ""
    assert rms(samples) == pytest.approx(12_000, rel=0.01)


def test_too_few_samples_and_gaps_are_trouble():
    even = [Sample(n * 0.002, 0) for n in range(100)]
    assert trouble(even, 0.2, 50.0) == ""
    assert "40 samples in 0.20 s, 50 are needed" in trouble(even[:40], 0.2, 50.0)
    assert "10 ms without a sample" in trouble(even[:40] + even[44:], 0.2, 50.0)
