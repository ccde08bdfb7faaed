# SPDX-License-Identifier: Apache-2.0
"""The history's database cut into parts, of which those of the past never change.

A part is a small SQLite file with some rows of the same tables. Minutes are cut by UTC days, since
they are forgotten day by day; quarters of an hour, days and energy by months, those of this month
by days; what waits to be packed by hours. The rest, what may still change, is one part that is
read in one transaction. Others are read in short ones: the agent writes meanwhile.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from pdu_agent.model.errors import StoreError

PREFIX, SUFFIX = "history-", ".part"
OPEN = f"{PREFIX}open{SUFFIX}"
DAY_S, HOUR_S = 86_400, 3600
_EPOCH = date(1970, 1, 1)
_BUSY_S = 20.0

_WHOLE = ("name", "packed", "counter", "state")
_MARKS = {
    "block": "count(*), sum(rowid)",
    "daily": "count(*), sum(seen_s)",
    "energy": "count(*), sum(energy_mj), sum(seen_s), sum(late)",
    "stage": "count(*), sum(id), sum(length(data))",
}
"""Whatever changes a row of the past changes one of these: packing and purging put new rows."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows of some tables: (table, condition). Conditions are made here, of whole numbers."""

    name: str
    rows: tuple[tuple[str, str], ...]


def closed_slices(database: Path, now_wall_s: float) -> list[tuple[Slice, str]]:
    """Those of the past that hold anything, each with its mark. Raises sqlite3.Error."""
    found = []
    with closing(_reader(database)) as connection:
        for each in _closed(connection, now_wall_s):
            mark = _mark(connection, each)
            if mark:
                found.append((each, mark))
    return found


def write_part(database: Path, part: Path, rows: tuple[tuple[str, str], ...]) -> None:
    """Put these rows into a new file, all of one instant. Raises sqlite3.Error."""
    with closing(_reader(database)) as connection:
        connection.execute("ATTACH ? AS part", (_uri(part, "mode=rwc"),))
        for setting in ("page_size = 1024", "journal_mode = OFF", "synchronous = OFF"):
            connection.execute(f"PRAGMA part.{setting}")
        connection.execute("BEGIN")
        for table, condition in rows:
            connection.execute(
                f"CREATE TABLE part.{table} AS SELECT * FROM main.{table} WHERE {condition}"  # noqa: S608
            )
        connection.execute("COMMIT")


def open_rows(now_wall_s: float) -> tuple[tuple[str, str], ...]:
    """What no closed slice has: today, and the small tables."""
    today, hour_s = int(now_wall_s // DAY_S), int(now_wall_s // HOUR_S) * HOUR_S
    return (
        *((table, "1") for table in _WHOLE),
        ("block", f"day >= {today}"),
        ("daily", f"day >= {today}"),
        ("energy", f"hour_s >= {today * DAY_S}"),
        ("stage", f"start_s >= {hour_s}"),
    )


def rebuild(parts: list[Path], made: Path, prepare: Callable[[Path], None]) -> None:
    """One database of all parts in a new file. prepare: makes an empty one with all tables.

    Raises StoreError when a part does not fit the tables, sqlite3.Error.
    """
    prepare(made)
    with closing(sqlite3.connect(_uri(made, "mode=rw"), uri=True, isolation_level=None)) as new:
        new.execute("PRAGMA journal_mode = OFF")
        new.execute("PRAGMA synchronous = OFF")
        for part in parts:
            _add(new, part)
        new.execute("PRAGMA synchronous = FULL")


def _add(new: sqlite3.Connection, part: Path) -> None:
    new.execute("ATTACH ? AS part", (_uri(part, "mode=ro&immutable=1"),))
    new.execute("BEGIN")
    for (table,) in new.execute(
        "SELECT name FROM part.sqlite_master WHERE type = 'table'"
    ).fetchall():
        if table not in _WHOLE and table not in _MARKS:
            raise StoreError(f"{part} has a table {table!r} that no history has")
        columns = [row[1] for row in new.execute(f"PRAGMA part.table_info({table})")]
        if columns != [row[1] for row in new.execute(f"PRAGMA main.table_info({table})")]:
            raise StoreError(f"{part} is of a history of another layout")
        new.execute(f"INSERT OR REPLACE INTO main.{table} SELECT * FROM part.{table}")  # noqa: S608
    new.execute("COMMIT")
    new.execute("DETACH part")


def _reader(database: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        _uri(database, "mode=ro"), uri=True, isolation_level=None, timeout=_BUSY_S
    )


def _uri(path: Path, options: str) -> str:
    return f"file:{quote(str(path))}?{options}"


def _closed(connection: sqlite3.Connection, now_wall_s: float) -> Iterator[Slice]:
    today = int(now_wall_s // DAY_S)
    oldest = connection.execute("SELECT min(day) FROM block WHERE step_s = 60").fetchone()[0]
    for day in range(today if oldest is None else oldest, today):
        yield Slice(f"minutes-{_shown(day)}", (("block", f"step_s = 60 AND day = {day}"),))
    for name, begin, end in _months(connection, today):
        yield Slice(
            name,
            (
                ("block", f"step_s = 900 AND day >= {begin} AND day < {end}"),
                ("daily", f"day >= {begin} AND day < {end}"),
                ("energy", f"hour_s >= {begin * DAY_S} AND hour_s < {end * DAY_S}"),
            ),
        )
    hour_s = int(now_wall_s // HOUR_S) * HOUR_S
    staged = "SELECT DISTINCT start_s / 3600 FROM stage WHERE start_s < ? ORDER BY 1"
    for (hour,) in connection.execute(staged, (hour_s,)).fetchall():
        begin_s = hour * HOUR_S
        rows = f"start_s >= {begin_s} AND start_s < {begin_s + HOUR_S}"
        yield Slice(f"staged-{_shown(hour // 24)}-{hour % 24:02d}", (("stage", rows),))


def _months(connection: sqlite3.Connection, today: int) -> Iterator[tuple[str, int, int]]:
    """Name, first day and end of each closed month, and of each closed day of this one."""
    oldest = connection.execute(
        "SELECT min(each) FROM (SELECT min(day) AS each FROM daily UNION ALL"
        " SELECT min(day) FROM block WHERE step_s = 900 UNION ALL"
        " SELECT min(hour_s) / 86400 FROM energy)"
    ).fetchone()[0]
    day = _EPOCH + timedelta(days=today if oldest is None else int(oldest))
    this = (_EPOCH + timedelta(days=today)).replace(day=1)
    while day < this:
        month = day.replace(day=1)
        after = (month + timedelta(days=31)).replace(day=1)
        yield month.isoformat()[:7], (month - _EPOCH).days, (after - _EPOCH).days
        day = after
    for number in range((day - _EPOCH).days, today):
        yield _shown(number), number, number + 1


def _shown(day: int) -> str:
    return datetime.fromtimestamp(day * DAY_S, UTC).date().isoformat()


def _mark(connection: sqlite3.Connection, each: Slice) -> str:
    """Empty where there are no rows."""
    counts, found = 0, []
    for table, condition in each.rows:
        query = f"SELECT {_MARKS[table]} FROM {table} WHERE {condition}"  # noqa: S608
        row = connection.execute(query).fetchone()
        counts += row[0]
        found += [table, *row]
    return " ".join(map(str, found)) if counts else ""
