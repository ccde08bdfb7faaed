# SPDX-License-Identifier: Apache-2.0
"""What can go wrong, by what a script does about it.

UnitError
    Refused       the unit understood, and said no: `code` says why
    Unreachable   nobody answered: it may have been done all the same, unless nothing was sent
    BadAnswer     whoever answered is not this API
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class UnitError(Exception):
    """Root of them all."""


class Unreachable(UnitError):
    """No connection, none that is trusted, or no answer in time."""


class BadAnswer(UnitError):
    """The answer is no JSON of this API."""


class Refused(UnitError):
    """A problem detail (RFC 9457). code: as in "outlet_locked", it never changes meaning."""

    def __init__(self, status: int, code: str, detail: str, plain: Mapping[str, Any]) -> None:
        super().__init__(f"{detail} ({code})")
        self.status = status
        self.code = code
        self.detail = detail
        self.plain = plain
        """All members of the problem; a refused batch has `position`, for example."""


def refused(status: int, plain: object) -> UnitError:
    """What an answer other than 2xx means."""
    if isinstance(plain, dict) and isinstance(plain.get("code"), str):
        return Refused(status, plain["code"], str(plain.get("detail", plain["code"])), plain)
    return BadAnswer(f"status {status} without a problem that can be read")
