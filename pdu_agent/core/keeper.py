# SPDX-License-Identifier: Apache-2.0
"""Keeps the durable record up to date: when to save, what is saved, what fails to be."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from pdu_agent.core.event_log import far_ahead
from pdu_agent.core.state import CoreState
from pdu_agent.core.watching.alarms import AlarmBook
from pdu_agent.model.clock import Clock
from pdu_agent.model.errors import StoreError
from pdu_agent.model.readings import Effect, SaveRecord
from pdu_agent.model.record import MeterRecord, Record
from pdu_agent.model.snapshot import Severity

SAVE_INTERVAL_S = 1.0
"""Runtime tier: bounds what a killed process can lose."""
FLUSH_INTERVAL_S = 60.0
"""Card: bounds what a power cut can lose, at a wear the card can bear."""
FLUSH_RETRY_S = 5.0
"""After a failed card write: commands are refused until one succeeds, so try again soon."""


class RecordKeeper:
    """Turns the state into records and hands them to `perform`.

    meters: the counters as last saved, which is what faces show: nobody may see a count that
    a killed process would take back. While nothing can be saved they are the newest ones.
    """

    def __init__(
        self,
        state: CoreState,
        record: Record,
        clock: Clock,
        perform: Callable[[Effect], None],
        alarms: AlarmBook,
    ) -> None:
        self._state = state
        self._record = record
        self._clock = clock
        self._perform = perform
        self._alarms = alarms
        self._trouble: dict[str, str] = {}
        self._saved_s = -math.inf
        self._flushed_s = clock.monotonic_s()
        self._owes_flush = False
        self.meters: Mapping[str, MeterRecord] = record.meters

    @property
    def trouble(self) -> str:
        """Why the state cannot be stored; empty when it can."""
        return "; ".join(self._trouble.values())

    @property
    def next_due_s(self) -> float:
        """When the next save is due (monotonic)."""
        return self._saved_s + SAVE_INTERVAL_S

    def current_record(self) -> Record:
        """The exact record of this moment, one in sequence after the last that was saved."""
        return self._state.to_record(self._record, self._clock.wall_s())

    def save(self, flush: bool) -> None:
        """Write the runtime tier now, and the card soon if `flush`. Raises StoreError."""
        now_s = self._clock.monotonic_s()
        record = self.current_record()
        record = replace(record, last_event=far_ahead(record.last_event))
        self._perform(SaveRecord(record, flush))
        self._record = record
        self.meters = record.meters
        self._saved_s = now_s
        if flush:
            self._flushed_s = now_s
            self._owes_flush = False

    def save_quietly(self, flush: bool = False) -> None:
        """As `save`; a failure becomes an alarm instead of an error."""
        try:
            self.save(flush)
        except StoreError as exc:
            self._saved_s = self._clock.monotonic_s()
            self._owes_flush |= flush
            self.meters = self.current_record().meters
            self.note("runtime folder", str(exc))
        else:
            self.note("runtime folder", None)

    def save_periodically(self) -> None:
        """The save that is due each second, with the card's turn now and then."""
        pause_s = FLUSH_RETRY_S if self._trouble else FLUSH_INTERVAL_S
        is_due = self._clock.monotonic_s() - self._flushed_s >= pause_s
        self.save_quietly(flush=is_due or self._owes_flush)

    def note(self, tier: str, trouble: str | None) -> None:
        """What a write to this tier came to: None when it is safe."""
        if trouble is None:
            self._trouble.pop(tier, None)
            self._alarms.clear("store", f"record on {tier}")
        else:
            self._trouble[tier] = trouble
            self._alarms.set("store", f"record on {tier}", Severity.CRITICAL, trouble)
