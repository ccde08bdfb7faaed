# SPDX-License-Identifier: Apache-2.0
"""The loop of the driver program: its socket for upsd, and a way to the agent for each connection.

One thread that sleeps unless somebody says something, or the agent is away while upsd waits.
"""

from __future__ import annotations

import os
import selectors
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pdu_agent.nut.relay.pair import LineTooLong, Out, Pair, Standing

MAX_PAIRS = 16
"""upsd takes one; upsdrvctl and people who try things out take few. With one too many goes the one
that was silent longest."""
MAX_WAITING_OCTETS = 262_144
"""Of what one side does not take; then the other is not read until it does."""
RETRY_S = 0.5
_READ_OCTETS = 65_536


@dataclass(eq=False, slots=True)
class _Side:
    """One socket, and what it has still to take."""

    socket: socket.socket
    waiting: bytearray = field(default_factory=bytearray)
    watched: int = 0


@dataclass(eq=False, slots=True)
class _Link:
    """One connection of upsd; agent: None while it is away. heard_s: monotonic, 0 for one that
    never said a word; the agent is not bothered by those.
    """

    pair: Pair
    upsd: _Side
    agent: _Side | None = None
    heard_s: float = 0.0

    @property
    def misses_agent(self) -> bool:
        return self.agent is None and self.heard_s > 0


class RelayServer:
    """listener: listens, does not block. tell: takes what a person may want to know."""

    def __init__(
        self, listener: socket.socket, agent_socket: Path, tell: Callable[[str], None]
    ) -> None:
        self._listener = listener
        self._agent_socket = str(agent_socket)
        self._tell = tell
        self._links: list[_Link] = []
        self._selector = selectors.DefaultSelector()
        self._stopping = False
        self._trouble = ""
        self._waker, self._wakes = socket.socketpair()
        for each in (self._waker, self._wakes, listener):
            each.setblocking(False)
        self._selector.register(listener, selectors.EVENT_READ)
        self._selector.register(self._wakes, selectors.EVENT_READ)

    @property
    def wake_descriptor(self) -> int:
        """Whoever writes to it wakes the loop; for signal.set_wakeup_fd."""
        return self._waker.fileno()

    def stop_soon(self) -> None:
        """From a signal handler: `run` returns when it wakes."""
        self._stopping = True

    def run(self) -> None:
        """Until `stop_soon`, or until upsdrvctl ends it through its socket."""
        retried_s = time.monotonic()
        while not self._stopping:
            alone = [link for link in self._links if link.misses_agent]
            left_s = max(0.0, retried_s + RETRY_S - time.monotonic()) if alone else None
            for key, events in self._selector.select(left_s):
                self._serve(key, events)
            if time.monotonic() >= retried_s + RETRY_S:
                retried_s = time.monotonic()
                for link in alone:
                    if link in self._links:
                        self._reach(link, is_first=False)

    def close(self) -> None:
        for link in list(self._links):
            self._end(link)
        self._selector.close()
        self._waker.close()
        self._wakes.close()

    def _serve(self, key: selectors.SelectorKey, events: int) -> None:
        if key.fileobj is self._wakes:
            with suppress(BlockingIOError):
                self._wakes.recv(64)
        elif key.fileobj is self._listener:
            self._accept()
        elif key.data in self._links:  # and was not ended by what came just before
            link: _Link = key.data
            side = link.upsd if key.fileobj is link.upsd.socket else link.agent
            if side is not None and side.socket is key.fileobj:
                self._move(link, side, events)

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:  # it has gone again, or there is no descriptor left
            return
        connection.setblocking(False)
        if len(self._links) >= MAX_PAIRS:
            self._end(min(self._links, key=lambda link: link.heard_s))
        link = _Link(Pair(os.getpid()), _Side(connection))
        self._links.append(link)
        self._watch(link, link.upsd)

    def _reach(self, link: _Link, is_first: bool) -> None:
        agent = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        agent.setblocking(False)
        try:
            agent.connect(self._agent_socket)
        except OSError as exc:
            agent.close()
            self._note(f"the agent does not answer on {self._agent_socket}: {exc.strerror}")
            return
        link.agent = _Side(agent)
        self._carry_out(link, link.pair.agent_connected(is_first))

    def _note(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._tell(trouble or "the agent is there")
            self._trouble = trouble

    def _move(self, link: _Link, side: _Side, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE:
                del side.waiting[: side.socket.send(side.waiting)]
            if events & selectors.EVENT_READ:
                self._take(link, side)
        except BlockingIOError:
            pass
        except (OSError, LineTooLong) as exc:
            if isinstance(exc, LineTooLong):
                self._tell("a line that is too long for NUT: the connection is closed")
            self._lost(link, side)
        if link in self._links:
            self._watch_both(link)

    def _take(self, link: _Link, side: _Side) -> None:
        data = side.socket.recv(_READ_OCTETS)
        if not data:
            self._lost(link, side)
        elif side is link.upsd:
            is_first, link.heard_s = not link.heard_s, time.monotonic()
            if is_first:
                self._reach(link, is_first=True)
            self._carry_out(link, link.pair.from_upsd(data))
        else:
            self._note("")
            self._carry_out(link, link.pair.from_agent(data))

    def _carry_out(self, link: _Link, out: Out) -> None:
        link.upsd.waiting += out.to_upsd
        if link.agent is not None:
            link.agent.waiting += out.to_agent
        self._stopping = self._stopping or out.exits
        if out.ends:
            self._end(link)
        else:
            self._watch_both(link)

    def _lost(self, link: _Link, side: _Side) -> None:
        """upsd has gone, or the agent."""
        if side is link.upsd:
            self._end(link)
            return
        self._close(side)
        link.agent = None
        if link.pair.standing is Standing.THERE:
            self._note("the agent has closed the connection")
        self._carry_out(link, link.pair.agent_lost())

    def _end(self, link: _Link) -> None:
        self._links.remove(link)
        for side in (link.upsd, link.agent):
            if side is not None:
                self._close(side)

    def _close(self, side: _Side) -> None:
        if side.watched:
            self._selector.unregister(side.socket)
        side.socket.close()

    def _watch_both(self, link: _Link) -> None:
        self._watch(link, link.upsd)
        if link.agent is not None:
            self._watch(link, link.agent)

    def _watch(self, link: _Link, side: _Side) -> None:
        """A side is read while the other takes what it says."""
        other = link.agent if side is link.upsd else link.upsd
        is_full = len(side.waiting) > MAX_WAITING_OCTETS or (
            other is not None and len(other.waiting) > MAX_WAITING_OCTETS
        )
        wanted = (0 if is_full else selectors.EVENT_READ) | (
            selectors.EVENT_WRITE if side.waiting else 0
        )
        if wanted == side.watched:
            return
        if not side.watched:
            self._selector.register(side.socket, wanted, link)
        elif wanted:
            self._selector.modify(side.socket, wanted, link)
        else:
            self._selector.unregister(side.socket)
        side.watched = wanted
