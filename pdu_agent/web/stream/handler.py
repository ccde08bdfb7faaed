# SPDX-License-Identifier: Apache-2.0
"""GET /api/v1/stream."""

from __future__ import annotations

from functools import partial

from aiohttp import web

from pdu_agent.model.errors import InvalidValue
from pdu_agent.web.caller import caller_of
from pdu_agent.web.problems import Problem
from pdu_agent.web.stream.frames import Topic
from pdu_agent.web.stream.hub import Hub, TooMany

HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Accel-Buffering": "no",  # a proxy that collects would deliver late
}


def add_stream(router: web.UrlDispatcher, api: str, hub: Hub) -> None:
    router.add_get(f"{api}/stream", partial(_stream, hub), allow_head=False)


async def _stream(hub: Hub, request: web.Request) -> web.StreamResponse:
    topics = _topics(request.query.get("topics", ""))
    transport = request.transport
    if transport is None:
        raise Problem.about_request(400, "the client has gone")
    last_event_id = request.headers.get("Last-Event-ID", "")[:40]
    try:
        source = request.remote or ""
        stream = hub.open(caller_of(request), topics, last_event_id, transport, source)
    except TooMany as full:
        raise Problem(503, "busy", str(full)) from full
    try:
        response = web.StreamResponse(headers=HEADERS)
        await response.prepare(request)
        while frames := await stream.take():
            await response.write(frames)
    except ConnectionError:
        pass  # the client has left, as each of them does at some time
    finally:
        hub.close(stream)
    return response


def _topics(text: str) -> frozenset[Topic]:
    """Of "readings,alarms"; all of them for none. Raises InvalidValue."""
    known = {topic.value: topic for topic in Topic}
    words = [word.strip() for word in text.split(",")] if text else list(known)
    for word in words:
        if word not in known:
            raise InvalidValue(f"topics: {word[:20]!r} is none; expected {', '.join(known)}")
    return frozenset(known[word] for word in words)
