# SPDX-License-Identifier: Apache-2.0
"""The event log: who did what to what, numbered over the device's life."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pdu_agent.core.event_log import EventLog
from pdu_agent.core.settings import SensorSettings, ThresholdSettings
from pdu_agent.core.state import CoreState
from pdu_agent.model.commands import (
    Action,
    ConfigureOutlet,
    ConfigureThreshold,
    CreateGroup,
    Limit,
    OutletSetting,
    PowerUp,
    Quantity,
    SetMember,
    SwitchAll,
    SwitchOutlet,
    Target,
    TargetKind,
    ThresholdSetting,
)
from pdu_agent.model.events import (
    AlarmRaised,
    Event,
    HookFailed,
    OutletShed,
    OutletTripped,
    PlanRan,
    RuleFired,
    SettingsReloaded,
    StopEnded,
)
from pdu_agent.model.readings import BankLost
from pdu_agent.model.record import Record
from pdu_agent.model.snapshot import KEPT_EVENTS, LAST_EVENT, EventKind, LoggedEvent, Severity
from tests.core.bench import INLET, Workbench

OUTLET_1 = Target(TargetKind.OUTLET, 1)


def lines(bench: Workbench) -> list[tuple[EventKind, str]]:
    return [(entry.kind, entry.text) for entry in bench.core.snapshot.events]


def test_a_switch_leaves_who_wanted_it_and_what_came_of_it() -> None:
    bench = Workbench(outlets=2)
    before = len(bench.core.snapshot.events)
    bench.switch(1, Action.OFF)
    accepted, changed = bench.core.snapshot.events[before:]
    assert accepted == LoggedEvent(
        before + 1,
        bench.clock.wall_s(),
        EventKind.COMMAND_ACCEPTED,
        Severity.INFO,
        OUTLET_1,
        "snmp ops from 192.0.2.7:4242: outlet 1 off",
        "snmp ops from 192.0.2.7:4242",
    )
    assert (changed.kind, changed.target) == (EventKind.OUTLET_STATE, OUTLET_1)
    assert changed.text == "outlet 1 is off, by snmp ops from 192.0.2.7:4242"


def test_a_batch_is_one_line_and_a_long_one_is_counted() -> None:
    bench = Workbench(outlets=2)
    bench.submit(
        ConfigureOutlet(1, OutletSetting.NAME, "web"),
        ConfigureOutlet(1, OutletSetting.POWER_UP, PowerUp.OFF),
        ConfigureThreshold(
            INLET, Quantity.CURRENT, ThresholdSetting.ENABLED, frozenset({Limit.LOW_WARNING})
        ),
        CreateGroup(1),
        SetMember(1, 1, True),
    )
    kind, text = lines(bench)[-1]
    assert kind is EventKind.CONFIGURATION
    assert text.endswith(
        "outlet 1 name = web, outlet 1 power_up = off, inlet 1 current enabled = low warning, "
        "group 1 created, group 1 gets outlet 1"
    )
    bench.submit(*(CreateGroup(number) for number in range(2, 40)))
    assert lines(bench)[-1][1].endswith(" more")
    assert len(lines(bench)[-1][1]) < 255


def test_a_limit_set_below_the_value_is_logged_before_its_alarm() -> None:
    bench = Workbench(outlets=1)
    bench.read(current_a=17.0)
    bench.submit(
        ConfigureThreshold(INLET, Quantity.CURRENT, ThresholdSetting.HIGH_CRITICAL, 16.0),
        ConfigureThreshold(
            INLET, Quantity.CURRENT, ThresholdSetting.ENABLED, frozenset({Limit.HIGH_CRITICAL})
        ),
    )
    kinds = [kind for kind, _ in lines(bench)[-2:]]
    assert kinds == [EventKind.CONFIGURATION, EventKind.THRESHOLD_RAISED]


def test_a_refused_batch_is_not_logged_and_an_empty_one_neither() -> None:
    bench = Workbench(outlets=1)
    before = bench.core.snapshot.events
    bench.submit()
    assert bench.core.snapshot.events == before


def test_hardware_thresholds_sensors_and_the_start_are_logged() -> None:
    bench = Workbench(
        outlets=1,
        sensors=(SensorSettings(1),),
        thresholds=(ThresholdSettings(INLET, Quantity.CURRENT, high_critical=16.0),),
    )
    bench.core.announce_start()
    bench.read(current_a=17.0)
    bench.read(current_a=1.0)
    bench.sense(1, None, "chip gone")
    bench.sense(1, 20.0)
    bench.core.on_bank_lost(BankLost("main", "no answer"))
    bench.core.on_bank(bench.board.state())
    bench.board.stuck.add(0)
    bench.switch(1, Action.OFF)
    found = lines(bench)
    for expected in (
        (EventKind.STARTED, "agent started, boots 0: no board had lost its power"),
        (
            EventKind.THRESHOLD_RAISED,
            "inlet 1 current: 17 A is at or above high critical 16 A",
        ),
        (EventKind.THRESHOLD_CLEARED, "inlet 1 current is normal again at 1"),
        (EventKind.SENSOR_STATUS, "sensor 1 is fault, was stale"),
        (EventKind.SENSOR_STATUS, "sensor 1 is ok, was fault"),
        (EventKind.HARDWARE_FAULT, "board main: no answer"),
        (EventKind.HARDWARE_CLEARED, "board main is in order again"),
        (
            EventKind.COMMAND_FAILED,
            "outlet 1: command failed: the relay reads back closed after the write",
        ),
    ):
        assert found.count(expected) == 1, (expected, found)


def test_a_cold_start_names_the_boards() -> None:
    bench = Workbench(outlets=1, cold=True)
    bench.core.announce_start()
    assert "these boards had lost their power: main" in lines(bench)[-1][1]


def test_the_newest_256_are_shown_and_the_same_object_while_nothing_happens() -> None:
    bench = Workbench(outlets=1)
    for _ in range(KEPT_EVENTS):
        bench.switch(1, Action.OFF)
    events = bench.core.snapshot.events
    assert len(events) == KEPT_EVENTS
    assert [entry.number for entry in events] == list(
        range(events[0].number, events[0].number + KEPT_EVENTS)
    )
    bench.read(current_a=1.0)
    assert bench.core.snapshot.events is events


def test_entries_are_handed_over_once_a_second_and_at_the_end() -> None:
    bench = Workbench(outlets=1)
    bench.run(2)
    bench.logged.clear()
    bench.submit(SwitchAll(Action.OFF))
    assert bench.logged == []
    bench.run(1.1)
    count = len(bench.logged)
    assert count >= 2
    bench.run(10)
    assert len(bench.logged) == count
    bench.submit(SwitchOutlet(1, Action.ON))
    bench.core.final_record()
    assert len(bench.logged) > count
    assert tuple(bench.logged) == bench.core.snapshot.events[-len(bench.logged) :]


def test_numbers_go_on_after_a_restart_whichever_of_file_and_record_is_ahead() -> None:
    bench = Workbench(outlets=1)
    bench.switch(1, Action.OFF)
    record, events = bench.core.final_record(), bench.core.snapshot.events
    last = events[-1].number
    assert record.last_event == last
    for known, found in ((record, events), (record, ()), (replace(record, last_event=0), events)):
        again = Workbench(outlets=1, relays=[False], record=known, events=found)
        again.switch(1, Action.ON)
        shown = again.core.snapshot.events
        assert shown[: len(found)] == found
        assert shown[len(found)].number == last + 1


def test_numbers_wrap_after_the_largest() -> None:
    bench = Workbench(outlets=1, record=Record(engine_id=b"x", last_event=LAST_EVENT - 1))
    for _ in range(2):
        bench.switch(1, Action.OFF)
    numbers = [entry.number for entry in bench.core.snapshot.events]
    assert numbers[:3] == [LAST_EVENT, 1, 2]
    wrapped = bench.core.final_record()
    again = Workbench(outlets=1, relays=[False], record=wrapped, events=bench.core.snapshot.events)
    again.switch(1, Action.ON)
    assert again.core.snapshot.events[-1].number < 20


def test_a_killed_process_or_a_power_cut_repeats_no_number() -> None:
    """The newest entries are in no record and in no file yet, but they were shown."""
    bench = Workbench(outlets=1)
    bench.run(2)
    for _ in range(20):
        bench.switch(1, Action.ON)  # nothing to do, so there is nothing to save at once
    shown = bench.core.snapshot.events[-1].number
    record = bench.saved[-1].record
    again = Workbench(outlets=1, record=record, events=tuple(bench.logged))
    again.switch(1, Action.OFF)
    new = [entry.number for entry in again.core.snapshot.events[len(bench.logged) :]]
    assert min(new) > shown
    assert new == list(range(new[0], new[0] + len(new)))


def test_damaged_records_are_told_to_whoever_listens_at_the_start() -> None:
    bench = Workbench(outlets=1, warnings=("record-a is torn",))
    bench.core.announce_start()
    (alarm,) = bench.alarms("store")
    assert alarm.text == "record-a is torn"
    assert [event.alarm for event in bench.events(AlarmRaised)] == [alarm]  # type: ignore[attr-defined]
    assert lines(bench)[-1] == (
        EventKind.HARDWARE_FAULT,
        "damaged record 1: record-a is torn",
    )


def test_a_board_that_comes_and_goes_does_not_flood_the_log() -> None:
    bench = Workbench(outlets=64)
    before = len(bench.core.snapshot.events)
    bench.core.on_bank_lost(BankLost("main", "no answer"))
    bench.board.relays[4] = False  # by hand, meanwhile
    bench.core.on_bank(bench.board.state())
    assert lines(bench)[before:] == [
        (EventKind.HARDWARE_FAULT, "board main: no answer"),
        (EventKind.HARDWARE_CLEARED, "board main is in order again"),
        (EventKind.OUTLET_STATE, "outlet 5 is off"),
    ]


CONTROL_EVENTS: list[tuple[Event, EventKind, Severity, str, str]] = [
    (
        PlanRan(0.0, "night", "outlet 2: off", skipped=False),
        EventKind.PLAN_RAN,
        Severity.INFO,
        "plan night: outlet 2: off",
        "schedule night",
    ),
    (
        PlanRan(0.0, "night", "no clock", skipped=True),
        EventKind.PLAN_SKIPPED,
        Severity.WARNING,
        "plan night: no clock",
        "schedule night",
    ),
    (
        RuleFired(0.0, "hot", True, "outlet 2: off"),
        EventKind.RULE_FIRED,
        Severity.INFO,
        "rule hot: outlet 2: off",
        "rule hot",
    ),
    (
        RuleFired(0.0, "hot", False, "released"),
        EventKind.RULE_ENDED,
        Severity.INFO,
        "rule hot: released",
        "rule hot",
    ),
    (
        OutletShed(0.0, 1, 1, False, "3100 W"),
        EventKind.SHED,
        Severity.WARNING,
        "outlet 1 goes off, by cap 1: 3100 W",
        "safety cap 1",
    ),
    (
        OutletShed(0.0, 1, 1, True, "2000 W"),
        EventKind.RESTORED,
        Severity.INFO,
        "outlet 1 returns, by cap 1: 2000 W",
        "safety cap 1",
    ),
    (
        OutletTripped(0.0, 1, True, 3, 12.34567),
        EventKind.TRIPPED,
        Severity.CRITICAL,
        "outlet 1 tripped at 12.35 A and stays off until its trip is reset",
        "safety trip",
    ),
    (
        OutletTripped(0.0, 1, False, 1, 12.0),
        EventKind.TRIPPED,
        Severity.CRITICAL,
        "outlet 1 tripped at 12 A and is tried again",
        "safety trip",
    ),
    (
        HookFailed(0.0, "tidy", 1, "exit status 1"),
        EventKind.HOOK_FAILED,
        Severity.WARNING,
        "outlet 1: hook tidy: exit status 1",
        "",
    ),
    (
        HookFailed(0.0, "tidy", 0, "exit status 1"),
        EventKind.HOOK_FAILED,
        Severity.WARNING,
        "hook tidy: exit status 1",
        "",
    ),
    (
        StopEnded(0.0, 1, False, "idle"),
        EventKind.STOP_ENDED,
        Severity.INFO,
        "outlet 1 is cut: idle",
        "",
    ),
    (
        StopEnded(0.0, 1, True, "hangs"),
        EventKind.STOP_ABORTED,
        Severity.WARNING,
        "outlet 1 stays on: hangs",
        "",
    ),
    (
        SettingsReloaded(0.0),
        EventKind.RELOADED,
        Severity.INFO,
        "the configuration was read anew",
        "",
    ),
    (
        SettingsReloaded(0.0, "line 3"),
        EventKind.RELOAD_FAILED,
        Severity.WARNING,
        "the configuration is refused, what was in force still is: line 3",
        "",
    ),
]


@pytest.mark.parametrize(("event", "kind", "severity", "text", "user"), CONTROL_EVENTS)
def test_what_switches_by_itself_is_logged(
    event: Event, kind: EventKind, severity: Severity, text: str, user: str
) -> None:
    log = EventLog(CoreState(), (), lambda _: None)
    log.add(event)
    (entry,) = log.newest()
    assert (entry.kind, entry.severity, entry.text, entry.user) == (kind, severity, text, user)
