# SPDX-License-Identifier: Apache-2.0
"""What a backup holds, with the SHA-256 of every file: the last thing written into its folder."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pdu_agent.model.errors import StoreError

MANIFEST = "manifest.json"
FORMAT = 1
MAX_BYTES = 4 * 1024 * 1024
"""Of a manifest: years of history have some hundred kB."""
_CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a backup. mark: tells whether what it was made from has changed since; empty
    where it is made anew each time.
    """

    size: int
    sha256: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """made_wall_s: when. seq: of the record in it. software: the version that made it."""

    made_wall_s: float
    software: str
    seq: int
    parts: dict[str, Part] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes of all files; those that it shares with other backups among them."""
        return sum(part.size for part in self.parts.values())

    def to_json(self) -> str:
        return json.dumps({"format": FORMAT, **asdict(self)}, separators=(",", ":"))


def read_manifest(folder: Path) -> Manifest:
    """Raises StoreError when there is none that makes sense: then it is no whole backup."""
    try:
        with (folder / MANIFEST).open("rb") as file:
            text = file.read(MAX_BYTES + 1)
        if len(text) > MAX_BYTES:
            raise StoreError(f"{folder / MANIFEST} has more than {MAX_BYTES} bytes")
        plain: Any = json.loads(text)
        if plain.pop("format") != FORMAT:
            raise StoreError(f"{folder / MANIFEST} is of a format that this version does not read")
        parts = {str(name): Part(**part) for name, part in plain.pop("parts").items()}
        found = Manifest(parts=parts, **plain)
        if any(Path(name).name != name or name == MANIFEST for name in parts):
            raise StoreError(f"{folder / MANIFEST} names a file outside of the backup")
        return found
    except OSError as exc:
        raise StoreError(f"{folder / MANIFEST} cannot be read: {exc.strerror}") from exc
    except (ValueError, TypeError, KeyError, AttributeError) as exc:
        raise StoreError(f"{folder / MANIFEST} makes no sense: {exc!r}") from exc


def sha256_of(path: Path) -> str:
    """Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def verify(folder: Path) -> Manifest:
    """Read every file and compare. Raises StoreError, which names the first that is not whole."""
    manifest = read_manifest(folder)
    for name, part in manifest.parts.items():
        path = folder / name
        try:
            if path.stat().st_size != part.size or sha256_of(path) != part.sha256:
                raise StoreError(f"{path} was altered: it does not match its SHA-256 any more")
        except OSError as exc:
            raise StoreError(f"{path} cannot be read: {exc.strerror}") from exc
    return manifest
