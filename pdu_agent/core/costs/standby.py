# SPDX-License-Identifier: Apache-2.0
"""What an outlet draws while nothing uses it, from averages of a quarter of an hour.

On: more than ON_W on average. Idle draw: the average that a tenth of the time on stays below, which
neither a short dropout nor a few wrong values can move. Idle: no more than half above that (a
watt at least), and no more than halfway to the busiest quarter of an hour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # who gives averages has loaded it
    import numpy as np
    from numpy.typing import NDArray

QUARTER_S = 900
WEEK_HOURS = 7 * 24
YEAR_HOURS = 8766
"""365.25 days."""
ON_W = 0.1
LOW_SHARE = 0.1
LEAST_DAYS = 2.0
"""Of values from which an idle draw is told."""
LEAST_WEEKS = 2
"""In which an hour of the week was seen before it is proposed to be off."""
NEARLY_ALL = 0.9
LEAST_HOURS = 2
"""A shorter time is not worth the relay's movement."""


@dataclass(frozen=True, slots=True)
class Idle:
    """idle_w: the draw. most_w: up to which it counts as idle. idle_hours, seen_hours: of the time
    that was looked at. weekly: of each hour of the week from Monday 00:00 on, the share (0 to 1) of
    the time seen in which it was idle. off_hours: those in which it was idle in nearly all weeks.
    weeks: that were looked at, not all of each.
    """

    idle_w: float
    most_w: float
    idle_hours: float
    seen_hours: float
    weekly: tuple[float, ...]
    off_hours: tuple[int, ...]
    weeks: int

    @property
    def kwh_a_year(self) -> float:
        return self.idle_w * sum(self.weekly) / WEEK_HOURS * YEAR_HOURS / 1000


@dataclass(frozen=True, slots=True)
class Unknown:
    """There is no idle draw to be told, and why, for people."""

    reason: str


@dataclass(frozen=True, slots=True)
class IdleLevel:
    """idle_w: the draw. most_w: up to which it counts as idle."""

    idle_w: float
    most_w: float


def idle_level(averages_w: NDArray[np.float64]) -> IdleLevel | Unknown:
    """averages_w: (steps,), of each quarter of an hour, NaN where nobody knows."""
    seen = averages_w[averages_w == averages_w]
    if len(seen) * QUARTER_S / 86_400 < LEAST_DAYS:
        return too_little(len(seen))
    on = seen[seen > ON_W]
    if len(on) * QUARTER_S / 86_400 < LEAST_DAYS / 2:
        return Unknown("it was off, or drew nothing, nearly all of the time")
    on.sort()
    idle_w, busiest_w = float(on[int(len(on) * LOW_SHARE)]), float(on[-1])
    most_w = min(idle_w + max(1.0, idle_w / 2), (idle_w + busiest_w) / 2)
    if busiest_w <= idle_w * 1.5 + 1.0:
        return Unknown(f"it draws {idle_w:.1f} W all of the time: work and standby look alike")
    return IdleLevel(idle_w, most_w)


def too_little(quarters: int) -> Unknown:
    """Of so many that are known."""
    days = quarters * QUARTER_S / 86_400
    return Unknown(f"too little data: {days:.1f} days are known, {LEAST_DAYS:g} are needed")


def idle_of(
    averages_w: NDArray[np.float64], start_s: int, zone: tzinfo | None = None
) -> Idle | Unknown:
    """averages_w: as of `idle_level`, from start_s on (seconds since 1970). zone: of the week's
    hours, None for the system's.
    """
    level = idle_level(averages_w)
    if isinstance(level, Unknown):
        return level
    week, idle, seen = _Week(zone), 0, 0
    for position, value in enumerate(averages_w.tolist()):
        if value == value:
            week.add(start_s + position * QUARTER_S, value, level.most_w)
            seen += 1
            idle += ON_W < value <= level.most_w
    return Idle(
        level.idle_w,
        level.most_w,
        idle * QUARTER_S / 3600,
        seen * QUARTER_S / 3600,
        week.shares(),
        week.off_hours(),
        week.weeks,
    )


class _Week:
    """What was seen in each hour of the week."""

    def __init__(self, zone: tzinfo | None) -> None:
        self._zone = zone
        self._counts = [[0, 0] for _ in range(WEEK_HOURS)]
        self._busy: list[dict[int, bool]] = [{} for _ in range(WEEK_HOURS)]

    def add(self, at_s: int, value: float, most_w: float) -> None:
        moment = datetime.fromtimestamp(at_s, self._zone)
        hour = moment.weekday() * 24 + moment.hour
        number = (moment.date().toordinal() - 1) // 7  # 0001-01-01 was a Monday
        self._counts[hour][0] += 1
        self._counts[hour][1] += ON_W < value <= most_w
        busy = self._busy[hour]
        busy[number] = busy.get(number, False) or value > most_w

    @property
    def weeks(self) -> int:
        return len({number for busy in self._busy for number in busy})

    def shares(self) -> tuple[float, ...]:
        """An hour of the week that was never seen is taken for an average one."""
        seen = sum(count for count, _ in self._counts)
        mean = sum(idle for _, idle in self._counts) / seen
        return tuple(idle / count if count else mean for count, idle in self._counts)

    def off_hours(self) -> tuple[int, ...]:
        found = []
        for hour, busy in enumerate(self._busy):
            calm = list(busy.values()).count(False)
            is_idle = self._counts[hour][1] > 0
            if len(busy) >= LEAST_WEEKS and is_idle and calm >= NEARLY_ALL * len(busy):
                found.append(hour)
        return tuple(found)


def windows(hours: Sequence[int]) -> list[tuple[int, int]]:
    """Hours of the week as spans (begin, end) of LEAST_HOURS at least; the end is behind the last
    hour, and beyond WEEK_HOURS where it is in the next week. Empty for the whole week.
    """
    wanted = set(hours)
    if len(wanted) == WEEK_HOURS:
        return []
    found = []
    for hour in sorted(wanted):
        if (hour - 1) % WEEK_HOURS in wanted:
            continue
        end = hour
        while end % WEEK_HOURS in wanted:
            end += 1
        if end - hour >= LEAST_HOURS:
            found.append((hour, end))
    return found


_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def plan_lines(outlet: int, hours: Sequence[int]) -> list[str]:
    """Entries of `plans` that switch the outlet off in these hours of the week, line by line."""
    switched: dict[tuple[str, int], list[int]] = {}
    for begin, end in windows(hours):
        for action, hour in (("off", begin), ("on", end % WEEK_HOURS)):
            switched.setdefault((action, hour % 24), []).append(hour // 24)
    return [
        line
        for (action, hour), days in sorted(switched.items())
        for line in (
            f"- name: standby-{outlet}-{action}-{hour:02d}",
            f"  outlets: [{outlet}]",
            f"  action: {action}",
            f"  at: [{hour:02d}:00]",
            f"  days: [{', '.join(_DAYS[day] for day in sorted(days))}]",
        )
    ]


def weekly_cost(idle: Idle, prices: Mapping[int, float], hours: Sequence[int]) -> float:
    """Of a year, in units of the currency: the idle draw in these hours of the week.

    prices: of a kWh in each of them.
    """
    spent = sum(idle.weekly[hour] * prices[hour] for hour in hours)
    return idle.idle_w / 1000 * spent * YEAR_HOURS / WEEK_HOURS
