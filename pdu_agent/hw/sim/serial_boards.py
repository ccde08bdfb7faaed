# SPDX-License-Identifier: Apache-2.0
"""Relay boards on serial lines, tied to the contacts of the simulated unit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pdu_agent.hw.sim.device import Device, Entry
from pdu_agent.hw.sim.faulty import for_seconds
from pdu_agent.hw.sim.lcus import SimLcus
from pdu_agent.hw.sim.numato import SimNumato
from pdu_agent.hw.sim.serial_board import OnRelays, SimSerialBoard

if TYPE_CHECKING:
    from pdu_agent.hw.sim.board import SimulatedBoard


def lcus(board: SimulatedBoard, entry: Entry) -> Device:
    options = entry.options
    return _device(
        board,
        entry,
        SimLcus(
            _path(board, entry),
            options.relay_count,
            _coils(board, entry),
            options.own_supply,
            tells_states=options.status_query,
            kept=_kept(board, entry),
        ),
    )


def numato(board: SimulatedBoard, entry: Entry) -> Device:
    options = entry.options
    simulated = SimNumato(
        _path(board, entry),
        options.relay_count,
        _coils(board, entry),
        options.own_supply,
        _kept(board, entry),
    )
    simulated.knows_all_at_once = options.all_at_once
    return _device(board, entry, simulated)


def _path(board: SimulatedBoard, entry: Entry) -> Path:
    path = board.runtime_dir / f"sim-{entry.name}"
    path.unlink(missing_ok=True)
    return path


def _kept(board: SimulatedBoard, entry: Entry) -> Path:
    return board.runtime_dir / f"sim-{entry.name}.registers"


def _coils(board: SimulatedBoard, entry: Entry) -> OnRelays:
    return lambda closed: board.contacts.coils(entry.name, dict(enumerate(closed)))


def _device(board: SimulatedBoard, entry: Entry, simulated: SimSerialBoard) -> Device:
    def silent(on: bool) -> None:
        simulated.is_silent = on

    def corrupt(answers: int) -> None:
        simulated.garbled = answers

    def stall(seconds: float) -> None:
        simulated.terminal.stall(for_seconds(board.clock, seconds))

    def heal(_: bool) -> None:
        simulated.is_silent = False
        simulated.garbled = 0

    def replug(_: bool) -> None:
        simulated.unplug()
        simulated.plug()

    return Device(
        entry.name,
        {
            "unplug": lambda _: simulated.unplug(),
            "replug": replug,
            "power_loss": lambda _: simulated.power_up(),
            "silent": silent,
            "corrupt": corrupt,
            "stall": stall,
            "heal": heal,
        },
        path=str(simulated.path),
        start=simulated.start,
        close=simulated.close,
    )
