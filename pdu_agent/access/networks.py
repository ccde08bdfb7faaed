# SPDX-License-Identifier: Apache-2.0
"""Source networks: from where a credential is accepted."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from pdu_agent.model.errors import ConfigError

_REMEMBERED = 1024
_MAPPED = IPv6Network("::ffff:0:0/96")  # RFC 4291 section 2.5.5.2

NETWORK_EXPECTED = (
    "an address, or a network such as 192.0.2.0/24 or 2001:db8::/32 with nothing but zeros"
    " after the prefix"
)


class Networks:
    """A set of IPv4 and IPv6 networks, asked by address.

    An IPv4 address is the same whether a socket shows it as such or mapped into IPv6
    (::ffff:192.0.2.1), so ::/0 holds no IPv4 address. Zones of link-local addresses do not
    count. Raises ConfigError for a text that is neither an address nor a network in CIDR form.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._networks: tuple[IPv4Network | IPv6Network, ...] = tuple(map(parse_network, texts))
        self._known: dict[str, bool] = {}

    def __bool__(self) -> bool:
        return bool(self._networks)

    def admit(self, host: str) -> bool:
        """Whether `host`, a numeric address as a socket gives it, is in one of the networks.

        False for what is no numeric address. Answers are remembered for a bounded number of
        hosts, since a source sends often.
        """
        found = self._known.get(host)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[host] = self._look_up(host)
        return found

    def _look_up(self, host: str) -> bool:
        try:
            address = _plain(ip_address(host.partition("%")[0]))
        except ValueError:
            return False
        return any(address in network for network in self._networks)


def parse_network(text: str) -> IPv4Network | IPv6Network:
    """The network of a text in CIDR form, or of a single address. Raises ConfigError."""
    try:
        # A zone would be ignored, and the network be wider than it looks.
        network = ip_network("" if "%" in text else text)
    except ValueError:
        raise ConfigError(f"network {text!r}: expected {NETWORK_EXPECTED}") from None
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        first = _plain(network.network_address)
        return ip_network((int(first), network.prefixlen - _MAPPED.prefixlen))
    return network


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped
