# SPDX-License-Identifier: Apache-2.0
"""One target's queue: order, bounds, and what becomes of a target that cannot be reached."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest

from pdu_agent.mib_impl.notifications import Notification, NotificationCounters
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.commands import NotificationClass
from pdu_agent.snmp.delivery import (
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    PACE_S,
    Delivery,
    Trouble,
)
from pdu_agent.snmp.notification_messages import Undelivered
from pdu_agent.snmp.notification_queue import QUEUE_LIMIT, STRANGERS_LIMIT
from pdu_agent.snmp.resolver import Destination, Endpoint
from tests.snmp.notices import notice

pytestmark = pytest.mark.asyncio


class Rig:
    """A delivery whose sender does what `outcomes` say, in order, and then succeeds.

    A name is looked up at "nms.example"; `endpoints` is what is found. Sleeping takes no time.
    """

    def __init__(self, host: str = "192.0.2.7") -> None:
        self.clock = ManualClock()
        self.counters = NotificationCounters()
        self.outcomes: list[Exception | asyncio.Event] = []
        self.sent: list[tuple[Notification, str]] = []
        self.slept_s: list[float] = []
        self.endpoints: tuple[Endpoint, ...] = ()
        destination = Destination(host, 162, self._look_up, self.clock.monotonic_s)
        trouble = Trouble("nms", self.clock.monotonic_s)
        self.delivery = Delivery("nms", self, destination, self.counters, trouble, self._sleep)

    async def send(self, notification: Notification, endpoint: Endpoint) -> bool:
        if self.outcomes:
            outcome = self.outcomes.pop(0)
            if isinstance(outcome, Exception):
                raise outcome
            await outcome.wait()
        self.sent.append((notification, endpoint.peer[0]))
        return False

    async def _look_up(self, host: str, port: int) -> tuple[Endpoint, ...]:
        assert (host, port) == ("nms.example", 162)
        if not self.endpoints:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return self.endpoints

    async def _sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self.clock.advance(seconds)
        await asyncio.sleep(0)

    @property
    def pauses_s(self) -> list[float]:
        return [seconds for seconds in self.slept_s if seconds != PACE_S]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.get_running_loop().create_task(self.delivery.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def drain(self) -> None:
        async with asyncio.timeout(5):
            await self.delivery.drained()


async def test_notifications_leave_in_order_and_not_all_at_once() -> None:
    rig = Rig()
    notices = [notice(number) for number in range(1, 50)]
    for made in notices:
        rig.delivery.put(made)
    async with rig.running():
        await rig.drain()
    assert [sent for sent, _ in rig.sent] == notices
    assert rig.slept_s == [PACE_S] * 49
    assert rig.counters.sent == 49


async def test_a_full_queue_drops_the_oldest_and_counts_it() -> None:
    rig = Rig()
    notices = [notice(number) for number in range(QUEUE_LIMIT + 7)]
    for made in notices:
        rig.delivery.put(made)
    assert rig.delivery.waiting == QUEUE_LIMIT
    assert rig.counters.dropped == 7
    async with rig.running():
        await rig.drain()
    assert [sent for sent, _ in rig.sent] == notices[7:]


async def test_strangers_do_not_push_out_what_the_unit_says() -> None:
    rig = Rig()
    rig.delivery.put(notice(1))
    knock = replace(notice(2), notification_class=NotificationClass.AUTHENTICATION)
    for _ in range(2 * QUEUE_LIMIT):
        rig.delivery.put(knock)
    rig.delivery.put(notice(3))
    assert rig.delivery.waiting == STRANGERS_LIMIT + 1
    assert rig.counters.dropped == 2 * QUEUE_LIMIT - (STRANGERS_LIMIT - 1)
    async with rig.running():
        await rig.drain()
    sent = [sent for sent, _ in rig.sent]
    assert (sent[0], sent[-1]) == (notice(1), notice(3))


async def test_a_lost_inform_is_counted_and_the_next_one_sent() -> None:
    rig = Rig()
    rig.outcomes = [Undelivered("no acknowledgement after 4 attempts")]
    rig.delivery.put(notice(1))
    rig.delivery.put(notice(2))
    async with rig.running():
        await rig.drain()
    assert [sent for sent, _ in rig.sent] == [notice(2)]
    assert (rig.counters.lost, rig.counters.sent) == (1, 1)


async def test_without_a_route_the_same_notification_is_tried_again_ever_more_slowly() -> None:
    rig = Rig()
    rig.outcomes = [OSError(errno.ENETUNREACH, "Network is unreachable")] * 9
    rig.delivery.put(notice(1))
    rig.delivery.put(notice(2))
    async with rig.running():
        await rig.drain()
    assert [sent for sent, _ in rig.sent] == [notice(1), notice(2)]
    assert rig.pauses_s == [FIRST_PAUSE_S * 2**n for n in range(6)] + [LONGEST_PAUSE_S] * 3
    assert (rig.counters.lost, rig.counters.sent) == (0, 2)


async def test_a_name_that_becomes_known_later_gets_what_has_been_waiting() -> None:
    rig = Rig("nms.example")
    rig.delivery.put(notice(1))
    async with rig.running():
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(rig.pauses_s) > 3
        assert rig.delivery.waiting == 1
        rig.delivery.put(notice(2))
        rig.endpoints = (Endpoint(socket.AF_INET, ("192.0.2.50", 162)),)
        await rig.drain()
    assert rig.sent == [(notice(1), "192.0.2.50"), (notice(2), "192.0.2.50")]


async def test_an_unreachable_address_of_a_name_gives_way_to_the_next() -> None:
    rig = Rig("nms.example")
    rig.endpoints = (
        Endpoint(socket.AF_INET6, ("2001:db8::1", 162, 0, 0)),
        Endpoint(socket.AF_INET, ("192.0.2.50", 162)),
    )
    rig.outcomes = [OSError(errno.ENETUNREACH, "Network is unreachable")]
    rig.delivery.put(notice())
    async with rig.running():
        await rig.drain()
    assert rig.sent == [(notice(), "192.0.2.50")]


async def test_what_is_too_large_is_given_up() -> None:
    rig = Rig()
    rig.outcomes = [OSError(errno.EMSGSIZE, "Message too long")]
    rig.delivery.put(notice(1))
    async with rig.running():
        await rig.drain()
    assert (rig.sent, rig.counters.lost, rig.pauses_s) == ([], 1, [])


async def test_a_defect_costs_one_notification_and_leaves_a_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rig = Rig()
    rig.outcomes = [KeyError("a defect")]
    rig.delivery.put(notice(1))
    rig.delivery.put(notice(2))
    async with rig.running():
        await rig.drain()
    assert [sent for sent, _ in rig.sent] == [notice(2)]
    assert rig.counters.lost == 1
    assert caplog.records[0].exc_info is not None


async def test_a_slow_target_holds_up_no_other() -> None:
    slow, quick = Rig(), Rig()
    acknowledged = asyncio.Event()
    slow.outcomes = [acknowledged]
    for rig in (slow, quick):
        rig.delivery.put(notice())
    async with slow.running(), quick.running():
        await quick.drain()
        assert slow.sent == []
        acknowledged.set()
        await slow.drain()
    assert len(slow.sent) == 1


async def test_trouble_is_told_once_and_so_is_its_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    rig = Rig()
    rig.outcomes = [OSError(errno.ENETUNREACH, "Network is unreachable")] * 5
    rig.delivery.put(notice())
    async with rig.running():
        await rig.drain()
    assert [record.getMessage() for record in caplog.records] == [
        "notification target nms: cannot send: Network is unreachable (failures so far: 1)",
        "notification target nms: reached again after 5 failures",
    ]


async def test_a_target_that_stays_dead_is_mentioned_every_few_minutes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rig = Rig()
    rig.outcomes = [OSError(errno.ENETUNREACH, "Network is unreachable")] * 65
    rig.delivery.put(notice())
    async with rig.running():
        await rig.drain()
    # an hour of trouble
    assert 10 <= len(caplog.records) <= 13
