# SPDX-License-Identifier: Apache-2.0
"""The sun against almanacs: 4 cities on 12 dates within a minute, published times, polar days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from pdu_agent.core.calendar import Calendar, Place, WhenSettings
from pdu_agent.core.calendar.settings import SunEvent, Twilight
from pdu_agent.core.calendar.sun import elevation_deg, sun_wall_s
from tests.core.calendar import almanac

CITIES = {
    "Rome": (41.9, 12.5),
    "Reykjavik": (64.15, -21.94),
    "Quito": (-0.18, -78.47),
    "Sydney": (-33.87, 151.21),
}
TROMSO = Place(69.65, 18.96)
OSLO = ZoneInfo("Europe/Oslo")


def noon_s(day: date, longitude: float) -> int:
    return int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp() - longitude * 240)


def utc(wall_s: object) -> datetime:
    assert isinstance(wall_s, int)
    return datetime.fromtimestamp(wall_s, UTC)


@pytest.mark.parametrize("city", CITIES)
@pytest.mark.parametrize("month", range(1, 13))
def test_rise_and_setting_are_those_of_the_almanac_within_a_minute(city: str, month: int) -> None:
    latitude, longitude = CITIES[city]
    middle_s = noon_s(date(2026, month, 21), longitude)
    walls_s = np.arange(middle_s - 43_200, middle_s + 43_200, 60)
    heights = almanac.elevation_deg(walls_s, latitude, longitude)
    rising, setting = almanac.crossings(walls_s, heights, -0.833)
    place = Place(latitude, longitude)
    assert sun_wall_s(middle_s, place, SunEvent.SUNRISE) == pytest.approx(rising[0], abs=60)
    assert sun_wall_s(middle_s, place, SunEvent.SUNSET) == pytest.approx(setting[-1], abs=60)
    noon = sun_wall_s(middle_s, place, SunEvent.NOON)
    assert noon == pytest.approx(walls_s[int(np.argmax(heights))], abs=60)


@pytest.mark.parametrize(
    ("place", "day", "event", "twilight", "published"),
    [
        # Reda and Andreas, Solar Position Algorithm (NREL/TP-560-34302), table A5.1 and appendix
        (Place(39.742476, -105.1786), "2003-10-17", "sunrise", "civil", "2003-10-17 13:12:43"),
        (Place(39.742476, -105.1786), "2003-10-16", "sunset", "civil", "2003-10-17 00:20:19"),
        (Place(39.742476, -105.1786), "2003-10-17", "noon", "civil", "2003-10-17 18:46:05"),
        # U.S. Naval Observatory, for 69.5 N 19.0 E
        (Place(69.5, 19.0), "2014-04-01", "dawn", "civil", "2014-04-01 02:46"),
        (Place(69.5, 19.0), "2014-04-01", "sunrise", "civil", "2014-04-01 03:50"),
        (Place(69.5, 19.0), "2014-04-01", "noon", "civil", "2014-04-01 10:48"),
        (Place(69.5, 19.0), "2014-04-01", "sunset", "civil", "2014-04-01 17:49"),
        (Place(69.5, 19.0), "2014-04-01", "dusk", "civil", "2014-04-01 18:53"),
        (Place(69.5, 19.0), "2014-04-30", "sunrise", "civil", "2014-04-30 01:29"),
        (Place(69.5, 19.0), "2014-04-30", "sunset", "civil", "2014-04-30 19:58"),
        # P. Schlyter's tables for Sundsvall
        (Place(62.392, 17.29), "2001-01-01", "sunrise", "civil", "2001-01-01 08:18"),
        (Place(62.392, 17.29), "2001-01-01", "noon", "civil", "2001-01-01 10:54"),
        (Place(62.392, 17.29), "2001-01-01", "sunset", "civil", "2001-01-01 13:31"),
        (Place(62.392, 17.29), "2001-01-19", "sunrise", "civil", "2001-01-19 07:51"),
        (Place(62.392, 17.29), "2001-01-19", "sunset", "civil", "2001-01-19 14:13"),
    ],
)
def test_published_times_are_met_within_a_minute(
    place: Place, day: str, event: str, twilight: str, published: str
) -> None:
    middle_s = noon_s(date.fromisoformat(day), place.longitude)
    found = utc(sun_wall_s(middle_s, place, SunEvent(event), Twilight(twilight)))
    assert abs(found - datetime.fromisoformat(published + "+00:00")) <= timedelta(minutes=1)


def sunset_days(year: int) -> list[date]:
    when = WhenSettings(sun=SunEvent.SUNSET)
    calendar = Calendar(when, TROMSO, OSLO, "lights")
    begin = datetime(year, 1, 1, tzinfo=OSLO).timestamp()
    end = datetime(year + 1, 1, 1, tzinfo=OSLO).timestamp()
    return [each.day for each in calendar.between(begin, end)]


def test_tromso_has_its_midnight_sun() -> None:
    """Norwegian almanacs: its rim is up from 18 May to 25 July, when it sets past midnight."""
    gaps = [days for days in pairwise(sunset_days(2026)) if (days[1] - days[0]).days > 1]
    assert gaps == [(date(2026, 5, 17), date(2026, 7, 25))]


def test_tromso_has_its_polar_night() -> None:
    """Norwegian almanacs: from 27 November to 14 January."""
    days = sunset_days(2025)
    assert days[0] == date(2025, 1, 15)
    assert days[-1] == date(2025, 11, 26)


def test_a_sunset_past_midnight_belongs_to_the_day_before() -> None:
    calendar = Calendar(WhenSettings(sun=SunEvent.SUNSET), TROMSO, OSLO, "lights")
    begin = datetime(2026, 5, 17, 12, tzinfo=OSLO).timestamp()
    (found,) = calendar.between(begin, begin + 86_400)
    assert found.day == date(2026, 5, 17)
    assert datetime.fromtimestamp(found.wall_s, OSLO).strftime("%d %H:%M") == "18 00:29"


@pytest.mark.parametrize(
    ("when", "day", "reason"),
    [
        (
            WhenSettings(sun=SunEvent.SUNSET),
            date(2026, 6, 21),
            "no sunset on 2026-06-21 at latitude 69.65: the sun stays above that height",
        ),
        (
            WhenSettings(sun=SunEvent.SUNRISE),
            date(2026, 12, 21),
            "no sunrise on 2026-12-21 at latitude 69.65: the sun stays below that height",
        ),
        (
            WhenSettings(sun=SunEvent.DUSK, twilight=Twilight.NAUTICAL),
            date(2026, 5, 1),
            "no nautical dusk on 2026-05-01 at latitude 69.65: the sun stays above that height",
        ),
        (WhenSettings(sun=SunEvent.NOON), date(2026, 12, 21), ""),
        (WhenSettings(sun=SunEvent.DAWN), date(2026, 12, 21), ""),
    ],
)
def test_a_day_without_it_says_why(when: WhenSettings, day: date, reason: str) -> None:
    assert Calendar(when, TROMSO, OSLO, "lights").why_not(day) == reason


def test_offsets_count_from_the_sun() -> None:
    def first(offset_s: int) -> int:
        when = WhenSettings(sun=SunEvent.SUNSET, offset_s=offset_s)
        calendar = Calendar(when, Place(41.9, 12.5), ZoneInfo("Europe/Rome"), "lights")
        found = calendar.between(1_780_000_000, 1_780_300_000)
        return next(each.wall_s for each in found if each.day == date(2026, 5, 30))

    assert first(-1800) == first(0) - 1800
    assert first(43_200) == first(0) + 43_200


@pytest.mark.parametrize("place", [Place(0.0, 179.9), Place(-45.0, -179.9), Place(1.9, -157.4)])
def test_each_day_has_one_noon_also_at_the_date_line(place: Place) -> None:
    zone = ZoneInfo("Pacific/Kiritimati")
    calendar = Calendar(WhenSettings(sun=SunEvent.NOON), place, zone, "lights")
    begin = datetime(2026, 1, 1, tzinfo=zone).timestamp()
    found = [each.wall_s for each in calendar.between(begin, begin + 300 * 86_400)]
    assert len(found) in (299, 300, 301)
    steps = np.diff(found)
    assert np.all(np.abs(steps - 86_400) < 40)


@pytest.mark.parametrize("latitude", [90.0, -90.0, 89.99])
def test_the_poles_have_a_noon_and_no_error(latitude: float) -> None:
    for day in range(0, 365, 5):
        middle_s = 1_767_268_800 + day * 86_400
        for event in SunEvent:
            sun_wall_s(middle_s, Place(latitude, 0.0), event)
        assert -24 < elevation_deg(middle_s, Place(latitude, 0.0)) < 24
