# SPDX-License-Identifier: Apache-2.0
"""The configuration file over the API: read it, have a text judged, put a text in its place.

For administrators only. Secrets are in a file of their own, which is never shown.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial, wraps

from aiohttp import web

from pdu_agent.model.commands import Controller
from pdu_agent.model.configuration import (
    ChangedMeanwhile,
    Complaint,
    Configuration,
    NoFile,
    NotWritable,
    Rejected,
)
from pdu_agent.model.errors import ConfigError
from pdu_agent.web.bodies import expect_media, raw_body
from pdu_agent.web.caller import caller_of
from pdu_agent.web.etags import check_if_match, etag_of_bytes, is_known
from pdu_agent.web.plain import Plain
from pdu_agent.web.problems import CONFIGURATION, NO_FILE, READ_ONLY, Problem

MAX_TEXT_BYTES = 256 * 1024
"""As much as the checker takes; other bodies are small."""
MEDIA = ("application/yaml", "text/plain", "application/octet-stream")

Handler = Callable[[Controller, Configuration, web.Request], Awaitable[web.Response]]


def add_routes(
    router: web.UrlDispatcher, api: str, controller: Controller, configuration: Configuration
) -> None:
    router.add_get(f"{api}/config", partial(_read, controller, configuration))
    router.add_put(f"{api}/config", partial(_apply, controller, configuration))
    router.add_post(f"{api}/config/validate", partial(_validate, controller, configuration))


def _told(handler: Handler) -> Handler:
    """What the configuration raises becomes a problem."""

    @wraps(handler)
    async def told(
        controller: Controller, configuration: Configuration, request: web.Request
    ) -> web.Response:
        try:
            return await handler(controller, configuration, request)
        except NoFile as error:
            raise Problem(409, NO_FILE, str(error)) from error
        except NotWritable as error:
            raise Problem(409, READ_ONLY, str(error)) from error
        except ChangedMeanwhile as error:
            raise Problem.about_request(412, str(error)) from error
        except ConfigError as error:
            raise Problem(422, CONFIGURATION, str(error)) from error

    return told


@_told
async def _read(
    _controller: Controller, configuration: Configuration, request: web.Request
) -> web.Response:
    caller_of(request).require_admin("reading the configuration")
    text = await configuration.read()
    headers = {"ETag": etag_of_bytes(text)}
    if is_known(request, headers["ETag"]):
        return web.Response(status=304, headers=headers)
    return web.Response(
        body=text, content_type="application/yaml", charset="utf-8", headers=headers
    )


@_told
async def _validate(
    _controller: Controller, configuration: Configuration, request: web.Request
) -> web.Response:
    caller_of(request).require_admin("having a configuration judged")
    complaints = await configuration.check(await _text(request))
    is_valid = all(each.is_warning for each in complaints)
    return web.json_response({"valid": is_valid, **_lists(complaints)})


@_told
async def _apply(
    controller: Controller, configuration: Configuration, request: web.Request
) -> web.Response:
    caller = caller_of(request)
    caller.require_admin("changing the configuration")
    text = await _text(request)
    before = await configuration.read()
    check_if_match(request, etag_of_bytes(before))
    is_meant = "If-Match" in request.headers
    try:
        applied = await configuration.apply(text, before if is_meant else None, caller.actor)
    except Rejected as error:
        controller.note_refusal("save the configuration", caller.actor, str(error))
        raise _refused(error) from error
    plain = {
        "saved": True,
        "in_force": not applied.restart_needed,
        "restart_needed": list(applied.restart_needed),
        "warnings": [_complaint(each) for each in applied.complaints],
    }
    return web.json_response(plain, headers={"ETag": etag_of_bytes(text)})


async def _text(request: web.Request) -> bytes:
    """Raises Problem, or HTTPRequestEntityTooLarge."""
    larger = request.clone(client_max_size=MAX_TEXT_BYTES)
    try:
        text = await raw_body(larger)
    except web.HTTPRequestEntityTooLarge as error:
        raise Problem.about_request(
            413, f"the text is larger than {MAX_TEXT_BYTES} bytes"
        ) from error
    expect_media(request, text, *MEDIA)
    return text


def _refused(error: Rejected) -> Problem:
    """The first error in words, and all of them as data."""
    first = next(each for each in error.complaints if not each.is_warning)
    detail = f"{first.source}:{first.line}:{first.column}: {first.path or 'it'}: {first.message}"
    return Problem(422, CONFIGURATION, detail, **_lists(error.complaints))


def _lists(complaints: Sequence[Complaint]) -> Plain:
    return {
        "errors": [_complaint(each) for each in complaints if not each.is_warning],
        "warnings": [_complaint(each) for each in complaints if each.is_warning],
    }


def _complaint(row: Complaint) -> Plain:
    return {
        "file": row.source,
        "line": row.line,
        "column": row.column,
        "path": row.path,
        "message": row.message,
        "hint": row.hint,
    }
