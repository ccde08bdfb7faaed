# SPDX-License-Identifier: Apache-2.0
"""Relay care: wear by what is switched, hours on, the largest inrush, an alarm in time."""

from __future__ import annotations

import math
import random

import pytest

from pdu_agent.core.outlets.relay_care import COUNT_EVERY_S, SETTLE_S, cost_of
from pdu_agent.core.settings import OutletSettings
from pdu_agent.model.commands import Action, Reset, ResetMeter, ResetWear, Target, TargetKind
from pdu_agent.model.control import RelayWear
from pdu_agent.model.errors import NotNow, UnknownTarget
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.readings import BankLost, InrushSeen, Measurement
from pdu_agent.model.snapshot import Severity
from tests.core.bench import Board, Workbench

CYCLES = 100_000
SAVED_S = COUNT_EVERY_S + 0.1
"""Time is counted when something happens, and with each save."""
OUTLET = Target(TargetKind.OUTLET, 1)
RELAY = OutletSettings(1, relay_cycles=CYCLES, relay_current_a=16)


def bench_of(**settings: object) -> Workbench:
    return Workbench(outlets=1, relays=[False], stale_after_s=5, relay_cycles=CYCLES, **settings)


def wear(bench: Workbench) -> RelayWear:
    return bench.outlet(1).wear


def pass_time(bench: Workbench, seconds: float, current_a: float | None) -> None:
    """Read each second, if there is a meter at all."""
    for _ in range(round(seconds)):
        if current_a is not None:
            drawn = Electrical(current_a=current_a, quality=Quality.OK)
            bench.measure(Measurement(OUTLET, drawn, 0.0))
        bench.run(1)


def cost(current_a: float) -> float:
    """Half an operation, as the page of the data sheet is read: independent of the code."""
    if current_a == 0:
        return 0.5 / 10_000_000
    operations = CYCLES * math.exp(1.5 * (math.log(16) - math.log(current_a)))
    return 0.5 / min(operations, 10_000_000)


@pytest.mark.parametrize(
    ("current_a", "operations"),
    [(16, 100_000), (4, 800_000), (64, 12_500), (0.001, 10_000_000), (0, 10_000_000)],
)
def test_a_movement_costs_half_an_operation_at_its_current(
    current_a: float, operations: float
) -> None:
    assert cost_of(RELAY, current_a, 1.5) == pytest.approx(0.5 / operations)


def test_closing_costs_by_what_was_drawn_after_it_and_opening_by_what_was_before() -> None:
    bench = bench_of()
    pass_time(bench, 2, 0.0)
    bench.switch(1, Action.ON)
    pass_time(bench, SETTLE_S + 2, 4.0)
    assert wear(bench).worn_percent == pytest.approx(100 * cost(4))
    bench.switch(1, Action.OFF)
    pass_time(bench, 2, 0.0)
    assert wear(bench).worn_percent == pytest.approx(100 * 2 * cost(4))


def test_a_measured_inrush_is_what_the_contact_closes_on() -> None:
    bench = bench_of()
    bench.switch(1, Action.ON)
    bench.core.on_inrush(InrushSeen(1, 80.0, 0.06, 3.0))
    pass_time(bench, SETTLE_S + 2, 3.0)
    assert wear(bench).worn_percent == pytest.approx(100 * cost(80 / math.sqrt(2)))


def test_without_a_meter_it_counts_as_at_the_outlets_rating() -> None:
    bench = bench_of(rated_current_a=10)
    bench.switch(1, Action.ON)
    pass_time(bench, SETTLE_S + 1, None)
    bench.switch(1, Action.OFF)
    assert wear(bench).worn_percent == pytest.approx(100 * 2 * cost(10))


def test_a_relay_that_does_not_move_does_not_wear() -> None:
    bench = bench_of()
    bench.switch(1, Action.OFF)
    bench.board.stuck.add(0)
    bench.switch(1, Action.ON)
    pass_time(bench, 10, 0.0)
    assert bench.outlet(1).switch_count == 0
    assert wear(bench).worn_percent == 0


def test_wear_and_hours_of_simulated_hours_equal_the_trace() -> None:
    bench = bench_of(rated_current_a=20)
    pass_time(bench, 2, 0.0)
    chance = random.Random(3)
    end_s = bench.clock.monotonic_s() + 14_400
    expected = closed_s = 0.0
    draws_a = 0.0
    while bench.clock.monotonic_s() < end_s:
        rest_s = chance.choice((20, 300, 3000))
        closing = not bench.board.relays[0]
        if closing:
            draws_a = chance.choice((0.0, 0.2, 2.5, 9.0, 16.0))
        bench.switch(1, Action.ON if closing else Action.OFF)
        expected += cost(draws_a)
        closed_s += rest_s if closing else 0
        pass_time(bench, rest_s, draws_a if closing else 0.0)
    assert bench.outlet(1).switch_count == len(bench.board.moves)
    assert wear(bench).worn_percent == pytest.approx(100 * expected, rel=1e-9)
    assert wear(bench).on_s == pytest.approx(closed_s, abs=SAVED_S + 0.1 * len(bench.board.moves))


def test_wear_hours_and_inrush_survive_a_restart_and_the_time_between_does_not_count() -> None:
    bench = bench_of()
    bench.switch(1, Action.ON)
    bench.core.on_inrush(InrushSeen(1, 50.0, 0.04, 2.0))
    pass_time(bench, 100, 2.0)
    before = wear(bench)
    record = bench.core.final_record()
    bench.clock.advance(1000)
    again = Workbench(
        outlets=1, record=record, board=bench.board, clock=bench.clock, relay_cycles=CYCLES
    )
    assert again.outlet(1).wear == before
    again.run(10)
    assert again.outlet(1).wear.on_s == pytest.approx(before.on_s + 10, abs=SAVED_S)
    assert again.outlet(1).wear.inrush_peak_a == 50


def test_stopping_books_a_closing_that_has_not_settled() -> None:
    bench = bench_of()
    bench.switch(1, Action.ON)
    assert bench.core.final_record().wear[1].worn == pytest.approx(cost(10))


def test_time_does_not_count_while_the_board_is_lost() -> None:
    bench = bench_of()
    bench.switch(1, Action.ON)
    bench.run(50)
    bench.core.on_bank_lost(BankLost("main", "no answer"))
    bench.run(500)
    assert wear(bench).on_s == pytest.approx(50, abs=SAVED_S)
    bench.core.on_bank(bench.board.state())
    bench.run(50)
    assert wear(bench).on_s == pytest.approx(100, abs=SAVED_S)


def test_the_alarm_comes_at_its_limit_once_and_goes_with_the_reset() -> None:
    bench = Workbench(
        outlets=1,
        board=None,
        relays=[False],
        relay_cycles=100,
        relay_idle_cycles=100,
        rated_current_a=16,
        wear_warn_percent=3,
    )
    for action in (Action.ON, Action.OFF) * 3:
        assert bench.alarms("wear") == []
        bench.switch(1, action)
        pass_time(bench, SETTLE_S + 1, None)
    (alarm,) = bench.alarms("wear")
    assert (alarm.severity, alarm.target) == (Severity.WARNING, OUTLET)
    assert alarm.text.startswith("its relay has used 3 % of its rated life")
    on_s = wear(bench).on_s
    assert bench.submit(ResetWear(1))
    bench.run(2)
    assert (wear(bench).worn_percent, wear(bench).on_s) == (0, on_s)
    assert bench.alarms("wear") == []
    assert "relay replaced" in bench.logged[-1].text or any(
        "relay replaced" in entry.text for entry in bench.core.snapshot.events
    )
    assert [entry.commands[0]["command"] for entry in bench.audited][-1] == "ResetWear"


def test_what_is_not_counted_cannot_be_reset() -> None:
    bench = Workbench(outlets=1)
    assert wear(bench).worn_percent is None
    with pytest.raises(NotNow, match="relay_cycles is not configured"):
        bench.submit(ResetWear(1))
    with pytest.raises(UnknownTarget):
        bench.submit(ResetWear(9))


def test_the_largest_inrush_is_kept() -> None:
    bench = bench_of()
    for peak_a in (20.0, 60.0, 40.0):
        bench.core.on_inrush(InrushSeen(1, peak_a, peak_a / 1000, 1.0))
    bench.core.on_inrush(InrushSeen(9, 999.0, 1.0, 1.0))
    assert (wear(bench).inrush_peak_a, wear(bench).inrush_s) == (60, 0.06)


@pytest.mark.parametrize(
    ("what", "left_a"), [(Reset.ENERGY, 60), (Reset.PEAK_POWER, 60), (Reset.PEAK_CURRENT, None)]
)
def test_a_reset_of_the_peak_current_forgets_the_inrush(what: Reset, left_a: float | None) -> None:
    bench = bench_of()
    bench.core.on_inrush(InrushSeen(1, 60.0, 0.06, 1.0))
    bench.submit(ResetMeter(OUTLET, what))
    assert wear(bench).inrush_peak_a == left_a


def test_board_of_another_run_is_closed_already() -> None:
    """Found closed at the start: nothing has moved, so nothing has worn."""
    bench = Workbench(outlets=1, relays=[True], relay_cycles=CYCLES)
    bench.run(20)
    assert wear(bench).worn_percent == 0
    assert wear(bench).on_s == pytest.approx(20, abs=SAVED_S)
    assert isinstance(bench.board, Board)
