# SPDX-License-Identifier: Apache-2.0
"""Where a target is: numeric addresses, names, and names that nobody knows for a while."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest

from pdu_agent.model.clock import ManualClock
from pdu_agent.snmp.resolver import KEEP_S, Destination, Endpoint, look_up, numeric
from tests.peers import knows_localhost

pytestmark = pytest.mark.asyncio

FIRST = Endpoint(socket.AF_INET, ("192.0.2.1", 162))
SECOND = Endpoint(socket.AF_INET6, ("2001:db8::1", 162, 0, 0))
MOVED = Endpoint(socket.AF_INET, ("192.0.2.99", 162))


class Names:
    """A name server by hand: `found` is what it says next, None for no answer."""

    def __init__(self, *found: Endpoint) -> None:
        self.found: tuple[Endpoint, ...] | None = found
        self.questions: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> tuple[Endpoint, ...]:
        self.questions.append((host, port))
        if self.found is None:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return self.found


@pytest.mark.parametrize(
    ("host", "family"),
    [("192.0.2.7", socket.AF_INET), ("2001:db8::7", socket.AF_INET6), ("::1", socket.AF_INET6)],
)
async def test_a_numeric_address_is_never_asked_for(host: str, family: int) -> None:
    names = Names()
    destination = Destination(host, 1162, names, ManualClock().monotonic_s)
    destination.failed()
    endpoint = await destination.endpoint()
    assert endpoint.family == family
    assert endpoint.peer == (host, 1162)
    assert names.questions == []


@pytest.mark.parametrize("host", ["nms.example", "a..b", "x" * 64 + ".example"])
async def test_a_name_is_not_numeric(host: str) -> None:
    assert numeric(host, 162) is None


async def test_a_name_is_kept_for_minutes_and_then_looked_up_again() -> None:
    clock, names = ManualClock(), Names(FIRST)
    destination = Destination("nms.example", 162, names, clock.monotonic_s)
    assert names.questions == []
    assert await destination.endpoint() == await destination.endpoint() == FIRST
    names.found = (MOVED,)
    clock.advance(KEEP_S - 1)
    assert await destination.endpoint() == FIRST
    clock.advance(1)
    assert await destination.endpoint() == MOVED
    assert names.questions == [("nms.example", 162)] * 2


async def test_failing_addresses_are_tried_in_turn_before_the_name_is_asked_again() -> None:
    names = Names(SECOND, FIRST)
    destination = Destination("nms.example", 162, names, ManualClock().monotonic_s)
    assert await destination.endpoint() == SECOND
    destination.failed()
    assert await destination.endpoint() == FIRST
    destination.failed()
    assert await destination.endpoint() == SECOND
    assert len(names.questions) == 2


async def test_an_unknown_name_is_an_error_until_it_is_known() -> None:
    names = Names()
    names.found = None
    destination = Destination("nms.example", 162, names, ManualClock().monotonic_s)
    for _ in range(2):
        with pytest.raises(OSError, match="Temporary failure"):
            await destination.endpoint()
    names.found = (FIRST,)
    assert await destination.endpoint() == FIRST


async def test_while_the_name_server_is_down_the_old_address_is_used() -> None:
    clock, names = ManualClock(), Names(FIRST)
    destination = Destination("nms.example", 162, names, clock.monotonic_s)
    await destination.endpoint()
    names.found = None
    clock.advance(KEEP_S)
    assert await destination.endpoint() == await destination.endpoint() == FIRST
    assert len(names.questions) == 2  # and the name server is left alone for a while


@pytest.mark.skipif(not knows_localhost(), reason="no name is known here (no /etc/hosts)")
async def test_the_system_knows_localhost() -> None:
    async with asyncio.timeout(10):
        found = await look_up("localhost", 162)
    assert {endpoint.peer[0] for endpoint in found} & {"127.0.0.1", "::1"}
    _wait_for_threads()


@pytest.mark.parametrize("host", ["x" * 64 + ".example", "a..b"])
async def test_what_cannot_be_a_name_is_an_os_error(host: str) -> None:
    async with asyncio.timeout(20):
        with pytest.raises(OSError, match=r".+"):
            await look_up(host, 162)
    _wait_for_threads()


async def test_a_slow_look_up_holds_up_nothing_and_can_be_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answering = threading.Event()

    def slow(*_: object, **__: object) -> list[object]:
        answering.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    task = asyncio.get_running_loop().create_task(look_up("nms.example", 162))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    answering.set()
    _wait_for_threads()
    await asyncio.sleep(0)  # the answer that nobody wants any more is delivered


def _wait_for_threads() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("look up "):
            thread.join(5)
            assert not thread.is_alive()
