# SPDX-License-Identifier: Apache-2.0
"""From local days and minutes to seconds since 1970, also where the clock is put forward or back.

A time that is left out is that of the first instant after the gap; one that comes twice is that of
its first coming.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta, tzinfo

_EPOCH = datetime(1970, 1, 1)
_DAY_S = 86_400
_ONE_DAY = timedelta(days=1)
_MIDNIGHT = time()


class LocalTime:
    """zone: None for the system's."""

    def __init__(self, zone: tzinfo | None) -> None:
        self._zone = zone

    def day(self, wall_s: float) -> date:
        return datetime.fromtimestamp(wall_s, self._zone).date()

    def instant(self, moment: datetime) -> int:
        """Seconds since 1970 of a local time without a zone."""
        wall_s = self._seconds(moment)
        if self._shown(wall_s) == moment:
            return wall_s
        before_s, after_s = self._seconds(moment.replace(fold=1)), wall_s
        return self._change(before_s, after_s)

    def midnight(self, day: date) -> int:
        return self.instant(datetime.combine(day, _MIDNIGHT))

    def instants(self, day: date, minutes: Sequence[int]) -> list[int]:
        """Of minutes of that day, which rise from 0 to 1440; as many as there are minutes."""
        begin, end = self._span(day)
        if self._is_plain(begin, end):
            return [begin + 60 * minute for minute in minutes]
        midnight = datetime.combine(day, _MIDNIGHT)
        return [self.instant(midnight + timedelta(minutes=minute)) for minute in minutes]

    def shown(self, day: date, minutes: Sequence[int]) -> list[int]:
        """Every instant at which a clock shows one of the minutes: maybe none, or two for one."""
        begin, end = self._span(day)
        if self._is_plain(begin, end):
            return [begin + 60 * minute for minute in minutes]
        first = _since_epoch(datetime.combine(day, _MIDNIGHT))
        return [
            wall_s
            for since, until, offset_s in self._pieces(begin, end)
            for minute in minutes
            if since <= (wall_s := first + 60 * minute - offset_s) < until
        ]

    def _span(self, day: date) -> tuple[int, int]:
        return self.midnight(day), self.midnight(day + _ONE_DAY)

    def _is_plain(self, begin: int, end: int) -> bool:
        return end - begin == _DAY_S and self._offset_s(begin) == self._offset_s(end)

    def _pieces(self, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Begin, end and offset from UTC of what comes before and after the change of that day."""
        change = self._change(begin, end)
        yield begin, change, self._offset_s(begin)
        yield change, end, self._offset_s(end)

    def _change(self, before_s: int, after_s: int) -> int:
        """The first second whose offset from UTC is that of after_s."""
        offset_s = self._offset_s(after_s)
        while after_s - before_s > 1:
            middle = (before_s + after_s) // 2
            if self._offset_s(middle) == offset_s:
                after_s = middle
            else:
                before_s = middle
        return after_s

    def _seconds(self, moment: datetime) -> int:
        return int(moment.replace(tzinfo=self._zone).timestamp())

    def _shown(self, wall_s: int) -> datetime:
        return datetime.fromtimestamp(wall_s, self._zone).replace(tzinfo=None, fold=0)

    def _offset_s(self, wall_s: int) -> int:
        return _since_epoch(self._shown(wall_s)) - wall_s


def _since_epoch(moment: datetime) -> int:
    return round((moment - _EPOCH).total_seconds())
