# SPDX-License-Identifier: Apache-2.0
"""What hw/ports.py asks of every PowerMeter, run against each driver on its simulator.

A driver joins with a rig: its meter, its simulator, and how time passes for both.
"""

import math
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from pdu_agent.hw.ads1x15 import Ads1115Meter, Ads1115Settings, CurrentInput, VoltageInput
from pdu_agent.hw.cse7766 import Cse7766Meter, Cse7766Settings
from pdu_agent.hw.ecm1240 import Ecm1240Meter, Ecm1240Settings
from pdu_agent.hw.ina import (
    Ina219Meter,
    Ina219Settings,
    Ina226Meter,
    Ina226Settings,
    Ina3221Meter,
    Ina3221Settings,
)
from pdu_agent.hw.modbus import ModbusMeter, ModbusSettings
from pdu_agent.hw.pipdu import PipduMeter, PipduMeterSettings
from pdu_agent.hw.sim.ads1x15 import SimAds1x15
from pdu_agent.hw.sim.cse7766 import SimCse7766
from pdu_agent.hw.sim.ecm1240 import SimulatedEcm1240
from pdu_agent.hw.sim.i2c import SimI2cBus
from pdu_agent.hw.sim.ina import SimIna219, SimIna226, SimIna3221
from pdu_agent.hw.sim.modbus import SimModbusLine, SimModbusTcp, SimModbusTerminal
from pdu_agent.hw.sim.modbus_meters import SimOrno504, SimOrno515, SimPzem004t, SimSdm120
from pdu_agent.hw.sim.pipdu import SimPipdu
from pdu_agent.hw.site import Site
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import HardwareError
from pdu_agent.model.quantities import Electrical, Quality

pytestmark = pytest.mark.usefixtures("terminals")

ROUNDS = 10  # of simulator and driver taking turns, until a sample must have come


class Rig:
    """loads_w names every channel, so that a sample can be judged as a whole; None: one that
    never knows watts.

    step_mj, gain_error: how far from the truth the device itself may be, as an amount and as a
    part. derives_power: it shows energy only, so power needs two samples. gap_s: how long it
    can be left alone; counts_alone: whether it counts meanwhile. clock: a ManualClock.
    """

    loads_w: ClassVar[dict[str, float | None]]
    step_mj = 0
    gain_error = 0.0
    derives_power = False
    gap_s = 600.0
    counts_alone = True

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def next_sample(self):
        self.pass_time(self.meter.max_silence_s)
        return self.meter.poll(0.2)

    def site(self, connections) -> Site:
        return Site("meter", "", self.clock, self.clock.advance, connections)

    def is_right(self, energy_mj: int, load_w: float, span_s: float) -> bool:
        expected_mj = round(load_w * span_s * 1000)
        return abs(energy_mj - expected_mj) <= self.step_mj + self.gain_error * expected_mj


class Ecm1240Rig(Rig):
    derives_power = True
    loads_w: ClassVar[dict[str, float]] = {
        "ch1": 1000.0,
        "ch2": 250.0,
        "aux1": 10.0,
        "aux2": 20.0,
        "aux3": 0.0,
        "aux4": 40.0,
        "aux5": 3.0,
    }

    def __init__(self, folder: Path, mode: str) -> None:
        self.clock = ManualClock()
        self.sim = SimulatedEcm1240(folder / "ttyECM", self.clock, polled=mode == "polled")
        self.sim.state.loads_w = dict(self.loads_w)
        self.meter = Ecm1240Meter(Ecm1240Settings(port=str(self.sim.link), mode=mode), self.clock)
        self.plug = self.sim.plug
        self.unplug = self.sim.unplug

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.sim.service()

    def next_sample(self):
        self.pass_time(self.meter.max_silence_s)
        for _ in range(ROUNDS):
            sample = self.meter.poll(0)
            if sample is not None:
                return sample
            self.sim.service()
        return None

    def silence(self) -> None:
        self.sim.faults.silent = True

    def close(self) -> None:
        self.meter.close()
        self.sim.unplug()


TRUTH = Electrical(230.0, 4.5, 1000.0, 1035.0, 200.0, 0.97, 50.0)


class Paths:
    """Connections to simulators that are where they say."""

    def __init__(self, bus=None) -> None:
        self._bus = bus

    def path(self, place: str) -> str:
        return place

    def i2c(self, bus: str):
        return self._bus


class ModbusRig(Rig):
    loads_w: ClassVar[dict[str, float]] = {"main": 1000.0}
    UNIT = 7

    def __init__(self, folder: Path, name: str, kind: type, way: str = "") -> None:
        self.clock = ManualClock()
        self.line = SimModbusLine({self.UNIT: kind(lambda: TRUTH, self.clock)})
        if way:
            self.sim = SimModbusTcp(self.line, rtu=way == "rtu-tcp")
            self.sim.plug()  # to learn its port
            self.sim.unplug()
            port = f"{way}://127.0.0.1:{self.sim.port}"
        else:
            self.sim = SimModbusTerminal(folder / "ttyRS485", self.line)
            port = str(self.sim.terminal.link)
        self.step_mj = 3_600_000 if kind in (SimPzem004t, SimOrno504) else 36_000_000
        self.plug, self.unplug = self.sim.plug, self.sim.unplug
        settings = ModbusSettings(port=port, map=name, address=self.UNIT, timeout_s=0.1)
        self.meter = ModbusMeter.connect(self.site(Paths()), settings)

    def silence(self) -> None:
        self.line.faults.silent = True

    def close(self) -> None:
        self.meter.close()
        self.sim.unplug()


class Cse7766Rig(Rig):
    loads_w: ClassVar[dict[str, float]] = {"main": 1000.0}
    step_mj = 5351 + 1
    gap_s = 60.0  # its counter has 16 bits

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        self.sim = SimCse7766(folder / "ttyCSE", self.clock, lambda: TRUTH)
        self.plug, self.unplug = self.sim.terminal.plug, self.sim.terminal.unplug
        settings = Cse7766Settings(port=str(self.sim.terminal.link))
        self.meter = Cse7766Meter.connect(self.site(Paths()), settings)

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.sim.service()

    def next_sample(self):
        self.pass_time(self.meter.max_silence_s)
        return self.meter.poll(0)

    def silence(self) -> None:
        self.sim.faults.silent = True

    def close(self) -> None:
        self.meter.close()
        self.sim.terminal.unplug()


class InaRig(Rig):
    gain_error = 0.01
    counts_alone = False

    def __init__(self, meter, settings, chip, loads_w: dict[str, float]) -> None:
        self.clock = ManualClock()
        self.loads_w = loads_w
        self.bus = SimI2cBus({})
        self._chip = chip
        self._address = settings.address
        self.meter = meter.connect(self.site(Paths(self.bus)), settings)

    def plug(self) -> None:
        self._chip.power_loss()
        self.bus.plug(self._address, self._chip)

    def unplug(self) -> None:
        self.bus.unplug(self._address)

    silence = unplug

    def close(self) -> None:
        self.meter.close()


def ina3221_rig(folder: Path) -> InaRig:
    truths = (lambda: (12.0, 1.0), lambda: (5.0, 0.8), lambda: (24.0, 0.5))
    loads_w = {"ch1": 12.0, "ch2": 4.0, "ch3": 12.0}
    return InaRig(Ina3221Meter, Ina3221Settings(bus="sim"), SimIna3221(truths), loads_w)


class Ads1115Rig(Rig):
    """5 A and 2 A at 230 V, of which the power factor is assumed to be 1."""

    gain_error = 0.01
    counts_alone = False
    loads_w: ClassVar[dict[str, float | None]] = {"five": 1150.0, "two": 460.0, "voltage": None}

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        self.bus = SimI2cBus({})
        self._chip = SimAds1x15(self._pins, self.clock)
        settings = Ads1115Settings(
            "sim",
            currents=(CurrentInput("five", "0-3"), CurrentInput("two", "1-3")),
            voltage=VoltageInput("2-3", 500.0),
            assumed_power_factor=1.0,
        )
        self.meter = Ads1115Meter.connect(self.site(Paths(self.bus)), settings)

    def _pins(self, times_s):
        wave = np.sin(2 * np.pi * 50 * times_s)
        peaks_v = np.sqrt(2) * np.array([5.0 / 20, 2.0 / 20, 230.0 / 500, 0.0])
        return 1.65 + np.outer(peaks_v, wave)

    def plug(self) -> None:
        self.bus.plug(0x48, self._chip)

    def unplug(self) -> None:
        self.bus.unplug(0x48)

    silence = unplug

    def next_sample(self):
        self.pass_time(self.meter.max_silence_s)
        for _ in range(ROUNDS):
            sample = self.meter.poll(0.2)
            if sample is not None:
                return sample
        return None

    def close(self) -> None:
        self.meter.close()


class PipduRig(Rig):
    """The telemetry of PiPDU's board; its numbers have two decimals."""

    counts_alone = False

    def __init__(self, folder: Path, firmware: str) -> None:
        in_watts = firmware == "first"
        numbers = [float(n) for n in range(16)]
        self.clock = ManualClock()
        self.sim = SimPipdu(folder / "ttyACM0", self.clock, numbers.__getitem__, in_watts)
        self.loads_w = {f"ch{n + 1}": load if in_watts else None for n, load in enumerate(numbers)}
        settings = PipduMeterSettings(port=str(self.sim.path), firmware=firmware)
        self.meter = PipduMeter.connect(self.site(Paths()), settings)
        self.unplug = self.sim.unplug
        self._is_started = False

    def plug(self) -> None:
        if self._is_started:
            self.sim.plug()
        else:
            self._is_started = True
            self.sim.start()
        self.pass_time(5.0)  # it boots

    def pass_time(self, seconds: float) -> None:
        for _ in range(min(100, round(seconds / 0.25))):
            self.clock.advance(0.25)
            self.sim.settle()
        self.clock.advance(max(0.0, seconds - 25.0))

    def next_sample(self):
        for _ in range(ROUNDS):
            self.pass_time(self.meter.max_silence_s / 2)
            sample = self.meter.poll(0.2)
            if sample is not None:
                return sample
        return None

    def silence(self) -> None:
        self.sim.is_mute = True

    def close(self) -> None:
        self.meter.close()
        self.sim.close()


RIGS = {
    "pipdu first firmware": lambda folder: PipduRig(folder, "first"),
    "pipdu later firmware": lambda folder: PipduRig(folder, "later"),
    "ads1115": Ads1115Rig,
    "ecm1240 realtime": lambda folder: Ecm1240Rig(folder, "realtime"),
    "ecm1240 polled": lambda folder: Ecm1240Rig(folder, "polled"),
    "modbus orno-we-504": lambda folder: ModbusRig(folder, "orno-we-504", SimOrno504),
    "modbus orno-we-515": lambda folder: ModbusRig(folder, "orno-we-515", SimOrno515),
    "modbus eastron-sdm120": lambda folder: ModbusRig(folder, "eastron-sdm120", SimSdm120, "tcp"),
    "modbus pzem-004t-v3": lambda folder: ModbusRig(folder, "pzem-004t-v3", SimPzem004t, "rtu-tcp"),
    "cse7766": Cse7766Rig,
    "ina219": lambda folder: InaRig(
        Ina219Meter, Ina219Settings(bus="sim"), SimIna219(lambda: (12.0, 2.0)), {"dc": 24.0}
    ),
    "ina226": lambda folder: InaRig(
        Ina226Meter, Ina226Settings(bus="sim"), SimIna226(lambda: (12.0, 0.5)), {"dc": 6.0}
    ),
    "ina3221": ina3221_rig,
}


@pytest.fixture(params=RIGS.values(), ids=RIGS.keys())
def rig(request, tmp_path):
    rig = request.param(tmp_path)
    yield rig
    rig.close()


@pytest.fixture
def meter(rig):
    rig.plug()
    rig.meter.open()
    return rig.meter


def test_channels_have_different_names_and_a_known_rhythm(rig):
    names = rig.meter.channel_names
    assert names
    assert len(set(names)) == len(names)
    assert set(names) == set(rig.loads_w)
    assert rig.meter.max_silence_s > 0


def test_first_sample_claims_no_energy_and_no_power_that_follows_from_it(rig, meter):
    for name, (electrical, energy_mj) in rig.next_sample().channels.items():
        assert energy_mj is None
        unknown = rig.derives_power or rig.loads_w[name] is None
        assert (electrical.active_power_w is None) is unknown
        assert electrical.quality is Quality.OK


def test_every_sample_names_every_channel(rig, meter):
    for _ in range(3):
        assert set(rig.next_sample().channels) == set(meter.channel_names)


def test_energy_is_an_integer_and_power_times_span(rig, meter):
    rig.next_sample()
    sample = rig.next_sample()
    assert sample.span_s > 0
    for name, (electrical, energy_mj) in sample.channels.items():
        if rig.loads_w[name] is None:
            assert (electrical.active_power_w, energy_mj) == (None, None)
            continue
        assert isinstance(energy_mj, int)
        assert rig.is_right(energy_mj, rig.loads_w[name], sample.span_s)
        assert electrical.active_power_w == pytest.approx(
            rig.loads_w[name], rel=rig.gain_error or 1e-6
        )


def test_energies_of_many_samples_add_up_to_what_was_used(rig, meter):
    begin_s = rig.next_sample().t_mono_s
    samples = [rig.next_sample() for _ in range(5)]
    passed_s = samples[-1].t_mono_s - begin_s
    for name, load_w in rig.loads_w.items():
        if load_w is None:
            continue
        total_mj = sum(sample.channels[name][1] for sample in samples)
        assert rig.is_right(total_mj, load_w, passed_s)


def test_time_of_samples_never_goes_back(rig, meter):
    times_s = [rig.next_sample().t_mono_s for _ in range(4)]
    assert times_s == sorted(times_s)
    assert times_s[-1] <= rig.clock.monotonic_s()


def test_quantities_are_none_or_within_their_range(rig, meter):
    rig.next_sample()
    for electrical, _ in rig.next_sample().channels.values():
        for field in Electrical.__slots__:
            value = getattr(electrical, field)
            assert value is None or isinstance(value, Quality) or math.isfinite(value)
        assert electrical.power_factor is None or -1 <= electrical.power_factor <= 1
        if electrical.current_a is None:
            assert electrical.apparent_power_va is None
            assert electrical.power_factor is None


def test_silence_is_none_within_the_regular_pause(rig, meter):
    rig.next_sample()
    rig.silence()
    rig.pass_time(meter.max_silence_s / 2)
    assert meter.poll(0.1) is None


def test_poll_of_a_closed_meter_is_a_hardware_error(rig):
    with pytest.raises(HardwareError):
        rig.meter.poll(0)


def test_missing_device_is_a_hardware_error_at_opening(rig):
    with pytest.raises(HardwareError):
        rig.meter.open()


def test_vanishing_device_is_a_hardware_error_at_polling(rig, meter):
    rig.next_sample()
    rig.unplug()
    with pytest.raises(HardwareError):
        rig.next_sample()


def test_close_may_be_repeated_and_precede_open(rig):
    rig.meter.close()
    rig.plug()
    rig.meter.open()
    rig.meter.close()
    rig.meter.close()


def test_reopened_meter_brings_the_energy_that_it_counted_alone(rig, meter):
    begin_s = rig.next_sample().t_mono_s
    rig.unplug()
    meter.close()
    rig.pass_time(rig.gap_s)
    rig.plug()
    meter.open()
    sample = rig.next_sample()
    passed_s = sample.t_mono_s - begin_s
    assert passed_s > rig.gap_s
    for name, load_w in rig.loads_w.items():
        energy_mj = sample.channels[name][1]
        if rig.counts_alone:
            assert rig.is_right(energy_mj, load_w, passed_s)
        else:
            assert energy_mj is None


def test_open_while_open_starts_afresh(rig, meter):
    rig.next_sample()
    meter.open()
    assert rig.next_sample() is not None
