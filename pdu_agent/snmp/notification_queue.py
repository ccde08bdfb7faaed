# SPDX-License-Identifier: Apache-2.0
"""Notifications for one receiver, in the order they were put: bounded, and handled one by one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Container

from pdu_agent.mib_impl.notifications import Notification, NotificationCounters
from pdu_agent.model.commands import NotificationClass

QUEUE_LIMIT = 256
STRANGERS_LIMIT = QUEUE_LIMIT // 2
"""What strangers can cause is queued no further than here: while a receiver is away they must
not push out what the unit has to say."""


class NotificationQueue:
    """modules: of which MIB modules notifications are taken, None: of all. Loop only."""

    def __init__(self, modules: Container[str] | None, counters: NotificationCounters) -> None:
        self._modules = modules
        self._counters = counters
        self._queue: deque[Notification] = deque()
        self._in_hand = 0
        self._filled = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def waiting(self) -> int:
        """Notifications that were put and are not handled yet."""
        return len(self._queue) + self._in_hand

    def put(self, notification: Notification) -> bool:
        """Take one, unless it is of another module; whether there was room without dropping
        the oldest.
        """
        if self._modules is not None and notification.module not in self._modules:
            return True
        is_strangers = notification.notification_class is NotificationClass.AUTHENTICATION
        if is_strangers and len(self._queue) >= STRANGERS_LIMIT:
            self._counters.dropped += 1
            return True
        has_room = len(self._queue) < QUEUE_LIMIT
        if not has_room:
            self._queue.popleft()
            self._counters.dropped += 1
        self._queue.append(notification)
        self._filled.set()
        self._idle.clear()
        return has_room

    async def drained(self) -> None:
        """Returns when nothing is waiting or in hand."""
        await self._idle.wait()

    async def run(
        self,
        handle: Callable[[Notification], Awaitable[None]],
        pause: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Handle one after the other until cancelled, with a pause after each one.

        handle: raises nothing; until it returns the notification counts as waiting.
        """
        while True:
            await self._filled.wait()
            while self._queue:
                self._in_hand = 1
                await handle(self._queue.popleft())
                self._in_hand = 0
                if pause is not None:
                    await pause()
            self._filled.clear()
            self._idle.set()
