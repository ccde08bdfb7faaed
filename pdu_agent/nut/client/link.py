# SPDX-License-Identifier: Apache-2.0
"""One connection to a NUT server: a request and its answer, in a bounded time."""

from __future__ import annotations

import asyncio
import ssl
from typing import cast

from pdu_agent.model.errors import OpenPduError
from pdu_agent.nut.client.protocol import Dialogue, Misbehaved, list_variables, variables_in

ANSWER_S = 5.0
"""For the whole answer: upsd answers from memory."""
VARIABLES_AT_ONCE = 32
"""Eight servers may be read at the same time, and the loop has other work too."""


class NoAnswer(OpenPduError):
    """The connection is lost, or nothing came in time."""


class Link(asyncio.Protocol):
    """Made by `create_connection`. After any error but Refused it is closed."""

    def __init__(self) -> None:
        self._dialogue = Dialogue()
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[tuple[bytes, ...]] | None = None
        self._error: OpenPduError | None = None

    async def ask(self, *words: str) -> tuple[bytes, ...]:
        """The lines of the answer. Raises Refused, NoAnswer, Misbehaved."""
        transport = self._usable()
        self._answer = asyncio.get_running_loop().create_future()
        transport.write(self._dialogue.request(*words))
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._answer
        except TimeoutError:
            self._fail(NoAnswer(f"no answer within {ANSWER_S:g} s"))
            raise NoAnswer(f"no answer within {ANSWER_S:g} s") from None
        finally:
            self._answer = None

    async def variables(self, ups: str) -> dict[str, str]:
        """All of a UPS by name. Raises as `ask` does."""
        found = {}
        answer = await self.ask(*list_variables(ups))
        for count, (name, value) in enumerate(variables_in(answer, ups)):
            found[name] = value
            if count % VARIABLES_AT_ONCE == 0:
                await asyncio.sleep(0)
        return found

    async def begin_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Go on encrypted. Raises ssl.SSLError, OSError, and what went wrong since the last answer;
        the link is closed then.
        """
        transport = self._usable()
        loop = asyncio.get_running_loop()
        try:
            self._transport = await loop.start_tls(
                transport,
                self,
                context,
                server_hostname=host,
                ssl_handshake_timeout=ANSWER_S,
                ssl_shutdown_timeout=1.0,
            )
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """At once, whatever is under way."""
        if self._transport is not None:
            self._transport.abort()

    # -- asyncio.Protocol ---------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        try:
            lines = self._dialogue.receive(data)
        except Misbehaved as exc:
            self._fail(exc)
        except OpenPduError as exc:
            self._tell(exc)
        else:
            if lines is not None and self._answer is not None and not self._answer.done():
                self._answer.set_result(lines)

    def connection_lost(self, exc: Exception | None) -> None:
        why = f": {exc}" if exc is not None else ""
        self._fail(NoAnswer(f"the server closed the connection{why}"))

    def _usable(self) -> asyncio.Transport:
        """Raises what made it fail."""
        if self._error is not None or self._transport is None:
            raise self._error or NoAnswer("there is no connection")
        return self._transport

    def _fail(self, error: OpenPduError) -> None:
        if self._error is None:
            self._error = error
        self.close()
        self._tell(error)

    def _tell(self, error: OpenPduError) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
