# SPDX-License-Identifier: Apache-2.0
"""UPS-MIB upsTraps: what is told of the one UPS that there is room for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pdu_agent.mib_impl.one_ups import first_ups
from pdu_agent.mib_impl.schema import NotificationType, Tell, Told
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.mib_impl.ups.alarms import ON_BATTERY, alarms_of, description
from pdu_agent.mib_impl.ups.unit import whole_minutes
from pdu_agent.mib_impl.upses import finite, measured
from pdu_agent.model.commands import NotificationClass
from pdu_agent.model.events import Event, UpsChanged, UpsOnBattery
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.model.ups import Ups, UpsFlag

_SCALAR: Oid = (0,)
_ENTRY = ("upsAlarmId", "upsAlarmDescr")

TRAP_ON_BATTERY = NotificationType(
    1,
    "upsTrapOnBattery",
    NotificationClass.UPS,
    ("upsEstimatedMinutesRemaining", "upsSecondsOnBattery", "upsConfigLowBattTime"),
)
ENTRY_ADDED = NotificationType(3, "upsTrapAlarmEntryAdded", NotificationClass.UPS, _ENTRY)
ENTRY_REMOVED = NotificationType(4, "upsTrapAlarmEntryRemoved", NotificationClass.UPS, _ENTRY)
NOTIFICATIONS = (TRAP_ON_BATTERY, ENTRY_ADDED, ENTRY_REMOVED)


def _is_shown(ups: Ups, snapshot: Snapshot) -> bool:
    shown = first_ups(snapshot)
    return shown is not None and shown.name == ups.name


def _ups_changed(event: UpsChanged, snapshot: Snapshot) -> Iterator[Told]:
    """upsAlarmOnBattery is not told of as an alarm when it comes: that has a trap of its own."""
    if not _is_shown(event.new, snapshot):
        return
    old = {alarm for alarm, _ in alarms_of(event.old)}
    new = {alarm for alarm, _ in alarms_of(event.new)}
    if UpsFlag.ON_BATTERY in event.new.flags and UpsFlag.ON_BATTERY not in event.old.flags:
        yield _on_battery(event.new)
    yield from _entries(ENTRY_ADDED, new - old - {ON_BATTERY})
    yield from _entries(ENTRY_REMOVED, old - new)


def _entries(kind: NotificationType, alarms: Iterable[int]) -> Iterator[Told]:
    for alarm in sorted(alarms):
        yield Told(kind, (((alarm,), alarm), ((alarm,), description(alarm))))


def _still_on_battery(event: UpsOnBattery, snapshot: Snapshot) -> Iterator[Told]:
    if _is_shown(event.ups, snapshot):
        yield _on_battery(event.ups)


def _on_battery(ups: Ups) -> Told:
    """What the UPS does not tell is left out: zero minutes would say that the battery is empty."""
    return Told(
        TRAP_ON_BATTERY,
        (
            (_SCALAR, whole_minutes(measured(ups, ups.runtime_s))),
            (_SCALAR, measured(ups, ups.on_battery_s)),
            (_SCALAR, whole_minutes(finite(ups.low_runtime_s))),
        ),
    )


TELLING: Mapping[type[Event], Tell] = {UpsChanged: _ups_changed, UpsOnBattery: _still_on_battery}
