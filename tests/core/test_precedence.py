# SPDX-License-Identifier: Apache-2.0
"""Whose wish prevails: safety, lock, person, rule, schedule; of one rank the last."""

from __future__ import annotations

import pytest

from pdu_agent.core.settings import DeviceSettings, GroupSettings
from pdu_agent.model.commands import (
    Action,
    Actor,
    Command,
    Hold,
    HoldOutlet,
    Lock,
    PowerUp,
    Rank,
    ReleaseOutlet,
    SetLock,
    SwitchAll,
    SwitchGroup,
    SwitchOutlet,
)
from pdu_agent.model.errors import NotNow, OutletHeld, OutletLocked
from pdu_agent.model.snapshot import ChangeReason, OutletState
from tests.core.bench import OPS, Workbench

ON, OFF = OutletState.ON, OutletState.OFF
PLAN = Actor("schedule", "night", "", "it is 22:00")
RULE = Actor("rule", "hot", "", "sensor 1 is at 50 C")
CAP = Actor("safety", "cap 1", "", "517 W of 500 W")
TRIP = Actor("safety", "trip", "", "12.1 A of 10 A")


def order(bench: Workbench, actor: Actor, *commands: Command) -> None:
    bench.core.submit_all(commands, actor)
    bench.settle()


def hold(actor: Actor, wants_on: bool, outlet: int = 1) -> HoldOutlet:
    source = actor.who if actor.is_safety else f"{actor.face} {actor.who}"
    return HoldOutlet(
        outlet, Hold(source, actor.rank, wants_on, actor.because, 1000.0, "until it is over")
    )


def sources(bench: Workbench, outlet: int = 1) -> list[str]:
    return [each.source for each in bench.outlet(outlet).holds]


def test_the_refusal_says_who_keeps_it_why_and_what_ends_that() -> None:
    bench = Workbench(outlets=1)
    order(bench, RULE, hold(RULE, False), SwitchOutlet(1, Action.OFF))
    with pytest.raises(OutletHeld) as refusal:
        order(bench, PLAN, SwitchOutlet(1, Action.ON))
    assert str(refusal.value) == (
        "outlet 1 is kept off by rule hot: sensor 1 is at 50 C; until it is over"
    )


def test_what_a_person_overrules_keeps_nobody_off_any_more() -> None:
    bench = Workbench(outlets=1)
    order(bench, RULE, hold(RULE, False), SwitchOutlet(1, Action.OFF))
    bench.run(1)
    bench.switch(1, Action.ON)
    bench.run(1)
    assert (bench.state(1), sources(bench)) == (ON, [])
    order(bench, PLAN, SwitchOutlet(1, Action.OFF))
    bench.run(1)
    order(bench, PLAN, SwitchOutlet(1, Action.ON))


def test_what_a_person_wants_too_leaves_the_hold() -> None:
    bench = Workbench(outlets=1)
    order(bench, RULE, hold(RULE, False), SwitchOutlet(1, Action.OFF))
    bench.switch(1, Action.OFF)
    assert sources(bench) == ["rule hot"]


@pytest.mark.parametrize("action", [Action.REBOOT, Action.REBOOT_DELAYED, Action.PULSE])
@pytest.mark.parametrize("is_on", [True, False])
@pytest.mark.parametrize("wants_on", [True, False])
@pytest.mark.parametrize("actor", [PLAN, CAP])
def test_there_and_back_is_against_either_wish_whoever_wants_it(
    action: Action, is_on: bool, wants_on: bool, actor: Actor
) -> None:
    bench = Workbench(outlets=1, relays=[is_on])
    bench.run(1)
    order(bench, RULE, hold(RULE, wants_on))
    with pytest.raises(OutletHeld):
        order(bench, actor, SwitchOutlet(1, action))
    bench.run(60)
    assert bench.board.moves == []


def test_of_one_rank_the_last_prevails() -> None:
    bench = Workbench(outlets=1)
    other = Actor("rule", "cold")
    order(bench, RULE, hold(RULE, False), SwitchOutlet(1, Action.OFF))
    bench.run(1)
    order(bench, other, hold(other, True), SwitchOutlet(1, Action.ON))
    bench.run(1)
    assert (bench.state(1), sources(bench)) == (ON, ["rule cold"])


@pytest.mark.parametrize("actor", [OPS, RULE, PLAN])
def test_nobody_switches_on_what_was_shed(actor: Actor) -> None:
    bench = Workbench(outlets=1)
    order(bench, CAP, hold(CAP, False), SwitchOutlet(1, Action.OFF))
    bench.run(1)
    for action in (Action.ON, Action.REBOOT, Action.ON_DELAYED, Action.TOGGLE, Action.PULSE):
        with pytest.raises(OutletHeld, match="kept off by cap 1: 517 W of 500 W"):
            order(bench, actor, SwitchOutlet(1, action))


@pytest.mark.parametrize("actor", [OPS, RULE, PLAN])
def test_whoever_wants_off_what_was_shed_is_known_as_who_wants_it(actor: Actor) -> None:
    bench = Workbench(outlets=1)
    order(bench, CAP, hold(CAP, False), SwitchOutlet(1, Action.OFF))
    bench.run(1)
    assert bench.outlet(1).last_reason is ChangeReason.LOAD_SHEDDING
    order(bench, actor, SwitchOutlet(1, Action.OFF))
    assert bench.outlet(1).last_actor == actor
    order(bench, PLAN, SwitchOutlet(1, Action.OFF))
    assert bench.outlet(1).last_actor == actor


def test_one_safety_keeps_off_what_another_would_restore() -> None:
    bench = Workbench(outlets=1)
    order(bench, CAP, hold(CAP, False), SwitchOutlet(1, Action.OFF))
    order(bench, TRIP, hold(TRIP, False), SwitchOutlet(1, Action.OFF))
    bench.run(1)
    with pytest.raises(OutletHeld, match="kept off by trip"):
        order(bench, CAP, ReleaseOutlet(1, "cap 1"), SwitchOutlet(1, Action.ON))
    order(bench, TRIP, ReleaseOutlet(1, "trip"))
    order(bench, CAP, ReleaseOutlet(1, "cap 1"), SwitchOutlet(1, Action.ON))
    bench.run(1)
    assert bench.state(1) is ON


def test_what_safety_restores_yields_to_everybody() -> None:
    bench = Workbench(outlets=2)
    for number in (1, 2):
        order(bench, CAP, hold(CAP, False, number), SwitchOutlet(number, Action.OFF))
    bench.run(1)
    order(bench, RULE, hold(RULE, False))
    with pytest.raises(OutletHeld, match="kept off by rule hot"):
        order(bench, CAP, ReleaseOutlet(1, "cap 1"), SwitchOutlet(1, Action.ON))
    bench.submit(SetLock(2, Lock.LOCKED_OFF))
    with pytest.raises(OutletLocked):
        order(bench, CAP, ReleaseOutlet(2, "cap 1"), SwitchOutlet(2, Action.ON))


def test_a_trip_cuts_a_locked_outlet_and_switches_it_on_again() -> None:
    bench = Workbench(outlets=1)
    bench.submit(SetLock(1, Lock.LOCKED_ON))
    for actor in (OPS, RULE, PLAN):
        with pytest.raises(OutletLocked):
            order(bench, actor, SwitchOutlet(1, Action.OFF))
    order(bench, TRIP, hold(TRIP, False), SwitchOutlet(1, Action.OFF))
    bench.run(1)
    assert bench.board.relays == [False]
    order(bench, TRIP, ReleaseOutlet(1, "trip"), SwitchOutlet(1, Action.ON))
    bench.run(1)
    assert (bench.board.relays, bench.outlet(1).lock) == ([True], Lock.LOCKED_ON)


def test_nobody_cancels_a_cut() -> None:
    bench = Workbench(outlets=1)
    bench.board.answers = False
    bench.switch(1, Action.OFF)
    bench.switch(1, Action.ON)
    order(bench, TRIP, hold(TRIP, False), SwitchOutlet(1, Action.OFF))
    bench.board.answers = True
    bench.settle()
    bench.run(2)
    assert bench.board.relays == [False]
    again = Workbench(outlets=1, relays=[False])
    again.switch(1, Action.ON)
    order(again, TRIP, hold(TRIP, False), SwitchOutlet(1, Action.OFF))
    with pytest.raises(OutletHeld):
        again.switch(1, Action.CANCEL)
    again.run(2)
    assert again.board.relays == [False]


@pytest.mark.parametrize("actor", [RULE, PLAN])
@pytest.mark.parametrize("action", [Action.ON, Action.OFF, Action.CANCEL, Action.REBOOT])
def test_what_a_person_ordered_for_later_is_not_replaced(actor: Actor, action: Action) -> None:
    bench = Workbench(outlets=1, off_delay_s=30)
    bench.switch(1, Action.OFF_DELAYED)
    with pytest.raises(NotNow, match=r"delayed off ordered by snmp ops from .* still to be done"):
        order(bench, actor, SwitchOutlet(1, action))
    bench.run(31)
    assert bench.board.relays == [False]
    order(bench, actor, SwitchOutlet(1, Action.ON))


def test_a_person_replaces_what_an_automaton_ordered_for_later() -> None:
    bench = Workbench(outlets=1, off_delay_s=30)
    order(bench, RULE, SwitchOutlet(1, Action.OFF_DELAYED))
    bench.switch(1, Action.CANCEL)
    bench.run(60)
    assert bench.board.relays == [True]


def test_all_and_groups_leave_out_what_is_kept() -> None:
    bench = Workbench(outlets=4, groups=(GroupSettings(1, outlets=(1, 2, 3)),))
    order(bench, RULE, hold(RULE, True, 2))
    bench.submit(SetLock(3, Lock.LOCKED_ON))
    order(bench, PLAN, SwitchGroup(1, Action.OFF))
    bench.run(2)
    assert bench.board.relays == [False, True, True, True]
    order(bench, PLAN, SwitchAll(Action.OFF))
    bench.run(2)
    assert bench.board.relays == [False, True, True, False]
    bench.submit(SwitchAll(Action.OFF))
    bench.run(2)
    assert bench.board.relays == [False, False, True, False]


def test_when_all_are_kept_the_answer_says_by_whom() -> None:
    bench = Workbench(outlets=2)
    bench.submit(SetLock(1, Lock.LOCKED_ON))
    order(bench, RULE, hold(RULE, True, 2))
    with pytest.raises(OutletHeld, match="locked or kept as it is: outlet 2 is kept on by rule"):
        order(bench, PLAN, SwitchAll(Action.OFF))
    bench.submit(SetLock(2, Lock.LOCKED_ON))
    with pytest.raises(OutletLocked, match="every switched outlet is locked"):
        bench.submit(SwitchAll(Action.OFF))


def test_all_take_a_delay() -> None:
    bench = Workbench(outlets=2)
    bench.submit(SwitchAll(Action.OFF_DELAYED, delay_s=7))
    assert [bench.outlet(n).pending_s for n in (1, 2)] == [7, 7]


def test_after_a_person_rules_and_schedules_wait() -> None:
    bench = Workbench(outlets=1, device=DeviceSettings(person_hold_s=600))
    bench.switch(1, Action.OFF)
    bench.run(1)
    for actor in (RULE, PLAN):
        with pytest.raises(OutletHeld, match=r"kept off by person: snmp ops .* switched it off"):
            order(bench, actor, SwitchOutlet(1, Action.ON))
    order(bench, PLAN, SwitchOutlet(1, Action.OFF))
    bench.run(600)
    assert sources(bench) == []
    order(bench, PLAN, SwitchOutlet(1, Action.ON))


@pytest.mark.parametrize("jump_s", [-100_000.0, 100_000.0])
def test_the_persons_time_does_not_follow_a_clock_that_is_set(jump_s: float) -> None:
    bench = Workbench(outlets=1, device=DeviceSettings(person_hold_s=600))
    bench.switch(1, Action.OFF)
    bench.run(1)
    bench.clock.jump_wall(jump_s)
    bench.run(590)
    assert sources(bench) == ["person"]
    bench.run(20)
    assert sources(bench) == []


@pytest.mark.parametrize(("jump_s", "left_s"), [(0.0, 400), (-100_000.0, 600), (100_000.0, 0)])
def test_a_persons_time_is_never_longer_after_a_restart(jump_s: float, left_s: float) -> None:
    bench = Workbench(outlets=1, device=DeviceSettings(person_hold_s=600))
    bench.switch(1, Action.OFF)
    bench.run(200)
    record = bench.core.final_record()
    bench.clock.jump_wall(jump_s)
    again = Workbench(outlets=1, board=bench.board, clock=bench.clock, record=record)
    again.run(max(0.0, left_s - 5))
    if left_s:
        assert sources(again) == ["person"]
    again.run(10)
    assert sources(again) == []


@pytest.mark.parametrize("policy", list(PowerUp))
@pytest.mark.parametrize("lock", [Lock.UNLOCKED, Lock.LOCKED_ON])
@pytest.mark.parametrize("actor", [CAP, TRIP])
def test_at_power_up_what_is_kept_off_stays_off(policy: PowerUp, lock: Lock, actor: Actor) -> None:
    bench = Workbench(outlets=1, power_up=policy)
    bench.submit(SetLock(1, lock))
    order(bench, actor, hold(actor, False), SwitchOutlet(1, Action.OFF))
    bench.run(1)
    bench.board.cold = True
    bench.board.relays[:] = [False]
    bench.core.on_bank(bench.board.state())
    bench.settle()
    bench.run(60)
    assert bench.board.relays == [False]


def test_at_power_up_a_rule_does_not_keep_off_what_is_locked_on() -> None:
    bench = Workbench(outlets=1)
    order(bench, RULE, hold(RULE, False))
    bench.submit(SetLock(1, Lock.LOCKED_ON))
    bench.board.cold = True
    bench.board.relays[:] = [False]
    bench.core.on_bank(bench.board.state())
    bench.settle()
    bench.run(60)
    assert bench.board.relays == [True]


def test_the_ranks_are_in_their_order() -> None:
    assert [rank.name for rank in sorted(Rank)] == ["SCHEDULE", "RULE", "PERSON", "LOCK", "SAFETY"]
    assert {face: Actor(face).rank for face in ("snmp", "http", "cli", "nut", "button")} == (
        dict.fromkeys(("snmp", "http", "cli", "nut", "button"), Rank.PERSON)
    )
