# SPDX-License-Identifier: Apache-2.0
"""The five fields of a cron line, as crontab(5) has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pdu_agent.model.errors import ConfigError


@dataclass(frozen=True, slots=True)
class _Field:
    """names stand for lowest, lowest + 1 and so on."""

    name: str
    lowest: int
    highest: int
    names: tuple[str, ...] = ()


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEK = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_SUNDAY = 7  # as the end of a range; 0 as its beginning
_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, _SUNDAY, _WEEK),
)
_LONGEST = dict(zip(range(1, 13), (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), strict=True))
_SHORT: Mapping[str, str] = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


@dataclass(frozen=True, slots=True)
class Cron:
    """minutes: of the day, 0 to 1439, rising. weekdays: as date.weekday() counts, 0 is Monday.

    either: a day fits by its date or by its weekday; else it must fit by both.
    by_clock: minute or hour begins with `*`: it is due whenever the clock shows it, so never in
    an hour that is left out, and twice in one that comes twice.
    """

    minutes: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool
    by_clock: bool

    def includes(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        by_date, by_weekday = day.day in self.days, day.weekday() in self.weekdays
        return by_date or by_weekday if self.either else by_date and by_weekday


def parse_cron(line: str) -> Cron:
    """Five fields, or @daily and the like. Raises ConfigError, which names the field."""
    words = _SHORT.get(line.strip().lower(), line).split()
    if words and words[0].startswith("@"):
        raise ConfigError(f"cron: {words[0]!r} is unknown; expected one of {', '.join(_SHORT)}")
    if len(words) != len(_FIELDS):
        names = ", ".join(field.name for field in _FIELDS)
        raise ConfigError(f"cron: {line!r} has {len(words)} fields; expected five: {names}")
    minutes, hours, days, months, weekdays = map(_values, _FIELDS, words)
    starred = [word.startswith("*") for word in words]
    cron = Cron(
        minutes=tuple(60 * hour + minute for hour in sorted(hours) for minute in sorted(minutes)),
        days=days,
        months=months,
        weekdays=frozenset((weekday - 1) % 7 for weekday in weekdays),
        either=not (starred[2] or starred[4]),
        by_clock=starred[0] or starred[1],
    )
    if not cron.either and min(days) > max(_LONGEST[month] for month in months):
        raise ConfigError(f"cron: {line!r} is never due: no such month has a day {min(days)}")
    return cron


def _values(field: _Field, word: str) -> frozenset[int]:
    return frozenset(value for part in word.split(",") for value in _part(field, part))


def _part(field: _Field, part: str) -> range:
    match = re.fullmatch(r"(?:\*|(\w+)(?:-(\w+))?)(?:/([0-9]{1,4}))?", part, re.ASCII)
    if match is None:
        raise _wrong(field, part, "is no number, range or step")
    begin, end, step = match.groups()
    if step is not None and begin is not None and end is None:
        raise _wrong(field, part, "has a step, but no range")
    low = field.lowest if begin is None else _number(field, begin, 0)
    high = field.highest if begin is None else low if end is None else _number(field, end, 7)
    if high < low:
        raise _wrong(field, part, "ends before it begins")
    if step is not None and not 1 <= int(step) <= field.highest:
        raise _wrong(field, part, f"has a step that is not from 1 to {field.highest}")
    return range(low, high + 1, int(step or 1))


def _number(field: _Field, word: str, sunday: int) -> int:
    name = word.lower()
    if name in field.names:
        value = field.names.index(name) + field.lowest
        return sunday if name == "sun" else value
    if not word.isdigit() or len(word) > 4:
        raise _wrong(field, word, "is no number")
    if not field.lowest <= int(word) <= field.highest:
        raise _wrong(field, word, f"is not from {field.lowest} to {field.highest}")
    return int(word)


def _wrong(field: _Field, word: str, fault: str) -> ConfigError:
    names = f" or {field.names[0]} to {field.names[-1]}" if field.names else ""
    return ConfigError(
        f"cron: {field.name}: {word!r} {fault}; expected {field.lowest} to {field.highest}{names},"
        " *, lists 1,2, ranges 1-5 or steps */5"
    )
