# SPDX-License-Identifier: Apache-2.0
"""Displays, and boards with buttons and lamps; press and let_go close and open an input."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pdu_agent.hw.sim.device import Device, Entry, Verb
from pdu_agent.hw.sim.faulty import Verbs, i2c_chip_verbs
from pdu_agent.hw.sim.gpio_chips import chip_verbs, shared_chip
from pdu_agent.hw.sim.hd44780 import SimHd44780
from pdu_agent.hw.sim.mcp23008 import SimMcp23008
from pdu_agent.hw.sim.mcp23017 import SimMcp23017
from pdu_agent.hw.sim.pcf8574 import SimPcf8574
from pdu_agent.hw.sim.ssd1306 import SimSh1106, SimSsd1306

if TYPE_CHECKING:
    from pdu_agent.hw.sim.board import SimulatedBoard


def mcp23008(board: SimulatedBoard, entry: Entry) -> Device:
    return _expander(board, entry, SimMcp23008())


def mcp23017(board: SimulatedBoard, entry: Entry) -> Device:
    return _expander(board, entry, SimMcp23017())


def _expander(board: SimulatedBoard, entry: Entry, chip: SimMcp23008 | SimMcp23017) -> Device:
    active_low: bool = entry.options.active_low

    def closed(inputs: int) -> None:
        chip.drive_pins(inputs, 0 if active_low else inputs)

    verbs = i2c_chip_verbs(board.bus(entry.place), entry.options.address, chip)
    return Device(entry.name, verbs | _input_verbs(closed), ranges=_lines(entry.options.line_count))


def pcf8574(board: SimulatedBoard, entry: Entry) -> Device:
    """Its inputs can only be pulled to ground."""
    chip = SimPcf8574()
    verbs = i2c_chip_verbs(board.bus(entry.place), entry.options.address, chip)
    return Device(
        entry.name, verbs | _input_verbs(chip.ground), ranges=_lines(entry.options.line_count)
    )


def gpio(board: SimulatedBoard, entry: Entry) -> Device:
    chip = shared_chip(board, entry.place)
    level: bool = not entry.options.active_low

    def press(line: int) -> None:
        chip.drive(line, level)

    def let_go(line: int) -> None:
        chip.drive(line, None)

    verbs: Verbs = {**chip_verbs(chip), "press": press, "let_go": let_go}
    return Device(entry.name, verbs)


def ssd1306(board: SimulatedBoard, entry: Entry) -> Device:
    chip = SimSsd1306(entry.options.height)
    return _on_bus(board, entry, chip)


def sh1106(board: SimulatedBoard, entry: Entry) -> Device:
    return _on_bus(board, entry, SimSh1106())


def hd44780(board: SimulatedBoard, entry: Entry) -> Device:
    """Behind the backpack that it usually has."""
    glass = SimHd44780(entry.options.columns, entry.options.rows)
    backpack = SimPcf8574(glass.on_pins)
    device = _on_bus(board, entry, backpack)

    def power_loss(_: bool) -> None:
        glass.power_loss()
        backpack.power_loss()

    return Device(entry.name, {**device.verbs, "power_loss": power_loss})


def _on_bus(
    board: SimulatedBoard, entry: Entry, chip: SimSsd1306 | SimSh1106 | SimPcf8574
) -> Device:
    bus = board.bus(entry.place)
    return Device(entry.name, i2c_chip_verbs(bus, entry.options.address, chip))


def _lines(count: int) -> dict[Verb, range]:
    return {"press": range(count), "let_go": range(count)}


def _input_verbs(show: Callable[[int], None]) -> Verbs:
    """show(inputs): bit n for input n that is closed."""
    closed: set[int] = set()

    def press(line: int) -> None:
        closed.add(line)
        show(sum(1 << n for n in closed))

    def let_go(line: int) -> None:
        closed.discard(line)
        show(sum(1 << n for n in closed))

    return {"press": press, "let_go": let_go}
