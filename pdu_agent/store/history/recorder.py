# SPDX-License-Identifier: Apache-2.0
"""What is done with each second: when it is believed, where it goes, and how a restart goes on.

Times are wall seconds. A step of time is written once: after the clock was set back, nothing is
taken until it is past what there is of that day already.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from pdu_agent.model.errors import StoreError
from pdu_agent.model.history import EnergyRow, Purge, Series
from pdu_agent.store.history.blocks import DAY_S, MINUTE_S, QUARTER_S
from pdu_agent.store.history.card import MIB, Card
from pdu_agent.store.history.cascade import TEN_S, Cascade, Columns
from pdu_agent.store.history.codec import Block
from pdu_agent.store.history.energy import Counted
from pdu_agent.store.history.rollups import Canvas, Floats, Rollups
from pdu_agent.store.history.settings import HistorySettings
from pdu_agent.store.history.tens import TensFolder

log = logging.getLogger(__name__)

PLAUSIBLE_SINCE_S = 1_767_225_600
"""2026-01-01T00:00:00Z, before this was built: a clock that shows less was not set yet."""
JOURNAL = "energy.json"
COMMIT_S = 1800
"""Bounds what a power cut takes; each quarter of an hour would cost the card half as much again."""


class Recorder:
    """Belongs to one thread. Makes missing folders; may raise OSError only when it is made.

    folders: history/ in the runtime folder, the database in the state folder.
    """

    def __init__(self, runtime_dir: Path, state_dir: Path, settings: HistorySettings) -> None:
        folder = runtime_dir / "history"
        self.tens = TensFolder(folder, settings.runtime_max_mb * MIB)
        self._journal = folder / JOURNAL
        self.card = Card(state_dir, settings)
        self.cascade = Cascade(settings.ring_minutes * 60, self._on_minute, self._on_quarter)
        self._day: int | None = None
        self._floor_s = 0
        self._tens_fail = False
        self._take_journal()
        self.card.open()
        self._replay()

    @property
    def today(self) -> int:
        """The day of the newest second; -1 before there was one."""
        return -1 if self._day is None else self._day

    # -- each second -------------------------------------------------------------------------

    def accept(self, columns: Columns, seconds: Iterable[int], samples: Floats) -> None:
        """A row of `samples` for each second, a column for each series; NaN is a gap."""
        for second, values in zip(seconds, samples, strict=True):
            if second >= PLAUSIBLE_SINCE_S:
                self._accept_one(columns, second, values)

    def _accept_one(self, columns: Columns, second: int, values: Floats) -> None:
        if second // DAY_S != self._day:
            self._enter(second)
        if second < self._floor_s:
            return
        self.cascade.take_columns(columns)
        self.cascade.put(second, values)
        self._floor_s = second + 1

    def _enter(self, second: int) -> None:
        """Another day than that of the second before: does it hold anything yet?"""
        if second < self._floor_s:
            log.warning("the clock was set back to another day; what it holds stays as it is")
            self.cascade.finish()
            self.tens.close_file()
            self.card.commit(second // DAY_S)
        self._day = second // DAY_S
        self._floor_s = max(self._stored_until_s(self._day), self._opened_until_s(self._day))

    def _stored_until_s(self, day: int) -> int:
        ends = [start_s + MINUTE_S * part.seen.shape[1] for _, start_s, part in self.card.waiting]
        waiting = [end_s for end_s in ends if (end_s - 1) // DAY_S == day]
        stored = self.card.ask(lambda card: card.newest_end_s(day), day * DAY_S)
        return max(stored, *waiting) if waiting else stored

    def _opened_until_s(self, day: int) -> int:
        """Of the minute that an earlier run has left open."""
        start_s = self.cascade.minute_s
        if start_s is None or start_s // DAY_S != day:
            return 0
        return start_s + TEN_S * self.cascade.open_steps

    def _on_minute(self, columns: Columns, start_s: int, steps: Rollups) -> None:
        try:
            self.tens.append(columns, start_s, steps)
            self._tens_fail = False
        except OSError as error:
            if not self._tens_fail:
                log.error("the history's newest minutes are in memory only: %s", error)
            self._tens_fail = True
            with suppress(OSError):
                self.tens.close_file()
                self.tens.make_room()

    def _on_quarter(self, columns: Columns, start_s: int, minutes: Rollups) -> None:
        self.card.take(columns, start_s, minutes)
        is_half = (start_s // QUARTER_S + 1) * QUARTER_S % COMMIT_S == 0
        # Before the day is known it is of an earlier run, and written with the first of ours.
        if is_half and self._day is not None:
            self.card.commit(start_s // DAY_S)

    def book(self, wall_s: int, counted: Iterable[Counted]) -> None:
        """Where the counters of energy stand; about once a minute."""
        if wall_s < PLAUSIBLE_SINCE_S:
            return
        self.card.energy.book(wall_s, counted)
        self._keep_journal()

    def _keep_journal(self) -> None:
        new = self._journal.with_suffix(".new")
        try:
            new.touch(mode=0o600)
            new.write_bytes(self.card.energy.journal())
            new.replace(self._journal)
        except OSError as error:
            log.debug("the journal of energy: %s", error)  # _on_minute tells of a full folder

    def put_energy(self, begin_s: float, end_s: float, rows: Sequence[EnergyRow]) -> None:
        self.card.put_energy(begin_s, end_s, rows, self.today)
        self._keep_journal()

    def copy_to(self, folder: Path) -> Path:
        self.cascade.store_quarter()
        return self.card.copy_to(folder, self.today)

    def restore_from(self, file: Path) -> None:
        self.cascade.store_quarter()
        self.card.restore_from(file, self.today)
        self._keep_journal()

    def close(self) -> None:
        """Write everything: the minute that runs to the runtime folder, all others to the card."""
        self.cascade.leave_minute()
        self.cascade.store_quarter()
        if self._day is not None:
            self.card.commit(self._day)
        self._keep_journal()
        self.card.close()

    # -- for the reader -------------------------------------------------------------------------

    @property
    def newest_s(self) -> int | None:
        """The end of the newest second; None before there was one."""
        return self._floor_s or None

    @property
    def oldest_open_s(self) -> int | None:
        """Where that begins which the card does not have yet."""
        begins = [start_s for _, start_s, _ in self.card.waiting]
        opened_s = self.cascade.oldest_s
        return min([*begins, *([opened_s] if opened_s is not None else [])], default=None)

    def paint_tens(self, canvas: Canvas, series: Series) -> None:
        try:
            self.tens.paint(canvas, series)
        except OSError as error:
            log.warning("steps of 10 s cannot be read: %s", error)

    def forget(self, wanted: Purge, dry_run: bool) -> int:
        """In memory and the runtime folder; how many steps held something."""

        def is_meant(series: Series) -> bool:
            return wanted.series is None or series in wanted.series

        begin_s, end_s = wanted.begin_wall_s, wanted.end_wall_s
        try:
            removed = self.tens.purge(begin_s, end_s, is_meant, dry_run)
        except OSError as error:
            raise StoreError(f"not all steps of 10 s were forgotten: {error}") from error
        for row, series in enumerate(self.cascade.columns):
            if is_meant(series):
                removed += self.cascade.blank(row, begin_s, end_s, dry_run)
        return removed

    # -- restart -------------------------------------------------------------------------------

    def _take_journal(self) -> None:
        try:
            self.card.energy.take_journal(self._journal.read_bytes())
        except FileNotFoundError:
            pass
        except (OSError, ValueError) as error:
            log.warning("%s is left out: %s", self._journal, error)

    def _replay(self) -> None:
        """Make the minutes anew that the card does not have; the last one may not be over."""
        ends: dict[int, int] = {}
        newest_s = 0
        oldest_s = self.card.ask(lambda card: card.newest_s(MINUTE_S) or 0, 0) - DAY_S
        for columns, block in list(self.tens.since(oldest_s)):
            for start_s, steps in _minutes(block):
                day = start_s // DAY_S
                if day not in ends:
                    ends[day] = self._stored_until_s(day)
                if start_s >= max(ends[day], newest_s):
                    newest_s = start_s
                    self.cascade.take_columns(columns)
                    self.cascade.put_minute(start_s, steps)


def _minutes(block: Block) -> Iterable[tuple[int, Rollups]]:
    """Those minutes of a block of 10 s steps in which anything was seen."""
    a_minute = MINUTE_S // TEN_S
    for first in range(0, block.rollups.seen.shape[1], a_minute):
        steps = block.rollups[:, first : first + a_minute]
        if np.any(steps.seen):
            yield block.start_s + first * TEN_S, steps
