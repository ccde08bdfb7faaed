# SPDX-License-Identifier: Apache-2.0
"""Relay boards on port expanders, tied to the contacts of the simulated unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pdu_agent.hw.mcp23008 import Mcp23008Bank
from pdu_agent.hw.mcp23017 import Mcp23017Bank
from pdu_agent.hw.ports import RelayBank
from pdu_agent.hw.sim.device import Device, Entry
from pdu_agent.hw.sim.faulty import i2c_chip_verbs
from pdu_agent.hw.sim.mcp23008 import SimMcp23008
from pdu_agent.hw.sim.mcp23017 import SimMcp23017

if TYPE_CHECKING:
    from pdu_agent.hw.sim.board import SimulatedBoard


class ExpanderOptions(Protocol):
    @property
    def address(self) -> int: ...
    @property
    def relay_count(self) -> int: ...
    @property
    def active_low(self) -> bool: ...


def mcp23008(board: SimulatedBoard, entry: Entry) -> Device:
    device, is_new = _attach(board, entry, SimMcp23008)
    if is_new and board.already_running:
        _put_to_work(Mcp23008Bank(board.bus(entry.place), entry.options))
    return device


def mcp23017(board: SimulatedBoard, entry: Entry) -> Device:
    device, is_new = _attach(board, entry, SimMcp23017)
    if is_new and board.already_running:
        _put_to_work(Mcp23017Bank(board.bus(entry.place), entry.options))
    return device


def _attach(
    board: SimulatedBoard, entry: Entry, make: type[SimMcp23008 | SimMcp23017]
) -> tuple[Device, bool]:
    """The device, and whether its registers are new."""
    options: ExpanderOptions = entry.options

    def on_outputs(driven: int, levels: int) -> None:
        closing = driven & (~levels if options.active_low else levels)
        coils = {relay: bool(closing >> relay & 1) for relay in range(options.relay_count)}
        board.contacts.coils(entry.name, coils)

    place = entry.place.replace(":", "-").removeprefix("sim")
    file = board.runtime_dir / f"{entry.driver}{place}-{options.address:02x}.registers"
    is_new = not file.exists()
    chip = make(file, on_outputs)
    return Device(entry.name, i2c_chip_verbs(board.bus(entry.place), options.address, chip)), is_new


def _put_to_work(bank: RelayBank) -> None:
    """Every relay closed, as an agent that runs leaves them."""
    bank.initialise()
    bank.write(dict.fromkeys(range(bank.relay_count), True))
