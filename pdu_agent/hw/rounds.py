# SPDX-License-Identifier: Apache-2.0
"""Slow devices, asked one after the other: one thread for each place, so that what blocks
holds up only what is behind it on the same bus.

A failing one is asked less and less often.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

LONGEST_WAIT_S = 5.0
"""Between two beats, so that a watchdog sees the thread alive whatever the intervals are."""
STOP_TIMEOUT_S = 5.0
FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 60.0


@dataclass(frozen=True, slots=True)
class Visit:
    """place: a bus, or whatever only one at a time can use. ask(): tells whether it went well;
    it raises nothing. interval_s: real seconds between two. retry_within_s: of a failing one,
    the longest pause; none is above LONGEST_RETRY_S.
    """

    place: str
    ask: Callable[[], bool]
    interval_s: float
    retry_within_s: float


class Rounds:
    """A thread for each place of `visits`."""

    def __init__(self, name: str, visits: Sequence[Visit]) -> None:
        self._stop = threading.Event()
        places: dict[str, list[Visit]] = {}
        for visit in visits:
            places.setdefault(visit.place, []).append(visit)
        self._rounds = [
            _Round(f"{name} {place}", here, self._stop) for place, here in places.items()
        ]

    @property
    def beat_s(self) -> float:
        """When the thread that is furthest behind last went on, in real time: what a watchdog
        looks at.
        """
        return min((each.beat_s for each in self._rounds), default=time.monotonic())

    def start(self) -> None:
        """Begin to ask. Once only."""
        for each in self._rounds:
            each.thread.start()

    def stop(self) -> None:
        """End the threads; returns within STOP_TIMEOUT_S."""
        self._stop.set()
        end_s = time.monotonic() + STOP_TIMEOUT_S
        for each in self._rounds:
            if each.thread.is_alive():
                each.thread.join(max(0.0, end_s - time.monotonic()))


@dataclass(slots=True)
class _Turn:
    visit: Visit
    due_s: float = 0.0
    failures: int = 0

    def take(self, now_s: float) -> None:
        if self.visit.ask():
            self.failures = 0
            self.due_s = now_s + self.visit.interval_s
            return
        longest_s = min(LONGEST_RETRY_S, self.visit.retry_within_s)
        pause_s = FIRST_RETRY_S * 2 ** min(self.failures, 6)  # beyond it is the longest anyway
        self.due_s = time.monotonic() + min(longest_s, pause_s)  # a stuck bus took its time
        self.failures += 1


class _Round:
    def __init__(self, name: str, visits: Sequence[Visit], stop: threading.Event) -> None:
        self.beat_s = time.monotonic()
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._turns = [_Turn(visit) for visit in visits]
        self._stop = stop

    def _run(self) -> None:
        while not self._stop.is_set():
            self.beat_s = now_s = time.monotonic()
            for turn in self._turns:
                if turn.due_s <= now_s and not self._stop.is_set():
                    turn.take(now_s)
                    self.beat_s = time.monotonic()  # a long round is not a stuck one
            next_s = min(turn.due_s for turn in self._turns)
            self._stop.wait(min(LONGEST_WAIT_S, max(0.0, next_s - time.monotonic())))
