# SPDX-License-Identifier: Apache-2.0
"""The audit log's files: two on the card that take turns, and the lines on their way there.

A line goes to the runtime folder (memory) before its command is acknowledged, and with the next
flush to the card; a killed process loses none, a power cut those since the last flush, which
are those of commands that changed nothing. Whichever line begins a new file says so and names
the first one of the file before, so that nothing can be missing unnoticed.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any

from pdu_agent.model.errors import StoreError
from pdu_agent.model.record import AuditHead
from pdu_agent.store.audit_chain import (
    CONTINUED,
    GENESIS,
    NEWER_NAME,
    OLDER_NAME,
    START,
    TORN,
    TORN_NAME,
    WAITING_NAME,
    Line,
    content,
    parsed,
    sealed,
)
from pdu_agent.store.files import FileOps, folder_error

log = logging.getLogger(__name__)

FULL_BYTES = 1024 * 1024
"""Of each of the two files; about 4000 commands in both."""
MAX_WAITING_BYTES = 1024 * 1024
"""Of lines that the card has not taken yet."""
SPARE_BYTES = 64 * 1024
"""The runtime folder's file is written anew when so much of it is on the card already."""


class AuditFile:
    """`open` comes first. `append` belongs to one thread, `write_out` to one at a time.

    head: number and hash of the newest line, START before the first.
    """

    def __init__(
        self, runtime_dir: Path, state_dir: Path, files: FileOps, full_bytes: int = FULL_BYTES
    ) -> None:
        self._runtime_dir = runtime_dir
        self._state_dir = state_dir
        self._files = files
        self._full_bytes = full_bytes
        self._newer = state_dir / NEWER_NAME
        self._older = state_dir / OLDER_NAME
        self._waiting_path = runtime_dir / WAITING_NAME
        self.head = START
        self._first = 1
        self._must_begin_file = False
        self._size = 0  # of the newer file once everything has been written out
        self._torn = b""
        self._lock = threading.Lock()
        self._waiting: deque[Line] = deque()
        self._waiting_bytes = 0
        self._runtime_size = 0
        self._runtime_whole = False
        self._card_size = 0
        self._card_whole = True

    def open(self, recorded: AuditHead | None) -> tuple[str, ...]:
        """Find out where to go on; texts about files that are lost. Raises StoreError.

        recorded: the newest line that a record vouches for. When the files end before it, the
        chain goes on after it, and the gap stays for whoever verifies.
        """
        told: list[str] = []
        newer, older = self._taken(self._newer, told), self._taken(self._older, told)
        end = newer.rfind(b"\n") + 1
        self._torn, newer = newer[end:], newer[:end]
        self._size = self._card_size = len(newer)
        self._card_whole = not self._torn
        last = _last(newer) or _last(older)
        self.head = last.head if last else START
        for line in self._left_over():
            self._wait_for_card(line)
        if recorded is not None and recorded.number > self.head.number:
            self.head = recorded
        first = _first(newer or older)
        self._first = first.head.number if first else 1
        self._must_begin_file = not newer and not self._waiting and self.head.number > 0
        if self._torn:
            self._keep_apart()
            log.warning(
                "%s: the last line was torn while it was written; its %d bytes are kept in %s",
                self._newer,
                len(self._torn),
                TORN_NAME,
            )
        return tuple(told)

    def begin(self, device: str) -> None:
        """Write the first line of this device's log, if it has none, and what was torn.

        Raises StoreError.
        """
        if self.head == START:
            self.append({"kind": GENESIS, "device": device})
        if self._torn:
            self.append({"kind": TORN, "bytes": len(self._torn)})
            self._torn = b""

    def append(self, plain: Mapping[str, Any]) -> None:
        """Add a line; it survives this process, and after `write_out` a power cut.

        Raises StoreError; there is no such line then.
        """
        line = sealed(plain, self.head)
        if self._must_begin_file or (self._size and self._size + len(line.data) > self._full_bytes):
            self._add(sealed({"kind": CONTINUED, "began": self._first}, self.head))
            line = sealed(plain, self.head)
        self._add(line)

    def write_out(self) -> None:
        """Bring the lines that wait to the card, and wait for it. Raises StoreError."""
        with self._lock:
            lines = list(self._waiting)
        while lines:
            batch = [lines[0], *takewhile(lambda line: line.kind != CONTINUED, lines[1:])]
            try:
                self._write_batch(batch)
            except OSError as exc:
                self._card_whole = False
                raise folder_error(f"write {NEWER_NAME}", self._state_dir, exc) from exc
            del lines[: len(batch)]
            with self._lock:
                for line in batch:
                    self._waiting.popleft()
                    self._waiting_bytes -= len(line.data)

    @property
    def waiting_bytes(self) -> int:
        """Of lines that are not on the card yet."""
        with self._lock:
            return self._waiting_bytes

    # -- the runtime folder -----------------------------------------------------------

    def _left_over(self) -> list[Line]:
        """Lines of the run before that did not get to the card."""
        lines: list[Line] = []
        newest = self.head.number
        for data in content(self._files, self._waiting_path).split(b"\n")[:-1]:
            line = parsed(data)
            if line is not None and line.head.number > newest:
                lines.append(line)
                newest = line.head.number
        return lines

    def _add(self, line: Line) -> None:
        self._save(line)
        self._wait_for_card(line)

    def _save(self, line: Line) -> None:
        waiting_bytes = self.waiting_bytes
        if waiting_bytes + len(line.data) > MAX_WAITING_BYTES:
            raise StoreError(f"too many lines of {NEWER_NAME} wait for the card")
        try:
            if self._runtime_whole and self._runtime_size < 2 * waiting_bytes + SPARE_BYTES:
                self._write(self._files.append(self._waiting_path), line.data)
                self._runtime_size += len(line.data)
            else:
                with self._lock:
                    waiting = b"".join(each.data for each in self._waiting)
                self._save_anew(waiting + line.data)
        except OSError as exc:
            self._runtime_whole = False
            raise folder_error(f"write {WAITING_NAME}", self._runtime_dir, exc) from exc

    def _save_anew(self, data: bytes) -> None:
        fresh = self._waiting_path.with_suffix(".new")
        self._write(self._files.create(fresh), data)
        self._files.rename(fresh, self._waiting_path)
        self._runtime_whole = True
        self._runtime_size = len(data)

    def _wait_for_card(self, line: Line) -> None:
        if line.kind == CONTINUED:
            self._size = 0
            self._first = line.head.number
            self._must_begin_file = False
        self._size += len(line.data)
        self.head = line.head
        with self._lock:
            self._waiting.append(line)
            self._waiting_bytes += len(line.data)

    # -- the card -----------------------------------------------------------------------

    def _write_batch(self, batch: list[Line]) -> None:
        """Lines of one file, the first of which may begin it."""
        if not self._card_whole:
            # What a failed write left behind; the same lines come again.
            if self._card_size or self._has_newer():
                self._files.truncate(self._newer, self._card_size)
            self._card_whole = True
        if batch[0].kind == CONTINUED and self._card_size:
            self._files.rename(self._newer, self._older)
            self._card_size = 0
        is_new = not self._card_size
        data = b"".join(line.data for line in batch)
        self._write(self._files.append(self._newer), data, sync=True)
        if is_new:
            self._files.sync_folder(self._state_dir)
        self._card_size += len(data)

    def _taken(self, path: Path, told: list[str]) -> bytes:
        """What is in the file. One that the card does not give is put aside: what was in it is
        missed by whoever verifies, but the agent can go on.
        """
        try:
            return self._files.read(path)
        except FileNotFoundError:
            return b""
        except PermissionError as exc:
            raise folder_error(f"read {path.name}", path.parent, exc) from exc
        except OSError as exc:
            aside = path.with_suffix(".unreadable")
            try:
                self._files.rename(path, aside)
            except OSError as failed:
                raise folder_error(f"put {path.name} aside", path.parent, failed) from failed
            told.append(f"{path} cannot be read: {exc.strerror}; put aside as {aside.name}")
            return b""

    def _has_newer(self) -> bool:
        return bool(content(self._files, self._newer))

    def _keep_apart(self) -> None:
        try:
            self._write(self._files.create(self._state_dir / TORN_NAME), self._torn)
        except OSError as exc:
            raise folder_error(f"write {TORN_NAME}", self._state_dir, exc) from exc

    def _write(self, file: int, data: bytes, sync: bool = False) -> None:
        try:
            while data:
                data = data[self._files.write(file, data) :]
            if sync:
                self._files.sync(file)
        finally:
            self._files.close(file)


def _last(data: bytes) -> Line | None:
    """The last sound line of whole ones."""
    end = len(data) - 1
    while end > 0:
        start = data.rfind(b"\n", 0, end) + 1
        line = parsed(data[start:end])
        if line is not None:
            return line
        end = start - 1
    return None


def _first(data: bytes) -> Line | None:
    return parsed(data.partition(b"\n")[0])
