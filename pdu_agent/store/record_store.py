# SPDX-License-Identifier: Apache-2.0
"""The durable record in two tiers, a runtime folder in memory and the card; and the
event and audit logs.

The runtime tier takes every save at once and survives a killed process at no wear; the
state tier takes a flush now and then and survives a power cut.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pdu_agent.model.audit import AuditEntry
from pdu_agent.model.errors import StoreError
from pdu_agent.model.host import Queue
from pdu_agent.model.record import Record
from pdu_agent.model.snapshot import LoggedEvent
from pdu_agent.store.audit_chain import COMMAND, START
from pdu_agent.store.audit_file import AuditFile
from pdu_agent.store.event_file import EventFile
from pdu_agent.store.files import FileOps
from pdu_agent.store.flusher import Flusher
from pdu_agent.store.lock import FolderLock
from pdu_agent.store.tier import Tier, TierContent

AUDIT_BATCH_BYTES = 128 * 1024
"""So much of the audit log goes to the card before the next record: commands that change nothing
do not flush one.
"""

TierName = Literal["runtime", "state"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """record: None on a device's very first start. tier: where it came from; "state" means
    that what was saved after the last flush is lost. warnings: damaged files, for people.
    events: the event log, oldest entry first.
    """

    record: Record | None
    tier: TierName | None
    warnings: tuple[str, ...]
    events: tuple[LoggedEvent, ...] = ()


class RecordStore:
    """Holds the runtime folder for this process until `close`; makes missing folders.

    Raises StoreError when another agent holds it, or a folder cannot be made or written.
    on_flush: called in the store's thread after each card write that `request_flush`
    started, with the StoreError or None.
    """

    def __init__(
        self,
        runtime_dir: Path,
        state_dir: Path,
        on_flush: Callable[[StoreError | None], None],
        files: FileOps | None = None,
    ) -> None:
        files = files or FileOps()
        self._runtime = Tier(runtime_dir, durable=False, files=files)
        self._state = Tier(state_dir, durable=True, files=files)
        self._runtime.make_folder()
        self._state.make_folder()
        self._lock = FolderLock(runtime_dir)
        self._card_in_use = threading.Lock()
        self._events = EventFile(state_dir, files)
        self._audit = AuditFile(runtime_dir, state_dir, files)
        self._flusher = Flusher(self._flush, self._append_now, on_flush, self._audit_now)

    def load(self) -> Loaded:
        """The valid record with the highest seq of both tiers. Call it before any save.

        Raises StoreError when a file may not be read, and when there are files but none is
        valid: states and counters never start from zeros behind the owner's back.
        """
        runtime, state = self._runtime.read(), self._state.read()
        damaged = runtime.damaged + state.damaged
        tier, best = _newest(runtime, state)
        if best.record is None:
            if damaged:
                raise StoreError(self._no_way_on(damaged))
            return Loaded(None, None, self._audit.open(None), self._events.read())
        taken = f"took {best.path} (save {best.record.seq}) instead"
        warnings = tuple(f"{text}; {taken}" for text in damaged)
        warnings += self._audit.open(best.record.audit)
        return Loaded(best.record, tier, warnings, self._events.read())

    @property
    def queue(self) -> Queue:
        """What waits for the card."""
        return self._flusher.queue

    def save(self, record: Record) -> None:
        """Write to the runtime tier, without waiting for any medium; loop thread.

        Raises StoreError; the record before is kept then.
        """
        self._runtime.write(self._vouching(record))

    def request_flush(self, record: Record) -> None:
        """Have the newest record, and the audit log up to now, written to the card soon; returns
        at once.
        """
        self._flusher.request(self._vouching(record))

    def append_events(self, events: tuple[LoggedEvent, ...]) -> None:
        """Have the entries appended to the event log soon; returns at once, never fails."""
        self._flusher.append(events)

    def begin_audit(self, device: str) -> None:
        """After `load`: see to it that the audit log of this device has a beginning.

        Raises StoreError.
        """
        self._audit.begin(device)

    def append_audit(self, entry: AuditEntry) -> None:
        """Add a line to the audit log, in the runtime folder at once; loop thread.

        Raises StoreError; there is no such line then.
        """
        self._audit.append({"kind": COMMAND, **entry.to_plain()})
        if self._audit.waiting_bytes > AUDIT_BATCH_BYTES:
            self._flusher.request_audit()

    def flush_now(self, record: Record) -> None:
        """Write to the card and wait for it; while the loop stands. Raises StoreError."""
        self._flush(self._vouching(record))

    def close(self) -> None:
        """Write what waits for the card, end the thread, let another agent in."""
        self._flusher.close()
        self._sync_events()
        self._lock.release()

    def _flush(self, record: Record) -> None:
        """The lines come before the record that vouches for them. A record that is older than
        the one on the card is left out: it was overtaken. Raises StoreError.
        """
        with self._card_in_use:
            try:
                self._audit.write_out()
            finally:
                if record.seq >= self._state.newest_seq:
                    self._state.write(record)
                self._sync_events()

    def _audit_now(self) -> None:
        with self._card_in_use:
            self._audit.write_out()

    def _vouching(self, record: Record) -> Record:
        head = self._audit.head
        return record if head == START else replace(record, audit=head)

    def _append_now(self, events: tuple[LoggedEvent, ...]) -> None:
        with self._card_in_use:
            self._events.append(events)

    def _sync_events(self) -> None:
        # Tried again with the next flush: a line of the log that a power cut may take is no
        # reason to refuse commands.
        with contextlib.suppress(StoreError):
            self._events.sync()

    def _no_way_on(self, damaged: tuple[str, ...]) -> str:
        return (
            f"no usable record: {'; '.join(damaged)}. Restore {self._state.folder} from a"
            f" backup; or move {self._state.folder} and {self._runtime.folder} away to start"
            " anew, with outlet states and energy counters lost"
        )


def _newest(runtime: TierContent, state: TierContent) -> tuple[TierName, TierContent]:
    """At equal seq the runtime tier: nothing was lost since the flush."""
    if runtime.record is None:
        return "state", state
    if state.record is not None and state.record.seq > runtime.record.seq:
        return "state", state
    return "runtime", runtime
