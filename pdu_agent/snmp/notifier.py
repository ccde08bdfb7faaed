# SPDX-License-Identifier: Apache-2.0
"""From what happens in the core to what the targets are told."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Sequence
from typing import Protocol

from pdu_agent.mib_impl.notifications import Notification, Notifications
from pdu_agent.model.commands import Controller
from pdu_agent.model.events import AgentStarted, Event, EventBus, Subscription
from pdu_agent.model.host import Queue
from pdu_agent.snmp.auth_failures import AuthFailureLimit
from pdu_agent.snmp.notification_queue import QUEUE_LIMIT
from pdu_agent.snmp.notification_sockets import NotificationSockets

log = logging.getLogger(__name__)

EVENT_LIMIT = 1024
"""Events between two turns of the loop: more than a unit of 64 outlets makes when it starts."""
LAST_WORDS_S = 1.0
"""What stopping waits for notifications that are still on their way."""


class Outbox(Protocol):
    """One way out, with a bounded queue. waiting: what is neither sent nor given up."""

    name: str

    @property
    def waiting(self) -> int: ...

    def put(self, notification: Notification) -> None:
        """Take one for sending, unless it is none for this way."""
        ...

    async def drained(self) -> None:
        """Returns when nothing is waiting."""
        ...

    async def run(self) -> None:
        """Deliver until cancelled."""
        ...


class Notifier:
    """Translates each event once and gives it to the delivery of every target. Loop only."""

    def __init__(
        self,
        controller: Controller,
        events: EventBus,
        notifications: Notifications,
        deliveries: Sequence[Outbox],
        sockets: NotificationSockets,
        auth_failures: AuthFailureLimit,
    ) -> None:
        self._controller = controller
        self._events = events
        self._notifications = notifications
        self._deliveries = deliveries
        self._sockets = sockets
        self._auth_failures = auth_failures
        self._tasks: list[asyncio.Task[None]] = []
        self._translation_due = False
        self._subscription: Subscription | None = None

    def start(self, earlier: Sequence[Event] = ()) -> None:
        """Begin to deliver, first what tells of `earlier` events.

        Of these the start of the agent comes first: what else happened before, managers
        would take for the end of the run before.
        """
        if not self._deliveries:
            return
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(delivery.run(), name=f"notify {delivery.name}")
            for delivery in self._deliveries
        ]
        self._subscription = self._events.subscribe(EVENT_LIMIT, self._wake)
        self._translate(sorted(earlier, key=lambda event: not isinstance(event, AgentStarted)))

    def authentication_failed(self, host: str) -> None:
        """A request with a wrong community or a wrong digest came from this numeric address."""
        if self._auth_failures.admits(host):
            self._put(self._notifications.authentication_failure(self._controller.snapshot))

    def queues(self) -> list[Queue]:
        """What waits for each target."""
        return [
            Queue(f"notifications {each.name}", each.waiting, QUEUE_LIMIT)
            for each in self._deliveries
        ]

    async def stop(self) -> None:
        """Send what is waiting, for a second at most, and close the sockets."""
        if self._subscription is not None:
            self._events.unsubscribe(self._subscription)
            self._translate(self._subscription.drain())
            self._subscription = None
        with contextlib.suppress(TimeoutError):
            # A target that has not answered so far is not worth a slow shutdown.
            async with asyncio.timeout(LAST_WORDS_S):
                await asyncio.gather(*(delivery.drained() for delivery in self._deliveries))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._sockets.close()
        self._mention_losses()

    def _wake(self) -> None:
        # Called in the middle of the core's own work, whose outcome the snapshot is to show.
        if not self._translation_due:
            self._translation_due = True
            asyncio.get_running_loop().call_soon(self._translate_new)

    def _translate_new(self) -> None:
        self._translation_due = False
        if self._subscription is not None:
            self._translate(self._subscription.drain())

    def _translate(self, events: Sequence[Event]) -> None:
        if not events:
            return
        snapshot = self._controller.snapshot
        for event in events:
            try:
                self._put(self._notifications.of(event, snapshot))
            except Exception:
                # A defect of ours must cost one event, not those behind it.
                log.exception("nobody is notified of %r", event)

    def _put(self, notifications: Iterable[Notification]) -> None:
        for notification in notifications:
            for delivery in self._deliveries:
                delivery.put(notification)

    def _mention_losses(self) -> None:
        for delivery in self._deliveries:
            if delivery.waiting:
                log.warning(
                    "notification target %s: %d notifications were not delivered",
                    delivery.name,
                    delivery.waiting,
                )
