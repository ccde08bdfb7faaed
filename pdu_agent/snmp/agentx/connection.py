# SPDX-License-Identifier: Apache-2.0
"""The connection under a session. It holds up neither the loop nor itself: a flood is worked
off in short turns, and a master that does not read is not read from.
"""

from __future__ import annotations

import asyncio
import time
from typing import cast

from pdu_agent.mib_impl.notifications import Notification
from pdu_agent.snmp.agentx.codec import CloseReason
from pdu_agent.snmp.agentx.session import Session, SessionLost

TURN_S = 0.002
"""What requests may take before the rest of the loop has its turn; one more, if it is long."""
UNSENT_OCTETS = 1 << 18
"""Answers that the master has not read; with more of them no further request is attended to."""


class Connection(asyncio.Protocol):
    """ready: done when the session serves. lost: done when it is over, with the reason. closed:
    set when nothing is left to be sent.
    """

    def __init__(self, session: Session) -> None:
        loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = loop.create_future()
        self.lost: asyncio.Future[str] = loop.create_future()
        self.closed = asyncio.Event()
        self._session = session
        self._transport: asyncio.Transport
        self._unanswered: set[asyncio.Future[int | None]] = set()
        self._is_blocked = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=UNSENT_OCTETS)
        self._transport.write(self._session.open())

    def data_received(self, data: bytes) -> None:
        self._session.take(data)
        self._work()

    def pause_writing(self) -> None:
        self._is_blocked = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._is_blocked = False
        self._work()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(str(exc) if exc is not None else "the connection was closed")
        self.closed.set()

    def _work(self) -> None:
        """Attend to what has arrived, for one turn."""
        if self._is_blocked or self.lost.done():
            return
        step, answers = self._session.step, []
        end_s = time.monotonic() + TURN_S
        try:
            while (answer := step()) is not None:
                answers.append(answer)
                if time.monotonic() >= end_s:
                    break
        except SessionLost as exc:
            self._transport.write(b"".join(answers))
            self.leave(CloseReason.PROTOCOL_ERROR, str(exc))
            return
        self._transport.write(b"".join(answers))
        if self._session.is_ready and not self.ready.done():
            self.ready.set_result(None)
        if answer is None:
            self._resume_reading()
        else:
            self._transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._work)

    def _resume_reading(self) -> None:
        if not self._is_blocked and not self._transport.is_closing():
            self._transport.resume_reading()

    def keep_alive(self) -> None:
        """To be called now and then; leaves a master that did not answer the last time."""
        if not self.lost.done():
            try:
                self._transport.write(self._session.keep_alive())
            except SessionLost as exc:
                self.leave(CloseReason.TIMEOUTS, str(exc))

    async def notify(self, notification: Notification) -> int | None:
        """res.error of the master's answer; None when the session ended before it came."""
        if self.lost.done():
            return None
        answered: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

        def settle(error: int) -> None:
            if not answered.done():
                answered.set_result(error)

        self._unanswered.add(answered)
        try:
            self._transport.write(self._session.notify(notification, settle))
            return await answered
        except SessionLost as exc:
            self.leave(CloseReason.TIMEOUTS, str(exc))
            return None
        finally:
            self._unanswered.discard(answered)

    def leave(self, reason: CloseReason, text: str) -> None:
        """Say goodbye and close."""
        if not self.lost.done():
            self._transport.write(self._session.close(reason))
            self._transport.close()
            self._end(text)

    def abort(self) -> None:
        """Close at once, whatever is still to be sent."""
        self._transport.abort()

    def _end(self, text: str) -> None:
        if not self.lost.done():
            self.lost.set_result(text)
        for answered in self._unanswered:
            if not answered.done():
                answered.set_result(None)
