# SPDX-License-Identifier: Apache-2.0
"""Finds the master, and finds it again whenever it was away."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from pdu_agent.access.complaints import Complaints
from pdu_agent.mib_impl.notifications import Notification
from pdu_agent.mib_impl.schema import MibModule
from pdu_agent.mib_impl.view import MibView
from pdu_agent.model.commands import Actor, Controller
from pdu_agent.snmp.access import Credential
from pdu_agent.snmp.agentx.codec import CloseReason
from pdu_agent.snmp.agentx.connection import Connection
from pdu_agent.snmp.agentx.reads import Reads
from pdu_agent.snmp.agentx.session import Session, Subtrees
from pdu_agent.snmp.agentx.writes import Writes
from pdu_agent.snmp.passthrough import roots
from pdu_agent.snmp.passthrough_settings import AgentxSettings, parse_master

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
"""Between attempts to reach a master that is away."""
READY_LIMIT_S = 10.0
"""For a master to take the connection, the session and the subtrees."""
KEEP_ALIVE_S = 15.0
LAST_WORDS_S = 0.5

NAME = "agentx"
"""Whose name the audit shows for what is done through a master."""

Sleep = Callable[[float], Awaitable[None]]


class Subagent:
    """Serves `modules` through the master. `start` and `stop` once each, in one loop.

    sleep: asyncio.sleep, but in tests.
    """

    def __init__(
        self,
        settings: AgentxSettings,
        controller: Controller,
        modules: Sequence[MibModule],
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._master = settings.master
        self._controller = controller
        self._sleep = sleep
        self._view = MibView(modules)
        self._credential = Credential(NAME, settings.grant())
        self._reads = Reads(self._view, controller, self._credential)
        self._subtrees = Subtrees(
            roots(modules), [(module.identity, module.about) for module in modules]
        )
        self._failed = Complaints(log, "AgentX requests failed", time.monotonic)
        self._connection: Connection | None = None
        self._is_serving = asyncio.Event()
        self._has_complained = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run(), name="AgentX subagent")

    async def stop(self) -> None:
        """Close the session, so that the master knows at once; within LAST_WORDS_S."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def send(self, notification: Notification) -> int:
        """Returns res.error when a master has answered, however long that takes."""
        while True:
            connection = self._connection
            if connection is None:
                await self._is_serving.wait()
                continue
            error = await connection.notify(notification)
            if error is not None:
                return error
            await asyncio.sleep(0)  # for the end of the connection to be noticed

    async def _run(self) -> None:
        now_s = asyncio.get_running_loop().time
        pause_s = FIRST_PAUSE_S
        while True:
            began_s = now_s()
            try:
                await self._serve()
                if now_s() - began_s > KEEP_ALIVE_S:  # not one that drops whoever comes
                    pause_s = FIRST_PAUSE_S
            except OSError as exc:
                self._complain(exc.strerror or str(exc) or "no answer")
            await self._sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _complain(self, reason: str) -> None:
        """Once, until it was reached again."""
        if not self._has_complained:
            log.warning("AgentX master %s: %s; trying again", self._master, reason)
            self._has_complained = True

    async def _serve(self) -> None:
        """Serve through one session. Raises OSError when none comes about."""
        connection = None
        try:
            async with asyncio.timeout(READY_LIMIT_S):
                connection = await self._connect()
                await asyncio.wait(
                    (connection.ready, connection.lost), return_when=asyncio.FIRST_COMPLETED
                )
            if not connection.ready.done():
                raise ConnectionError(connection.lost.result())
            log.info("SNMP is served through the AgentX master %s", self._master)
            self._has_complained = False
            self._connection = connection
            self._is_serving.set()
            await self._keep_alive(connection)
            self._complain(connection.lost.result())
        finally:
            self._is_serving.clear()
            self._connection = None
            if connection is not None:
                await self._part_from(connection)

    async def _keep_alive(self, connection: Connection) -> None:
        """Returns when the session is over."""
        while not connection.lost.done():
            await asyncio.wait((connection.lost,), timeout=KEEP_ALIVE_S)
            connection.keep_alive()

    async def _part_from(self, connection: Connection) -> None:
        connection.leave(CloseReason.SHUTDOWN, "the agent stops")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_S):
                await connection.closed.wait()
        connection.abort()

    async def _connect(self) -> Connection:
        """Raises OSError."""
        loop = asyncio.get_running_loop()
        place = parse_master(self._master)
        if isinstance(place, str):
            _, connection = await loop.create_unix_connection(self._new_connection, place)
        else:
            _, connection = await loop.create_connection(self._new_connection, *place)
        return connection

    def _new_connection(self) -> Connection:
        actor = Actor("snmp", NAME, self._master)
        writes = Writes(self._view, self._controller, self._credential, actor)
        about = f"{self._controller.snapshot.device.model}, OpenPDU agent"
        return Connection(Session(self._subtrees, self._reads, writes, about, self._failed))
