# SPDX-License-Identifier: Apache-2.0
"""Where a notification target is: host names to socket addresses, without holding up the loop."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

KEEP_S = 300.0
"""A name is looked up anew after this long: managers move, and their DNS entries with them."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """family: AF_INET or AF_INET6. address: what a socket of that family sends to."""

    family: int
    address: tuple[Any, ...]

    @property
    def peer(self) -> tuple[str, int]:
        """Numeric host and port, as they stand in the source of an answer."""
        return str(self.address[0]), int(self.address[1])


LookUp = Callable[[str, int], Awaitable[tuple[Endpoint, ...]]]
"""Raises OSError when there is no such name, or nobody who knows it."""


def numeric(host: str, port: int) -> Endpoint | None:
    """The endpoint of an address in digits, None for a name. Never asks anybody."""
    try:
        return _resolve(host, port, socket.AI_NUMERICHOST)[0]
    except OSError:
        return None


async def look_up(host: str, port: int) -> tuple[Endpoint, ...]:
    """All addresses of a name, in the order in which the system prefers them.

    Every look-up has a daemon thread of its own. The loop's pool would do, but a name server
    that does not answer would fill it, and leaving the agent would wait for it.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[tuple[Endpoint, ...]] = loop.create_future()

    def deliver(found: tuple[Endpoint, ...] | OSError) -> None:
        if answer.done():
            return
        if isinstance(found, OSError):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    def ask() -> None:
        found: tuple[Endpoint, ...] | OSError
        try:
            found = _resolve(host, port, 0)
        except OSError as exc:
            found = exc
        try:
            loop.call_soon_threadsafe(deliver, found)
        except RuntimeError:  # the loop was closed in the meantime
            return

    threading.Thread(target=ask, name=f"look up {host}", daemon=True).start()
    return await answer


def _resolve(host: str, port: int, flags: int) -> tuple[Endpoint, ...]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM, flags=flags)
    except UnicodeError as exc:  # an empty or overlong label
        raise socket.gaierror(socket.EAI_NONAME, f"{host!r} is no host name") from exc
    return tuple(Endpoint(family, address) for family, _, _, _, address in found)


class Destination:
    """The endpoints of one target, one of them in use."""

    def __init__(
        self, host: str, port: int, look_up: LookUp, monotonic_s: Callable[[], float]
    ) -> None:
        self._host = host
        self._port = port
        self._look_up = look_up
        self._monotonic_s = monotonic_s
        fixed = numeric(host, port)
        self._endpoints: tuple[Endpoint, ...] = (fixed,) if fixed else ()
        self._valid_until_s = float("inf") if fixed else float("-inf")

    async def endpoint(self) -> Endpoint:
        """Where to send now. Raises OSError when the name cannot be resolved.

        Returns within the time that the system's resolver takes, half a minute at worst.
        """
        if not self._endpoints or self._monotonic_s() >= self._valid_until_s:
            try:
                self._endpoints = await self._look_up(self._host, self._port)
            except OSError:
                if not self._endpoints:  # otherwise the old ones are the best guess
                    raise
            self._valid_until_s = self._monotonic_s() + KEEP_S
        return self._endpoints[0]

    def failed(self) -> None:
        """Nobody was reached there: use the name's next address, or look it up anew."""
        if self._valid_until_s != float("inf"):
            self._endpoints = self._endpoints[1:]
