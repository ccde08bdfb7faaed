# SPDX-License-Identifier: Apache-2.0
"""In front of the HTTP protocol: how many connections, and how long they may stay silent.

aiohttp bounds the pause between two requests, but not the wait for the first one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

MAX_CONNECTIONS = 32  # per door; the agent's file descriptors are for its hardware

END_OF_HEADERS = b"\r\n\r\n"


class Gate:
    """A protocol factory around `make`: the surplus is closed at once, the silent in time."""

    def __init__(self, make: Callable[[], asyncio.Protocol], silence_s: float) -> None:
        self.make = make
        self.silence_s = silence_s
        self.connections = 0

    def __call__(self) -> asyncio.Protocol:
        return _Guarded(self)


class _Guarded(asyncio.Protocol):
    """Hands everything on, and hangs up when no complete request head arrives in time."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._inner: asyncio.Protocol | None = None
        self._hang_up: asyncio.TimerHandle | None = None
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._gate.connections >= MAX_CONNECTIONS:
            transport.close()
            return
        self._gate.connections += 1
        self._inner = self._gate.make()
        self._inner.connection_made(transport)
        loop = asyncio.get_running_loop()
        self._hang_up = loop.call_later(self._gate.silence_s, transport.close)

    def data_received(self, data: bytes) -> None:
        if self._inner is None:
            return
        if self._hang_up is not None:
            seen = self._tail + data
            self._tail = seen[1 - len(END_OF_HEADERS) :]
            if END_OF_HEADERS in seen:
                self._stop_timer()
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received() if self._inner is not None else None

    def pause_writing(self) -> None:
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        if self._inner is not None:
            self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        if self._inner is not None:
            self._gate.connections -= 1
            self._inner.connection_lost(exc)

    def _stop_timer(self) -> None:
        if self._hang_up is not None:
            self._hang_up.cancel()
            self._hang_up = None
