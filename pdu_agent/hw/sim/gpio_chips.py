# SPDX-License-Identifier: Apache-2.0
"""Simulated GPIO chips, which relays, buttons and lamps may share, and the relays on them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pdu_agent.hw.gpio_relays import GpioBank
from pdu_agent.hw.sim.device import Device, Entry
from pdu_agent.hw.sim.faulty import Verbs
from pdu_agent.hw.sim.gpio import OnOutputs, SimGpioChip

if TYPE_CHECKING:
    from pdu_agent.hw.sim.board import SimulatedBoard

LINES = 512


def relays(board: SimulatedBoard, entry: Entry) -> Device:
    """A line that is nobody's output lets its relay drop, whatever its polarity."""
    lines, active_low = entry.options.lines, entry.options.active_low

    def on_outputs(driven: int, levels: int) -> None:
        closing = driven & (~levels if active_low else levels)
        coils = {relay: bool(closing >> line & 1) for relay, line in enumerate(lines)}
        board.contacts.coils(entry.name, coils)

    file = _file(board, entry.place)
    is_new = board.share("gpio is new", entry.place, lambda: not file.exists())
    chip = shared_chip(board, entry.place)
    listeners(board, entry.place).append(on_outputs)
    on_outputs(*chip.outputs)
    if is_new and board.already_running:
        bank = GpioBank(chip, entry.options)
        bank.initialise()
        bank.write(dict.fromkeys(range(bank.relay_count), True))
        bank.close()
    return Device(entry.name, chip_verbs(chip))


def chip_verbs(chip: SimGpioChip) -> Verbs:
    """What can happen to a whole chip, and to all that hangs on it."""

    def silent(on: bool) -> None:
        chip.is_broken = on

    def stall(seconds: float) -> None:
        chip.stall_s = seconds

    def heal(_: bool) -> None:
        chip.is_broken = False
        chip.stall_s = 0.0

    return {
        "unplug": lambda _: chip.unplug(),
        "replug": lambda _: chip.plug(),
        "power_loss": lambda _: chip.power_loss(),
        "silent": silent,
        "stall": stall,
        "heal": heal,
    }


def shared_chip(board: SimulatedBoard, place: str) -> SimGpioChip:
    """The chip at that place, made when it is first asked for."""

    def make() -> SimGpioChip:
        def tell(driven: int, levels: int) -> None:
            for listener in listeners(board, place):
                listener(driven, levels)

        file = _file(board, place)
        chip = board.gpio_chips[place] = SimGpioChip(
            LINES, board.clock, tell, file, sleep=board.sleep
        )
        return chip

    return board.share("gpio", place, make)


def listeners(board: SimulatedBoard, place: str) -> list[OnOutputs]:
    """Who is told of the chip's outputs."""
    return board.share("gpio outputs", place, list)


def _file(board: SimulatedBoard, place: str) -> Path:
    name = place.replace(":", "-").removeprefix("sim")
    return board.runtime_dir / f"gpio{name}.registers"
