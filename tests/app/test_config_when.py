# SPDX-License-Identifier: Apache-2.0
"""A plan's calendar as the file writes it: dates, spans and times are words that are read."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from pdu_agent.app.config.checker import Checker
from pdu_agent.app.config.tree import Problems
from pdu_agent.app.config.yaml12 import parse
from pdu_agent.core.calendar import WhenSettings
from pdu_agent.core.calendar.settings import DateSpan, PresenceSettings, SunEvent
from pdu_agent.core.metered.tariffs import ClockTime, Weekday


def read(text: str) -> tuple[WhenSettings | None, list[str]]:
    problems = Problems()
    tree = parse(text.encode(), "when.yaml", problems)
    assert tree is not None
    settings = Checker(problems).record(WhenSettings, tree)
    return settings, [str(problem) for problem in problems.found]


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        (
            "{at: [07:00, 22:30], days: [mon, tue], every_weeks: 2, from_date: 2026-01-05}",
            WhenSettings(
                at=(ClockTime(420), ClockTime(1350)),
                days=(Weekday.MON, Weekday.TUE),
                every_weeks=2,
                from_date=date(2026, 1, 5),
            ),
        ),
        (
            "{cron: '*/5 8-17 * * mon-fri', except: [2026-05-01, 2026-12-24..2027-01-06]}",
            WhenSettings(
                cron="*/5 8-17 * * mon-fri",
                excluded=(
                    DateSpan(date(2026, 5, 1), date(2026, 5, 1)),
                    DateSpan(date(2026, 12, 24), date(2027, 1, 6)),
                ),
            ),
        ),
        ("once: 2026-12-24 18:00", WhenSettings(once=datetime(2026, 12, 24, 18))),
        ("{sun: dusk, offset_s: -600}", WhenSettings(sun=SunEvent.DUSK, offset_s=-600)),
        (
            "presence: {from: 18:00, until: 24:00, most: 4}",
            WhenSettings(
                presence=PresenceSettings(begin=ClockTime(1080), until=ClockTime(1440), most=4)
            ),
        ),
    ],
)
def test_calendars_are_written_like_this(text: str, settings: WhenSettings) -> None:
    assert read(text) == (settings, [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "once: 2026-02-30 10:00",
            "when.yaml:1:7: once: '2026-02-30 10:00' does not fit; expected a date and a time of"
            " day, such as 2026-12-24 18:00",
        ),
        ("once: 2026-12-24 24:00", "expected a date and a time of day"),
        ("once: 2026-12-24", "expected a date and a time of day"),
        (
            "at: [07:00]\nfrom_date: 2026-02-30",
            "when.yaml:2:12: from_date: '2026-02-30' does not fit; expected a date from 2000 to",
        ),
        ("at: [07:00]\nexcept: [2027-01-06..2026-12-24]", "expected a date, or two in order"),
        ("at: [07:00]\nexcept: [2026-12-24..]", "expected a date, or two in order"),
        ("at: [07:60]", "when.yaml:1:6: at[0]: '07:60' does not fit; expected a time of day"),
        ("at: [07:00]\nsun: sunsett", "did you mean sunset?"),
        ("cron: 61 * * * *", "when.yaml:1:1: cron: minute: '61' is not from 0 to 59"),
        ("presence: {from: 18:00, until: 18:00}", "presence: from: 18:00 begins no window"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, message: str) -> None:
    settings, problems = read(text)
    assert settings is None
    assert any(message in problem for problem in problems), problems
