# SPDX-License-Identifier: Apache-2.0
"""Wrong tries: each source that makes many has to wait, longer every time."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from pdu_agent.model.clock import Clock

FREE_TRIES = 5
FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 900.0
FORGOTTEN_S = 3600.0
"""After the last wrong try and its wait."""
MAX_SOURCES = 1024
_PREFIX_BITS = 64
"""Of IPv6: a host has as many addresses below it as it likes (RFC 4291 section 2.5.4)."""


@dataclass(slots=True)
class _Tries:
    wrong: int = 0
    until_s: float = 0.0


class Lockout:
    """By source address. A right try in between forgives nothing: whoever has an account could
    else go on guessing at another one.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tries: dict[str, _Tries] = {}

    def wait_s(self, address: str) -> float:
        """Seconds until a try from there is looked at; 0 for now."""
        tries = self._tries.get(source_of(address))
        return max(0.0, tries.until_s - self._clock.monotonic_s()) if tries is not None else 0.0

    def wrong(self, address: str) -> float:
        """A wrong try was made; the seconds to wait from now on."""
        now_s, source = self._clock.monotonic_s(), source_of(address)
        tries = self._tries.pop(source, None)
        if tries is None or now_s - tries.until_s > FORGOTTEN_S:
            tries = _Tries()
        tries.wrong += 1
        surplus = min(tries.wrong - FREE_TRIES, 16)
        wait_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**surplus) if surplus >= 0 else 0.0
        tries.until_s = now_s + wait_s
        if len(self._tries) >= MAX_SOURCES:
            self._forget_one(now_s)
        self._tries[source] = tries
        return wait_s

    def _forget_one(self, now_s: float) -> None:
        """The oldest of those that wait for nothing; where all do, the one that is done first."""
        free = (source for source, each in self._tries.items() if each.until_s <= now_s)
        soonest = min(self._tries, key=lambda source: self._tries[source].until_s)
        del self._tries[next(free, soonest)]


def source_of(address: str) -> str:
    """What counts as one source: an IPv4 address, or 64 bits of an IPv6 one."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    prefix = int(parsed) >> (128 - _PREFIX_BITS) << (128 - _PREFIX_BITS)
    return str(IPv6Address(prefix))
