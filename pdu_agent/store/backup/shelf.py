# SPDX-License-Identifier: Apache-2.0
"""The folder in which backups stand: their names, their order, and which of them go."""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from pdu_agent.model.errors import StoreError
from pdu_agent.store.backup.manifest import MANIFEST, Manifest, read_manifest
from pdu_agent.store.files import folder_error

_NAME = re.compile(r"openpdu-\d{8}T\d{6}Z", re.ASCII)
_UNFINISHED = re.compile(r"\.openpdu-\d{8}T\d{6}Z\.(new|old)", re.ASCII)


class Shelf:
    """Belongs to one thread at a time. folder: may hold other things too; they are left alone.
    is_elsewhere: on a medium that may be taken away.
    """

    def __init__(self, folder: Path, is_elsewhere: bool = False) -> None:
        self.folder = folder
        self._is_elsewhere = is_elsewhere

    def make(self) -> None:
        """Raises OSError. Elsewhere the folder has to be there: made where a medium is missing,
        it would stand on the card.
        """
        if self._is_elsewhere:
            self.folder.stat()
        else:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def name_of(self, wall_s: float) -> Path:
        text = datetime.fromtimestamp(wall_s, UTC).strftime("%Y%m%dT%H%M%SZ")
        return self.folder / f"openpdu-{text}"

    def unfinished(self, wall_s: float) -> Path:
        return self.folder / f".{self.name_of(wall_s).name}.new"

    def backups(self) -> list[Path]:
        """Those that are whole by their looks, the oldest first; their names tell the order."""
        try:
            found = [
                path
                for path in self.folder.iterdir()
                if _NAME.fullmatch(path.name) and (path / MANIFEST).is_file()
            ]
        except OSError:
            return []
        return sorted(found)

    def newest(self) -> tuple[Path, Manifest] | None:
        """The newest whose manifest can be read."""
        for path in reversed(self.backups()):
            with suppress(StoreError):
                return path, read_manifest(path)
        return None

    def find(self, name: str) -> Path:
        """Raises StoreError, which says what there is."""
        for path in self.backups():
            if path.name == name:
                return path
        known = ", ".join(path.name for path in self.backups()[-3:]) or "none"
        raise StoreError(f"there is no backup {name[:40]!r} in {self.folder}; the newest: {known}")

    def tidy(self, keep: int) -> list[str]:
        """Take away all but the newest `keep` backups, and what was never finished: their names.

        What does not look like a backup of ours stays. Raises StoreError.
        """
        gone = self.backups()[: -keep or None]
        try:
            for path in gone:
                aside = path.with_name(f".{path.name}.old")
                path.rename(aside)  # from here on it is none, even if this is as far as we get
            if self.folder.is_dir():
                for path in self.folder.iterdir():
                    if _UNFINISHED.fullmatch(path.name) and not path.is_symlink():
                        shutil.rmtree(path)
        except OSError as exc:
            raise folder_error("take old backups away", self.folder, exc) from exc
        return [path.name for path in gone]
