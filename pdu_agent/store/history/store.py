# SPDX-License-Identifier: Apache-2.0
"""The history as the loop has it: a thread that owns everything, behind a bounded inbox.

sqlite3 is loaded in the thread, not before.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pdu_agent.model.errors import StoreError
from pdu_agent.model.history import (
    Averages,
    Curve,
    EnergyRow,
    HistorySize,
    Peak,
    PointHours,
    Purge,
    Purged,
    Series,
)
from pdu_agent.model.host import Queue
from pdu_agent.model.terms import Target
from pdu_agent.store.history.rollups import Floats
from pdu_agent.store.history.settings import HistorySettings

if TYPE_CHECKING:
    from pdu_agent.store.history.energy import Counted
    from pdu_agent.store.history.reader import Reader
    from pdu_agent.store.history.recorder import Recorder

log = logging.getLogger(__name__)

MAX_WAITING_ROWS = 3600
"""Seconds that wait for a card that stalls; more are lost, which is a gap."""
MAX_QUESTIONS = 32

_Answer = TypeVar("_Answer")
_Job = Callable[["Recorder", "Reader"], None]


class HistoryStore:
    """A model.history.History. on_trouble: called in the thread when what keeps the history from
    being stored changes: the text, empty when all is well again.

    A question that is asked raises StoreError where there is no history any more.
    """

    def __init__(
        self,
        runtime_dir: Path,
        state_dir: Path,
        settings: HistorySettings,
        on_trouble: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._folders = runtime_dir, state_dir
        self._settings = settings
        self._on_trouble = on_trouble
        self._changed = threading.Condition()
        self._jobs: deque[_Job] = deque()
        self._rows = 0
        self._asked: set[Future[Any]] = set()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)
        self._thread.start()

    # -- from the loop ---------------------------------------------------------------------

    def record(self, columns: tuple[Series, ...], first_s: int, samples: Floats) -> None:
        """A row of `samples` for each second from first_s on, a column for each series. The array
        belongs to the store from now on. Returns at once.
        """
        rows = len(samples)

        def take(recorder: Recorder, _: Reader) -> None:
            with self._changed:
                self._rows -= rows
            recorder.accept(columns, range(first_s, first_s + rows), samples)

        with self._changed:
            if self._rows + rows > MAX_WAITING_ROWS:
                log.warning("the card stalls: %d s of history are lost", rows)
                return
            self._rows += rows
        self._post(take)

    @property
    def queue(self) -> Queue:
        """Seconds that wait to be taken."""
        return Queue("history", self._rows, MAX_WAITING_ROWS)

    def book(self, wall_s: int, counted: Sequence[Counted]) -> None:
        """Where the counters of energy stand. Returns at once."""
        self._post(lambda recorder, _: recorder.book(wall_s, counted))

    def close(self) -> None:
        """Write everything, then end the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _post(self, job: _Job) -> None:
        with self._changed:
            if not self._closing:
                self._jobs.append(job)
                self._changed.notify()

    async def _ask(self, question: Callable[[Recorder, Reader], _Answer]) -> _Answer:
        future: Future[_Answer] = Future()

        def answer(recorder: Recorder, reader: Reader) -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(question(recorder, reader))
                except Exception as error:
                    future.set_exception(error)

        with self._changed:
            if self._closing:
                raise StoreError("the history is closed")
            if len(self._asked) >= MAX_QUESTIONS:
                raise StoreError("too many questions to the history wait: try again later")
            self._asked.add(future)
        self._post(answer)
        try:
            return await asyncio.wrap_future(future)
        finally:
            with self._changed:
                self._asked.discard(future)

    async def series(self) -> tuple[Series, ...]:
        return await self._ask(lambda _, reader: reader.series())

    async def curve(
        self,
        series: Series,
        begin_wall_s: float,
        end_wall_s: float,
        points: int = 600,
        step_s: int | None = None,
    ) -> Curve:
        return await self._ask(
            lambda _, reader: reader.curve(series, begin_wall_s, end_wall_s, points, step_s)
        )

    async def peaks(
        self, series: Series, begin_wall_s: float, end_wall_s: float
    ) -> tuple[Peak, ...]:
        return await self._ask(lambda _, reader: reader.peaks(series, begin_wall_s, end_wall_s))

    async def energy(
        self, targets: Collection[Target] | None, edges_wall_s: Sequence[float]
    ) -> tuple[EnergyRow, ...]:
        return await self._ask(lambda _, reader: reader.energy(targets, edges_wall_s))

    async def averages(
        self, series: Sequence[Series], begin_wall_s: float, end_wall_s: float
    ) -> Averages:
        return await self._ask(lambda _, reader: reader.averages(series, begin_wall_s, end_wall_s))

    async def hours(
        self, targets: Sequence[Target], begin_wall_s: float, end_wall_s: float
    ) -> tuple[PointHours, ...]:
        return await self._ask(lambda _, reader: reader.hours(targets, begin_wall_s, end_wall_s))

    async def put_energy(
        self, begin_wall_s: float, end_wall_s: float, rows: Sequence[EnergyRow]
    ) -> None:
        await self._ask(lambda recorder, _: recorder.put_energy(begin_wall_s, end_wall_s, rows))

    async def purge(self, wanted: Purge, dry_run: bool) -> Purged:
        return await self._ask(lambda _, reader: reader.purge(wanted, dry_run))

    async def snapshot_to(self, folder: Path) -> Path:
        return await self._ask(lambda recorder, _: recorder.copy_to(folder))

    async def restore_from(self, file: Path) -> None:
        await self._ask(lambda recorder, _: recorder.restore_from(file))

    async def size(self) -> HistorySize:
        return await self._ask(lambda _, reader: reader.size())

    # -- the thread ------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._work()
        except Exception:
            log.exception("there is no history any more")
        with self._changed:
            self._closing = True
            left = tuple(self._asked)
        for future in left:
            if future.set_running_or_notify_cancel():
                future.set_exception(StoreError("the history is closed"))

    def _work(self) -> None:
        from pdu_agent.store.history.reader import Reader
        from pdu_agent.store.history.recorder import Recorder

        recorder = Recorder(*self._folders, self._settings)
        reader = Reader(recorder)
        told = ""
        while (job := self._next()) is not None:
            try:
                job(recorder, reader)
                recorder.card.work()
            except Exception:
                log.exception("the history could not do a job; it goes on with the next one")
            if recorder.card.trouble != told:
                told = recorder.card.trouble
                self._on_trouble(told)
        recorder.close()

    def _next(self) -> _Job | None:
        """None when nothing is left to do and the store is to close."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._closing)
            return self._jobs.popleft() if self._jobs else None
