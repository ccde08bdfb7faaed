# SPDX-License-Identifier: Apache-2.0
"""Listening sockets, opened so that neither a stale file nor a stranger gets in the way."""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

from pdu_agent.model.errors import OpenPduError
from pdu_agent.web.settings import split_listen

BACKLOG = 32
MAX_SOCKET_PATH = 107  # bytes in sockaddr_un.sun_path without the final zero, unix(7)
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

    A file left by an agent that died is replaced. Raises OpenPduError when somebody still
    listens on it, when it is something else than a socket, or when it cannot be made.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_occupied(path)
        return _bind(path, mode)
    except OSError as exc:
        raise OpenPduError(f"http.socket: {path}: {exc.strerror or exc}") from exc


def _refuse_occupied(path: Path) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise OpenPduError(f"http.socket: {path}: is not a socket; move it away")
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as probe,
        short_path(path) as address,
    ):
        try:
            probe.connect(address)
        except ConnectionRefusedError:
            return  # nobody listens: left over from an agent that died
        except BlockingIOError:
            pass  # somebody listens, with a full backlog
    raise OpenPduError(f"http.socket: {path}: another agent listens there; stop it first")


def _bind(path: Path, mode: int) -> socket.socket:
    """Bound under a private name and renamed once it has its mode and listens.

    So nobody ever meets it with the wrong mode, or before it answers.
    """
    private = path.with_name(f".{os.getpid()}.new")
    private.unlink(missing_ok=True)
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        with short_path(private) as address:
            opened.bind(address)
        private.chmod(mode)
        opened.listen(BACKLOG)
        private.rename(path)
    except BaseException:
        opened.close()
        private.unlink(missing_ok=True)
        raise
    return opened


@contextmanager
def short_path(path: Path) -> Iterator[str]:
    """`path` as an address that fits into sockaddr_un, however deep the folder is."""
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
