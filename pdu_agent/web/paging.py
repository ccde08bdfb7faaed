# SPDX-License-Identifier: Apache-2.0
"""Long lists, a page at a time: `limit` and `cursor` in the query, `next` in the answer.

A cursor stands for the number of the last row that was given, not for its place: what is added
in the meantime neither repeats a row nor leaves one out. Clients hand it back as it is.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from pdu_agent.model.errors import InvalidValue

MAX_LIMIT = 1000
KEYS = ("limit", "cursor")
"""Of the query."""

T = TypeVar("T")
_NUMBER = re.compile(r"after:([0-9]{1,15})")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """next: the cursor of the rows that follow; None where there are none."""

    rows: list[T]
    next: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """limit: None for all there are. after: number of the last row that the client has."""

    limit: int | None = None
    after: int | None = None

    def page(self, rows: Iterable[T], number_of: Callable[[T], int]) -> Page[T]:
        """rows: the first one first, behind `after` already; read no further than needed."""
        if self.limit is None:
            return Page(list(rows), None)
        found = list(islice(rows, self.limit + 1))
        if len(found) <= self.limit:
            return Page(found, None)
        kept = found[: self.limit]
        return Page(kept, _cursor(number_of(kept[-1])))


def asked_of(query: Mapping[str, str], default: int | None = None) -> Asked:
    """default: the limit where none is asked for. Raises InvalidValue."""
    limit, after = default, None
    if "limit" in query:
        text = query["limit"]
        limit = int(text) if re.fullmatch(r"[0-9]{1,4}", text, re.ASCII) else 0
        if not 1 <= limit <= MAX_LIMIT:
            raise InvalidValue(f"limit: {text[:20]!r}; expected 1 to {MAX_LIMIT}")
    if "cursor" in query:
        after = _after(query["cursor"])
    return Asked(limit, after)


def _cursor(number: int) -> str:
    return base64.urlsafe_b64encode(f"after:{number}".encode()).decode().rstrip("=")


def _after(cursor: str) -> int:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
    except (ValueError, binascii.Error):
        text = ""
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise InvalidValue("cursor: expected what `next` of an answer was")
    return int(match[1])
