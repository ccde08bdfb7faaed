# SPDX-License-Identifier: Apache-2.0
"""The book of active alarms: raised once, updated quietly, cleared once."""

from __future__ import annotations

from collections.abc import Callable

from pdu_agent.model.clock import Clock
from pdu_agent.model.events import AlarmCleared, AlarmRaised, Event
from pdu_agent.model.snapshot import Alarm, Severity


class AlarmBook:
    """Alarms keyed by (kind, subject); ids grow and are never used twice in one run."""

    def __init__(self, clock: Clock, publish: Callable[[Event], None]) -> None:
        self._clock = clock
        self._publish = publish
        self._active: dict[tuple[str, str], Alarm] = {}
        self._last_id = 0

    def active(self) -> tuple[Alarm, ...]:
        return tuple(self._active.values())

    def set(self, kind: str, subject: str, severity: Severity, text: str) -> None:
        """Raise the alarm, or only renew its text when it stands already."""
        wall_s = self._clock.wall_s()
        present = self._active.get((kind, subject))
        if present is not None:
            self._active[kind, subject] = Alarm(
                present.id, kind, severity, subject, text, present.since_wall_s
            )
            return
        self._last_id += 1
        alarm = Alarm(self._last_id, kind, severity, subject, text, wall_s)
        self._active[kind, subject] = alarm
        self._publish(AlarmRaised(wall_s, alarm))

    def clear(self, kind: str, subject: str) -> None:
        alarm = self._active.pop((kind, subject), None)
        if alarm is not None:
            self._publish(AlarmCleared(self._clock.wall_s(), alarm))
