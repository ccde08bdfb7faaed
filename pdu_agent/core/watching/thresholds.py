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
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple, Protocol

from pdu_agent.core.live_settings import LiveSettings
from pdu_agent.core.watching.alarms import THRESHOLD, AlarmBook
from pdu_agent.core.watching.lazy_rows import LazyRows
from pdu_agent.core.watching.limits import Limits
from pdu_agent.model.clock import Clock
from pdu_agent.model.commands import Limit, Quantity, Target, TargetKind
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
    Quantity.TEMPERATURE: " C",
    Quantity.HUMIDITY: " %",
    Quantity.PRESSURE: " hPa",
    Quantity.RESIDUAL_CURRENT: " A",
    Quantity.IMBALANCE: " %",
    Quantity.DEMAND: " W",
}


_SUMS = (TargetKind.GROUP, TargetKind.UNIT)
_STATE_OF = {limit: ThresholdState(limit.value) for limit in Limit}


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
        if not self.passed:
            return None
        return next(iter(self.passed & CRITICAL or self.passed))

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

    def after(self, limits: Limits, value: float | None, now_s: float) -> Watch:
        """As `seen`, or as `unseen` when there is no value."""
        return self.unseen(limits) if value is None else self.seen(limits, value, now_s)

    def due_s(self, delay_s: float) -> float:
        """When the next limit that waits will count as passed; infinity when none waits."""
        return min(self.beyond_since_s.values(), default=math.inf) + delay_s


_UNTOUCHED = Watch()


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


@dataclass(slots=True)
class _Row:
    """One threshold: its settings, its watch, the newest value."""

    limits: Limits
    watch: Watch = _UNTOUCHED
    value: float = math.nan

    @property
    def subject(self) -> str:
        return f"{self.limits.target} {self.limits.quantity.value}"


class _Judged(NamedTuple):
    """What a row is shown by, besides its value. state: that it has while there is one."""

    limits: Limits
    state: ThresholdState


class _Shown(NamedTuple):
    """The rows of a target as they were made last, and of what."""

    judged: tuple[_Judged, ...]
    source: Source | None
    rows: tuple[Threshold, ...]


class Thresholds:
    """All rows of the unit. Only those with an enabled limit cost anything at a reading."""

    def __init__(self, settings: LiveSettings, clock: Clock, alarms: AlarmBook) -> None:
        self._settings = settings
        self._clock = clock
        self._alarms = alarms
        self._rows: dict[Target, list[_Row]] = {}
        self._judged: dict[Target, tuple[_Judged, ...]] = {}
        self._shown: dict[Target, _Shown] = {}
        for limits in settings.limits.values():
            self._rows.setdefault(limits.source, []).append(_Row(limits))
        self._watched = self._find_watched()
        self._judged = {target: _judged(rows) for target, rows in self._rows.items()}

    def renew(self, sources: Mapping[Target, Source]) -> None:
        """After settings or groups have changed: judge the rows concerned by their newest values.
        The rows of a group come and go with it.
        """
        self._match_rows()
        self._shown.clear()
        for target, rows in self._rows.items():
            for row in rows:
                limits = self._settings.limits[row.limits.key]
                if limits != row.limits:
                    row.limits = limits
                    self._judge(row, _value(sources.get(target), limits.quantity))
                    self._tell(row)
        self._watched = self._find_watched()
        self._judged = {target: _judged(rows) for target, rows in self._rows.items()}

    def _match_rows(self) -> None:
        present = {row.limits.key for rows in self._rows.values() for row in rows}
        for key, limits in self._settings.limits.items():
            if key not in present:
                self._rows.setdefault(limits.source, []).append(_Row(Limits(*key)))
        for target, rows in list(self._rows.items()):
            for row in rows:
                if row.limits.key not in self._settings.limits:
                    self._clear(row)
            self._rows[target] = [row for row in rows if row.limits.key in self._settings.limits]
        self._rows = {target: rows for target, rows in self._rows.items() if rows}

    def watched_sums(self) -> list[Target]:
        """The unit and the groups that something is watched of; no reading is about them."""
        return [target for target in self._watched if target.kind in _SUMS]

    def on_source(self, target: Target, source: Source) -> None:
        """The target has new values, or lost them."""
        for row in self._watched.get(target, ()):
            self._judge(row, source.current_value(row.limits.quantity))

    def tick(self, now_s: float) -> None:
        """Pass the limits whose delay is over, though no new value has come."""
        for rows in self._watched.values():
            for row in rows:
                if row.watch.due_s(row.limits.delay_s) <= now_s:
                    self._judge(row, row.value)

    def next_due_s(self) -> float:
        """When `tick` has something to do (monotonic); infinity when nothing waits."""
        return min(
            (
                row.watch.due_s(row.limits.delay_s)
                for rows in self._watched.values()
                for row in rows
            ),
            default=math.inf,
        )

    def passed(self, limits: Limits, value: float | None) -> Crossing | None:
        """The worst limit that is passed, were `limits` those of their row from now on.

        value: the newest one, None while there is none to believe.
        """
        row = next(row for row in self._rows[limits.source] if row.limits.key == limits.key)
        watch = row.watch
        if limits != row.limits:
            watch = watch.after(limits, value, self._clock.monotonic_s())
        return _crossing(limits, watch.worst, row.value if value is None else value)

    def shown(self, sources: Mapping[Target, Source]) -> LazyRows[Threshold]:
        """Every row as faces see it, with the values that the sources show. The sources must not
        change: the rows are made when somebody looks at them.
        """
        return LazyRows(partial(self._made, dict(self._judged), sources))

    def _made(
        self, judged: Mapping[Target, tuple[_Judged, ...]], sources: Mapping[Target, Source]
    ) -> tuple[Threshold, ...]:
        """Those of a target are kept as long as they are of the same: a reading is of a few."""
        found: list[Threshold] = []
        for target, each in judged.items():
            source, kept = sources.get(target), self._shown.get(target)
            if kept is None or kept.judged is not each or kept.source is not source:
                rows = tuple([_shown(*row, source) for row in each])
                kept = self._shown[target] = _Shown(each, source, rows)
            found += kept.rows
        return tuple(found)

    def _find_watched(self) -> dict[Target, list[_Row]]:
        watched = {
            target: [row for row in rows if row.limits.enabled]
            for target, rows in self._rows.items()
        }
        return {target: rows for target, rows in watched.items() if rows}

    def _judge(self, row: _Row, value: float | None) -> None:
        before = row.watch.worst
        row.watch = row.watch.after(row.limits, value, self._clock.monotonic_s())
        if value is not None:
            row.value = value
        if row.watch.worst is not before:
            self._judged[row.limits.source] = _judged(self._rows[row.limits.source])
            self._tell(row)

    def _tell(self, row: _Row) -> None:
        """Raise, renew or clear the alarm, whichever the watch calls for now."""
        limits, worst = row.limits, row.watch.worst
        if worst is None:
            self._clear(row)
            return
        border, unit = limits.value_of(worst), UNITS[limits.quantity]
        relation = "is at or above" if worst in HIGH else "is at or below"
        if not _is_beyond(limits, worst, row.value):
            relation = "has not come back far enough from"
        self._alarms.set(
            THRESHOLD,
            row.subject,
            Severity.CRITICAL if worst in CRITICAL else Severity.WARNING,
            f"{row.value:.4g}{unit} {relation} {worst.value} {border:.6g}{unit}",
            limits.target,
            _crossing(limits, worst, row.value),
        )

    def _clear(self, row: _Row) -> None:
        """The cleared alarm tells the newest value, and the limit that it had passed."""
        alarm = self._alarms.find(THRESHOLD, row.subject)
        if alarm is not None and alarm.crossing is not None:
            back = replace(alarm.crossing, state=ThresholdState.NORMAL, value=row.value)
            self._alarms.clear(THRESHOLD, row.subject, back)


def _crossing(limits: Limits, worst: Limit | None, value: float) -> Crossing | None:
    if worst is None:
        return None
    return Crossing(limits.quantity, _STATE_OF[worst], value, limits.value_of(worst))


def _value(source: Source | None, quantity: Quantity) -> float | None:
    return source.current_value(quantity) if source is not None else None


def _judged(rows: Iterable[_Row]) -> tuple[_Judged, ...]:
    return tuple(
        _Judged(row.limits, ThresholdState.NORMAL if worst is None else _STATE_OF[worst])
        for row in rows
        for worst in (row.watch.worst,)
    )


def _shown(limits: Limits, state: ThresholdState, source: Source | None) -> Threshold:
    value = _value(source, limits.quantity)
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
        state if value is not None else ThresholdState.UNKNOWN,
        value,
    )
