# SPDX-License-Identifier: Apache-2.0
"""ENERGY-OBJECT-MIB (RFC 7460): eoPowerStateChange, and what switches it on and off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pdu_agent.mib_impl.conventions import TruthValue
from pdu_agent.mib_impl.energy.power import DESIRED_STATE, reason_text
from pdu_agent.mib_impl.entity.entities import index_of
from pdu_agent.mib_impl.schema import (
    NotificationType,
    ObjectType,
    Scalars,
    Tell,
    Told,
    whole,
)
from pdu_agent.model.commands import EnableNotifications, NotificationClass, Target, TargetKind
from pdu_agent.model.events import AlarmCleared, AlarmRaised, Event, OutletChanged
from pdu_agent.model.snapshot import Alarm, Fault, OutletState, Snapshot

POWER_STATE_CHANGE = NotificationType(
    2,
    "eoPowerStateChange",
    NotificationClass.OUTLET,
    ("eoPowerAdminState", "eoPowerOperState", "eoPowerStateEnterReason"),
)

# All notifications of outlets have one switch, so this one moves that of OPENPDU-MIB too.
ENABLE: Scalars[Snapshot] = Scalars(
    suffix=(0,),
    source=whole,
    objects=(
        ObjectType(
            1,
            "eoPowerEnableStatusNotification",
            TruthValue(),
            lambda snapshot: NotificationClass.OUTLET in snapshot.notifying,
            to_command=lambda _, enabled: EnableNotifications(NotificationClass.OUTLET, enabled),
        ),
    ),
)

# An event does not say what the relay is. Where one is on its way it is not there yet; a
# reboot is told as its off time, as there is no other event before the outlet is on again.
_ACTUAL_STATE = {
    OutletState.ON: True,
    OutletState.OFF: False,
    OutletState.ON_PENDING: False,
    OutletState.OFF_PENDING: True,
    OutletState.REBOOTING: False,
}


def _states(state: OutletState) -> tuple[bool | None, bool | None]:
    return DESIRED_STATE.get(state), _ACTUAL_STATE.get(state)


def _outlet_changed(event: OutletChanged, _: Snapshot) -> Iterator[Told]:
    if _states(event.new) != _states(event.old):
        index = (index_of(Target(TargetKind.OUTLET, event.outlet)),)
        desired, actual = _states(event.new)
        reason = reason_text(event.reason, event.actor)
        yield Told(POWER_STATE_CHANGE, ((index, desired), (index, actual), (index, reason)))


def _alarm_raised(event: AlarmRaised, snapshot: Snapshot) -> Iterator[Told]:
    """A relay that is found welded is on, without any change of what was asked for."""
    yield from _weld(event.alarm, True, snapshot)


def _alarm_cleared(event: AlarmCleared, snapshot: Snapshot) -> Iterator[Told]:
    yield from _weld(event.alarm, False, snapshot)


def _weld(alarm: Alarm, is_welded: bool, snapshot: Snapshot) -> Iterator[Told]:
    target = alarm.target
    if target is None or alarm.fault is not Fault.WELDED:
        return
    for outlet in snapshot.outlets:
        if outlet.index == target.index:
            index = (index_of(target),)
            desired, actual = _states(outlet.state)
            reason = f"{alarm.subject}: {alarm.text}" if is_welded else "no longer welded"
            values = (desired, is_welded or actual, reason)
            yield Told(POWER_STATE_CHANGE, tuple((index, value) for value in values))


TELLING: Mapping[type[Event], Tell] = {
    OutletChanged: _outlet_changed,
    AlarmRaised: _alarm_raised,
    AlarmCleared: _alarm_cleared,
}
