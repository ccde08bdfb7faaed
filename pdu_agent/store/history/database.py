# SPDX-License-Identifier: Apache-2.0
"""The file on the card: opened, bounded, moved aside when it is damaged.

The journal is a rollback journal, whose header is wiped after each transaction: what a power cut
interrupts is undone at the next start, and pages that are new (nearly all of them here) are written
once, where a write-ahead log writes each of them twice. It keeps its blocks, so that the file
system does not have to give and take them each time.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pdu_agent.model.errors import StoreError
from pdu_agent.store.history.names import Names

log = logging.getLogger(__name__)

FILE_NAME = "history.sqlite"
DAMAGED = ".damaged"
APPLICATION_ID = 0x4F504455  # "OPDU": what `file` and we know the file by
SCHEMA_VERSION = 1
PAGE_BYTES = 4096
CACHE_KIB = 512
JOURNAL_BYTES = 256 * 1024
"""Cut to so much after a larger transaction: those of every half hour are well below."""

_SCHEMA = """
CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE stage (
    id INTEGER PRIMARY KEY, start_s INTEGER NOT NULL, end_s INTEGER NOT NULL, data BLOB NOT NULL
);
CREATE TABLE packed (day INTEGER PRIMARY KEY, end_s INTEGER NOT NULL);
CREATE TABLE block (
    step_s INTEGER, day INTEGER, series INTEGER, data BLOB NOT NULL,
    UNIQUE (step_s, day, series)
);
CREATE TABLE daily (
    day INTEGER, series INTEGER, seen_s INTEGER NOT NULL, minimum REAL, average REAL, maximum REAL,
    last REAL, peak_s INTEGER, PRIMARY KEY (day, series)
) WITHOUT ROWID;
CREATE TABLE energy (
    hour_s INTEGER, target INTEGER, tariff INTEGER, energy_mj INTEGER NOT NULL,
    seen_s INTEGER NOT NULL, late INTEGER NOT NULL, PRIMARY KEY (hour_s, target, tariff)
) WITHOUT ROWID;
CREATE TABLE counter (
    target INTEGER, tariff INTEGER, energy_mj INTEGER NOT NULL, PRIMARY KEY (target, tariff)
) WITHOUT ROWID;
CREATE TABLE state (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""


class Database:
    """An open file; belongs to one thread. Every method may raise sqlite3.Error.

    max_bytes: the file never gets larger; a transaction that would need more fails.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self.path = path
        with suppress(OSError):  # SQLite tells better what is wrong
            path.touch(mode=0o600)
        self.connection = sqlite3.connect(path, isolation_level=None, cached_statements=64)
        try:
            self._prepare(max_bytes)
        except BaseException:
            self.connection.close()
            raise
        self.names = Names(self.connection)

    def _prepare(self, max_bytes: int) -> None:
        execute = self.connection.execute
        execute(f"PRAGMA page_size = {PAGE_BYTES}")
        execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        execute("PRAGMA temp_store = MEMORY")
        execute("PRAGMA journal_mode = PERSIST")
        execute(f"PRAGMA journal_size_limit = {JOURNAL_BYTES}")
        execute("PRAGMA synchronous = FULL")
        version = execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            self.connection.executescript(
                f"BEGIN;{_SCHEMA}PRAGMA application_id = {APPLICATION_ID};"
                f"PRAGMA user_version = {SCHEMA_VERSION};COMMIT;"
            )
        elif version != SCHEMA_VERSION:
            raise StoreError(
                f"{self.path} has layout {version}, expected {SCHEMA_VERSION}: a newer OpenPDU made"
                " it; install that one, or move the file away"
            )
        execute(f"PRAGMA max_page_count = {max_bytes // PAGE_BYTES}")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it or, when anything is raised, nothing."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection
            self.connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # a full disk has rolled it back already
                self.connection.execute("ROLLBACK")
            self.names.forget()
            raise

    @property
    def used_bytes(self) -> int:
        """Without the pages that are free for what comes."""
        pages, free = self._pages()
        return (pages - free) * PAGE_BYTES

    @property
    def file_bytes(self) -> int:
        return self._pages()[0] * PAGE_BYTES

    def _pages(self) -> tuple[int, int]:
        execute = self.connection.execute
        pages: int = execute("PRAGMA page_count").fetchone()[0]
        free: int = execute("PRAGMA freelist_count").fetchone()[0]
        return pages, free

    def copy_to(self, path: Path) -> None:
        """A copy without free pages; the path must not exist."""
        self.connection.execute("VACUUM INTO ?", (str(path),))

    def close(self) -> None:
        self.connection.close()


def is_damage(error: sqlite3.Error) -> bool:
    """Does it say that the file is none of SQLite's, or not whole?"""
    code = getattr(error, "sqlite_errorcode", 0) or 0
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def move_aside(path: Path) -> Path:
    """Keep the damaged file (only the newest one) beside where a new one begins. Raises OSError."""
    aside = path.with_name(path.name + DAMAGED)
    path.replace(aside)
    path.with_name(path.name + "-journal").unlink(missing_ok=True)
    return aside
