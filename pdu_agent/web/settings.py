# SPDX-License-Identifier: Apache-2.0
"""The `http` section of the configuration."""

from __future__ import annotations

from dataclasses import dataclass

from pdu_agent.model.settings import setting


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Where the API listens: for reading over TCP, with all rights on the Unix socket."""

    listen: str = setting(
        "127.0.0.1:8080",
        max_length=64,
        doc="address and port of the read-only pages and API; empty: off",
    )
    socket: str = setting(
        "",
        max_length=4096,
        doc="path of the local socket that the openpdu command uses; empty: the usual place",
    )


def split_listen(listen: str) -> tuple[str, int]:
    """`127.0.0.1:8080`, `[::1]:8080` or `localhost:8080` as (host, port); port 0 means any.

    Raises ValueError saying what was expected; the host itself is not looked at.
    """
    host, colon, port = listen.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"{listen!r}: an IPv6 address stands in brackets, as in [::1]:8080")
    if not host or not colon or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise ValueError(f"{listen!r}: expected HOST:PORT, as in 127.0.0.1:8080")
    return host, int(port)
