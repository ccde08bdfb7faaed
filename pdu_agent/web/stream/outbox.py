# SPDX-License-Identifier: Apache-2.0
"""What waits to be written to one client: bounded, however slowly it reads."""

from __future__ import annotations

import asyncio
from collections import deque

from pdu_agent.web.stream.frames import HEARTBEAT

MAX_WAITING = 256
"""Frames. Every one of 64 outlets may change several times within a second."""


class Outbox:
    """Frames in order. Readings that were not taken in time make room for newer ones; who lags
    behind by MAX_WAITING changes is let go, comes back, and is told to read everything anew.
    """

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._readings: bytes | None = None
        self._ready = asyncio.Event()
        self.ended = False

    def put(self, frame: bytes) -> None:
        if self.ended:
            return
        if len(self._waiting) >= MAX_WAITING:
            self.end()
            return
        self._waiting.append(frame)
        self._ready.set()

    def put_readings(self, frame: bytes) -> None:
        """In place of older ones that still wait."""
        if self.ended:
            return
        if self._readings is not None:
            self._waiting.remove(self._readings)
        self._readings = frame
        self.put(frame)

    def beat(self) -> None:
        """A sign of life, unless something else is about to be written."""
        if not self._waiting:
            self.put(HEARTBEAT)

    def end(self) -> None:
        """`take` has no more; what still waits is dropped."""
        self.ended = True
        self._waiting.clear()
        self._ready.set()

    async def take(self) -> bytes:
        """Everything that waits, once there is something; empty at the end."""
        await self._ready.wait()
        self._ready.clear()
        taken = b"".join(self._waiting)
        self._waiting.clear()
        self._readings = None
        return taken
