# SPDX-License-Identifier: Apache-2.0
"""The sockets that notifications leave by, apart from those that answer requests.

A flood of requests fills the listening sockets' buffers; these hold nothing but answers to
informs, and their ports are chosen by the system, so that a forger has to guess them.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pdu_agent.snmp.envelope import MAX_V3_OCTETS
from pdu_agent.snmp.resolver import Endpoint

T = TypeVar("T")
READS_PER_TURN = 32
"""Datagrams taken in one turn of the loop, so that a flood leaves time for the others."""


@dataclass(eq=False, slots=True)
class _Waiter(Generic[T]):
    """Someone who has sent a datagram and knows the answer when it comes."""

    peer: tuple[str, int]
    accept: Callable[[bytes], T | None]
    answer: asyncio.Future[T]

    def takes(self, datagram: bytes, peer: tuple[str, int]) -> bool:
        if peer != self.peer or self.answer.done():
            return False
        found = self.accept(datagram)
        if found is None:
            return False
        self.answer.set_result(found)
        return True


class NotificationSockets:
    """One UDP socket per address family, made when it is first needed.

    on_ignored: called with (source, reason) for each datagram that nobody waits for.
    """

    def __init__(self, on_ignored: Callable[[str, str], None]) -> None:
        self._on_ignored = on_ignored
        self._sockets: dict[int, socket.socket] = {}
        self._waiters: list[_Waiter[Any]] = []

    def send(self, datagram: bytes, endpoint: Endpoint) -> None:
        """Hand a datagram to the kernel at once. Raises OSError when it does not take it."""
        self._socket(endpoint.family).sendto(datagram, endpoint.address)

    async def exchange(
        self,
        datagram: bytes,
        endpoint: Endpoint,
        timeout_s: float,
        accept: Callable[[bytes], T | None],
    ) -> T | None:
        """Send, and wait for the datagram that `accept` makes something of; None if none came.

        accept: called with what comes from the endpoint; never raises. Raises OSError when
        the datagram cannot be sent. Returns within timeout_s.
        """
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        waiter = _Waiter(endpoint.peer, accept, answer)
        self._waiters.append(waiter)
        try:
            self.send(datagram, endpoint)
            async with asyncio.timeout(timeout_s):
                return await answer
        except TimeoutError:
            return None
        finally:
            self._waiters.remove(waiter)

    def close(self) -> None:
        loop = asyncio.get_running_loop()
        for opened in self._sockets.values():
            loop.remove_reader(opened)
            opened.close()
        self._sockets.clear()

    def _socket(self, family: int) -> socket.socket:
        opened = self._sockets.get(family)
        if opened is None:
            opened = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            self._sockets[family] = opened
            asyncio.get_running_loop().add_reader(opened, self._receive, opened)
        return opened

    def _receive(self, opened: socket.socket) -> None:
        for _ in range(READS_PER_TURN):
            try:
                datagram, source = opened.recvfrom(MAX_V3_OCTETS + 1)
            except OSError:  # nothing there, or what ICMP says of an earlier datagram
                return
            peer = (str(source[0]), int(source[1]))
            if not any(waiter.takes(datagram, peer) for waiter in self._waiters):
                self._on_ignored(f"{peer[0]} port {peer[1]}", "nobody waits for it")


NO_IPV4 = bytes(4)


def own_ipv4(endpoint: Endpoint) -> bytes:
    """The four octets of the address that the endpoint sees us by, NO_IPV4 where it sees none.

    Sends nothing: connecting a UDP socket only asks the routing table.
    """
    if endpoint.family != socket.AF_INET:
        return NO_IPV4
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(endpoint.address)
        except OSError:
            return NO_IPV4
        return socket.inet_aton(probe.getsockname()[0])
