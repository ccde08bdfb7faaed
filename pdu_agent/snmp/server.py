# SPDX-License-Identifier: Apache-2.0
"""The UDP sockets in front of the engine, drained in the asyncio loop.

A socket that is flooded is read for one short turn at a time: the loop also carries readings,
relay results and timers, and they must not wait for a manager.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import time
from collections.abc import Callable

from pdu_agent.access.complaints import Complaints
from pdu_agent.model.errors import ConfigError
from pdu_agent.snmp.settings import parse_listen
from pdu_agent.snmp.sockets import Ancillary, DatagramSocket, open_socket
from pdu_agent.snmp.source import Source, format_address

log = logging.getLogger(__name__)

Answer = Callable[[bytes, Source], bytes | None]
"""A datagram and its source in, the answer or None out. Raises no OSError."""

TURN_DATAGRAMS = 64
TURN_S = 0.002
"""What all sockets together may take before the rest of the loop has its turn; one request
more, if that is a long one."""


class SnmpServer:
    """Listens on every configured address; `answer` is normally `Engine.process`.

    failures: datagrams that `answer` raised for, or that could not be received. unsent: answers
    that the system did not take.
    """

    def __init__(
        self,
        listen: tuple[str, ...],
        answer: Answer,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._listen = listen
        self._answer = answer
        self._monotonic_s = monotonic_s
        self._sockets: list[socket.socket] = []
        self._failed = Complaints(log, "SNMP datagrams failed", monotonic_s)
        self._not_sent = Complaints(log, "SNMP answers could not be sent", monotonic_s)
        self.failures = 0
        self.unsent = 0

    @property
    def addresses(self) -> tuple[str, ...]:
        """The bound addresses as "host:port", with the port that the system chose for 0."""
        return tuple(format_address(bound.getsockname()) for bound in self._sockets)

    async def start(self) -> None:
        """Bind all addresses, or none: raises ConfigError that names the one that failed."""
        loop = asyncio.get_running_loop()
        for text in self._listen:
            try:
                bound, port = await _bind(*parse_listen(text))
            except OSError as exc:
                await self.stop()
                raise ConfigError(_bind_advice(text, exc)) from exc
            self._sockets.append(bound)
            loop.add_reader(bound, self._drain, port)

    async def stop(self) -> None:
        """Close every socket; what was not read yet is lost."""
        loop = asyncio.get_running_loop()
        for bound in self._sockets:
            loop.remove_reader(bound)
            bound.close()
        self._sockets.clear()

    def _drain(self, port: DatagramSocket) -> None:
        """Answer what has arrived, for one turn; what is left calls again in the next."""
        end_s = self._monotonic_s() + TURN_S / len(self._sockets)
        for _ in range(TURN_DATAGRAMS):
            try:
                datagram, source, ancillary = port.receive()
            except BlockingIOError:
                return
            except OSError as exc:
                self.failures += 1
                self._failed.add("the system", str(exc))
                return
            self._serve(port, datagram, source, ancillary)
            if self._monotonic_s() >= end_s:
                return

    def _serve(
        self, port: DatagramSocket, datagram: bytes, source: Source, ancillary: Ancillary
    ) -> None:
        """Whatever a stranger sends, and wherever it says it came from, the next is served."""
        try:
            answer = self._answer(datagram, source)
            if answer is not None:
                port.send(answer, source, ancillary)
        except OSError as exc:
            self.unsent += 1
            self._not_sent.add(format_address(source), str(exc))
        except Exception as exc:
            self.failures += 1
            self._failed.add(format_address(source), repr(exc), exc_info=True)


async def _bind(host: str, port: int) -> tuple[socket.socket, DatagramSocket]:
    """Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    family, _, _, _, address = found[0]
    return open_socket(family, address)


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
