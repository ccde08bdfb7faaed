# SPDX-License-Identifier: Apache-2.0
"""Where plans stand on a timeline: outlets down, days across, the time of day by the clock.

A day takes the same width however long it is, and a time of day stands at the same place on each:
07:00 is below 07:00 also where the clock is changed. All places are percent of the whole width.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from pdu_agent.core.plans.week import PlanDay, PlanDays, PlannedRun, ShownDay, Week
from pdu_agent.model.snapshot import Outlet

_DAY_MINUTES = 1440
_LEAVES_ON = {"on": True, "off": False, "reboot": True}
_LEAST_WIDTH = 0.12
_MOST_MARKS = 12
"""More runs a day than this would lie on each other."""


@dataclass(frozen=True, slots=True)
class Band:
    """From x on, as wide as said."""

    x: float
    width: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """One run. is_refused: as of now something stands against it. is_past: before now. window:
    where chance may have put it.
    """

    x: float
    wall_s: float
    action: str
    plan: str
    is_refused: bool
    is_past: bool
    window: Band | None


@dataclass(frozen=True, slots=True)
class OutletRow:
    """on: when plans would have it on, from now on. dense: days with too many runs to mark each.
    against: why runs would be refused now.
    """

    number: int
    name: str
    marks: tuple[Mark, ...]
    on: tuple[Band, ...]
    dense: tuple[Band, ...]
    against: tuple[str, ...]


@dataclass
class _Runs:
    marks: list[tuple[float, int, Mark]] = field(default_factory=list)
    dense: list[Band] = field(default_factory=list)
    against: list[str] = field(default_factory=list)


class Scale:
    """days: those that are shown, at least one."""

    def __init__(self, days: Sequence[ShownDay], zone: tzinfo | None) -> None:
        self._days = days
        self._zone = zone

    def x(self, wall_s: float) -> float | None:
        """None for what is outside."""
        if not self._days[0].begin_wall_s <= wall_s < self._days[-1].end_wall_s:
            return None
        moment = datetime.fromtimestamp(wall_s, UTC).astimezone(self._zone)
        day = (moment.date() - self._days[0].day).days
        minutes = moment.hour * 60 + moment.minute + moment.second / 60
        return 100 * (day + minutes / _DAY_MINUTES) / len(self._days)

    def band(self, begin_s: float, end_s: float, text: str = "") -> Band | None:
        """What of it is shown."""
        first_s, last_s = self._days[0].begin_wall_s, self._days[-1].end_wall_s
        if end_s <= first_s or begin_s >= last_s:
            return None
        begin = self.x(max(begin_s, first_s)) or 0.0
        end = 100.0 if end_s >= last_s else self.x(end_s) or 0.0
        return Band(begin, max(end - begin, _LEAST_WIDTH), text)

    def nights(self) -> list[Band]:
        """From sunset to sunrise, as far as the sun is known."""
        found = []
        for day in self._days:
            if day.sunrise_wall_s is not None and day.sunset_wall_s is not None:
                found.append(self.band(day.begin_wall_s, day.sunrise_wall_s))
                found.append(self.band(day.sunset_wall_s, day.end_wall_s))
        return [band for band in found if band is not None]


def outlet_rows(week: Week, outlets: Iterable[Outlet], now_s: float) -> list[OutletRow]:
    """The outlets that an enabled plan switches, in their order."""
    if not week.days:
        return []
    scale = Scale(week.days, week.zone)
    runs: dict[int, _Runs] = {}
    for row in week.plans:
        if row.plan.enabled:
            _add(row, scale, runs, now_s)
    return [
        _row(outlet, runs[outlet.index], scale, week, now_s)
        for outlet in outlets
        if outlet.index in runs
    ]


def _add(row: PlanDays, scale: Scale, runs: dict[int, _Runs], now_s: float) -> None:
    refused = {each.outlet: each.text for each in row.against}
    for outlet in row.plan.outlets:
        found = runs.setdefault(outlet, _Runs())
        if outlet in refused:
            found.against.append(f"{row.plan.name}: {refused[outlet]}")
        for day in row.days:
            found.dense += _dense(row, day, scale)
            for run in day.runs if day.count <= _MOST_MARKS else ():
                mark = _mark(row, run, scale, outlet in refused, now_s)
                found.marks.append((run.wall_s, row.plan.number, mark))


def _mark(row: PlanDays, run: PlannedRun, scale: Scale, is_refused: bool, now_s: float) -> Mark:
    is_past = run.wall_s < now_s
    window = None
    if row.random_s:
        window = scale.band(run.planned_wall_s - row.random_s, run.planned_wall_s + row.random_s)
    x = scale.x(run.wall_s) or 0.0
    refuses = is_refused and not is_past
    return Mark(x, run.wall_s, run.action, row.plan.name, refuses, is_past, window)


def _dense(row: PlanDays, day: PlanDay, scale: Scale) -> list[Band]:
    """A day with too many runs to mark each."""
    if day.count <= _MOST_MARKS or day.first_wall_s is None or day.last_wall_s is None:
        return []
    text = f"{row.plan.name}: {row.plan.action}, {day.count} times"
    band = scale.band(day.first_wall_s, day.last_wall_s, text)
    return [band] if band else []


def _row(outlet: Outlet, runs: _Runs, scale: Scale, week: Week, now_s: float) -> OutletRow:
    marks = tuple(mark for _, _, mark in sorted(runs.marks, key=lambda each: each[:2]))
    on = () if runs.dense else tuple(_on(outlet, marks, scale, week, now_s))
    against = tuple(dict.fromkeys(runs.against))
    return OutletRow(outlet.index, outlet.name, marks, on, tuple(runs.dense), against)


def _on(
    outlet: Outlet, marks: Sequence[Mark], scale: Scale, week: Week, now_s: float
) -> Iterator[Band]:
    """What the runs lead to, from how the outlet is now on; nothing where that is not known."""
    is_on, since_s = outlet.is_on, now_s
    end_s = week.days[-1].end_wall_s
    for mark in marks:
        leads = _LEAVES_ON.get(mark.action)
        if mark.is_past or mark.is_refused or leads is None or leads is is_on:
            continue
        if is_on and mark.wall_s > since_s and (band := scale.band(since_s, mark.wall_s)):
            yield band
        is_on, since_s = leads, mark.wall_s
    if is_on and (band := scale.band(since_s, end_s)):
        yield band
