# SPDX-License-Identifier: Apache-2.0
"""When a plan is due, by brute force: every minute of UTC is turned into local time and looked at.

Shares nothing with the calendar but the settings: time runs forward here, as it does for cron, and
what the clock jumps over is found by watching it jump.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from pdu_agent.core.calendar.settings import WhenSettings

Ints = npt.NDArray[np.int64]
_EPOCH = datetime(1970, 1, 1)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CRON_WEEK = ("sun", *_WEEKDAYS[:6])


@dataclass(frozen=True)
class Minutes:
    """wall_s: of each minute. local: the minutes since 1970 that a local clock shows then."""

    wall_s: Ints
    local: Ints

    def days(self) -> range:
        """Local days since 1970 that are there in full."""
        return range(int(self.local[0]) // 1440 + 1, int(self.local[-1]) // 1440)


@cache
def minutes_of(zone: str, year: int) -> Minutes:
    """The year with two days before and after it. Clocks change on quarters of an hour of UTC."""
    begin = datetime(year, 1, 1, tzinfo=UTC) - timedelta(days=2)
    end = datetime(year + 1, 1, 1, tzinfo=UTC) + timedelta(days=2)
    wall_s = np.arange(int(begin.timestamp()), int(end.timestamp()), 60, dtype=np.int64)
    info = ZoneInfo(zone)
    quarters = wall_s[::15].tolist()
    shown = (datetime.fromtimestamp(each, info).replace(tzinfo=None) for each in quarters)
    local = np.array([(moment - _EPOCH) // timedelta(minutes=1) for moment in shown])
    return Minutes(wall_s, (local[:, np.newaxis] + np.arange(15)).ravel())


def due(when: WhenSettings, minutes: Minutes) -> dict[date, list[int]]:
    """Wall seconds by the local day that they are planned for, of `at`, `cron` and `once`."""
    wanted = np.isin(np.arange(1440), list(_wanted_minutes(when)))
    days = [number for number in minutes.days() if _is_day(when, _date(number))]
    picks = wanted[minutes.local % 1440] & np.isin(minutes.local // 1440, days)
    found = list(zip(minutes.local[picks].tolist(), minutes.wall_s[picks].tolist(), strict=True))
    if not _goes_by_clock(when):
        found = _first_comings(found) + _jumped_over(minutes, wanted, set(days))
    by_day: dict[date, list[int]] = {}
    for local, wall_s in found:
        by_day.setdefault(_date(local // 1440), []).append(wall_s)
    return {day: sorted(walls_s) for day, walls_s in by_day.items()}


def shows(minutes: Minutes, moment: datetime) -> int:
    """Wall seconds of the first minute at which the clock shows this or has passed it."""
    target = (moment - _EPOCH) // timedelta(minutes=1)
    return int(minutes.wall_s[int(np.argmax(minutes.local >= target))])


def _first_comings(found: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    first: dict[int, int] = {}
    for local, wall_s in found:
        first.setdefault(local, wall_s)
    return list(first.items())


def _jumped_over(
    minutes: Minutes, wanted: npt.NDArray[np.bool_], days: set[int]
) -> list[tuple[int, int]]:
    jumps = np.flatnonzero(np.diff(minutes.local) > 1)
    return [
        (local, int(minutes.wall_s[jump + 1]))
        for jump in jumps.tolist()
        for local in range(int(minutes.local[jump]) + 1, int(minutes.local[jump + 1]))
        if wanted[local % 1440] and local // 1440 in days
    ]


def _date(number: int) -> date:
    return date(1970, 1, 1) + timedelta(days=number)


def _wanted_minutes(when: WhenSettings) -> set[int]:
    if when.once:
        return {when.once.hour * 60 + when.once.minute}
    if when.at:
        return {time.minute for time in when.at}
    minute, hour, *_ = when.cron.split()
    return {
        h * 60 + m
        for h in range(24)
        for m in range(60)
        if _fits(hour, h, 0, 23) and _fits(minute, m, 0, 59)
    }


def _goes_by_clock(when: WhenSettings) -> bool:
    return bool(when.cron) and any(word[0] == "*" for word in when.cron.split()[:2])


def _is_day(when: WhenSettings, day: date) -> bool:
    if when.once:
        return day == when.once.date()
    if _WEEKDAYS[day.isoweekday() - 1] not in [each.value for each in when.days]:
        return False
    if when.from_date and day.isoformat() < when.from_date.isoformat():
        return False
    if when.until_date and day.isoformat() > when.until_date.isoformat():
        return False
    if any(span.first <= day <= span.last for span in when.excluded):
        return False
    if when.from_date and when.every_weeks > 1 and not _is_week(when, when.from_date, day):
        return False
    return not when.cron or _is_cron_day(when.cron, day)


def _is_week(when: WhenSettings, first: date, day: date) -> bool:
    """By going week for week from that of the first day."""
    monday = first
    while monday.isoweekday() != 1:
        monday -= timedelta(days=1)
    while monday + timedelta(days=7) <= day:
        monday += timedelta(weeks=when.every_weeks)
        if monday > day:
            return False
    return True


def _is_cron_day(line: str, day: date) -> bool:
    _, _, of_month, month, of_week = line.split()
    if not _fits(month, day.month, 1, 12, _MONTHS):
        return False
    by_month = _fits(of_month, day.day, 1, 31)
    number = day.isoweekday()
    by_week = _fits(of_week, number, 0, 7, _CRON_WEEK)
    by_week |= number == 7 and _fits(of_week, 0, 0, 7, _CRON_WEEK)
    if of_month[0] == "*" or of_week[0] == "*":
        return by_month and by_week
    return by_month or by_week


def _fits(field: str, value: int, low: int, high: int, names: tuple[str, ...] = ()) -> bool:
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        begin = low if span == "*" else _number(first, names, low)
        end = high if span == "*" else _number(last or first, names, low)
        if last == "sun":
            end = 7
        if begin <= value <= end and (value - begin) % int(step or 1) == 0:
            return True
    return False


def _number(word: str, names: tuple[str, ...], low: int) -> int:
    return names.index(word) + low if word in names else int(word)
