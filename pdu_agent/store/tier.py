# SPDX-License-Identifier: Apache-2.0
"""One folder that keeps the three newest records.

The files take turns: a save replaces the oldest record and leaves the two newest alone, so
whatever happens during a save, the last record and the one before it are there untouched.

How the oldest is replaced differs. By a new file and rename in general, which a killed
process cannot interrupt halfway. On the card, a file that has the right size is overwritten
instead: no block, name or size changes, so that only its own blocks are written, and of the file
system's journal as little as there is (docs/card.md).
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path

from pdu_agent.model.errors import StoreError
from pdu_agent.model.record import Record
from pdu_agent.store.files import FileOps, folder_error
from pdu_agent.store.framing import decode, encode

SLOTS = ("record-a", "record-b", "record-c")
NEW_NAME = "record.new"
NONE = -1


@dataclass(slots=True)
class _Slot:
    """seq and size (bytes) of the record in the file; NONE where that is not certain."""

    path: Path
    seq: int = NONE
    size: int = NONE


@dataclass(frozen=True, slots=True)
class TierContent:
    """record: the newest valid one, from `path`. damaged: one text per unusable file."""

    record: Record | None
    path: Path | None
    damaged: tuple[str, ...]


class Tier:
    """The records in `folder`. durable: a save has reached the medium when it returns."""

    def __init__(self, folder: Path, durable: bool, files: FileOps) -> None:
        self.folder = folder
        self._durable = durable
        self._files = files
        self._slots = tuple(_Slot(folder / name) for name in SLOTS)

    @property
    def newest_seq(self) -> int:
        """Of the records known to be complete; -1 when there is none."""
        return max(slot.seq for slot in self._slots)

    def make_folder(self) -> None:
        """Raises StoreError when the folder is not there and cannot be made."""
        try:
            self._files.make_folder(self.folder)
        except OSError as exc:
            raise folder_error("create the folder", self.folder, exc) from exc

    def read(self) -> TierContent:
        """Raises StoreError when this user may not read a file: its record is not lost."""
        best, damaged = TierContent(None, None, ()), []
        self._slots = tuple(_Slot(slot.path) for slot in self._slots)
        for slot in self._slots:
            try:
                data = self._files.read(slot.path)
                record = decode(data)
            except FileNotFoundError:
                continue
            except PermissionError as exc:
                raise folder_error(f"read {slot.path.name}", self.folder, exc) from exc
            except OSError as exc:
                damaged.append(f"{slot.path} cannot be read: {exc.strerror}")
                continue
            except StoreError as exc:
                damaged.append(f"{slot.path} {exc}")
                continue
            if record.seq > self.newest_seq:
                best = TierContent(record, slot.path, ())
            slot.seq, slot.size = record.seq, len(data)
        return replace(best, damaged=tuple(damaged))

    def write(self, record: Record) -> None:
        """Raises StoreError; the two newest records are still there then."""
        data = encode(record, small=self._durable)
        slot = min(self._slots, key=lambda each: each.seq)
        overwrite = self._durable and slot.size == len(data)
        target = slot.path if overwrite else self.folder / NEW_NAME
        slot.seq = slot.size = NONE
        try:
            self._fill(target, data, new=not overwrite)
            if not overwrite:
                self._put_in_place(target, slot.path)
        except OSError as exc:
            # After a failed sync nobody knows what the medium holds, and asking again
            # would be answered with success: the file is given up. The next save goes for
            # the same slot, so the last good records are not at risk either.
            with contextlib.suppress(OSError):
                self._files.unlink(target)
            raise folder_error(f"write {slot.path.name}", self.folder, exc) from exc
        slot.seq, slot.size = record.seq, len(data)

    def _fill(self, path: Path, data: bytes, new: bool) -> None:
        file = self._files.create(path) if new else self._files.open(path)
        try:
            while data:
                data = data[self._files.write(file, data) :]
            if self._durable:
                self._files.sync(file)
        finally:
            self._files.close(file)

    def _put_in_place(self, new: Path, path: Path) -> None:
        self._files.rename(new, path)
        if self._durable:
            self._files.sync_folder(self.folder)
