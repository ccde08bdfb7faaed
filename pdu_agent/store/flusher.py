# SPDX-License-Identifier: Apache-2.0
"""The thread that waits for the card, so that the loop never does."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable

from pdu_agent.model.errors import StoreError
from pdu_agent.model.host import Queue
from pdu_agent.model.record import Record
from pdu_agent.model.snapshot import KEPT_EVENTS, LoggedEvent

log = logging.getLogger(__name__)


class Flusher:
    """Writes the newest requested record; one that waits is replaced by a newer one.

    write, write_events, write_audit: block, raise StoreError. on_flush: called in the thread
    after each write of a record, with what went wrong or None; requests that were replaced in the
    meantime share one call. Events that could not be written wait for the next occasion, the
    newest KEPT_EVENTS of them: older ones are shown by nobody any more.
    """

    def __init__(
        self,
        write: Callable[[Record], None],
        write_events: Callable[[tuple[LoggedEvent, ...]], None],
        on_flush: Callable[[StoreError | None], None],
        write_audit: Callable[[], None],
    ) -> None:
        self._write = write
        self._write_events = write_events
        self._on_flush = on_flush
        self._write_audit = write_audit
        self._audit_asked = False
        self._audit_fails = False
        self._changed = threading.Condition()
        self._waiting: Record | None = None
        self._events: deque[LoggedEvent] = deque(maxlen=KEPT_EVENTS)
        self._asked = False
        self._closing = False
        self._events_fail = False
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._thread.start()

    @property
    def queue(self) -> Queue:
        """The events that wait for the card; from any thread."""
        return Queue("events for the card", len(self._events), KEPT_EVENTS)

    def request(self, record: Record) -> None:
        """Returns at once. Not after `close`."""
        with self._changed:
            self._waiting = record
            self._asked = True
            self._changed.notify()

    def append(self, events: Iterable[LoggedEvent]) -> None:
        """Returns at once. Not after `close`."""
        with self._changed:
            self._events.extend(events)
            self._asked = True
            self._changed.notify()

    def request_audit(self) -> None:
        """Have the waiting lines of the audit log written; returns at once. Not after `close`."""
        with self._changed:
            self._audit_asked = self._asked = True
            self._changed.notify()

    def close(self) -> None:
        """Write what waits, then end the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        closing = False
        while not closing:
            with self._changed:
                self._changed.wait_for(lambda: self._asked or self._closing)
                self._asked = False
                closing = self._closing
                record, self._waiting = self._waiting, None
                events = tuple(self._events)
                self._events.clear()
                audit, self._audit_asked = self._audit_asked, False
            if events:
                self._append(events)
            if record is not None:
                self._flush(record)
            elif audit:
                self._audit()

    def _append(self, events: tuple[LoggedEvent, ...]) -> None:
        try:
            self._write_events(events)
        except StoreError as exc:
            if not self._events_fail:
                log.warning("the event log is behind: %s", exc)
            self._events_fail = True
            with self._changed:
                self._events = deque((*events, *self._events), maxlen=KEPT_EVENTS)
        else:
            self._events_fail = False

    def _audit(self) -> None:
        try:
            self._write_audit()
        except StoreError as exc:
            if not self._audit_fails:
                log.warning("the audit log is behind: %s", exc)
            self._audit_fails = True
        else:
            self._audit_fails = False

    def _flush(self, record: Record) -> None:
        try:
            self._write(record)
        except StoreError as exc:
            self._on_flush(exc)
        else:
            self._on_flush(None)
