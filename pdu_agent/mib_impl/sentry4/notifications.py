# SPDX-License-Identifier: Apache-2.0
"""Which notifications of Sentry4-MIB tell of which event, and with what values.

What has no row in the tables has no notification either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from pdu_agent.mib_impl.schema import NotificationType, Tell, Told
from pdu_agent.mib_impl.sentry4 import notification_types as types
from pdu_agent.mib_impl.sentry4.control import control_state, outlet_status
from pdu_agent.mib_impl.sentry4.names import UNIT, UNIT_ID, sensor_id
from pdu_agent.mib_impl.sentry4.points import (
    Point,
    cords,
    inlets_of,
    line_places,
    lines,
    metered_branches,
)
from pdu_agent.mib_impl.sentry4.sensors import Probe, sensor_status
from pdu_agent.mib_impl.sentry4.system import unit_status
from pdu_agent.mib_impl.sentry4.told import (
    SCALAR,
    Names,
    at,
    branch_names,
    cord_names,
    find_branch,
    find_outlet,
    find_probe,
    line_names,
    outlet_names,
    phase_names,
    told,
)
from pdu_agent.mib_impl.sentry4.words import (
    OF_CROSSING,
    OF_FAULT,
    State,
    Status,
    silent_status,
    state_of,
)
from pdu_agent.model.commands import Action, Quantity, Target, TargetKind
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
from pdu_agent.model.snapshot import (
    Alarm,
    Crossing,
    Outlet,
    OutletState,
    SensorKind,
    SensorStatus,
    Snapshot,
)

_ON_THE_CORD = {
    Quantity.ACTIVE_POWER: types.CORD_ACTIVE_POWER,
    Quantity.APPARENT_POWER: types.CORD_APPARENT_POWER,
    Quantity.POWER_FACTOR: types.CORD_POWER_FACTOR,
}
_ON_THE_LINE = {Quantity.CURRENT: types.LINE_CURRENT}
_ON_THE_PHASE = {
    Quantity.VOLTAGE: types.PHASE_VOLTAGE,
    Quantity.POWER_FACTOR: types.PHASE_POWER_FACTOR,
}
_ON_THE_BRANCH = {Quantity.CURRENT: types.BRANCH_CURRENT}
_ON_THE_OUTLET = {
    Quantity.CURRENT: types.OUTLET_CURRENT,
    Quantity.ACTIVE_POWER: types.OUTLET_ACTIVE_POWER,
}
_OF_SENSOR = {
    SensorKind.TEMPERATURE: types.TEMPERATURE,
    SensorKind.HUMIDITY: types.HUMIDITY,
    SensorKind.WATER: types.WATER,
    SensorKind.CONTACT: types.CONTACT,
}
_PENDING = (OutletState.ON_PENDING, OutletState.OFF_PENDING)
_TAKEN_BACK = {
    (OutletState.OFF_PENDING, OutletState.ON),
    (OutletState.ON_PENDING, OutletState.OFF),
}


# -- outlets and sensors that change ------------------------------------------------------


def _outlet_changed(event: OutletChanged, snapshot: Snapshot) -> Iterator[Told]:
    """What waits has not changed yet; it is told of when it happens, if it does."""
    outlet = find_outlet(event.outlet, snapshot)
    if outlet is None or event.new in _PENDING or (event.old, event.new) in _TAKEN_BACK:
        return
    then = _as_it_was(outlet, event)
    state = state_of(then.is_on)
    yield told(
        types.OUTLET_CHANGE,
        snapshot,
        at(outlet_names(outlet), state, outlet_status(then), control_state(then)),
        outlet_status(then),
        state.value,
    )


def _as_it_was(outlet: Outlet, event: OutletChanged) -> Outlet:
    """The outlet at the event, which may not be the newest thing that happened to it."""
    rebooting = event.new is OutletState.REBOOTING
    return replace(
        outlet,
        state=event.new,
        pending=Action.REBOOT if rebooting else None,
        relay_closed=None if event.new is OutletState.UNKNOWN else outlet.relay_closed,
        last_reason=event.reason,
    )


def _sensor_changed(event: SensorChanged, snapshot: Snapshot) -> Iterator[Told]:
    probe = find_probe(event.sensor, snapshot)
    if probe is None:
        return
    kind = _OF_SENSOR[probe.sensor.kind]
    if event.new is SensorStatus.OK:
        yield _of_probe(kind, snapshot, probe, probe.value, probe.status)
    else:
        status = sensor_status(event.new, probe.sensor.sample_wall_s)
        yield _of_probe(kind, snapshot, probe, None, status)


def _contact_changed(event: ContactChanged, snapshot: Snapshot) -> Iterator[Told]:
    probe = find_probe(event.sensor, snapshot)
    if probe is not None:
        status = Status.ALARM if event.closed else Status.NORMAL
        yield _of_probe(_OF_SENSOR[probe.sensor.kind], snapshot, probe, None, status)


def _of_probe(
    kind: NotificationType, snapshot: Snapshot, probe: Probe, value: float | None, status: Status
) -> Told:
    """value: as `Probe.shown` gives it."""
    index = UNIT, probe.number
    names = index, sensor_id(probe.number), probe.sensor.name
    match probe.sensor.kind:
        case SensorKind.TEMPERATURE:
            values = [*at(names, value, status), (SCALAR, probe.scale)]
        case SensorKind.HUMIDITY:
            values = at(names, value, status)
        case _:
            values = at(names, status)
    return told(kind, snapshot, values, status)


# -- alarms -------------------------------------------------------------------------------


def _alarm_raised(event: AlarmRaised, snapshot: Snapshot) -> Iterator[Told]:
    fault = event.alarm.fault
    of_part = OF_FAULT[fault] if fault is not None else Status.ALARM
    yield from _alarm(event.alarm, snapshot, Status.ALARM, of_part)


def _alarm_cleared(event: AlarmCleared, snapshot: Snapshot) -> Iterator[Told]:
    yield from _alarm(event.alarm, snapshot, unit_status(snapshot), Status.NORMAL)


def _alarm(alarm: Alarm, snapshot: Snapshot, of_unit: Status, of_part: Status) -> Iterator[Told]:
    """of_unit, of_part: the status that an alarm leaves which is about no limit, of the unit or
    of an outlet or branch.

    Of a sensor that gives no values SensorChanged tells.
    """
    target = alarm.target
    if target is None:
        names = (UNIT,), UNIT_ID, snapshot.device.name
        yield told(types.UNIT_STATUS, snapshot, at(names, of_unit), of_unit)
    elif alarm.crossing is not None:
        yield from _crossing(target, alarm.crossing, snapshot)
    elif target.kind is TargetKind.OUTLET:
        outlet = find_outlet(target.index, snapshot)
        if outlet is not None:
            state, control = state_of(outlet.is_on), control_state(outlet)
            values = at(outlet_names(outlet), state, of_part, control)
            yield told(types.OUTLET_STATUS, snapshot, values, of_part)
    elif target.kind is TargetKind.BRANCH:
        point = _find_point(target, snapshot)
        if point is not None:
            yield from _status(point, snapshot, state_of(point.is_live), of_part)


def _crossing(target: Target, crossing: Crossing, snapshot: Snapshot) -> Iterator[Told]:
    if target.kind is TargetKind.SENSOR:
        yield from _sensor_crossing(target, crossing, snapshot)
        return
    status = OF_CROSSING[crossing.state]
    for kinds, names in _places(target, snapshot):
        kind = kinds.get(crossing.quantity)
        if kind is not None:
            yield told(kind, snapshot, at(names, crossing.value, status), status)


def _places(
    target: Target, snapshot: Snapshot
) -> Iterator[tuple[Mapping[Quantity, NotificationType], Names]]:
    """Where values of the target are shown, and which notifications tell of them there."""
    number = target.index
    if target.kind is TargetKind.INLET and number in inlets_of(snapshot):
        yield _ON_THE_CORD, cord_names(number, snapshot)
    for place in line_places(target, snapshot):
        yield _ON_THE_LINE, line_names(*place)
        yield _ON_THE_PHASE, phase_names(*place)
    if target.kind is TargetKind.BRANCH:
        branch = find_branch(number, snapshot)
        if branch is not None:
            yield _ON_THE_BRANCH, branch_names(branch)
    elif target.kind is TargetKind.OUTLET:
        outlet = find_outlet(number, snapshot)
        if outlet is not None:
            yield _ON_THE_OUTLET, outlet_names(outlet)


def _sensor_crossing(target: Target, crossing: Crossing, snapshot: Snapshot) -> Iterator[Told]:
    probe = find_probe(target.index, snapshot)
    if probe is not None:
        hot = probe.sensor.kind is SensorKind.TEMPERATURE
        kind = types.TEMPERATURE_CROSSED if hot else types.HUMIDITY_CROSSED
        value = probe.shown(crossing.value)
        yield _of_probe(kind, snapshot, probe, value, OF_CROSSING[crossing.state])


# -- meters that fall silent --------------------------------------------------------------


def _reading_lost(event: ReadingLost, snapshot: Snapshot) -> Iterator[Told]:
    point = _find_point(event.target, snapshot)
    if point is not None:
        yield from _status(point, snapshot, State.UNKNOWN, silent_status(point.meter))


def _reading_restored(event: ReadingRestored, snapshot: Snapshot) -> Iterator[Told]:
    point = _find_point(event.target, snapshot)
    if point is not None:
        yield from _status(point, snapshot, state_of(point.is_live), Status.NORMAL)


def _find_point(target: Target, snapshot: Snapshot) -> Point | None:
    """None also for an outlet, whose status is that of its relay."""
    rows = (cords, lines, metered_branches)
    points = (point for each in rows for _, point in each(snapshot))
    return next((point for point in points if point.target == target), None)


def _status(point: Point, snapshot: Snapshot, state: State, status: Status) -> Iterator[Told]:
    number = point.target.index
    found: list[tuple[NotificationType, Names]] = []
    if point.target.kind is TargetKind.INLET:
        found.append((types.CORD_STATUS, cord_names(number, snapshot)))
    for place in line_places(point.target, snapshot):
        found.append((types.LINE_STATUS, line_names(*place)))
        found.append((types.PHASE_STATUS, phase_names(*place)))
    for kind, names in found:
        yield told(kind, snapshot, at(names, state, status), status)
    if point.target.kind is not TargetKind.BRANCH:
        return
    branch = find_branch(number, snapshot)
    if branch is not None:
        names = branch_names(branch)
        yield told(types.OCP_STATUS, snapshot, at(names, status), status)
        yield told(types.BRANCH_STATUS, snapshot, at(names, state, status), status)


TELLING: Mapping[type[Event], Tell] = {
    OutletChanged: _outlet_changed,
    SensorChanged: _sensor_changed,
    ContactChanged: _contact_changed,
    AlarmRaised: _alarm_raised,
    AlarmCleared: _alarm_cleared,
    ReadingLost: _reading_lost,
    ReadingRestored: _reading_restored,
}
