# SPDX-License-Identifier: Apache-2.0
"""Where a datagram came from."""

from __future__ import annotations

from typing import Any

Source = tuple[Any, ...]
"""A socket address: numeric host, port, and what else IPv6 has."""


def format_address(source: Source) -> str:
    """ "host:port", an IPv6 host in brackets."""
    host, port = source[0], source[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
