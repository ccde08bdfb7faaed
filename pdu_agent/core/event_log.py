# SPDX-License-Identifier: Apache-2.0
"""The event log: what happened, numbered over the device's life, newest entries at hand."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from pdu_agent.core.control_entries import Entry, control_entry
from pdu_agent.core.state import CoreState
from pdu_agent.core.watching.alarms import SENSOR, THRESHOLD, UPS_KINDS
from pdu_agent.core.wording import described, target_of
from pdu_agent.model.commands import Target, TargetKind, change_settings
from pdu_agent.model.events import (
    AgentStarted,
    AlarmCleared,
    AlarmRaised,
    CommandAccepted,
    CommandFailed,
    Event,
    OutletChanged,
    SensorChanged,
)
from pdu_agent.model.readings import AppendEvents
from pdu_agent.model.snapshot import (
    KEPT_EVENTS,
    LAST_EVENT,
    Alarm,
    EventKind,
    LoggedEvent,
    OutletState,
    SensorStatus,
    Severity,
)

_HALF = 2**31
LEAP = 1000
_SEVERITY_OF_STATE = {
    OutletState.ON: Severity.INFO,
    OutletState.OFF: Severity.INFO,
    OutletState.FAULT: Severity.CRITICAL,
}
"""The states at which an outlet rests. The way to them is not logged: the command is; nor is
unknown: the loss of the board is.
"""


class EventLog:
    """Keeps the newest entries and hands new ones over to be written.

    recorded: the entries of earlier runs as far as they are still there. state.last_event
    is the number of the newest entry ever given, or one beyond it, see `far_ahead`.
    """

    def __init__(
        self,
        state: CoreState,
        recorded: Sequence[LoggedEvent],
        append: Callable[[AppendEvents], None],
    ) -> None:
        self._state = state
        self._append = append
        self._entries = deque(recorded, maxlen=KEPT_EVENTS)
        self._unwritten: deque[LoggedEvent] = deque(maxlen=KEPT_EVENTS)
        self._shown: tuple[LoggedEvent, ...] | None = None
        self._before_loss: dict[int, OutletState] = {}
        if recorded:
            state.last_event = _later(state.last_event, recorded[-1].number)

    def newest(self) -> tuple[LoggedEvent, ...]:
        """Up to KEPT_EVENTS, oldest first; the same object until something happens."""
        if self._shown is None:
            self._shown = tuple(self._entries)
        return self._shown

    def add(self, event: Event) -> None:
        """Log the event, if it is of a kind that is logged."""
        if isinstance(event, OutletChanged) and self._is_as_before(event):
            return
        entry = _entry(event)
        if entry is None:
            return
        number = self._state.last_event % LAST_EVENT + 1
        self._state.last_event = number
        logged = LoggedEvent(number, event.t_wall_s, *entry)
        self._entries.append(logged)
        self._unwritten.append(logged)
        self._shown = None

    def _is_as_before(self, event: OutletChanged) -> bool:
        """Is the outlet found as it was when its board was lost? One line of the board tells it,
        so that a board which comes and goes does not push everything else out of the log.
        """
        if event.new is OutletState.UNKNOWN:
            self._before_loss[event.outlet] = event.old
            return False
        return self._before_loss.pop(event.outlet, None) is event.new

    def hand_over(self) -> None:
        """Have the entries written that are new since the last time."""
        if self._unwritten:
            self._append(AppendEvents(tuple(self._unwritten)))
            self._unwritten.clear()


def far_ahead(number: int) -> int:
    """A number that no entry reaches before the next save: with it a run goes on that was
    not stopped properly, so that what was shown and then lost is not numbered again.
    """
    return (number + LEAP) % LAST_EVENT


def _later(a: int, b: int) -> int:
    """Of two numbers that wrap, the one that was given later."""
    return a if (a - b) % LAST_EVENT < _HALF else b


def _entry(event: Event) -> Entry | None:
    match event:
        case OutletChanged():
            return _outlet_entry(event)
        case CommandAccepted():
            return _command_entry(event) if event.commands else None
        case CommandFailed():
            target = Target(TargetKind.OUTLET, event.outlet)
            text = f"{target}: command failed: {event.text}"
            return EventKind.COMMAND_FAILED, Severity.CRITICAL, target, text, ""
        case AlarmRaised():
            return _alarm_entry(event)
        case AlarmCleared():
            return _cleared_entry(event)
        case SensorChanged():
            target = Target(TargetKind.SENSOR, event.sensor)
            severity = Severity.INFO if event.new is SensorStatus.OK else Severity.WARNING
            text = f"{target} is {event.new.value}, was {event.old.value}"
            return EventKind.SENSOR_STATUS, severity, target, text, ""
        case AgentStarted():
            return _start_entry(event)
        case _:
            return control_entry(event)


def _outlet_entry(event: OutletChanged) -> Entry | None:
    severity = _SEVERITY_OF_STATE.get(event.new)
    if severity is None:
        return None
    target = Target(TargetKind.OUTLET, event.outlet)
    user = str(event.actor) if event.actor else ""
    text = f"{target} is {event.new.value}" + (f", by {user}" if user else "")
    return EventKind.OUTLET_STATE, severity, target, text, user


def _command_entry(event: CommandAccepted) -> Entry:
    changed = change_settings(event.commands)
    kind = EventKind.CONFIGURATION if changed else EventKind.COMMAND_ACCEPTED
    user = str(event.actor)
    text = f"{user}: {described(event.commands)}"
    return kind, Severity.INFO, target_of(event.commands), text, user


def _alarm_entry(event: AlarmRaised) -> Entry | None:
    alarm = event.alarm
    if alarm.kind == THRESHOLD:
        return EventKind.THRESHOLD_RAISED, alarm.severity, alarm.target, _told(alarm), ""
    if alarm.kind == SENSOR:  # SensorChanged tells it
        return None
    kind = EventKind.UPS_CHANGED if _is_of_ups(alarm) else EventKind.HARDWARE_FAULT
    return kind, alarm.severity, alarm.target, _told(alarm), ""


def _told(alarm: Alarm) -> str:
    return f"{alarm.subject}: {alarm.text}"


def _cleared_entry(event: AlarmCleared) -> Entry | None:
    alarm = event.alarm
    if alarm.kind == THRESHOLD:
        value = f" at {alarm.crossing.value:.4g}" if alarm.crossing else ""
        text = f"{alarm.subject} is normal again{value}"
        return EventKind.THRESHOLD_CLEARED, Severity.INFO, alarm.target, text, ""
    if alarm.kind == SENSOR:
        return None
    over = UPS_KINDS.get(alarm.kind)
    text = f"{alarm.subject}: {over}" if over else f"{alarm.subject} is in order again"
    kind = EventKind.UPS_CHANGED if _is_of_ups(alarm) else EventKind.HARDWARE_CLEARED
    return kind, Severity.INFO, alarm.target, text, ""


def _is_of_ups(alarm: Alarm) -> bool:
    return alarm.target is not None and alarm.target.kind is TargetKind.UPS


def _start_entry(event: AgentStarted) -> Entry:
    found = "no board had lost its power"
    if event.cold_banks:
        found = f"these boards had lost their power: {', '.join(event.cold_banks)}"
    text = f"agent started, boots {event.boots}: {found}"
    return EventKind.STARTED, Severity.INFO, None, text, ""
