# SPDX-License-Identifier: Apache-2.0
"""Known days: weeks, dates, changes of the clock, and times that were never asked for twice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pdu_agent.core.calendar import Calendar, WhenSettings
from pdu_agent.core.calendar.settings import DateSpan, PresenceSettings
from pdu_agent.core.metered.tariffs import ClockTime, Weekday
from pdu_agent.model.terms import Action

ROME = ZoneInfo("Europe/Rome")
SPRING = date(2026, 3, 29)  # 02:00 becomes 03:00
AUTUMN = date(2026, 10, 25)  # 03:00 becomes 02:00


def at(*times: str) -> tuple[ClockTime, ...]:
    return tuple(ClockTime(int(time[:2]) * 60 + int(time[3:])) for time in times)


def wall_s(day: date, hour: int = 0) -> float:
    return datetime(day.year, day.month, day.day, hour, tzinfo=ROME).timestamp()


def times(when: WhenSettings, first: date, days: int = 1) -> list[str]:
    calendar = Calendar(when, None, ROME, "plan")
    found = calendar.between(wall_s(first) - 1, wall_s(first + timedelta(days)) - 1)
    return [datetime.fromtimestamp(each.wall_s, ROME).strftime("%d %H:%M%z") for each in found]


def test_times_of_a_day_come_in_order() -> None:
    assert times(WhenSettings(at=at("22:30", "07:00")), date(2026, 5, 1), 2) == [
        "01 07:00+0200",
        "01 22:30+0200",
        "02 07:00+0200",
        "02 22:30+0200",
    ]


def test_every_second_week_counts_from_the_week_of_the_first_day() -> None:
    when = WhenSettings(
        at=at("07:00"),
        days=(Weekday.MON, Weekday.SUN),
        every_weeks=2,
        from_date=date(2026, 5, 6),  # a Wednesday
    )
    found = times(when, date(2026, 5, 1), 31)
    assert [each[:2] for each in found] == ["10", "18", "24"]


def test_dates_limit_and_except() -> None:
    when = WhenSettings(
        at=at("07:00"),
        from_date=date(2026, 5, 2),
        until_date=date(2026, 5, 8),
        excluded=(
            DateSpan(date(2026, 5, 3), date(2026, 5, 5)),
            DateSpan(date(2026, 5, 7), date(2026, 5, 7)),
        ),
    )
    assert [each[:2] for each in times(when, date(2026, 4, 20), 30)] == ["02", "06", "08"]


def test_a_single_time_comes_once() -> None:
    when = WhenSettings(once=datetime(2026, 12, 24, 18))
    calendar = Calendar(when, None, ROME, "plan")
    occurrence = calendar.next_after(wall_s(date(2026, 1, 1)))
    assert occurrence is not None
    assert occurrence.wall_s == wall_s(date(2026, 12, 24), 18)
    assert calendar.next_after(occurrence.wall_s) is None
    assert calendar.next_after(wall_s(date(2026, 1, 1)), 86_400) is None


def test_times_that_spring_leaves_out_are_done_after_the_gap() -> None:
    when = WhenSettings(at=at("01:30", "02:10", "02:40", "03:30"))
    assert times(when, SPRING) == [
        "29 01:30+0100",
        "29 03:00+0200",
        "29 03:00+0200",
        "29 03:30+0200",
    ]


def test_times_that_come_twice_in_autumn_are_done_once_at_the_first() -> None:
    assert times(WhenSettings(at=at("02:30", "03:00")), AUTUMN) == [
        "25 02:30+0200",
        "25 03:00+0100",
    ]


def test_a_cron_line_of_fixed_times_does_the_same() -> None:
    assert times(WhenSettings(cron="30 2 * * *"), SPRING) == ["29 03:00+0200"]
    assert times(WhenSettings(cron="30 2 * * *"), AUTUMN) == ["25 02:30+0200"]


def test_a_cron_line_with_a_star_goes_by_the_clock() -> None:
    half_hours = WhenSettings(cron="*/30 * * * *")
    assert len(times(half_hours, SPRING)) == 46
    assert len(times(half_hours, AUTUMN)) == 50
    assert times(WhenSettings(cron="*/30 2 * * *"), SPRING) == []
    assert times(WhenSettings(cron="*/30 2 * * *"), AUTUMN) == [
        "25 02:00+0200",
        "25 02:30+0200",
        "25 02:00+0100",
        "25 02:30+0100",
    ]


def test_a_single_time_in_the_gap_is_done_after_it() -> None:
    assert times(WhenSettings(once=datetime(2026, 3, 29, 2, 30)), SPRING) == ["29 03:00+0200"]


def test_a_29_february_is_found_years_ahead() -> None:
    calendar = Calendar(WhenSettings(cron="0 0 29 2 *"), None, ROME, "plan")
    occurrence = calendar.next_after(wall_s(date(2026, 1, 1)), 4 * 366 * 86_400)
    assert occurrence is not None
    assert occurrence.day == date(2028, 2, 29)


def test_the_start_is_left_out_and_the_end_is_in() -> None:
    calendar = Calendar(WhenSettings(at=at("07:00")), None, ROME, "plan")
    seven_s = int(wall_s(SPRING, 7))
    assert [each.wall_s for each in calendar.between(seven_s - 1, seven_s)] == [seven_s]
    assert list(calendar.between(seven_s, seven_s + 3600)) == []


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        (WhenSettings(at=at("07:00"), days=(Weekday.MON,)), "2026-03-29 is a sun"),
        (WhenSettings(at=at("07:00"), excluded=(DateSpan(SPRING, SPRING),)), "is in `except`"),
        (WhenSettings(at=at("07:00"), from_date=AUTUMN), "is outside from_date and until_date"),
        (
            WhenSettings(at=at("07:00"), from_date=date(2026, 3, 15), every_weeks=2),
            "",
        ),
        (
            WhenSettings(at=at("07:00"), from_date=date(2026, 3, 22), every_weeks=2),
            "is in a week between those that every_weeks leaves",
        ),
        (WhenSettings(cron="0 7 * * mon"), "is no day of cron '0 7 * * mon'"),
        (WhenSettings(cron="* 2 * * *"), "names only times that are left out on 2026-03-29"),
        (WhenSettings(once=datetime(2026, 12, 24, 18)), "2026-03-29 is not 2026-12-24"),
        (
            WhenSettings(
                presence=PresenceSettings(begin=ClockTime(120), until=ClockTime(180), most=1)
            ),
            "2026-03-29 has none of its times",
        ),
    ],
)
def test_a_day_without_says_why(when: WhenSettings, reason: str) -> None:
    found = Calendar(when, None, ROME, "plan").why_not(SPRING)
    assert found.endswith(reason)
    assert bool(found) is bool(reason)


@pytest.fixture
def rome_is_the_systems_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Rome")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("rome_is_the_systems_zone")
@pytest.mark.parametrize(
    "when",
    [
        WhenSettings(at=at("02:00", "02:30", "03:00", "12:00"), random_s=600),
        WhenSettings(cron="*/7 * * * *"),
        WhenSettings(presence=PresenceSettings(begin=ClockTime(60), until=ClockTime(300))),
    ],
)
def test_the_systems_zone_is_as_good_as_a_named_one(when: WhenSettings) -> None:
    start_s, end_s = wall_s(date(2026, 3, 1)), wall_s(date(2026, 11, 1))
    named = list(Calendar(when, None, ROME, "plan").between(start_s, end_s))
    assert list(Calendar(when, None, None, "plan").between(start_s, end_s)) == named
    assert named


def test_a_window_past_midnight_belongs_to_the_day_it_begins_on() -> None:
    presence = PresenceSettings(begin=ClockTime(22 * 60), until=ClockTime(60), least=3)
    when = WhenSettings(presence=presence, days=(Weekday.SAT,))
    calendar = Calendar(when, None, ROME, "plan")
    saturday = date(2026, 5, 2)
    found = list(calendar.between(wall_s(saturday, 22) - 1, wall_s(date(2026, 5, 3), 1)))
    assert [each.action for each in found] == [Action.ON, Action.OFF] * 3
    assert {each.day for each in found} == {saturday}


def test_a_window_that_ends_on_the_day_with_25_hours_is_found_to_its_end() -> None:
    presence = PresenceSettings(
        begin=ClockTime(1439),
        until=ClockTime(1438),
        least_on_s=86_000,
        most_on_s=86_400,
        most=1,
        least_off_s=1,
    )
    calendar = Calendar(WhenSettings(presence=presence, seed=1), None, ROME, "plan")
    day_before = AUTUMN - timedelta(1)
    whole = calendar.between(wall_s(day_before), wall_s(AUTUMN, 23) + 3600)
    last = [each for each in whole if each.day == day_before][-1]
    assert last.action is Action.OFF
    assert last.wall_s > wall_s(AUTUMN) + 86_400
    assert list(calendar.between(last.wall_s - 1, last.wall_s)) == [last]
