# SPDX-License-Identifier: Apache-2.0
"""What the ADS131E08 has beyond the ADS130E08: rates, 24 bits, kin, its own tests."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pdu_agent.hw.ads13x.parts import Register
from pdu_agent.hw.ads13x.self_test import square_faults
from pdu_agent.hw.ads13x.settings import Reference
from pdu_agent.hw.ads130e08 import Ads130e08Settings, Ads130e08Source
from pdu_agent.hw.ads131e08 import Ads131e08Settings, Ads131e08Source, Gain, RateSps
from pdu_agent.hw.sim.ads130e08 import SimAds130e08
from pdu_agent.hw.sim.ads131e08 import SimAds131e08
from pdu_agent.hw.sim.spi import SimSpiPort
from pdu_agent.metering.frames import decode_frames, decode_status
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import ChipNotFound, ConfigError, HardwareError

CAPTURES = Path(__file__).parents[2] / "../shared/captures/ads13xe08.json"


def sine(times_s):
    wave = np.sin(2 * np.pi * 50.0 * times_s)
    return np.outer(np.linspace(1.0, 0.1, 8), wave).astype(np.float32)


class Bench:
    def __init__(self, settings=None, inputs=sine, queue_s=0.2, **chip_options):
        self.clock = ManualClock(monotonic_s=200.0)
        self.chip = SimAds131e08(inputs, **chip_options)
        self.port = SimSpiPort(self.chip, self.clock, self.clock.advance, queue_s=queue_s)
        settings = settings or Ads131e08Settings()
        self.source = Ads131e08Source(self.port, settings, self.clock.advance, "sim:0")

    def register(self, register: Register) -> int:
        return self.chip._registers[register]


def amplitude_v(bench, block, channel=0):
    """Of 50 Hz, by least squares."""
    times_s = np.arange(block.counts.shape[1]) / block.rate_hz
    basis = np.stack([np.sin(2 * np.pi * 50 * times_s), np.cos(2 * np.pi * 50 * times_s)])
    fit, *_ = np.linalg.lstsq(basis.T, block.counts[channel].astype(float), rcond=None)
    return float(np.hypot(*fit)) * bench.source.volts_per_count


@pytest.mark.parametrize(
    ("rate", "config1", "bits"),
    [
        (RateSps.K1, 0x96, 24),
        (RateSps.K2, 0x95, 24),
        (RateSps.K4, 0x94, 24),
        (RateSps.K8, 0x93, 24),
        (RateSps.K16, 0x92, 24),
        (RateSps.K32, 0x91, 16),
        (RateSps.K64, 0x90, 16),
    ],
)
def test_every_rate_has_its_code_its_width_and_the_right_scale(rate, config1, bits):
    settings = Ads131e08Settings(rate_sps=rate, gain=Gain.TWO)
    bench = Bench(settings)
    bench.source.start()
    assert bench.register(Register.CONFIG1) == config1
    assert bench.register(Register.CONFIG2) == 0xE0
    assert settings.volts_per_count == pytest.approx(2.4 / 2**bits)
    block = bench.source.read_block()
    assert amplitude_v(bench, block) == pytest.approx(1.0, rel=0.02)


def test_weights_of_a_code_are_those_of_the_data_sheet():
    assert Ads131e08Settings().volts_per_count == pytest.approx(0.286102e-6, rel=1e-6)
    twelve = Ads131e08Settings(gain=Gain.TWELVE)
    assert twelve.volts_per_count == pytest.approx(0.023842e-6, rel=1e-4)
    four = Ads131e08Settings(reference_v=Reference.V4)
    assert four.volts_per_count == pytest.approx(0.476837e-6, rel=1e-6)


@pytest.mark.parametrize(
    ("gain", "code"),
    [(Gain.ONE, 1), (Gain.TWO, 2), (Gain.FOUR, 4), (Gain.EIGHT, 5), (Gain.TWELVE, 6)],
)
def test_gains_have_their_codes(gain, code):
    bench = Bench(Ads131e08Settings(gain=gain, used_channels=2))
    bench.source.start()
    assert bench.register(Register.CH1SET) == code << 4
    assert bench.register(Register.CH1SET + 2) == 0x81


def test_captured_frames_of_both_widths_decode():
    if not CAPTURES.exists():
        pytest.skip("no captures beside this repository")
    for frame in json.loads(CAPTURES.read_text(encoding="utf-8"))["frames"]:
        raw = bytes.fromhex(frame["hex"])
        assert decode_frames(raw, 8, frame["bits"])[:, 0].tolist() == frame["channels"]
        assert f"{decode_status(raw, 8, frame['bits'])[0]:06x}" == frame["status"]


@pytest.mark.parametrize("rate", [RateSps.K1, RateSps.K8, RateSps.K16])
def test_no_sample_is_lost_where_the_bus_is_fast_enough(rate):
    bench = Bench(Ads131e08Settings(rate_sps=rate))
    bench.source.start()
    blocks = [bench.source.read_block() for _ in range(20)]
    assert bench.source.rate_hz == rate.value
    assert not any(block.lost_samples for block in blocks)


@pytest.mark.parametrize("rate", [RateSps.K32, RateSps.K64])
def test_a_rate_beyond_spidev_is_not_claimed(rate, caplog):
    bench = Bench(Ads131e08Settings(rate_sps=rate))
    with caplog.at_level(logging.WARNING):
        bench.source.start()
    assert bench.source.rate_hz == pytest.approx(4_096_000 / 160, rel=0.01)
    assert f"the real rate is 25600 samples/s of {rate.value}" in caplog.text
    blocks = [bench.source.read_block() for _ in range(3)]
    assert all(block.rate_hz == bench.source.rate_hz for block in blocks)
    assert amplitude_v(bench, blocks[-1]) == pytest.approx(1.0, rel=0.02)


@pytest.mark.parametrize(("identity", "channels"), [(0xD0, 4), (0xD1, 6), (0xF1, 6)])
def test_smaller_parts_have_shorter_frames_and_fewer_channels(identity, channels, caplog):
    bench = Bench(identity=identity)
    bench.source.start()
    block = bench.source.read_block()
    assert set(bench.source.failed_channels) == set(range(channels, 8))
    assert f"the part has {channels} channels only" in caplog.text
    assert block.counts[:channels].any(axis=1).all()
    assert not block.counts[channels:].any()


def test_a_smaller_part_with_all_it_needs_is_no_complaint(caplog):
    bench = Bench(Ads131e08Settings(used_channels=4), identity=0xD0)
    bench.source.start()
    assert "only" not in caplog.text


def test_half_dead_chip_keeps_its_living_half(caplog):
    bench = Bench(identity=0xC0)
    bench.chip.faults.dead_channels = 0xF0
    bench.source.start()
    assert "channels 5 to 8 are dead" in caplog.text
    assert set(bench.source.failed_channels) == {4, 5, 6, 7}
    assert "0xC0" in bench.source.failed_channels[4]
    assert bench.source.read_block().counts[3].any()


def test_the_s_variant_with_its_reference_on_after_reset_is_seen_to_be_reset():
    bench = Bench(Ads131e08Settings(reference_v=Reference.V4), is_s=True)
    bench.source.start()
    bench.source.read_block()
    bench.chip.reset()
    with pytest.raises(HardwareError, match="the chip was reset"):
        bench.source.read_block()


def test_offset_calibration_nulls_the_converters_offset():
    def idle(times_s):
        return np.zeros((8, len(times_s)), np.float32)

    offsets = []
    for wanted in (False, True):
        settings = Ads131e08Settings(offset_calibration=wanted)
        bench = Bench(settings, inputs=idle, offset_v=0.002)
        bench.source.start()
        offsets.append(bench.source.read_block().counts.mean() * settings.volts_per_count)
    assert offsets[0] == pytest.approx(0.002, rel=0.01)
    assert offsets[1] == pytest.approx(0.0, abs=20e-6)


def test_clipping_at_24_bits():
    def loud(times_s):
        return np.repeat(np.array([[0.5], [-0.7]], np.float32), len(times_s), axis=1)

    bench = Bench(Ads131e08Settings(gain=Gain.FOUR, used_channels=2), inputs=loud)
    bench.source.start()
    assert bench.source.read_block().clipped == 0b10


@pytest.mark.parametrize("level", [0x00, 0xFF])
def test_stuck_line(level):
    bench = Bench()
    bench.source.start()
    bench.chip.faults.miso_stuck = level
    with pytest.raises(HardwareError, match="data line stuck"):
        bench.source.read_block()
    with pytest.raises(ChipNotFound):
        bench.source.start()


def both(self_test, **chip_options):
    """(settings, chip) of each driver with three used channels."""
    mine = Ads131e08Settings(self_test=self_test, used_channels=3, gain=Gain.EIGHT)
    older = Ads130e08Settings(self_test=self_test, used_channels=3)
    return [
        (Ads131e08Source, mine, SimAds131e08(sine, **chip_options)),
        (Ads130e08Source, older, SimAds130e08(sine)),
    ]


@pytest.mark.parametrize("which", [0, 1], ids=["ads131e08", "ads130e08"])
@pytest.mark.parametrize("fault", ["dead_channels", "weak_channels"])
def test_self_test_marks_a_channel_whose_test_signal_is_off(which, fault):
    driver, settings, chip = both(self_test=True)[which]
    clock = ManualClock()
    source = driver(SimSpiPort(chip, clock, clock.advance), settings, clock.advance)
    source.start()
    assert source.failed_channels == {}
    assert len(source.offsets) == 3
    setattr(chip.faults, fault, 0b010)
    source.start()
    assert set(source.failed_channels) == {1}
    assert "test signal" in source.failed_channels[1]
    setattr(chip.faults, fault, 0)
    source.start()
    assert source.failed_channels == {}
    block = source.read_block()  # the inputs are connected again
    assert np.abs(block.counts[0]).max() * settings.volts_per_count > 0.29


def test_self_test_marks_an_offset_beyond_reason():
    settings = Ads131e08Settings(self_test=True)
    bench = Bench(settings, offset_v=0.05)
    bench.source.start()
    assert set(bench.source.failed_channels) == set(range(8))
    assert "shorted" in bench.source.failed_channels[0]


def test_without_the_self_test_nothing_but_the_inputs_is_ever_connected():
    bench = Bench(replace(Ads131e08Settings(), self_test=False))
    bench.chip.faults.weak_channels = 0b1
    bench.source.start()
    assert bench.source.failed_channels == {}
    assert bench.source.offsets == ()


def test_a_square_wave_is_measured_through_noise():
    rng = np.random.default_rng(1)
    square = np.where(np.arange(4000) % 1000 < 520, 27.3, -27.3)
    noisy = np.rint(square + rng.normal(0, 2.0, (1, 4000))).astype(np.int32)
    assert square_faults(noisy, 27.3) == {}
    assert square_faults(noisy, 40.0).keys() == {0}
    assert square_faults(np.zeros((1, 100), np.int32), 27.3).keys() == {0}


def test_edges_at_a_rate_that_they_are_not_followed_at_are_refused():
    with pytest.raises(ConfigError, match="up to 4000"):
        Ads131e08Settings(rate_sps=RateSps.K8, data_ready_chip="/dev/gpiochip0")
