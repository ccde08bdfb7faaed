# SPDX-License-Identifier: Apache-2.0
"""Minimum on and off times: no movement comes too early, and no accepted order is lost."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pdu_agent.core.settings import DeviceSettings
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.commands import Action, Actor, ConfigureOutlet, OutletSetting, SwitchOutlet
from pdu_agent.model.readings import BankLost
from pdu_agent.model.snapshot import OutletState
from tests.core.bench import Board, Workbench
from tests.core.test_outlet_control import ENDS_CLOSED

ON, OFF = OutletState.ON, OutletState.OFF
SAFETY = Actor("safety", "overcurrent")


def fridge(closed: bool = True, **more: object) -> Workbench:
    """One outlet: on for a minute and off for three at least; it has been so for an hour."""
    bench = Workbench(1, relays=[closed], min_on_s=60, min_off_s=180, **more)  # type: ignore[arg-type]
    bench.run(3600)
    return bench


def moves(bench: Workbench) -> list[tuple[bool, float]]:
    """Each movement, and how many seconds after the one before."""
    times = [0.0, *(at_s for at_s, _, _ in bench.board.moves)]
    return [
        (closed, round(at_s - times[number], 2))
        for number, (at_s, _, closed) in enumerate(bench.board.moves)
    ]


def test_an_off_that_comes_too_early_waits_and_says_so_and_reads_on_until_then() -> None:
    bench = fridge(closed=False)
    bench.switch(1, Action.ON)
    bench.run(10)
    assert bench.switch(1, Action.OFF)
    row = bench.outlet(1)
    assert (row.state, row.pending) == (OutletState.OFF_PENDING, Action.OFF_DELAYED)
    assert row.pending_s == pytest.approx(50, abs=0.1)
    assert row.is_on is True
    assert bench.switch(1, Action.OFF) is False
    bench.run(49)
    assert bench.board.relays == [True]
    bench.run(1.1)
    assert (bench.board.relays, bench.state(1)) == ([False], OFF)


def test_an_on_that_comes_too_early_waits_and_an_off_takes_it_back() -> None:
    bench = fridge()
    bench.switch(1, Action.OFF)
    bench.run(10)
    bench.switch(1, Action.ON)
    row = bench.outlet(1)
    assert (row.state, row.pending, row.is_on) == (
        OutletState.ON_PENDING,
        Action.ON_DELAYED,
        False,
    )
    assert row.pending_s == pytest.approx(170, abs=0.1)
    bench.switch(1, Action.OFF)
    bench.run(400)
    assert (bench.state(1), len(bench.board.moves)) == (OFF, 1)
    bench.switch(1, Action.ON)
    assert bench.state(1) is ON


def test_a_reboot_is_off_for_the_minimum_time_and_waits_for_the_minimum_on_time() -> None:
    bench = fridge(closed=False)
    bench.switch(1, Action.ON)
    bench.run(10)
    bench.switch(1, Action.REBOOT)
    assert bench.outlet(1).pending_s == pytest.approx(50, abs=0.1)
    bench.run(400)
    assert moves(bench)[1:] == [(False, 60.0), (True, 180.0)]


def test_a_delay_counts_where_it_is_the_longer() -> None:
    bench = fridge(closed=False)
    bench.switch(1, Action.ON)
    bench.switch(1, Action.OFF_DELAYED, delay_s=5)
    assert bench.outlet(1).pending_s == pytest.approx(60, abs=0.1)
    bench.switch(1, Action.OFF_DELAYED, delay_s=90)
    assert bench.outlet(1).pending_s == pytest.approx(90, abs=0.1)


def test_an_on_right_after_an_off_is_not_lost_and_waits_for_the_minimum_off_time() -> None:
    bench = fridge()
    bench.board.answers = False
    bench.switch(1, Action.OFF)
    bench.switch(1, Action.ON)
    bench.board.answers = True
    bench.settle()
    bench.run(179)
    assert bench.board.relays == [False]
    bench.run(2)
    assert (bench.board.relays, bench.state(1)) == ([True], ON)


def test_what_protects_the_unit_switches_off_at_once_and_the_off_time_holds() -> None:
    bench = fridge(closed=False)
    bench.switch(1, Action.ON)
    bench.run(1)
    bench.switch(1, Action.OFF)
    bench.core.submit_all([SwitchOutlet(1, Action.OFF)], SAFETY)
    bench.settle()
    assert (bench.board.relays, bench.state(1)) == ([False], OFF)
    bench.switch(1, Action.ON)
    bench.run(178)
    assert bench.board.relays == [False]
    bench.run(5)
    assert bench.board.relays == [True]


def test_after_a_power_loss_the_minimum_off_time_passes_first() -> None:
    bench = Workbench(
        1,
        relays=[False],
        cold=True,
        device=DeviceSettings(cold_start_delay_s=5),
        min_off_s=180,
    )
    assert bench.outlet(1).pending_s == pytest.approx(180, abs=0.1)
    bench.run(179)
    assert bench.board.relays == [False]
    bench.run(2)
    assert bench.board.relays == [True]


def test_after_a_restart_the_times_begin_anew_but_an_off_under_way_does_not_wait() -> None:
    bench = fridge()
    bench.board.answers = False
    bench.switch(1, Action.OFF)
    again = restarted(bench)
    again.run(1)
    assert again.board.relays == [False]
    again.switch(1, Action.ON)
    assert again.outlet(1).pending_s == pytest.approx(179.5, abs=0.1)
    third = restarted(again)
    third.run(179)
    assert third.board.relays == [False]
    third.run(2)
    assert third.board.relays == [True]


def test_a_board_that_was_away_may_have_moved_just_before_it_came_back() -> None:
    bench = fridge()
    bench.core.on_bank_lost(BankLost("main", "unplugged"))
    bench.run(100)
    bench.board.relays = [False]
    bench.core.on_bank(bench.board.state())
    bench.switch(1, Action.ON)
    assert bench.outlet(1).pending_s == pytest.approx(180, abs=0.1)


def test_the_times_can_be_set_at_run_time() -> None:
    bench = Workbench(1)
    bench.run(5)
    bench.submit(ConfigureOutlet(1, OutletSetting.MIN_ON_S, 60))
    bench.switch(1, Action.OFF)
    assert bench.outlet(1).pending_s == pytest.approx(55, abs=0.1)


def restarted(bench: Workbench) -> Workbench:
    """Another process on the same board, with what the killed one had recorded."""
    bench.board.answers = True
    return Workbench(
        1, record=bench.saved[-1].record, board=bench.board, clock=bench.clock, min_on_s=60,
        min_off_s=180,
    )  # fmt: skip


ORDERS = st.tuples(st.sampled_from(tuple(ENDS_CLOSED)), st.sampled_from((0.0, 0.2, 1.0, 3.0, 9.0)))


@settings(max_examples=300, deadline=None)
@given(
    closed=st.booleans(),
    orders=st.lists(ORDERS, min_size=1, max_size=10),
    answers=st.lists(st.booleans(), min_size=10, max_size=10),
    restart_after=st.none() | st.integers(0, 9),
    min_on_s=st.sampled_from((0, 1, 4)),
    min_off_s=st.sampled_from((0, 1, 7)),
)
@example(
    closed=True,
    orders=[(Action.OFF, 0.0), (Action.ON, 0.0), (Action.REBOOT, 0.0), (Action.ON, 0.0)],
    answers=[False, False, True, *[False] * 7],
    restart_after=None,
    min_on_s=0,
    min_off_s=1,
)
@example(
    closed=False,
    orders=[*[(Action.ON, 0.0)] * 6, (Action.OFF, 0.0)],
    answers=[*[False] * 5, True, *[False] * 4],
    restart_after=5,
    min_on_s=0,
    min_off_s=0,
)
def test_no_trace_breaks_the_times_and_no_accepted_order_is_lost(
    closed: bool,
    orders: list[tuple[Action, float]],
    answers: list[bool],
    restart_after: int | None,
    min_on_s: int,
    min_off_s: int,
) -> None:
    board = Board([closed], ManualClock())
    more = {"on_delay_s": 2, "off_delay_s": 3, "min_on_s": min_on_s, "min_off_s": min_off_s}

    def process(bench: Workbench | None = None) -> Workbench:
        record = bench.saved[-1].record if bench is not None and bench.saved else None
        return Workbench(1, board=board, clock=board.clock, record=record, **more)  # type: ignore[arg-type]

    bench = process()
    for number, (action, pause_s) in enumerate(orders):
        board.answers = answers[number]
        bench.switch(1, action)
        bench.run(pause_s)
        if number == restart_after:
            board.answers = True
            bench = process(bench)
    board.answers = True
    bench.settle()
    bench.run(60)
    least = {True: min_on_s, False: min_off_s}
    for (at_s, _, was_closed), (next_s, _, _) in zip(board.moves, board.moves[1:], strict=False):
        assert next_s - at_s >= max(least[was_closed], 0.5) - 1e-6
    wanted = ENDS_CLOSED[orders[-1][0]]
    assert board.relays == [wanted]
    assert bench.state(1) is (ON if wanted else OFF)
