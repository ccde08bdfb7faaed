# SPDX-License-Identifier: Apache-2.0
"""What is measured, as it comes in: metering points and sensors, fresh, stale or lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pdu_agent.core.alarms import SENSOR, AlarmBook
from pdu_agent.core.ledger import Ledger
from pdu_agent.core.live_settings import LiveSettings
from pdu_agent.core.sensors import SensorLive
from pdu_agent.core.state import CoreState
from pdu_agent.core.thresholds import Thresholds
from pdu_agent.model.clock import Clock
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.events import (
    ContactChanged,
    Event,
    ReadingLost,
    ReadingRestored,
    SensorChanged,
)
from pdu_agent.model.readings import Reading, SensorReading
from pdu_agent.model.snapshot import SensorKind, SensorStatus, Severity

_TWO_STATES = (SensorKind.CONTACT, SensorKind.WATER)


class Points:
    """Keeps ledgers and sensors up to date and lets the thresholds look at each change.

    stale_after_s: str(Target) -> seconds, for the metering points. sample_wall_s and
    sample_mono_s: of the newest reading of any meter.
    """

    def __init__(
        self,
        state: CoreState,
        settings: LiveSettings,
        stale_after_s: dict[str, float],
        thresholds: Thresholds,
        clock: Clock,
        alarms: AlarmBook,
        publish: Callable[[Event], None],
    ) -> None:
        self._state = state
        self._settings = settings
        self._stale_after_s = stale_after_s
        self._thresholds = thresholds
        self._clock = clock
        self._alarms = alarms
        self._publish = publish
        self._start_s = clock.monotonic_s()
        self.sample_wall_s: float | None = None
        self.sample_mono_s: float | None = None

    def on_reading(self, reading: Reading) -> None:
        """Add one window of one source; points that are not configured are ignored."""
        wall_s = self._clock.wall_s()
        for measurement in reading.measurements:
            target = measurement.target
            ledger = self._state.ledgers.get(target)
            if ledger is None:
                continue
            if ledger.stale:
                self._publish(ReadingRestored(wall_s, target))
            ledger = ledger.add(measurement, reading.t_mono_s, wall_s)
            self._state.ledgers[target] = ledger
            self._thresholds.on_source(target, ledger)
        self.sample_wall_s = wall_s
        self.sample_mono_s = reading.t_mono_s

    def on_sensor(self, reading: SensorReading) -> None:
        """Take one reading; a sensor that is not configured is ignored."""
        live = self._state.sensors.get(reading.sensor)
        if live is not None:
            self._set_sensor(reading.sensor, live, live.seen(reading, self._clock.wall_s()))

    def after_reset(self, before: Mapping[Target, Ledger]) -> None:
        """Let the thresholds look at the meters that a command has changed."""
        for target, ledger in self._state.ledgers.items():
            if ledger is not before[target]:
                self._thresholds.on_source(target, ledger)

    def mark_stale(self, now_s: float) -> None:
        """Find the points and sensors that have been silent for too long."""
        for target, ledger in list(self._state.ledgers.items()):
            limit_s = self._stale_after_s[str(target)]
            if not ledger.stale and ledger.is_overdue(now_s, self._start_s, limit_s):
                self._state.ledgers[target] = ledger = ledger.gone_stale()
                self._thresholds.on_source(target, ledger)
                self._publish(ReadingLost(self._clock.wall_s(), target))
        for number, live in list(self._state.sensors.items()):
            limit_s = self._settings.sensors[number].stale_after_s
            if live.is_overdue(now_s, self._start_s, limit_s):
                self._set_sensor(number, live, live.after_silence(limit_s))

    def _set_sensor(self, number: int, old: SensorLive, new: SensorLive) -> None:
        self._state.sensors[number] = new
        target = Target(TargetKind.SENSOR, number)
        self._thresholds.on_source(target, new)
        if new.is_lost:
            self._alarms.set(SENSOR, str(target), Severity.WARNING, new.error, target)
        else:
            self._alarms.clear(SENSOR, str(target))
        # The first value after the start is nothing to tell: it resumes nothing.
        began = old.sample_mono_s is None and not old.is_lost and new.status is SensorStatus.OK
        wall_s = self._clock.wall_s()
        if new.status is not old.status and not began:
            self._publish(SensorChanged(wall_s, number, old.status, new.status))
        elif self._has_changed_over(number, old, new):
            self._publish(ContactChanged(wall_s, number, bool(new.value)))

    def _has_changed_over(self, number: int, old: SensorLive, new: SensorLive) -> bool:
        """Only of those with two states; one that just begins was open, or dry."""
        if self._settings.sensors[number].kind not in _TWO_STATES:
            return False
        return new.status is SensorStatus.OK and bool(new.value) is not bool(old.value)
