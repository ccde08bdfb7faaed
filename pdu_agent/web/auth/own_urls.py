# SPDX-License-Identifier: Apache-2.0
"""By which addresses and names others reach this machine."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from ipaddress import ip_address

_ELSEWHERE = {4: "192.0.2.1", 6: "2001:db8::1"}
"""For documentation (RFC 5737, RFC 3849): nothing is ever sent there, only a route looked up."""


def own_names(listen_host: str, names: Iterable[str]) -> list[str]:
    """What a browser may call this machine: names, then addresses. Blocks for a moment."""
    found = [*names]
    if is_everywhere(listen_host):
        host = socket.gethostname()
        found += [host, *own_addresses(), *([] if "." in host else [f"{host}.local"])]
    else:
        found.append(listen_host)
    return list(dict.fromkeys(name for name in found if name))


def is_everywhere(listen_host: str) -> bool:
    """Does a socket that listens there take what comes to any address?"""
    try:
        return ip_address(listen_host).is_unspecified
    except ValueError:
        return False


def own_addresses() -> list[str]:
    """Those from which this machine would speak to others."""
    families = {4: socket.AF_INET, 6: socket.AF_INET6}
    found = []
    for version, elsewhere in _ELSEWHERE.items():
        try:
            with socket.socket(families[version], socket.SOCK_DGRAM) as probe:
                probe.connect((elsewhere, 9))
                found.append(str(probe.getsockname()[0]))
        except OSError:
            continue
    return found


def urls(names: Iterable[str], port: int, scheme: str) -> list[str]:
    return [f"{scheme}://{f'[{name}]' if ':' in name else name}:{port}" for name in names]
