# SPDX-License-Identifier: Apache-2.0
"""Calendars at random, for comparisons."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from pdu_agent.core.calendar.settings import DateSpan, PresenceSettings, WhenSettings
from pdu_agent.core.metered.tariffs import ClockTime, Weekday
from pdu_agent.model.errors import ConfigError

PLACES = {
    "Europe/Rome": (41.9, 12.5),
    "Australia/Lord_Howe": (-31.55, 159.08),
    "Asia/Kolkata": (28.61, 77.21),
    "Europe/Oslo": (69.65, 18.96),
    "Arctic/Longyearbyen": (78.22, 15.65),
    "America/Havana": (23.11, -82.37),
    "Africa/Cairo": (30.04, 31.24),
    "America/Nuuk": (64.18, -51.69),
}
"""Zones with their latitudes and longitudes. Europe; half an hour of daylight saving; none; polar;
a clock that jumps from midnight, to midnight, and over it.
"""


def any_when(chance: Random, year: int, kind: str) -> WhenSettings:
    """A kind is at, cron, once or presence; most of what it is given besides is at random."""
    while True:
        try:
            return WhenSettings(**_KINDS[kind](chance, year))
        except ConfigError:
            continue


def _once(chance: Random, year: int) -> dict[str, Any]:
    day = date(year, 1, 1) + timedelta(chance.randrange(365))
    return {"once": datetime(day.year, day.month, day.day, chance.randrange(24), _minute(chance))}


def _at(chance: Random, year: int) -> dict[str, Any]:
    count = chance.choice((1, 1, 2, 3, 8))
    times = {60 * chance.choice((*range(24), 0, 1, 2, 23)) + _minute(chance) for _ in range(count)}
    return {"at": tuple(map(ClockTime, times)), **_days(chance, year), **_random(chance)}


def _cron(chance: Random, year: int) -> dict[str, Any]:
    fields = [_field(chance, *limits) for limits in ((0, 59), (0, 23), (1, 31), (1, 12))]
    week = chance.choice(("*", "*", "mon-fri", "sat,sun", "0", "fri-sun", _field(chance, 0, 7)))
    days = _days(chance, year) if chance.random() < 0.2 else {}
    return {"cron": " ".join((*fields, week)), **days, **_random(chance)}


def _presence(chance: Random, year: int) -> dict[str, Any]:
    begin, until = chance.randrange(1440), chance.randrange(1, 1441)
    least_on_s = chance.choice((60, 600, 1800))
    presence = PresenceSettings(
        begin=ClockTime(begin),
        until=ClockTime(until),
        least=chance.randrange(3),
        most=chance.randrange(3, 9),
        least_on_s=least_on_s,
        most_on_s=least_on_s * chance.choice((1, 3, 10)),
        least_off_s=chance.choice((1, 60, 900)),
    )
    return {"presence": presence, "seed": chance.randrange(1000), **_days(chance, year)}


_KINDS = {"at": _at, "cron": _cron, "once": _once, "presence": _presence}


def _minute(chance: Random) -> int:
    return chance.choice((0, 1, 29, 30, 31, 59, chance.randrange(60)))


def _random(chance: Random) -> dict[str, Any]:
    if chance.random() < 0.7:
        return {}
    return {"random_s": chance.choice((1, 30, 900, 7200)), "seed": chance.randrange(1000)}


def _field(chance: Random, low: int, high: int) -> str:
    def part() -> str:
        begin = chance.randint(low, high)
        end = chance.randint(begin, high)
        step = chance.randint(1, max(1, high // 2))
        return chance.choice((f"{begin}", f"{begin}-{end}", f"{begin}-{end}/{step}"))

    star = chance.choice(("*", "*", f"*/{chance.randint(1, high)}"))
    return chance.choice((star, part(), part(), f"{part()},{part()}"))


def _days(chance: Random, year: int) -> dict[str, Any]:
    first = date(year, 1, 1) + timedelta(chance.randrange(-30, 200))
    given: dict[str, Any] = {}
    if chance.random() < 0.5:
        given["days"] = tuple(chance.sample(list(Weekday), chance.randint(1, 7)))
    if chance.random() < 0.5:
        given["from_date"] = first
        given["every_weeks"] = chance.choice((1, 2, 3, 5))
    if chance.random() < 0.3:
        given["until_date"] = first + timedelta(chance.randrange(300))
    if chance.random() < 0.4:
        starts = [first + timedelta(chance.randrange(200)) for _ in range(3)]
        spans = [DateSpan(start, start + timedelta(chance.choice((0, 0, 9)))) for start in starts]
        given["excluded"] = tuple(spans)
    return given
