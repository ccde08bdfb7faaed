# SPDX-License-Identifier: Apache-2.0
"""Plans, rules, caps, trips and shut-downs whose settings change while they are at work."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.rack import Rack, settings_of
from pdu_agent.core.metered.tariffs import ClockTime
from pdu_agent.core.plans.settings import MissedRuns, PlanSettings, PlanWhen
from pdu_agent.core.protection.settings import CapSettings
from pdu_agent.core.rules.settings import ActionSettings, RuleSettings, TriggerSettings
from pdu_agent.core.settings import OutletSettings, RelayRef, SensorSettings
from pdu_agent.core.shutdown.settings import GracefulSettings, HookTerms
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.commands import Action, Target, TargetKind
from pdu_agent.model.readings import HookResult, RunHook
from pdu_agent.model.snapshot import OutletState, SensorKind
from tests.core.bench import OPS, Workbench
from tests.core.test_plans import PlanBench

NOON_S = 1_793_534_400.0  # 2026-11-01 12:00 UTC
NOON = PlanWhen(at=(ClockTime(12 * 60 + 10),))
OUTLET_1 = Target(TargetKind.OUTLET, 1)
GRACEFUL = GracefulSettings(idle_below_w=5.0, idle_for_s=5.0, time_limit_s=60.0)
HOOKS = (HookTerms("bye", 30.0), HookTerms("maybe", 30.0, ignore_errors=True))


def renew(unit: Workbench | Rack, **changes: object) -> None:
    unit.settings = replace(unit.settings, **changes)  # type: ignore[arg-type]
    unit.core.renew(unit.settings, OPS)


def with_outlet(
    unit: Workbench | Rack, number: int, **changes: object
) -> tuple[OutletSettings, ...]:
    return tuple(
        replace(each, **changes) if each.number == number else each  # type: ignore[arg-type]
        for each in unit.settings.outlets
    )


# -- plans ----------------------------------------------------------------------------------


def planned(*plans: PlanSettings, **more: object) -> Workbench:
    unit = PlanBench(
        outlets=2,
        clock=ManualClock(wall_s=NOON_S),
        plans=plans,
        hooks=HOOKS,
        **more,  # type: ignore[arg-type]
    )
    unit.run(1)
    return unit


def hook_plan(name: str = "noon") -> PlanSettings:
    return PlanSettings(name=name, outlets=(), action="", hook="bye", when=NOON)


def off_plan() -> PlanSettings:
    return PlanSettings(name="noon", outlets=(1,), action="off", when=NOON, missed=MissedRuns.ONCE)


def answer(unit: Workbench, error: str = "") -> None:
    run = next(each for each in reversed(unit.hooks) if isinstance(each, RunHook))
    unit.core.on_hook(HookResult(run.id, run.hook, error, 2.0))
    unit.run(1)


def test_a_plan_that_goes_while_its_hook_runs_is_forgotten() -> None:
    unit = planned(hook_plan())
    unit.run(601)
    renew(unit, plans=())
    answer(unit)
    assert unit.core.snapshot.plans == ()
    assert unit.core.final_record().plans == {}


def test_what_became_of_a_hook_is_noted_by_name_and_nothing_else_is_changed_by_it() -> None:
    unit = planned(hook_plan())
    unit.run(601)
    renew(unit, plans=(off_plan(), hook_plan("other")))
    unit.run(1)
    renew(unit, plans=(hook_plan("other"), hook_plan()))
    unit.run(86400)
    (before,) = [row for row in unit.core.snapshot.plans if row.name == "noon"]
    first = next(each for each in unit.hooks if isinstance(each, RunHook))
    unit.core.on_hook(HookResult(first.id, first.hook, "", 2.0))
    (after,) = [row for row in unit.core.snapshot.plans if row.name == "noon"]
    assert after.outcome == "hook bye took 2.0 s"
    assert (after.runs, after.last_wall_s) == (before.runs, before.last_wall_s)
    started = len(unit.hooks)
    unit.run(60)
    assert len(unit.hooks) == started


def test_a_plan_keeps_its_log_by_name_and_one_that_comes_back_begins_anew() -> None:
    unit = planned(off_plan())
    unit.run(601)
    assert unit.core.snapshot.plans[0].runs == 1
    renew(unit, plans=(replace(off_plan(), name="first", action="on"), off_plan()))
    unit.run(1)
    row = unit.core.snapshot.plans[1]
    assert (row.number, row.runs) == (2, 1)
    assert row.last_wall_s == pytest.approx(NOON_S + 600, abs=1)
    renew(unit, plans=())
    unit.switch(1, Action.ON)
    unit.run(86400)
    renew(unit, plans=(off_plan(),))
    unit.run(60)
    row = unit.core.snapshot.plans[0]
    assert (row.runs, row.missed, row.last_wall_s) == (0, 0, None)
    assert unit.state(1) is OutletState.ON


# -- rules ----------------------------------------------------------------------------------

HOT = RuleSettings(
    "hot",
    TriggerSettings(target=Target(TargetKind.SENSOR, 1), above=30.0, hysteresis=2.0),
    (ActionSettings(switch="off", outlets=(2,)),),
    keep=True,
)


def ruled(rule: RuleSettings) -> Workbench:
    sensors = (SensorSettings(1, kind=SensorKind.TEMPERATURE),)
    unit = Workbench(outlets=4, rules=(rule,), sensors=sensors)
    feel(unit, 5)
    assert [relay for _, relay, _ in unit.board.moves] == [1]
    return unit


def feel(unit: Workbench, seconds: int) -> None:
    for _ in range(seconds):
        unit.sense(1, 31.0)
        unit.run(1.0)


@pytest.mark.parametrize(
    "rule",
    [
        replace(HOT, then=(ActionSettings(switch="off", outlets=(3,)),)),
        replace(HOT, keep=False),
        replace(HOT, enabled=False),
    ],
)
def test_an_active_rule_keeps_nothing_that_it_does_not_name_any_more(rule: RuleSettings) -> None:
    unit = ruled(HOT)
    renew(unit, rules=(rule,))
    feel(unit, 30)
    assert unit.outlet(2).holds == ()
    assert [relay for _, relay, _ in unit.board.moves] == [1]


def test_what_was_refused_to_a_rule_is_not_made_up_for_by_other_actions() -> None:
    unit = Workbench(
        outlets=4, rules=(HOT,), sensors=(SensorSettings(1, kind=SensorKind.TEMPERATURE),)
    )
    unit.switch(2, Action.OFF)
    unit.save_fails = True
    feel(unit, 5)
    unit.save_fails = False
    renew(unit, rules=(replace(HOT, then=(ActionSettings(switch="on", outlets=(2,)),)),))
    unit.board.moves.clear()
    feel(unit, 200)
    assert unit.board.moves == []


def test_an_alarm_that_a_rule_does_not_raise_any_more_is_over() -> None:
    loud = replace(HOT, then=(*HOT.then, ActionSettings(alarm="warning")))
    unit = ruled(loud)
    (before,) = unit.alarms("rule")
    renew(unit, rules=(replace(loud, for_s=1.0),))
    feel(unit, 5)
    assert [alarm.id for alarm in unit.alarms("rule")] == [before.id]
    renew(unit, rules=(HOT,))
    feel(unit, 5)
    assert unit.alarms("rule") == []


# -- caps -----------------------------------------------------------------------------------

CAP = CapSettings(1, limit_w=500.0, margin=20.0, restore_after_s=10.0)


def capped(cap: CapSettings, *priorities: int, **loads: float) -> Rack:
    outlets = [
        OutletSettings(n, relay=RelayRef("main", n - 1), priority=priority)
        for n, priority in enumerate(priorities, start=1)
    ]
    return Rack(settings_of(outlets, [cap]), {int(k[1:]): v for k, v in loads.items()})


@pytest.mark.parametrize("after", [(), (replace(CAP, enabled=False),)])
def test_what_a_cap_that_is_gone_has_shed_returns_one_by_one(after: tuple[CapSettings]) -> None:
    unit = capped(CAP, 1, 2, 3, p1=450.0, p2=200.0, p3=100.0)
    unit.run(5)
    assert unit.off() == [2, 3]
    unit.moves.clear()
    renew(unit, caps=after)
    assert unit.moves == []
    unit.run(60)
    assert [(move.outlet, move.closed) for move in unit.moves] == [(2, True), (3, True)] or [
        (move.outlet, move.closed) for move in unit.moves
    ] == [(3, True), (2, True)]
    assert unit.outlet(2).holds == unit.outlet(3).holds == ()
    assert [each for each in unit.core.snapshot.alarms if each.kind == "cap"] == []
    assert unit.core.final_record().caps == {}


def test_the_alarm_of_a_cap_that_is_gone_is_over_also_where_nothing_was_shed() -> None:
    unit = capped(CAP, 0, 0, p1=450.0, p2=200.0)
    unit.run(5)
    assert len([each for each in unit.core.snapshot.alarms if each.kind == "cap"]) == 1
    renew(unit, caps=())
    unit.run(5)
    assert [each for each in unit.core.snapshot.alarms if each.kind == "cap"] == []


def test_a_cap_that_was_disabled_meanwhile_begins_its_delay_anew() -> None:
    cap = replace(CAP, delay_s=60.0)
    unit = capped(cap, 1, 2, p1=450.0, p2=200.0)
    unit.run(30)
    renew(unit, caps=(replace(cap, enabled=False),))
    unit.run(60)
    renew(unit, caps=(cap,))
    unit.run(50)
    assert unit.off() == []
    unit.run(15)
    assert unit.off() == [2]


# -- trips ----------------------------------------------------------------------------------


def test_a_trip_that_was_off_meanwhile_begins_its_time_anew() -> None:
    unit = capped(replace(CAP, limit_w=9000.0), 1, p1=500.0)
    renew(unit, outlets=with_outlet(unit, 1, trip_above_a=1.0, trip_for_s=30.0))
    unit.run(10)
    renew(unit, outlets=with_outlet(unit, 1, trip_above_a=None))
    unit.run(60)
    renew(unit, outlets=with_outlet(unit, 1, trip_above_a=1.0))
    unit.run(25)
    assert unit.off() == []
    unit.run(10)
    assert unit.off() == [1]


def test_what_is_latched_stays_latched_until_somebody_resets_it() -> None:
    unit = capped(replace(CAP, limit_w=9000.0), 1, p1=500.0)
    settings = with_outlet(unit, 1, trip_above_a=1.0, trip_for_s=1.0, trip_retries=0)
    renew(unit, outlets=settings)
    unit.run(10)
    assert unit.off() == [1]
    renew(unit, outlets=with_outlet(unit, 1, trip_above_a=None))
    unit.run(600)
    assert unit.off() == [1]
    assert [hold.source for hold in unit.outlet(1).holds] == ["trip"]
    assert len([each for each in unit.core.snapshot.alarms if each.kind == "trip"]) == 1


# -- graceful off ---------------------------------------------------------------------------


def stopping(**settings: object) -> Workbench:
    unit = Workbench(outlets=2, hooks=HOOKS, **settings)  # type: ignore[arg-type]
    unit.run(0.1)
    unit.switch(1, Action.OFF)
    unit.run(0.1)
    return unit


def draws(unit: Workbench, watts: float, seconds: float) -> None:
    for _ in range(round(seconds * 2)):
        unit.read(OUTLET_1, active_power_w=watts)
        unit.run(0.5)


def test_a_load_that_may_still_write_is_not_cut_because_nobody_waits_for_it_any_more() -> None:
    unit = stopping(before_off="bye", graceful=GRACEFUL)
    answer(unit)
    draws(unit, 41.0, 5)
    renew(unit, outlets=with_outlet(unit, 1, graceful=None))
    draws(unit, 41.0, 5)
    assert unit.board.moves == []
    assert unit.state(1) is OutletState.ON
    (alarm,) = unit.alarms("shutdown")
    assert "not switched off" in alarm.text


def test_the_same_while_its_hook_still_runs() -> None:
    unit = stopping(before_off="bye", graceful=GRACEFUL)
    renew(unit, outlets=with_outlet(unit, 1, graceful=None, before_off=""), hook_terms=())
    answer(unit)
    draws(unit, 41.0, 5)
    assert unit.board.moves == []
    assert unit.state(1) is OutletState.ON


def test_other_terms_of_a_graceful_off_are_taken_while_it_waits() -> None:
    unit = stopping(before_off="bye", graceful=GRACEFUL)
    answer(unit)
    draws(unit, 7.0, 10)
    renew(unit, outlets=with_outlet(unit, 1, graceful=replace(GRACEFUL, idle_below_w=10.0)))
    draws(unit, 7.0, 4)
    assert unit.board.moves == []
    draws(unit, 7.0, 4)
    assert unit.state(1) is OutletState.OFF


def test_a_hook_that_goes_from_the_file_while_it_runs_counts_all_the_same() -> None:
    unit = stopping(before_off="bye")
    renew(unit, outlets=with_outlet(unit, 1, before_off=""), hook_terms=())
    unit.run(5)
    assert unit.board.moves == []
    answer(unit)
    assert unit.state(1) is OutletState.OFF


def test_the_failure_of_one_hook_is_not_judged_by_the_terms_of_another() -> None:
    unit = stopping(before_off="bye")
    renew(unit, outlets=with_outlet(unit, 1, before_off="maybe"))
    answer(unit, "exit status 1")
    assert unit.board.moves == []
    assert unit.state(1) is OutletState.ON
    (alarm,) = unit.alarms("shutdown")
    assert alarm.text.startswith("hook bye: exit status 1")
