# SPDX-License-Identifier: Apache-2.0
"""The book of active alarms: told when raised, renewed quietly, cleared once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace

from pdu_agent.core.state import CoreState
from pdu_agent.core.watching.flapping import Flapping
from pdu_agent.model.clock import Clock
from pdu_agent.model.commands import Target
from pdu_agent.model.events import AlarmCleared, AlarmRaised, Event
from pdu_agent.model.snapshot import Alarm, Crossing, Severity

log = logging.getLogger(__name__)

THRESHOLD = "threshold"
SENSOR = "sensor"
FAN = "fan"
COOLING = "cooling"
WEAR = "wear"
DISK = "disk"
BOARD_HEAT = "board temperature"
HOOK = "hook"
SHUTDOWN = "shutdown"
"""Kinds of alarms; the others are named after what is out of order: relay, board, meter, store."""
UPS_KINDS: Mapping[str, str] = {
    "ups unreachable": "it can be read again",
    "ups on battery": "mains is back",
    "ups low battery": "its battery is no longer low",
    "ups replace battery": "its battery is in order",
    "ups overloaded": "it is no longer overloaded",
}
"""With what is told once one is over: a UPS may have several, of which others stand."""
_MAY_FLAP = frozenset(
    {
        *(THRESHOLD, SENSOR, FAN, COOLING, DISK, BOARD_HEAT, "meter", "cap", "rule input"),
        *UPS_KINDS,
    }
)
"""What a value raises. What something else goes by, as by a welded relay, ends at once."""


class AlarmBook:
    """Alarms keyed by (kind, subject); ids grow and are never used twice in one run.

    An alarm that becomes more or less severe, or passes another limit, is the same alarm
    with the same id and beginning, but it is told again (AlarmRaised) and nobody has
    acknowledged it yet: whoever was only warned has to hear that it is critical now. One that
    comes and goes too often stands until its cause has stayed away, see `flapping`.
    """

    def __init__(self, state: CoreState, clock: Clock, publish: Callable[[Event], None]) -> None:
        self._state = state
        self._clock = clock
        self._publish = publish
        self._last_id = 0
        self._flapping = Flapping()

    def find(self, kind: str, subject: str) -> Alarm | None:
        return self._state.alarms.get((kind, subject))

    def set(
        self,
        kind: str,
        subject: str,
        severity: Severity,
        text: str,
        target: Target | None = None,
        crossing: Crossing | None = None,
    ) -> None:
        """Raise the alarm, or only renew its text when it stands like this already."""
        wall_s, now_s = self._clock.wall_s(), self._clock.monotonic_s()
        self._flapping.came_back((kind, subject), now_s)
        present = self._state.alarms.get((kind, subject))
        if present is None:
            self._last_id += 1
            alarm = Alarm(self._last_id, kind, severity, subject, text, wall_s, target, crossing)
        else:
            alarm = replace(present, severity=severity, text=text, target=target, crossing=crossing)
            if self._is_flapping(kind, subject) and _is_no_worse(alarm, present):
                kept = alarm if severity is present.severity else replace(present, text=text)
                self._state.alarms[kind, subject] = kept
                return
            if _tells_the_same(present, alarm):
                self._state.alarms[kind, subject] = alarm
                return
            alarm = replace(alarm, acknowledged=False)
        self._state.alarms[kind, subject] = alarm
        self._flapping.told((kind, subject), now_s)
        log.warning("%s alarm: %s: %s", severity.value, subject, text)
        self._publish(AlarmRaised(wall_s, alarm, present))

    def clear(self, kind: str, subject: str, back: Crossing | None = None) -> None:
        """back: the value that came back, for the alarm of a threshold."""
        if (kind, subject) in self._state.alarms and self._is_flapping(kind, subject):
            self._flapping.leave((kind, subject), self._clock.monotonic_s(), back)
        else:
            self._end(kind, subject, back)

    def tick(self, now_s: float) -> None:
        """End those that came and went, and whose cause has stayed away."""
        for (kind, subject), back in self._flapping.over(now_s):
            self._end(kind, subject, back)

    def next_due_s(self) -> float:
        return self._flapping.next_due_s()

    def _is_flapping(self, kind: str, subject: str) -> bool:
        now_s = self._clock.monotonic_s()
        return kind in _MAY_FLAP and self._flapping.is_flapping((kind, subject), now_s)

    def _end(self, kind: str, subject: str, back: Crossing | None) -> None:
        alarm = self._state.alarms.pop((kind, subject), None)
        if alarm is not None:
            log.info("alarm over: %s: %s", subject, alarm.text)
            cleared = replace(alarm, crossing=back) if back is not None else alarm
            self._publish(AlarmCleared(self._clock.wall_s(), cleared, alarm))


def _is_no_worse(new: Alarm, old: Alarm) -> bool:
    return new.severity is old.severity or old.severity is Severity.CRITICAL


def _tells_the_same(old: Alarm, new: Alarm) -> bool:
    limits = [alarm.crossing.state if alarm.crossing else None for alarm in (old, new)]
    return old.severity is new.severity and limits[0] is limits[1]
