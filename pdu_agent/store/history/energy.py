# SPDX-License-Identifier: Apache-2.0
"""Energy per metering point, hour (UTC) and tariff: differences of the core's counters.

What is booked stays in memory until the next commit, as whole rows of the hours that changed and
as the counters it was booked up to; both are also in a file in the runtime folder, so that after
a killed agent counting goes on from there. Writing either of them twice changes nothing.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from pdu_agent.model.history import HOUR_S, EnergyRow, PointHours
from pdu_agent.model.snapshot import TariffRegister
from pdu_agent.model.terms import Target
from pdu_agent.store.history.hourly import HourGrid
from pdu_agent.store.history.names import TARIFF, Names, parsed_target

if TYPE_CHECKING:
    from pdu_agent.store.history.database import Database

WHOLE_HOUR_S = 3540
"""Seconds that must have been seen of an hour for it to be complete: a minute is not missed."""
LATE_AFTER_S = 120
"""What was not booked for so long may have passed in another hour."""
MAX_WAITING_HOURS = 48
"""Kept in memory while the card takes nothing."""
MOST_LOST_MJ = 1_500_000_000
"""Of a counter in a power cut: a minute of 25 kW. The history may have been stored behind the
record then. A counter that fell by more is another one."""

Place = tuple[Target, str]


@dataclass(frozen=True, slots=True)
class Counted:
    """Where the counters of a metering point stand. seen_s: of the time since the last ones."""

    target: Target
    energy_mj: int
    tariffs: tuple[TariffRegister, ...]
    seen_s: int


@dataclass(slots=True)
class _Hour:
    energy_mj: int = 0
    seen_s: int = 0
    late: bool = False

    @property
    def is_whole(self) -> bool:
        return not self.late and self.seen_s >= WHOLE_HOUR_S


@dataclass(slots=True)
class _Sum:
    energy_mj: int = 0
    whole_hours: int = 0


_WHERE = """hour_s >= ?2 AND hour_s < ?3 AND NOT hour_s IN (SELECT value FROM json_each(?4))
    AND (?6 OR target IN (SELECT value FROM json_each(?5)))"""
_IS_WHOLE = "tariff = 0 AND NOT late AND seen_s >= ?1"
_BY_HOUR = f"""SELECT hour_s, target, tariff, energy_mj, {_IS_WHOLE} FROM energy
    WHERE {_WHERE}"""  # noqa: S608 - both are written above
_BY_PERIOD = f"""SELECT ?2, target, tariff, SUM(energy_mj), SUM({_IS_WHOLE}) FROM energy
    WHERE {_WHERE} GROUP BY target, tariff"""  # noqa: S608


class EnergyBook:
    """Belongs to the thread of the database.

    booked_s: the wall time of the newest counters, None before the first ones.
    """

    def __init__(self) -> None:
        self.booked_s: int | None = None
        self._counters: dict[Place, int] = {}
        self._hours: dict[int, dict[Place, _Hour]] = {}
        self._unseen: set[Target] = set()
        self._commits = 0
        self._database: Database | None = None

    # -- booking -----------------------------------------------------------------------

    def book(self, wall_s: int, counted: Iterable[Counted]) -> None:
        """To the hour of the second before wall_s. Counters that fell begin anew from there, but
        for what a power cut took from them, which is not booked twice.

        A target is counted from the first time it is met; it had its energy before that.
        """
        hour_s = (wall_s - 1) // HOUR_S * HOUR_S
        pause_s = None if self.booked_s is None else wall_s - self.booked_s
        is_pause = pause_s is None or not 0 <= pause_s <= LATE_AFTER_S
        for each in counted:
            was_unseen = each.target in self._unseen
            (self._unseen.discard if each.seen_s else self._unseen.add)(each.target)
            late = is_pause or was_unseen
            self._book_one(hour_s, each, late)
        self.booked_s = wall_s
        while len(self._hours) > MAX_WAITING_HOURS:
            del self._hours[min(self._hours)]

    def _book_one(self, hour_s: int, each: Counted, late: bool) -> None:
        rest_mj = self._step((each.target, ""), each.energy_mj)
        grown_mj = rest_mj
        for register in each.tariffs:
            step_mj = min(self._step((each.target, register.tariff), register.energy_mj), rest_mj)
            rest_mj -= step_mj
            if step_mj:
                self._row(hour_s, (each.target, register.tariff)).energy_mj += step_mj
        row = self._row(hour_s, (each.target, ""))
        row.energy_mj += rest_mj
        row.seen_s += each.seen_s
        row.late = row.late or (late and grown_mj > 0)

    def _step(self, place: Place, counter_mj: int) -> int:
        """By how much it grew; 0 for one that was reset or is new."""
        before_mj = self._counters.get(place)
        if before_mj is not None and counter_mj < before_mj <= counter_mj + MOST_LOST_MJ:
            return 0  # it is booked already: wait until the counter is past it
        self._counters[place] = counter_mj
        if before_mj is None:
            # A tariff's register begins with its tariff, a meter's counter may be years old; no
            # tariff is given more than the meter grew by.
            return counter_mj if place[1] else 0
        return max(0, counter_mj - before_mj)

    def _row(self, hour_s: int, place: Place) -> _Hour:
        """Of the hour, with what the card already has of it."""
        if hour_s not in self._hours:
            self._hours[hour_s] = self._stored(hour_s)
        return self._hours[hour_s].setdefault(place, _Hour())

    def _stored(self, hour_s: int) -> dict[Place, _Hour]:
        if self._database is None:
            return {}
        query = "SELECT target, tariff, energy_mj, seen_s, late FROM energy WHERE hour_s = ?"
        names = self._database.names
        return {
            (parsed_target(names.text(target)), names.tariff(tariff)): _Hour(mj, seen, bool(late))
            for target, tariff, mj, seen, late in self._database.connection.execute(
                query, (hour_s,)
            )
        }

    # -- the card ----------------------------------------------------------------------

    def attach(self, database: Database) -> None:
        """Take up what is in a file that was opened, unless what is known here is newer. Commits
        are counted to tell: the clock may have been set back in between.
        """
        self._database = database
        execute = database.connection.execute
        state = dict(execute("SELECT key, value FROM state"))
        commits = int(state.get("commits", 0))
        is_newer = self.booked_s is None or commits > self._commits
        self._commits = max(commits, self._commits)
        if "booked_s" in state and is_newer:
            self.booked_s = int(state["booked_s"])
            self._hours.clear()
            names = database.names
            for target, tariff, mj in execute("SELECT target, tariff, energy_mj FROM counter"):
                place = (parsed_target(names.text(target)), names.tariff(tariff))
                self._counters[place] = mj

    def detach(self) -> None:
        self._database = None

    def write(self, database: Database) -> None:
        """All that waits, in a transaction of the caller's; `written` when it is committed."""
        names, connection = database.names, database.connection
        for hour_s, rows in self._hours.items():
            connection.executemany(
                "INSERT OR REPLACE INTO energy VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (hour_s, *_numbers(names, place), row.energy_mj, row.seen_s, row.late)
                    for place, row in rows.items()
                ],
            )
        connection.executemany(
            "INSERT OR REPLACE INTO counter VALUES (?, ?, ?)",
            [(*_numbers(names, place), mj) for place, mj in self._counters.items()],
        )
        if self.booked_s is not None:
            connection.executemany(
                "INSERT OR REPLACE INTO state VALUES (?, ?)",
                [("booked_s", self.booked_s), ("commits", self._commits + 1)],
            )

    def written(self) -> None:
        self._commits += 1
        self._hours.clear()

    # -- the runtime folder --------------------------------------------------------------

    def journal(self) -> bytes:
        """What `take_journal` needs to go on."""
        counters = [[str(target), tariff, mj] for (target, tariff), mj in self._counters.items()]
        hours = [
            [hour_s, str(target), tariff, row.energy_mj, row.seen_s, row.late]
            for hour_s, rows in self._hours.items()
            for (target, tariff), row in rows.items()
        ]
        return json.dumps(
            {
                "booked_s": self.booked_s,
                "commits": self._commits,
                "counters": counters,
                "hours": hours,
            }
        ).encode()

    def take_journal(self, data: bytes) -> None:
        """At start, before `attach`. Raises ValueError for what `journal` has not made."""
        try:
            plain = json.loads(data)
            booked_s, commits = plain["booked_s"], int(plain.get("commits", 0))
            counters = {(parsed_target(name), str(t)): int(mj) for name, t, mj in plain["counters"]}
            hours: dict[int, dict[Place, _Hour]] = {}
            for hour_s, name, tariff, mj, seen_s, late in plain["hours"]:
                row = _Hour(int(mj), int(seen_s), bool(late))
                hours.setdefault(int(hour_s), {})[(parsed_target(name), tariff)] = row
        except (KeyError, TypeError, AttributeError) as exc:
            raise ValueError(f"no journal of energy: {exc!r}") from exc
        self.booked_s, self._counters, self._hours = booked_s, counters, hours
        self._commits = commits

    # -- reading and correcting ------------------------------------------------------------

    def rows(self, targets: Collection[Target] | None, edges_s: Sequence[float]) -> list[EnergyRow]:
        """See model.history.History.energy."""
        edges = [_up(edge_s) for edge_s in edges_s]
        periods: dict[int, dict[Place, _Sum]] = {}
        for first_s, place, mj, hours in self._sums(targets, edges):
            total = periods.setdefault(first_s, {}).setdefault(place, _Sum())
            total.energy_mj += mj
            total.whole_hours += hours
        rows: list[EnergyRow] = []
        for begin_s, (first_s, after_s) in zip(edges_s, pairwise(edges), strict=False):
            places = periods.get(first_s, {}) if first_s < after_s else {}
            for (target, tariff), total in sorted(places.items(), key=_order):
                whole = places[target, ""].whole_hours * HOUR_S == after_s - first_s
                rows.append(EnergyRow(int(begin_s), target, tariff, total.energy_mj, whole))
        return rows

    def _sums(
        self, targets: Collection[Target] | None, edges: Sequence[int]
    ) -> Iterator[tuple[int, Place, int, int]]:
        """(begin of the period, place, energy, whole hours), several of one place at times."""
        waiting = [hour_s for hour_s in self._hours if edges[0] <= hour_s < edges[-1]]
        for hour_s in waiting:
            first_s = edges[bisect_right(edges, hour_s) - 1]
            for place, row in self._hours[hour_s].items():
                if targets is None or place[0] in targets:
                    yield first_s, place, row.energy_mj, int(not place[1] and row.is_whole)
        if self._database is None:
            return
        if all(after_s - first_s == HOUR_S for first_s, after_s in pairwise(edges)):
            yield from self._stored_sums(targets, edges[0], edges[-1], waiting, by_hour=True)
            return
        for first_s, after_s in pairwise(edges):
            yield from self._stored_sums(targets, first_s, after_s, waiting, by_hour=False)

    def _stored_sums(
        self,
        targets: Collection[Target] | None,
        first_s: int,
        after_s: int,
        waiting: Sequence[int],
        by_hour: bool,
    ) -> Iterator[tuple[int, Place, int, int]]:
        """From the card, without the hours that wait: what waits is newer."""
        if self._database is None:
            return
        names = self._database.names
        wanted = [names.known(str(target)) for target in targets or ()]
        query = _BY_HOUR if by_hour else _BY_PERIOD
        about = (first_s, after_s, json.dumps(waiting), json.dumps(wanted), targets is None)
        places: dict[tuple[int, int], Place] = {}
        for start_s, *numbers, mj, hours in self._database.connection.execute(
            query, (WHOLE_HOUR_S, *about)
        ):
            target, tariff = numbers
            if (target, tariff) not in places:
                place = parsed_target(names.text(target)), names.tariff(tariff)
                places[target, tariff] = place
            yield start_s, places[target, tariff], mj, hours

    def by_hour(
        self, targets: Sequence[Target], begin_s: float, end_s: float
    ) -> tuple[PointHours, ...]:
        """See model.history.History.hours."""
        first_s, after_s = _up(begin_s), _up(end_s)
        grid = HourGrid(targets, first_s, after_s)
        waiting = [hour_s for hour_s in self._hours if first_s <= hour_s < after_s]
        if self._database is not None:
            names = self._database.names
            wanted = [names.known(str(target)) for target in targets]
            about = (WHOLE_HOUR_S, first_s, after_s, json.dumps(waiting), json.dumps(wanted), False)
            rows = self._database.connection.execute(_BY_HOUR, about)
            grid.put_stored(rows, names)
        for hour_s in waiting:
            for (target, tariff), row in self._hours[hour_s].items():
                is_whole = not tariff and row.is_whole
                grid.put(hour_s, target, tariff, row.energy_mj, is_whole)
        return grid.points()

    def replace(
        self, database: Database, begin_s: float, end_s: float, new: Sequence[EnergyRow]
    ) -> None:
        """In a transaction of the caller's, after `write`: nothing waits that `new` is not."""
        self.remove(database, None, begin_s, end_s)
        hours: dict[tuple[int, Target], dict[str, int]] = {}
        whole: dict[tuple[int, Target], bool] = {}
        for row in new:
            key = _up(row.start_wall_s), row.target
            hours.setdefault(key, {"": 0})[row.tariff] = row.energy_mj
            whole[key] = whole.get(key, True) and row.complete
        rows = [
            (hour_s, *_numbers(database.names, (target, tariff)), mj)
            + ((HOUR_S, 0) if whole[hour_s, target] and not tariff else (0, 1))
            for (hour_s, target), tariffs in hours.items()
            for tariff, mj in tariffs.items()
        ]
        query = "INSERT OR REPLACE INTO energy VALUES (?, ?, ?, ?, ?, ?)"
        database.connection.executemany(query, rows)

    def remove(
        self, database: Database, targets: Collection[Target] | None, begin_s: float, end_s: float
    ) -> int:
        """How many rows; in a transaction of the caller's, after `write`."""
        execute, names = database.connection.execute, database.names
        bounds = (_up(begin_s), _up(end_s))
        if targets is None:
            query = "DELETE FROM energy WHERE hour_s >= ? AND hour_s < ?"
            return execute(query, bounds).rowcount
        query = "DELETE FROM energy WHERE hour_s >= ? AND hour_s < ? AND target = ?"
        numbers = (names.known(str(target)) for target in targets)
        return sum(execute(query, (*bounds, n)).rowcount for n in numbers if n is not None)


def drop_oldest_energy(database: Database, hours: int) -> bool:
    """The oldest so many hours; False if there is nothing."""
    execute = database.connection.execute
    oldest_s = execute("SELECT MIN(hour_s) FROM energy").fetchone()[0]
    if oldest_s is not None:
        with database.transaction():
            execute("DELETE FROM energy WHERE hour_s < ?", (oldest_s + hours * HOUR_S,))
    return oldest_s is not None


def keep_newest_energy(database: Database, days: int) -> None:
    """So many days' worth of hours that hold anything."""
    query = "SELECT hour_s FROM (SELECT DISTINCT hour_s FROM energy) ORDER BY hour_s DESC"
    query += " LIMIT 1 OFFSET ?"
    row = database.connection.execute(query, (days * 24,)).fetchone()
    if row is not None:
        with database.transaction() as connection:
            connection.execute("DELETE FROM energy WHERE hour_s <= ?", row)


def _numbers(names: Names, place: Place) -> tuple[int, int]:
    target, tariff = place
    return names.number(str(target)), names.number(TARIFF + tariff) if tariff else 0


def _up(wall_s: float) -> int:
    """The first begin of an hour from then on."""
    return int(-(-wall_s // HOUR_S)) * HOUR_S


def _order(item: tuple[Place, _Sum]) -> tuple[str, int, str]:
    (target, tariff), _ = item
    return target.kind.value, target.index, tariff
