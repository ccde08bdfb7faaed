# SPDX-License-Identifier: Apache-2.0
"""A value that changes at moments, with as much of its past as late readers need."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")

PAST_S = 5.0  # a converter is asked for a block after it ended; blocks are shorter than 0.1 s


class Changes(Generic[T]):
    """Times are monotonic seconds. One thread sets, any thread may read.

    A change may lie in the future; one that is set for an earlier time replaces it.
    """

    __slots__ = ("_entries",)

    def __init__(self, value: T) -> None:
        # Replaced as a whole, so that a reader sees either the old or the new ones.
        self._entries: tuple[tuple[float, T], ...] = ((-math.inf, value),)

    @property
    def newest(self) -> tuple[float, T]:
        """(since when, value) of the last change; it may lie in the future."""
        return self._entries[-1]

    def set(self, value: T, since_s: float) -> None:
        """since_s: -inf for ever. What was set for then and later is forgotten."""
        kept = [entry for entry in self._entries if entry[0] < since_s]
        while len(kept) > 1 and kept[1][0] < since_s - PAST_S:
            del kept[0]
        self._entries = (*kept, (since_s, value))

    def revise(self, change: Callable[[float, T], T], since_s: float) -> None:
        """Change the value at since_s, and all that is set for later. change(t_s, old) -> new."""
        later = [entry for entry in self._entries if entry[0] > since_s]
        self.set(change(since_s, self.at(since_s)), since_s)
        for t_s, value in later:
            self.set(change(t_s, value), t_s)

    def at(self, t_s: float) -> T:
        """The value at t_s; for times before all that is remembered the oldest."""
        entries = self._entries
        for since_s, value in reversed(entries):
            if since_s <= t_s:
                return value
        return entries[0][1]

    def spans(self, times_s: NDArray[np.float64]) -> Iterator[tuple[slice, T]]:
        """The parts of the ascending times during which the value stays the same."""
        entries = self._entries
        if entries[-1][0] <= times_s[0]:
            yield slice(0, len(times_s)), entries[-1][1]
            return
        first = 0
        for place, (_, value) in enumerate(entries):
            last = place + 1 == len(entries)
            end = len(times_s) if last else int(np.searchsorted(times_s, entries[place + 1][0]))
            if end > first:
                yield slice(first, end), value
                first = end
