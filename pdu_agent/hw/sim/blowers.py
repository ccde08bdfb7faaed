# SPDX-License-Identifier: Apache-2.0
"""Fans and what drives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pdu_agent.hw.sim.device import Device, Entry
from pdu_agent.hw.sim.fans import SimEmc2101, SimHwmonFan, SimMotor
from pdu_agent.hw.sim.faulty import Verbs, i2c_chip_verbs
from pdu_agent.hw.sim.files import Stall

if TYPE_CHECKING:
    from pdu_agent.hw.sim.board import SimulatedBoard

_EMC2101_ADDRESS = 0x4C


def hwmon(board: SimulatedBoard, entry: Entry) -> Device:
    folder = board.folder(entry.name)
    motor = SimMotor()
    fan = SimHwmonFan(folder, motor, entry.options.chip)

    stalling = Stall(board.clock)

    def refresh() -> None:
        stalling.look()
        if fan.chip.exists():
            fan.refresh()

    def dead(_: bool) -> None:
        fan.fault = True

    def heal(_: bool) -> None:
        fan.fault = motor.blocked = False

    def stall(seconds: float) -> None:
        stalling.begin([fan.chip / "fan1_input"], seconds)

    verbs = _motor_verbs(motor) | {
        "stall": stall,
        "unplug": lambda _: fan.unplug(),
        "replug": lambda _: fan.plug(),
        "dead": dead,
        "heal": heal,
    }
    return Device(entry.name, verbs, path=str(folder), refresh=refresh, close=stalling.end)


def emc2101(board: SimulatedBoard, entry: Entry) -> Device:
    motor = SimMotor()
    chip = SimEmc2101(motor, low_is_full=entry.options.inverted)

    def dead(_: bool) -> None:
        chip.dead = 0xFF

    def heal(_: bool) -> None:
        chip.dead = None
        motor.blocked = False

    verbs = i2c_chip_verbs(board.bus(entry.place), _EMC2101_ADDRESS, chip)
    verbs |= _motor_verbs(motor)
    verbs |= {"dead": dead, "heal": heal, "power_loss": lambda _: chip.power_on()}
    return Device(entry.name, verbs)


def _motor_verbs(motor: SimMotor) -> Verbs:
    def block(on: bool) -> None:
        motor.blocked = on

    return {"block": block}
