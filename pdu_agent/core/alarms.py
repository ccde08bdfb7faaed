# SPDX-License-Identifier: Apache-2.0
"""The book of active alarms: told when raised, renewed quietly, cleared once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from pdu_agent.core.state import CoreState
from pdu_agent.model.clock import Clock
from pdu_agent.model.commands import Target
from pdu_agent.model.events import AlarmCleared, AlarmRaised, Event
from pdu_agent.model.snapshot import Alarm, Crossing, Severity

log = logging.getLogger(__name__)

THRESHOLD = "threshold"
SENSOR = "sensor"
FAN = "fan"
COOLING = "cooling"
HOOK = "hook"
SHUTDOWN = "shutdown"
"""Kinds of alarms; the others are named after what is out of order: relay, board, meter, store."""


class AlarmBook:
    """Alarms keyed by (kind, subject); ids grow and are never used twice in one run.

    An alarm that becomes more or less severe, or passes another limit, is the same alarm
    with the same id and beginning, but it is told again (AlarmRaised) and nobody has
    acknowledged it yet: whoever was only warned has to hear that it is critical now.
    """

    def __init__(self, state: CoreState, clock: Clock, publish: Callable[[Event], None]) -> None:
        self._state = state
        self._clock = clock
        self._publish = publish
        self._last_id = 0

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
        wall_s = self._clock.wall_s()
        present = self._state.alarms.get((kind, subject))
        if present is None:
            self._last_id += 1
            alarm = Alarm(self._last_id, kind, severity, subject, text, wall_s, target, crossing)
        else:
            alarm = replace(present, severity=severity, text=text, crossing=crossing)
            if _tells_the_same(present, alarm):
                self._state.alarms[kind, subject] = alarm
                return
            alarm = replace(alarm, acknowledged=False)
        self._state.alarms[kind, subject] = alarm
        log.warning("%s alarm: %s: %s", severity.value, subject, text)
        self._publish(AlarmRaised(wall_s, alarm, present))

    def clear(self, kind: str, subject: str, back: Crossing | None = None) -> None:
        """back: the value that came back, for the alarm of a threshold."""
        alarm = self._state.alarms.pop((kind, subject), None)
        if alarm is not None:
            log.info("alarm over: %s: %s", subject, alarm.text)
            cleared = replace(alarm, crossing=back) if back is not None else alarm
            self._publish(AlarmCleared(self._clock.wall_s(), cleared, alarm))


def _tells_the_same(old: Alarm, new: Alarm) -> bool:
    limits = [alarm.crossing.state if alarm.crossing else None for alarm in (old, new)]
    return old.severity is new.severity and limits[0] is limits[1]
