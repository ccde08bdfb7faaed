# SPDX-License-Identifier: Apache-2.0
"""Looks for entries in the audit log, the newest first, without reading more than it needs.

For whoever shows the log; whether it is whole is the matter of audit_check.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from pdu_agent.model.actor import Actor
from pdu_agent.model.errors import StoreError
from pdu_agent.store.audit_chain import (
    COMMAND,
    NEWER_NAME,
    OLDER_NAME,
    WAITING_NAME,
    Line,
    content,
    parsed,
)
from pdu_agent.store.files import FileOps

CHUNK_BYTES = 64 * 1024
_TRIES = 5

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """None for no matter. since_s, until_s: of the epoch. actor: any part of who did it, in face,
    name or address. user, door: exactly that name and that face.
    """

    outlet: int | None = None
    since_s: float | None = None
    until_s: float | None = None
    actor: str | None = None
    user: str | None = None
    door: str | None = None

    def is_met_by(self, row: Row) -> bool:
        """row: of a command's line."""
        if self.since_s is not None and not time_of(row) >= self.since_s:
            return False
        if self.until_s is not None and not time_of(row) <= self.until_s:
            return False
        if self.actor is not None and self.actor.lower() not in who_of(row).lower():
            return False
        if self.user is not None and row.get("who", "") != self.user:
            return False
        if self.door is not None and row.get("face", "") != self.door:
            return False
        return self.outlet is None or self.outlet in outlets_of(row)


def time_of(row: Row) -> float:
    """Seconds of the epoch; NaN where the line does not tell."""
    found = row.get("time")
    return float(found) if isinstance(found, int | float) else math.nan


def who_of(row: Row) -> str:
    return str(Actor(*(str(row.get(part, "")) for part in ("face", "who", "address", "because"))))


def outlets_of(row: Row) -> set[int]:
    """All outlets that the entry is about, whatever somebody may have written into it."""
    try:
        found: set[Any] = {int(number) for number in row.get("outlets", {})}
        for command in row.get("commands", ()):
            found.add(command.get("outlet"))
            kind, _, number = str(command.get("target", "")).partition(" ")
            found.add(int(number) if kind == "outlet" else None)
        found.add(row.get("proof", {}).get("outlet"))
    except (TypeError, AttributeError, ValueError):
        return set()
    return {number for number in found if type(number) is int}


def commands_newest_first(
    runtime_dir: Path, state_dir: Path, wanted: Wanted, before: int | None = None
) -> Iterator[Row]:
    """Entries of commands and of what came of them, with numbers below `before`.

    Raises StoreError when a file may not be read.
    """
    for line in _newest_first(runtime_dir, state_dir):
        is_next = before is None or line.head.number < before
        if is_next and line.kind == COMMAND and wanted.is_met_by(line.plain):
            yield line.plain


def _newest_first(runtime_dir: Path, state_dir: Path) -> Iterator[Line]:
    """Every sound line. What waits for the card is in memory and small; the files are read from
    their ends.
    """
    with ExitStack() as stack:
        files, waiting = _opened(runtime_dir, state_dir, stack)
        lines = (line for file in files for line in _backwards(file))
        newest = next(lines, None)
        on_card = newest.head.number if newest is not None else 0
        for data in reversed(waiting):
            line = parsed(data)
            if line is not None and line.head.number > on_card:
                yield line
        if newest is not None:
            yield newest
        yield from lines


def _opened(
    runtime_dir: Path, state_dir: Path, stack: ExitStack
) -> tuple[list[IO[bytes]], list[bytes]]:
    """Newer and older file of one moment, though they may take turns meanwhile, and what waits."""
    for _ in range(_TRIES):
        waiting = content(FileOps(), runtime_dir / WAITING_NAME).split(b"\n")[:-1]
        files = [
            file
            for name in (NEWER_NAME, OLDER_NAME)
            if (file := _open(state_dir / name, stack)) is not None
        ]
        if not files or _is_still(state_dir / NEWER_NAME, files[0]):
            break
    return files, waiting


def _open(path: Path, stack: ExitStack) -> IO[bytes] | None:
    try:
        return stack.enter_context(path.open("rb"))
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise StoreError(f"cannot read {path}: {exc.strerror}") from exc


def _is_still(path: Path, file: IO[bytes]) -> bool:
    try:
        return os.stat(path).st_ino == os.fstat(file.fileno()).st_ino
    except OSError:
        return False


def _backwards(file: IO[bytes]) -> Iterator[Line]:
    """The sound lines of a file, the last one first; a torn end is none."""
    place = file.seek(0, os.SEEK_END)
    rest = b""
    is_end = True
    while place > 0:
        size = min(CHUNK_BYTES, place)
        place -= size
        file.seek(place)
        head, *whole = (file.read(size) + rest).split(b"\n")
        if is_end and whole:
            whole.pop()  # empty, or torn
            is_end = False
        for data in reversed(whole):
            line = parsed(data)
            if line is not None:
                yield line
        rest = head
    line = parsed(rest) if not is_end else None
    if line is not None:
        yield line
