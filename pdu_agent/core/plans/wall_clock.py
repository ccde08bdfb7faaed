# SPDX-License-Identifier: Apache-2.0
"""Can the wall clock be believed, and has it been set? Boards without a clock begin in 1970."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from pdu_agent.model.clock import Clock

EARLIEST_WALL_S = 1_735_689_600.0
"""2025-01-01 UTC: no unit with this software was ever switched on before."""
JUMP_S = 2.0
"""A clock that is only adjusted drifts less than this from one look to the next."""
TOO_FAR_BACK_S = 86_400.0
"""A clock that goes back further than this was wrong before."""
DOUBT_S = 86_400.0
"""A clock behind the record that nobody has set for so long is right, and was ahead before."""


class WallClock:
    """Compares the wall clock with the monotonic one at each look.

    recorded_wall_s: the newest time that the record of the run before knows.
    """

    def __init__(self, clock: Clock, recorded_wall_s: float) -> None:
        self._clock = clock
        self._newest_s = recorded_wall_s
        self._wall_s, self._mono_s = clock.wall_s(), clock.monotonic_s()
        self._steady_since_s = self._mono_s
        self.is_set = self._is_believable()

    def look(self) -> float:
        """How many seconds the clock was set forward (below 0: back) since the last look."""
        wall_s, mono_s = self._clock.wall_s(), self._clock.monotonic_s()
        jump_s = wall_s - self._wall_s - (mono_s - self._mono_s)
        self._wall_s, self._mono_s = wall_s, mono_s
        if abs(jump_s) > JUMP_S:
            self._steady_since_s = mono_s
        is_steady = mono_s >= self._steady_since_s + DOUBT_S and not self.is_set
        if (jump_s < -TOO_FAR_BACK_S or is_steady) and wall_s >= EARLIEST_WALL_S:
            self._newest_s = wall_s
        self.is_set = wall_s >= EARLIEST_WALL_S if self.is_set else self._is_believable()
        return jump_s if abs(jump_s) > JUMP_S else 0.0

    def set_in_s(self) -> float:
        """How long until it is believed if nobody sets it; infinity where that does not help."""
        if self.is_set:
            return 0.0
        if self._wall_s < EARLIEST_WALL_S:
            return math.inf
        return min(self._newest_s - self._wall_s, self._steady_since_s + DOUBT_S - self._mono_s)

    def doubt(self) -> str:
        """Why it is not believed; empty where it is."""
        if self.is_set:
            return ""
        told = f"the clock says {_shown(self._wall_s)}"
        if self._wall_s < EARLIEST_WALL_S:
            return f"{told}: it is not set"
        return (
            f"{told}, which is before {_shown(self._newest_s)}, the last time that is known;"
            f" if it is right, restart the agent, or wait {DOUBT_S / 3600:g} hours"
        )

    def _is_believable(self) -> bool:
        return self._wall_s >= max(EARLIEST_WALL_S, self._newest_s)


def _shown(wall_s: float) -> str:
    return datetime.fromtimestamp(wall_s, UTC).strftime("%Y-%m-%d %H:%M UTC")
