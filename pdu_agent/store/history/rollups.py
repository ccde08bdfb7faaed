# SPDX-License-Identifier: Apache-2.0
"""Minimum, average, maximum and last value of steps of time, and coarser ones made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Rollups:
    """Arrays of one shape; time is along the last axis.

    seen: seconds that are known of the step, int32. Where it is 0, the others are NaN.
    """

    seen: NDArray[np.int32]
    minimum: Floats
    average: Floats
    maximum: Floats
    last: Floats

    @classmethod
    def gaps(cls, *shape: int) -> Rollups:
        nothing = [np.full(shape, np.nan, np.float32) for _ in range(4)]
        return cls(np.zeros(shape, np.int32), *nothing)

    @classmethod
    def of_samples(cls, samples: Floats) -> Rollups:
        """Steps of a second each; NaN is a gap."""
        return cls((~np.isnan(samples)).astype(np.int32), samples, samples, samples, samples)

    @classmethod
    def joined(cls, parts: list[Rollups]) -> Rollups:
        """One after the other in time; at least one part."""
        return cls(
            *(np.concatenate([getattr(part, name) for part in parts], axis=-1) for name in _NAMES)
        )

    def __getitem__(self, where: Any) -> Rollups:
        """Views, not copies."""
        return Rollups(*(getattr(self, name)[where] for name in _NAMES))

    def copy(self) -> Rollups:
        return Rollups(*(getattr(self, name).copy() for name in _NAMES))

    def paint(self, where: Any, other: Rollups) -> None:
        """Take over what the other one has seen; its gaps change nothing."""
        has = other.seen > 0
        for name in _NAMES:
            getattr(self, name)[where][has] = getattr(other, name)[has]

    def blank(self, where: Any) -> int:
        """Make gaps there; how many steps of them held something."""
        count = int(np.count_nonzero(self.seen[where]))
        self.seen[where] = 0
        for name in _NAMES[1:]:
            getattr(self, name)[where] = np.nan
        return count

    def coarser(self, factor: int) -> Rollups:
        """Steps `factor` times as long. The length must be a multiple of it."""
        if factor == 1:
            return self
        shape = (*self.seen.shape[:-1], -1, factor)
        seen = self.seen.reshape(shape)
        has = seen > 0
        total = seen.sum(axis=-1, dtype=np.int32)
        average = np.where(has, self.average.reshape(shape), 0)
        newest = factor - 1 - np.argmax(has[..., ::-1], axis=-1, keepdims=True)
        last = np.take_along_axis(self.last.reshape(shape), newest, axis=-1)[..., 0]
        with np.errstate(invalid="ignore", divide="ignore"):
            weighed = (average.astype(np.float64) * seen).sum(axis=-1) / total
            lowest = np.fmin.reduce(self.minimum.reshape(shape), axis=-1)
            highest = np.fmax.reduce(self.maximum.reshape(shape), axis=-1)
        return Rollups(total, lowest, weighed.astype(np.float32), highest, last)


_NAMES = tuple(each.name for each in fields(Rollups))


def overlapping(start_s: int, step_s: int, begin_s: float, end_s: float) -> slice:
    """The steps from start_s on that reach into the time."""
    first, after = (begin_s - start_s) // step_s, -((start_s - end_s) // step_s)
    return slice(max(0, int(first)), max(0, int(after)))


class Canvas:
    """What is known of one series from begin_s to end_s (multiples of step_s), put together from
    several places; what is painted later prevails.
    """

    def __init__(self, step_s: int, begin_s: int, end_s: int) -> None:
        self.step_s, self.begin_s, self.end_s = step_s, begin_s, end_s
        self.rollups = Rollups.gaps(max(0, end_s - begin_s) // step_s)

    def paint(self, start_s: int, rollups: Rollups) -> None:
        """One-dimensional steps of the same length; what lies outside is left out."""
        first = (start_s - self.begin_s) // self.step_s
        low = max(0, -first)
        high = min(rollups.seen.size, self.rollups.seen.size - first)
        if low < high:
            self.rollups.paint(slice(first + low, first + high), rollups[low:high])


class Wide:
    """As a Canvas, of many series: their seconds seen and their averages, (series, steps).

    rows: of each series, by its number in the database.
    """

    def __init__(
        self, count: int, step_s: int, begin_s: int, end_s: int, rows: Mapping[int, int]
    ) -> None:
        self.step_s, self.begin_s, self.end_s, self.rows = step_s, begin_s, end_s, rows
        shape = count, max(0, end_s - begin_s) // step_s
        self.seen = np.zeros(shape, np.int32)
        self.average = np.full(shape, np.nan, np.float32)

    def paint(
        self, keys: Sequence[int], start_s: int, seen: NDArray[np.int32], average: Floats
    ) -> None:
        """seen, average: (keys, steps); what lies outside is left out, gaps change nothing."""
        self._paint([self.rows[key] for key in keys], start_s, seen, average)

    def paint_all(self, start_s: int, seen: NDArray[np.int32], average: Floats) -> None:
        """Of all series, in their order."""
        self._paint(range(len(self.seen)), start_s, seen, average)

    def _paint(
        self, rows: Sequence[int], start_s: int, seen: NDArray[np.int32], average: Floats
    ) -> None:
        first = (start_s - self.begin_s) // self.step_s
        low = max(0, -first)
        high = min(seen.shape[1], self.seen.shape[1] - first)
        if low < high and len(rows):
            at = np.array(rows)[:, None], np.arange(low, high) + first
            has = seen[:, low:high] > 0
            self.seen[at] = np.where(has, seen[:, low:high], self.seen[at])
            self.average[at] = np.where(has, average[:, low:high], self.average[at])

    def paint_one(self, row: int, canvas: Canvas) -> None:
        """What is on the canvas of one series, of the same steps and time."""
        has = canvas.rollups.seen > 0
        self.seen[row][has] = canvas.rollups.seen[has]
        self.average[row][has] = canvas.rollups.average[has]

    def coarser(self, factor: int) -> tuple[NDArray[np.int32], Floats]:
        """(seen, average) of steps `factor` times as long, as Rollups makes them."""
        wide = Rollups(self.seen, self.average, self.average, self.average, self.average)
        found = wide.coarser(factor)
        return found.seen, found.average
