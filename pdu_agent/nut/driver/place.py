# SPDX-License-Identifier: Apache-2.0
"""Where a driver's socket stands: made when it can be, looked after, taken away again."""

from __future__ import annotations

import asyncio
import grp
import logging
import os
import pwd
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pdu_agent.access.unix_socket import PathTaken, listen_unix

log = logging.getLogger(__name__)

LOOK_S = 2.0
"""How often the file is looked at: upsd tries again as often, and its folder is on tmpfs."""
RETRY_S, LONGEST_RETRY_S = 1.0, 8.0
BACKLOG = 64


class Place:
    """Keeps a listening socket at `path`, whatever becomes of its folder. `start` and `stop` once
    each. group: may connect; empty: this user alone. new_link: as of loop.create_server.
    """

    def __init__(
        self, path: Path, group: str, new_link: Callable[[], asyncio.BaseProtocol]
    ) -> None:
        self.path = path
        self._group = group
        self._new_link = new_link
        self._server: asyncio.Server | None = None
        self._file = (0, 0)
        self._trouble = ""
        self._limits = ""
        self._task: asyncio.Task[None] | None = None
        self.tried = asyncio.Event()
        """Set after the first attempt."""

    def start(self) -> None:
        """Returns at once; there are attempts as long as it takes."""
        self._task = asyncio.create_task(self._keep(), name=f"driver socket {self.path}")

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._leave()

    async def _keep(self) -> None:
        retry_s = RETRY_S
        while True:
            if self._server is None or self._found() != self._file:
                self._leave()
                made = await self._make()
                self.tried.set()
                retry_s = RETRY_S if made else min(2 * retry_s, LONGEST_RETRY_S)
            await asyncio.sleep(LOOK_S if self._server is not None else retry_s)

    async def _make(self) -> bool:
        try:
            bound = self._listening()
        except (PathTaken, OSError) as exc:
            self._note(_advice(self.path, self._group, exc))
            return False
        self._file = self._found()
        loop = asyncio.get_running_loop()
        # In two steps, so that `stop` knows of it at whatever moment it comes.
        self._server = await loop.create_server(
            self._new_link, sock=bound, backlog=BACKLOG, start_serving=False
        )
        await self._server.start_serving()
        self._note("")
        return True

    def _listening(self) -> socket.socket:
        """Raises PathTaken and OSError."""
        group_id, limits = _group_id(self._group)
        if group_id is not None:
            try:
                return self._said(listen_unix(self.path, 0o660, BACKLOG, group_id), "")
            except PermissionError:
                if not os.access(self.path.parent, os.W_OK | os.X_OK):
                    raise
                limits = _no_member(self._group)
        return self._said(listen_unix(self.path, 0o600, BACKLOG), limits)

    def _said(self, bound: socket.socket, limits: str) -> socket.socket:
        if limits and limits != self._limits:
            log.error("%s: %s; until then only %s may connect", self.path, limits, _user())
        self._limits = limits
        return bound

    def _leave(self) -> None:
        """Take the file away, if it is still this one's."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        if self._found() == self._file:
            with suppress(OSError):  # the folder may be ours no more; who comes next replaces it
                self.path.unlink()

    def _found(self) -> tuple[int, int]:
        """What there is at the path, as device and inode; zeros for nothing."""
        try:
            status = self.path.lstat()
        except OSError:
            return 0, 0
        return status.st_dev, status.st_ino

    def _note(self, trouble: str) -> None:
        """Say it once, and when it is over."""
        if trouble and trouble != self._trouble:
            log.error("no NUT driver socket: %s; it is tried again", trouble)
        elif self._trouble and not trouble:
            log.info("the NUT driver socket %s is there", self.path)
        self._trouble = trouble


def _group_id(group: str) -> tuple[int | None, str]:
    """Its number, or what is wrong with it; neither for no group."""
    if not group:
        return None, ""
    try:
        return grp.getgrnam(group).gr_gid, ""
    except KeyError:
        cure = "install NUT, or name upsd's group, and restart"
        return None, f"no group is called {group!r} (nut.group); {cure}"


def _no_member(group: str) -> str:
    return (
        f"{_user()} is no member of group {group!r}, which upsd runs as; do"
        f" `usermod -a -G {group} {_user()}` and restart"
    )


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"user {os.geteuid()}"


def _advice(path: Path, group: str, exc: PathTaken | OSError) -> str:
    if isinstance(exc, FileNotFoundError):
        return f"there is no folder {path.parent} (nut.state_path); NUT's packages make it"
    if isinstance(exc, PermissionError):
        return (
            f"{_user()} may not write to {path.parent} (nut.state_path); do"
            f" `usermod -a -G {group or 'nut'} {_user()}` and restart"
        )
    return str(exc) if isinstance(exc, PathTaken) else f"{path}: {exc.strerror or exc}"
