# SPDX-License-Identifier: Apache-2.0
"""The code by which a unit without users gets its first administrator: once, and for an hour."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pdu_agent.model.clock import Clock
from pdu_agent.model.errors import StoreError

LIFE_S = 3600.0
_OCTETS = 18


def _keep_nothing(_plain: Any) -> None:
    """For a code that ends with the process."""


class SetupCode:
    """kept: what `keep` was given by the agent that ran before, since this boot. keep: makes it
    readable for the next one; None to forget it. It may block, and raises StoreError.

    Changes come one at a time.
    """

    def __init__(
        self, clock: Clock, kept: Any = None, keep: Callable[[Any], None] = _keep_nothing
    ) -> None:
        self._clock = clock
        self._keep = keep
        self._code, self._until_s = _read(kept)

    @property
    def left_s(self) -> float:
        """Seconds for which there is a code; 0 where there is none."""
        left_s = self._until_s - self._clock.monotonic_s()
        # More than its life is left only of one that was made before the board was started.
        return left_s if 0 < left_s <= LIFE_S else 0.0

    def ensure(self) -> str:
        """The code, a new one where the last one has ended."""
        if not self.left_s:
            code, until_s = secrets.token_urlsafe(_OCTETS), self._clock.monotonic_s() + LIFE_S
            self._keep({"code": code, "until_s": until_s})
            self._code, self._until_s = code, until_s
        return self._code

    def is_right(self, given: str) -> bool:
        known = hmac.compare_digest(given.encode(errors="replace"), self._code.encode())
        return known and self.left_s > 0

    def forget(self) -> None:
        self._code, self._until_s = "", 0.0
        # What cannot be taken away is worth nothing: there is a user now.
        with suppress(StoreError):
            self._keep(None)


def _read(kept: Any) -> tuple[str, float]:
    try:
        code, until_s = kept["code"], kept["until_s"]
    except (TypeError, KeyError):
        return "", 0.0
    is_sound = isinstance(code, str) and code and isinstance(until_s, float)
    return (code, until_s) if is_sound else ("", 0.0)
