# SPDX-License-Identifier: Apache-2.0
"""The kinds of calendars: what each plans for a local day, apart from `days`, dates and chance."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from pdu_agent.core.calendar.chance import chance_of, times_on
from pdu_agent.core.calendar.cron import parse_cron
from pdu_agent.core.calendar.local_time import LocalTime
from pdu_agent.core.calendar.occurrence import Place
from pdu_agent.core.calendar.settings import DAY_MINUTES, PresenceSettings, SunEvent, WhenSettings
from pdu_agent.core.calendar.sun import Never, sun_wall_s
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.terms import Action

Due = tuple[int, Action | None]
"""Seconds since 1970, and what presence does then."""

_NEXT_DAY_S = 26 * 3600  # to the end of the next day, also where the clock is put back on it
_NOON = (12 * 60,)


class Kind(ABC):
    """reach_s: how far beyond its local day something may be due."""

    reach_s = 0

    @abstractmethod
    def due(self, day: date) -> list[Due]: ...

    def why_not(self, day: date) -> str:
        """Of a day for which nothing is due."""
        return f"{day} has none of its times"


class TimesOfDay(Kind):
    def __init__(self, local: LocalTime, minutes: Sequence[int]) -> None:
        self._local = local
        self._minutes = sorted(minutes)

    def due(self, day: date) -> list[Due]:
        return [(wall_s, None) for wall_s in self._local.instants(day, self._minutes)]


class CronLine(Kind):
    def __init__(self, local: LocalTime, line: str) -> None:
        self._line = line
        self._cron = parse_cron(line)
        self._pick = local.shown if self._cron.by_clock else local.instants

    def due(self, day: date) -> list[Due]:
        if not self._cron.includes(day):
            return []
        return [(wall_s, None) for wall_s in self._pick(day, self._cron.minutes)]

    def why_not(self, day: date) -> str:
        if self._cron.includes(day):
            return f"cron {self._line!r} names only times that are left out on {day}"
        return f"{day} is no day of cron {self._line!r}"


class Single(Kind):
    def __init__(self, local: LocalTime, moment: datetime) -> None:
        self._day = moment.date()
        self._wall_s = local.instant(moment)

    def due(self, day: date) -> list[Due]:
        return [(self._wall_s, None)] if day == self._day else []

    def why_not(self, day: date) -> str:
        return f"{day} is not {self._day}"


class Sun(Kind):
    def __init__(
        self, local: LocalTime, place: Place | None, event: SunEvent, when: WhenSettings
    ) -> None:
        if place is None:
            raise ConfigError(
                f"sun: {event.value} cannot be told without device.latitude and device.longitude"
            )
        self._local = local
        self._place = place
        self._event = event
        self._when = when
        self.reach_s = _NEXT_DAY_S + abs(when.offset_s)

    def due(self, day: date) -> list[Due]:
        passing = self._passing(day)
        return [] if isinstance(passing, Never) else [(passing + self._when.offset_s, None)]

    def why_not(self, day: date) -> str:
        passing = self._passing(day)
        if not isinstance(passing, Never):
            return ""
        dim = self._event in (SunEvent.DAWN, SunEvent.DUSK)
        name = f"{self._when.twilight.value} {self._event.value}" if dim else self._event.value
        return (
            f"no {name} on {day} at latitude {self._place.latitude:g}:"
            f" the sun stays {passing.value} that height"
        )

    def _passing(self, day: date) -> int | Never:
        noon_s = self._local.instants(day, _NOON)[0]
        return sun_wall_s(noon_s, self._place, self._event, self._when.twilight)


class Presence(Kind):
    reach_s = _NEXT_DAY_S

    def __init__(self, local: LocalTime, settings: PresenceSettings, seed: int, name: str) -> None:
        self._local = local
        self._settings = settings
        self._seed = seed
        self._name = name

    def due(self, day: date) -> list[Due]:
        begin = self._settings.begin.minute
        begin_s = self._instant(day, begin)
        end_s = self._instant(day, begin + self._settings.length_minutes)
        chance = chance_of(self._seed, self._name, day)
        pairs = times_on(begin_s, end_s, self._settings, chance)
        return [due for on, off in pairs for due in ((on, Action.ON), (off, Action.OFF))]

    def _instant(self, day: date, minute: int) -> int:
        days, minute = divmod(minute, DAY_MINUTES)
        return self._local.instants(day + timedelta(days), (minute,))[0]


def kind_of(when: WhenSettings, place: Place | None, local: LocalTime, name: str) -> Kind:
    """Raises ConfigError for the sun without a place."""
    if when.cron:
        return CronLine(local, when.cron)
    if when.once:
        return Single(local, when.once)
    if when.sun:
        return Sun(local, place, when.sun, when)
    if when.presence:
        return Presence(local, when.presence, when.seed, name)
    return TimesOfDay(local, [time.minute for time in when.at])
