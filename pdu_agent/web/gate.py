# SPDX-License-Identifier: Apache-2.0
"""In front of the HTTP protocol: how many connections, and how long they may stay silent.

aiohttp bounds the pause between two requests, but neither the wait for the first one nor how many
clients wait. Where it gets full, those with no request in progress make room, the one that has been
silent for longest first: whoever opens connections and says nothing shuts nobody out.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import cast

from aiohttp import web

from pdu_agent.web.auth.headers import put_headers
from pdu_agent.web.problems import Problem
from pdu_agent.web.sources import is_here

log = logging.getLogger(__name__)

MAX_OF_SOURCE = 48
"""Eight browsers of six connections each. Not of this machine itself, see is_here."""
END_OF_HEADERS = b"\r\n\r\n"
COMPLAINT_S = 60.0
FULL = Problem(503, "busy", "too many connections are open")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Gate:
    """A protocol factory around `make`, for at most `limit` connections."""

    def __init__(self, silence_s: float, limit: int) -> None:
        self.make: Callable[[], asyncio.Protocol] = _none
        self.silence_s = silence_s
        self._limit = limit
        self._inside: dict[asyncio.BaseProtocol, _Guarded] = {}
        self._complained_s = float("-inf")

    @property
    def connections(self) -> int:
        return len(self._inside)

    def __call__(self) -> asyncio.Protocol:
        return _Guarded(self)

    @web.middleware
    async def in_progress(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Notes whose request is being answered; outside of every other middleware."""
        guarded = self._inside.get(request.protocol)
        if guarded is None:
            return await handler(request)
        guarded.requests += 1
        try:
            return await handler(request)
        finally:
            guarded.requests -= 1
            guarded.active_s = asyncio.get_running_loop().time()

    def admit(self, newcomer: _Guarded, inner: asyncio.BaseProtocol) -> bool:
        """Is there room for it, or has some been made?"""
        alike = [each for each in self._inside.values() if each.source == newcomer.source]
        if len(alike) >= MAX_OF_SOURCE and not is_here(newcomer.source):
            has_room = self._make_room(alike)
        else:
            has_room = self.connections < self._limit or self._make_room(self._inside.values())
        if has_room:
            self._inside[inner] = newcomer
        else:
            self._complain(newcomer.source)
        return has_room

    def leave(self, inner: asyncio.BaseProtocol) -> None:
        self._inside.pop(inner, None)

    def _make_room(self, among: Iterable[_Guarded]) -> bool:
        silent = [each for each in among if not each.requests]
        if silent:
            min(silent, key=lambda each: each.active_s).hang_up()
        return bool(silent)

    def _complain(self, source: str) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._complained_s > COMPLAINT_S:
            self._complained_s = now_s
            log.warning(
                "%d connections are in use: no more from %s", self.connections, source or "here"
            )


class _Guarded(asyncio.Protocol):
    """Hands everything on, and hangs up when no complete request head arrives in time.

    requests: of them in progress. active_s: when it was last heard or answered (loop).
    """

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._inner: asyncio.Protocol | None = None
        self._transport: asyncio.Transport | None = None
        self._head_due: asyncio.TimerHandle | None = None
        self._tail = b""
        self.source = ""
        self.requests = 0
        self.active_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        stream = cast(asyncio.Transport, transport)
        loop = asyncio.get_running_loop()
        peer = transport.get_extra_info("peername")
        self.source = str(peer[0]) if peer else ""
        self.active_s = loop.time()
        inner = self._gate.make()
        if not self._gate.admit(self, inner):
            stream.write(_refusal())
            stream.close()
            return
        self._inner, self._transport = inner, stream
        inner.connection_made(transport)
        self._head_due = loop.call_later(self._gate.silence_s, stream.close)

    def hang_up(self) -> None:
        """At once: what it has not taken yet is lost."""
        if self._inner is not None and self._transport is not None:
            self._gate.leave(self._inner)
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._inner is None:
            return
        self.active_s = asyncio.get_running_loop().time()
        if self._head_due is not None:
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
            self._gate.leave(self._inner)
            self._inner.connection_lost(exc)

    def _stop_timer(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None


def _refusal() -> bytes:
    """A whole answer: nothing has been read of the request, and nothing will be."""
    body = json.dumps(FULL.to_plain()).encode()
    headers = FULL.headers()
    put_headers(headers)
    lines = [
        "HTTP/1.1 503 Service Unavailable",
        "Content-Type: application/problem+json",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
        "Connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _none() -> asyncio.Protocol:
    raise RuntimeError("the gate has nothing behind it yet")
