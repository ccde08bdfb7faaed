# SPDX-License-Identifier: Apache-2.0
"""The connections to one driver socket: how many, how fast, and how much they may hold."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import cast

from pdu_agent.nut.driver.session import Session
from pdu_agent.nut.words import BadLine, LineReader, Words

MAX_LINKS = 16
"""upsd has one; upsdrvctl and people who try things out have few."""
MAX_WAITING_OCTETS = 1_048_576
"""What a peer has not taken: about six dumps of 64 outlets."""
MAX_BAD_LINES = 8
"""In a row; upsd cuts a line that is too long for it, and goes on."""
READ_OCTETS = 4096
TURN_S = 0.005
"""What is asked is answered for so long at most, but for the last answer; a dump of 64 outlets
takes as long again."""
REST_SHARE = 4.0
"""After a turn there is none for so many times as long as it took, whoever asks."""


class Links:
    """Those that stand; they are answered in turn, and all of them together within bounds.
    complain(text): for what a peer can make happen at will.
    """

    def __init__(self, new_session: Callable[[], Session], complain: Callable[[str], None]) -> None:
        self._new_session = new_session
        self.complain = complain
        self.open: set[Link] = set()
        self._asking: deque[Link] = deque()
        self._resting: asyncio.TimerHandle | None = None
        self._spent_s = 0.0
        """Since the last rest."""

    @property
    def wants_changes(self) -> bool:
        return any(link.session.wants_changes for link in self.open)

    @property
    def has_reached_somebody(self) -> bool:
        """Has anybody who wants to hear of changes taken all that there was to say?"""
        return any(link.session.wants_changes and link.is_sent for link in self.open)

    def new(self) -> Link:
        return Link(self, self._new_session())

    def add(self, link: Link) -> None:
        """With one too many goes the one that never said a word, or else was silent longest."""
        if len(self.open) >= MAX_LINKS:
            silent = min(self.open, key=lambda each: (each.has_spoken, each.heard_s))
            silent.drop(f"more than {MAX_LINKS} connections: that which was silent longest went")
        self.open.add(link)

    def forget(self, link: Link) -> None:
        self.open.discard(link)
        if link in self._asking:
            self._asking.remove(link)

    def asks(self, link: Link) -> None:
        """Something came that it has to work on."""
        self._asking.append(link)
        if self._resting is None:
            self._work()

    def _work(self) -> None:
        self._resting = None
        while self._asking and self._spent_s < TURN_S:
            began_s = time.monotonic()
            link = self._asking.popleft()
            if link.work():
                self._asking.append(link)
            self._spent_s += time.monotonic() - began_s
        if self._spent_s >= TURN_S:
            rest_s, self._spent_s = REST_SHARE * self._spent_s, 0.0
            self._resting = asyncio.get_running_loop().call_later(rest_s, self._work)

    def tell(self, lines: bytes) -> None:
        """To each that wants to hear of changes."""
        for link in tuple(self.open):
            if link.session.wants_changes:
                link.send(lines)

    def drop_all(self) -> None:
        for link in tuple(self.open):
            link.drop()
        if self._resting is not None:
            self._resting.cancel()


class Link(asyncio.BufferedProtocol):
    """A connection. It is read in small pieces, and not while lines of it wait."""

    def __init__(self, links: Links, session: Session) -> None:
        self._links = links
        self.session = session
        self.has_spoken = False
        self.heard_s = time.monotonic()
        self._reader = LineReader()
        self._buffer = bytearray(READ_OCTETS)
        self._lines: deque[Words | BadLine] = deque()
        self._unread = b""
        self._bad_lines = 0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._links.add(self)

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.heard_s = time.monotonic()
        self._unread = bytes(memoryview(self._buffer)[:nbytes])
        self._transport.pause_reading()
        self._links.asks(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._links.forget(self)
        self._lines.clear()

    def work(self) -> bool:
        """On what came, or on a line of it. Is there more?"""
        if self._unread:
            self._lines += self._reader.feed(self._unread)
            self._unread = b""
        elif self._lines:
            self._take(self._lines.popleft())
        if not self._lines and not self._transport.is_closing():
            self._transport.resume_reading()
        return bool(self._lines)

    @property
    def is_sent(self) -> bool:
        return self._transport.get_write_buffer_size() == 0

    def send(self, lines: bytes) -> None:
        """Lets go of a peer that does not take what it is sent."""
        self._transport.write(lines)
        if self._transport.get_write_buffer_size() > MAX_WAITING_OCTETS:
            self.drop("a connection was closed that does not read")

    def drop(self, why: str = "") -> None:
        """Close it at once."""
        if why:
            self._links.complain(why)
        self._links.forget(self)
        self._lines.clear()
        self._transport.abort()

    def _take(self, line: Words | BadLine) -> None:
        answer = None if isinstance(line, BadLine) else self.session.answer(line)
        if answer is None:
            self._puzzled(line)
            return
        self.has_spoken = True
        self._bad_lines = 0
        if answer:
            self.send(answer)
        if self.session.is_over:
            self._lines.clear()
            self._transport.close()

    def _puzzled(self, line: Words | BadLine) -> None:
        told = line.reason if isinstance(line, BadLine) else f"no request: {line[0][:40]!r}"
        self._bad_lines += 1
        if self._bad_lines > MAX_BAD_LINES:
            self.drop(f"a connection was closed that does not speak NUT, {told}")
        else:
            self._links.complain(f"a line was left out: {told}")
