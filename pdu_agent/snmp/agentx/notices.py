# SPDX-License-Identifier: Apache-2.0
"""Notifications that a master sends on, kept while it is away."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Container

from pdu_agent.mib_impl.notifications import Notification, NotificationCounters

log = logging.getLogger(__name__)

QUEUE_LIMIT = 256

Send = Callable[[Notification], Awaitable[int]]
"""Returns res.error of the master's answer, after as long as it takes (Subagent.send)."""


class MasterNotices:
    """An Outbox of the notifier, see there. modules: the MIB modules whose notifications the
    master is given.
    """

    name = "AgentX master"

    def __init__(self, send: Send, modules: Container[str], counters: NotificationCounters) -> None:
        self._send = send
        self._modules = modules
        self._counters = counters
        self._queue: deque[Notification] = deque()
        self._in_hand = 0
        self._filled = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def waiting(self) -> int:
        return len(self._queue) + self._in_hand

    def put(self, notification: Notification) -> None:
        """The oldest goes when there is no room."""
        if notification.module not in self._modules:
            return
        if len(self._queue) >= QUEUE_LIMIT:
            self._queue.popleft()
            self._counters.dropped += 1
        self._queue.append(notification)
        self._filled.set()
        self._idle.clear()

    async def drained(self) -> None:
        await self._idle.wait()

    async def run(self) -> None:
        while True:
            await self._filled.wait()
            while self._queue:
                self._in_hand = 1
                await self._deliver(self._queue.popleft())
                self._in_hand = 0
            self._filled.clear()
            self._idle.set()

    async def _deliver(self, notification: Notification) -> None:
        try:
            error = await self._send(notification)
        except Exception:
            # A defect of ours must cost one notification, not all that are to come.
            self._counters.lost += 1
            log.exception("a notification for the AgentX master failed")
            return
        if error:
            self._counters.lost += 1
            log.warning("the AgentX master does not send a notification on (error %d)", error)
        else:
            self._counters.sent += 1
