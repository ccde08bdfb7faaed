# SPDX-License-Identifier: Apache-2.0
"""One unit as a script sees it."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from pdu_agent.client.calls import Calls
from pdu_agent.client.door import Door
from pdu_agent.client.errors import BadAnswer, Unreachable
from pdu_agent.client.rows import Curve, Event, Outlet, Plain, Switched
from pdu_agent.client.stream import MAX_LINE_OCTETS, Parser

TIMEOUT_S = 10.0
SILENCE_S = 40.0
"""The unit sends a comment at least every 15 s; a stream that is silent for longer is dead."""
FIRST_PAUSE_S, LAST_PAUSE_S = 0.5, 10.0

T = TypeVar("T")


class Unit:
    """address, ca_file, fingerprint: see Door. Either a token, or user and password; neither over
    the Unix socket, where the file's mode decides. timeout_s: of each request.

    Use it in a `with` block or call `close`; from one thread. Every method raises UnitError.
    """

    def __init__(
        self,
        address: str,
        *,
        token: str | None = None,
        user: str | None = None,
        password: str | None = None,
        ca_file: str | None = None,
        fingerprint: str | None = None,
        timeout_s: float = TIMEOUT_S,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Raises ValueError where a secret would pass in the clear."""
        door = Door(address, ca_file, fingerprint)
        if (token or password) and not door.is_private:
            raise ValueError(f"{address}: no secret is sent over plain HTTP; use https://")
        if (user is None) != (password is None):
            raise ValueError("user and password belong together")
        self._sleep = sleep
        self._calls = Calls(door, timeout_s, sleep)
        self._is_session = False
        if token is not None:
            self._calls.headers["Authorization"] = f"Bearer {token}"
        if user is not None:
            self._log_in(user, password or "")

    def __enter__(self) -> Unit:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave; a session ends with it."""
        try:
            if self._is_session:
                self._is_session = False
                self._calls.call("DELETE", "session")
        finally:
            self._calls.close()

    def _log_in(self, user: str, password: str) -> None:
        answer = self._calls.call("POST", "session", {"name": user, "password": password})
        self._is_session = True
        self._calls.headers["X-CSRF-Token"] = _made(lambda: str(answer["csrf_token"]))

    # -- the whole of the API -----------------------------------------------------------

    def get(self, resource: str, **query: object) -> Any:
        """The JSON of /api/v1/`resource`; a query of None is left out."""
        given = {name: _text(value) for name, value in query.items() if value is not None}
        return self._calls.call("GET", f"{resource}?{urlencode(given)}" if given else resource)

    def post(
        self, resource: str, body: Mapping[str, Any] | None = None, idempotency_key: str = ""
    ) -> Any:
        """idempotency_key: of your own, so that also a later run of a script repeats nothing."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self._calls.call("POST", resource, body, headers)

    def patch(self, resource: str, body: Mapping[str, Any], etag: str = "") -> Any:
        return self._calls.call("PATCH", resource, body, _if_match(etag))

    def put(self, resource: str, body: Mapping[str, Any], etag: str = "") -> Any:
        return self._calls.call("PUT", resource, body, _if_match(etag))

    def delete(self, resource: str) -> Any:
        return self._calls.call("DELETE", resource)

    # -- outlets ------------------------------------------------------------------------

    def outlets(self) -> list[Outlet]:
        """Those that one may read, in the order of their numbers."""
        answer = self.get("outlets")
        return _made(lambda: [Outlet.of(row) for row in answer["outlets"]])

    def outlet(self, number: int) -> Outlet:
        answer = self.get(f"outlets/{number}")
        return _made(lambda: Outlet.of(answer))

    def on(self, number: int, **options: Any) -> Switched:
        """See `switch`."""
        return self.switch(number, "on", **options)

    def off(self, number: int, **options: Any) -> Switched:
        return self.switch(number, "off", **options)

    def cycle(self, number: int, **options: Any) -> Switched:
        """Off, and on again after the outlet's reboot_s."""
        return self.switch(number, "cycle", **options)

    def toggle(self, number: int, **options: Any) -> Switched:
        return self.switch(number, "toggle", **options)

    def switch(
        self, number: int, verb: str, wait_s: float | None = None, **options: Any
    ) -> Switched:
        """verb: as in the API: on, off, cycle, toggle, cancel, lock, unlock ... options: the body.

        wait_s: how long to wait for the proof that the relay moved, 2 s unless given.
        """
        query = "" if wait_s is None else f"?wait_s={wait_s:g}"
        answer = self.post(f"outlets/{number}/{quote(verb, safe='')}{query}", options)
        return _made(lambda: Switched.of(answer))

    # -- what was and what is -------------------------------------------------------------

    def history(
        self,
        target: str,
        quantity: str,
        begin: datetime,
        end: datetime,
        points: int | None = None,
    ) -> Curve:
        """target: "outlet:3"; quantity: "active_power_w", for example. The times need a zone."""
        query = {"target": target, "quantity": quantity, "points": points}
        answer = self.get("history", **query, **{"from": begin, "to": end})
        return _made(lambda: Curve.of(answer))

    def energy(
        self, first: date, last: date, step: str = "day", target: str | None = None
    ) -> Plain:
        """Of whole days of the unit's local time, by hour, day or month; see /energy/history."""
        query = {"step": step, "target": target, "from": first, "to": last}
        return _object(self.get("energy/history", **query))

    def cost(self, month: str) -> Plain:
        """month: as in "2026-03"."""
        return _object(self.get("cost", month=month))

    def events(self, topics: Sequence[str] = (), last_event_id: str = "") -> Iterator[Event]:
        """What happens from now on, for ever; after a break it goes on where it was.

        topics: of readings, state, alarms; all of them for none. last_event_id: of the newest
        event that an earlier run has seen. A refusal ends it; a unit that is away does not.
        """
        parser = Parser(last_event_id)
        resource = f"stream?{urlencode({'topics': ','.join(topics)})}" if topics else "stream"
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                for event in self._connected_events(resource, parser):
                    yield event
                    pause_s = FIRST_PAUSE_S
            except Unreachable:
                pass
            parser = Parser(parser.last_id)  # half an event is none
            self._sleep(pause_s)
            pause_s = min(2 * pause_s, LAST_PAUSE_S)

    def _connected_events(self, resource: str, parser: Parser) -> Iterator[Event]:
        headers = {"Accept": "text/event-stream"}
        if parser.last_id:
            headers["Last-Event-ID"] = parser.last_id
        with self._calls.stream(resource, headers, SILENCE_S) as answer:
            yield from parser.events(_lines(answer))


def _lines(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    """Raises Unreachable for a line without an end, and whatever reading raises."""
    while line := answer.readline(MAX_LINE_OCTETS):
        if not line.endswith(b"\n"):
            raise Unreachable("the stream ended within a line")
        yield line


def _text(value: object) -> str:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{value}: a time without a zone")
        return value.isoformat()
    return str(value)


def _if_match(etag: str) -> dict[str, str]:
    return {"If-Match": etag} if etag else {}


def _object(plain: Any) -> Plain:
    if not isinstance(plain, dict):
        raise BadAnswer(f"expected an object: {str(plain)[:80]}")
    return plain


def _made(make: Callable[[], T]) -> T:
    try:
        return make()
    except (KeyError, TypeError, ValueError) as exc:
        raise BadAnswer(f"the answer lacks what it should have: {exc!r}") from exc
