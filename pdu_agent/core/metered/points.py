# SPDX-License-Identifier: Apache-2.0
"""What is measured, as it comes in: metering points and sensors, fresh, stale or lost."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from pdu_agent.core.live_settings import LiveSettings
from pdu_agent.core.metered.ledger import Ledger
from pdu_agent.core.metered.lines import LineSums
from pdu_agent.core.metered.sensors import SensorLive
from pdu_agent.core.metered.tariffs import TariffPlan
from pdu_agent.core.state import CoreState
from pdu_agent.core.watching.alarms import SENSOR, AlarmBook
from pdu_agent.core.watching.flapping import Flapping
from pdu_agent.core.watching.thresholds import Thresholds
from pdu_agent.model.clock import Clock
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.events import (
    ContactChanged,
    Event,
    ReadingLost,
    ReadingRestored,
    SensorChanged,
)
from pdu_agent.model.readings import Measurement, Reading, SensorReading
from pdu_agent.model.snapshot import SensorKind, SensorStatus, Severity

Look = Callable[[Reading], None]
"""Something that watches the readings once they are in the state."""

_WITH_TARIFFS = (TargetKind.INLET, TargetKind.OUTLET)
_TWO_STATES = (SensorKind.CONTACT, SensorKind.WATER)


class Points:
    """Keeps ledgers and sensors up to date and lets the thresholds look at each change.

    stale_after_s: str(Target) -> seconds, for the metering points that a meter feeds. watchers
    look at each reading last. sample_wall_s and sample_mono_s: of the newest reading of any meter.
    """

    def __init__(
        self,
        state: CoreState,
        settings: LiveSettings,
        stale_after_s: dict[str, float],
        sums: LineSums,
        plan: TariffPlan,
        watchers: Sequence[Look],
        thresholds: Thresholds,
        clock: Clock,
        alarms: AlarmBook,
        publish: Callable[[Event], None],
    ) -> None:
        self._state = state
        self._settings = settings
        self._limits_s = {
            target: stale_after_s[str(target)]
            for target in state.ledgers
            if str(target) in stale_after_s
        }
        self._sums = sums
        self._plan = plan
        self._watchers = watchers
        self._thresholds = thresholds
        self._clock = clock
        self._alarms = alarms
        self._publish = publish
        self._start_s = clock.monotonic_s()
        self._flapping = Flapping()
        self._told_status: dict[int, SensorStatus] = {}
        """Of the sensors that come and go: what was told last."""
        self.sample_wall_s: float | None = None
        self.sample_mono_s: float | None = None

    def on_reading(self, reading: Reading) -> None:
        """Add one window of one source; points that are not configured are ignored."""
        wall_s = self._clock.wall_s()
        tariff = self._tariff(reading, wall_s)
        for measurement in reading.measurements:
            if measurement.target in self._state.ledgers:
                self._add(measurement, reading, wall_s, tariff)
        self._renew_inlets([each.target for each in reading.measurements], reading.t_mono_s)
        self.sample_wall_s = wall_s
        self.sample_mono_s = reading.t_mono_s
        for look in self._watchers:
            look(reading)

    def _tariff(self, reading: Reading, wall_s: float) -> str:
        """Which one the reading's span is booked to; "" where there are none."""
        if not self._plan.names:
            return ""
        late_s = max(0.0, self._clock.monotonic_s() - reading.t_mono_s)
        return self._plan.at_end_of(wall_s - late_s)

    def _add(self, measured: Measurement, reading: Reading, wall_s: float, tariff: str) -> None:
        target = measured.target
        before = self._state.ledgers[target]
        if before.stale:
            self._publish(ReadingRestored(wall_s, target))
        own_tariff = tariff if target.kind in _WITH_TARIFFS else ""
        after = before.add(measured, reading.t_mono_s, wall_s, reading.span_s, own_tariff)
        self._state.ledgers[target] = after
        if after.mark is not None and (
            before.mark is None or before.mark.source != after.mark.source
        ):
            self._forget_mark(after.mark.source, target)
        self._sums.book(target, before.record, after.record, tariff)
        self._thresholds.on_source(target, after)

    def _forget_mark(self, source: str, owner: Target) -> None:
        """The counter feeds another point from now on: what it counts is no more the former's."""
        for target, ledger in self._state.ledgers.items():
            if target != owner and ledger.mark is not None and ledger.mark.source == source:
                self._state.ledgers[target] = replace(ledger, mark=None)

    def _renew_inlets(self, changed: Sequence[Target], t_mono_s: float) -> None:
        """The inlets whose lines have changed."""
        wall_s = self._clock.wall_s()
        for inlet in self._sums.inlets_of(changed):
            before = self._state.ledgers.get(inlet)
            after = self._sums.renew(inlet, t_mono_s, wall_s)
            if before is None or after is None:
                continue
            if before.stale is not after.stale:
                told = ReadingLost if after.stale else ReadingRestored
                self._publish(told(wall_s, inlet))
            self._thresholds.on_source(inlet, after)

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
        older = []
        for target, limit_s in self._limits_s.items():
            before = self._state.ledgers[target]
            after = before.after_silence(now_s, self._start_s, limit_s)
            if after is before:
                continue
            self._state.ledgers[target] = after
            self._thresholds.on_source(target, after)
            if not before.stale:
                self._publish(ReadingLost(self._clock.wall_s(), target))
            older.append(target)
        self._renew_inlets(older, now_s)
        self._tell_ends(now_s)
        for number, live in list(self._state.sensors.items()):
            limit_s = self._settings.sensors[number].stale_after_s
            if live.is_overdue(now_s, self._start_s, limit_s):
                self._set_sensor(number, live, live.after_silence(limit_s))
            elif live.is_gone(now_s, limit_s):
                self._set_sensor(number, live, live.gone_absent())

    def next_due_s(self) -> float:
        """When (monotonic) the next point is stale, unless it is heard of, or a sensor has come to
        rest that came and went; else infinity.
        """
        return min(
            self._flapping.next_due_s(),
            self._next_stale_s(),
        )

    def _next_stale_s(self) -> float:
        return min(
            (
                ledger.due_s(self._start_s, limit_s)
                for target, limit_s in self._limits_s.items()
                if not (ledger := self._state.ledgers[target]).stale
            ),
            default=math.inf,
        )

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
        if new.status is not old.status and not began:
            self._tell_status(number, old.status, new.status)
        elif self._has_changed_over(number, old, new):
            self._publish(ContactChanged(self._clock.wall_s(), number, bool(new.value)))

    def _tell_status(self, number: int, old: SensorStatus, new: SensorStatus) -> None:
        """Of one that comes and goes only what it comes to in the end."""
        key, now_s = (SENSOR, str(number)), self._clock.monotonic_s()
        if self._flapping.is_flapping(key, now_s):
            self._told_status.setdefault(number, old)
            self._flapping.came_back(key, now_s)
            self._flapping.leave(key, now_s, None)
        else:
            self._flapping.told(key, now_s)
            self._publish(SensorChanged(self._clock.wall_s(), number, old, new))

    def _tell_ends(self, now_s: float) -> None:
        for (_, number), _ in self._flapping.over(now_s):
            told = self._told_status.pop(int(number))
            live = self._state.sensors[int(number)]
            if live.status is not told:
                wall_s = self._clock.wall_s()
                self._publish(SensorChanged(wall_s, int(number), told, live.status))

    def _has_changed_over(self, number: int, old: SensorLive, new: SensorLive) -> bool:
        """Only of those with two states; one that just begins was open, or dry."""
        if self._settings.sensors[number].kind not in _TWO_STATES:
            return False
        return new.status is SensorStatus.OK and bool(new.value) is not bool(old.value)
