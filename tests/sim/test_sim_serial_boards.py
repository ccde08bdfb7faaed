# SPDX-License-Identifier: Apache-2.0
"""Simulated relay boards on serial lines outlive the agent, as real ones do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pdu_agent.hw.relay_memory import plug_of
from pdu_agent.hw.sim.lcus import SimLcus
from pdu_agent.hw.sim.numato import SimNumato
from pdu_agent.hw.sim.pipdu import CHANNELS, SimPipdu
from pdu_agent.hw.sim.serial_board import SimSerialBoard
from pdu_agent.model.clock import ManualClock
from tests.peers import require_terminals

Make = Callable[[Path], SimSerialBoard]

BOARDS: dict[str, Make] = {
    "lcus": lambda folder: SimLcus(folder / "usb", 4, kept=folder / "kept"),
    "lcus of its own supply": lambda folder: SimLcus(
        folder / "usb", 4, own_supply=True, kept=folder / "kept"
    ),
    "numato": lambda folder: SimNumato(folder / "usb", 8, kept=folder / "kept"),
    "pipdu": lambda folder: SimPipdu(
        folder / "usb", ManualClock(), lambda channel: 0.0, kept=folder / "kept"
    ),
}


@pytest.fixture(params=BOARDS)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], SimSerialBoard]]:
    require_terminals()
    made: list[SimSerialBoard] = []

    def one() -> SimSerialBoard:
        made.append(BOARDS[request.param](tmp_path))
        made[-1].start()
        return made[-1]

    yield one
    for board in made:
        board.close()


def test_a_board_keeps_its_relays_and_its_port_while_the_agent_restarts(
    make: Callable[[], SimSerialBoard],
) -> None:
    board = make()
    board.move({1: True, 3: True})
    closed, plugs = list(board.closed), [plug_of(str(board.path))]
    for _ in range(5):  # somebody else may take the terminal in between
        board.close()
        board = make()
        assert board.closed == closed
        plugs.append(plug_of(str(board.path)))
    assert len(set(plugs)) < len(plugs)


def test_a_board_that_was_pulled_is_plugged_in_anew(make: Callable[[], SimSerialBoard]) -> None:
    board = make()
    board.move({1: True})
    board.unplug()
    board.close()
    again = make()
    assert again.closed[1] is board.own_supply


def test_pipdu_s_board_does_not_boot_when_it_was_powered(tmp_path: Path) -> None:
    require_terminals()
    clock = ManualClock()
    moves: list[tuple[bool, ...]] = []
    for _ in range(2):
        moves.clear()
        board = SimPipdu(
            tmp_path / "usb", clock, lambda channel: 0.0, False, moves.append, tmp_path / "kept"
        )
        board.start()
        clock.advance(10.0)
        board.settle()
        board.close()
    assert moves == [(True,) * CHANNELS]
