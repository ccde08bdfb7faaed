# SPDX-License-Identifier: Apache-2.0
"""Requests and answers: who one is, what is tried again, and what becomes of a refusal."""

from __future__ import annotations

import http.client
import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pdu_agent.client.door import Door
from pdu_agent.client.errors import BadAnswer, Refused, Unreachable, refused

API = "/api/v1/"
MAX_ANSWER_OCTETS = 64 * 1024 * 1024
PAUSES_S = (0.2, 1.0)
"""Before the second and the third try."""
_BUSY = 503


class Calls:
    """One connection to a unit, opened anew when it was lost. Not to be shared between threads.

    GET is tried again when the connection fails or the unit is busy. So is POST, with one
    Idempotency-Key for all tries, so that nothing is done twice. Others are tried once.
    """

    def __init__(
        self, door: Door, timeout_s: float, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._door = door
        self._timeout_s = timeout_s
        self._sleep = sleep
        self._connection: http.client.HTTPConnection | None = None
        self.headers: dict[str, str] = {}
        """Sent with every request: who one is."""
        self.cookie = ""

    def call(
        self,
        method: str,
        resource: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The JSON of the answer. Raises UnitError."""
        sent = dict(headers or {})
        if method == "POST":
            sent.setdefault("Idempotency-Key", secrets.token_urlsafe(16))
        pauses = iter(PAUSES_S if method in ("GET", "POST") else ())
        while True:
            try:
                return self._once(method, resource, body, sent)
            except (Unreachable, Refused) as exc:
                pause_s = next(pauses, None)
                is_passing = isinstance(exc, Unreachable) or exc.status == _BUSY
                if pause_s is None or not is_passing:
                    raise
                self._sleep(pause_s)

    @contextmanager
    def stream(
        self, resource: str, headers: Mapping[str, str], timeout_s: float
    ) -> Iterator[http.client.HTTPResponse]:
        """An answer without an end, on a connection of its own. Raises UnitError."""
        connection = self._door.open(timeout_s)
        try:
            connection.request("GET", API + resource, headers={**self._own(), **headers})
            answer = connection.getresponse()
            if answer.status != 200:
                raise refused(answer.status, _json(answer.read(MAX_ANSWER_OCTETS)))
            with answer:
                yield answer
        except (OSError, http.client.HTTPException) as exc:
            raise Unreachable(f"{self._door.address}: {exc!r}") from exc
        finally:
            connection.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _own(self) -> dict[str, str]:
        return {**self.headers, **({"Cookie": self.cookie} if self.cookie else {})}

    def _once(
        self, method: str, resource: str, body: Mapping[str, Any] | None, headers: dict[str, str]
    ) -> Any:
        if self._connection is None:
            self._connection = self._door.open(self._timeout_s)
        sent = {**self._own(), **headers}
        if method != "GET":
            sent["Content-Type"] = "application/json"
        payload = None if method == "GET" else json.dumps(body or {})
        try:
            self._connection.request(method, API + resource, payload, sent)
            answer = self._connection.getresponse()
            octets = answer.read(MAX_ANSWER_OCTETS)
        except (OSError, http.client.HTTPException) as exc:
            self.close()
            raise Unreachable(f"{self._door.address}: {exc!r}") from exc
        if answer.will_close or answer.length or method not in ("GET", "POST"):
            self.close()  # what is tried once must not meet a connection that has gone stale
        self._keep_cookie(answer)
        if answer.status == 204:
            return None
        plain = _json(octets)
        if not 200 <= answer.status < 300:
            raise refused(answer.status, plain)
        return plain

    def _keep_cookie(self, answer: http.client.HTTPResponse) -> None:
        given = answer.getheader("Set-Cookie")
        if given:
            self.cookie = given.partition(";")[0]


def _json(octets: bytes) -> Any:
    try:
        return json.loads(octets)
    except ValueError as exc:
        raise BadAnswer(f"no JSON: {octets[:80]!r}") from exc
