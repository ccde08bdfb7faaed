# SPDX-License-Identifier: Apache-2.0
"""A listening socket that speaks TLS, and tells whoever does not.

Not create_server with a context: it would keep any number of connections that never finish their
handshake, at 0.1 MB each.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

log = logging.getLogger(__name__)

HANDSHAKE_S = 10.0
MAX_HANDSHAKES = 32
_HANDSHAKE = 0x16
"""First octet of a client's first record (RFC 8446 section 5.1); HTTP begins with a letter."""
_BREATH_S = 0.2
_HINT = (
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Connection: close\r\nContent-Length: {length}\r\n\r\n{text}"
)
HINT = "This port speaks HTTPS: write https:// in front of the address.\n"


class TlsListener:
    """Hands each connection, once its handshake is done, to a protocol that `make` makes.

    context: may be replaced at any time; connections from then on use it.
    """

    def __init__(
        self,
        listening: socket.socket,
        make: Callable[[], asyncio.Protocol],
        context: ssl.SSLContext,
    ) -> None:
        listening.setblocking(False)
        self._listening = listening
        self._make = make
        self.context = context
        self._shaking: set[asyncio.Task[None]] = set()
        self._accepting = asyncio.create_task(self._accept(), name="accept TLS")

    def close(self) -> None:
        self._accepting.cancel()
        for task in self._shaking:
            task.cancel()

    async def wait_closed(self) -> None:
        await asyncio.wait({self._accepting, *self._shaking})

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        with self._listening:
            while True:
                try:
                    opened, _address = await loop.sock_accept(self._listening)
                except OSError as error:  # out of descriptors, or the client is gone already
                    log.debug("accept: %s", error)
                    await asyncio.sleep(_BREATH_S)
                    continue
                if len(self._shaking) >= MAX_HANDSHAKES:
                    opened.close()
                    continue
                task = asyncio.create_task(self._greet(opened))
                self._shaking.add(task)
                task.add_done_callback(self._shaking.discard)

    async def _greet(self, opened: socket.socket) -> None:
        """Closes it, or has handed it on."""
        is_handed_on = False
        try:
            async with asyncio.timeout(HANDSHAKE_S):
                first = await _first_octet(opened)
                if first == _HANDSHAKE:
                    is_handed_on = True
                    await asyncio.get_running_loop().connect_accepted_socket(
                        self._make, opened, ssl=self.context, ssl_handshake_timeout=HANDSHAKE_S
                    )
                elif first is not None:
                    await _tell(opened)
        except (OSError, TimeoutError) as error:  # ssl.SSLError is an OSError
            log.debug("TLS: %s", error)
        finally:
            if not is_handed_on:
                opened.close()


async def _first_octet(opened: socket.socket) -> int | None:
    """Without taking it away; None where nothing came."""
    loop, readable = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(opened, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(opened)
    peeked = opened.recv(1, socket.MSG_PEEK)
    return peeked[0] if peeked else None


async def _tell(opened: socket.socket) -> None:
    """What was asked is read first, since the answer is lost where something is left unread."""
    with suppress(BlockingIOError):
        opened.recv(65536)
    text = _HINT.format(length=len(HINT), text=HINT).encode()
    await asyncio.get_running_loop().sock_sendall(opened, text)
    opened.shutdown(socket.SHUT_WR)
