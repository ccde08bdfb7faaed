# SPDX-License-Identifier: Apache-2.0
"""What hw/ports.py asks of every SensorSource, run against each driver on its simulator.

A driver joins with a rig: the driver behind the filter that the poller puts around it, its
simulator, and what can go wrong. A sensor that fails gives an error, never a value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pdu_agent.hw.aht20 import ADDRESS as AHT20_ADDRESS
from pdu_agent.hw.aht20 import Aht20Sensor
from pdu_agent.hw.bme280 import Bme280Sensor, Bme280Settings
from pdu_agent.hw.ds18b20 import Ds18b20Sensor, Ds18b20Settings
from pdu_agent.hw.hwmon import HwmonSensor, HwmonSettings
from pdu_agent.hw.iio import IioSensor, IioSettings
from pdu_agent.hw.plausible import PlausibleSensor
from pdu_agent.hw.ports import SensorSource
from pdu_agent.hw.sht import Sht3xSensor, Sht3xSettings, Sht4xSensor, Sht4xSettings
from pdu_agent.hw.sim.aht20 import SimAht20
from pdu_agent.hw.sim.bme280 import SimBme280
from pdu_agent.hw.sim.i2c import SimChip, SimI2cBus, SimRawChip
from pdu_agent.hw.sim.iio import SimIio
from pdu_agent.hw.sim.sensor_faults import Air
from pdu_agent.hw.sim.sht import SimSht3x, SimSht4x
from pdu_agent.hw.sim.w1 import SimW1
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import HardwareError
from pdu_agent.model.snapshot import SensorKind

T, H, P = SensorKind.TEMPERATURE, SensorKind.HUMIDITY, SensorKind.PRESSURE
CELSIUS, PERCENT, HECTOPASCALS = 23.5, 41.0, 987.0
TRUTH = {T: CELSIUS, H: PERCENT, P: HECTOPASCALS}
NEAR = {T: 0.05, H: 0.1, P: 0.2}
SOON = 3
"""Readings after which a sensor that works again has to give its value."""


@dataclass
class Rig:
    """refresh: brings files of the kernel up to now. lasting: faults until `heal`.
    passing: faults that spoil some readings and end by themselves.
    """

    kind: SensorKind
    source: SensorSource
    air: Air
    plug: Callable[[], None]
    unplug: Callable[[], None]
    lasting: dict[str, Callable[[], None]]
    passing: dict[str, Callable[[], None]]
    heal: Callable[[], None]
    refresh: Callable[[], None] = lambda: None
    allowed: tuple[float, float] | None = None
    sensor: SensorSource = field(init=False)

    def __post_init__(self) -> None:
        self.sensor = PlausibleSensor(self.source, self.kind, self.allowed)

    @property
    def truth(self) -> float:
        return TRUTH[self.kind]

    @property
    def near(self) -> float:
        return NEAR[self.kind]

    def read(self) -> float:
        self.refresh()
        return self.sensor.read()

    def readings(self, count: int) -> list[float | None]:
        """None for a reading that is an error."""
        found: list[float | None] = []
        for _ in range(count):
            try:
                found.append(self.read())
            except HardwareError:
                found.append(None)
        return found


def air() -> Air:
    return Air(lambda: CELSIUS, lambda: PERCENT, lambda: HECTOPASCALS)


def setter(thing: object, name: str, value: object) -> Callable[[], None]:
    return lambda: setattr(thing, name, value)


def i2c_rig(
    kind: SensorKind,
    address: int,
    make_chip: Callable[[Air, Callable[[], float]], SimChip | SimRawChip],
    make_driver: Callable[[SimI2cBus, Callable[[float], None]], SensorSource],
    ranges: dict[SensorKind, tuple[float, float]],
) -> Rig:
    clock = ManualClock()
    around = air()
    chip = make_chip(around, clock.monotonic_s)
    bus = SimI2cBus({address: chip})
    faults = around.faults

    def heal() -> None:
        bus.faults.stuck, faults.busy, faults.dead, faults.corrupt = False, False, None, 0

    return Rig(
        kind,
        make_driver(bus, clock.advance),
        around,
        plug=lambda: bus.plug(address, chip),
        unplug=lambda: bus.unplug(address),
        lasting={
            "bus stuck": setter(bus.faults, "stuck", True),
            "busy for ever": setter(faults, "busy", True),
            "all ones": setter(faults, "dead", 0xFF),
            "all zeros": setter(faults, "dead", 0x00),
        },
        passing={
            "not acknowledged": setter(faults, "nacks", 1),
            "bit flipped by the chip": setter(faults, "corrupt", 1),
            "bit flipped on the bus": setter(bus.faults, "corrupt_reads", 1),
            **({} if kind is P else {"jump": setter(faults, "jumps", 1)}),
        },
        heal=heal,
        allowed=ranges.get(kind),
    )


def sht3x_rig(_folder: Path, kind: SensorKind) -> Rig:
    return i2c_rig(
        kind,
        0x45,
        SimSht3x,
        lambda bus, sleep: Sht3xSensor(bus, Sht3xSettings("sim", 0x45), kind, sleep),
        Sht3xSensor.ranges,
    )


def sht4x_rig(_folder: Path, kind: SensorKind) -> Rig:
    return i2c_rig(
        kind,
        0x44,
        SimSht4x,
        lambda bus, sleep: Sht4xSensor(bus, Sht4xSettings("sim"), kind, sleep),
        Sht4xSensor.ranges,
    )


def aht20_rig(_folder: Path, kind: SensorKind) -> Rig:
    return i2c_rig(
        kind,
        AHT20_ADDRESS,
        SimAht20,
        lambda bus, sleep: Aht20Sensor(bus, kind, sleep),
        Aht20Sensor.ranges,
    )


def bme280_rig(_folder: Path, kind: SensorKind) -> Rig:
    return i2c_rig(
        kind,
        0x76,
        SimBme280,
        lambda bus, sleep: Bme280Sensor(bus, Bme280Settings("sim"), kind, sleep),
        Bme280Sensor.ranges,
    )


def ds18b20_rig(folder: Path, file: str) -> Rig:
    around = air()
    sim = SimW1(folder, around)

    def heal() -> None:
        around.faults.dead = None

    return Rig(
        SensorKind.TEMPERATURE,
        Ds18b20Sensor(Ds18b20Settings(str(getattr(sim, file)))),
        around,
        plug=sim.plug,
        unplug=sim.unplug,
        # The kernel's `temperature` cannot be told from a good value where the line is shorted.
        lasting={"all ones": setter(around.faults, "dead", 0xFF)}
        | ({"all zeros": setter(around.faults, "dead", 0)} if file == "slave" else {}),
        passing={
            "wrong checksum": setter(around.faults, "corrupt", 1),
            "power-on value": setter(sim, "_fresh", True),
            "jump": setter(around.faults, "jumps", 1),
        },
        heal=heal,
        refresh=sim.refresh,
        allowed=Ds18b20Sensor.ranges[SensorKind.TEMPERATURE],
    )


def iio_rig(folder: Path, kind: SensorKind, *, raw: bool = False) -> Rig:
    around = air()
    sim = SimIio(folder, "dht11@4", around, raw=raw)
    (folder / "trigger0").mkdir()
    return Rig(
        kind,
        IioSensor(folder, IioSettings("dht11@4"), kind),
        around,
        plug=sim.plug,
        unplug=sim.unplug,
        lasting={"nothing": setter(around.faults, "dead", 0)},
        passing={} if kind is P else {"jump": setter(around.faults, "jumps", 1)},
        heal=setter(around.faults, "dead", None),
        refresh=sim.refresh,
    )


def hwmon_rig(folder: Path, kind: SensorKind) -> Rig:
    """A kernel driver's files, written by hand: name, temp1_input, humidity1_input."""
    around = air()
    number = [2]

    def chip() -> Path:
        return folder / f"hwmon{number[0]}"

    def plug() -> None:
        number[0] += 1
        chip().mkdir()
        (chip() / "name").write_text("sht3x\n", encoding="ascii")
        refresh()

    def refresh() -> None:
        if chip().exists():
            celsius, percent, _ = around.sample()
            dead = around.faults.dead is not None
            for name, value in (("temp1_input", celsius), ("humidity1_input", percent)):
                text = "" if dead else f"{value * 1000:.0f}\n"
                (chip() / name).write_text(text, encoding="ascii")

    def unplug() -> None:
        for file in chip().iterdir():
            file.unlink()
        chip().rmdir()

    plug()
    return Rig(
        kind,
        HwmonSensor(HwmonSettings(path=str(folder), chip="sht3x"), kind),
        around,
        plug=plug,
        unplug=unplug,
        lasting={"nothing": setter(around.faults, "dead", 0)},
        passing={"jump": setter(around.faults, "jumps", 1)},
        heal=setter(around.faults, "dead", None),
        refresh=refresh,
    )


RIGS: dict[str, Callable[[Path], Rig]] = {
    "sht3x temperature": lambda folder: sht3x_rig(folder, T),
    "sht3x humidity": lambda folder: sht3x_rig(folder, H),
    "sht4x temperature": lambda folder: sht4x_rig(folder, T),
    "sht4x humidity": lambda folder: sht4x_rig(folder, H),
    "aht20 temperature": lambda folder: aht20_rig(folder, T),
    "aht20 humidity": lambda folder: aht20_rig(folder, H),
    "bme280 temperature": lambda folder: bme280_rig(folder, T),
    "bme280 humidity": lambda folder: bme280_rig(folder, H),
    "bme280 pressure": lambda folder: bme280_rig(folder, P),
    "ds18b20 w1_slave": lambda folder: ds18b20_rig(folder, "slave"),
    "ds18b20 temperature": lambda folder: ds18b20_rig(folder, "temperature"),
    "iio temperature": lambda folder: iio_rig(folder, T),
    "iio raw temperature": lambda folder: iio_rig(folder, T, raw=True),
    "iio humidity": lambda folder: iio_rig(folder, H),
    "iio pressure": lambda folder: iio_rig(folder, P, raw=True),
    "hwmon temperature": lambda folder: hwmon_rig(folder, T),
    "hwmon humidity": lambda folder: hwmon_rig(folder, H),
}


@pytest.fixture(params=list(RIGS.values()), ids=list(RIGS))
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Rig:
    made: Rig = request.param(tmp_path)
    return made


def assert_recovers(rig: Rig) -> None:
    *_, last = rig.readings(SOON)
    assert last == pytest.approx(rig.truth, abs=rig.near)


def test_a_healthy_sensor_tells_the_truth_again_and_again(rig: Rig) -> None:
    assert rig.readings(5) == [pytest.approx(rig.truth, abs=rig.near)] * 5


def test_a_lasting_fault_is_an_error_each_time_until_it_is_over(rig: Rig) -> None:
    for name, break_it in rig.lasting.items():
        rig.read()
        break_it()
        assert rig.readings(4) == [None] * 4, name
        rig.heal()
        assert_recovers(rig)


def test_a_fault_that_is_there_from_the_start_is_survived(rig: Rig) -> None:
    for break_it in rig.lasting.values():
        break_it()
        assert rig.readings(2) == [None] * 2
        rig.heal()
    assert_recovers(rig)


def test_a_passing_fault_costs_a_reading_at_most_and_is_never_a_value(rig: Rig) -> None:
    for name, spoil in rig.passing.items():
        rig.read()
        spoil()
        found = rig.readings(3)
        assert found.count(None) <= 1, name  # a flipped bit may be one that nobody needs
        assert found[-1] == pytest.approx(rig.truth, abs=rig.near), name
        told = [value for value in found if value is not None]
        assert told == pytest.approx([rig.truth] * len(told), abs=rig.near), name


def test_an_unplugged_sensor_is_an_error_until_it_is_back(rig: Rig) -> None:
    rig.read()
    rig.unplug()
    assert rig.readings(3) == [None] * 3
    rig.plug()
    assert_recovers(rig)


def test_a_change_that_lasts_is_believed(rig: Rig) -> None:
    rig.read()
    rig.air.celsius = lambda: CELSIUS + 30
    rig.air.percent = lambda: PERCENT + 30
    rig.air.hectopascals = lambda: HECTOPASCALS + 30
    *_, last = rig.readings(2)
    assert last == pytest.approx(rig.truth + 30, abs=0.2)


def test_nothing_is_done_before_the_first_reading(tmp_path: Path) -> None:
    """Files and chips may be missing when the driver is made."""
    HwmonSensor(HwmonSettings(path=str(tmp_path), chip="sht3x"), T)
    IioSensor(tmp_path / "nowhere", IioSettings("dht11@4"), T)
    bus = SimI2cBus({})
    for source in (
        Bme280Sensor(bus, Bme280Settings("sim"), T, lambda _: None),
        Sht4xSensor(bus, Sht4xSettings("sim"), T, lambda _: None),
        Aht20Sensor(bus, T, lambda _: None),
    ):
        with pytest.raises(HardwareError, match="nothing answers"):
            source.read()
