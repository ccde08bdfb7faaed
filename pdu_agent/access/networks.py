# SPDX-License-Identifier: Apache-2.0
"""Source networks: from where a credential is accepted."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from pdu_agent.model.errors import ConfigError

_REMEMBERED = 1024


class Networks:
    """A set of IPv4 and IPv6 networks, asked by address.

    Raises ConfigError for a text that is neither an address nor a network in CIDR form.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._networks: tuple[IPv4Network | IPv6Network, ...] = tuple(map(parse_network, texts))
        self._known: dict[str, bool] = {}

    def __bool__(self) -> bool:
        return bool(self._networks)

    def admit(self, host: str) -> bool:
        """Whether `host`, a numeric address as a socket gives it, is in one of the networks.

        Answers are remembered for a bounded number of addresses, since a source sends often.
        """
        found = self._known.get(host)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[host] = self._look_up(host)
        return found

    def _look_up(self, host: str) -> bool:
        address = ip_address(host.partition("%")[0])
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)


def parse_network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as exc:
        raise ConfigError(
            f"network {text!r}: expected an address or a network such as 192.0.2.0/24"
            f" or 2001:db8::/32 ({exc})"
        ) from None
