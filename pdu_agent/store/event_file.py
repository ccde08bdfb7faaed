# SPDX-License-Identifier: Apache-2.0
"""The event log on the card: one JSON object a line, two files that take turns.

Lines are appended to the newer file; when it is full it becomes the older one, and what was
the older one goes. Two full files always hold more than the log shows. A line that a power
cut tore is skipped when the file is read, and the next one begins on a line of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.snapshot import KEPT_EVENTS, LAST_EVENT, EventKind, LoggedEvent, Severity
from pdu_agent.store.files import FileOps, folder_error

NEWER_NAME = "events.jsonl"
OLDER_NAME = "events.old.jsonl"
FULL_BYTES = 128 * 1024
END_OF_TIME_S = 253_402_300_800  # the year 10000


class EventFile:
    """Used by one thread at a time. `read` comes first, it finds out where to append."""

    def __init__(self, folder: Path, files: FileOps) -> None:
        self._folder = folder
        self._files = files
        self._newer = folder / NEWER_NAME
        self._older = folder / OLDER_NAME
        self._size = 0
        self._torn = False
        self._synced = True

    def read(self) -> tuple[LoggedEvent, ...]:
        """The newest KEPT_EVENTS, oldest first; what cannot be read is left out."""
        older, newer = self._content(self._older), self._content(self._newer)
        self._size = len(newer)
        self._torn = bool(newer) and not newer.endswith(b"\n")
        entries = {entry.number: entry for entry in _entries(older + b"\n" + newer)}
        return tuple(entries.values())[-KEPT_EVENTS:]

    def append(self, events: Iterable[LoggedEvent]) -> None:
        """Write the entries; they survive this process, and after `sync` a power cut.

        Raises StoreError; the entries may come again then, twice is harmless.
        """
        data = b"".join(_line(event) for event in events)
        if self._torn:
            data = b"\n" + data
        try:
            if self._size and self._size + len(data) > FULL_BYTES:
                self._turn()
            self._write(data)
        except OSError as exc:
            self._torn = True
            raise folder_error(f"write {NEWER_NAME}", self._folder, exc) from exc
        self._torn = False
        self._synced = False

    def sync(self) -> None:
        """Wait until everything appended is on the medium. Raises StoreError."""
        if self._synced:
            return
        try:
            file = self._files.append(self._newer)
            try:
                self._files.sync(file)
            finally:
                self._files.close(file)
        except OSError as exc:
            raise folder_error(f"sync {NEWER_NAME}", self._folder, exc) from exc
        self._synced = True

    def _content(self, path: Path) -> bytes:
        try:
            return self._files.read(path)
        except OSError:
            return b""

    def _turn(self) -> None:
        self._files.rename(self._newer, self._older)
        self._size = 0

    def _write(self, data: bytes) -> None:
        file = self._files.append(self._newer)
        try:
            while data:
                written = self._files.write(file, data)
                self._size += written
                data = data[written:]
        finally:
            self._files.close(file)


def _line(event: LoggedEvent) -> bytes:
    plain = {
        "number": event.number,
        "time": round(event.t_wall_s, 3),
        "kind": event.kind.value,
        "severity": event.severity.value,
        "target": [event.target.kind.value, event.target.index] if event.target else None,
        "text": event.text,
        "user": event.user,
    }
    return json.dumps(plain, separators=(",", ":")).encode("ascii") + b"\n"


def _entries(data: bytes) -> Iterator[LoggedEvent]:
    for line in data.splitlines():
        try:
            yield _entry(json.loads(line))
        except (ValueError, LookupError, TypeError, ArithmeticError, RecursionError):
            continue  # torn, or of a version to come


def _entry(plain: dict[str, Any]) -> LoggedEvent:
    number, t_wall_s, target = int(plain["number"]), float(plain["time"]), plain["target"]
    if not (1 <= number <= LAST_EVENT and 0 <= t_wall_s < END_OF_TIME_S):
        raise ValueError("no face could show it")
    return LoggedEvent(
        number=number,
        t_wall_s=t_wall_s,
        kind=EventKind(plain["kind"]),
        severity=Severity(plain["severity"]),
        target=Target(TargetKind(target[0]), int(target[1])) if target else None,
        text=str(plain["text"]),
        user=str(plain["user"]),
    )
