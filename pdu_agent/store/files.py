# SPDX-License-Identifier: Apache-2.0
"""The few file operations that the store stands on, and what their failures mean."""

from __future__ import annotations

import errno
import os
import pwd
from pathlib import Path

from pdu_agent.model.errors import StoreError

ADVICE = {
    errno.EACCES: "give it to that user: chown -R {user} {folder}",
    errno.EPERM: "give it to that user: chown -R {user} {folder}",
    errno.ENOSPC: "free some space there",
    errno.EDQUOT: "free some space there",
    errno.EROFS: "mount it writable (a failing card turns read-only by itself: see dmesg)",
    errno.EIO: "the medium may be failing: see dmesg, and keep a backup",
    errno.ENOENT: "create the folder again",
    errno.ENOTDIR: "a file stands where a folder is needed: move it away",
    errno.EEXIST: "a file stands where a folder is needed: move it away",
}


class FileOps:
    """System calls, one method each, so that a test can make any one of them fail.

    Every method raises OSError and does nothing else about trouble.
    """

    def make_folder(self, folder: Path) -> None:
        """Also its parents; none of it when it exists."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def read(self, path: Path) -> bytes:
        return path.read_bytes()

    def create(self, path: Path) -> int:
        """A descriptor to write a new or emptied file that only its owner may read."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        return os.open(path, flags, 0o600)

    def open(self, path: Path) -> int:
        """A descriptor to overwrite an existing file from its beginning."""
        return os.open(path, os.O_WRONLY | os.O_CLOEXEC)

    def append(self, path: Path) -> int:
        """A descriptor to write at the end of a file that only its owner may read."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        return os.open(path, flags, 0o600)

    def write(self, file: int, data: bytes) -> int:
        """How many of the bytes were taken, at least one."""
        return os.write(file, data)

    def truncate(self, path: Path, size: int) -> None:
        """Cut the file to its first `size` bytes."""
        os.truncate(path, size)

    def sync(self, file: int) -> None:
        """Make the content durable, with the size but without the times of the file."""
        os.fdatasync(file)

    def close(self, file: int) -> None:
        os.close(file)

    def rename(self, old: Path, new: Path) -> None:
        old.rename(new)

    def sync_folder(self, folder: Path) -> None:
        """Make the names in the folder durable; syncing a file does not cover its name."""
        file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(file)
        finally:
            os.close(file)

    def unlink(self, path: Path) -> None:
        path.unlink()


def folder_error(attempt: str, folder: Path, exc: OSError) -> StoreError:
    """A StoreError with the folder, the user, the reason and what to do about it."""
    user = _user_name()
    advice = ADVICE.get(exc.errno or 0, "see dmesg").format(user=user, folder=folder)
    reason = exc.strerror or str(exc)
    return StoreError(f"cannot {attempt} in {folder} as user {user}: {reason}; {advice}")


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
