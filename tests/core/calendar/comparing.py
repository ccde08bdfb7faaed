# SPDX-License-Identifier: Apache-2.0
"""The calendar against brute force, over a year: how many were compared, and what differs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np

from pdu_agent.core.calendar import Calendar, Occurrence, Place, WhenSettings
from pdu_agent.core.calendar.settings import PresenceSettings, SunEvent, Twilight
from pdu_agent.model.terms import Action
from tests.core.calendar import almanac
from tests.core.calendar.any_when import PLACES
from tests.core.calendar.minutes import Minutes, due, minutes_of, shows

HEIGHTS_DEG = {
    (SunEvent.SUNRISE, Twilight.CIVIL): -0.833,
    (SunEvent.SUNSET, Twilight.CIVIL): -0.833,
    (SunEvent.DAWN, Twilight.CIVIL): -6.0,
    (SunEvent.DUSK, Twilight.CIVIL): -6.0,
    (SunEvent.DAWN, Twilight.NAUTICAL): -12.0,
    (SunEvent.DUSK, Twilight.NAUTICAL): -12.0,
    (SunEvent.DAWN, Twilight.ASTRONOMICAL): -18.0,
    (SunEvent.DUSK, Twilight.ASTRONOMICAL): -18.0,
}
_RISING = (SunEvent.SUNRISE, SunEvent.DAWN)


def compare(when: WhenSettings, zone: str, year: int) -> tuple[int, list[str]]:
    """Of at, cron, once and presence."""
    calendar = Calendar(when, None, ZoneInfo(zone), "some plan")
    minutes = minutes_of(zone, year)
    start_s, end_s = _year(minutes, year)
    found = _by_day(calendar.between(start_s - 1, end_s))
    if when.presence:
        differences = list(_presence(when, when.presence, found, minutes, year))
        return sum(map(len, found.values())), differences
    expected = due(when, minutes)
    days = [date(year, 1, 2) + timedelta(number) for number in range(363)]
    differences = []
    for day in days:
        walls_s = [occurrence.wall_s for occurrence in found.get(day, [])]
        if not _agree(walls_s, expected.get(day, []), when.random_s):
            differences.append(f"{when} on {day}: {walls_s}, expected {expected.get(day, [])}")
        if (calendar.why_not(day) == "") is not bool(expected.get(day)):
            differences.append(f"{when} on {day}: why not: {calendar.why_not(day)!r}")
    return sum(len(found.get(day, [])) for day in days), differences


def compare_sun(
    zone: str, year: int, event: SunEvent, twilight: Twilight
) -> tuple[int, list[float]]:
    latitude, longitude = PLACES[zone]
    when = WhenSettings(sun=event, twilight=twilight)
    calendar = Calendar(when, Place(latitude, longitude), ZoneInfo(zone), "sun")
    minutes = minutes_of(zone, year)
    heights = _heights_deg(zone, year)
    limit = HEIGHTS_DEG[event, twilight]
    rising, setting = almanac.crossings(minutes.wall_s, heights, limit)
    start_s, end_s = int(minutes.wall_s[0]), int(minutes.wall_s[-1])
    found = [float(each.wall_s) for each in calendar.between(start_s, end_s)]
    expected = rising if event in _RISING else setting
    return len(found), almanac.unmatched(found, expected, limit, latitude, longitude)


@cache
def _heights_deg(zone: str, year: int) -> almanac.Floats:
    return almanac.elevation_deg(minutes_of(zone, year).wall_s, *PLACES[zone])


def _year(minutes: Minutes, year: int) -> tuple[int, int]:
    return shows(minutes, datetime(year, 1, 1)), shows(minutes, datetime(year + 1, 1, 1))


def _by_day(occurrences: Iterator[Occurrence]) -> dict[date, list[Occurrence]]:
    found: dict[date, list[Occurrence]] = {}
    last_s = 0
    for occurrence in occurrences:
        assert occurrence.wall_s >= last_s, "not rising"
        last_s = occurrence.wall_s
        found.setdefault(occurrence.day, []).append(occurrence)
    return found


def _agree(found_s: list[int], expected_s: list[int], random_s: int) -> bool:
    if len(found_s) != len(expected_s):
        return False
    return bool(np.all(np.abs(np.array(found_s) - np.array(expected_s)) <= random_s))


def _presence(
    when: WhenSettings,
    presence: PresenceSettings,
    found: dict[date, list[Occurrence]],
    minutes: Minutes,
    year: int,
) -> Iterator[str]:
    plain = WhenSettings(
        at=(presence.begin,),
        days=when.days,
        from_date=when.from_date,
        until_date=when.until_date,
        excluded=when.excluded,
        every_weeks=when.every_weeks,
    )
    planned = due(plain, minutes)
    for number in range(363):
        day = date(year, 1, 2) + timedelta(number)
        midnight = datetime.combine(day, time())
        begin = midnight + timedelta(minutes=presence.begin.minute)
        until = midnight + timedelta(minutes=presence.until.minute)
        until += timedelta(days=presence.until.minute < presence.begin.minute)
        window = (shows(minutes, begin), shows(minutes, until))
        if not _is_fair(presence, found.get(day, []), window, day in planned):
            yield f"{presence} on {day}: {found.get(day, [])} in {window}"


def _is_fair(
    presence: PresenceSettings, found: list[Occurrence], window: tuple[int, int], is_day: bool
) -> bool:
    walls_s = [occurrence.wall_s for occurrence in found]
    actions = [occurrence.action for occurrence in found]
    if not is_day:
        return not found
    length_s = window[1] - window[0]
    least_s, gap_s = presence.least_on_s, presence.least_off_s
    fitting = (length_s + gap_s) // (least_s + gap_s)
    on_s = np.diff(walls_s)[::2]
    off_s = np.diff(walls_s)[1::2]
    return (
        actions == [Action.ON, Action.OFF] * (len(found) // 2)
        and min(presence.least, fitting) <= len(found) // 2 <= presence.most
        and all(window[0] <= wall_s <= window[1] for wall_s in walls_s)
        and bool(np.all((on_s >= least_s) & (on_s <= presence.most_on_s)))
        and bool(np.all(off_s >= gap_s))
    )
