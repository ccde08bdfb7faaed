# SPDX-License-Identifier: Apache-2.0
"""One line of the audit log: JSON that ends in its own SHA-256, and names that of the line before.

    {"number":7,"kind":"command",...,"previous":"5f1c...","hash":"9a20..."}

The hash covers every byte of the line before `,"hash":`, so that a line shows by itself that it
was altered, and through `previous` every line before it is covered too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from pdu_agent.model.errors import StoreError
from pdu_agent.model.record import AuditHead
from pdu_agent.store.files import FileOps, folder_error

NEWER_NAME = "audit.jsonl"
OLDER_NAME = "audit.old.jsonl"
WAITING_NAME = "audit.waiting.jsonl"
TORN_NAME = "audit.torn"

GENESIS = "genesis"
CONTINUED = "continued"
TORN = "torn"
COMMAND = "command"

_NO_HASH = "0" * 64
START = AuditHead(0, _NO_HASH)
"""What the first line follows."""
_HASH_KEY = b',"hash":"'
_HASH_BYTES = len(_HASH_KEY) + 64 + len(b'"}')


@dataclass(frozen=True, slots=True)
class Line:
    """One sound line. data: its bytes with the line break; plain: what is said in it."""

    head: AuditHead
    previous: str
    data: bytes
    plain: Mapping[str, Any]

    @property
    def kind(self) -> str:
        return str(self.plain["kind"])


def sealed(plain: Mapping[str, Any], before: AuditHead) -> Line:
    """The line that follows `before`. Raises StoreError for what JSON has no form for."""
    whole = {"number": before.number + 1, **plain, "previous": before.hash}
    try:
        text = json.dumps(whole, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as exc:
        raise StoreError(f"audit line {before.number + 1} cannot be stored: {exc}") from exc
    body = text.encode("ascii")[:-1]
    digest = sha256(body).hexdigest()
    data = body + _HASH_KEY + digest.encode("ascii") + b'"}\n'
    return Line(AuditHead(before.number + 1, digest), before.hash, data, whole)


def parsed(data: bytes) -> Line | None:
    """The line that these bytes are, given without the line break; None when it is not sound."""
    body, end = data[:-_HASH_BYTES], data[-_HASH_BYTES:]
    digest = sha256(body).hexdigest()
    if end != _HASH_KEY + digest.encode("ascii") + b'"}':
        return None
    try:
        plain = json.loads(body + b"}")
        head = AuditHead(int(plain["number"]), digest)
        previous, _ = str(plain["previous"]), str(plain["kind"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return Line(head, previous, data + b"\n", plain)


def content(files: FileOps, path: Path) -> bytes:
    """What is in the file, nothing when there is none. Raises StoreError when it is not ours."""
    try:
        return files.read(path)
    except FileNotFoundError:
        return b""
    except OSError as exc:
        raise folder_error(f"read {path.name}", path.parent, exc) from exc
