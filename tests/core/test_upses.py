# SPDX-License-Identifier: Apache-2.0
"""What the core makes of UPSes: events for what changed, alarms that come once and go."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.events import AlarmCleared, AlarmRaised, UpsChanged, UpsOnBattery
from pdu_agent.model.snapshot import EventKind, Severity
from pdu_agent.model.ups import Ups, UpsFlag
from tests.core.bench import Workbench

ONLINE = Ups(
    index=1,
    name="rack",
    manufacturer="",
    model="",
    firmware="",
    flags=frozenset({UpsFlag.ON_LINE}),
    since_s={UpsFlag.ON_LINE: 0.0},
    unreachable_since_s=None,
    on_battery_s=0.0,
    charge_pct=100.0,
    source="rack@127.0.0.1:3493",
)
NOT_YET = replace(
    ONLINE, flags=frozenset(), since_s={}, unreachable_since_s=0.0, trouble="no answer yet"
)


def saying(*flags: UpsFlag, **changes: object) -> Ups:
    return replace(ONLINE, flags=frozenset(flags), **changes)  # type: ignore[arg-type]


def told(unit: Workbench) -> list[str]:
    """Kinds of alarms, raised with + and cleared with -, in their order."""
    return [
        ("+" if isinstance(event, AlarmRaised) else "-") + event.alarm.kind
        for event in unit.heard.drain()
        if isinstance(event, AlarmRaised | AlarmCleared)
    ]


@pytest.mark.parametrize(
    ("flag", "kind", "severity"),
    [
        (UpsFlag.ON_BATTERY, "ups on battery", Severity.WARNING),
        (UpsFlag.LOW_BATTERY, "ups low battery", Severity.CRITICAL),
        (UpsFlag.REPLACE_BATTERY, "ups replace battery", Severity.WARNING),
        (UpsFlag.OVERLOADED, "ups overloaded", Severity.CRITICAL),
    ],
)
def test_an_alarm_is_raised_once_and_ends_by_itself(
    flag: UpsFlag, kind: str, severity: Severity
) -> None:
    unit = Workbench(outlets=1)
    unit.core.on_upses((ONLINE,))
    for charge_pct in (90.0, 80.0, 70.0):
        unit.core.on_upses((saying(flag, charge_pct=charge_pct),))
        unit.run(2.0)
    assert told(unit) == [f"+{kind}"]
    (alarm,) = unit.alarms(kind)
    assert alarm.severity is severity
    unit.core.on_upses((ONLINE,))
    assert told(unit) == [f"-{kind}"]
    assert unit.core.snapshot.alarms == ()


def test_figures_of_an_outage_are_renewed_in_the_text() -> None:
    unit = Workbench(outlets=1)
    for charge_pct in (100.0, 61.0):
        unit.core.on_upses((saying(UpsFlag.ON_BATTERY, charge_pct=charge_pct, runtime_s=600.0),))
    (alarm,) = unit.alarms("ups on battery")
    assert "charge 61 %" in alarm.text
    assert "10 min left" in alarm.text


@pytest.mark.parametrize(
    ("runtime_s", "told"), [(29.0, "29 s left"), (96.4, "96 s left"), (239.0, "3 min left")]
)
def test_an_alarm_never_tells_of_more_time_than_there_is(runtime_s: float, told: str) -> None:
    unit = Workbench(outlets=1)
    for _ in range(2):
        unit.core.on_upses((saying(UpsFlag.ON_BATTERY, runtime_s=runtime_s),))
    (alarm,) = unit.alarms("ups on battery")
    assert alarm.text.endswith(told)


def test_a_lost_ups_keeps_its_alarms_and_gets_one_more() -> None:
    unit = Workbench(outlets=1)
    on_battery = saying(UpsFlag.ON_BATTERY)
    lost = replace(on_battery, unreachable_since_s=5.0, trouble="nothing listens there")
    for ups in (ONLINE, on_battery, lost, lost):
        unit.core.on_upses((ups,))
    assert told(unit) == ["+ups on battery", "+ups unreachable"]
    (alarm,) = unit.alarms("ups unreachable")
    assert "nothing listens there" in alarm.text
    assert "rack@127.0.0.1:3493" in alarm.text
    unit.core.on_upses((ONLINE,))
    assert sorted(told(unit)) == ["-ups on battery", "-ups unreachable"]


def test_one_that_was_not_asked_yet_is_no_alarm_but_one_that_fails_is() -> None:
    unit = Workbench(outlets=1)
    unit.core.on_upses((NOT_YET,))
    assert told(unit) == []
    unit.core.on_upses((replace(NOT_YET, trouble="its login is refused"),))
    assert told(unit) == ["+ups unreachable"]


def test_a_ups_that_is_not_configured_any_more_has_no_alarms() -> None:
    unit = Workbench(outlets=1)
    unit.core.on_upses((saying(UpsFlag.ON_BATTERY, UpsFlag.OVERLOADED),))
    unit.core.on_upses(())
    assert unit.core.snapshot.alarms == ()
    assert unit.core.snapshot.upses == ()


def test_changes_of_flags_and_of_reach_are_events_and_numbers_are_not() -> None:
    unit = Workbench(outlets=1)
    states = (
        NOT_YET,
        ONLINE,
        replace(ONLINE, charge_pct=99.0),
        saying(UpsFlag.ON_BATTERY),
        saying(UpsFlag.ON_BATTERY, charge_pct=50.0, on_battery_s=20.0),
        saying(UpsFlag.ON_BATTERY, unreachable_since_s=30.0),
        ONLINE,
    )
    for ups in states:
        unit.core.on_upses((ups,))
    events = [event for event in unit.events(UpsChanged) if isinstance(event, UpsChanged)]
    assert [event.new for event in events] == [states[1], states[3], states[5], states[6]]
    assert [event.old for event in events] == [states[0], states[2], states[4], states[5]]


def test_mains_that_comes_and_goes_does_not_flood() -> None:
    unit = Workbench(outlets=1)
    unit.core.on_upses((ONLINE,))
    for _ in range(200):
        for ups in (saying(UpsFlag.ON_BATTERY), ONLINE):
            unit.core.on_upses((ups,))
            unit.run(1.0)
    assert len(told(unit)) < 40
    unit.run(120.0)
    assert unit.core.snapshot.alarms == ()


def test_alarms_and_the_log_say_which_ups_it_is_about() -> None:
    unit = Workbench(outlets=1)
    unit.core.on_upses((ONLINE, replace(ONLINE, index=2, name="hall")))
    unit.core.on_upses((ONLINE, saying(UpsFlag.ON_BATTERY, index=2, name="hall")))
    target = Target(TargetKind.UPS, 2)
    assert [alarm.target for alarm in unit.core.snapshot.alarms] == [target]
    unit.core.on_upses((saying(UpsFlag.ON_BATTERY, name="hall"),))
    moved = Target(TargetKind.UPS, 1)
    assert [alarm.target for alarm in unit.core.snapshot.alarms] == [moved]
    newest = unit.core.snapshot.events[-1]
    assert (newest.kind, newest.target) == (EventKind.UPS_CHANGED, target)


def test_each_minute_on_battery_is_told_and_a_silent_ups_is_not_said_to_be() -> None:
    unit = Workbench(outlets=1)
    on_battery = saying(UpsFlag.ON_BATTERY)
    unit.core.on_upses((ONLINE,))
    unit.heard.drain()

    def at(second: float, **changes: object) -> list[float]:
        """What is told of now: for how long it has been on battery."""
        now = replace(on_battery, on_battery_s=second, **changes)  # type: ignore[arg-type]
        unit.core.on_upses((now,))
        return [e.ups.on_battery_s for e in unit.heard.drain() if isinstance(e, UpsOnBattery)]

    assert [at(second) for second in (0.0, 59.9, 60.1, 90.0, 119.0)] == [[], [], [60.1], [], []]
    charging = frozenset({UpsFlag.ON_BATTERY, UpsFlag.DISCHARGING})
    assert at(121.0, flags=charging) == [121.0]
    assert at(190.0, unreachable_since_s=125.0, flags=charging) == []
    assert at(200.0, flags=charging) == [200.0]
    unit.core.on_upses((ONLINE,))
    assert not [e for e in unit.heard.drain() if isinstance(e, UpsOnBattery)]


def test_the_log_tells_what_is_over_while_something_else_stands() -> None:
    unit = Workbench(outlets=1)
    worn = UpsFlag.REPLACE_BATTERY
    for ups in (saying(worn), saying(worn, UpsFlag.ON_BATTERY), saying(worn)):
        unit.core.on_upses((ups,))
    told = [entry.text for entry in unit.core.snapshot.events if "UPS rack" in entry.text]
    assert told == [
        "UPS rack: its battery is worn out and has to be replaced",
        "UPS rack: mains has failed, it runs on battery, charge 100 %",
        "UPS rack: mains is back",
    ]


def test_a_ups_that_has_not_been_asked_is_no_alarm_when_another_answers() -> None:
    unit = Workbench(outlets=1)
    hall = replace(NOT_YET, index=2, name="hall")
    unit.core.on_upses((NOT_YET, hall))
    unit.core.on_upses((ONLINE, hall))
    unit.core.on_upses((replace(ONLINE, charge_pct=99.0), hall))
    assert told(unit) == []
    unit.core.on_upses((ONLINE, replace(ONLINE, index=2, name="hall")))
    assert told(unit) == []


def test_a_ups_that_cannot_be_reached_from_the_start_is_told_once() -> None:
    unit = Workbench(outlets=1)
    refused = replace(NOT_YET, trouble="its login is refused")
    timed_out = replace(NOT_YET, trouble="no answer for 5 s")
    for ups in (NOT_YET, NOT_YET, refused, refused, timed_out, refused):
        unit.core.on_upses((ups,))
    events = [event for event in unit.events(UpsChanged) if isinstance(event, UpsChanged)]
    assert [(event.old, event.new) for event in events] == [(NOT_YET, refused)]
