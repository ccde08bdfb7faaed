# SPDX-License-Identifier: Apache-2.0
"""A small file that only its owner may read, replaced as a whole."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from pdu_agent.model.errors import StoreError
from pdu_agent.store.files import FileOps, folder_error

MAX_OCTETS = 1 << 20


class PrivateFile:
    """JSON at `path`, mode 0600. After a power cut it is as before or as saved, nothing between.

    Both methods block, and raise StoreError. One thread at a time.
    """

    def __init__(self, path: Path, files: FileOps | None = None) -> None:
        self._path = path
        self._files = files or FileOps()

    def load(self) -> Any:
        """None where there is no file."""
        try:
            data = self._files.read(self._path)
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise folder_error(f"read {self._path.name}", self._path.parent, exc) from exc
        try:
            if len(data) > MAX_OCTETS:
                raise ValueError(f"it is larger than {MAX_OCTETS} octets")
            plain = json.loads(data)
            if plain is None:
                raise ValueError("it holds nothing")
            return plain
        except (ValueError, RecursionError) as exc:
            raise StoreError(f"{self._path} is broken: {exc}") from exc

    def save(self, plain: Any) -> None:
        replace_file(self._path, json.dumps(plain, indent=1).encode(), self._files)


def replace_file(path: Path, data: bytes, files: FileOps | None = None) -> None:
    """The whole of a file that only its owner may read. Blocks; raises StoreError."""
    files = files or FileOps()
    new = path.with_name(f"{path.name}.new")
    try:
        _write(new, data, files)
        files.rename(new, path)
        files.sync_folder(path.parent)
    except OSError as exc:
        # On a full card half of it would stay, with what nobody else may read.
        with suppress(OSError):
            files.unlink(new)
        raise folder_error(f"write {path.name}", path.parent, exc) from exc


def _write(new: Path, data: bytes, files: FileOps) -> None:
    # One that was left by a crash, or put there, may have another mode or lead elsewhere.
    with suppress(FileNotFoundError):
        files.unlink(new)
    file = files.create(new)
    try:
        while data:
            data = data[files.write(file, data) :]
        files.sync(file)
    finally:
        files.close(file)
