# SPDX-License-Identifier: Apache-2.0
"""Days and months of local time, whatever daylight saving does: they have 23 to 25 hours, or so."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, tzinfo
from enum import Enum

from pdu_agent.model.errors import InvalidValue

HOUR_S = 3600
_DAY = re.compile(r"[12]\d{3}-\d\d-\d\d", re.ASCII)
_MONTH = re.compile(r"[12]\d{3}-\d\d", re.ASCII)


class Step(Enum):
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


def midnight_s(day: date, zone: tzinfo | None) -> int:
    """Where the day begins, in seconds since 1970. zone: None for the system's."""
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def local_day(wall_s: float, zone: tzinfo | None) -> date:
    return datetime.fromtimestamp(wall_s, zone).date()


def month_span(text: str) -> tuple[date, date]:
    """The first day of the month, and that of the next. Raises InvalidValue."""
    try:
        if not _MONTH.fullmatch(text):
            raise ValueError
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        raise InvalidValue(f"month: {text[:20]!r} is none; expected one such as 2026-03") from None
    return first, _next_month(first)


def day_of(text: str, name: str) -> date:
    """Raises InvalidValue, which names what it is of."""
    try:
        if not _DAY.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidValue(f"{name}: {text[:20]!r} is no day; expected as 2026-03-14") from None


def edges(first: date, end: date, step: Step, zone: tzinfo | None) -> list[int]:
    """Where each hour, day or month begins from the first day on; the last is the beginning of
    `end`. Hours are of UTC, as they are booked: the first may begin a little before local midnight
    where a zone is not whole hours from UTC.
    """
    if step is Step.HOUR:
        begin_s, end_s = midnight_s(first, zone), midnight_s(end, zone)
        hours = range(begin_s - begin_s % HOUR_S, end_s - end_s % HOUR_S + 1, HOUR_S)
        return list(hours)
    found, day = [], first
    while day < end:
        found.append(midnight_s(day, zone))
        day = day + timedelta(days=1) if step is Step.DAY else _next_month(day)
    return [*found, midnight_s(end, zone)]


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)
