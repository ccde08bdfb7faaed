# SPDX-License-Identifier: Apache-2.0
"""Listening sockets, opened so that neither a stale file nor a stranger gets in the way."""

from __future__ import annotations

import errno
import socket
from ipaddress import ip_address
from pathlib import Path

from pdu_agent.access import unix_socket
from pdu_agent.model.errors import OpenPduError
from pdu_agent.web.settings import split_listen

BACKLOG = 128
"""Where it is full the kernel lets a client wait for a second."""
UNACKNOWLEDGED_MS = 30_000  # a client that stops reading is dropped by the kernel, tcp(7)


def listen_tcp(listen: str) -> socket.socket:
    """A listening TCP socket at HOST:PORT; the host is an IP address or localhost.

    Raises OpenPduError saying what is in the way and what to do.
    """
    try:
        host, port = split_listen(listen)
        address = ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError as exc:
        raise OpenPduError(f"http.listen: {exc}") from exc
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    opened = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)
        opened.bind((str(address), port))
        opened.listen(BACKLOG)
    except OSError as exc:
        opened.close()
        raise OpenPduError(f"http.listen: {listen}: {_advice(exc)}") from exc
    return opened


def _advice(exc: OSError) -> str:
    advice = {
        errno.EADDRINUSE: "another program listens there; stop it, or choose another port",
        errno.EACCES: "not permitted; choose a port from 1024 on",
        errno.EADDRNOTAVAIL: "this machine does not have that address",
    }
    return advice.get(exc.errno or 0, exc.strerror or str(exc))


def listen_unix(path: Path, mode: int) -> socket.socket:
    """A listening socket file with exactly this mode; its folder is made (0700) if missing.

    Raises OpenPduError when somebody still listens on it, when it is something else than a socket,
    or when it cannot be made.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return unix_socket.listen_unix(path, mode, BACKLOG)
    except unix_socket.PathTaken as exc:
        raise OpenPduError(f"http.socket: {exc}") from exc
    except OSError as exc:
        raise OpenPduError(f"http.socket: {path}: {exc.strerror or exc}") from exc
