# SPDX-License-Identifier: Apache-2.0
"""Listening socket files, made so that neither a stale one nor a stranger gets in the way."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pdu_agent.model.errors import OpenPduError

MAX_SOCKET_PATH = 107
"""Octets in sockaddr_un.sun_path without the final zero, unix(7)."""


class PathTaken(OpenPduError):
    """Somebody listens there, or it is something else than a socket."""


def listen_unix(path: Path, mode: int, backlog: int, group_id: int = -1) -> socket.socket:
    """A listening socket file with exactly this mode, and this group unless it is -1.

    A file left by an agent that died is replaced. Raises PathTaken, and OSError when it cannot
    be made.
    """
    _refuse_occupied(path)
    # Renamed once it has its mode and listens: nobody ever meets it otherwise.
    private = path.with_name(f".{os.getpid()}.new")
    private.unlink(missing_ok=True)
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        with short_path(private) as address:
            opened.bind(address)
        _give(private, mode, group_id)
        opened.listen(backlog)
        private.rename(path)
    except BaseException:
        opened.close()
        private.unlink(missing_ok=True)
        raise
    return opened


def _give(path: Path, mode: int, group_id: int) -> None:
    """What was looked at is changed, whatever its name stands for by then: others may write to the
    folder, and put a link there. Raises PathTaken for what is not the socket just made.
    """
    made = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(made)
        is_own = (found.st_uid, found.st_nlink) == (os.geteuid(), 1)
        if not (is_own and stat.S_ISSOCK(found.st_mode)):
            raise PathTaken(f"{path} was replaced by somebody while it was made")
        os.chown(f"/proc/self/fd/{made}", -1, group_id)
        os.chmod(f"/proc/self/fd/{made}", mode)
    finally:
        os.close(made)


def _refuse_occupied(path: Path) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise PathTaken(f"{path} is there, and is no socket; move it away")
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as probe,
        short_path(path) as address,
    ):
        try:
            probe.connect(address)
        except ConnectionRefusedError:
            return  # nobody listens: left over
        except BlockingIOError:
            pass  # somebody listens, with a full backlog
    raise PathTaken(f"another process listens at {path}; stop it first")


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
