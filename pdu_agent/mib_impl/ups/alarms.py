# SPDX-License-Identifier: Apache-2.0
"""UPS-MIB upsAlarm: the conditions that hold now, one row each."""

from __future__ import annotations

from collections.abc import Iterable

from pdu_agent.mib_impl.conventions import AutonomousType
from pdu_agent.mib_impl.one_ups import first_ups, of_ups
from pdu_agent.mib_impl.schema import ObjectType, Scalars, Table
from pdu_agent.mib_impl.syntax import Gauge32, Integer32, Oid, TimeStamp
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.model.ups import Ups, UpsFlag

_WELL_KNOWN: Oid = (1, 3, 6, 1, 2, 1, 33, 1, 6, 3)
ON_BATTERY = 2
"""upsAlarmOnBattery"""
_KINDS = {
    UpsFlag.REPLACE_BATTERY: 1,  # upsAlarmBatteryBad
    UpsFlag.ON_BATTERY: ON_BATTERY,
    UpsFlag.LOW_BATTERY: 3,  # upsAlarmLowBattery
    UpsFlag.OVERLOADED: 8,  # upsAlarmOutputOverload
    UpsFlag.BYPASS: 9,  # upsAlarmOnBypass
    UpsFlag.OFF: 14,  # upsAlarmUpsOutputOff
    UpsFlag.FORCED_SHUTDOWN: 22,  # upsAlarmShutdownPending
}
_COMMUNICATIONS_LOST = 20  # upsAlarmCommunicationsLost

_Alarm = tuple[int, float]
"""The last number of the kind's OID, and the uptime at which it began."""


def alarms_of(ups: Ups) -> list[_Alarm]:
    """One that nobody saw begin was there before the agent: 0, as RFC 1628 has it."""
    found = [
        (kind, ups.since_s.get(flag, 0.0)) for flag, kind in _KINDS.items() if flag in ups.flags
    ]
    if ups.unreachable_since_s is not None:
        found.append((_COMMUNICATIONS_LOST, ups.unreachable_since_s))
    return found


def description(alarm: int) -> Oid:
    """upsAlarmDescr of the alarm with this number."""
    return (*_WELL_KNOWN, alarm)


def _rows(snapshot: Snapshot) -> Iterable[tuple[Oid, _Alarm]]:
    """A kind can hold once, so its number is the index as well: it never changes meanwhile."""
    ups = first_ups(snapshot)
    return () if ups is None else (((alarm[0],), alarm) for alarm in alarms_of(ups))


ALARM_COUNT: Scalars[Ups | None] = Scalars(
    suffix=(6,),
    source=first_ups,
    objects=(
        ObjectType(1, "upsAlarmsPresent", Gauge32(), of_ups(lambda ups: len(alarms_of(ups)))),
    ),
)

ALARMS: Table[_Alarm] = Table(
    suffix=(6, 2),
    name="upsAlarmTable",
    index=("upsAlarmId",),
    rows=_rows,
    objects=(
        ObjectType(1, "upsAlarmId", Integer32(1)),
        ObjectType(2, "upsAlarmDescr", AutonomousType(), lambda alarm: description(alarm[0])),
        ObjectType(3, "upsAlarmTime", TimeStamp(), lambda alarm: alarm[1]),
    ),
)
