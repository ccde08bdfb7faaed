# SPDX-License-Identifier: Apache-2.0
"""How often a source may ask, and how large an answer it may get before it is known.

The source of a datagram can be forged, so an answer must not be worth forging a request for,
and strangers must neither fill our memory nor take somebody else's share.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from pdu_agent.access.networks import Networks
from pdu_agent.snmp.envelope import MAX_V3_OCTETS
from pdu_agent.snmp.settings import SnmpSettings

MAX_UNPROVEN_OCTETS = 1472
"""Of an answer to somebody who may be anybody else: what Ethernet carries in one piece."""

MAX_TRUSTED_OCTETS = MAX_V3_OCTETS

_COMMUNITY_HEADERS = 32
"""All headers around the varbinds of an answer, at their longest, without the community."""

_IPV6_PREFIX_OCTETS = 8
_REMEMBERED = 2048


class _Bucket:
    """Requests that a source may still send at once."""

    __slots__ = ("filled_s", "tokens")

    def __init__(self, tokens: float, now_s: float) -> None:
        self.tokens = tokens
        self.filled_s = now_s


class Limits:
    """A token bucket for each IPv4 address and each IPv6 /64 network, which is what one
    subscriber gets. Sources of `trusted_networks` and `unlimited_networks` have none.

    A bounded number of sources is remembered. One that was forgotten begins anew with a full
    bucket, so many other sources never lock anybody out.
    """

    def __init__(
        self, settings: SnmpSettings, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._trusted = Networks(settings.trusted_networks)
        self._unlimited = Networks((*settings.trusted_networks, *settings.unlimited_networks))
        self._rate_per_s = settings.requests_per_s
        self._burst = float(settings.request_burst)
        self._monotonic_s = monotonic_s
        self._recent: dict[str | bytes, _Bucket] = {}
        self._older: dict[str | bytes, _Bucket] = {}

    def admit(self, host: str) -> bool:
        """Whether a request from there may be looked at; takes a token if so.

        host: a numeric address, as a socket gives it.
        """
        if self._unlimited.admit(host):
            return True
        now_s = self._monotonic_s()
        key = _network(host) if ":" in host else host
        bucket = self._recent.get(key) or self._remember(key, now_s)
        tokens = bucket.tokens + (now_s - bucket.filled_s) * self._rate_per_s
        bucket.filled_s = now_s
        if tokens > self._burst:
            tokens = self._burst
        if tokens < 1.0:
            bucket.tokens = tokens
            return False
        bucket.tokens = tokens - 1.0
        return True

    def unproven_octets(self, host: str) -> int:
        """Octets that the whole answer to a request from there may have that nothing proves to
        be from there: one with a community, or of a v3 user without authentication.
        """
        return MAX_TRUSTED_OCTETS if self._trusted.admit(host) else MAX_UNPROVEN_OCTETS

    def community_room(self, host: str, community: bytes) -> int:
        """Octets that the varbinds of an answer in v1 or v2c may have."""
        return self.unproven_octets(host) - _COMMUNITY_HEADERS - len(community)

    def _remember(self, key: str | bytes, now_s: float) -> _Bucket:
        """In two generations: who asks again is carried over, who does not is forgotten."""
        if len(self._recent) >= _REMEMBERED:
            self._older, self._recent = self._recent, {}
        bucket = self._older.pop(key, None) or _Bucket(self._burst, now_s)
        self._recent[key] = bucket
        return bucket


def _network(host: str) -> bytes:
    """The /64 that an IPv6 address is in; a zone does not count."""
    return socket.inet_pton(socket.AF_INET6, host.partition("%")[0])[:_IPV6_PREFIX_OCTETS]
