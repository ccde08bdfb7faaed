# SPDX-License-Identifier: Apache-2.0
"""Alarms that come and go: after a few times they stand until their cause stays away."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from pdu_agent.model.snapshot import Crossing

MOST_TELLINGS = 12
WINDOW_S = 600.0
QUIET_S = 60.0
"""A ramp through four limits and back is told five times. An alarm that was told MOST_TELLINGS
times within WINDOW_S is over once its cause has been away for QUIET_S: so there are that many
messages in ten minutes at most, and one pair a minute after.
"""

Key = tuple[str, str]


@dataclass(slots=True)
class Flapping:
    """When which alarm was told, and which of them wait to be over. Times are monotonic.

    _leaving: key -> when its cause went away, and with which value.
    """

    _told_s: dict[Key, deque[float]] = field(default_factory=dict)
    _leaving: dict[Key, tuple[float, Crossing | None]] = field(default_factory=dict)

    def told(self, key: Key, now_s: float) -> None:
        self._told_s.setdefault(key, deque(maxlen=MOST_TELLINGS)).append(now_s)

    def is_flapping(self, key: Key, now_s: float) -> bool:
        times = self._told_s.get(key)
        if times is None or len(times) < MOST_TELLINGS:
            return False
        return now_s - times[0] <= WINDOW_S

    def leave(self, key: Key, now_s: float, back: Crossing | None) -> None:
        """Its cause has gone away; the first time counts."""
        self._leaving.setdefault(key, (now_s, back))

    def came_back(self, key: Key, now_s: float) -> None:
        """Its cause is there; if it was away, that counts as told, so that it goes on to flap."""
        if self._leaving.pop(key, None) is not None:
            self.told(key, now_s)

    def over(self, now_s: float) -> Iterator[tuple[Key, Crossing | None]]:
        """Those whose cause has stayed away, once each."""
        for key, (left_s, back) in list(self._leaving.items()):
            if now_s >= left_s + QUIET_S:
                del self._leaving[key]
                yield key, back

    def next_due_s(self) -> float:
        return min((left_s for left_s, _ in self._leaving.values()), default=math.inf) + QUIET_S
