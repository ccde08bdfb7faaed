# SPDX-License-Identifier: Apache-2.0
"""One target's queue of notifications, and what is done when it cannot be reached.

A target that is dead, slow or unknown to the name server harms only itself: it has its own
queue and its own task, and both are bounded.
"""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Awaitable, Callable, Container
from typing import Protocol

from pdu_agent.mib_impl.notifications import Notification, NotificationCounters
from pdu_agent.snmp.notification_messages import Undelivered
from pdu_agent.snmp.notification_queue import QUEUE_LIMIT, NotificationQueue
from pdu_agent.snmp.resolver import Destination, Endpoint

log = logging.getLogger(__name__)

PACE_S = 0.01
"""Between two notifications to one target: a burst must not overflow its receive buffer."""
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
"""Between attempts while this machine itself cannot send: no route, no address for the name."""
COMPLAINT_INTERVAL_S = 300.0

Sleep = Callable[[float], Awaitable[None]]


class Sender(Protocol):
    async def send(self, notification: Notification, endpoint: Endpoint) -> bool:
        """Returns when it is sent, or acknowledged if it is an inform; whether it is one.

        Raises Undelivered; OSError while this machine cannot send.
        """
        ...


class Trouble:
    """Tells the log when a target gets into trouble and when it is out of it, not each time."""

    def __init__(self, name: str, monotonic_s: Callable[[], float]) -> None:
        self._name = name
        self._monotonic_s = monotonic_s
        self._silent_until_s = float("-inf")
        self._told = False
        self._failures = 0

    def add(self, reason: str) -> None:
        self._failures += 1
        now_s = self._monotonic_s()
        if now_s < self._silent_until_s:
            return
        log.warning(
            "notification target %s: %s (failures so far: %d)", self._name, reason, self._failures
        )
        self._silent_until_s = now_s + COMPLAINT_INTERVAL_S
        self._told = True

    def over(self) -> None:
        """The target has been reached."""
        if self._told:
            log.info(
                "notification target %s: reached again after %d failures",
                self._name,
                self._failures,
            )
        self._told = False
        self._failures = 0


class Delivery:
    """Sends one target's notifications one after the other, in the order they were put.

    The next one waits until the one before was sent (or, an inform, acknowledged or given
    up), so that a receiver never sees an outlet come back before it went off. modules: of
    which MIB modules notifications are sent, None: of all. sleep: asyncio.sleep, but in tests.
    """

    def __init__(
        self,
        name: str,
        sender: Sender,
        destination: Destination,
        counters: NotificationCounters,
        trouble: Trouble,
        sleep: Sleep = asyncio.sleep,
        *,
        modules: Container[str] | None = None,
    ) -> None:
        self.name = name
        self._sender = sender
        self._destination = destination
        self._counters = counters
        self._trouble = trouble
        self._sleep = sleep
        self._queue = NotificationQueue(modules, counters)

    @property
    def waiting(self) -> int:
        """Notifications that are neither sent nor given up."""
        return self._queue.waiting

    def put(self, notification: Notification) -> None:
        """Take one for sending; the oldest goes when there is no room."""
        if not self._queue.put(notification):
            self._trouble.add(f"{QUEUE_LIMIT} notifications are waiting, the oldest was dropped")

    async def drained(self) -> None:
        """Returns when nothing is waiting or under way."""
        await self._queue.drained()

    async def run(self) -> None:
        """Deliver until cancelled."""
        await self._queue.run(self._deliver, lambda: self._sleep(PACE_S))

    async def _deliver(self, notification: Notification) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                await self._attempt(notification)
                return
            except OSError as exc:
                if exc.errno == errno.EMSGSIZE:
                    self._give_up(f"too large to be sent: {exc}")
                    return
                self._destination.failed()
                self._trouble.add(f"cannot send: {exc.strerror or exc}")
            await self._sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _attempt(self, notification: Notification) -> None:
        """Raises OSError when it should be tried again."""
        try:
            endpoint = await self._destination.endpoint()
            acknowledged = await self._sender.send(notification, endpoint)
        except Undelivered as exc:
            self._destination.failed()
            self._give_up(str(exc))
        except OSError:
            raise
        except Exception:
            # A defect of ours must cost one notification, not all that are to come.
            self._counters.lost += 1
            log.exception("notification target %s: a notification failed", self.name)
        else:
            self._counters.sent += 1
            self._counters.acknowledged += acknowledged
            self._trouble.over()

    def _give_up(self, reason: str) -> None:
        self._counters.lost += 1
        self._trouble.add(reason)
