# SPDX-License-Identifier: Apache-2.0
"""UDP sockets that answer from the address that they were asked at.

A socket bound to one address does that by itself. One that is bound to a wildcard would let
the routing table choose, and a manager drops an answer from an address it did not ask, so
there the destination of each datagram is learnt (RFC 3542 section 6, Linux ip(7)).
"""

from __future__ import annotations

import socket
from typing import Protocol

from pdu_agent.snmp.source import Source

MAX_DATAGRAM_OCTETS = 65_535

RECEIVE_BUFFER_OCTETS = 1 << 20
"""Bursts of several managers wait here; the system may grant less (net.core.rmem_max)."""

_IP_PKTINFO = 8  # linux/in.h; the socket module has no name for it
_IPV4_INFO_OCTETS = 12  # struct in_pktinfo: interface, local address, destination
_IPV6_INFO_OCTETS = 20  # struct in6_pktinfo: destination, interface
_WILDCARDS = ("0.0.0.0", "::")  # noqa: S104  # compared with, not bound to

Ancillary = list[tuple[int, int, bytes]]


class DatagramSocket(Protocol):
    """Not blocking: both ways raise BlockingIOError rather than wait, and other OSErrors."""

    def receive(self) -> tuple[bytes, Source, Ancillary]:
        """One datagram, its source, and what `send` needs to answer it."""
        ...

    def send(self, answer: bytes, source: Source, ancillary: Ancillary) -> None: ...


class OneAddress:
    """A socket that is bound to an address of its own."""

    def __init__(self, bound: socket.socket) -> None:
        self._receive = bound.recvfrom
        self._send = bound.sendto

    def receive(self) -> tuple[bytes, Source, Ancillary]:
        datagram, source = self._receive(MAX_DATAGRAM_OCTETS)
        return datagram, source, _NONE

    def send(self, answer: bytes, source: Source, _: Ancillary) -> None:
        self._send(answer, source)


class AnyAddress:
    """A socket that is bound to a wildcard."""

    def __init__(self, bound: socket.socket) -> None:
        self._socket = bound
        if bound.family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
            self._room = socket.CMSG_SPACE(_IPV6_INFO_OCTETS)
        else:
            bound.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
            self._room = socket.CMSG_SPACE(_IPV4_INFO_OCTETS)

    def receive(self) -> tuple[bytes, Source, Ancillary]:
        datagram, ancillary, _, source = self._socket.recvmsg(MAX_DATAGRAM_OCTETS, self._room)
        return datagram, source, [_reply_info(*item) for item in ancillary]

    def send(self, answer: bytes, source: Source, ancillary: Ancillary) -> None:
        self._socket.sendmsg([answer], ancillary, 0, source)


_NONE: Ancillary = []


def open_socket(family: int, address: Source) -> tuple[socket.socket, DatagramSocket]:
    """A bound UDP socket that does not block. Raises OSError."""
    bound = socket.socket(family, socket.SOCK_DGRAM)
    try:
        bound.setblocking(False)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_OCTETS)
        if family == socket.AF_INET6:
            # Otherwise [::] takes IPv4 too and collides with a configured 0.0.0.0.
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind(address)
        is_wildcard = bound.getsockname()[0] in _WILDCARDS
        return bound, AnyAddress(bound) if is_wildcard else OneAddress(bound)
    except OSError:
        bound.close()
        raise


def _reply_info(level: int, kind: int, info: bytes) -> tuple[int, int, bytes]:
    """The control message that makes an answer leave from where its request arrived.

    The interface is left to routing, but for link-local addresses, which need it.
    """
    if level == socket.IPPROTO_IPV6:
        destination, interface = info[:16], info[16:20]
        if destination[0] == 0xFF:  # multicast is no source
            return level, kind, bytes(_IPV6_INFO_OCTETS)
        is_link_local = destination[0] == 0xFE and destination[1] & 0xC0 == 0x80
        return level, kind, destination + (interface if is_link_local else bytes(4))
    # The local address, which for a broadcast is not its destination.
    return level, kind, bytes(4) + info[4:8] + bytes(4)
