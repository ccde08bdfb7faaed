# SPDX-License-Identifier: Apache-2.0
"""Minutes, quarters of an hour and days in the database.

The minutes of all series of each quarter of an hour arrive as one row of `stage`: few pages are
written. When their day is over they are packed: for each series one block of minutes, one of
quarters, and a row of the day, so that a curve of one series reads nothing of the others.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from itertools import islice

import numpy as np

from pdu_agent.model.errors import StoreError
from pdu_agent.model.history import Peak, Series
from pdu_agent.store.history.codec import RESOLUTION, Block, decode, decode_averages, encode
from pdu_agent.store.history.database import Database
from pdu_agent.store.history.names import parsed_series
from pdu_agent.store.history.rollups import Canvas, Rollups, Wide, overlapping

log = logging.getLogger(__name__)

MINUTE_S, QUARTER_S, DAY_S = 60, 900, 86_400
MINUTES_A_DAY = DAY_S // MINUTE_S
PACKED_AT_ONCE = 16
"""Series: a transaction and about 2 MB of memory for each so many."""


class Blocks:
    """Belongs to the thread of its database; every method may raise sqlite3.Error."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._execute = database.connection.execute
        self._names = database.names

    # -- writing, each in a transaction of the caller's --------------------------------

    def stage(self, columns: Sequence[Series], start_s: int, minutes: Rollups) -> None:
        """A row for each column; all within one day. A series that has not seen anything is left
        out.
        """
        rows = [row for row in range(len(columns)) if minutes.seen[row].any()]
        if not rows:
            return
        keys = tuple(self._names.number(str(columns[row])) for row in rows)
        block = Block(MINUTE_S, start_s, keys, minutes[rows])
        data = encode(block, [RESOLUTION[columns[row].quantity] for row in rows])
        query = "INSERT INTO stage (start_s, end_s, data) VALUES (?, ?, ?)"
        self._execute(query, (start_s, block.end_s, data))

    def pack(self, day: int) -> Iterator[None]:
        """Do it in steps, a transaction each; killed between two, it begins anew."""
        low, high = day * DAY_S, (day + 1) * DAY_S
        query = "SELECT id FROM stage WHERE start_s >= ? AND start_s < ? ORDER BY id"
        rows = [row[0] for row in self._execute(query, (low, high))]
        keys = iter(sorted({key for block in self._staged(rows) for key in block.keys}))
        while chunk := tuple(islice(keys, PACKED_AT_ONCE)):
            minutes = self._minutes_of(day, chunk, rows)
            with self._database.transaction():
                for row, key in enumerate(chunk):
                    self._pack_series(day, key, minutes[row])
            yield
        with self._database.transaction():
            query = "INSERT OR REPLACE INTO packed SELECT ?, MAX(end_s) FROM ("
            query += "SELECT end_s FROM stage WHERE start_s >= ? AND start_s < ?"
            query += " UNION ALL SELECT end_s FROM packed WHERE day = ?)"
            self._execute(query, (day, low, high, day))
            remove = "DELETE FROM stage WHERE id = ?"
            self._database.connection.executemany(remove, [(row,) for row in rows])

    def _staged(self, rows: Iterable[int], wanted: Container[int] | None = None) -> Iterator[Block]:
        for row in rows:
            query = "SELECT data FROM stage WHERE id = ?"
            yield from _readable(self._execute(query, (row,)).fetchone()[0], wanted)

    def _minutes_of(self, day: int, keys: Sequence[int], staged: Iterable[int]) -> Rollups:
        """(keys, minutes of the day) of what is staged."""
        minutes = Rollups.gaps(len(keys), MINUTES_A_DAY)
        places = {key: row for row, key in enumerate(keys)}
        for block in self._staged(staged, places):
            first = (block.start_s - day * DAY_S) // MINUTE_S
            steps = slice(first, first + block.rollups.seen.shape[1])
            for row, key in enumerate(block.keys):
                minutes[places[key]].paint(steps, block.rollups[row])
        return minutes

    def _pack_series(self, day: int, key: int, staged: Rollups) -> None:
        minutes = self._with_packed(MINUTE_S, day, key, staged)
        self._put(MINUTE_S, day, key, minutes)
        quarters = self._with_packed(QUARTER_S, day, key, minutes.coarser(QUARTER_S // MINUTE_S))
        self._put(QUARTER_S, day, key, quarters)
        self._put_day(day, key, quarters, minutes)

    def _with_packed(self, step_s: int, day: int, key: int, newer: Rollups) -> Rollups:
        """The day was packed before where the clock was set back into it."""
        packed = self._packed(step_s, day, key)
        if packed is None:
            return newer
        packed.paint(slice(None), newer)
        return packed

    def _packed(self, step_s: int, day: int, key: int) -> Rollups | None:
        query = "SELECT data FROM block WHERE step_s = ? AND day = ? AND series = ?"
        row = self._execute(query, (step_s, day, key)).fetchone()
        blocks = _readable(row[0]) if row else []
        return blocks[0].rollups[0] if blocks else None

    def _put(self, step_s: int, day: int, key: int, rollups: Rollups) -> None:
        place = (step_s, day, key)
        if not rollups.seen.any():
            self._execute("DELETE FROM block WHERE step_s = ? AND day = ? AND series = ?", place)
            return
        block = Block(step_s, day * DAY_S, (key,), rollups[None, :])
        data = encode(block, [RESOLUTION[parsed_series(self._names.text(key)).quantity]])
        self._execute("INSERT OR REPLACE INTO block VALUES (?, ?, ?, ?)", (*place, data))

    def _put_day(self, day: int, key: int, quarters: Rollups, minutes: Rollups) -> None:
        """quarters: all that is known of the day; minutes: to tell when its highest value was."""
        if not quarters.seen.any():
            self._execute("DELETE FROM daily WHERE day = ? AND series = ?", (day, key))
            return
        whole = quarters.coarser(quarters.seen.size)[0]
        peak_s = day * DAY_S + _peak_offset_s(quarters, minutes)
        values = [float(v) for v in (whole.minimum, whole.average, whole.maximum, whole.last)]
        row = (day, key, int(whole.seen), *values, peak_s)
        self._execute("INSERT OR REPLACE INTO daily VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    # -- reading -----------------------------------------------------------------------

    def paint_minutes(self, canvas: Canvas, key: int) -> None:
        self.paint_blocks(canvas, key)
        query = "SELECT data FROM stage WHERE start_s > ? AND start_s < ? ORDER BY id"
        for (data,) in self._execute(query, (canvas.begin_s - QUARTER_S, canvas.end_s)):
            for block in _readable(data, (key,)):
                canvas.paint(block.start_s, block.rollups[0])

    def paint_blocks(self, canvas: Canvas, key: int) -> None:
        """What is packed of the canvas's level: minutes or quarters."""
        query = "SELECT data FROM block WHERE step_s = ? AND day = ? AND series = ?"
        for day in self._days_within(canvas):
            for (data,) in self._execute(query, (canvas.step_s, day, key)):
                for block in _readable(data):
                    canvas.paint(day * DAY_S, block.rollups[0])

    def paint_packed_wide(self, wide: Wide) -> None:
        """Of all its series, what `paint_blocks` paints of one."""
        query = "SELECT series, data FROM block WHERE step_s = ? AND day = ?"
        query += " AND series IN (SELECT value FROM json_each(?))"
        steps, wanted = DAY_S // wide.step_s, json.dumps(list(wide.rows))
        for day in self._days_within(wide):
            found = self._execute(query, (wide.step_s, day, wanted)).fetchall()
            seen, average = decode_averages([data for _, data in found], steps)
            wide.paint([key for key, _ in found], day * DAY_S, seen, average)

    def paint_staged_wide(self, wide: Wide) -> None:
        """Of all its series, the minutes that are not packed."""
        query = "SELECT data FROM stage WHERE start_s > ? AND start_s < ? ORDER BY id"
        for (data,) in self._execute(query, (wide.begin_s - QUARTER_S, wide.end_s)):
            for block in _readable(data, wide.rows):
                wide.paint(block.keys, block.start_s, block.rollups.seen, block.rollups.average)

    def _days_within(self, canvas: Canvas | Wide) -> range:
        """Only those that the level reaches back to: a question may begin in 1970."""
        oldest, newest = self._bounds(canvas.step_s)
        first = max(canvas.begin_s // DAY_S, oldest)
        return range(first, min(-(-canvas.end_s // DAY_S), newest + 1))

    def paint_days(self, canvas: Canvas, key: int) -> None:
        for day, seen_s, *values, _ in self._daily(key, canvas.begin_s, canvas.end_s):
            lowest, mean, highest, last = (np.array([value], np.float32) for value in values)
            seen = np.array([seen_s], np.int32)
            canvas.paint(day * DAY_S, Rollups(seen, lowest, mean, highest, last))

    def peaks(self, key: int, begin_s: float, end_s: float) -> list[Peak]:
        return [Peak(row[0] * DAY_S, row[4], row[6]) for row in self._daily(key, begin_s, end_s)]

    def _daily(self, key: int, begin_s: float, end_s: float) -> Iterator[tuple[int, ...]]:
        first, after = int(-(-begin_s // DAY_S)), int(-(-end_s // DAY_S))
        oldest, newest = self._bounds(DAY_S)
        query = "SELECT day, seen_s, minimum, average, maximum, last, peak_s FROM daily"
        query += " WHERE day = ? AND series = ?"
        for day in range(max(first, oldest), min(after, newest + 1)):
            yield from self._execute(query, (day, key))

    def _bounds(self, step_s: int) -> tuple[int, int]:
        """The oldest and the newest day that has anything packed; newest < oldest for none."""
        query = "SELECT MIN(day), MAX(day) FROM daily"
        if step_s != DAY_S:
            # Two questions: SQLite answers only one of them at a time from the index.
            query = "SELECT (SELECT MIN(day) FROM block WHERE step_s = ?1),"
            query += " (SELECT MAX(day) FROM block WHERE step_s = ?1)"
        row = self._execute(query, () if step_s == DAY_S else (step_s,)).fetchone()
        return (0, -1) if row[0] is None else (row[0], row[1])

    def staged_days(self) -> list[int]:
        """Days of which something is not packed yet, in order."""
        query = "SELECT DISTINCT start_s / ? FROM stage ORDER BY 1"
        return [row[0] for row in self._execute(query, (DAY_S,))]

    def newest_end_s(self, day: int) -> int:
        """Up to when the day holds minutes; its begin where it holds none."""
        query = "SELECT MAX(end_s) FROM (SELECT end_s FROM packed WHERE day = ?1 UNION ALL"
        query += " SELECT end_s FROM stage WHERE start_s >= ?2 AND start_s < ?2 + ?3)"
        found = self._execute(query, (day, day * DAY_S, DAY_S)).fetchone()[0]
        return int(found) if found is not None else day * DAY_S

    def oldest_s(self, step_s: int) -> int | None:
        """Where the level begins. What is staged is part of all levels."""
        oldest, newest = self._bounds(step_s)
        staged = self._execute("SELECT MIN(start_s) FROM stage").fetchone()[0]
        begins = [oldest * DAY_S] if newest >= oldest else []
        return min([*begins, *([staged] if staged is not None else [])], default=None)

    def newest_s(self, step_s: int) -> int | None:
        oldest, newest = self._bounds(step_s)
        staged = self._execute("SELECT MAX(end_s) FROM stage").fetchone()[0]
        ends = [(newest + 1) * DAY_S] if newest >= oldest else []
        return max([*ends, *([staged] if staged is not None else [])], default=None)

    def size_bytes(self, step_s: int) -> int:
        """Of the values themselves. A day's row is counted as 64 bytes."""
        if step_s == DAY_S:
            return 64 * int(self._execute("SELECT COUNT(*) FROM daily").fetchone()[0])
        query = "SELECT COALESCE(SUM(LENGTH(data)), 0) FROM block WHERE step_s = ?"
        size = int(self._execute(query, (step_s,)).fetchone()[0])
        if step_s == MINUTE_S:
            query = "SELECT COALESCE(SUM(LENGTH(data)), 0) FROM stage"
            size += int(self._execute(query).fetchone()[0])
        return size

    def energy_rows(self) -> int:
        return int(self._execute("SELECT COUNT(*) FROM energy").fetchone()[0])

    def series(self) -> set[Series]:
        """Those that anything is kept of."""
        keys = {row[0] for row in self._execute("SELECT DISTINCT series FROM daily")}
        for (data,) in self._execute("SELECT data FROM stage"):
            keys.update(key for block in _readable(data) for key in block.keys)
        return {parsed_series(self._names.text(key)) for key in keys}

    # -- forgetting --------------------------------------------------------------------

    def keep_newest(self, step_s: int, days: int) -> None:
        """So many days that hold anything: a clock that was wrong for a while costs none."""
        query = (
            "SELECT DISTINCT day FROM block WHERE step_s = ? ORDER BY day DESC LIMIT -1 OFFSET ?"
        )
        if step_s == DAY_S:
            query = "SELECT DISTINCT day FROM daily WHERE ? ORDER BY day DESC LIMIT -1 OFFSET ?"
        for (day,) in self._execute(query, (step_s, days)).fetchall():
            self._drop_day(step_s, day)

    def drop_oldest(self, step_s: int) -> bool:
        """The oldest day of the level; False if there is none."""
        oldest, newest = self._bounds(step_s)
        if newest < oldest:
            return False
        self._drop_day(step_s, oldest)
        return True

    def _drop_day(self, step_s: int, day: int) -> None:
        with self._database.transaction() as connection:
            if step_s == DAY_S:
                connection.execute("DELETE FROM daily WHERE day = ?", (day,))
                connection.execute("DELETE FROM packed WHERE day = ?", (day,))
            else:
                connection.execute("DELETE FROM block WHERE step_s = ? AND day = ?", (step_s, day))

    def purge(self, keys: Collection[int], begin_s: float, end_s: float) -> int:
        """In a transaction of the caller's: how many steps of all levels held something."""
        removed = self._purge_stage(keys, begin_s, end_s)
        for key in keys:
            for day in self._packed_days(key, begin_s, end_s):
                removed += self._purge_day(day, key, begin_s, end_s)
        return removed

    def _packed_days(self, key: int, begin_s: float, end_s: float) -> list[int]:
        query = "SELECT day FROM daily WHERE day >= ? AND day < ? AND series = ?"
        bounds = (int(begin_s // DAY_S), int(-(-end_s // DAY_S)), key)
        return [row[0] for row in self._execute(query, bounds)]

    def _purge_day(self, day: int, key: int, begin_s: float, end_s: float) -> int:
        removed, left = 0, {}
        for step_s in (MINUTE_S, QUARTER_S):
            packed = self._packed(step_s, day, key)
            if packed is not None:
                removed += packed.blank(overlapping(day * DAY_S, step_s, begin_s, end_s))
                self._put(step_s, day, key, packed)
                left[step_s] = packed
        nothing = Rollups.gaps(MINUTES_A_DAY)
        whole = begin_s <= day * DAY_S and end_s >= (day + 1) * DAY_S
        if QUARTER_S in left or whole:
            quarters = left.get(QUARTER_S, nothing)
            self._put_day(day, key, quarters, left.get(MINUTE_S, nothing))
            removed += not quarters.seen.any()
        return removed

    def _purge_stage(self, keys: Collection[int], begin_s: float, end_s: float) -> int:
        query = "SELECT id, data FROM stage WHERE start_s < ? AND end_s > ?"
        removed = 0
        for row, data in self._execute(query, (end_s, begin_s)).fetchall():
            for block in _readable(data):
                steps = overlapping(block.start_s, MINUTE_S, begin_s, end_s)
                removed += self._purge_row(row, block, keys, steps)
        return removed

    def _purge_row(self, place: int, block: Block, keys: Collection[int], steps: slice) -> int:
        rows = [row for row, key in enumerate(block.keys) if key in keys]
        found = sum(block.rollups[row].blank(steps) for row in rows)
        if found:
            names = (parsed_series(self._names.text(key)) for key in block.keys)
            data = encode(block, [RESOLUTION[series.quantity] for series in names])
            self._execute("UPDATE stage SET data = ? WHERE id = ?", (data, place))
        return found


def _readable(data: bytes, wanted: Container[int] | None = None) -> list[Block]:
    """The block, or none: what the card has spoilt is a gap, and not the end of all curves."""
    try:
        block = decode(data, wanted)
    except StoreError as exc:
        log.warning("%s: shown as a gap", exc)
        return []
    return [block] if block.keys else []


def _peak_offset_s(quarters: Rollups, minutes: Rollups) -> int:
    """Where in the day the highest value is: to the minute, where its minute is still known."""
    quarter = int(np.nanargmax(quarters.maximum))
    start = quarter * (QUARTER_S // MINUTE_S)
    within = minutes[start : start + QUARTER_S // MINUTE_S]
    if within.seen.any():
        return (start + int(np.nanargmax(within.maximum))) * MINUTE_S
    return quarter * QUARTER_S


def day_peak(day: int, minutes: Rollups) -> Peak | None:
    """Of a day that is not packed yet; None where nothing was seen."""
    if not minutes.seen.any():
        return None
    place = int(np.nanargmax(minutes.maximum))
    at_s = day * DAY_S + place * MINUTE_S
    return Peak(day * DAY_S, float(minutes.maximum[place]), at_s)
