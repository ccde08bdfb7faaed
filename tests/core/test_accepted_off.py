# SPDX-License-Identifier: Apache-2.0
"""An accepted off is carried out, whatever is ordered while the relay still has to open."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdu_agent.model.commands import Action
from pdu_agent.model.events import OutletChanged
from pdu_agent.model.snapshot import OutletState
from tests.core.bench import Workbench

ON, OFF = OutletState.ON, OutletState.OFF


def moved_just_now() -> Workbench:
    """One outlet that is on, and whose relay must rest for another 0.4 s."""
    bench = Workbench(outlets=1, relays=[False], on_delay_s=2, off_delay_s=3, reboot_s=5)
    bench.run(1)
    bench.switch(1, Action.ON)
    bench.run(0.1)
    bench.board.moves.clear()
    bench.events(OutletChanged)
    return bench


def moves(bench: Workbench) -> list[bool]:
    return [closed for _, _, closed in bench.board.moves]


@pytest.mark.parametrize("first", [Action.OFF, Action.REBOOT])
def test_an_on_that_follows_an_off_at_once_does_not_undo_it(first: Action) -> None:
    bench = moved_just_now()
    bench.switch(1, first)
    assert bench.outlet(1).is_on is False
    bench.run(0.1)
    bench.switch(1, Action.ON)
    assert bench.outlet(1).is_on is True
    assert bench.outlet(1).pending is Action.ON
    bench.run(2)
    assert moves(bench) == [False, True]
    assert bench.state(1) is ON
    told = [event for event in bench.events(OutletChanged) if isinstance(event, OutletChanged)]
    # In this order, because on pending to off would be an on that was taken back.
    assert (told[-4].old, told[-4].new) == (OutletState.ON_PENDING, OutletState.OFF_PENDING)
    assert [event.new for event in told[-3:]] == [OFF, OutletState.ON_PENDING, ON]


def test_a_delayed_on_begins_to_wait_when_the_relay_is_open() -> None:
    bench = moved_just_now()
    bench.switch(1, Action.OFF)
    bench.switch(1, Action.ON_DELAYED)
    assert bench.outlet(1).is_on is False
    bench.run(1)
    assert moves(bench) == [False]
    assert bench.outlet(1).pending is Action.ON_DELAYED
    bench.run(2)
    assert moves(bench) == [False, True]


def test_a_delayed_off_does_not_put_off_an_off() -> None:
    bench = moved_just_now()
    bench.switch(1, Action.OFF)
    bench.switch(1, Action.OFF_DELAYED)
    bench.run(1)
    assert moves(bench) == [False]
    bench.run(10)
    assert bench.state(1) is OFF


def test_a_delayed_reboot_follows_an_off() -> None:
    bench = moved_just_now()
    bench.switch(1, Action.OFF)
    bench.switch(1, Action.REBOOT_DELAYED)
    assert bench.outlet(1).is_on is False
    bench.run(1)
    assert moves(bench) == [False]
    assert bench.outlet(1).pending is Action.REBOOT_DELAYED
    bench.run(12)
    assert moves(bench) == [False, True]
    assert bench.state(1) is ON


def test_the_newest_order_counts() -> None:
    bench = moved_just_now()
    for action in (Action.OFF, Action.ON, Action.OFF):
        bench.switch(1, action)
    bench.run(10)
    assert moves(bench) == [False]


def test_a_cancel_takes_the_off_back() -> None:
    bench = moved_just_now()
    for action in (Action.OFF, Action.ON, Action.CANCEL):
        bench.switch(1, action)
    assert bench.state(1) is ON
    bench.run(10)
    assert moves(bench) == []


def test_a_cancel_while_the_relay_opens_drops_what_was_to_follow() -> None:
    bench = moved_just_now()
    bench.switch(1, Action.OFF)
    bench.switch(1, Action.ON)
    bench.board.answers = False
    bench.run(1)
    bench.switch(1, Action.CANCEL)
    bench.board.answers = True
    bench.settle()
    bench.run(10)
    assert moves(bench) == [False]
    assert bench.state(1) is OFF


def test_a_relay_that_does_not_open_is_not_closed_again_and_is_told() -> None:
    bench = moved_just_now()
    bench.switch(1, Action.OFF)
    bench.switch(1, Action.ON)
    bench.board.stuck.add(0)
    bench.run(10)
    assert bench.state(1) is OutletState.FAULT
    assert moves(bench) == []


@pytest.mark.parametrize("opened", [False, True], ids=["before it opened", "after it opened"])
def test_both_survive_a_kill(opened: bool) -> None:
    bench = moved_just_now()
    bench.switch(1, Action.OFF)
    bench.switch(1, Action.ON)
    record = bench.saved[-1].record
    if opened:
        bench.board.relays[0] = False
    again = Workbench(outlets=1, record=record, board=bench.board, clock=bench.clock, reboot_s=5)
    again.run(3)
    assert moves(again) == ([True] if opened else [False, True])
    assert again.state(1) is ON


PAUSES = st.sampled_from([0.0, 0.05, 0.3, 0.6, 2.5])
ORDERS = st.lists(
    st.tuples(
        st.sampled_from(
            [each for each in Action if each not in (Action.CANCEL, Action.TOGGLE, Action.PULSE)]
        ),
        PAUSES,
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=300, deadline=None)
@given(orders=ORDERS, answers=st.lists(st.booleans(), min_size=8, max_size=8))
def test_no_accepted_off_is_ever_skipped(
    orders: list[tuple[Action, float]], answers: list[bool]
) -> None:
    """Between an off of an outlet that is closed, and the next time that the relay closes or
    the outlet is on again, there is a movement to open.
    """
    bench = moved_just_now()
    owed = 0
    for (action, pause_s), answering in zip(orders, itertools.cycle(answers), strict=False):
        before = len(bench.board.moves)
        was_closed = bench.board.relays[0]
        bench.board.answers = answering
        bench.switch(1, action)
        if action in (Action.OFF, Action.REBOOT) and was_closed and owed == 0:
            owed = 1
        bench.run(pause_s)
        owed -= owed and False in [closed for _, _, closed in bench.board.moves[before:]]
        if bench.state(1) is ON:
            assert not owed, orders
    bench.board.answers = True
    bench.settle()
    bench.run(30)
    opened = False in moves(bench)
    wanted = any(action in (Action.OFF, Action.REBOOT) for action, _ in orders)
    assert opened or not wanted
    assert bench.board.relays[0] is (orders[-1][0] not in (Action.OFF, Action.OFF_DELAYED))
