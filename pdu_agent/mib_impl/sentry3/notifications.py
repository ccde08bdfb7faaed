# SPDX-License-Identifier: Apache-2.0
"""Which notifications of Sentry3-MIB tell of which event, and with what values.

Statuses and measured values are those of the event; names and limits are as they are now.
What has no row in the MIB is not told of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pdu_agent.mib_impl.schema import NotificationType, Table, Tell, Told
from pdu_agent.mib_impl.sentry.values import in_scale
from pdu_agent.mib_impl.sentry3 import notification_types as types
from pdu_agent.mib_impl.sentry3.branch import BRANCHES, branch_status
from pdu_agent.mib_impl.sentry3.env_mon import CONTACTS, ENV_MONS, closure_status
from pdu_agent.mib_impl.sentry3.infeed import INFEEDS
from pdu_agent.mib_impl.sentry3.measured import load_of
from pdu_agent.mib_impl.sentry3.monitors import Probe
from pdu_agent.mib_impl.sentry3.objects import GROUPS
from pdu_agent.mib_impl.sentry3.outlet import OUTLETS
from pdu_agent.mib_impl.sentry3.outlet_states import control_state, outlet_status
from pdu_agent.mib_impl.sentry3.points import InfeedRow
from pdu_agent.mib_impl.sentry3.probe import PROBES, humid_of, probe_status, temp_of
from pdu_agent.mib_impl.sentry3.tower import STATUS_OF_ALARM, TOWERS, tower_status
from pdu_agent.mib_impl.sentry3.words import is_error
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.model.commands import Quantity, Target, TargetKind
from pdu_agent.model.events import (
    AlarmCleared,
    AlarmRaised,
    ContactChanged,
    Event,
    OutletChanged,
    ReadingLost,
    ReadingRestored,
    SensorChanged,
)
from pdu_agent.model.snapshot import Alarm, Crossing, Fault, OutletState, SensorStatus, Snapshot

_GET = {
    declared.name: declared.get
    for group in GROUPS
    for declared in group.objects
    if declared.get is not None
}
_SCALAR: Oid = (0,)
_SENSED = (Fault.WELDED, Fault.FUSE)
_OUT_OF_ORDER = (OutletState.FAULT, OutletState.UNKNOWN)
_ON_BEFORE = {
    OutletState.ON: True,
    OutletState.ON_PENDING: True,
    OutletState.OFF: False,
    OutletState.OFF_PENDING: False,
    OutletState.REBOOTING: False,
}
"""Which statuses outletChangeEvent takes for on: those that wait are where they are going."""

_Found = tuple[Oid, Any]
"""The index of a row, and the row."""


def _told(
    kind: NotificationType,
    snapshot: Snapshot,
    found: _Found,
    status: str,
    **at_event: Any,
) -> Told:
    """at_event: values by the object's name that the row may not have any more."""
    index, row = found
    given = {
        "systemLocation": snapshot.device.location,
        "eventStatusText": status,
        "eventStatusCondition": is_error(status),
    }
    at_event[kind.objects[types.STATUS]] = status

    def value(name: str) -> tuple[Oid, Any]:
        if name in given:
            return _SCALAR, given[name]
        return index, at_event[name] if name in at_event else _GET[name](row)

    return Told(kind, tuple(map(value, kind.objects)))


def _outlet_changed(event: OutletChanged, snapshot: Snapshot) -> Iterator[Told]:
    """Of an outlet out of order, or no longer so, outletStatusEvent tells besides."""
    for found in _rows_of(Target(TargetKind.OUTLET, event.outlet), snapshot):
        outlet = found[1].outlet
        outlet = replace(outlet, state=event.new, pending=None, last_reason=event.reason)
        status = outlet_status(outlet)
        if _is_between_on_and_off(event, status):
            state = control_state(outlet)
            yield _told(types.OUTLET_CHANGE, snapshot, found, status, outletControlState=state)
        if is_error(status) or event.old in _OUT_OF_ORDER:
            yield _told(types.OUTLET_STATUS, snapshot, found, status)


def _is_between_on_and_off(event: OutletChanged, status: str) -> bool:
    """status: the new one. Where it was or is not known whether the outlet is on, nothing has
    changed to on or off; how a fault had left it the event does not say, so its end is told.
    """
    if event.old is OutletState.UNKNOWN or status == "noComm":
        return False
    return _ON_BEFORE.get(event.old) is not status.startswith("on")


def _alarm_raised(event: AlarmRaised, snapshot: Snapshot) -> Iterator[Told]:
    alarm = event.alarm
    if alarm.kind in STATUS_OF_ALARM:
        yield _tower(STATUS_OF_ALARM[alarm.kind], snapshot)
    yield from _fault(alarm, snapshot)
    yield from _crossing(alarm, snapshot)


def _alarm_cleared(event: AlarmCleared, snapshot: Snapshot) -> Iterator[Told]:
    """The tower is normal again when nothing else is wrong with it."""
    alarm = event.alarm
    if alarm.kind in STATUS_OF_ALARM:
        over = (alarm.kind, alarm.subject)
        others = (each for each in snapshot.alarms if (each.kind, each.subject) != over)
        yield _tower(tower_status(others), snapshot)
    yield from _fault(alarm, snapshot)
    yield from _crossing(alarm, snapshot)


def _tower(status: str, snapshot: Snapshot) -> Told:
    (found,) = TOWERS.rows(snapshot)
    return _told(types.TOWER_STATUS, snapshot, found, status)


def _fault(alarm: Alarm, snapshot: Snapshot) -> Iterator[Told]:
    """A welded relay or a fuse, or its end; of a relay that disobeys OutletChanged tells."""
    if alarm.target is None or alarm.fault not in _SENSED:
        return
    for found in _rows_of(alarm.target, snapshot):
        row = found[1]
        if alarm.target.kind is TargetKind.OUTLET:
            yield _told(types.OUTLET_STATUS, snapshot, found, outlet_status(row.outlet))
        else:
            yield _told(types.BRANCH_STATUS, snapshot, found, branch_status(row))


def _crossing(alarm: Alarm, snapshot: Snapshot) -> Iterator[Told]:
    target, crossing = alarm.target, alarm.crossing
    if target is not None and crossing is not None:
        told = _CROSSED.get((target.kind, crossing.quantity))
        if told is not None:
            for found in _rows_of(target, snapshot):
                yield told(snapshot, found, crossing)


def _infeed_load(snapshot: Snapshot, found: _Found, crossing: Crossing) -> Told:
    status = load_of(crossing.state)
    return _told(types.INFEED_LOAD, snapshot, found, status, infeedLoadValue=crossing.value)


def _outlet_load(snapshot: Snapshot, found: _Found, crossing: Crossing) -> Told:
    status = load_of(crossing.state, found[1].outlet.is_on)
    return _told(types.OUTLET_LOAD, snapshot, found, status, outletLoadValue=crossing.value)


def _branch_load(snapshot: Snapshot, found: _Found, crossing: Crossing) -> Told:
    status = load_of(crossing.state)
    return _told(types.BRANCH_LOAD, snapshot, found, status, branchLoadValue=crossing.value)


def _temperature(snapshot: Snapshot, found: _Found, crossing: Crossing) -> Told:
    degrees = in_scale(crossing.value, found[1].scale)
    status = temp_of(crossing.state)
    return _told(types.TEMPERATURE, snapshot, found, status, tempHumidSensorTempValue=degrees)


def _humidity(snapshot: Snapshot, found: _Found, crossing: Crossing) -> Told:
    status = humid_of(crossing.state)
    return _told(types.HUMIDITY, snapshot, found, status, tempHumidSensorHumidValue=crossing.value)


_CROSSED: Mapping[tuple[TargetKind, Quantity], Callable[[Snapshot, _Found, Crossing], Told]] = {
    (TargetKind.INLET, Quantity.CURRENT): _infeed_load,
    (TargetKind.LINE, Quantity.CURRENT): _infeed_load,
    (TargetKind.OUTLET, Quantity.CURRENT): _outlet_load,
    (TargetKind.BRANCH, Quantity.CURRENT): _branch_load,
    (TargetKind.SENSOR, Quantity.TEMPERATURE): _temperature,
    (TargetKind.SENSOR, Quantity.HUMIDITY): _humidity,
}
"""The MIB has no other limits."""


def _reading_lost(event: ReadingLost, snapshot: Snapshot) -> Iterator[Told]:
    yield from _reachable(event.target, "noComm", snapshot)


def _reading_restored(event: ReadingRestored, snapshot: Snapshot) -> Iterator[Told]:
    yield from _reachable(event.target, "on", snapshot)


def _reachable(target: Target, status: str, snapshot: Snapshot) -> Iterator[Told]:
    """The status of an outlet is that of its relay, not of its meter."""
    kinds = {
        TargetKind.INLET: types.INFEED_STATUS,
        TargetKind.LINE: types.INFEED_STATUS,
        TargetKind.BRANCH: types.BRANCH_STATUS,
    }
    if target.kind in kinds:
        for found in _rows_of(target, snapshot):
            yield _told(kinds[target.kind], snapshot, found, status)


def _sensor_changed(event: SensorChanged, snapshot: Snapshot) -> Iterator[Told]:
    """A probe loses or finds both of its values at once; it is told of with the first."""
    for found in _rows_of(Target(TargetKind.SENSOR, event.sensor), snapshot):
        sensor = found[1].sensor
        if sensor.index == event.sensor:
            before, now = (
                probe_status(replace(sensor, status=status)) for status in (event.old, event.new)
            )
            if now != before:
                yield _told(types.PROBE_STATUS, snapshot, found, now)
    yield from _closures(event.sensor, snapshot, status=event.new)


def _contact_changed(event: ContactChanged, snapshot: Snapshot) -> Iterator[Told]:
    value = float(event.closed)
    yield from _closures(event.sensor, snapshot, status=SensorStatus.OK, value=value)


def _closures(number: int, snapshot: Snapshot, **then: Any) -> Iterator[Told]:
    """then: what the sensor, if it is a contact or for water, was at the event."""
    for index, contact in CONTACTS.rows(snapshot):
        if contact.sensor.index == number:
            status = closure_status(replace(contact.sensor, **then))
            yield _told(types.CONTACT, snapshot, (index, contact), status)
    for index, monitor in ENV_MONS.rows(snapshot):
        if monitor.water is not None and monitor.water.index == number:
            status = closure_status(replace(monitor.water, **then))
            yield _told(types.WATER, snapshot, (index, monitor), status)


def _rows_of(target: Target, snapshot: Snapshot) -> Iterator[_Found]:
    """The row about the target, if there is one."""
    table, belongs = _ROWS[target.kind]
    return (found for found in table.rows(snapshot) if belongs(found[1], target.index))


def _target(row: InfeedRow) -> tuple[int | None, int]:
    """The number of its line, if it is one, and that of its inlet."""
    return (None if row.line is None else row.line.index), row.inlet.index


def _is_half(probe: Probe, number: int) -> bool:
    return any(half.sensor.index == number for half in probe.halves)


_ROWS: Mapping[TargetKind, tuple[Table[Any], Callable[[Any, int], bool]]] = {
    TargetKind.INLET: (INFEEDS, lambda row, number: _target(row) == (None, number)),
    TargetKind.LINE: (INFEEDS, lambda row, number: _target(row)[0] == number),
    TargetKind.BRANCH: (BRANCHES, lambda row, number: row.branch.index == number),
    TargetKind.OUTLET: (OUTLETS, lambda row, number: row.outlet.index == number),
    TargetKind.SENSOR: (PROBES, _is_half),
}

TELLING: Mapping[type[Event], Tell] = {
    OutletChanged: _outlet_changed,
    AlarmRaised: _alarm_raised,
    AlarmCleared: _alarm_cleared,
    ReadingLost: _reading_lost,
    ReadingRestored: _reading_restored,
    SensorChanged: _sensor_changed,
    ContactChanged: _contact_changed,
}
