# SPDX-License-Identifier: Apache-2.0
"""From events of the core to the queue of each target."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest
import pytest_asyncio

from pdu_agent.mib_impl.notifications import Notification, Notifications
from pdu_agent.mib_impl.snmpv2 import SNMP_TRAPS
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.commands import NotificationClass
from pdu_agent.model.events import AgentStarted, CommandFailed, EventBus, OutletChanged
from pdu_agent.model.snapshot import ChangeReason, OutletState
from pdu_agent.snmp import notifier as module
from pdu_agent.snmp.auth_failures import AuthFailureLimit
from pdu_agent.snmp.notification_sockets import NotificationSockets
from pdu_agent.snmp.notifier import Notifier
from tests.mib.unit import FakeController, modules, unit
from tests.snmp.notices import OUTLET_STATE_CHANGE

pytestmark = pytest.mark.asyncio

WARM_START = (*SNMP_TRAPS, 2)
AUTHENTICATION_FAILURE = (*SNMP_TRAPS, 5)
STARTED = AgentStarted(0.0, 7, ())


def switched(outlet: int) -> OutletChanged:
    return OutletChanged(
        0.0, outlet, OutletState.ON, OutletState.OFF, ChangeReason.SNMP, actor=None
    )


@dataclass
class Queue:
    """Stands in for a target's delivery. Nothing is ever sent until `free` is set."""

    name: str
    put_here: list[Notification] = field(default_factory=list)
    free: asyncio.Event = field(default_factory=asyncio.Event)
    running: bool = False

    @property
    def waiting(self) -> int:
        return 0 if self.free.is_set() else len(self.put_here)

    @property
    def oids(self) -> list[tuple[int, ...]]:
        return [notification.oid for notification in self.put_here]

    def put(self, notification: Notification) -> None:
        self.put_here.append(notification)

    async def run(self) -> None:
        self.running = True
        try:
            await asyncio.Event().wait()
        finally:
            self.running = False

    async def drained(self) -> None:
        await self.free.wait()


class Rig:
    def __init__(self, targets: int = 2) -> None:
        self.clock = ManualClock()
        self.controller = FakeController(replace(unit(4), notifying=frozenset(NotificationClass)))
        self.events = EventBus()
        self.queues = [Queue(f"nms {number}") for number in range(targets)]
        self.notifier = Notifier(
            self.controller,
            self.events,
            Notifications(modules(), self.controller.uptime_s),
            self.queues,  # type: ignore[arg-type]
            NotificationSockets(lambda *_: None),
            AuthFailureLimit(self.clock.monotonic_s),
        )


@pytest_asyncio.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig()
    yield made
    for queue in made.queues:
        queue.free.set()
    await made.notifier.stop()


async def turn() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_every_target_gets_every_notification_once_and_in_order(rig: Rig) -> None:
    rig.notifier.start()
    rig.events.publish(switched(1))
    rig.events.publish(switched(2))
    await turn()
    first, second = rig.queues
    assert first.oids == second.oids == [OUTLET_STATE_CHANGE] * 2
    assert [made.varbinds[0][0][-1] for made in first.put_here] == [1, 2]


async def test_what_happened_before_comes_first_and_of_this_the_start(rig: Rig) -> None:
    rig.notifier.start([switched(1), STARTED])
    rig.events.publish(switched(2))
    await turn()
    oids = rig.queues[0].oids
    assert oids[0] == WARM_START
    assert oids.count(OUTLET_STATE_CHANGE) == 2


async def test_a_class_that_is_off_is_not_told(rig: Rig) -> None:
    rig.controller.snapshot = replace(
        rig.controller.snapshot, notifying=frozenset({NotificationClass.START})
    )
    rig.notifier.start([STARTED])
    rig.events.publish(switched(1))
    rig.notifier.authentication_failed("192.0.2.1")
    await turn()
    assert OUTLET_STATE_CHANGE not in rig.queues[0].oids
    assert AUTHENTICATION_FAILURE not in rig.queues[0].oids
    assert WARM_START in rig.queues[0].oids


async def test_authentication_failures_are_told_now_and_then(rig: Rig) -> None:
    rig.notifier.start()
    for _ in range(50):
        rig.notifier.authentication_failed("192.0.2.1")
        rig.clock.advance(0.5)
    assert rig.queues[0].oids == [AUTHENTICATION_FAILURE] * 3


async def test_an_event_that_cannot_be_translated_costs_no_other(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.notifier.start()
    rig.events.publish(CommandFailed(0.0, 99, "no such outlet"))
    rig.events.publish(switched(1))
    await turn()
    assert rig.queues[0].oids == [OUTLET_STATE_CHANGE]
    assert "CommandFailed" in caplog.text


async def test_without_targets_nothing_is_translated() -> None:
    rig = Rig(targets=0)
    rig.notifier.start([STARTED])
    rig.events.publish(switched(1))
    await rig.notifier.stop()
    assert rig.events._subscriptions == []


async def test_stopping_sends_what_is_waiting_and_leaves_nothing_behind(rig: Rig) -> None:
    rig.notifier.start()
    await turn()
    rig.events.publish(switched(1))
    stopping = asyncio.ensure_future(rig.notifier.stop())
    await turn()
    assert rig.queues[0].oids == [OUTLET_STATE_CHANGE]
    assert rig.queues[0].running
    for queue in rig.queues:
        queue.free.set()
    await stopping
    assert not any(queue.running for queue in rig.queues)
    assert rig.events._subscriptions == []


async def test_stopping_does_not_wait_for_a_dead_target(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert module.LAST_WORDS_S <= 1
    monkeypatch.setattr(module, "LAST_WORDS_S", 0.02)
    rig.notifier.start()
    rig.events.publish(switched(1))
    async with asyncio.timeout(5):
        await rig.notifier.stop()
    assert "notification target nms 0: 1 notifications were not delivered" in caplog.text
