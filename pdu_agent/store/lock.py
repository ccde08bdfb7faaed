# SPDX-License-Identifier: Apache-2.0
"""One agent per runtime folder: two would overwrite each other's record."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from pdu_agent.model.errors import StoreError
from pdu_agent.store.files import folder_error

LOCK_NAME = "lock"


class FolderLock:
    """Held from construction to `release`; the kernel releases it when the process dies.

    Raises StoreError when another process holds it, or the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / LOCK_NAME
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            raise folder_error(f"open {LOCK_NAME}", folder, exc) from exc
        try:
            self._take(folder)
        except StoreError:
            os.close(self._file)
            raise

    def release(self) -> None:
        os.close(self._file)

    def _take(self, folder: Path) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, b"%d\n" % os.getpid(), 0)
        except BlockingIOError as exc:
            holder = os.pread(self._file, 20, 0).decode("ascii", "replace").strip()
            raise StoreError(
                f"{folder} is in use by another agent (process {holder or 'unknown'}); stop"
                " that one, or give this one runtime and state folders of its own"
            ) from exc
        except OSError as exc:
            raise folder_error(f"write {LOCK_NAME}", folder, exc) from exc


def holder_of(folder: Path) -> int | None:
    """The process that holds the folder's lock; None when nobody does, or when it cannot be told.
    Nothing is made or changed.
    """
    path = folder / LOCK_NAME
    try:
        found = path.stat()
    except OSError:
        return None
    place = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    try:
        with open("/proc/locks", encoding="ascii") as locks:
            held = [line.split() for line in locks]
    except OSError:
        return None
    for _, kind, *_, process, where, _, _ in held:
        if kind == "FLOCK" and where == place:
            return int(process)
    return None
