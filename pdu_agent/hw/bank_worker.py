# SPDX-License-Identifier: Apache-2.0
"""The one thread that owns a bus and serves the relay boards on it.

Messages go in through a bounded inbox and come out through `deliver`; nothing else is
shared. All boards that have orders move before the first of them is read back. Drivers of other
things on the same bus are guests, who ask for one transfer at a time: a relay write waits for
one I2C transaction of theirs, or for the look at one board, at most.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import queue
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

from pdu_agent.hw.bank_link import BankLink
from pdu_agent.hw.ports import RelayBank
from pdu_agent.model.clock import Clock
from pdu_agent.model.host import Queue
from pdu_agent.model.readings import (
    BankLost,
    BankState,
    InitialiseBank,
    RelayResult,
    WriteRelays,
)

INBOX_LIMIT = 64
POLL_S = 2.0
MAX_LEAD_S = 0.01
"""No order is held back for longer, whatever its time says."""
GUEST_TIMEOUT_S = 3.0
"""Longer than a chip may stall the bus; a bus that is stuck for good must not hold its guests."""

Order = WriteRelays | InitialiseBank
Report = BankState | RelayResult | BankLost
T = TypeVar("T")

# Whatever the order in which they came: relays first, then guests, and the end last.
_ORDER, _GUEST, _WAKE = range(3)
_Call = tuple[Callable[[], Any], Future[Any]]


class BankWorker:
    """Serves `banks`, by name, from one thread.

    banks: what opens each board's driver; called in the thread (or in `inspect_all`), once
    and after each loss. It may raise HardwareError: a board that is missing at the start is
    a board that is lost.
    deliver: called in the thread for each report: a RelayResult per WriteRelays, a
    BankState (or BankLost) per InitialiseBank, a BankState when a board shows something
    that was not told before, and one BankLost when it stops answering.
    poll_s: how often each board is looked at, in seconds.
    """

    def __init__(
        self,
        name: str,
        banks: Mapping[str, Callable[[], RelayBank]],
        deliver: Callable[[Report], None],
        clock: Clock,
        poll_s: float = POLL_S,
        inbox_limit: int = INBOX_LIMIT,
    ) -> None:
        self.name = name
        self.beat_s = time.monotonic()
        """When the thread last came round, in real time: what a watchdog looks at."""
        self._clock = clock
        self._deliver = deliver
        self._links = {
            bank: BankLink(bank, open_bank, clock, poll_s) for bank, open_bank in banks.items()
        }
        self._inbox: queue.PriorityQueue[tuple[int, int, Order | _Call | None]]
        self._inbox = queue.PriorityQueue(inbox_limit)
        self._arrivals = itertools.count()
        self._unread: dict[str, Callable[[], RelayResult]] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"relays {name}", daemon=True)

    def inspect_all(self) -> tuple[BankState | BankLost, ...]:
        """What every board is, for the agent's start. Call before `start` only.

        These count as told: `deliver` hears of a board again when it shows something else.
        """
        return tuple(link.look() for link in self._links.values())

    def start(self) -> None:
        self._thread.start()

    @property
    def queue(self) -> Queue:
        """What waits for this bus; from any thread."""
        return Queue(f"relays {self.name}", self._inbox.qsize(), self._inbox.maxsize)

    def post(self, order: Order) -> bool:
        """Put the order in the inbox; orders are carried out one after the other.

        Returns at once; False when the inbox is full or the worker stopped, and then
        nothing was taken. Raises ValueError for a board that is not served here.
        """
        if order.bank not in self._links:
            raise ValueError(f"no relay board {order.bank!r} on this bus: {list(self._links)}")
        if self._stopping.is_set():
            return False
        try:
            self._inbox.put_nowait((_ORDER, next(self._arrivals), order))
        except queue.Full:
            return False
        return True

    def call(self, transfer: Callable[[], T], /) -> T:
        """Have the thread do a guest's transfer; what it returns or raises. From any thread.

        Raises OSError: ETIMEDOUT when its turn did not come within GUEST_TIMEOUT_S, ENODEV
        once the worker has stopped.
        """
        future: Future[T] = Future()
        if self._stopping.is_set():
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        try:
            self._inbox.put((_GUEST, next(self._arrivals), (transfer, future)), True, 1.0)
            return future.result(GUEST_TIMEOUT_S)
        except (queue.Full, TimeoutError) as exc:
            future.cancel()
            raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT)) from exc
        except CancelledError as exc:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV)) from exc

    def stop(self) -> None:
        """Carry out what is in the inbox, end the thread, release the bus.

        No relay moves but for orders that were posted. Returns after at most one stalled
        transaction per order, with the driver's retries.
        """
        self._stopping.set()
        with contextlib.suppress(queue.Full):
            # Wakes a thread that waits; a full inbox is awake.
            self._inbox.put_nowait((_WAKE, next(self._arrivals), None))
        if self._thread.ident is not None:
            self._thread.join()
        self._turn_away_guests()
        for link in self._links.values():
            link.close()

    def _turn_away_guests(self) -> None:
        """Those that came while the thread was ending."""
        with contextlib.suppress(queue.Empty):
            while True:
                _, _, message = self._inbox.get_nowait()
                if isinstance(message, tuple):
                    message[1].cancel()

    def _run(self) -> None:
        while True:
            self.beat_s = time.monotonic()
            if not self._unread:
                self._look_around()
            try:
                _, _, message = self._inbox.get(timeout=self._pause_s())
            except queue.Empty:
                message = None
            if not isinstance(message, WriteRelays) or message.bank in self._unread:
                self._read_back()
            if isinstance(message, tuple):
                self._serve_guest(*message)
            elif isinstance(message, WriteRelays):
                self._write(message)
            elif message is not None:
                self._deliver(self._links[message.bank].initialise())
            elif self._stopping.is_set() and self._inbox.empty():
                return

    def _serve_guest(self, transfer: Callable[[], Any], future: Future[Any]) -> None:
        if self._stopping.is_set():
            future.cancel()
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(transfer())
        except Exception as exc:  # it is the guest's, whatever it is
            future.set_exception(exc)

    def _pause_s(self) -> float:
        if self._unread or self._stopping.is_set():
            return 0.0
        due_s = min((link.due_s for link in self._links.values()), default=float("inf"))
        # No longer than a poll: simulated time may run faster than the wait.
        return min(max(0.0, due_s - self._clock.monotonic_s()), POLL_S)

    def _write(self, order: WriteRelays) -> None:
        early_s = order.at_s - self._clock.monotonic_s()
        if early_s > 0:
            time.sleep(min(early_s, MAX_LEAD_S))
        self._unread[order.bank] = self._links[order.bank].write(order.closed)

    def _read_back(self) -> None:
        for read_back in self._unread.values():
            self._deliver(read_back())
        self._unread.clear()

    def _look_around(self) -> None:
        """At one board, the one that waits longest: an order may have come meanwhile."""
        link = min(self._links.values(), key=lambda link: link.due_s, default=None)
        if link is not None and link.due_s <= self._clock.monotonic_s():
            news = link.news()
            if news is not None:
                self._deliver(news)
