# SPDX-License-Identifier: Apache-2.0
"""What hw/ports.py asks of every Fan, run against each driver on its simulator.

A driver joins with a rig: its fan, what turns in the simulator, and what can go wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pdu_agent.hw.emc2101 import ADDRESS, Emc2101Fan, Emc2101Settings
from pdu_agent.hw.hwmon_fan import HwmonFan, HwmonFanSettings
from pdu_agent.hw.ports import Fan
from pdu_agent.hw.sim.fans import SimEmc2101, SimHwmonFan, SimMotor
from pdu_agent.hw.sim.i2c import SimI2cBus
from pdu_agent.model.errors import HardwareError

FULL_RPM = 3000.0


@dataclass
class Rig:
    """share(): of full power, as the motor gets it. without_tacho: the driver told that there is
    none. faults: by name, until `heal`; setting the duty must fail. deaf: the tacho's faults.
    """

    fan: Fan
    without_tacho: Fan
    motor: SimMotor
    share: Callable[[], float]
    plug: Callable[[], None]
    unplug: Callable[[], None]
    faults: dict[str, Callable[[], None]]
    deaf: dict[str, Callable[[], None]]
    heal: Callable[[], None]
    refresh: Callable[[], None] = lambda: None

    def rpm(self) -> float | None:
        self.refresh()
        return self.fan.read_rpm()


def hwmon_rig(folder: Path) -> Rig:
    motor = SimMotor(FULL_RPM)
    sim = SimHwmonFan(folder, motor)
    (folder / "hwmon7").mkdir()

    def refuse() -> None:
        sim.refuses = True
        sim.refresh()

    def report() -> None:
        sim.fault = True

    def heal() -> None:
        sim.refuses = sim.fault = False
        sim.refresh()

    return Rig(
        HwmonFan(folder, HwmonFanSettings("pwmfan", path=str(folder))),
        HwmonFan(folder, HwmonFanSettings("pwmfan", tacho=0, path=str(folder))),
        motor,
        lambda: sim.share,
        sim.plug,
        sim.unplug,
        {"takes no duty": refuse},
        {"fault reported": report},
        heal,
        sim.refresh,
    )


def emc2101_rig(_folder: Path, *, inverted: bool = False) -> Rig:
    motor = SimMotor(FULL_RPM)
    chip = SimEmc2101(motor, low_is_full=inverted)
    bus = SimI2cBus({ADDRESS: chip})

    def dead(byte: int) -> Callable[[], None]:
        return lambda: setattr(chip, "dead", byte)

    def freeze() -> None:
        chip.power_on()
        chip.frozen = True

    def heal() -> None:
        chip.dead, chip.frozen, bus.faults.stuck = None, False, False
        motor.full_rpm = FULL_RPM

    faults = {
        "all ones": dead(0xFF),
        "all zeros": dead(0x00),
        "takes no write": freeze,
        "bus stuck": lambda: setattr(bus.faults, "stuck", True),
    }
    deaf = {name: faults[name] for name in ("all ones", "all zeros", "bus stuck")}
    deaf["noise on the tacho"] = lambda: setattr(motor, "full_rpm", 1e6)
    return Rig(
        Emc2101Fan(bus, Emc2101Settings("sim", inverted=inverted)),
        Emc2101Fan(bus, Emc2101Settings("sim", tacho=False, inverted=inverted)),
        motor,
        lambda: chip.share,
        plug=lambda: (chip.power_on(), bus.plug(ADDRESS, chip))[1],
        unplug=lambda: bus.unplug(ADDRESS),
        faults=faults,
        deaf=deaf,
        heal=heal,
    )


RIGS: dict[str, Callable[[Path], Rig]] = {
    "hwmon": hwmon_rig,
    "emc2101": emc2101_rig,
    "emc2101 inverted": lambda folder: emc2101_rig(folder, inverted=True),
}


@pytest.fixture(params=list(RIGS.values()), ids=list(RIGS))
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Rig:
    made: Rig = request.param(tmp_path)
    return made


def fails(action: Callable[[], object]) -> bool:
    try:
        action()
    except HardwareError:
        return True
    return False


@pytest.mark.parametrize("percent", [0.0, 31.0, 50.0, 87.5, 100.0])
def test_the_motor_gets_the_duty_that_was_set(rig: Rig, percent: float) -> None:
    rig.fan.set_duty(percent)
    assert rig.share() == pytest.approx(percent / 100, abs=0.02)


def test_the_tacho_tells_the_turns(rig: Rig) -> None:
    rig.fan.set_duty(50)
    assert rig.rpm() == pytest.approx(rig.motor.rpm(rig.share()), abs=2)
    rig.fan.set_duty(100)
    assert rig.rpm() == pytest.approx(FULL_RPM, abs=2)


def test_a_blocked_fan_stands(rig: Rig) -> None:
    rig.fan.set_duty(100)
    rig.motor.blocked = True
    assert rig.rpm() == 0


def test_without_a_tacho_there_is_no_speed_rather_than_none_at_all(rig: Rig) -> None:
    rig.without_tacho.set_duty(100)
    assert rig.without_tacho.read_rpm() is None


def test_a_duty_that_is_not_taken_is_an_error_until_it_is(rig: Rig) -> None:
    for name, break_it in rig.faults.items():
        rig.fan.set_duty(40)
        break_it()
        assert fails(lambda: rig.fan.set_duty(90)), name
        rig.heal()
        rig.fan.set_duty(90)
        assert rig.share() == pytest.approx(0.9, abs=0.02)


def test_a_tacho_that_lies_is_an_error_and_no_speed(rig: Rig) -> None:
    for name, break_it in rig.deaf.items():
        rig.fan.set_duty(80)
        break_it()
        assert fails(rig.rpm), name
        rig.heal()
        rig.fan.set_duty(80)
        assert rig.rpm() == pytest.approx(0.8 * FULL_RPM, rel=0.02)


def test_a_chip_that_was_away_is_set_up_anew(rig: Rig) -> None:
    rig.fan.set_duty(80)
    rig.unplug()
    with pytest.raises(HardwareError):
        rig.fan.set_duty(80)
    with pytest.raises(HardwareError):
        rig.fan.read_rpm()
    rig.plug()
    rig.fan.set_duty(80)
    assert rig.share() == pytest.approx(0.8, abs=0.02)


def test_it_is_left_at_full_speed_once(rig: Rig) -> None:
    rig.fan.set_duty(20)
    rig.fan.close()
    assert rig.share() == pytest.approx(1, abs=0.001)
    rig.fan.close()


def test_one_that_cannot_be_told_says_so_when_closed(rig: Rig) -> None:
    rig.unplug()
    with pytest.raises(HardwareError):
        rig.fan.close()
