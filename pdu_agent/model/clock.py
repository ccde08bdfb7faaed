# SPDX-License-Identifier: Apache-2.0
"""Time as a dependency: monotonic for delays and energy, wall only for stamps."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Two readings of time. Neither ever blocks."""

    def monotonic_s(self) -> float:
        """Seconds that never jump; the zero point means nothing."""
        ...

    def wall_s(self) -> float:
        """Seconds since 1970-01-01 UTC; may jump when the board learns the time."""
        ...


class SystemClock:
    """The machine's clocks. `speed` makes simulated time run that many times faster.

    CLOCK_MONOTONIC is shared by all processes since boot, so a deadline that one
    process stores is still right in the next one.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed
        self._mono_zero_s = time.monotonic()
        self._wall_zero_s = time.time()

    def monotonic_s(self) -> float:
        now_s = time.monotonic()
        if self._speed == 1.0:
            return now_s
        return self._mono_zero_s + (now_s - self._mono_zero_s) * self._speed

    def wall_s(self) -> float:
        now_s = time.time()
        if self._speed == 1.0:
            return now_s
        return self._wall_zero_s + (now_s - self._wall_zero_s) * self._speed


class ManualClock:
    """A clock that only moves when told; for tests and compressed-time runs."""

    def __init__(self, monotonic_s: float = 1000.0, wall_s: float = 1_800_000_000.0) -> None:
        self._monotonic_s = monotonic_s
        self._wall_s = wall_s

    def monotonic_s(self) -> float:
        return self._monotonic_s

    def wall_s(self) -> float:
        return self._wall_s

    def advance(self, seconds: float) -> None:
        """Let `seconds` (>= 0) pass on both clocks."""
        self._monotonic_s += seconds
        self._wall_s += seconds

    def jump_wall(self, seconds: float) -> None:
        """Move the wall clock alone, as setting the time does."""
        self._wall_s += seconds
