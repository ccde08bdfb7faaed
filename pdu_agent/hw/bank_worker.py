# SPDX-License-Identifier: Apache-2.0
"""The one thread that owns a bus and serves the relay boards on it.

Messages go in through a bounded inbox and come out through `deliver`; nothing else is
shared. Boards that block for a whole ADC window do not belong on such a thread: a relay
write waits for one I2C transaction at most.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Mapping

from pdu_agent.hw.bank_link import BankLink
from pdu_agent.hw.ports import RelayBank
from pdu_agent.model.clock import Clock
from pdu_agent.model.readings import (
    BankLost,
    BankState,
    InitialiseBank,
    RelayResult,
    WriteRelays,
)

INBOX_LIMIT = 64
POLL_S = 2.0

Order = WriteRelays | InitialiseBank
Report = BankState | RelayResult | BankLost


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
        self.beat_s = time.monotonic()
        """When the thread last came round, in real time: what a watchdog looks at."""
        self._clock = clock
        self._deliver = deliver
        self._links = {
            bank: BankLink(bank, open_bank, clock, poll_s) for bank, open_bank in banks.items()
        }
        self._inbox: queue.Queue[Order | None] = queue.Queue(inbox_limit)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"relays {name}", daemon=True)

    def inspect_all(self) -> tuple[BankState | BankLost, ...]:
        """What every board is, for the agent's start. Call before `start` only.

        These count as told: `deliver` hears of a board again when it shows something else.
        """
        return tuple(link.look() for link in self._links.values())

    def start(self) -> None:
        self._thread.start()

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
            self._inbox.put_nowait(order)
        except queue.Full:
            return False
        return True

    def stop(self) -> None:
        """Carry out what is in the inbox, end the thread, release the bus.

        No relay moves but for orders that were posted. Returns after at most one stalled
        transaction per order, with the driver's retries.
        """
        self._stopping.set()
        with contextlib.suppress(queue.Full):
            self._inbox.put_nowait(None)  # wakes a thread that waits; a full inbox is awake
        if self._thread.ident is not None:
            self._thread.join()
        for link in self._links.values():
            link.close()

    def _run(self) -> None:
        while True:
            self.beat_s = time.monotonic()
            self._look_around()
            try:
                order = self._inbox.get(timeout=self._pause_s())
            except queue.Empty:
                order = None
            if order is not None:
                self._deliver(self._carry_out(order))
            elif self._stopping.is_set() and self._inbox.empty():
                return

    def _pause_s(self) -> float:
        if self._stopping.is_set():
            return 0.0
        due_s = min((link.due_s for link in self._links.values()), default=float("inf"))
        # No longer than a poll: simulated time may run faster than the wait.
        return min(max(0.0, due_s - self._clock.monotonic_s()), POLL_S)

    def _carry_out(self, order: Order) -> Report:
        link = self._links[order.bank]
        if isinstance(order, WriteRelays):
            return link.write(order.closed)
        return link.initialise()

    def _look_around(self) -> None:
        for link in self._links.values():
            if link.due_s <= self._clock.monotonic_s():
                news = link.news()
                if news is not None:
                    self._deliver(news)
