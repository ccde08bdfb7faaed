# SPDX-License-Identifier: Apache-2.0
"""Notifications that a master sends on, kept while it is away."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Container

from pdu_agent.mib_impl.notifications import Notification, NotificationCounters
from pdu_agent.snmp.notification_queue import NotificationQueue

log = logging.getLogger(__name__)

Send = Callable[[Notification], Awaitable[int]]
"""Returns res.error of the master's answer, after as long as it takes (Subagent.send)."""


class MasterNotices:
    """An Outbox of the notifier, see there. modules: the MIB modules whose notifications the
    master is given.
    """

    name = "AgentX master"

    def __init__(self, send: Send, modules: Container[str], counters: NotificationCounters) -> None:
        self._send = send
        self._counters = counters
        self._queue = NotificationQueue(modules, counters)

    @property
    def waiting(self) -> int:
        return self._queue.waiting

    def put(self, notification: Notification) -> None:
        self._queue.put(notification)

    async def drained(self) -> None:
        await self._queue.drained()

    async def run(self) -> None:
        await self._queue.run(self._deliver)

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
