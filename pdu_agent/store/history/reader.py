# SPDX-License-Identifier: Apache-2.0
"""Answers of the history: which level a curve is made of, and what each level knows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pdu_agent.model.errors import InvalidValue
from pdu_agent.model.history import (
    STEPS_S,
    Averages,
    Curve,
    EnergyRow,
    HistorySize,
    LevelSize,
    Peak,
    PointHours,
    Purge,
    Purged,
    Series,
)
from pdu_agent.model.terms import Target
from pdu_agent.store.history.blocks import DAY_S, MINUTE_S, QUARTER_S, day_peak
from pdu_agent.store.history.card import MIB
from pdu_agent.store.history.recorder import Recorder
from pdu_agent.store.history.rollups import Canvas, Rollups, Wide

MAX_STEPS = 200_000
"""Steps of a level in one answer; each takes 20 bytes, and later some more as JSON."""
MAX_AVERAGES = 4_000_000
"""Of many series in one answer, 8 bytes each."""
DECIMALS = 4


class Reader:
    """Belongs to the recorder's thread. Raises sqlite3.Error nowhere: what the card does not
    give is a gap.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._card = recorder.card
        self._cascade = recorder.cascade

    # -- curves ----------------------------------------------------------------------------

    def curve(
        self, series: Series, begin_s: float, end_s: float, points: int, step_s: int | None
    ) -> Curve:
        """See model.history.History. Raises InvalidValue."""
        if not begin_s < end_s:
            raise InvalidValue("the begin is not before the end")
        level_s, step_s = self._steps(begin_s, end_s, points, step_s)
        first_s = int(begin_s // step_s) * step_s
        after_s = -int(-end_s // step_s) * step_s
        if (after_s - first_s) // level_s > MAX_STEPS:
            raise InvalidValue(
                f"{(after_s - first_s) // level_s} steps are too many, at most {MAX_STEPS}:"
                " ask for less time, or for longer steps"
            )
        rollups = self.read(series, level_s, first_s, after_s).coarser(step_s // level_s)
        return Curve(
            series,
            first_s,
            step_s,
            _numbers(rollups.minimum),
            _numbers(rollups.average),
            _numbers(rollups.maximum),
            _numbers(rollups.last),
            tuple(np.round(np.minimum(rollups.seen / step_s, 1.0), DECIMALS).tolist()),
            level_s,
        )

    def _steps(
        self, begin_s: float, end_s: float, points: int, step_s: int | None
    ) -> tuple[int, int]:
        """(the level, the step of the answer: a multiple of it)"""
        if step_s is not None:
            fitting = [level_s for level_s in STEPS_S if step_s > 0 and step_s % level_s == 0]
            if not fitting:
                raise InvalidValue(f"a step of {step_s} s is no multiple of {STEPS_S}")
            return fitting[-1], step_s
        wanted_s = max(1, -int(-(end_s - begin_s) // points))
        levels = [level_s for level_s in STEPS_S if level_s <= wanted_s][-1:]
        levels += [level_s for level_s in STEPS_S if level_s > wanted_s]
        level_s = self._reaching(levels, begin_s)
        return level_s, -(-wanted_s // level_s) * level_s

    def _reaching(self, levels: list[int], begin_s: float) -> int:
        """The finest of the levels that goes back to the begin, or as far as any of them."""
        oldest = {level_s: self.oldest_s(level_s) for level_s in levels}
        known = [value for value in oldest.values() if value is not None]
        if not known:
            return levels[0]
        wanted_s = max(begin_s, min(known))
        for level_s in levels:
            found = oldest[level_s]
            if found is not None and found <= wanted_s + level_s:
                return level_s
        return next(level_s for level_s in levels if oldest[level_s] == min(known))

    def oldest_s(self, level_s: int) -> int | None:
        begins = [self._recorder.oldest_open_s]
        if level_s == STEPS_S[0]:
            begins = [self._cascade.ring.oldest_s]
        elif level_s == STEPS_S[1]:
            begins.append(self._recorder.tens.oldest_s)
        else:
            begins.append(self._card.ask(lambda card: card.oldest_s(level_s), None))
        return min((begin for begin in begins if begin is not None), default=None)

    def read(self, series: Series, level_s: int, begin_s: int, end_s: int) -> Rollups:
        """Steps of a level from begin_s to end_s, both multiples of it."""
        canvas = Canvas(level_s, begin_s, end_s)
        if level_s == STEPS_S[1]:
            self._recorder.paint_tens(canvas, series)
        elif level_s == MINUTE_S:
            self._paint_minutes(canvas, series)
        elif level_s > MINUTE_S:
            self._paint_coarse(canvas, series)
        self._cascade.paint(canvas, series)
        return canvas.rollups

    def averages(self, series: Sequence[Series], begin_s: float, end_s: float) -> Averages:
        """See model.history.History. Raises InvalidValue."""
        if not begin_s < end_s:
            raise InvalidValue("the begin is not before the end")
        first_s = int(begin_s // QUARTER_S) * QUARTER_S
        after_s = -int(-end_s // QUARTER_S) * QUARTER_S
        if len(series) * (after_s - first_s) // QUARTER_S > MAX_AVERAGES:
            raise InvalidValue(
                f"{len(series)} series of {(after_s - first_s) // QUARTER_S} steps are too many,"
                f" at most {MAX_AVERAGES} in all"
            )
        keys = [self._card.key(each) for each in series]
        rows = {key: row for row, key in enumerate(keys) if key is not None}
        wide = Wide(len(series), QUARTER_S, first_s, after_s, rows)
        self._card.ask(lambda card: card.paint_packed_wide(wide), None)
        for day in self._unpacked_days():
            if first_s < (day + 1) * DAY_S and day * DAY_S < after_s:
                wide.paint_all(day * DAY_S, *self._wide_day(series, day, rows))
        values: NDArray[np.float64] = wide.average.astype(np.float64)
        return Averages(first_s, QUARTER_S, values.round(DECIMALS))

    def _wide_day(
        self, series: Sequence[Series], day: int, rows: Mapping[int, int]
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """(seen, average) of the quarters of a day that is not packed, or not all of it."""
        minutes = Wide(len(series), MINUTE_S, day * DAY_S, (day + 1) * DAY_S, rows)
        self._card.ask(lambda card: card.paint_packed_wide(minutes), None)
        self._card.ask(lambda card: card.paint_staged_wide(minutes), None)
        for row, each in enumerate(series):
            canvas = Canvas(MINUTE_S, minutes.begin_s, minutes.end_s)
            self._paint_waiting(canvas, each)
            self._cascade.paint(canvas, each)
            minutes.paint_one(row, canvas)
        return minutes.coarser(QUARTER_S // MINUTE_S)

    def _paint_minutes(self, canvas: Canvas, series: Series) -> None:
        key = self._card.key(series)
        if key is not None:
            self._card.ask(lambda card: card.paint_minutes(canvas, key), None)
        self._paint_waiting(canvas, series)

    def _paint_waiting(self, canvas: Canvas, series: Series) -> None:
        for columns, start_s, minutes in self._card.waiting:
            if series in columns:
                canvas.paint(start_s, minutes[columns.index(series)])

    def _paint_coarse(self, canvas: Canvas, series: Series) -> None:
        key = self._card.key(series)
        if key is not None and canvas.step_s == QUARTER_S:
            self._card.ask(lambda card: card.paint_blocks(canvas, key), None)
        elif key is not None:
            self._card.ask(lambda card: card.paint_days(canvas, key), None)
        for day in self._unpacked_days():
            if canvas.begin_s < (day + 1) * DAY_S and day * DAY_S < canvas.end_s:
                minutes = self._day(series, day)
                canvas.paint(day * DAY_S, minutes.coarser(canvas.step_s // MINUTE_S))

    def _unpacked_days(self) -> list[int]:
        """Days of which the card has minutes at most, or not even these."""
        days = set(self._card.ask(lambda card: card.staged_days(), ()))
        days |= {start_s // DAY_S for _, start_s, _ in self._card.waiting}
        opened = (self._cascade.quarter_s, self._cascade.minute_s)
        return sorted(days | {start_s // DAY_S for start_s in opened if start_s is not None})

    def _day(self, series: Series, day: int) -> Rollups:
        return self.read(series, MINUTE_S, day * DAY_S, (day + 1) * DAY_S)

    def peaks(self, series: Series, begin_s: float, end_s: float) -> tuple[Peak, ...]:
        """See model.history.History."""
        key = self._card.key(series)
        found = self._card.ask(lambda card: card.peaks(key, begin_s, end_s), ()) if key else ()
        peaks = {peak.day_wall_s: peak for peak in found}
        for day in self._unpacked_days():
            if begin_s <= day * DAY_S < end_s:
                peak = day_peak(day, self._day(series, day))
                if peak is not None:
                    peaks[peak.day_wall_s] = peak
        return tuple(peaks[day_s] for day_s in sorted(peaks))

    def energy(
        self, targets: Collection[Target] | None, edges_s: Sequence[float]
    ) -> tuple[EnergyRow, ...]:
        """See model.history.History. Raises InvalidValue."""
        if len(edges_s) < 2 or any(a >= b for a, b in pairwise(edges_s)):
            raise InvalidValue("edges of energy: expected at least two, each after the one before")
        book = self._card.energy
        return tuple(self._card.ask(lambda _: book.rows(targets, edges_s), ()))

    def hours(
        self, targets: Sequence[Target], begin_s: float, end_s: float
    ) -> tuple[PointHours, ...]:
        """See model.history.History. Raises InvalidValue."""
        if not begin_s < end_s:
            raise InvalidValue("the begin is not before the end")
        book = self._card.energy
        return self._card.ask(lambda _: book.by_hour(targets, begin_s, end_s), ())

    def series(self) -> tuple[Series, ...]:
        """See model.history.History."""
        found = {*self._card.ask(lambda card: card.series(), ()), *self._cascade.seen}
        for columns, _, minutes in self._card.waiting:
            found |= {columns[row] for row in np.flatnonzero(minutes.seen.sum(axis=1))}
        return tuple(sorted(found, key=_order))

    # -- sizes, and what is forgotten ----------------------------------------------------------

    def size(self) -> HistorySize:
        """See model.history.History."""
        database = self._card.database
        return HistorySize(
            card_bytes=self._card.ask(lambda _: database.file_bytes if database else 0, 0),
            max_card_bytes=self._card.settings.max_mb * MIB,
            runtime_bytes=self._recorder.tens.size_bytes,
            memory_bytes=self._cascade.ring.size_bytes,
            levels=tuple(map(self._level, STEPS_S)),
            energy_rows=self._card.ask(lambda card: card.energy_rows(), 0),
            trouble=self._card.trouble,
        )

    def _level(self, step_s: int) -> LevelSize:
        settings, ring = self._card.settings, self._cascade.ring
        sizes = {1: ring.size_bytes, 10: self._recorder.tens.size_bytes}
        kept_days = {60: settings.minute_days, 900: settings.quarter_days}
        if step_s in sizes:
            size, newest_s = sizes[step_s], self._recorder.newest_s
            kept_s = ring.seconds if step_s == 1 else (newest_s or 0) - (self.oldest_s(10) or 0)
        else:
            size = self._card.ask(lambda card: card.size_bytes(step_s), 0)
            newest_s = self._card.ask(lambda card: card.newest_s(step_s), None)
            kept_s = kept_days.get(step_s, settings.day_days) * DAY_S
        return LevelSize(step_s, size, self.oldest_s(step_s), newest_s, kept_s)

    def purge(self, wanted: Purge, dry_run: bool) -> Purged:
        """See model.history.History. Raises StoreError, InvalidValue."""
        if not wanted.begin_wall_s < wanted.end_wall_s:
            raise InvalidValue("the begin is not before the end")
        steps, rows = self._card.purge(wanted, self._recorder.today, dry_run)
        return Purged(steps + self._recorder.forget(wanted, dry_run), rows)


def _numbers(values: NDArray[np.float32]) -> tuple[float | None, ...]:
    rounded = np.round(values.astype(np.float64), DECIMALS)
    return tuple(None if value != value else value for value in rounded.tolist())


def _order(series: Series) -> tuple[str, int, str]:
    return series.target.kind.value, series.target.index, series.quantity.value
