# SPDX-License-Identifier: Apache-2.0
"""A wish that stands, put alone: what is pending against it is given up, no relay moves by it."""

from __future__ import annotations

import pytest

from pdu_agent.core.settings import GroupSettings
from pdu_agent.model.commands import (
    Action,
    Actor,
    Hold,
    HoldOutlet,
    Rank,
    ReleaseOutlet,
    SwitchGroup,
    SwitchOutlet,
)
from pdu_agent.model.errors import OutletHeld
from pdu_agent.model.snapshot import OutletState
from tests.core.bench import Workbench

CAP = Actor("safety", "cap 1", "", "shed")
RULE = Actor("rule", "hot")
PLAN = Actor("schedule", "night")
PERSON = Actor("cli", "ann")
OFF, ON = OutletState.OFF, OutletState.ON


def hold_off(bench: Workbench, actor: Actor = CAP, wants_on: bool = False) -> None:
    hold = Hold(actor.who, actor.rank, wants_on, "so it is", bench.clock.wall_s())
    bench.core.submit_all([HoldOutlet(1, hold)], actor)
    bench.settle()


def order(bench: Workbench, action: Action, actor: Actor = PERSON) -> None:
    bench.core.submit_all([SwitchOutlet(1, action)], actor)
    bench.settle()


@pytest.mark.parametrize(
    ("action", "after_s"),
    [
        (Action.ON_DELAYED, 0),
        (Action.ON_DELAYED, 5),
        (Action.ON, 0),  # it waits for the minimum off time
        (Action.REBOOT, 0),  # it is off: only the on is left
        (Action.REBOOT_DELAYED, 2),
    ],
)
def test_what_is_pending_towards_on_is_stopped(action: Action, after_s: float) -> None:
    bench = Workbench(1, relays=[False], on_delay_s=10, off_delay_s=10, min_off_s=20)
    bench.run(1)
    order(bench, action)
    bench.run(after_s)
    hold_off(bench)
    row = bench.outlet(1)
    assert (row.state, row.pending, row.last_actor) == (OFF, None, CAP)
    bench.run(60)
    assert bench.board.moves == []
    with pytest.raises(OutletHeld):
        order(bench, Action.ON)


@pytest.mark.parametrize("after_s", [0.1, 3])
def test_of_a_reboot_the_second_half_is_stopped(after_s: float) -> None:
    bench = Workbench(1)
    bench.run(1)
    order(bench, Action.REBOOT)
    bench.run(after_s)
    hold_off(bench)
    bench.run(60)
    assert [closed for _, _, closed in bench.board.moves] == [False]
    assert bench.state(1) is OFF


@pytest.mark.parametrize("action", [Action.REBOOT, Action.PULSE])
def test_also_while_its_relay_opens(action: Action) -> None:
    bench = Workbench(1)
    bench.run(1)
    bench.board.answers = False
    order(bench, action)
    hold_off(bench)
    bench.board.answers = True
    bench.settle()
    bench.run(60)
    assert [closed for _, _, closed in bench.board.moves] == [False]
    assert bench.state(1) is OFF


def test_an_off_that_was_accepted_is_done_and_what_was_to_follow_is_not() -> None:
    bench = Workbench(1)
    bench.run(1)
    bench.board.answers = False
    order(bench, Action.OFF)
    order(bench, Action.ON)
    assert bench.outlet(1).state is OutletState.ON_PENDING
    hold_off(bench)
    bench.board.answers = True
    bench.settle()
    bench.run(60)
    assert [closed for _, _, closed in bench.board.moves] == [False]
    assert bench.state(1) is OFF


@pytest.mark.parametrize("then", [Action.ON, Action.ON_DELAYED, Action.REBOOT_DELAYED])
def test_what_is_to_follow_an_off_that_waits_for_its_relay_is_not_done(then: Action) -> None:
    bench = Workbench(1, relays=[False], on_delay_s=5)
    bench.run(1)
    order(bench, Action.ON)
    order(bench, Action.OFF)  # its relay rests for half a second
    order(bench, then)
    hold_off(bench)
    bench.run(60)
    assert [closed for _, _, closed in bench.board.moves] == [True, False]
    assert bench.state(1) is OFF


def test_a_pulse_that_has_not_begun_does_not_begin() -> None:
    bench = Workbench(2, relays=[False, False], pulse_s=2)
    bench.run(1)
    bench.core.submit_all([SwitchOutlet(2, Action.ON)], PERSON)
    bench.core.submit_all([SwitchOutlet(1, Action.PULSE)], PERSON)  # it waits for the gap
    hold_off(bench)
    bench.run(60)
    assert bench.board.relays == [False, True]


def test_a_pulse_from_on_stays_off() -> None:
    bench = Workbench(1, pulse_s=5)
    bench.run(1)
    order(bench, Action.PULSE)
    bench.run(1)
    hold_off(bench)
    bench.run(60)
    assert bench.board.relays == [False]


def test_a_delayed_reboot_does_not_begin() -> None:
    bench = Workbench(1)
    bench.run(1)
    order(bench, Action.REBOOT_DELAYED)
    hold_off(bench)
    assert bench.state(1) is ON
    bench.run(60)
    assert bench.board.moves == []


def test_a_group_reboot_goes_on_without_the_member_that_is_kept_off() -> None:
    bench = Workbench(3, groups=(GroupSettings(1, "db", (1, 2, 3)),))
    bench.run(1)
    bench.core.submit_all([SwitchGroup(1, Action.REBOOT)], PERSON)
    bench.run(1)
    hold_off(bench)
    bench.run(60)
    assert bench.board.relays == [False, True, True]


def test_a_weaker_wish_stops_nothing() -> None:
    bench = Workbench(1, relays=[False], on_delay_s=10)
    bench.run(1)
    order(bench, Action.ON_DELAYED, PERSON)
    hold_off(bench, RULE)
    bench.run(20)
    assert bench.state(1) is ON


def test_of_two_of_one_rank_the_last_prevails() -> None:
    bench = Workbench(1, relays=[False], on_delay_s=10)
    bench.run(1)
    order(bench, Action.ON_DELAYED, RULE)
    hold_off(bench, Actor("rule", "cold"))
    bench.run(20)
    assert bench.state(1) is OFF


def test_a_rule_that_keeps_it_on_stops_the_delayed_off_of_a_plan() -> None:
    bench = Workbench(1, off_delay_s=10)
    bench.run(1)
    order(bench, Action.OFF_DELAYED, PLAN)
    hold_off(bench, RULE, wants_on=True)
    assert (bench.state(1), bench.outlet(1).pending) == (ON, None)
    bench.run(20)
    assert bench.board.moves == []


def test_a_rule_that_keeps_it_on_does_not_stop_a_reboot_of_what_is_off() -> None:
    bench = Workbench(1, relays=[False], off_delay_s=10)
    bench.run(1)
    order(bench, Action.REBOOT_DELAYED, PLAN)
    hold_off(bench, RULE, wants_on=True)
    bench.run(60)
    assert [closed for _, _, closed in bench.board.moves] == [True]


def test_an_outlet_that_comes_on_after_a_power_loss_is_stopped() -> None:
    bench = Workbench(1, relays=[False], cold=True, on_delay_s=10, min_off_s=30)
    bench.run(1)
    assert bench.outlet(1).pending is Action.ON_DELAYED
    hold_off(bench)
    bench.run(60)
    assert bench.board.moves == []


def test_released_it_stays_as_it_is() -> None:
    bench = Workbench(1, relays=[False], on_delay_s=10)
    bench.run(1)
    order(bench, Action.ON_DELAYED)
    hold_off(bench)
    bench.core.submit_all([ReleaseOutlet(1, CAP.who)], CAP)
    bench.run(60)
    assert bench.state(1) is OFF
    order(bench, Action.ON)
    bench.run(60)
    assert bench.state(1) is ON


def test_the_rank_of_a_hold_counts_not_that_of_who_puts_it() -> None:
    bench = Workbench(1, relays=[False], on_delay_s=10)
    bench.run(1)
    order(bench, Action.ON_DELAYED, PERSON)
    hold = Hold("rule x", Rank.RULE, False, "so it is", bench.clock.wall_s())
    bench.core.submit_all([HoldOutlet(1, hold)], CAP)
    bench.run(20)
    assert bench.state(1) is ON
