# SPDX-License-Identifier: Apache-2.0
"""Cron lines mean what crontab(5) says, and a wrong one tells which field is wrong."""

from __future__ import annotations

from datetime import date

import pytest

from pdu_agent.core.calendar.cron import parse_cron
from pdu_agent.model.errors import ConfigError

FRIDAY_13TH = date(2026, 2, 13)
FRIDAY = date(2026, 2, 20)
SUNDAY = date(2026, 2, 15)


def test_minutes_and_hours_are_lists_ranges_and_steps() -> None:
    assert parse_cron("*/20 8-9 * * *").minutes == (480, 500, 520, 540, 560, 580)
    assert parse_cron("5,7 0-12/6 * * *").minutes == (5, 7, 365, 367, 725, 727)


def test_a_date_and_a_weekday_are_either_or() -> None:
    cron = parse_cron("0 12 13 * fri")
    assert cron.includes(FRIDAY_13TH)
    assert cron.includes(FRIDAY)
    assert cron.includes(date(2026, 1, 13))
    assert not cron.includes(SUNDAY)


@pytest.mark.parametrize("line", ["0 12 * * fri", "0 12 */1 * fri", "0 12 * * 5"])
def test_a_star_leaves_the_other_field_to_decide(line: str) -> None:
    cron = parse_cron(line)
    assert cron.includes(FRIDAY)
    assert not cron.includes(SUNDAY)


@pytest.mark.parametrize("week", ["0", "7", "sun", "SUN", "sat-sun", "fri-7", "sun-mon", "0-1"])
def test_sunday_is_0_and_7(week: str) -> None:
    assert parse_cron(f"0 0 * * {week}").includes(SUNDAY)


def test_names_of_months_count() -> None:
    cron = parse_cron("0 0 1 jan-mar,DEC *")
    assert sorted(cron.months) == [1, 2, 3, 12]


def test_short_words_stand_for_lines() -> None:
    assert parse_cron("@daily") == parse_cron("0 0 * * *")
    assert parse_cron("@Hourly") == parse_cron("0 * * * *")


@pytest.mark.parametrize(
    ("line", "by_clock"),
    [
        ("*/5 2 * * *", True),
        ("30 * * * *", True),
        ("0,30 0-23 * * *", False),
        ("30 2 * * *", False),
    ],
)
def test_what_begins_with_a_star_goes_by_the_clock(line: str, by_clock: bool) -> None:
    assert parse_cron(line).by_clock is by_clock


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("61 * * * *", "cron: minute: '61' is not from 0 to 59; expected 0 to 59, *, lists"),
        ("* 24 * * *", "cron: hour: '24' is not from 0 to 23"),
        ("* * 0 * *", "cron: day of month: '0' is not from 1 to 31"),
        ("* * * 13 *", "cron: month: '13' is not from 1 to 12; expected 1 to 12 or jan to dec"),
        ("* * * * 8", "cron: day of week: '8' is not from 0 to 7"),
        ("* * * foo *", "cron: month: 'foo' is no number; expected"),
        ("* * jan * *", "cron: day of month: 'jan' is no number"),
        ("*/0 * * * *", "cron: minute: '*/0' has a step that is not from 1 to 59"),
        ("*/90 * * * *", "cron: minute: '*/90' has a step that is not from 1 to 59"),
        ("5/10 * * * *", "cron: minute: '5/10' has a step, but no range"),
        ("30-10 * * * *", "cron: minute: '30-10' ends before it begins"),
        ("1,,2 * * * *", "cron: minute: '' is no number, range or step"),
        ("-1 * * * *", "cron: minute: '-1' is no number, range or step"),
        ("٣ * * * *", "is no number"),
        ("1.5 * * * *", "cron: minute: '1.5' is no number, range or step"),
        ("* * * *", "cron: '* * * *' has 4 fields; expected five: minute, hour, day of month"),
        ("* * * * * *", "has 6 fields"),
        ("0 0 30 2 *", "cron: '0 0 30 2 *' is never due: no such month has a day 30"),
        ("0 0 31 4,6,9,11 *", "is never due: no such month has a day 31"),
        ("@reboot", "cron: '@reboot' is unknown; expected one of @yearly"),
    ],
)
def test_a_wrong_line_says_which_field_is_wrong(line: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_cron(line)
    assert message in str(caught.value)


def test_the_30th_of_february_may_be_a_weekday() -> None:
    assert parse_cron("0 0 30 2 mon").includes(date(2026, 2, 16))
