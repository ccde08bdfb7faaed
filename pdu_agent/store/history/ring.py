# SPDX-License-Identifier: Apache-2.0
"""The newest seconds of all series, in memory that is taken once."""

from __future__ import annotations

import numpy as np

from pdu_agent.model.history import Series
from pdu_agent.store.history.rollups import Canvas, Floats, Rollups

MAX_BYTES = 3 * 1024 * 1024


class Ring:
    """seconds: how many are wanted; fewer where MAX_BYTES would not hold them for all columns."""

    def __init__(self, columns: tuple[Series, ...], seconds: int) -> None:
        self.columns = columns
        self.seconds = max(60, min(seconds, MAX_BYTES // (4 * len(columns) + 8)))
        self._times = np.full(self.seconds, -1, np.int64)
        self._values = np.full((self.seconds, len(columns)), np.nan, np.float32)

    @property
    def size_bytes(self) -> int:
        return int(self._times.nbytes + self._values.nbytes)

    @property
    def oldest_s(self) -> int | None:
        taken = self._times[self._times >= 0]
        return int(taken.min()) if taken.size else None

    def put(self, second: int, values: Floats) -> None:
        place = second % self.seconds
        self._times[place] = second
        self._values[place] = values

    def rollups(self, begin_s: int, count: int) -> Rollups:
        """(columns, count) steps of a second; what is not there any more is a gap."""
        seconds = np.arange(begin_s, begin_s + count)
        places = seconds % self.seconds
        values = np.where((self._times[places] == seconds)[:, None], self._values[places], np.nan)
        return Rollups.of_samples(np.ascontiguousarray(values.T, np.float32))

    def paint(self, canvas: Canvas, series: Series) -> None:
        column = self.columns.index(series)
        here = np.flatnonzero((self._times >= canvas.begin_s) & (self._times < canvas.end_s))
        samples = np.full(canvas.end_s - canvas.begin_s, np.nan, np.float32)
        samples[self._times[here] - canvas.begin_s] = self._values[here, column]
        canvas.paint(canvas.begin_s, Rollups.of_samples(samples))

    def blank(self, column: int, begin_s: float, end_s: float, dry_run: bool) -> int:
        """How many seconds held something; they are gaps afterwards."""
        here = (self._times >= int(begin_s)) & (self._times < end_s)
        here &= ~np.isnan(self._values[:, column])
        if not dry_run:
            self._values[here, column] = np.nan
        return int(np.count_nonzero(here))

    def with_columns(self, columns: tuple[Series, ...], seconds: int) -> Ring:
        """A ring for other columns; what both have is carried over."""
        ring = Ring(columns, seconds)
        kept = [series for series in columns if series in self.columns]
        into = [columns.index(series) for series in kept]
        source = [self.columns.index(series) for series in kept]
        for place in np.argsort(self._times):
            if self._times[place] >= 0:
                values = np.full(len(columns), np.nan, np.float32)
                values[into] = self._values[place, source]
                ring.put(int(self._times[place]), values)
        return ring
