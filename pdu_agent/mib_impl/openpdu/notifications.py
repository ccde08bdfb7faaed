# SPDX-License-Identifier: Apache-2.0
"""Which notifications of OPENPDU-MIB tell of which event, and with what values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pdu_agent.mib_impl.openpdu import notification_types as types
from pdu_agent.mib_impl.openpdu.control_notifications import telling_of_control
from pdu_agent.mib_impl.openpdu.pointers import is_of_sensor, is_of_ups, source_of
from pdu_agent.mib_impl.openpdu.threshold import threshold_index
from pdu_agent.mib_impl.openpdu.ups import flag_labels
from pdu_agent.mib_impl.openpdu.words import scale_of
from pdu_agent.mib_impl.schema import NotificationType, Tell, Told
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.mib_impl.upses import news
from pdu_agent.model.commands import Target, change_settings
from pdu_agent.model.events import (
    AgentStarted,
    AlarmCleared,
    AlarmRaised,
    CommandAccepted,
    CommandFailed,
    Event,
    OutletChanged,
    SensorChanged,
    UpsChanged,
)
from pdu_agent.model.snapshot import Alarm, Crossing, Outlet, Snapshot

_SCALAR: Oid = (0,)


def _outlet(number: int, snapshot: Snapshot) -> Outlet:
    return next(outlet for outlet in snapshot.outlets if outlet.index == number)


def _outlet_changed(event: OutletChanged, snapshot: Snapshot) -> Iterator[Told]:
    index = (event.outlet,)
    name = _outlet(event.outlet, snapshot).name
    yield Told(
        types.OUTLET_STATE_CHANGE, ((index, name), (index, event.new), (index, event.reason))
    )


def _command_failed(event: CommandFailed, snapshot: Snapshot) -> Iterator[Told]:
    index, outlet = (event.outlet,), _outlet(event.outlet, snapshot)
    yield Told(
        types.OUTLET_COMMAND_FAILED,
        ((index, outlet.name), (index, outlet.state), (_SCALAR, event.text)),
    )


def _command_accepted(event: CommandAccepted, _: Snapshot) -> Iterator[Told]:
    if change_settings(event.commands):
        yield Told(types.CONFIG_CHANGED, ((_SCALAR, str(event.actor)),))


def _alarm_raised(arc: Oid, event: AlarmRaised, _: Snapshot) -> Iterator[Told]:
    yield from _alarm(event.alarm, arc, types.THRESHOLD_RAISED, types.HARDWARE_FAULT)


def _alarm_cleared(arc: Oid, event: AlarmCleared, _: Snapshot) -> Iterator[Told]:
    yield from _alarm(event.alarm, arc, types.THRESHOLD_CLEARED, types.HARDWARE_FAULT_CLEARED)


def _alarm(
    alarm: Alarm, arc: Oid, crossed: NotificationType, faulty: NotificationType
) -> Iterator[Told]:
    if alarm.crossing is not None and alarm.target is not None:
        yield Told(crossed, _crossing(alarm.target, alarm.crossing, arc))
    elif not is_of_sensor(alarm) and not is_of_ups(alarm):  # which SensorChanged, UpsChanged tell
        yield Told(
            faulty,
            (
                (_SCALAR, source_of(alarm.target, arc)),
                ((alarm.id,), alarm.severity),
                (_SCALAR, f"{alarm.subject}: {alarm.text}"),
            ),
        )


def _crossing(target: Target, crossing: Crossing, arc: Oid) -> tuple[tuple[Oid, Any], ...]:
    scale = scale_of(crossing.quantity)
    return (
        (_SCALAR, source_of(target, arc)),
        (_SCALAR, crossing.quantity),
        (_SCALAR, crossing.value * scale),
        (_SCALAR, crossing.limit * scale),
        (threshold_index(target, crossing.quantity), crossing.state),
    )


def _sensor_changed(event: SensorChanged, snapshot: Snapshot) -> Iterator[Told]:
    index = (event.sensor,)
    name = next(sensor.name for sensor in snapshot.sensors if sensor.index == event.sensor)
    yield Told(types.SENSOR_STATUS_CHANGE, ((index, name), (index, event.new)))


def _ups_changed(event: UpsChanged, _: Snapshot) -> Iterator[Told]:
    ups, text = event.new, news(event.old, event.new)
    if text:
        index = (ups.index,)
        yield Told(
            types.UPS_CHANGED,
            (
                (index, ups.name),
                (index, flag_labels(ups)),
                (index, ups.is_reachable),
                (_SCALAR, text),
            ),
        )


def _agent_started(event: AgentStarted, snapshot: Snapshot) -> Iterator[Told]:
    boards = ", ".join(event.cold_banks) or "none"
    text = f"start {event.boots}; boards that had lost their power: {boards}"
    version = snapshot.device.software_version
    yield Told(types.AGENT_STARTING, ((_SCALAR, version), (_SCALAR, text)))


def telling(arc: Oid) -> Mapping[type[Event], Tell]:
    """For openpduMIB at `arc`."""
    return {
        OutletChanged: _outlet_changed,
        CommandAccepted: _command_accepted,
        CommandFailed: _command_failed,
        # A point that is silent has a source that is: its alarm tells of all its points.
        AlarmRaised: partial(_alarm_raised, arc),
        AlarmCleared: partial(_alarm_cleared, arc),
        SensorChanged: _sensor_changed,
        AgentStarted: _agent_started,
        UpsChanged: _ups_changed,
        **telling_of_control(arc),
    }
