# SPDX-License-Identifier: Apache-2.0
"""Seconds become steps of 10 s, these minutes, and minutes a quarter of an hour to be stored."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pdu_agent.model.history import Series
from pdu_agent.store.history.blocks import MINUTE_S, QUARTER_S
from pdu_agent.store.history.ring import Ring
from pdu_agent.store.history.rollups import Canvas, Floats, Rollups, overlapping

TEN_S = 10
Columns = tuple[Series, ...]
Sink = Callable[[Columns, int, Rollups], None]
"""Takes columns, start in seconds, roll-ups (columns, steps)."""


class Cascade:
    """The steps that are not over yet. Time only goes forward, but for `finish`.

    on_minute: gets the six steps of 10 s of each minute that is over. on_quarter: the minutes of
    each quarter of an hour that is over, without gaps before the first and after the last one.
    """

    def __init__(self, ring_s: int, on_minute: Sink, on_quarter: Sink) -> None:
        self._ring_s = ring_s
        self.ring = Ring((), ring_s)
        self._on_minute = on_minute
        self._on_quarter = on_quarter
        self._ten_s: int | None = None
        self.minute_s: int | None = None
        self.quarter_s: int | None = None
        self._minute = Rollups.gaps(0, 6)
        self._quarter = Rollups.gaps(0, 15)
        self._owes_minute = False

    @property
    def columns(self) -> Columns:
        return self.ring.columns

    @property
    def oldest_s(self) -> int | None:
        """The first minute that is not stored yet and has anything, or the one that runs."""
        used = np.flatnonzero(self._quarter.seen.any(axis=0))
        if self.quarter_s is not None and used.size:
            return self.quarter_s + int(used[0]) * MINUTE_S
        return self.minute_s

    @property
    def open_steps(self) -> int:
        """Of the minute that runs: the step of 10 s after the newest one that has anything."""
        used = np.flatnonzero(self._minute.seen.any(axis=0))
        return int(used[-1]) + 1 if used.size else 0

    @property
    def seen(self) -> set[Series]:
        """Series with a value in the minutes that are not stored yet."""
        seconds = self._quarter.seen.sum(axis=1) + self._open_minute().seen.sum(axis=1)
        return {self.columns[row] for row in np.flatnonzero(seconds)}

    def take_columns(self, columns: Columns) -> None:
        """The minutes so far leave for storing; the one that runs goes on, but for series that
        there are no more.
        """
        if columns == self.columns:
            return
        self._end_ten()
        old, minute, minute_s = self.columns, self._minute.copy(), self.minute_s
        for row, series in enumerate(old):
            if series in columns:
                self._minute[row].blank(slice(None))
        self._owes_minute = False  # what goes on is owed with the rest of its minute
        self._end_minute()
        self._end_quarter()
        self.ring = self.ring.with_columns(columns, self._ring_s)
        self._minute = Rollups.gaps(len(columns), 6)
        self._quarter = Rollups.gaps(len(columns), 15)
        self.minute_s = minute_s
        for row, series in enumerate(columns):
            if series in old and minute_s is not None:
                self._minute[row].paint(slice(None), minute[old.index(series)])
                self._owes_minute = True

    def put(self, second: int, values: Floats) -> None:
        self._advance(second)
        self.ring.put(second, values)

    def put_minute(self, minute_s: int, tens: Rollups) -> None:
        """Of an earlier run, whose file has it: it stays open, as it may not have been over."""
        self._advance(minute_s)
        self._ten_s = None
        for row in range(len(self.columns)):
            self._minute[row].paint(slice(None), tens[row])

    def finish(self) -> None:
        """All of it is over now: the clock was set back."""
        self._end_ten()
        self._end_minute()
        self._end_quarter()

    def leave_minute(self) -> None:
        """Hand over the minute that runs, for the next run to go on with."""
        self._end_ten()
        self._hand_over_minute()

    def store_quarter(self) -> None:
        """Hand over the minutes that are over, before their quarter is."""
        self._end_quarter()

    def _advance(self, second: int) -> None:
        if self._ten_s is not None and second >= self._ten_s + TEN_S:
            self._end_ten()
        if self.minute_s is not None and second >= self.minute_s + MINUTE_S:
            self._end_minute()
        if self.quarter_s is not None and second >= self.quarter_s + QUARTER_S:
            self._end_quarter()
        self._ten_s = second - second % TEN_S
        self.minute_s = second - second % MINUTE_S

    def _end_ten(self) -> None:
        if self._ten_s is not None and self.minute_s is not None:
            step = (self._ten_s - self.minute_s) // TEN_S
            seconds = self.ring.rollups(self._ten_s, TEN_S)
            # Painted, as a part of it may be of an earlier run.
            self._minute.paint((slice(None), slice(step, step + 1)), seconds.coarser(TEN_S))
            self._owes_minute = True
        self._ten_s = None

    def _hand_over_minute(self) -> None:
        if self._owes_minute and self.minute_s is not None:
            self._on_minute(self.columns, self.minute_s, self._minute.copy())
        self._owes_minute = False

    def _end_minute(self) -> None:
        self._hand_over_minute()
        if self.minute_s is not None:
            if self.quarter_s is None:
                self.quarter_s = self.minute_s - self.minute_s % QUARTER_S
            step = (self.minute_s - self.quarter_s) // MINUTE_S
            whole = self._minute.coarser(6)
            self._quarter.paint((slice(None), slice(step, step + 1)), whole)
            self._minute.blank(slice(None))
        self.minute_s = None

    def _end_quarter(self) -> None:
        used = np.flatnonzero(self._quarter.seen.any(axis=0))
        if self.quarter_s is not None and used.size:
            first, after = int(used[0]), int(used[-1]) + 1
            part = self._quarter[:, first:after].copy()
            self._on_quarter(self.columns, self.quarter_s + first * MINUTE_S, part)
        self._quarter.blank(slice(None))
        self.quarter_s = None

    # -- reading ---------------------------------------------------------------------------

    def paint(self, canvas: Canvas, series: Series) -> None:
        """What is known here of a canvas of 1, 10 or 60 s."""
        if series not in self.columns:
            return
        row = self.columns.index(series)
        if canvas.step_s == 1:
            self.ring.paint(canvas, series)
        elif canvas.step_s == TEN_S and self.minute_s is not None:
            canvas.paint(self.minute_s, self._open_minute()[row])
        elif canvas.step_s == MINUTE_S:
            if self.quarter_s is not None:
                canvas.paint(self.quarter_s, self._quarter[row])
            if self.minute_s is not None:
                canvas.paint(self.minute_s, self._open_minute()[row : row + 1].coarser(6)[0])

    def _open_minute(self) -> Rollups:
        minute = self._minute
        if self._ten_s is not None and self.minute_s is not None:
            minute = minute.copy()
            step = (self._ten_s - self.minute_s) // TEN_S
            seconds = self.ring.rollups(self._ten_s, TEN_S)
            minute.paint((slice(None), slice(step, step + 1)), seconds.coarser(TEN_S))
        return minute

    def blank(self, row: int, begin_s: float, end_s: float, dry_run: bool) -> int:
        """Of the minutes that are over, and the steps of the one that runs."""
        removed = self.ring.blank(row, begin_s, end_s, dry_run)
        for start_s, step_s, steps in (
            (self.quarter_s, MINUTE_S, self._quarter),
            (self.minute_s, TEN_S, self._minute),
        ):
            if start_s is not None:
                one = steps[row] if not dry_run else steps[row].copy()
                removed += one.blank(overlapping(start_s, step_s, begin_s, end_s))
        return removed
