# SPDX-License-Identifier: Apache-2.0
"""The metered channels as one continuous run of samples, whatever the blocks were."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


class Timeline:
    """A view of the newest samples: float32[rows, length], positions from its start.

    float32 holds codes of up to 24 bits exactly. Consumed samples are dropped without
    moving the rest; the rest moves to the front only when the end is reached.
    """

    def __init__(self, rows: tuple[int, ...], capacity: int) -> None:
        """rows: the channels to keep, in this order. capacity: grows when too small."""
        self._rows: slice | list[int] = list(rows)
        if rows == tuple(range(len(rows))):
            self._rows = slice(len(rows))  # a view instead of a copy
        self._buffer = np.empty((len(rows), capacity), dtype=np.float32)
        self._first = 0
        self._end = 0
        self.reference = 0
        """The row that `voltage` is."""

    def __len__(self) -> int:
        return self._end - self._first

    @property
    def samples(self) -> NDArray[np.float32]:
        """A view, good until the next change."""
        return self._buffer[:, self._first : self._end]

    @property
    def voltage(self) -> NDArray[np.float32]:
        """The row of the voltage that windows are cut by: contiguous, float32[length]."""
        return self._buffer[self.reference, self._first : self._end]

    def append(self, counts: NDArray[np.int32]) -> None:
        """Put a block's codes, int32[channels, samples], behind the last sample."""
        end = self._make_room(counts.shape[1])
        self._buffer[:, self._end : end] = counts[self._rows]
        self._end = end

    def insert_repeat(self, position: int, count: int, period: float) -> bool:
        """Open a gap of `count` samples before `position` and repeat the waveform in it.

        The samples come from as many whole periods (fractional, linear interpolation)
        earlier as the gap is long. False, and nothing done, when there are not as many.
        """
        back = period * math.ceil((count + 1) / period)
        if position < back:
            return False
        source = position - back + np.arange(count)
        left = source.astype(np.intp)
        share = (source - left).astype(np.float32)
        self._make_room(count)
        samples = self.samples
        repeat = samples[:, left] * (1 - share) + samples[:, left + 1] * share
        later = samples[:, position:].copy()
        self._end += count
        self.samples[:, position : position + count] = repeat
        self.samples[:, position + count :] = later
        return True

    def drop(self, count: int) -> None:
        """Forget the oldest `count` samples; all positions shrink by as much."""
        self._first += count

    def retract(self, count: int) -> None:
        """Take back the newest `count` samples."""
        self._end -= count

    def _make_room(self, count: int) -> int:
        """The end after `count` more samples, for which there is room now."""
        if self._end + count > self._buffer.shape[1]:
            kept = self.samples
            length = len(self)
            if 2 * (length + count) > self._buffer.shape[1]:
                self._buffer = np.empty((len(kept), 3 * (length + count)), dtype=np.float32)
            self._buffer[:, :length] = kept
            self._first, self._end = 0, length
        return self._end + count
