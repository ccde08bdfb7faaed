# SPDX-License-Identifier: Apache-2.0
"""The times at which a plan is due, day by day."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import date, tzinfo
from itertools import starmap
from operator import itemgetter

from pdu_agent.core.calendar.chance import chance_of, scattered
from pdu_agent.core.calendar.kinds import kind_of
from pdu_agent.core.calendar.local_time import LocalTime
from pdu_agent.core.calendar.occurrence import Occurrence, Place
from pdu_agent.core.calendar.settings import WhenSettings
from pdu_agent.model.terms import Action

YEAR_S = 366 * 86_400

_Planned = tuple[int, date, Action | None]
_WALL_S = itemgetter(0)


class Calendar:
    """Pure: the same arguments, the same times.

    place: needed by the sun only. zone: of local time, None for the system's. name: the plan's;
    with the settings' seed and the day it decides what is random. Raises ConfigError for a calendar
    of the sun without a place.
    """

    def __init__(
        self, when: WhenSettings, place: Place | None, zone: tzinfo | None, name: str
    ) -> None:
        self._when = when
        self._name = name
        self._local = LocalTime(zone)
        self._kind = kind_of(when, place, self._local, name)
        self._reach_s = self._kind.reach_s + when.random_s

    def between(self, start_wall_s: float, end_wall_s: float) -> Iterator[Occurrence]:
        """All after start_wall_s up to and with end_wall_s, rising.

        Two may fall on the same second, where the clock is put forward over both: who has asked
        up to some second asks on from that second, and not from the last occurrence.
        """
        waiting: list[_Planned] = []
        for day in self._days(start_wall_s - self._reach_s, end_wall_s + self._reach_s):
            if waiting:
                settled_s = self._local.midnight(day) - self._reach_s
                settled = bisect_left(waiting, settled_s, key=_WALL_S)
                yield from starmap(Occurrence, waiting[:settled])
                del waiting[:settled]
            planned = self._planned(day)
            waiting += [due for due in planned if start_wall_s < due[0] <= end_wall_s]
            waiting.sort(key=_WALL_S)
        yield from starmap(Occurrence, waiting)

    def next_after(self, wall_s: float, horizon_s: float = YEAR_S) -> Occurrence | None:
        """The first one after wall_s, None where there is none within horizon_s."""
        return next(self.between(wall_s, wall_s + horizon_s), None)

    def why_not(self, day: date) -> str:
        """Why nothing is planned for that local day, in words; "" where something is."""
        reason = self._when.on_day(day)
        return reason or ("" if self._kind.due(day) else self._kind.why_not(day))

    def _days(self, start_s: float, end_s: float) -> Iterator[date]:
        first, last = self._local.day(start_s), self._local.day(end_s)
        first = max(first, self._when.first_day or first)
        last = min(last, self._when.last_day or last)
        for number in range(first.toordinal(), last.toordinal() + 1):
            yield date.fromordinal(number)

    def _planned(self, day: date) -> list[_Planned]:
        if self._when.on_day(day):
            return []
        due = self._kind.due(day)
        if self._when.random_s and due:
            chance = chance_of(self._when.seed, self._name, day)
            walls_s = scattered([wall_s for wall_s, _ in due], self._when.random_s, chance)
            return [(wall_s, day, None) for wall_s in walls_s]
        return [(wall_s, day, action) for wall_s, action in due]
