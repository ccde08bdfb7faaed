# SPDX-License-Identifier: Apache-2.0
"""The API's two doors: the Unix socket, and TCP.

Importing this module imports aiohttp, which takes a moment: import it after SNMP answers.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from pdu_agent.model.commands import Controller
from pdu_agent.model.errors import OpenPduError
from pdu_agent.web.access import Access, LocalAccess
from pdu_agent.web.api import make_app
from pdu_agent.web.auth.headers import insist_on_tls
from pdu_agent.web.auth.own_urls import own_names, urls
from pdu_agent.web.auth.tcp_access import TcpAccess
from pdu_agent.web.gate import Gate
from pdu_agent.web.services import Services
from pdu_agent.web.settings import HttpSettings, split_listen
from pdu_agent.web.sockets import BACKLOG, listen_tcp, listen_unix
from pdu_agent.web.sources import room_for
from pdu_agent.web.stream.hub import Hub
from pdu_agent.web.tls.listener import TlsListener
from pdu_agent.web.unreadable import CarefulHandler

log = logging.getLogger(__name__)

IDLE_S = 30.0
LINGER_S = 1.0
TCP_CONNECTIONS = 160
"""64 live pages, each with a second connection for the rest of it, and as many programs."""
UNIX_CONNECTIONS = 32
SHUTDOWN_S = 1.0
RENEW_S = 86_400.0


_OF_CONNECTIONS: Mapping[str, Any] = {
    "access_log": None,
    "auto_decompress": False,
    "keepalive_timeout": IDLE_S,
    "lingering_time": LINGER_S,
}


@dataclass(frozen=True, slots=True)
class _Door:
    runner: web.AppRunner
    listener: asyncio.Server | TlsListener


class WebServer:
    """Serves the controller on what the settings name. `start` and `stop` once each.

    socket_mode is 0o600 (the agent's own user and root) or 0o660 (also its group). state_dir:
    where a certificate is kept that is made here.
    """

    def __init__(
        self,
        controller: Controller,
        settings: HttpSettings,
        socket_mode: int = 0o600,
        services: Services | None = None,
        state_dir: Path = Path(),
    ) -> None:
        self._services = services or Services()
        self._controller = controller
        self._streams = Hub(controller, self._services.events)
        self._settings = settings
        self._socket_mode = socket_mode
        self._state_dir = state_dir
        self._look_again = asyncio.Event()
        self._renewing: asyncio.Task[None] | None = None
        self._doors: list[_Door] = []
        self._socket_inode: int | None = None
        self.tcp_port: int | None = None

    async def start(self) -> None:
        """Both doors answer when this returns.

        Raises OpenPduError when one cannot be opened; then none is.
        """
        try:
            if self._settings.listen:
                await self._open_tcp()
            if self._settings.socket:
                await self._open_unix()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Close the doors and take the socket file away; returns within about 2 seconds."""
        self._remove_socket_file()
        self._streams.stop()
        doors, self._doors = self._doors, []
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.wait({self._renewing})
        for door in doors:
            door.listener.close()
            if isinstance(door.listener, TlsListener):
                await door.listener.wait_closed()
            await door.runner.cleanup()

    async def _open_tcp(self) -> None:
        settings, auth = self._settings, self._services.auth
        listening = listen_tcp(settings.listen)
        host, port = split_listen(settings.listen)[0], listening.getsockname()[1]
        try:
            names = await asyncio.to_thread(own_names, host, settings.names)
            context = await asyncio.to_thread(self._context, names) if settings.is_tls else None
        except BaseException:
            listening.close()
            raise
        access = TcpAccess(auth, self._controller, host, names, settings.client_roles)
        await self._open(listening, access, TCP_CONNECTIONS, context)
        self.tcp_port = port
        auth.urls = urls(names, port, "https" if context else "http")
        log.info("pages and API at %s", ", ".join(auth.urls))
        if context is not None:
            self._renewing = asyncio.create_task(self._renew(names), name="renew certificates")

    def _context(self, names: Sequence[str]) -> ssl.SSLContext:
        # Loaded here: an agent behind loopback needs no TLS.
        from pdu_agent.web.tls.contexts import context_of

        settings = self._settings
        return context_of(settings, names, self._state_dir, self._services.auth.clock.wall_s())

    async def _renew(self, names: Sequence[str]) -> None:
        """Each day, and when told to: new files are put in force, and a made one before it ends."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(RENEW_S):
                    await self._look_again.wait()
            self._look_again.clear()
            try:
                context = await asyncio.to_thread(self._context, names)
            except OpenPduError as error:
                log.error("the certificate stays as it was: %s", error)
                continue
            for door in self._doors:
                if isinstance(door.listener, TlsListener):
                    door.listener.context = context

    def renew_certificate(self, settings: HttpSettings) -> None:
        """The files of these settings, which may have new content, for connections from now on."""
        self._settings = settings
        self._look_again.set()

    async def _open_unix(self) -> None:
        path = Path(self._settings.socket)
        listening = listen_unix(path, self._socket_mode)
        self._socket_inode = _inode(path)
        await self._open(listening, LocalAccess(), UNIX_CONNECTIONS)
        log.info("commands through %s", path)

    async def _open(
        self,
        listening: socket.socket,
        access: Access,
        connections: int,
        context: ssl.SSLContext | None = None,
    ) -> None:
        gate = Gate(IDLE_S, room_for(connections, TCP_CONNECTIONS + UNIX_CONNECTIONS))
        app = make_app(self._controller, access, self._services, self._streams)
        app.middlewares.insert(0, gate.in_progress)
        if context is not None and self._settings.certificate:
            app.on_response_prepare.append(insist_on_tls)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S)
        try:
            await runner.setup()
            if runner.server is None:
                raise RuntimeError("the HTTP server was not set up")
            loop = asyncio.get_running_loop()
            gate.make = partial(
                CarefulHandler,
                runner.server,
                loop=loop,
                **_OF_CONNECTIONS,
            )
            listener: asyncio.Server | TlsListener
            if context is None:
                listener = await loop.create_server(gate, sock=listening, backlog=BACKLOG)
            else:
                listener = TlsListener(listening, gate, context)
        except BaseException:
            listening.close()
            await runner.cleanup()
            raise
        self._doors.append(_Door(runner, listener))

    def _remove_socket_file(self) -> None:
        """Only our own: a successor may already have put its own in place."""
        path, inode = Path(self._settings.socket), self._socket_inode
        self._socket_inode = None
        try:
            if inode is not None and _inode(path) == inode:
                path.unlink()
        except FileNotFoundError:
            pass


def _inode(path: Path) -> int:
    return os.lstat(path).st_ino
