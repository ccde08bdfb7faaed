# SPDX-License-Identifier: Apache-2.0
"""Where plans stand on the timeline: known answers, also over midnight and changes of the clock."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pdu_agent.core.calendar.settings import PresenceSettings
from pdu_agent.core.metered.tariffs import ClockTime
from pdu_agent.core.plans.settings import PlanSettings, PlanWhen
from pdu_agent.core.plans.week import Week, week
from pdu_agent.core.settings import CoreSettings, DeviceSettings, InletSettings, OutletSettings
from pdu_agent.model.commands import Lock
from pdu_agent.model.control import Plan
from pdu_agent.model.snapshot import Outlet, OutletState
from pdu_agent.web.pages.ranges import ranges
from pdu_agent.web.pages.timeline import OutletRow, Scale, outlet_rows
from tests.web.fake_agent import make_outlet, make_snapshot

ROME = ZoneInfo("Europe/Rome")


def clock(hours: int, minutes: int = 0) -> ClockTime:
    return ClockTime(60 * hours + minutes)


def entry(name: str, action: str = "off", **when: Any) -> PlanSettings:
    return PlanSettings(name=name, outlets=(1,), action=action, when=PlanWhen(**when))


def week_of(*entries: PlanSettings, first: date, enabled: bool = True, **outlet: Any) -> Week:
    plans = tuple(
        Plan(number, each.name, enabled, "", (1,), each.does, None, None, "", 0, 0)
        for number, each in enumerate(entries, start=1)
    )
    settings = CoreSettings(
        DeviceSettings(latitude=41.9, longitude=12.5),
        (InletSettings(),),
        (OutletSettings(1),),
        time_zone=ROME,
        plans=entries,
    )
    snapshot = make_snapshot(plans=plans, outlets=(make_outlet(1, **outlet),))
    return week(settings, snapshot, first, 7)


def row_of(found: Week, now: datetime, **outlet: Any) -> OutletRow:
    rows: list[Outlet] = [make_outlet(1, **outlet)]
    (row,) = outlet_rows(found, rows, now.timestamp())
    return row


def place(day: int, hours: float) -> float:
    return 100 * (day + hours / 24) / 7


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=ROME)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize("first", [date(2026, 3, 26), date(2026, 10, 22), date(2026, 11, 2)])
def test_seven_in_the_morning_stands_at_the_same_place_on_each_day(first: date) -> None:
    found = week_of(entry("day", at=(clock(7),)), first=first)
    row = row_of(found, at(2026, 1, 1))
    assert [mark.x for mark in row.marks] == pytest.approx([place(day, 7) for day in range(7)])


def test_what_passes_midnight_stands_on_the_day_it_falls_on() -> None:
    presence = PresenceSettings(
        begin=clock(23), until=clock(1), least=1, most=1, least_on_s=6600, most_on_s=6600
    )
    found = week_of(entry("home", "", presence=presence), first=date(2026, 11, 2))
    row = row_of(found, at(2026, 11, 2, 12))
    ons = [mark for mark in row.marks if mark.action == "on"]
    assert len(ons) == 7
    for day, mark in enumerate(ons):
        assert place(day, 23) <= mark.x <= place(day, 23.2)
    for band, mark in zip(row.on[1:], ons[1:], strict=True):
        assert band.x == pytest.approx(mark.x)
        assert band.width == pytest.approx(place(0, 6600 / 3600)) or band is row.on[-1]


def test_the_hour_that_is_left_out_takes_its_place_all_the_same() -> None:
    found = week_of(entry("gap", at=(clock(2, 30),)), first=date(2026, 3, 29))
    row = row_of(found, at(2026, 1, 1))
    assert row.marks[0].x == pytest.approx(place(0, 3))
    assert row.marks[1].x == pytest.approx(place(1, 2.5))


def test_bars_tell_when_plans_would_have_it_on() -> None:
    plans = entry("up", "on", at=(clock(7),)), entry("down", at=(clock(22),))
    row = row_of(week_of(*plans, first=date(2026, 11, 2)), at(2026, 11, 2, 12))
    assert row.on[0].x == pytest.approx(place(0, 12))  # it is on now
    assert row.on[0].width == pytest.approx(place(0, 10))
    assert row.on[1].x == pytest.approx(place(1, 7))
    assert row.on[1].width == pytest.approx(place(0, 15))
    assert len(row.on) == 7


def test_of_two_plans_at_one_instant_the_later_in_the_file_prevails() -> None:
    plans = entry("up", "on", at=(clock(7),)), entry("down", at=(clock(7),))
    row = row_of(week_of(*plans, first=date(2026, 11, 2)), at(2026, 11, 2, 12))
    assert [mark.plan for mark in row.marks[:2]] == ["up", "down"]
    assert len(row.on) == 1
    first = row_of(week_of(*plans[::-1], first=date(2026, 11, 2)), at(2026, 11, 2, 12))
    assert sum(band.width for band in first.on) == pytest.approx(100 - place(0, 12), abs=1)


def test_nothing_before_now_moves_anything() -> None:
    found = week_of(entry("down", at=(clock(7),)), first=date(2026, 11, 2))
    row = row_of(found, at(2026, 11, 4, 12))
    assert [mark.is_past for mark in row.marks] == [True] * 3 + [False] * 4
    assert [(band.x, band.width) for band in row.on] == [
        (pytest.approx(place(2, 12)), pytest.approx(place(0, 19)))
    ]


def test_a_locked_outlet_stays_as_it_is() -> None:
    found = week_of(entry("down", at=(clock(7),)), first=date(2026, 11, 2), lock=Lock.LOCKED_ON)
    row = row_of(found, at(2026, 11, 2, 12), lock=Lock.LOCKED_ON)
    assert row.against == ("down: outlet 1 is locked on",)
    assert all(mark.is_refused for mark in row.marks if not mark.is_past)
    (band,) = row.on
    assert band.width == pytest.approx(100 - place(0, 12))


def test_an_outlet_that_is_off_is_not_drawn_as_on() -> None:
    found = week_of(entry("down", at=(clock(7),)), first=date(2026, 11, 2))
    row = row_of(found, at(2026, 11, 2), state=OutletState.OFF, relay_closed=False)
    assert row.on == ()
    unknown = row_of(found, at(2026, 11, 2), state=OutletState.UNKNOWN, relay_closed=None)
    assert unknown.on == ()


def test_many_runs_a_day_are_one_band() -> None:
    found = week_of(entry("often", "pulse", cron="*/5 8-17 * * *"), first=date(2026, 11, 2))
    row = row_of(found, at(2026, 11, 2))
    assert row.marks == ()
    assert row.on == ()
    assert row.dense[0].text == "often: pulse, 120 times"
    assert row.dense[0].x == pytest.approx(place(0, 8))
    assert row.dense[0].width == pytest.approx(place(0, 17 + 55 / 60) - place(0, 8))


def test_a_random_time_shows_where_it_may_be() -> None:
    found = week_of(entry("late", at=(clock(12),), random_s=3600), first=date(2026, 11, 2))
    for day, mark in enumerate(row_of(found, at(2026, 11, 2)).marks):
        assert mark.window is not None
        assert mark.window.x == pytest.approx(place(day, 11))
        assert mark.window.width == pytest.approx(place(0, 2))
        assert mark.window.x <= mark.x <= mark.window.x + mark.window.width


def test_disabled_plans_have_no_rows() -> None:
    found = week_of(entry("down", at=(clock(7),)), first=date(2026, 11, 2), enabled=False)
    assert outlet_rows(found, [make_outlet(1)], 0.0) == []


def test_nights_are_from_sunset_to_sunrise() -> None:
    found = week_of(entry("down", at=(clock(7),)), first=date(2026, 6, 21))
    nights = Scale(found.days, ROME).nights()
    assert len(nights) == 14
    assert nights[0].x == 0
    assert nights[0].width == pytest.approx(place(0, 5 + 34 / 60), abs=0.05)
    assert nights[1].x == pytest.approx(place(0, 20 + 48 / 60), abs=0.05)


def test_what_is_outside_the_week_has_no_place() -> None:
    found = week_of(entry("down", at=(clock(7),)), first=date(2026, 11, 2))
    scale = Scale(found.days, ROME)
    assert scale.x(at(2026, 11, 1, 23, 59).timestamp()) is None
    assert scale.x(at(2026, 11, 9).timestamp()) is None
    assert scale.x(at(2026, 11, 2).timestamp()) == 0.0


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((), "\N{EN DASH}"),
        ((3,), "3"),
        ((2, 1), "1, 2"),
        ((1, 2, 3, 7), "1\N{EN DASH}3, 7"),
        (range(1, 65), "1\N{EN DASH}64"),
    ],
)
def test_numbers_in_a_row_are_told_by_their_ends(numbers: Any, text: str) -> None:
    assert ranges(numbers) == text
