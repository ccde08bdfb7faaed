# SPDX-License-Identifier: Apache-2.0
"""Looks at the board and at the agent's own queues from time to time, for faces that show them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

from pdu_agent.hw.host import HostReader
from pdu_agent.model.host import HostStatus, Queue

log = logging.getLogger(__name__)

INTERVAL_S = 5.0


class HostWatch:
    """queues: what waits in the agent right now. sleep: asyncio.sleep, but in tests."""

    def __init__(
        self,
        reader: HostReader,
        deliver: Callable[[HostStatus], None],
        queues: Callable[[], Iterable[Queue]] = tuple,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._reader = reader
        self._deliver = deliver
        self._queues = queues
        self._sleep = sleep

    async def run(self) -> None:
        """Look until cancelled; a look that fails is mentioned once, until one succeeds."""
        failed = False
        while True:
            try:
                # In a thread: the file system of the state may be a card that stalls.
                board = await asyncio.to_thread(self._reader.read)
                self._deliver(replace(board, queues=tuple(self._queues())))
                failed = False
            except (OSError, ValueError, KeyError, IndexError) as exc:
                if not failed:
                    log.warning("the board cannot be looked at: %r", exc)
                failed = True
            await self._sleep(INTERVAL_S)
