# SPDX-License-Identifier: Apache-2.0
"""Which traps of PowerNet-MIB tell of which event.

Where there are pairs, every trap of a violation is followed by one of its end: what gets
worse or better is told as the new violation, and then the end of the one before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from pdu_agent.mib_impl.powernet import trap_types as types
from pdu_agent.mib_impl.powernet.config_traps import command_accepted
from pdu_agent.mib_impl.powernet.phases import number_of
from pdu_agent.mib_impl.powernet.trap_types import Pair
from pdu_agent.mib_impl.powernet.trap_values import (
    NO_SECOND_DEVICE,
    is_second_half,
    outlet_name,
    outlet_told,
    sensor_told,
    told,
    unit_told,
)
from pdu_agent.mib_impl.powernet.words import LOAD_OF, Load
from pdu_agent.mib_impl.schema import NotificationType, Tell, Told
from pdu_agent.model.commands import Quantity, TargetKind
from pdu_agent.model.events import (
    AlarmCleared,
    AlarmRaised,
    CommandAccepted,
    Event,
    OutletChanged,
    SensorChanged,
)
from pdu_agent.model.snapshot import Alarm, OutletState, SensorStatus, Snapshot, ThresholdState

_State = TypeVar("_State", Load, ThresholdState)
_Say = Callable[[NotificationType, str], Told]

# What an order only announced and then took back: nothing has been switched.
_TAKEN_BACK = {
    (OutletState.OFF_PENDING, OutletState.ON),
    (OutletState.ON_PENDING, OutletState.OFF),
}
_NO_ANSWER = frozenset({"board", "meter"})
"""Kinds of alarms: the agent has lost what it switches or measures with."""


def _outlet_changed(event: OutletChanged, snapshot: Snapshot) -> Iterator[Told]:
    """Once in the words of each generation: sPDU knows reboots, rPDU does not."""
    if (event.old, event.new) in _TAKEN_BACK:
        return
    rebooted = event.old is OutletState.REBOOTING
    name = outlet_name(event.outlet, snapshot)
    if event.new is OutletState.ON:
        spdu = types.OUTLET_REBOOT if rebooted else types.OUTLET_ON
        rpdu, is_now = types.RPDU_OUTLET_ON, "on again" if rebooted else "on"
    elif event.new is OutletState.OFF:
        spdu, rpdu, is_now = types.OUTLET_OFF, types.RPDU_OUTLET_OFF, "off"
    else:
        return
    text = f"outlet {event.outlet} ({name}) is {is_now}"
    yield told(spdu, event.outlet, event.outlet, text)
    yield outlet_told(rpdu, snapshot, event.outlet, text)


def _sensor_changed(event: SensorChanged, snapshot: Snapshot) -> Iterator[Told]:
    """A probe of two sensors loses or finds both at once: it is told of with the first."""
    if is_second_half(event.sensor, snapshot):
        return
    text = f"sensor {event.sensor} is {event.new.value}"
    if event.new is SensorStatus.OK:
        yield sensor_told(types.SENSOR_CONNECTED, snapshot, event.sensor, text)
    elif event.old is SensorStatus.OK:
        yield sensor_told(types.SENSOR_DISCONNECTED, snapshot, event.sensor, text)


def _alarm_raised(event: AlarmRaised, snapshot: Snapshot) -> Iterator[Told]:
    if event.alarm.crossing is not None:
        yield from _crossed(event.alarm, event.before, snapshot)
    elif event.alarm.kind in _NO_ANSWER and event.before is None:
        text = f"{event.alarm.subject}: {event.alarm.text}"
        yield unit_told(types.COMMUNICATION_LOST, snapshot, text)
    elif event.before is None:
        text = f"{event.alarm.subject}: {event.alarm.text}"
        yield from _condition(types.CRITICAL_CONDITION.raised, event.alarm, text, snapshot)


def _alarm_cleared(event: AlarmCleared, snapshot: Snapshot) -> Iterator[Told]:
    if event.alarm.crossing is not None:
        yield from _crossed(event.alarm, event.before, snapshot)
    elif event.alarm.kind in _NO_ANSWER:
        text = f"{event.alarm.subject}: in order again"
        yield unit_told(types.COMMUNICATION_ESTABLISHED, snapshot, text)
    else:
        text = f"{event.alarm.subject}: in order again"
        yield from _condition(types.CRITICAL_CONDITION.cleared, event.alarm, text, snapshot)


def _condition(
    kind: NotificationType, alarm: Alarm, text: str, snapshot: Snapshot
) -> Iterator[Told]:
    """A fault of an outlet or a bank, for which the MIB has no other word."""
    error = types.ERROR_NUMBERS.get(alarm.fault) if alarm.fault is not None else None
    if alarm.target is not None and error is not None:
        yield unit_told(kind, snapshot, error, NO_SECOND_DEVICE, alarm.target.index, text)


def _crossed(alarm: Alarm, before: Alarm | None, snapshot: Snapshot) -> Iterator[Told]:
    """Nothing for quantities that PowerNet-MIB has no trap for, such as voltage and power."""
    target, crossing = alarm.target, alarm.crossing
    if target is None or crossing is None:
        return
    number, old, new = target.index, _state(before), crossing.state
    match target.kind, crossing.quantity:
        case ((TargetKind.INLET | TargetKind.LINE), Quantity.CURRENT):
            phase = number_of(target, snapshot)
            if phase is None:
                return
            say = _saying(snapshot, phase)
            yield from _changes(types.PHASE_LOADS, LOAD_OF[old], LOAD_OF[new], alarm, say)
        case TargetKind.BRANCH, Quantity.CURRENT:
            say = _saying(snapshot, number, 0)
            yield from _changes(types.BANK_LOADS, LOAD_OF[old], LOAD_OF[new], alarm, say)
        case TargetKind.OUTLET, Quantity.CURRENT:
            say = _saying(snapshot, number)
            yield from _changes(types.OUTLET_LOADS, LOAD_OF[old], LOAD_OF[new], alarm, say)
        case TargetKind.SENSOR, Quantity.TEMPERATURE:
            say = _saying_of_sensor(snapshot, number)
            yield from _changes(types.TEMPERATURES, old, new, alarm, say)
        case TargetKind.SENSOR, Quantity.HUMIDITY:
            say = _saying_of_sensor(snapshot, number)
            yield from _changes(types.HUMIDITIES, old, new, alarm, say)


def _state(before: Alarm | None) -> ThresholdState:
    if before is None or before.crossing is None:
        return ThresholdState.NORMAL
    return before.crossing.state


def _saying(snapshot: Snapshot, *numbers: int) -> _Say:
    return lambda kind, text: unit_told(kind, snapshot, *numbers, text)


def _saying_of_sensor(snapshot: Snapshot, number: int) -> _Say:
    return lambda kind, text: sensor_told(kind, snapshot, number, text)


def _changes(
    pairs: Mapping[_State, Pair], old: _State, new: _State, alarm: Alarm, say: _Say
) -> Iterator[Told]:
    if new is old:
        return
    if new in pairs:
        yield say(pairs[new].raised, f"{alarm.subject}: {alarm.text}")
    if old in pairs:
        yield say(pairs[old].cleared, f"{alarm.subject}: no longer {old.value}")


TELLING: Mapping[type[Event], Tell] = {
    OutletChanged: _outlet_changed,
    CommandAccepted: command_accepted,
    AlarmRaised: _alarm_raised,
    AlarmCleared: _alarm_cleared,
    SensorChanged: _sensor_changed,
}
