# SPDX-License-Identifier: Apache-2.0
"""What a plan's calendar may say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum

from pdu_agent.core.calendar.cron import parse_cron
from pdu_agent.core.metered.tariffs import ClockTime, Weekday
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.settings import setting

DAY_MINUTES = 24 * 60
MAX_SHIFT_S = 12 * 3600

_WEEK = tuple(Weekday)
_LOOKED_AT_DAYS = 800  # two rounds of the longest every_weeks


class SunEvent(Enum):
    SUNRISE = "sunrise"
    SUNSET = "sunset"
    DAWN = "dawn"
    DUSK = "dusk"
    NOON = "noon"


class Twilight(Enum):
    """How deep the sun is at dawn and dusk: 6, 12 and 18 degrees below the horizon."""

    CIVIL = "civil"
    NAUTICAL = "nautical"
    ASTRONOMICAL = "astronomical"


@dataclass(frozen=True, slots=True)
class DateSpan:
    """Days from `first` to `last`, both included. Raises ConfigError for one that ends first."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ConfigError(f"{self} ends before it begins")

    def __str__(self) -> str:
        if self.first == self.last:
            return self.first.isoformat()
        return f"{self.first.isoformat()}..{self.last.isoformat()}"

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceSettings:
    """On and off as if somebody were at home, within a window that may pass midnight.

    Raises ConfigError where the most switchings with the least times do not fit in.
    """

    begin: ClockTime = setting(key="from", doc="local time; the window of each day begins")
    until: ClockTime = setting(doc="local time, up to 24:00; everything is off again by then")
    least: int = setting(1, minimum=0, maximum=48, doc="times on, of a day with few")
    most: int = setting(3, minimum=1, maximum=48, doc="times on, of a day with many")
    least_on_s: int = setting(600, minimum=1, maximum=86_400)
    most_on_s: int = setting(3600, minimum=1, maximum=86_400)
    least_off_s: int = setting(300, minimum=1, maximum=86_400, doc="between two times on")

    @property
    def length_minutes(self) -> int:
        return (self.until.minute - self.begin.minute - 1) % DAY_MINUTES + 1

    def __post_init__(self) -> None:
        if self.begin.minute in (DAY_MINUTES, self.until.minute):
            raise ConfigError(
                f"from: {self.begin} begins no window; expected a time up to 23:59 and not `until`"
            )
        if self.least > self.most:
            raise ConfigError(f"least: {self.least} exceeds most, {self.most}")
        if self.least_on_s > self.most_on_s:
            raise ConfigError(f"least_on_s: {self.least_on_s} exceeds most_on_s, {self.most_on_s}")
        needed_s = self.most * (self.least_on_s + self.least_off_s) - self.least_off_s
        if needed_s > self.length_minutes * 60:
            raise ConfigError(
                f"most: {self.most} times on take {needed_s} s with least_on_s and least_off_s;"
                f" from {self.begin} until {self.until} there are {self.length_minutes * 60} s"
            )
        if self.length_minutes * 60 + self.least_off_s > DAY_MINUTES * 60:
            raise ConfigError(
                f"until: {self.until} leaves less than least_off_s until {self.begin} comes again"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class WhenSettings:
    """When a plan is due: by one of `at`, `cron`, `once`, `sun` and `presence`, on the days that
    `days`, `every_weeks`, the dates and `except` leave. All times are local.

    Raises ConfigError for what contradicts itself, or can never be.
    """

    at: tuple[ClockTime, ...] = setting((), max_length=48, doc="times of day")
    cron: str = setting("", max_length=255, doc="minute hour day month weekday, as in crontab")
    once: datetime | None = setting(None, doc="a single time")
    sun: SunEvent | None = setting(None, doc="where the sun is, seen from device.latitude")
    presence: PresenceSettings | None = setting(None, doc="on and off at random, from a seed")
    days: tuple[Weekday, ...] = setting(_WEEK, max_length=7)
    every_weeks: int = setting(
        1, minimum=1, maximum=52, doc="only in each n-th week (from Monday) from from_date's on"
    )
    from_date: date | None = setting(None, doc="the first day")
    until_date: date | None = setting(None, doc="the last day")
    excluded: tuple[DateSpan, ...] = setting((), max_length=64, key="except", doc="days without")
    twilight: Twilight = setting(Twilight.CIVIL, doc="of sun: dawn and sun: dusk")
    offset_s: int = setting(
        0, minimum=-MAX_SHIFT_S, maximum=MAX_SHIFT_S, doc="later than the sun; before it below 0"
    )
    random_s: int = setting(
        0, minimum=0, maximum=MAX_SHIFT_S, doc="up to so much sooner or later, another each day"
    )
    seed: int = setting(
        0, minimum=0, maximum=2**31 - 1, doc="of what is random: the same seed, the same times"
    )

    def __post_init__(self) -> None:
        self._check_kind()
        self._check_extras()
        self._check_days()
        self._check_random(self._planned_minutes())

    @property
    def first_day(self) -> date | None:
        return self.once.date() if self.once else self.from_date

    @property
    def last_day(self) -> date | None:
        return self.once.date() if self.once else self.until_date

    def on_day(self, day: date) -> str:
        """Why nothing is due on that day, whatever the time; "" where it may be."""
        if (self.from_date and day < self.from_date) or (self.until_date and day > self.until_date):
            return f"{day} is outside from_date and until_date"
        if any(day in span for span in self.excluded):
            return f"{day} is in `except`"
        weekday = _WEEK[day.weekday()]
        if weekday not in self.days:
            return f"{day} is a {weekday.value}"
        if (
            self.every_weeks > 1
            and self.from_date
            and _weeks(self.from_date, day) % self.every_weeks
        ):
            return f"{day} is in a week between those that every_weeks leaves"
        return ""

    def _kinds(self) -> list[str]:
        return [name for name in ("at", "cron", "once", "sun", "presence") if getattr(self, name)]

    def _check_kind(self) -> None:
        given = self._kinds()
        if len(given) != 1:
            what = f"{' and '.join(given)} are given" if given else "nothing says when"
            raise ConfigError(f"{what}; expected one of at, cron, once, sun, presence")
        if self.cron:
            parse_cron(self.cron)
        if any(time.minute == DAY_MINUTES for time in self.at):
            raise ConfigError("at: 24:00 is the next day's; expected 00:00 to 23:59")
        if len(set(self.at)) < len(self.at):
            raise ConfigError("at: a time is given twice")

    def _check_extras(self) -> None:
        if self.offset_s and not self.sun:
            raise ConfigError("offset_s: counts from the sun; expected `sun` beside it")
        if self.twilight is not Twilight.CIVIL and self.sun not in (SunEvent.DAWN, SunEvent.DUSK):
            raise ConfigError("twilight: belongs to `sun: dawn` and `sun: dusk`")
        if self.presence and self.random_s:
            raise ConfigError("random_s: does not go with `presence`, which is random in itself")
        dated = self.from_date or self.until_date or self.excluded or self.every_weeks > 1
        if self.once and (dated or self.days != _WEEK):
            raise ConfigError("once: has its date; expected no days, every_weeks, dates or except")

    def _check_days(self) -> None:
        if not self.days:
            raise ConfigError("days: is empty, so it is never due; expected some of mon to sun")
        if self.every_weeks > 1 and self.from_date is None:
            raise ConfigError("every_weeks: counts from from_date, which is missing")
        if self.from_date is None or self.until_date is None:
            return
        if self.until_date < self.from_date:
            raise ConfigError(
                f"until_date: {self.until_date} is before from_date, {self.from_date}"
            )
        length = (self.until_date - self.from_date).days + 1
        looked_at = range(min(length, _LOOKED_AT_DAYS))
        if all(self.on_day(self.from_date + timedelta(days)) for days in looked_at):
            raise ConfigError(
                f"from_date: no day until {self.until_date} is left by days, every_weeks and except"
            )

    def _planned_minutes(self) -> Sequence[int]:
        if self.cron:
            return parse_cron(self.cron).minutes
        return sorted(time.minute for time in self.at) or (0,)

    def _check_random(self, minutes: Sequence[int]) -> None:
        following = (*minutes[1:], minutes[0] + DAY_MINUTES)
        gap_s = 60 * min(then - now for now, then in zip(minutes, following, strict=True))
        if 2 * self.random_s > gap_s:
            raise ConfigError(
                f"random_s: {self.random_s} could change the order of two times that are"
                f" {gap_s} s apart; expected at most {gap_s // 2}"
            )


def _weeks(first: date, day: date) -> int:
    """Whole weeks from the Monday of one to the Monday of the other."""
    return (day.toordinal() - day.weekday() - first.toordinal() + first.weekday()) // 7
