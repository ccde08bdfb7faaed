# SPDX-License-Identifier: Apache-2.0
"""The Unix socket that openpdu-pass connects to."""

from __future__ import annotations

import asyncio
import grp
import logging
import os
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from pdu_agent.access.complaints import Complaints
from pdu_agent.access.unix_socket import MAX_SOCKET_PATH, PathTaken, listen_unix
from pdu_agent.mib_impl.schema import MibModule
from pdu_agent.mib_impl.view import MibView
from pdu_agent.model.commands import Actor, Controller
from pdu_agent.model.errors import ConfigError
from pdu_agent.snmp.access import Credential
from pdu_agent.snmp.passthrough_lines import LineSession, NotAnExchange, PassService
from pdu_agent.snmp.passthrough_settings import PassPersistSettings

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 16
"""snmpd has one for each `pass_persist` line."""

NAME = "pass_persist"
"""Whose name the audit shows for what is done through snmpd."""


class PassPersistServer:
    """Serves `modules` to relays. `start` and `stop` once each, in one loop."""

    def __init__(
        self, settings: PassPersistSettings, controller: Controller, modules: Sequence[MibModule]
    ) -> None:
        self._settings = settings
        self._path = Path(settings.socket)
        credential = Credential(NAME, settings.grant())
        actor = Actor("snmp", NAME, settings.socket)
        self._service = PassService(MibView(modules), controller, credential, actor)
        self._failed = Complaints(log, "pass_persist requests failed", time.monotonic)
        self._connections: set[asyncio.Transport] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Raises ConfigError, which says what is in the way."""
        loop = asyncio.get_running_loop()
        try:
            bound = _listening(self._path, self._settings.group)
        except OSError as exc:
            reason = exc.strerror or exc
            raise ConfigError(f"snmp pass_persist: socket {self._path}: {reason}") from exc
        self._server = await loop.create_server(self._new_link, sock=bound)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)
        for transport in tuple(self._connections):
            transport.abort()

    def _new_link(self) -> asyncio.Protocol:
        return _Link(LineSession(self._service, self._fail), self._connections)

    def _fail(self, exc: Exception) -> None:
        self._failed.add("openpdu-pass", repr(exc), exc_info=True)


class _Link(asyncio.Protocol):
    """A relay that does not read its answers is not read from."""

    def __init__(self, session: LineSession, connections: set[asyncio.Transport]) -> None:
        self._session = session
        self._connections = connections
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._connections.add(self._transport)
        if len(self._connections) > MAX_CONNECTIONS:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        try:
            self._transport.write(self._session.feed(data))
        except NotAnExchange:
            self._transport.close()

    def pause_writing(self) -> None:
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._connections.discard(self._transport)


def _listening(path: Path, group: str) -> socket.socket:
    """A listening socket. Raises ConfigError and OSError."""
    if len(os.fsencode(path)) > MAX_SOCKET_PATH:
        raise ConfigError(
            f"snmp pass_persist: socket {path}: a path of more than {MAX_SOCKET_PATH} octets"
        )
    if not path.parent.exists():
        path.parent.mkdir(parents=True)
        path.parent.chmod(0o755)  # whatever the umask: relays have to get through
    try:
        if not group:
            return listen_unix(path, 0o600, MAX_CONNECTIONS)
        return listen_unix(path, 0o660, MAX_CONNECTIONS, _group_id(group))
    except PathTaken as exc:
        raise ConfigError(f"snmp pass_persist: {exc}") from exc


def _group_id(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise ConfigError(f"snmp pass_persist: no group is called {name!r}") from None
