# SPDX-License-Identifier: Apache-2.0
"""Simulated time for real threads: they run as fast as they can, up to a moment, and wait."""

from __future__ import annotations

import threading

PATIENCE_S = 120.0
WALL_ZERO_S = 1_800_000_000.0


class SimulatedTime:
    """A Clock and its sleep. Each thread that sleeps has a time of its own.

    No thread's time passes the moment that `run_until` names; there it waits, its sleep not
    over. So whatever the caller does between two calls of `run_until` happens at that moment
    for all threads. The caller's own time is that moment.
    """

    def __init__(self, sleepers: int, start_s: float = 1000.0) -> None:
        """sleepers: how many threads there will be."""
        self._sleepers = sleepers
        self._start_s = self._until_s = start_s
        self._own = threading.local()
        self._changed = threading.Condition()
        self._turn = 0
        self._waiting = 0
        self._released = False

    def monotonic_s(self) -> float:
        now_s: float = getattr(self._own, "now_s", self._until_s)
        return now_s

    def wall_s(self) -> float:
        return WALL_ZERO_S + self.monotonic_s()

    def sleep(self, seconds: float) -> None:
        wakes_s = getattr(self._own, "now_s", self._start_s) + seconds
        if wakes_s > self._until_s and not self._released:
            self._wait_for(wakes_s)
        self._own.now_s = wakes_s

    def run_until(self, t_s: float) -> None:
        """Let all threads run; returns when each waits for a moment after t_s."""
        with self._changed:
            self._until_s = t_s
            self._turn += 1
            self._waiting = 0
            self._changed.notify_all()
            if not self._changed.wait_for(lambda: self._waiting == self._sleepers, PATIENCE_S):
                raise TimeoutError(f"{self._waiting} of {self._sleepers} threads came to {t_s} s")

    def release(self) -> None:
        """Hold nobody back any more, so that the threads can be stopped."""
        with self._changed:
            self._released = True
            self._changed.notify_all()

    def _wait_for(self, wakes_s: float) -> None:
        with self._changed:
            while wakes_s > self._until_s and not self._released:
                self._waiting += 1
                self._changed.notify_all()
                turn = self._turn
                while self._turn == turn and not self._released:
                    self._changed.wait()
