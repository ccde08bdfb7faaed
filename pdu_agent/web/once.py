# SPDX-License-Identifier: Apache-2.0
"""`Idempotency-Key`: who does not know whether a POST arrived sends it again, and it is done once.

The first answer is kept under the caller and their key and given again, for a day or until there
are too many. What was refused did nothing, and is judged anew; what failed may have been done, and
is not done again.
"""

from __future__ import annotations

import re
import time
import zlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256

from aiohttp import web
from aiohttp.typedefs import Middleware

from pdu_agent.model.errors import CommandError
from pdu_agent.web.bodies import raw_body
from pdu_agent.web.caller import caller_of
from pdu_agent.web.problems import IN_PROGRESS, KEY_REUSED, Problem

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEEP_S = 24 * 3600.0
MAX_KEPT = 1000
MAX_OF_CALLER = 400
"""Of more their own oldest goes: nobody makes the keys of others be forgotten."""
MAX_KEPT_BYTES = 1024 * 1024
"""Of all answers together, packed; that of a batch for 64 outlets has about 10 kB."""
SECRET = ("session", "setup", "tokens", "users", "config")
"""Below /api/v1: their answers have what nobody keeps, so a key has no effect there; and nothing is
done by having a configuration judged.
"""

FAILED = 500
_KEY = re.compile(r"[!-~]{1,128}")
_KEPT_HEADERS = ("ETag", "Location")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Name = tuple[str, str, str]
"""Face and name of the caller, and their key."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """packed: the body; None while the first request is being done."""

    print_of: bytes
    until_s: float
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    packed: bytes | None = None


class Answers:
    """Those that are kept, the oldest first."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._kept: OrderedDict[Name, _Kept] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def known(self, name: Name, print_of: bytes) -> web.Response | None:
        """The answer to the same request. Raises Problem where the key stands for another one, or
        where the first is still being done.
        """
        self._forget_old()
        kept = self._kept.get(name)
        if kept is None:
            return None
        if kept.print_of != print_of:
            raise Problem(422, KEY_REUSED, f"{HEADER}: it was sent with another request before")
        if kept.packed is None:
            raise Problem(409, IN_PROGRESS, f"{HEADER}: the request with it is being done")
        if kept.status == FAILED:
            detail = f"{HEADER}: the request with it failed, and may have been done"
            raise Problem.about_request(FAILED, detail)
        return web.Response(
            body=zlib.decompress(kept.packed),
            status=kept.status,
            headers={**dict(kept.headers), REPLAYED: "true"},
            content_type="application/json",
            charset="utf-8",
        )

    def begin(self, name: Name, print_of: bytes) -> None:
        self._kept[name] = _Kept(print_of, self._now_s() + KEEP_S)

    def end(self, name: Name, answer: web.StreamResponse | None) -> None:
        """answer: None where there was a refusal."""
        begun = self._kept.pop(name, None)
        if begun is None or not isinstance(answer, web.Response):
            return
        if not 200 <= answer.status < 300 and answer.status != FAILED:
            return
        body = answer.body if isinstance(answer.body, bytes) else b""
        packed = zlib.compress(body, 1)
        headers = tuple(
            (key, answer.headers[key]) for key in _KEPT_HEADERS if key in answer.headers
        )
        self._kept[name] = _Kept(begun.print_of, begun.until_s, answer.status, headers, packed)
        self._bytes += len(packed)
        self._make_room(name[:2])

    def _make_room(self, caller: tuple[str, str]) -> None:
        """What is being done stays: it must not be done twice."""
        done = [each for each, kept in self._kept.items() if kept.packed is not None]
        own = [each for each in done if each[:2] == caller]
        surplus = own[: max(0, len(own) - MAX_OF_CALLER)]
        for each in surplus:
            self._drop(each)
        for each in done:
            if each not in surplus and self._is_too_much():
                self._drop(each)

    def _is_too_much(self) -> bool:
        return len(self._kept) > MAX_KEPT or self._bytes > MAX_KEPT_BYTES

    def _forget_old(self) -> None:
        now_s = self._now_s()
        while self._kept and (oldest := next(iter(self._kept.items())))[1].until_s < now_s:
            self._drop(oldest[0])

    def _drop(self, name: Name) -> None:
        self._bytes -= len(self._kept.pop(name).packed or b"")


def once_per_key(api: str, answers: Answers | None = None) -> Middleware:
    """Stands behind the middleware that knows the caller."""
    kept = answers if answers is not None else Answers()
    secret = tuple(f"{api}/{name}" for name in SECRET)

    @web.middleware
    async def once(request: web.Request, handler: Handler) -> web.StreamResponse:
        key = request.headers.get(HEADER)
        if key is None or request.method != "POST" or request.path.startswith(secret):
            return await handler(request)
        if not _KEY.fullmatch(key):
            raise Problem.about_request(
                400, f"{HEADER}: expected 1 to 128 printable characters of ASCII, without spaces"
            )
        actor = caller_of(request).actor
        name, print_of = (actor.face, actor.who, key), _print_of(request, await raw_body(request))
        known = kept.known(name, print_of)
        if known is not None:
            return known
        kept.begin(name, print_of)
        answer = None
        try:
            answer = await handler(request)
        except (CommandError, Problem, web.HTTPException):
            raise
        except Exception:
            answer = web.Response(status=FAILED)
            raise
        finally:
            kept.end(name, answer)
        return answer

    return once


def _print_of(request: web.Request, body: bytes) -> bytes:
    """Of what is asked for: the same only for the same request with the same rights."""
    caller = caller_of(request)
    rights = f"{caller.grant} {caller.is_admin}"
    head = f"{request.method} {request.path_qs} {request.content_type} {rights}\n"
    return sha256(head.encode("utf-8", "surrogateescape") + body).digest()
