# SPDX-License-Identifier: Apache-2.0
"""Makes a backup: a folder under another name first, which gets its own name once it is whole.

A file that the newest backup has already is a hard link to it, so that an hour costs the card
little more than what that hour brought. Where a file system has no hard links, it is copied.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pdu_agent.model.errors import StoreError
from pdu_agent.model.record import Record
from pdu_agent.store.backup.history_parts import (
    OPEN,
    PREFIX,
    SUFFIX,
    closed_slices,
    open_rows,
    write_part,
)
from pdu_agent.store.backup.manifest import MANIFEST, Manifest, Part, sha256_of
from pdu_agent.store.backup.shelf import Shelf
from pdu_agent.store.files import folder_error
from pdu_agent.store.framing import encode

RECORD = "record"


@dataclass(frozen=True, slots=True)
class Source:
    """What is backed up. history: the database; files: small ones that are copied as they are. Any
    of them may not be there.
    """

    history: Path
    files: Sequence[Path] = ()
    software: str = ""


def make_backup(
    shelf: Shelf, source: Source, take: Callable[[], Record], now_wall_s: float
) -> Path:
    """The folder of a new backup. Blocks; any thread, one at a time.

    take: the record of the moment, asked for after the history was read: it is never behind it.
    Raises StoreError; the backups are as before then.
    """
    final = shelf.name_of(now_wall_s)
    if final.exists():  # made within the same second: it says the same
        return final
    new = shelf.unfinished(now_wall_s)
    try:
        shelf.make()
        new.mkdir(mode=0o700)
        maker = _Maker(new, shelf.newest())
        maker.history(source.history, now_wall_s)
        for path in source.files:
            maker.small(path)
        record = take()
        maker.bytes(RECORD, encode(record, small=True))
        manifest = Manifest(now_wall_s, source.software, record.seq, maker.parts)
        maker.bytes(MANIFEST, manifest.to_json().encode())
        maker.sync()
        new.rename(final)
        _sync_folder(shelf.folder)
        return final
    except (OSError, sqlite3.Error, StoreError) as exc:
        shutil.rmtree(new, ignore_errors=True)
        if isinstance(exc, OSError):
            raise folder_error("make a backup", shelf.folder, exc) from exc
        raise StoreError(f"cannot make a backup in {shelf.folder}: {exc}") from exc


class _Maker:
    """parts: what is in the folder so far."""

    def __init__(self, folder: Path, before: tuple[Path, Manifest] | None) -> None:
        self._folder = folder
        self._before = before
        self.parts: dict[str, Part] = {}
        self._new: list[Path] = []

    def sync(self) -> None:
        """All at the end: it costs the journal one go, not one for each file."""
        for path in self._new:
            _sync(path)
        _sync_folder(self._folder)

    def history(self, database: Path, now_wall_s: float) -> None:
        if not database.exists():
            return
        for each, mark in closed_slices(database, now_wall_s):
            name = f"{PREFIX}{each.name}{SUFFIX}"
            if not self._taken_over(name, mark):
                write_part(database, self._folder / name, each.rows)
                self._finished(name, mark)
        write_part(database, self._folder / OPEN, open_rows(now_wall_s))
        self._finished(OPEN, "")

    def small(self, path: Path) -> None:
        with suppress(FileNotFoundError):
            self.bytes(path.name, path.read_bytes())

    def bytes(self, name: str, data: bytes) -> None:
        path = self._folder / name
        path.touch(mode=0o600)
        path.write_bytes(data)
        if name == MANIFEST:
            self._new.append(path)
        else:
            self._finished(name, "")

    def _taken_over(self, name: str, mark: str) -> bool:
        """Is it as in the backup before?"""
        if self._before is None:
            return False
        folder, manifest = self._before
        part = manifest.parts.get(name)
        if part is None or part.mark != mark:
            return False
        try:
            os.link(folder / name, self._folder / name)
        except FileNotFoundError:
            return False
        except OSError:  # a file system without hard links, or too many of them
            shutil.copyfile(folder / name, self._folder / name)
            self._new.append(self._folder / name)
        self.parts[name] = part
        return True

    def _finished(self, name: str, mark: str) -> None:
        path = self._folder / name
        path.chmod(0o600)
        self._new.append(path)
        self.parts[name] = Part(path.stat().st_size, sha256_of(path), mark)


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
