# SPDX-License-Identifier: Apache-2.0
"""The notifications of UPS-MIB by known answers: OID, varbinds, order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pdu_agent.mib_impl.identity import agent_modules
from pdu_agent.mib_impl.notifications import Notifications
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.model.commands import NotificationClass
from pdu_agent.model.events import Event, UpsChanged, UpsOnBattery
from pdu_agent.model.ups import Ups, UpsFlag
from tests.mib.unit import UPSES, WALL_S, unit
from tests.mib.ups_events import BATTERY_LOW, CHARGING, MAINS_BACK, MAINS_LOST, ON_BATTERY, ON_MAINS

UPS_MIB: Oid = (1, 3, 6, 1, 2, 1, 33)
MINUTES, SECONDS, LOW_TIME = (
    (*UPS_MIB, 1, *map(int, end.split("."))) for end in ("2.3.0", "2.2.0", "9.7.0")
)
ON_BATTERY_NUMBER, ADDED, REMOVED = 1, 3, 4

MODULES = agent_modules(lambda: 0.0, SnmpCounters(), mibs=("ups",))


def told(
    event: Event,
    upses: tuple[Ups, ...] = UPSES,
    notifying: frozenset[NotificationClass] = frozenset(NotificationClass),
) -> list[tuple[int, dict[Oid, object]]]:
    """The number of each notification, and its varbinds."""
    now = replace(unit(), upses=upses, notifying=notifying)
    made = Notifications(MODULES, lambda: 0.0).of(event, now)
    assert all(each.oid[:-1] == (*UPS_MIB, 2) for each in made)
    return [(each.oid[-1], {oid: v.content for oid, v in each.varbinds}) for each in made]


def entry(number: int, alarm: int) -> tuple[int, dict[Oid, object]]:
    row = {
        (*UPS_MIB, 1, 6, 2, 1, 1, alarm): alarm,
        (*UPS_MIB, 1, 6, 2, 1, 2, alarm): (*UPS_MIB, 1, 6, 3, alarm),
    }
    return number, dict(row)


def test_a_ups_that_lost_mains_has_a_trap_of_its_own() -> None:
    assert told(MAINS_LOST) == [(ON_BATTERY_NUMBER, {MINUTES: 5, SECONDS: 61, LOW_TIME: 2})]


def test_it_is_sent_again_with_what_is_left_then() -> None:
    later = replace(ON_BATTERY, on_battery_s=120.2, runtime_s=299.0)
    assert told(UpsOnBattery(WALL_S, later)) == [
        (ON_BATTERY_NUMBER, {MINUTES: 4, SECONDS: 120, LOW_TIME: 2})
    ]


def test_what_a_ups_does_not_tell_is_not_sent_as_zero() -> None:
    terse = replace(ON_BATTERY, runtime_s=None, low_runtime_s=float("nan"))
    assert told(UpsOnBattery(WALL_S, terse)) == [(ON_BATTERY_NUMBER, {SECONDS: 61})]


def test_alarms_that_come_and_go_are_told_with_their_rows() -> None:
    assert told(BATTERY_LOW) == [entry(ADDED, 3)]
    # That of the battery is told only when it goes (RFC 1628, upsTrapAlarmEntryRemoved).
    assert told(MAINS_BACK) == [entry(REMOVED, 2), entry(REMOVED, 3)]
    assert told(CHARGING) == []


@pytest.mark.parametrize(
    ("flag", "alarm"),
    [
        (UpsFlag.REPLACE_BATTERY, 1),
        (UpsFlag.OVERLOADED, 8),
        (UpsFlag.BYPASS, 9),
        (UpsFlag.OFF, 14),
        (UpsFlag.FORCED_SHUTDOWN, 22),
    ],
)
def test_each_alarm_has_its_number(flag: UpsFlag, alarm: int) -> None:
    with_it = replace(ON_MAINS, flags=ON_MAINS.flags | {flag})
    assert told(UpsChanged(WALL_S, ON_MAINS, with_it)) == [entry(ADDED, alarm)]
    assert told(UpsChanged(WALL_S, with_it, ON_MAINS)) == [entry(REMOVED, alarm)]


def test_a_ups_that_falls_silent_is_told_of() -> None:
    silent = replace(ON_MAINS, unreachable_since_s=70.0)
    assert told(UpsChanged(WALL_S, ON_MAINS, silent)) == [entry(ADDED, 20)]
    assert told(UpsChanged(WALL_S, silent, ON_MAINS)) == [entry(REMOVED, 20)]


def test_only_the_ups_that_the_mib_shows_is_told_of() -> None:
    assert told(MAINS_LOST, UPSES[::-1]) == []
    assert told(UpsOnBattery(WALL_S, ON_BATTERY), UPSES[::-1]) == []
    assert told(MAINS_LOST, ()) == []


def test_their_class_switches_them() -> None:
    assert told(MAINS_LOST, notifying=frozenset(NotificationClass) - {NotificationClass.UPS}) == []
