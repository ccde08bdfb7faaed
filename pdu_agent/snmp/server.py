# SPDX-License-Identifier: Apache-2.0
"""The UDP sockets in front of the engine."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Any

from pdu_agent.model.errors import ConfigError
from pdu_agent.snmp.engine import Source, format_address
from pdu_agent.snmp.settings import parse_listen

Answer = Callable[[bytes, Source], bytes | None]
"""A datagram and its source in, the answer or None out. Never raises."""


class _Socket(asyncio.DatagramProtocol):
    """Answers each datagram on the spot, in the loop callback that brought it."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        answer = self._answer(data, addr)
        if answer is not None and self._transport is not None:
            self._transport.sendto(answer, addr)

    # error_received stays the base's: a refused or unreachable peer is the peer's affair.


class SnmpServer:
    """Listens on every configured address; `answer` is normally `Engine.process`."""

    def __init__(self, listen: tuple[str, ...], answer: Answer) -> None:
        self._listen = listen
        self._answer = answer
        self._transports: list[asyncio.DatagramTransport] = []

    @property
    def addresses(self) -> tuple[str, ...]:
        """The bound addresses as "host:port", with the port that the system chose for 0."""
        return tuple(
            format_address(transport.get_extra_info("sockname")) for transport in self._transports
        )

    async def start(self) -> None:
        """Bind all addresses, or none: raises ConfigError that names the one that failed."""
        loop = asyncio.get_running_loop()
        for text in self._listen:
            try:
                bound = await _bind(*parse_listen(text))
                transport, _ = await loop.create_datagram_endpoint(
                    lambda: _Socket(self._answer), sock=bound
                )
            except OSError as exc:
                await self.stop()
                raise ConfigError(_bind_advice(text, exc)) from exc
            self._transports.append(transport)

    async def stop(self) -> None:
        """Close every socket; requests that were received have been answered."""
        for transport in self._transports:
            transport.close()
        self._transports.clear()
        await asyncio.sleep(0)  # the transports release their sockets in the loop's next turn


async def _bind(host: str, port: int) -> socket.socket:
    """A UDP socket bound there; raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    family, kind, protocol, _, address = found[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setblocking(False)
        if family == socket.AF_INET6:
            # Otherwise [::] takes IPv4 too and collides with a configured 0.0.0.0.
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound


def _bind_advice(text: str, exc: OSError) -> str:
    host, port = parse_listen(text)
    reason = exc.strerror or str(exc)
    if exc.errno == errno.EADDRINUSE:
        reason = "another program has this port; stop it (ss -ulpn shows it) or choose another"
    elif exc.errno in (errno.EACCES, errno.EPERM) and port < 1024:
        reason = (
            "ports below 1024 need the CAP_NET_BIND_SERVICE capability, which"
            " etc/openpdu.service grants; or choose a higher port"
        )
    elif exc.errno == errno.EADDRNOTAVAIL:
        reason = f"this machine has no address {host}"
    return f"snmp listen {text}: {reason}"
