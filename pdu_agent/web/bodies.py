# SPDX-License-Identifier: Apache-2.0
"""Reads what a request carries: bounded in size and in time, and never guessed at."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from pdu_agent.model.errors import NotPermitted
from pdu_agent.web.caller import caller_of
from pdu_agent.web.orders import decode
from pdu_agent.web.problems import Problem

BODY_TIMEOUT_S = 5.0


async def raw_body(request: web.Request) -> bytes:
    """The octets, however often they are asked for.

    Raises Problem, NotPermitted where the rights of the caller ended while they arrived, or
    HTTPRequestEntityTooLarge where there are more than the request may have.
    """
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            body = await request.read()
    except TimeoutError as exc:
        raise Problem.about_request(408, "the body did not arrive in time") from exc
    except ConnectionError as exc:
        raise Problem.about_request(400, "the client left before its body had arrived") from exc
    if "Content-Encoding" in request.headers:
        raise Problem.about_request(415, "the body must not be compressed")
    if not caller_of(request).is_valid():
        raise NotPermitted("the log-in or the token has ended")
    return body


def expect_media(request: web.Request, body: bytes, *expected: str) -> None:
    """Raises Problem (415) for a body that is something else."""
    if body and request.content_type not in expected:
        raise Problem.about_request(
            415, f"the body is {request.content_type[:40]}, expected {' or '.join(expected)}"
        )


async def json_body(request: web.Request) -> dict[str, Any]:
    """The JSON object in the request. Raises as raw_body."""
    body = await raw_body(request)
    expect_media(request, body, "application/json")
    return decode(body)
