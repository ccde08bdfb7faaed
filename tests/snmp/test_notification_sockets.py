# SPDX-License-Identifier: Apache-2.0
"""The sending sockets: answers are taken from the target only, the rest is counted."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
import pytest_asyncio

from pdu_agent.snmp.notification_sockets import NO_IPV4, NotificationSockets, own_ipv4
from pdu_agent.snmp.resolver import Endpoint, numeric

pytestmark = pytest.mark.asyncio


class Rig:
    def __init__(self) -> None:
        self.ignored: list[tuple[str, str]] = []
        self._more = asyncio.Event()
        self.sockets = NotificationSockets(self._on_ignored)

    def _on_ignored(self, source: str, reason: str) -> None:
        self.ignored.append((source, reason))
        self._more.set()

    async def ignores(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.ignored) < count:
                self._more.clear()
                await self._more.wait()
        assert len(self.ignored) == count


@pytest_asyncio.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig()
    yield made
    made.sockets.close()


@contextmanager
def peer(host: str = "127.0.0.1") -> Iterator[tuple[socket.socket, Endpoint]]:
    """A socket, and where it is."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as opened:
        opened.bind((host, 0))
        opened.setblocking(False)
        endpoint = numeric(host, opened.getsockname()[1])
        assert endpoint is not None
        yield opened, endpoint


async def heard(opened: socket.socket) -> tuple[bytes, tuple[str, int]]:
    async with asyncio.timeout(5):
        return await asyncio.get_running_loop().sock_recvfrom(opened, 100)


def ours(datagram: bytes) -> bytes | None:
    return datagram if datagram.startswith(b"to us") else None


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_an_answer_of_the_target_ends_the_exchange(rig: Rig, host: str) -> None:
    with peer(host) as (target, endpoint):
        waiting = asyncio.ensure_future(rig.sockets.exchange(b"?", endpoint, 5, ours))
        question, source = await heard(target)
        assert question == b"?"
        target.sendto(b"to somebody else", source)
        target.sendto(b"to us: 1", source)
        assert await waiting == b"to us: 1"
        target.sendto(b"to us: 1", source)
        await rig.ignores(2)


async def test_an_answer_from_anybody_else_is_ignored_and_counted(rig: Rig) -> None:
    with peer() as (target, endpoint), peer() as (stranger, elsewhere):
        waiting = asyncio.ensure_future(rig.sockets.exchange(b"?", endpoint, 5, ours))
        _, source = await heard(target)
        stranger.sendto(b"to us: forged", source)
        await rig.ignores(1)
        assert not waiting.done()
        target.sendto(b"to us: genuine", source)
        assert await waiting == b"to us: genuine"
    assert rig.ignored == [(f"127.0.0.1 port {elsewhere.peer[1]}", "nobody waits for it")]


async def test_without_an_answer_the_exchange_ends_after_its_time(rig: Rig) -> None:
    with peer() as (target, endpoint):
        assert await rig.sockets.exchange(b"?", endpoint, 0.05, ours) is None
        _, source = await heard(target)
        target.sendto(b"to us: too late", source)
        await rig.ignores(1)


async def test_two_exchanges_with_one_receiver_each_get_their_own(rig: Rig) -> None:
    def second(datagram: bytes) -> bytes | None:
        return datagram if datagram == b"to you" else None

    with peer() as (target, endpoint):
        both = asyncio.gather(
            rig.sockets.exchange(b"1", endpoint, 5, ours),
            rig.sockets.exchange(b"2", endpoint, 5, second),
        )
        for _ in range(2):
            _, source = await heard(target)
        target.sendto(b"to you", source)
        target.sendto(b"to us", source)
        assert await both == [b"to us", b"to you"]
    assert rig.ignored == []


async def test_what_the_kernel_refuses_is_raised_at_once(rig: Rig) -> None:
    with peer() as (_, endpoint), pytest.raises(OSError, match=r".+"):
        rig.sockets.send(b"x" * 70_000, endpoint)
    broadcast = Endpoint(socket.AF_INET, ("255.255.255.255", 162))
    with pytest.raises(PermissionError):
        await rig.sockets.exchange(b"?", broadcast, 5, ours)


async def test_traps_and_informs_of_a_family_share_a_socket(rig: Rig) -> None:
    with peer() as (target, endpoint):
        sources = set()
        for _ in range(3):
            rig.sockets.send(b"trap", endpoint)
            sources.add((await heard(target))[1])
    assert len(sources) == 1


async def test_own_ipv4_is_the_address_that_the_target_sees() -> None:
    assert own_ipv4(Endpoint(socket.AF_INET, ("127.0.0.1", 162))) == bytes((127, 0, 0, 1))
    assert own_ipv4(Endpoint(socket.AF_INET6, ("::1", 162, 0, 0))) == NO_IPV4
    assert own_ipv4(Endpoint(socket.AF_INET, ("255.255.255.255", 162))) == NO_IPV4
