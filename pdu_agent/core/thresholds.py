# SPDX-License-Identifier: Apache-2.0
"""Watches values against limits, with hysteresis and delay, and raises the alarms.

A limit is passed once the value has been at or beyond it for the delay, without a break; it
is held until the value has come back by more than the hysteresis, or is beyond a limit of
the other side. While there is no value nothing moves: what was passed stays passed, so that
an alarm does not flap with its source.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pdu_agent.core.alarms import THRESHOLD, AlarmBook
from pdu_agent.core.limits import Limits, RowKey
from pdu_agent.core.live_settings import LiveSettings
from pdu_agent.model.clock import Clock
from pdu_agent.model.commands import Limit, Quantity, Target
from pdu_agent.model.snapshot import Crossing, Severity, Threshold, ThresholdState

HIGH = frozenset({Limit.HIGH_WARNING, Limit.HIGH_CRITICAL})
CRITICAL = frozenset({Limit.LOW_CRITICAL, Limit.HIGH_CRITICAL})
UNITS: Mapping[Quantity, str] = {
    Quantity.VOLTAGE: " V",
    Quantity.CURRENT: " A",
    Quantity.ACTIVE_POWER: " W",
    Quantity.APPARENT_POWER: " VA",
    Quantity.POWER_FACTOR: "",
    Quantity.FREQUENCY: " Hz",
    Quantity.ENERGY: " Wh",
    Quantity.TEMPERATURE: " Celsius",
    Quantity.HUMIDITY: " %",
}


class Source(Protocol):
    """Has the newest values of one target."""

    def current_value(self, quantity: Quantity, /) -> float | None:
        """None while there is no value to believe."""
        ...


@dataclass(frozen=True, slots=True)
class Watch:
    """One value under watch. beyond_since_s: for the limits that wait out their delay."""

    passed: frozenset[Limit] = frozenset()
    beyond_since_s: Mapping[Limit, float] = field(default_factory=dict)

    @property
    def worst(self) -> Limit | None:
        """The most severe limit that is passed; those passed are all of one side."""
        return next(iter(self.passed & CRITICAL or self.passed), None)

    def seen(self, limits: Limits, value: float, now_s: float) -> Watch:
        """The watch after the value of this instant (monotonic)."""
        beyond = {each for each in limits.enabled if _is_beyond(limits, each, value)}
        since_s = {each: self.beyond_since_s.get(each, now_s) for each in beyond - self.passed}
        fresh = {each for each, from_s in since_s.items() if now_s >= from_s + limits.delay_s}
        held = {
            each
            for each in self.passed & limits.enabled
            if not _has_come_back(limits, each, value) and not _any_opposite(each, beyond)
        }
        waiting_s = {each: from_s for each, from_s in since_s.items() if each not in fresh}
        return Watch(frozenset(held | fresh), waiting_s)

    def unseen(self, limits: Limits) -> Watch:
        """The watch without a value: what waited waits no more."""
        return Watch(self.passed & limits.enabled)

    def due_s(self, delay_s: float) -> float:
        """When the next limit that waits will count as passed; infinity when none waits."""
        return min(self.beyond_since_s.values(), default=math.inf) + delay_s


def _is_beyond(limits: Limits, limit: Limit, value: float) -> bool:
    border = limits.value_of(limit)
    return value >= border if limit in HIGH else value <= border


def _has_come_back(limits: Limits, limit: Limit, value: float) -> bool:
    border = limits.value_of(limit)
    if limit in HIGH:
        return value < border - limits.hysteresis
    return value > border + limits.hysteresis


def _any_opposite(limit: Limit, beyond: Iterable[Limit]) -> bool:
    return any((each in HIGH) is not (limit in HIGH) for each in beyond)


class Thresholds:
    """All rows of the unit. Only those with an enabled limit cost anything at a reading."""

    def __init__(self, settings: LiveSettings, clock: Clock, alarms: AlarmBook) -> None:
        self._settings = settings
        self._clock = clock
        self._alarms = alarms
        self._limits = dict(settings.limits)
        self._watches: dict[RowKey, Watch] = {}
        self._values: dict[RowKey, float] = {}
        self._watched: dict[Target, list[RowKey]] = {}
        self._find_watched()

    def renew(self, sources: Mapping[Target, Source]) -> None:
        """After settings have changed: judge the rows concerned by their newest values."""
        before, self._limits = self._limits, dict(self._settings.limits)
        self._find_watched()
        for key, limits in self._limits.items():
            if limits == before[key]:
                continue
            source = sources.get(limits.target)
            value = source.current_value(limits.quantity) if source is not None else None
            self._judge(key, value)
            if self._watches[key].passed:
                self._tell(key)
            if not limits.enabled:
                del self._watches[key]

    def on_source(self, target: Target, source: Source) -> None:
        """The target has new values, or lost them."""
        for key in self._watched.get(target, ()):
            self._judge(key, source.current_value(key[1]))

    def tick(self, now_s: float) -> None:
        """Pass the limits whose delay is over, though no new value has come."""
        for key, watch in list(self._watches.items()):
            if watch.due_s(self._limits[key].delay_s) <= now_s:
                self._judge(key, self._values[key])

    def next_due_s(self) -> float:
        """When `tick` has something to do (monotonic); infinity when nothing waits."""
        return min(
            (watch.due_s(self._limits[key].delay_s) for key, watch in self._watches.items()),
            default=math.inf,
        )

    def shown(self, sources: Mapping[Target, Source]) -> tuple[Threshold, ...]:
        """Every row as faces see it, with the values that the sources show."""
        return tuple(
            self._shown(limits, sources.get(limits.target)) for limits in self._limits.values()
        )

    def _shown(self, limits: Limits, source: Source | None) -> Threshold:
        value = source.current_value(limits.quantity) if source is not None else None
        watch = self._watches.get(limits.key)
        state = ThresholdState.UNKNOWN
        if value is not None:
            state = _state_of(watch.worst if watch is not None else None)
        return Threshold(
            limits.target,
            limits.quantity,
            limits.low_critical,
            limits.low_warning,
            limits.high_warning,
            limits.high_critical,
            limits.hysteresis,
            limits.delay_s,
            limits.enabled,
            state,
            value,
        )

    def _find_watched(self) -> None:
        self._watched = {}
        for key, limits in self._limits.items():
            if limits.enabled:
                self._watched.setdefault(limits.target, []).append(key)

    def _judge(self, key: RowKey, value: float | None) -> None:
        limits, old = self._limits[key], self._watches.get(key, Watch())
        if value is None:
            new = old.unseen(limits)
        else:
            new = old.seen(limits, value, self._clock.monotonic_s())
            self._values[key] = value
        self._watches[key] = new
        if new.worst is not old.worst:
            self._tell(key)

    def _tell(self, key: RowKey) -> None:
        """Raise, renew or clear the alarm, whichever the watch calls for now."""
        limits, worst = self._limits[key], self._watches[key].worst
        subject = f"{limits.target} {limits.quantity.value}"
        if worst is None:
            self._alarms.clear(THRESHOLD, subject, self._back(key, subject))
            return
        value, border, unit = self._values[key], limits.value_of(worst), UNITS[limits.quantity]
        side = "at or above" if worst in HIGH else "at or below"
        self._alarms.set(
            THRESHOLD,
            subject,
            Severity.CRITICAL if worst in CRITICAL else Severity.WARNING,
            f"{subject} {value:.6g}{unit} is {side} {worst.value} {border:.6g}{unit}",
            limits.target,
            Crossing(limits.quantity, _state_of(worst), value, border),
        )

    def _back(self, key: RowKey, subject: str) -> Crossing | None:
        """What the cleared alarm tells: the newest value, and the limit that it had passed."""
        alarm = self._alarms.find(THRESHOLD, subject)
        if alarm is None or alarm.crossing is None:
            return None
        limit = alarm.crossing.limit
        return Crossing(key[1], ThresholdState.NORMAL, self._values[key], limit)


def _state_of(worst: Limit | None) -> ThresholdState:
    return ThresholdState(worst.value) if worst is not None else ThresholdState.NORMAL
