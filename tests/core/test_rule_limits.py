# SPDX-License-Identifier: Apache-2.0
"""What is left of a rule's pause, latch or refusal once the rule was out of force, or is over."""

from __future__ import annotations

from dataclasses import replace

from pdu_agent.core.rules.settings import ActionSettings, MissingSettings, RuleSettings
from pdu_agent.model.commands import Action, Lock, SetLock
from pdu_agent.model.control import RuleState
from pdu_agent.model.snapshot import OutletState
from tests.core.bench import OPS, Workbench
from tests.core.test_rules import (
    HOT,
    OFF_2,
    ON_2,
    WATCHDOG,
    bench,
    cycles,
    feel,
    flap,
    moves,
    probe,
    restarted,
    row,
)


def renew(unit: Workbench, *rules: RuleSettings) -> None:
    unit.settings = replace(unit.settings, rules=rules)
    unit.core.renew(unit.settings, OPS)


def test_the_alarm_of_a_storm_ends_with_its_pause_though_nothing_comes_again() -> None:
    unit = bench(replace(HOT, for_s=1.0, ends_after_s=1.0, otherwise=ON_2))
    flap(unit, 8)
    feel(unit, 3500, 25.0)
    assert len(unit.alarms("rule pause")) == 1
    feel(unit, 200, 25.0)
    assert unit.alarms("rule pause") == []
    assert row(unit).state is RuleState.IDLE


def test_a_watchdog_that_the_file_took_out_of_force_works_again_once_it_is_back() -> None:
    rule = replace(WATCHDOG, times_per_day=1)
    unit = bench(rule)
    unit.run(200.0)
    probe(unit, 20, True)
    probe(unit, 2000, False)
    assert len(unit.alarms("rule pause")) == 1
    renew(unit, replace(rule, enabled=False))
    unit.idle(86_400.0)
    assert unit.alarms("rule pause") == []
    renew(unit, rule)
    unit.run(1.0)
    assert unit.alarms("rule pause") == []
    probe(unit, 100, True)
    probe(unit, 600, False)
    assert len(cycles(unit)) == 2


def test_what_was_refused_is_forgotten_where_the_file_takes_the_rule_out_of_force() -> None:
    rule = replace(HOT, otherwise=ON_2)
    unit = bench(rule)
    feel(unit, 30, 31.0)
    unit.submit(SetLock(2, Lock.LOCKED_OFF))
    feel(unit, 30, 25.0)
    assert "refused" in row(unit).outcome
    renew(unit, replace(rule, enabled=False))
    unit.run(60.0)
    unit.submit(SetLock(2, Lock.UNLOCKED))
    renew(unit, rule)
    feel(unit, 4000, 25.0)
    assert moves(unit) == [(2, False)]


def test_nothing_that_was_seen_yet_is_not_missing_however_short_the_patience() -> None:
    rule = replace(HOT, on_missing=MissingSettings(0.0, OFF_2))
    unit = bench(rule)
    unit.run(5.0)
    feel(unit, 5, 25.0)
    assert moves(unit) == []
    again = restarted(unit, rule)
    again.run(5.0)
    feel(again, 5, 25.0)
    assert moves(again) == []
    feel(again, 2, None)
    assert moves(again) == [(2, False)]


def test_what_never_appears_is_missing_in_the_end() -> None:
    unit = bench(replace(HOT, on_missing=MissingSettings(0.0, OFF_2)))
    unit.run(120.0)
    assert moves(unit) == [(2, False)]


def test_a_person_who_switches_what_a_rule_could_not_switch_is_not_overruled_by_its_retry() -> None:
    unit = bench(replace(HOT, then=(ActionSettings(switch="on", outlets=(2,)),)))
    unit.switch(2, Action.OFF)
    unit.run(10.0)
    unit.submit(SetLock(2, Lock.LOCKED_OFF))
    feel(unit, 20, 31.0)
    assert "refused" in row(unit).outcome
    unit.submit(SetLock(2, Lock.UNLOCKED))
    unit.switch(2, Action.ON)
    unit.run(10.0)
    unit.switch(2, Action.OFF)
    feel(unit, 4000, 31.0)
    assert moves(unit) == [(2, False), (2, True), (2, False)]


def test_the_alarm_of_a_fail_safe_is_over_when_the_sensor_is_back_whatever_it_says() -> None:
    gone = (*OFF_2, ActionSettings(alarm="critical", text="sensor gone"))
    unit = bench(replace(HOT, then=ON_2, on_missing=MissingSettings(20.0, gone)))
    feel(unit, 30, 25.0)
    feel(unit, 30, None)
    assert [alarm.text for alarm in unit.alarms("rule")] == ["sensor gone"]
    feel(unit, 30, 31.0)
    assert unit.state(2) is OutletState.ON
    assert unit.alarms("rule") == []
