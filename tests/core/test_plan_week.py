# SPDX-License-Identifier: Apache-2.0
"""The next days of plans: what is due on which day, and what stands against it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pdu_agent.core.calendar.settings import DateSpan, PresenceSettings, SunEvent
from pdu_agent.core.metered.tariffs import ClockTime, Weekday
from pdu_agent.core.plans.settings import CounterSettings, PlanSettings, PlanWhen
from pdu_agent.core.plans.week import MOST_RUNS, PlanDays, Week, week
from pdu_agent.core.settings import CoreSettings, DeviceSettings, InletSettings, OutletSettings
from pdu_agent.model.commands import Hold, Lock, Rank
from pdu_agent.model.control import Plan
from pdu_agent.model.snapshot import Snapshot
from tests.web.fake_agent import make_outlet, make_snapshot

ROME = ZoneInfo("Europe/Rome")


def plan(**when: Any) -> PlanSettings:
    action = "" if "presence" in when else when.pop("action", "off")
    return PlanSettings(name="it", outlets=(1, 2), action=action, when=PlanWhen(**when))


def clock(text: str) -> ClockTime:
    hours, minutes = text.split(":")
    return ClockTime(60 * int(hours) + int(minutes))


def looked_at(entry: PlanSettings, **outlet: Any) -> Snapshot:
    row = Plan(1, entry.name, True, "", (1, 2), entry.does, None, None, "", 0, 0)
    outlets = (make_outlet(1, **outlet), make_outlet(2), make_outlet(3, lock=Lock.LOCKED_ON))
    return make_snapshot(plans=(row,), outlets=outlets)


def shown(entry: PlanSettings, first: date, days: int = 3, **outlet: Any) -> Week:
    settings = CoreSettings(
        DeviceSettings(latitude=41.9, longitude=12.5),
        (InletSettings(),),
        tuple(OutletSettings(number) for number in (1, 2, 3)),
        time_zone=ROME,
        plans=(entry,),
    )
    return week(settings, looked_at(entry, **outlet), first, days)


def local(wall_s: float | None) -> str:
    assert wall_s is not None
    return f"{datetime.fromtimestamp(wall_s, ROME):%d %H:%M %Z}"


def times(found: Week) -> list[list[str]]:
    (only,) = found.plans
    return [[f"{local(run.wall_s)} {run.action}" for run in day.runs] for day in only.days]


def test_a_time_of_day_stays_on_the_clock_over_both_changes_of_it() -> None:
    entry = plan(at=(clock("07:00"),))
    assert times(shown(entry, date(2026, 3, 28))) == [
        ["28 07:00 CET off"],
        ["29 07:00 CEST off"],
        ["30 07:00 CEST off"],
    ]
    assert times(shown(entry, date(2026, 10, 24), 2)) == [
        ["24 07:00 CEST off"],
        ["25 07:00 CET off"],
    ]


def test_a_time_that_is_left_out_is_the_first_instant_after_the_gap() -> None:
    found = times(shown(plan(at=(clock("02:30"),)), date(2026, 3, 29), 1))
    assert found == [["29 03:00 CEST off"]]


def test_days_are_as_long_as_the_clock_makes_them() -> None:
    for first, hours in ((date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)):
        (day,) = shown(plan(at=(clock("07:00"),)), first, 1).days
        assert (day.end_wall_s - day.begin_wall_s) / 3600 == hours
        assert local(day.begin_wall_s).startswith(f"{first:%d} 00:00")


def test_midnight_belongs_to_the_day_that_it_begins() -> None:
    found = times(shown(plan(at=(clock("00:00"), clock("23:59"))), date(2026, 11, 2), 2))
    assert found == [
        ["02 00:00 CET off", "02 23:59 CET off"],
        ["03 00:00 CET off", "03 23:59 CET off"],
    ]


def test_a_window_that_passes_midnight_is_shown_on_the_days_it_falls_on() -> None:
    presence = PresenceSettings(
        begin=clock("23:00"), until=clock("01:00"), least=1, most=1, least_on_s=6600, most_on_s=6600
    )
    (only,) = shown(plan(presence=presence), date(2026, 11, 2), 2).plans
    assert only.by == "presence"
    first, second = only.days
    assert [run.action for run in first.runs] == ["off", "on"]  # the off is of the evening before
    assert [run.action for run in second.runs] == ["off", "on"]
    off_s, on_s = second.runs[0].wall_s, first.runs[1].wall_s
    assert off_s - on_s == 6600
    assert local(on_s).startswith("02 23:")
    assert local(off_s).startswith("03 00:")


def test_the_sun_of_rome_at_midsummer() -> None:
    entry = plan(sun=SunEvent.SUNSET, offset_s=-900)
    found = shown(entry, date(2026, 6, 21), 1)
    (day,) = found.days
    rises = datetime(2026, 6, 21, 5, 34, tzinfo=ROME).timestamp()
    sets = datetime(2026, 6, 21, 20, 48, tzinfo=ROME).timestamp()
    assert day.sunrise_wall_s == pytest.approx(rises, abs=90)
    assert day.sunset_wall_s == pytest.approx(sets, abs=90)
    assert day.sunset_wall_s is not None
    (only,) = found.plans
    assert only.by == "sun"
    assert only.days[0].first_wall_s == day.sunset_wall_s - 900


def test_where_nobody_knows_the_place_there_is_no_sun() -> None:
    entry = plan(at=(clock("07:00"),))
    settings = CoreSettings(
        DeviceSettings(), (InletSettings(),), (OutletSettings(1),), time_zone=ROME, plans=(entry,)
    )
    (day,) = week(settings, looked_at(entry), date(2026, 6, 21), 1).days
    assert (day.sunrise_wall_s, day.sunset_wall_s) == (None, None)


def test_a_day_without_a_run_says_why() -> None:
    entry = plan(
        at=(clock("07:00"),),
        days=(Weekday.MON, Weekday.TUE),
        excluded=(DateSpan(date(2026, 11, 3), date(2026, 11, 3)),),
    )
    (only,) = shown(entry, date(2026, 11, 2)).plans
    assert [day.why_not for day in only.days] == [
        "",
        "2026-11-03 is in `except`",
        "2026-11-04 is a wed",
    ]
    assert [day.count for day in only.days] == [1, 0, 0]


def test_a_day_with_more_runs_than_can_be_shown_is_told_by_its_ends() -> None:
    (only,) = shown(plan(cron="*/5 8-17 * * *"), date(2026, 11, 2), 1).plans
    (day,) = only.days
    assert (day.count, day.runs) == (120, ())
    assert local(day.first_wall_s) == "02 08:00 CET"
    assert local(day.last_wall_s) == "02 17:55 CET"
    (only,) = shown(plan(cron="*/30 * * * *"), date(2026, 11, 2), 1).plans
    assert only.days[0].count == len(only.days[0].runs) == MOST_RUNS


def test_a_random_time_is_told_with_the_time_that_it_was_planned_for() -> None:
    entry = plan(at=(clock("07:00"), clock("08:00")), random_s=1800, seed=3)
    (only,) = shown(entry, date(2026, 11, 2)).plans
    assert only.random_s == 1800
    moved = []
    for day in only.days:
        planned = [local(run.planned_wall_s)[3:8] for run in day.runs]
        assert planned == ["07:00", "08:00"]
        moved += [run.wall_s - run.planned_wall_s for run in day.runs]
    assert all(abs(each) <= 1800 for each in moved)
    assert len(set(moved)) > 1


def test_a_counter_is_due_on_no_day_that_can_be_told() -> None:
    (only,) = shown(plan(counter=CounterSettings(outlet=1, on_hours=5)), date(2026, 11, 2)).plans
    assert (only.by, only.days) == ("counter", ())


def test_without_a_day_it_begins_with_that_of_the_snapshot() -> None:
    entry = plan(at=(clock("07:00"),))
    settings = CoreSettings(
        DeviceSettings(), (InletSettings(),), (OutletSettings(1),), time_zone=ROME, plans=(entry,)
    )
    (day,) = week(settings, looked_at(entry), None, 1).days
    assert day.day == date(2027, 1, 15)


def against(action: str, **outlet: Any) -> list[tuple[int, str, str]]:
    entry = plan(at=(clock("07:00"),), action=action)
    found: PlanDays = shown(entry, date(2026, 11, 2), 1, **outlet).plans[0]
    return [(each.outlet, each.source, each.text) for each in found.against]


def test_what_stands_against_a_plan_is_told() -> None:
    assert against("on") == []
    told = "outlet 1 is locked off"
    assert against("on", lock=Lock.LOCKED_OFF) == [(1, "lock", told)]
    rule = Hold("rule heater", Rank.RULE, False, "too hot", 0.0, "ends below 24")
    told = "outlet 1 is kept off by rule heater: too hot; ends below 24"
    assert against("on", holds=(rule,)) == [(1, "rule heater", told)]
    assert against("off", holds=(rule,)) == []
    assert against("reboot", holds=(rule,)) == [(1, "rule heater", told)]


def test_what_is_no_stronger_than_a_plan_does_not_stand_against_it() -> None:
    mains = Hold("mains back", Rank.SCHEDULE, False, "waits", 0.0)
    assert against("on", holds=(mains,)) == []
