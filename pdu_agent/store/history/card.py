# SPDX-License-Identifier: Apache-2.0
"""The database over its life: opened when it can be, written to in batches, packed, kept small,
begun anew when it is damaged. Whatever fails here is told once, and the agent goes on.
"""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pdu_agent.model.errors import StoreError
from pdu_agent.model.history import EnergyRow, Purge, Series
from pdu_agent.store.files import FileOps
from pdu_agent.store.history.blocks import DAY_S, MINUTE_S, QUARTER_S, Blocks
from pdu_agent.store.history.cascade import Columns
from pdu_agent.store.history.database import FILE_NAME, Database, is_damage, move_aside
from pdu_agent.store.history.energy import EnergyBook, drop_oldest_energy, keep_newest_energy
from pdu_agent.store.history.rollups import Rollups
from pdu_agent.store.history.settings import HistorySettings

log = logging.getLogger(__name__)

MIB = 1024 * 1024
MAX_WAITING = 16
"""Quarters of an hour kept in memory while the card takes nothing; older ones remain in the
runtime folder until the next start."""
FULL_SHARE = 0.95
"""Of max_mb: what is left is for the next batches and for packing."""
DROPPED_ENERGY_H = 31 * 24

_Answer = TypeVar("_Answer")
_Nothing = TypeVar("_Nothing")


class Card:
    """Belongs to one thread; no method raises but where it says so.

    trouble: why nothing is stored now, in words; empty while all is well.
    """

    def __init__(self, folder: Path, settings: HistorySettings) -> None:
        self.path = folder / FILE_NAME
        self.settings = settings
        self.energy = EnergyBook()
        self.trouble = ""
        self.database: Database | None = None
        self._blocks: Blocks | None = None
        self._waiting: deque[tuple[Columns, int, Rollups]] = deque(maxlen=MAX_WAITING)
        self._packing: Iterator[None] | None = None

    def open(self) -> bool:
        """Whether there is a database now. One that is damaged is moved aside, a new one begun."""
        if self.database is None:
            try:
                self._open()
            except (sqlite3.Error, StoreError, OSError) as error:
                self._fail(error)
                if isinstance(error, sqlite3.Error) and is_damage(error):
                    with suppress(sqlite3.Error, OSError):
                        self._open()
        return self.database is not None

    def _open(self) -> None:
        database = Database(self.path, self.settings.max_mb * MIB)
        try:
            self.energy.attach(database)
        except BaseException:
            database.close()
            raise
        self.database, self._blocks = database, Blocks(database)

    def close(self) -> None:
        """What waits is not written: `commit` comes before."""
        self._packing = None
        self.energy.detach()
        if self.database is not None:
            self.database.close()
        self.database = self._blocks = None

    def _fail(self, error: Exception) -> None:
        text = f"the history cannot be stored in {self.path}: {error}"
        if isinstance(error, sqlite3.Error) and is_damage(error):
            self.close()
            try:
                aside = move_aside(self.path)
            except OSError as exc:
                text += f"; and it cannot be moved away: {exc}"
            else:
                log.error("%s; it is kept as %s, a new one is begun", text, aside.name)
                return
        if text != self.trouble:
            log.error("%s", text)
        self.trouble = text

    # -- writing ---------------------------------------------------------------------------

    def take(self, columns: Columns, start_s: int, minutes: Rollups) -> None:
        """Minutes for the next commit."""
        if len(self._waiting) == MAX_WAITING:
            log.warning("the card has taken no history for hours: the oldest minutes are let go")
        self._waiting.append((columns, start_s, minutes))

    @property
    def waiting(self) -> Sequence[tuple[Columns, int, Rollups]]:
        return self._waiting

    def commit(self, today: int) -> bool:
        """Write what waits, in one transaction. today: the day that is not packed yet."""
        if not self.open() or self.database is None or self._blocks is None:
            return False
        try:
            with self.database.transaction():
                for columns, start_s, minutes in self._waiting:
                    self._blocks.stage(columns, start_s, minutes)
                self.energy.write(self.database)
        except sqlite3.Error as error:
            self._fail(error)
            self._make_room(0.9 * FULL_SHARE)
            return False
        self._waiting.clear()
        self.energy.written()
        if self.trouble:
            log.info("the history is stored again")
        self.trouble = ""
        self._plan(today)
        self._make_room(FULL_SHARE)
        return True

    def _plan(self, today: int) -> None:
        if self._packing is None and self._blocks is not None:
            with suppress(sqlite3.Error):
                days = [day for day in self._blocks.staged_days() if day != today]
                self._packing = self._packed(days) if days else None

    def _packed(self, days: list[int]) -> Iterator[None]:
        if self._blocks is None or self.database is None:
            return
        for day in days:
            yield from self._blocks.pack(day)
        self._blocks.keep_newest(MINUTE_S, self.settings.minute_days)
        self._blocks.keep_newest(QUARTER_S, self.settings.quarter_days)
        self._blocks.keep_newest(DAY_S, self.settings.day_days)
        keep_newest_energy(self.database, self.settings.energy_days)
        self._make_room(FULL_SHARE)

    def work(self) -> bool:
        """A step of packing, if there is any to do; whether there may be more."""
        if self._packing is None:
            return False
        try:
            next(self._packing)
        except StopIteration:
            self._packing = None
        except sqlite3.Error as error:
            self._packing = None  # begun anew after the next commit
            self._fail(error)
            self._make_room(0.9 * FULL_SHARE)
        return self._packing is not None

    def _make_room(self, share: float) -> None:
        """Drop the finest and oldest until no more than this share of max_mb is used."""
        limit = int(self.settings.max_mb * MIB * share)
        with suppress(sqlite3.Error):
            while self.database is not None and self.database.used_bytes > limit:
                if not self._drop_one():
                    break

    def _drop_one(self) -> bool:
        database, blocks = self.database, self._blocks
        if database is None or blocks is None:
            return False
        return any(blocks.drop_oldest(step_s) for step_s in (MINUTE_S, QUARTER_S, DAY_S)) or (
            drop_oldest_energy(database, DROPPED_ENERGY_H)
        )

    # -- reading ---------------------------------------------------------------------------

    def ask(self, question: Callable[[Blocks], _Answer], nothing: _Nothing) -> _Answer | _Nothing:
        """The answer from the card, or `nothing` where there is none to be had."""
        if self._blocks is None:
            return nothing
        try:
            return question(self._blocks)
        except sqlite3.Error as error:
            self._fail(error)
            return nothing

    def key(self, series: Series) -> int | None:
        return self.ask(lambda _: self._number(str(series)), None)

    def _number(self, text: str) -> int | None:
        return self.database.names.known(text) if self.database is not None else None

    # -- orders of people --------------------------------------------------------------------

    def _ready(self, today: int) -> tuple[Database, Blocks]:
        """With everything written that waited. Raises StoreError."""
        if not self.commit(today) or self.database is None or self._blocks is None:
            raise StoreError(self.trouble or f"{self.path} cannot be opened")
        return self.database, self._blocks

    def purge(self, wanted: Purge, today: int, dry_run: bool) -> tuple[int, int]:
        """(steps of minutes, quarters and days that held something, rows of energy).

        Raises StoreError; then nothing is forgotten.
        """
        database, blocks = self._ready(today)
        begin_s, end_s = wanted.begin_wall_s, wanted.end_wall_s
        series = blocks.series() if wanted.series is None else wanted.series
        targets = None if wanted.series is None else {each.target for each in wanted.series}
        rows = 0
        try:
            with suppress(_DryRun), database.transaction():
                keys = {key for each in series if (key := self._number(str(each))) is not None}
                steps = blocks.purge(keys, begin_s, end_s)
                if wanted.energy:
                    rows = self.energy.remove(database, targets, begin_s, end_s)
                if dry_run:
                    raise _DryRun
        except sqlite3.Error as error:
            raise StoreError(f"nothing was forgotten: {error}") from error
        return steps, rows

    def put_energy(
        self, begin_s: float, end_s: float, rows: Sequence[EnergyRow], today: int
    ) -> None:
        """See model.history.History."""
        database, _ = self._ready(today)
        try:
            with database.transaction():
                self.energy.replace(database, begin_s, end_s, rows)
        except sqlite3.Error as error:
            raise StoreError(f"the energy was left as it is: {error}") from error

    def copy_to(self, folder: Path, today: int) -> Path:
        """See model.history.History.snapshot_to."""
        database, _ = self._ready(today)
        path, new = folder / FILE_NAME, folder / (FILE_NAME + ".new")
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            new.unlink(missing_ok=True)
            database.copy_to(new)
            new.chmod(0o600)
            new.replace(path)
        except (sqlite3.Error, OSError) as error:
            with suppress(OSError):
                new.unlink(missing_ok=True)
            raise StoreError(f"cannot copy the history to {folder}: {error}") from error
        return path

    def restore_from(self, file: Path, today: int) -> None:
        """See model.history.History."""
        new = self.path.with_name(FILE_NAME + ".new")
        try:
            shutil.copyfile(file, new)
            _check(new, self.settings.max_mb * MIB)
            self.commit(today)
            self.close()
            _replace(new, self.path)
        except (sqlite3.Error, OSError, StoreError) as error:
            raise StoreError(f"{file} cannot be restored: {error}") from error
        finally:
            for left in (new, new.with_name(new.name + "-journal")):
                left.unlink(missing_ok=True)
        self._ready(today)  # the counters of now: what passed since the copy is not booked again


class _DryRun(Exception):
    """Rolls the transaction back."""


def _check(path: Path, max_bytes: int) -> None:
    """Raises StoreError or sqlite3.Error when it is not a whole history of this layout."""
    with path.open("rb") as file:
        if file.read(16) != b"SQLite format 3\0":
            raise StoreError("it is no database")
    database = Database(path, max_bytes)
    try:
        found = database.connection.execute("PRAGMA quick_check").fetchone()[0]
        database.connection.execute("SELECT 1 FROM energy, stage, block, daily LIMIT 1")
    finally:
        database.close()
    if found != "ok":
        raise StoreError(f"it is damaged: {found}")


def _replace(new: Path, path: Path) -> None:
    files = FileOps()
    file = os.open(new, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
    new.replace(path)
    files.sync_folder(path.parent)
