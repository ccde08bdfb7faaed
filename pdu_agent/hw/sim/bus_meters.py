# SPDX-License-Identifier: Apache-2.0
"""Meters on I2C and on Modbus lines, tied to the targets that they feed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pdu_agent.hw.sim.counting_meters import truth_of
from pdu_agent.hw.sim.device import Device, Entry
from pdu_agent.hw.sim.faulty import i2c_chip_verbs
from pdu_agent.hw.sim.ina import SimIna219, SimIna226, SimIna3221
from pdu_agent.hw.sim.modbus import LineFaults, SimModbusLine, SimModbusTerminal
from pdu_agent.hw.sim.modbus_meters import (
    SimEnergyMeter,
    SimOrno504,
    SimOrno515,
    SimPzem004t,
    SimSdm120,
)
from pdu_agent.model.commands import Target
from pdu_agent.model.errors import ConfigError

if TYPE_CHECKING:
    from pdu_agent.hw.sim.board import SimulatedBoard

_SUPPLY_V = 12.0
_MODBUS_METERS: dict[str, type[SimEnergyMeter]] = {
    "orno-we-504": SimOrno504,
    "orno-we-514": SimOrno515,
    "orno-we-515": SimOrno515,
    "eastron-sdm120": SimSdm120,
    "eastron-sdm230": SimSdm120,
    "pzem-004t-v3": SimPzem004t,
}
"""By the register map that they are read with."""


def ina219(board: SimulatedBoard, entry: Entry) -> Device:
    shunt_ohm: float = entry.options.shunt_ohm
    return _on_bus(board, entry, SimIna219(_one(board, entry), shunt_ohm))


def ina226(board: SimulatedBoard, entry: Entry) -> Device:
    shunt_ohm: float = entry.options.shunt_ohm
    return _on_bus(board, entry, SimIna226(_one(board, entry), shunt_ohm))


def ina3221(board: SimulatedBoard, entry: Entry) -> Device:
    """A channel that feeds nothing has no voltage."""
    options = entry.options
    names = ("ch1", "ch2", "ch3")
    truths = [_volts_and_amperes(board, entry.channels.get(name)) for name in names]
    shunts_ohm = (options.ch1_shunt_ohm, options.ch2_shunt_ohm, options.ch3_shunt_ohm)
    return _on_bus(board, entry, SimIna3221(truths, shunts_ohm))


def _one(board: SimulatedBoard, entry: Entry) -> Callable[[], tuple[float, float]]:
    return _volts_and_amperes(board, next(iter(entry.channels.values()), None))


def _volts_and_amperes(
    board: SimulatedBoard, target: Target | None
) -> Callable[[], tuple[float, float]]:
    """A supply of 12 V that takes the target's watts from the mains: these chips are for low
    direct voltages.
    """

    def truth() -> tuple[float, float]:
        if target is None:
            return 0.0, 0.0
        found = board.truth(target)
        return (_SUPPLY_V, found.active_power_w / _SUPPLY_V) if found.voltage_v else (0.0, 0.0)

    return truth


def _on_bus(
    board: SimulatedBoard, entry: Entry, chip: SimIna219 | SimIna226 | SimIna3221
) -> Device:
    bus = board.bus(entry.place)
    return Device(entry.name, i2c_chip_verbs(bus, entry.options.address, chip))


def modbus(board: SimulatedBoard, entry: Entry) -> Device:
    """Meters at the same place are units of one line.

    Raises ConfigError for a register map that no simulated meter has.
    """
    options = entry.options
    kind = _MODBUS_METERS.get(Path(options.map).stem)
    if kind is None:
        known = ", ".join(sorted(_MODBUS_METERS))
        raise ConfigError(
            f"meters: {entry.name}: no simulated meter has the map {options.map!r}; expected one"
            f" of {known}"
        )
    terminal = board.share("modbus", entry.place, lambda: _new_line(board, entry.place))
    line = terminal.line
    meter = line.units[options.address] = kind(truth_of(board, entry), board.clock)

    def start() -> None:
        if not terminal.terminal.link.is_symlink():
            terminal.plug()

    def silent(on: bool) -> None:
        line.faults.silent = on

    def corrupt(responses: int) -> None:
        line.faults.bad_crcs = responses

    def stall(seconds: float) -> None:
        line.faults.late_s = seconds

    def heal(_: bool) -> None:
        line.faults = LineFaults()

    return Device(
        entry.name,
        {
            "unplug": lambda _: terminal.unplug(),
            "replug": lambda _: start(),
            "power_loss": lambda _: meter.reset(),
            "silent": silent,
            "corrupt": corrupt,
            "stall": stall,
            "heal": heal,
        },
        path=str(terminal.terminal.link),
        start=start,
        close=terminal.unplug,
    )


def _new_line(board: SimulatedBoard, place: str) -> SimModbusTerminal:
    link = board.runtime_dir / f"{place.replace(':', '-')}-modbus"
    link.unlink(missing_ok=True)
    return SimModbusTerminal(link, SimModbusLine({}, board.sleep))
