# SPDX-License-Identifier: Apache-2.0
"""opduUpsChanged by known answers, and what of a UPS is not worth one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pdu_agent.mib_impl.notifications import Notification, Notifications
from pdu_agent.mib_impl.openpdu import DEFAULT_ARC
from pdu_agent.mib_impl.syntax import Value
from pdu_agent.model.commands import NotificationClass, Target, TargetKind
from pdu_agent.model.events import AlarmCleared, AlarmRaised, Event, UpsChanged
from pdu_agent.model.snapshot import Alarm, Severity, Snapshot
from tests.mib.unit import UPSES, WALL_S, integer, modules, octets, unit
from tests.mib.ups_events import (
    BATTERY_LOW,
    CHARGING,
    LOST,
    MAINS_BACK,
    MAINS_LOST,
    ON_BATTERY,
    ON_MAINS,
    REACHED,
    WORN,
)

EVERYTHING = frozenset(NotificationClass)


def told(event: Event, notifying: frozenset[NotificationClass] = EVERYTHING) -> list[Notification]:
    now: Snapshot = replace(unit(), upses=UPSES, notifying=notifying)
    return list(Notifications(modules(), lambda: 101.5).of(event, now))


@pytest.mark.parametrize(
    ("event", "flags", "reachable", "text"),
    [
        (MAINS_LOST, "4100", 1, "UPS rack: it is on battery, charge 18 %, enough for 359 s"),
        (BATTERY_LOW, "6100", 1, "UPS rack: its battery is low, charge 18 %, enough for 359 s"),
        (MAINS_BACK, "8000", 1, "UPS rack: mains is back; its battery is no longer low"),
        (WORN, "9000", 1, "UPS rack: its battery is to be replaced"),
        (LOST, "9000", 2, "UPS hall: it cannot be reached: no answer for 15 s"),
        (REACHED, "9000", 1, "UPS hall: it is reached"),
    ],
)
def test_a_ups_that_changed_is_told_of(
    event: UpsChanged, flags: str, reachable: int, text: str
) -> None:
    (made,) = told(event)
    index = event.new.index
    entry = (*DEFAULT_ARC, 1, 9, 1, 1)
    assert made.oid == (*DEFAULT_ARC, 0, 23)
    expected: list[tuple[tuple[int, ...], Value]] = [
        ((*entry, 2, index), octets(event.new.name.encode())),
        ((*entry, 8, index), octets(bytes.fromhex(flags))),
        ((*entry, 9, index), integer(reachable)),
        ((*DEFAULT_ARC, 1, 12, 5, 0), octets(text.encode())),
    ]
    assert list(made.varbinds) == expected


def test_what_comes_and_goes_by_itself_is_not_told() -> None:
    assert told(CHARGING) == []


def test_a_silent_ups_does_not_say_how_long_its_battery_lasts() -> None:
    lost = replace(ON_BATTERY, unreachable_since_s=90.0, trouble="")
    (made,) = told(UpsChanged(WALL_S, ON_BATTERY, lost))
    assert made.varbinds[-1][1] == octets(b"UPS rack: it cannot be reached")


def test_numbers_that_are_none_are_not_told() -> None:
    odd = replace(ON_BATTERY, charge_pct=float("nan"), runtime_s=None)
    (made,) = told(UpsChanged(WALL_S, ON_MAINS, odd))
    assert made.varbinds[-1][1] == octets(b"UPS rack: it is on battery")


def test_the_class_of_upses_switches_it() -> None:
    assert told(MAINS_LOST, EVERYTHING - {NotificationClass.UPS}) == []
    assert len(told(MAINS_LOST, frozenset({NotificationClass.UPS}))) == 1


def test_an_alarm_of_a_ups_is_not_a_fault_of_the_unit_as_well() -> None:
    target = Target(TargetKind.UPS, 1)
    alarm = Alarm(7, "ups", Severity.WARNING, "UPS rack", "on battery", WALL_S, target)
    assert told(AlarmRaised(WALL_S, alarm)) == told(AlarmCleared(WALL_S, alarm)) == []


def test_a_ups_that_was_never_reached_is_told_of_with_the_reason() -> None:
    never = replace(UPSES[1], flags=frozenset(), trouble="not asked yet")
    (made,) = told(UpsChanged(WALL_S, never, replace(never, trouble="its login is refused")))
    assert made.varbinds[-1][1] == octets(b"UPS hall: it cannot be reached: its login is refused")
