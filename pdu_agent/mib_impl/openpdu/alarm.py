# SPDX-License-Identifier: Apache-2.0
"""OPENPDU-MIB opduAlarms: what is wrong now, and what happened."""

from __future__ import annotations

from pdu_agent.access.needs import outlet_of
from pdu_agent.mib_impl.conventions import AutonomousType, RowPointer, TruthValue
from pdu_agent.mib_impl.openpdu.pointers import alarm_kind, event_kind, source_of
from pdu_agent.mib_impl.openpdu.words import SEVERITY
from pdu_agent.mib_impl.schema import ObjectType, Scalars, Table, whole
from pdu_agent.mib_impl.syntax import DateAndTime, Gauge32, Oid, Unsigned32, Utf8
from pdu_agent.model.commands import AcknowledgeAlarm
from pdu_agent.model.snapshot import Alarm, LoggedEvent, Snapshot

ALARM_COUNT: Scalars[Snapshot] = Scalars(
    suffix=(8,),
    source=whole,
    objects=(
        ObjectType(1, "opduAlarmCount", Gauge32(), lambda snapshot: len(snapshot.alarms)),
        ObjectType(
            3,
            "opduEventLast",
            Unsigned32(),
            lambda snapshot: snapshot.events[-1].number if snapshot.events else 0,
        ),
    ),
)


def alarm_table(arc: Oid) -> Table[Alarm]:
    """arc: openpduMIB, which the OIDs among the values lie below."""
    return Table(
        suffix=(8, 2),
        name="opduAlarmTable",
        index=("opduAlarmIndex",),
        rows=lambda snapshot: (((alarm.id,), alarm) for alarm in snapshot.alarms),
        outlet=lambda alarm: outlet_of(alarm.target),
        objects=(
            ObjectType(1, "opduAlarmIndex", Unsigned32(1)),
            ObjectType(
                2, "opduAlarmKind", AutonomousType(), lambda alarm: (*arc, *alarm_kind(alarm))
            ),
            ObjectType(3, "opduAlarmSeverity", SEVERITY, lambda alarm: alarm.severity),
            ObjectType(
                4, "opduAlarmSource", RowPointer(), lambda alarm: source_of(alarm.target, arc)
            ),
            ObjectType(5, "opduAlarmText", Utf8(), lambda alarm: f"{alarm.subject}: {alarm.text}"),
            ObjectType(6, "opduAlarmSince", DateAndTime(), lambda alarm: alarm.since_wall_s),
            ObjectType(
                7,
                "opduAlarmAcknowledged",
                TruthValue(),
                lambda alarm: alarm.acknowledged,
                to_command=lambda alarm, seen: AcknowledgeAlarm(alarm.id, seen),
            ),
        ),
    )


def event_table(arc: Oid) -> Table[LoggedEvent]:
    """arc: openpduMIB, which the OIDs among the values lie below."""
    return Table(
        suffix=(8, 4),
        name="opduEventTable",
        index=("opduEventIndex",),
        rows=lambda snapshot: (((event.number,), event) for event in snapshot.events),
        outlet=lambda event: outlet_of(event.target),
        objects=(
            ObjectType(1, "opduEventIndex", Unsigned32(1)),
            ObjectType(2, "opduEventTime", DateAndTime(), lambda event: event.t_wall_s),
            ObjectType(
                3, "opduEventKind", AutonomousType(), lambda event: (*arc, *event_kind(event.kind))
            ),
            ObjectType(4, "opduEventSeverity", SEVERITY, lambda event: event.severity),
            ObjectType(
                5, "opduEventSource", RowPointer(), lambda event: source_of(event.target, arc)
            ),
            ObjectType(6, "opduEventText", Utf8(), lambda event: event.text),
            ObjectType(7, "opduEventUser", Utf8(), lambda event: event.user),
        ),
    )
