# SPDX-License-Identifier: Apache-2.0
"""Rules on the real core: what each trigger does, once, and what is remembered of it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from pdu_agent.core.rules.settings import (
    ActionSettings,
    MissingSettings,
    RuleSettings,
    TriggerSettings,
)
from pdu_agent.core.settings import GroupSettings, SensorSettings
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.commands import (
    Action,
    Actor,
    EnableRule,
    Lock,
    Quantity,
    SetLock,
    SwitchOutlet,
    Target,
    TargetKind,
)
from pdu_agent.model.control import Rule, RuleState
from pdu_agent.model.errors import OutletLocked, UnknownTarget
from pdu_agent.model.events import RuleFired
from pdu_agent.model.readings import HostSeen
from pdu_agent.model.record import Record
from pdu_agent.model.snapshot import OutletState, SensorKind
from pdu_agent.model.ups import Ups, UpsFlag
from tests.core.bench import OPS, Board, Workbench

OFF_2 = (ActionSettings(switch="off", outlets=(2,)),)
ON_2 = (ActionSettings(switch="on", outlets=(2,)),)
SENSOR = Target(TargetKind.SENSOR, 1)
OUTLET_1 = Target(TargetKind.OUTLET, 1)
ABOVE_30 = TriggerSettings(target=SENSOR, above=30.0, hysteresis=2.0)
HOT = RuleSettings("hot", ABOVE_30, OFF_2, for_s=10.0, ends_after_s=10.0)
SENSORS = (
    SensorSettings(1, kind=SensorKind.TEMPERATURE),
    SensorSettings(2, kind=SensorKind.CONTACT),
    SensorSettings(3, kind=SensorKind.WATER),
)
NIGHT = Actor("schedule", "night")


def bench(*rules: RuleSettings, **more: object) -> Workbench:
    return Workbench(outlets=4, rules=rules, sensors=SENSORS, **more)  # type: ignore[arg-type]


def feel(unit: Workbench, seconds: int, value: float | None, sensor: int = 1) -> None:
    """The sensor gives this value each second."""
    for _ in range(seconds):
        unit.sense(sensor, value, "" if value is not None else "no answer")
        unit.run(1.0)


def draw(unit: Workbench, seconds: int, power_w: float, target: Target = OUTLET_1) -> None:
    for _ in range(seconds * 2):
        unit.read(target, active_power_w=power_w)
        unit.run(0.5)


def row(unit: Workbench) -> Rule:
    return unit.core.snapshot.rules[0]


def moves(unit: Workbench) -> list[tuple[int, bool]]:
    return [(relay + 1, closed) for _, relay, closed in unit.board.moves]


def restarted(unit: Workbench, *rules: RuleSettings, gap_s: float = 1.0) -> Workbench:
    """The agent was killed and is there again: the record is the last that was saved."""
    record: Record = unit.saved[-1].record
    unit.clock.advance(gap_s)
    return bench(*rules, record=record, board=unit.board, clock=unit.clock)


# -- values ---------------------------------------------------------------------------


def test_a_value_that_stays_beyond_its_level_acts_once_after_the_hold_time() -> None:
    unit = bench(HOT)
    feel(unit, 5, 25.0)
    feel(unit, 9, 31.0)
    assert moves(unit) == []
    assert row(unit).state is RuleState.WAITING
    feel(unit, 60, 31.0)
    assert moves(unit) == [(2, False)]
    assert (row(unit).state, row(unit).fired, row(unit).value) == (RuleState.ACTIVE, 1, 31.0)
    actor = unit.outlet(2).last_actor
    assert actor == Actor("rule", "hot", "", "sensor 1 temperature 31 C, at or above 30 C for 10 s")


def test_what_is_shorter_than_the_hold_time_does_nothing() -> None:
    unit = bench(HOT)
    for _ in range(10):
        feel(unit, 9, 31.0)
        feel(unit, 1, 29.0)
    assert moves(unit) == []


def test_one_sample_alone_never_acts_however_long_it_stands() -> None:
    unit = bench(replace(HOT, for_s=0.0))
    feel(unit, 3, 25.0)
    unit.sense(1, 99.0)
    unit.run(25.0)  # the sensor is slow: nothing contradicts it
    assert moves(unit) == []
    unit.sense(1, 25.0)
    unit.run(5.0)
    assert moves(unit) == []
    feel(unit, 2, 99.0)
    assert moves(unit) == [(2, False)]


def test_a_value_that_cannot_be_is_none_and_ends_in_an_alarm() -> None:
    unit = bench(replace(HOT, for_s=0.0, on_missing=MissingSettings(20.0)))
    feel(unit, 19, 1e9)
    assert unit.alarms("rule input") == []
    feel(unit, 30, 1e9)
    assert moves(unit) == []
    (alarm,) = unit.alarms("rule input")
    assert (alarm.subject, alarm.text) == (
        "rule hot",
        "sensor 1 temperature cannot be 1e+09 C",
    )
    feel(unit, 1, 25.0)
    assert unit.alarms("rule input") == []


def test_a_ramp_up_and_down_is_one_action_and_its_counterpart() -> None:
    """Heater on below 24.5, off above 25.5."""
    heater = RuleSettings(
        "heater",
        TriggerSettings(target=SENSOR, below=24.5, hysteresis=1.0),
        ON_2,
        for_s=2.0,
        ends_after_s=2.0,
        otherwise=OFF_2,
    )
    unit = bench(heater, relays=[False] * 4)
    for tenths in [*range(260, 230, -1), *range(230, 260)]:
        feel(unit, 3, tenths / 10)
    assert moves(unit) == [(2, True), (2, False)]
    fired = unit.events(RuleFired)
    assert [(event.active, event.rule) for event in fired if isinstance(event, RuleFired)] == [
        (True, "heater"),
        (False, "heater"),
    ]


def test_noise_around_the_level_is_one_action() -> None:
    unit = bench(replace(HOT, for_s=0.0))
    for step in range(200):
        feel(unit, 1, 30.0 + (-1.9 if step % 3 else 1.0))
    assert moves(unit) in ([], [(2, False)])
    feel(unit, 2, 31.0)
    assert moves(unit) == [(2, False)]


@pytest.mark.parametrize(
    ("target", "point"),
    [
        (OUTLET_1, OUTLET_1),
        (Target(TargetKind.UNIT, 1), Target(TargetKind.INLET, 1)),
        (Target(TargetKind.INLET, 1), Target(TargetKind.INLET, 1)),
    ],
)
def test_power_of_an_outlet_an_inlet_and_the_unit(target: Target, point: Target) -> None:
    trigger = TriggerSettings(target=target, quantity=Quantity.ACTIVE_POWER, above=1000.0)
    unit = bench(RuleSettings("load", trigger, OFF_2))
    draw(unit, 4, 900.0, point)
    draw(unit, 4, 1100.0, point)
    assert moves(unit) == []
    draw(unit, 2, 1100.0, point)
    assert moves(unit) == [(2, False)]


def test_power_of_a_group_is_missing_until_every_member_is_measured() -> None:
    trigger = TriggerSettings(
        target=Target(TargetKind.GROUP, 7), quantity=Quantity.ACTIVE_POWER, below=10.0
    )
    groups = (GroupSettings(7, outlets=(1, 3)),)
    unit = bench(RuleSettings("idle", trigger, OFF_2, for_s=1.0), groups=groups)
    draw(unit, 10, 1.0)
    assert moves(unit) == []
    for _ in range(10):
        draw(unit, 1, 1.0)
        draw(unit, 1, 1.0, Target(TargetKind.OUTLET, 3))
    # stale after 0.6 s: never both at once
    assert moves(unit) == []
    for _ in range(10):
        unit.read(OUTLET_1, active_power_w=1.0)
        unit.read(Target(TargetKind.OUTLET, 3), active_power_w=2.0)
        unit.run(0.5)
    assert moves(unit) == [(2, False)]


# -- other triggers -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contact", "sensor", "value"),
    [("closed", 2, 1.0), ("open", 2, 0.0), ("wet", 3, 1.0), ("dry", 3, 0.0)],
)
def test_a_contact_acts_at_once(contact: str, sensor: int, value: float) -> None:
    rule = RuleSettings("door", TriggerSettings(sensor=sensor, contact=contact), OFF_2)
    unit = bench(rule)
    feel(unit, 5, 1.0 - value, sensor)
    assert moves(unit) == []
    feel(unit, 2, value, sensor)
    assert moves(unit) == [(2, False)]


def test_an_outlet_follows_another_ones_state() -> None:
    rule = RuleSettings("follow", TriggerSettings(outlet=1, state="off"), OFF_2, otherwise=ON_2)
    unit = bench(rule)
    unit.run(3.0)
    unit.switch(1, Action.OFF)
    unit.run(3.0)
    assert moves(unit) == [(1, False), (2, False)]
    unit.switch(1, Action.ON)
    unit.run(3.0)
    assert moves(unit)[2:] == [(1, True), (2, True)]


def test_a_fault_of_an_outlet_acts() -> None:
    alarm = (ActionSettings(alarm="critical", text="relay 1 is stuck"),)
    rule = RuleSettings("stuck", TriggerSettings(outlet=1, state="fault"), (*alarm, *OFF_2))
    unit = bench(rule)
    unit.board.stuck.add(0)
    unit.switch(1, Action.OFF)
    unit.run(3.0)
    assert moves(unit) == [(2, False)]
    assert [each.text for each in unit.alarms("rule")] == ["relay 1 is stuck"]


def ups(*flags: UpsFlag, reachable: bool = True) -> Ups:
    since_s = None if reachable else 0.0
    return Ups(1, "rack", "", "", "", frozenset(flags), {}, since_s, 0.0)


def test_a_ups_on_battery_acts_and_one_that_is_lost_says_nothing() -> None:
    trigger = TriggerSettings(ups="any", flag="on_battery")
    rule = RuleSettings(
        "battery", trigger, OFF_2, for_s=5.0, otherwise=ON_2, on_missing=MissingSettings(10.0)
    )
    unit = bench(rule)
    unit.core.on_upses((ups(UpsFlag.ON_LINE),))
    unit.run(5.0)
    unit.core.on_upses((ups(UpsFlag.ON_BATTERY),))
    unit.run(7.0)
    assert moves(unit) == [(2, False)]
    unit.core.on_upses((ups(UpsFlag.ON_LINE, reachable=False),))
    unit.run(30.0)
    assert moves(unit) == [(2, False)]
    assert row(unit).state is RuleState.BLIND
    unit.core.on_upses((ups(UpsFlag.ON_LINE),))
    unit.run(3.0)
    assert moves(unit) == [(2, False), (2, True)]
    assert row(unit).state is RuleState.IDLE


STANDBY = RuleSettings(
    "standby",
    TriggerSettings(outlet=1, draws_below_w=5.0, hysteresis=2.0, armed_above_w=30.0, boot_s=60.0),
    (ActionSettings(switch="off", outlets=(1,)),),
    for_s=300.0,
)


def test_standby_is_cut_after_use_and_only_then() -> None:
    unit = bench(STANDBY)
    draw(unit, 400, 2.0)
    assert moves(unit) == []  # was not in use yet
    draw(unit, 10, 80.0)
    draw(unit, 295, 2.0)
    assert moves(unit) == []
    draw(unit, 2, 8.0)  # beyond the hysteresis: it counts anew
    draw(unit, 298, 4.0)
    assert moves(unit) == []
    draw(unit, 10, 4.0)
    assert moves(unit) == [(1, False)]
    draw(unit, 400, 0.0)
    assert len(moves(unit)) == 1


def test_a_device_that_boots_is_not_taken_for_one_on_standby() -> None:
    unit = bench(replace(STANDBY, for_s=10.0))
    draw(unit, 70, 80.0)
    draw(unit, 20, 2.0)
    assert moves(unit) == [(1, False)]
    unit.switch(1, Action.ON)
    draw(unit, 5, 80.0)
    draw(unit, 54, 2.0)
    assert len(moves(unit)) == 2
    draw(unit, 300, 2.0)
    assert len(moves(unit)) == 2  # it was not in use since it had booted
    draw(unit, 5, 80.0)
    draw(unit, 15, 2.0)
    assert moves(unit)[2:] == [(1, False)]


# -- what wins ------------------------------------------------------------------------


def test_a_kept_outlet_refuses_schedules_but_not_persons() -> None:
    unit = bench(replace(HOT, keep=True))
    feel(unit, 15, 31.0)
    with pytest.raises(OutletLocked, match="outlet 2 is kept off by rule hot"):
        unit.core.submit_all([SwitchOutlet(2, Action.ON)], NIGHT)
    unit.switch(2, Action.ON)
    feel(unit, 60, 31.0)
    assert unit.state(2) is OutletState.ON  # it does not fight back
    assert unit.outlet(2).holds == ()
    feel(unit, 15, 25.0)
    feel(unit, 15, 31.0)
    assert unit.state(2) is OutletState.OFF


def test_what_was_kept_is_free_once_the_condition_is_over() -> None:
    unit = bench(replace(HOT, keep=True))
    feel(unit, 15, 31.0)
    assert [hold.source for hold in unit.outlet(2).holds] == ["rule hot"]
    feel(unit, 15, 25.0)
    assert unit.outlet(2).holds == ()
    assert unit.state(2) is OutletState.OFF
    unit.core.submit_all([SwitchOutlet(2, Action.ON)], NIGHT)


def test_a_disabled_rule_frees_what_it_held_and_moves_nothing() -> None:
    unit = bench(replace(HOT, keep=True, otherwise=ON_2))
    feel(unit, 15, 31.0)
    assert unit.submit(EnableRule("hot", False))
    feel(unit, 60, 31.0)
    assert unit.outlet(2).holds == ()
    assert moves(unit) == [(2, False)]
    assert row(unit).state is RuleState.DISABLED
    unit = restarted(unit, replace(HOT, keep=True, otherwise=ON_2))
    feel(unit, 20, 31.0)
    assert row(unit).state is RuleState.DISABLED
    unit.switch(2, Action.ON)
    unit.submit(EnableRule("hot", True))
    feel(unit, 20, 31.0)
    assert unit.state(2) is OutletState.OFF


def test_an_unknown_rule_is_refused_with_the_nearest_name() -> None:
    unit = bench(HOT)
    with pytest.raises(UnknownTarget, match=r"no rule 'hut' \(did you mean hot\?\)"):
        unit.submit(EnableRule("hut", False))


def test_a_locked_outlet_stops_neither_the_others_nor_is_it_hammered() -> None:
    rule = replace(HOT, then=(ActionSettings(switch="off", outlets=(2, 3)),))
    unit = bench(rule)
    unit.submit(SetLock(2, Lock.LOCKED_ON))
    feel(unit, 11, 31.0)
    assert moves(unit) == [(3, False)]
    assert "outlet 3 off; refused: outlet 2 is locked on" in row(unit).outcome
    refusals = len(unit.audited)
    feel(unit, 200, 31.0)
    assert len(unit.audited) - refusals == 2  # after 60 s, and 120 s later
    unit.submit(SetLock(2, Lock.UNLOCKED))
    feel(unit, 250, 31.0)
    assert moves(unit) == [(3, False), (2, False)]


# -- the input vanishes -----------------------------------------------------------------

SAFE = replace(HOT, keep=True, on_missing=MissingSettings(60.0, ON_2), otherwise=ON_2)


def test_a_pulled_sensor_is_one_fail_safe_and_one_alarm() -> None:
    unit = bench(SAFE)
    feel(unit, 15, 31.0)
    feel(unit, 59, None)
    assert moves(unit) == [(2, False)]
    feel(unit, 300, None)
    assert moves(unit) == [(2, False), (2, True)]
    assert len(unit.alarms("rule input")) == 1
    assert row(unit).state is RuleState.BLIND
    assert [hold.wants_on for hold in unit.outlet(2).holds] == [True]
    feel(unit, 15, 31.0)
    assert moves(unit) == [(2, False), (2, True), (2, False)]
    assert unit.alarms("rule input") == []


def test_without_a_fail_safe_all_stays_and_goes_on() -> None:
    unit = bench(replace(SAFE, on_missing=MissingSettings(60.0)))
    feel(unit, 15, 31.0)
    feel(unit, 100, None)
    feel(unit, 30, 31.0)
    assert moves(unit) == [(2, False)]
    assert row(unit).state is RuleState.ACTIVE


def test_after_a_fail_safe_what_is_over_is_done_as_over() -> None:
    safe_off = replace(SAFE, on_missing=MissingSettings(5.0, OFF_2))
    unit = bench(safe_off)
    feel(unit, 5, 25.0)
    feel(unit, 10, None)
    assert moves(unit) == [(2, False)]
    feel(unit, 15, 25.0)
    assert moves(unit) == [(2, False), (2, True)]
    assert unit.outlet(2).holds == ()


# -- restarts ---------------------------------------------------------------------------


def test_a_restart_while_it_is_active_does_nothing_twice() -> None:
    rule = replace(HOT, then=(*OFF_2, ActionSettings(alarm="warning")))
    unit = bench(rule)
    feel(unit, 15, 31.0)
    unit.switch(2, Action.ON)
    unit.run(2.0)
    again = restarted(unit, rule)
    feel(again, 60, 29.0)  # within the hysteresis
    feel(again, 60, 31.0)
    assert again.state(2) is OutletState.ON
    assert row(again).fired == 1
    assert len(again.alarms("rule")) == 1


def test_a_restart_while_it_waits_begins_the_hold_time_anew() -> None:
    unit = bench(HOT)
    feel(unit, 8, 31.0)
    again = restarted(unit, HOT)
    feel(again, 9, 31.0)
    assert moves(again) == []
    feel(again, 3, 31.0)
    assert moves(again) == [(2, False)]


def test_a_restart_while_it_is_blind_repeats_no_fail_safe() -> None:
    unit = bench(SAFE)
    feel(unit, 15, 31.0)
    feel(unit, 70, None)
    unit.switch(2, Action.OFF)
    unit.run(2.0)
    again = restarted(unit, SAFE)
    feel(again, 100, None)
    assert again.state(2) is OutletState.OFF
    assert len(again.alarms("rule input")) == 1


def test_what_was_refused_is_still_to_be_done_after_a_restart() -> None:
    unit = bench(HOT)
    unit.submit(SetLock(2, Lock.LOCKED_ON))
    feel(unit, 15, 31.0)
    unit.submit(SetLock(2, Lock.UNLOCKED))
    again = restarted(unit, HOT)
    feel(again, 2, 31.0)
    assert moves(again) == [(2, False)]


def test_holds_of_a_rule_that_is_gone_are_released() -> None:
    unit = bench(replace(HOT, keep=True))
    feel(unit, 15, 31.0)
    again = restarted(unit)
    again.run(2.0)
    assert again.outlet(2).holds == ()
    assert moves(again) == [(2, False)]


def test_a_rule_that_the_file_disables_frees_what_it_held() -> None:
    unit = bench(replace(HOT, keep=True))
    feel(unit, 15, 31.0)
    again = restarted(unit, replace(HOT, keep=True, enabled=False))
    again.run(2.0)
    assert again.outlet(2).holds == ()
    assert moves(again) == [(2, False)]


# -- limits -------------------------------------------------------------------------------


def flap(unit: Workbench, times: int) -> None:
    for _ in range(times):
        feel(unit, 3, 31.0)
        feel(unit, 3, 25.0)


def test_a_rule_that_acts_too_often_is_paused_with_an_alarm() -> None:
    rule = replace(HOT, for_s=1.0, ends_after_s=1.0, otherwise=ON_2)
    unit = bench(rule)
    flap(unit, 6)
    assert unit.alarms("rule pause") == []
    flap(unit, 20)
    assert row(unit).fired == 6
    assert len(unit.alarms("rule pause")) == 1
    feel(unit, 20, 31.0)
    assert row(unit).state is RuleState.PAUSED
    feel(unit, 3700, 31.0)
    assert row(unit).fired == 7
    assert unit.alarms("rule pause") == []


def test_somebody_who_enables_it_anew_ends_the_pause() -> None:
    rule = replace(HOT, for_s=1.0, ends_after_s=1.0, otherwise=ON_2)
    unit = bench(rule)
    flap(unit, 8)
    feel(unit, 20, 31.0)
    unit.submit(EnableRule("hot", True))
    feel(unit, 2, 31.0)
    assert row(unit).fired == 7
    assert unit.alarms("rule pause") == []


def test_not_more_often_than_it_says() -> None:
    rule = replace(HOT, for_s=1.0, ends_after_s=1.0, not_more_often_s=600.0, otherwise=ON_2)
    unit = bench(rule)
    flap(unit, 3)
    assert row(unit).fired == 1
    feel(unit, 590, 31.0)
    assert row(unit).fired == 2


def test_so_many_times_a_day_and_again_tomorrow() -> None:
    rule = replace(HOT, for_s=1.0, ends_after_s=1.0, times_per_day=2, otherwise=ON_2)
    unit = bench(rule)
    for _ in range(4):
        flap(unit, 1)
        unit.idle(700.0)
    assert row(unit).fired == 2
    for _ in range(4):
        unit.idle(6 * 3600.0)
    flap(unit, 1)
    assert row(unit).fired == 3


# -- hosts --------------------------------------------------------------------------------

WATCHDOG = RuleSettings(
    "nas",
    TriggerSettings(host="nas", failures=3, boot_s=120.0),
    (ActionSettings(switch="reboot", outlets=(2,)),),
    times_per_day=3,
    again_after_s=600.0,
)


def probe(unit: Workbench, seconds: int, answered: bool, asked: bool = True) -> None:
    """Each ten seconds; the outlet takes five to reboot."""
    for _ in range(seconds // 10):
        unit.core.on_watched_host(HostSeen("nas", answered, "" if answered else "silent", asked))
        unit.run(10.0)


def cycles(unit: Workbench) -> list[float]:
    """When the outlet was opened, in seconds."""
    return [at_s for at_s, relay, closed in unit.board.moves if relay == 1 and not closed]


def test_a_dead_host_is_cycled_once_then_later_and_later_then_no_more() -> None:
    unit = bench(WATCHDOG)
    unit.run(200.0)
    probe(unit, 60, True)
    begin_s = unit.clock.monotonic_s()
    probe(unit, 5000, False)
    waits = [round(at_s - begin_s) for at_s in cycles(unit)]
    assert waits[0] in range(20, 22)
    assert [b - a for a, b in pairwise(waits)] == [600, 1200]
    assert len(unit.alarms("rule pause")) == 1
    for _ in range(10):
        unit.idle(10_000.0)  # the day changes, and it stays quiet
    assert len(cycles(unit)) == 3
    probe(unit, 20, True)
    assert unit.alarms("rule pause") == []
    assert row(unit).state is RuleState.IDLE
    probe(unit, 60, False)
    assert len(cycles(unit)) == 4


def test_by_default_a_dead_host_is_cycled_once() -> None:
    unit = bench(replace(WATCHDOG, again_after_s=0.0, times_per_day=0))
    unit.run(200.0)
    probe(unit, 20, True)
    probe(unit, 3000, False)
    assert len(cycles(unit)) == 1


def test_a_host_that_never_answered_is_left_alone() -> None:
    unit = bench(WATCHDOG)
    unit.run(200.0)
    probe(unit, 1000, False)
    assert cycles(unit) == []


def test_it_may_be_told_to_act_without_a_first_answer() -> None:
    trigger = replace(WATCHDOG.when, answers_first=False)
    unit = bench(replace(WATCHDOG, when=trigger))
    unit.run(200.0)
    probe(unit, 100, False)
    assert len(cycles(unit)) == 1


def test_a_booting_host_is_not_cycled_again_before_its_time() -> None:
    unit = bench(replace(WATCHDOG, again_after_s=10.0, times_per_day=0))
    unit.run(200.0)
    probe(unit, 20, True)
    probe(unit, 600, False)
    gaps = [b - a for a, b in zip(cycles(unit), cycles(unit)[1:], strict=False)]
    assert gaps
    assert min(gaps) >= 5 + 120 + 20


@pytest.mark.parametrize("how", ["off", "locked"])
def test_an_outlet_that_is_off_or_serviced_is_left_alone(how: str) -> None:
    unit = bench(WATCHDOG)
    unit.run(200.0)
    probe(unit, 20, True)
    if how == "off":
        unit.switch(2, Action.OFF)
        unit.run(2.0)
    else:
        unit.submit(SetLock(2, Lock.LOCKED_ON))
    before = list(unit.board.moves)
    probe(unit, 1000, False)
    assert unit.board.moves == before


def test_who_cannot_ask_knows_nothing_of_the_host() -> None:
    unit = bench(WATCHDOG)
    unit.run(200.0)
    probe(unit, 20, True)
    probe(unit, 1000, False, asked=False)
    assert cycles(unit) == []
    (alarm,) = unit.alarms("rule input")
    assert alarm.text == "host nas cannot be asked: silent"


def test_a_restart_does_not_cycle_a_dead_host_again() -> None:
    rule = replace(WATCHDOG, again_after_s=0.0)
    unit = bench(rule)
    unit.run(200.0)
    probe(unit, 20, True)
    probe(unit, 100, False)
    again = restarted(unit, rule)
    probe(again, 2000, False)
    assert len(cycles(again)) == 1


def test_the_latch_survives_a_restart() -> None:
    unit = bench(replace(WATCHDOG, times_per_day=1))
    unit.run(200.0)
    probe(unit, 20, True)
    probe(unit, 2000, False)
    again = restarted(unit, replace(WATCHDOG, times_per_day=1))
    probe(again, 2000, False)
    assert len(cycles(again)) == 1
    assert len(again.alarms("rule pause")) == 1


# -- what faces see ----------------------------------------------------------------------


def test_what_it_will_do_next_is_told_with_its_time_once_that_is_known() -> None:
    unit = bench(HOT)
    feel(unit, 1, 25.0)
    change = unit.outlet(2).next_change
    assert change is not None
    assert (change.source, change.action, change.wall_s) == ("rule hot", Action.OFF, None)
    assert change.text == "off when sensor 1 temperature is at or above 30 C"
    feel(unit, 4, 31.0)
    change = unit.outlet(2).next_change
    assert change is not None
    assert change.wall_s == pytest.approx(unit.clock.wall_s() + 6.5, abs=0.6)
    assert row(unit).condition == "sensor 1 temperature at or above 30 C for 10 s"
    assert row(unit).action == "outlet 2 off"


def test_rules_cost_little_while_nothing_changes() -> None:
    rules = [
        RuleSettings(
            f"r{number}",
            TriggerSettings(
                target=Target(TargetKind.OUTLET, number),
                quantity=Quantity.ACTIVE_POWER,
                above=2000.0,
            ),
            (ActionSettings(switch="off", outlets=(number,)),),
        )
        for number in range(1, 65)
    ]
    unit = Workbench(outlets=64, rules=tuple(rules), clock=ManualClock(), board=None)
    board: Board = unit.board
    unit.run(5.0)
    assert board.moves == []
    assert len(unit.core.snapshot.rules) == 64


# -- the configuration read anew -----------------------------------------------------------


def test_a_reload_keeps_what_a_rule_knows_and_moves_nothing() -> None:
    rule = replace(HOT, keep=True, then=(*OFF_2, ActionSettings(alarm="warning")))
    unit = bench(rule)
    feel(unit, 15, 31.0)
    unit.core.renew(replace(unit.settings, rules=(STANDBY, rule)), OPS)
    feel(unit, 30, 31.0)
    assert moves(unit) == [(2, False)]
    assert [(each.name, each.number, each.fired) for each in unit.core.snapshot.rules] == [
        ("standby", 1, 0),
        ("hot", 2, 1),
    ]
    assert len(unit.outlet(2).holds) == 1


def test_a_rule_that_a_reload_takes_away_leaves_no_hold_and_no_alarm() -> None:
    rule = replace(HOT, keep=True, then=(*OFF_2, ActionSettings(alarm="warning")))
    unit = bench(rule)
    feel(unit, 15, 31.0)
    unit.core.renew(replace(unit.settings, rules=()), OPS)
    feel(unit, 3, 31.0)
    assert unit.outlet(2).holds == ()
    assert unit.alarms("rule") == []
    assert moves(unit) == [(2, False)]


def test_a_changed_rule_that_is_active_does_not_act_again() -> None:
    unit = bench(HOT)
    feel(unit, 15, 31.0)
    unit.switch(2, Action.ON)
    unit.core.renew(replace(unit.settings, rules=(replace(HOT, for_s=5.0),)), OPS)
    feel(unit, 30, 31.0)
    assert unit.state(2) is OutletState.ON


def test_a_group_is_kept_as_a_whole_and_goes_back_in_its_order() -> None:
    rule = replace(
        HOT,
        keep=True,
        then=(ActionSettings(switch="off", group=7),),
        otherwise=(ActionSettings(switch="on", group=7),),
    )
    unit = bench(rule, groups=(GroupSettings(7, outlets=(1, 2, 3), gap_s=1.0),))
    feel(unit, 20, 31.0)
    assert moves(unit) == [(3, False), (2, False), (1, False)]
    assert [len(unit.outlet(number).holds) for number in (1, 2, 3, 4)] == [1, 1, 1, 0]
    feel(unit, 20, 25.0)
    assert moves(unit)[3:] == [(1, True), (2, True), (3, True)]
    assert [len(unit.outlet(number).holds) for number in (1, 2, 3, 4)] == [0, 0, 0, 0]


def test_while_nothing_can_be_recorded_it_waits_and_acts_afterwards() -> None:
    unit = bench(HOT)
    unit.save_fails = True
    feel(unit, 20, 31.0)
    assert moves(unit) == []
    assert "refused: commands are refused until the state can be stored" in row(unit).outcome
    unit.save_fails = False
    feel(unit, 70, 31.0)
    assert moves(unit) == [(2, False)]
