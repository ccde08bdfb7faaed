# SPDX-License-Identifier: Apache-2.0
"""The thread that waits for the card, so that the loop never does."""

from __future__ import annotations

import threading
from collections.abc import Callable

from pdu_agent.model.errors import StoreError
from pdu_agent.model.record import Record


class Flusher:
    """Writes the newest requested record; one that waits is replaced by a newer one.

    write: blocks, raises StoreError. on_flush: called in the thread after each write, with
    what went wrong or None; requests that were replaced in the meantime share one call.
    """

    def __init__(
        self, write: Callable[[Record], None], on_flush: Callable[[StoreError | None], None]
    ) -> None:
        self._write = write
        self._on_flush = on_flush
        self._changed = threading.Condition()
        self._waiting: Record | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._thread.start()

    def request(self, record: Record) -> None:
        """Returns at once. Not after `close`."""
        with self._changed:
            self._waiting = record
            self._changed.notify()

    def close(self) -> None:
        """Write what waits, then end the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while (record := self._next()) is not None:
            try:
                self._write(record)
            except StoreError as exc:
                self._on_flush(exc)
            else:
                self._on_flush(None)

    def _next(self) -> Record | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting is not None or self._closing)
            record, self._waiting = self._waiting, None
            return record
