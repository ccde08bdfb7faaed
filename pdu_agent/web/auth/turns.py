# SPDX-License-Identifier: Apache-2.0
"""Work that takes 16 MiB or a write to the card: in a thread, one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from pdu_agent.model.errors import Busy

_Done = TypeVar("_Done")
MAX_WAITING = 8


class Turns:
    """In one loop."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def take(self, work: Callable[[], _Done]) -> _Done:
        """What `work` returns or raises. Raises Busy when too many wait; then it is not begun.

        Who began it may go away: it is done to its end all the same, before the next one.
        """
        if self._waiting >= MAX_WAITING:
            raise Busy("too many log-ins and changes of accounts at once; try again")
        self._waiting += 1
        return await asyncio.shield(asyncio.ensure_future(self._do(work)))

    async def _do(self, work: Callable[[], _Done]) -> _Done:
        try:
            async with self._turn:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1
