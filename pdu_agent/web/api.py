# SPDX-License-Identifier: Apache-2.0
"""API v1: routes and handlers, as openapi.yaml describes them."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from aiohttp import web
from aiohttp.typedefs import Middleware

from pdu_agent.access.visible import visible_hooks
from pdu_agent.model.commands import Controller
from pdu_agent.model.errors import CommandError, ConfigError, InvalidValue, UnknownTarget
from pdu_agent.model.hooks import HookRow
from pdu_agent.model.inrush import NewestSwitchOn
from pdu_agent.model.snapshot import Inlet, Line
from pdu_agent.web import (
    audit,
    audit_check,
    backups,
    configuration,
    contract,
    editing,
    energy,
    export,
    history,
    listing,
    outages,
    priorities,
    protection,
    purge,
    resources,
    rules,
    schedule_week,
    schedules,
    standby,
    switching,
    upkeep,
)
from pdu_agent.web.access import Access
from pdu_agent.web.auth import routes as accounts
from pdu_agent.web.auth.headers import add_headers
from pdu_agent.web.bodies import json_body as _body
from pdu_agent.web.caller import caller_of, seen, set_caller
from pdu_agent.web.collected import add_collections
from pdu_agent.web.measured import inlet, inrush, line, with_spectrum
from pdu_agent.web.once import once_per_key
from pdu_agent.web.orders import outlet_number, outlet_row
from pdu_agent.web.pages import routes as pages
from pdu_agent.web.pages import site
from pdu_agent.web.problems import CONFIGURATION, Problem
from pdu_agent.web.services import Reload, Services
from pdu_agent.web.stream.handler import add_stream
from pdu_agent.web.stream.hub import Hub
from pdu_agent.web.waveforms import add_waveforms
from pdu_agent.web.why import why

log = logging.getLogger(__name__)

_Row = TypeVar("_Row", Inlet, Line)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

API = "/api/v1"
MAX_BODY_BYTES = 16 * 1024  # the longest batch of 64 commands is below 8 KiB

_NO_SERVICES = Services()


def make_app(
    controller: Controller,
    access: Access,
    services: Services = _NO_SERVICES,
    streams: Hub | None = None,
) -> web.Application:
    """The API over one listening socket, whose rights `access` decides. streams: those of all
    sockets, where there are several.
    """
    app = web.Application(
        middlewares=[_guard(access), once_per_key(API)], client_max_size=MAX_BODY_BYTES
    )
    app.on_response_prepare.append(add_headers)
    add_collections(app.router, API, controller)
    app.router.add_get(f"{API}/inlets/{{n}}", partial(_inlet, controller))
    app.router.add_get(f"{API}/lines/{{n}}", partial(_line, controller))
    app.router.add_get(f"{API}/outlets/{{n}}", partial(_outlet, controller))
    app.router.add_get(f"{API}/outlets/{{n}}/why", partial(_why, controller))
    app.router.add_get(
        f"{API}/outlets/{{n}}/inrush", partial(_inrush, controller, services.switch_on)
    )
    contract.add_routes(app.router, API)
    switching.add_routes(app.router, API, controller, _body)
    editing.add_routes(app.router, API, controller, _body)
    listing.add_routes(app.router, API, controller)
    audit.add_routes(app.router, API, controller, services.audit)
    audit_check.add_routes(app.router, API, services.check_audit)
    configuration.add_routes(app.router, API, controller, services.configuration)
    app.router.add_get(f"{API}/hooks", partial(_hooks, controller, services.hooks))
    app.router.add_post(f"{API}/reload", partial(_reload, services.reload))
    upkeep.add_routes(app.router, API, controller, _body)
    protection.add_routes(app.router, API, controller, _body)
    priorities.add_routes(app.router, API, controller, _body)
    schedules.add_routes(app.router, API, controller, _body, services.upcoming)
    schedule_week.add_routes(app.router, API, controller, services.week)
    rules.add_routes(app.router, API, controller, _body)
    outages.add_routes(app.router, API, controller, services.mains_fail)
    accounts.add_routes(app.router, API, controller, _body, services.auth)
    history.add_routes(app.router, API, controller, services)
    energy.add_routes(app.router, API, controller, services)
    standby.add_routes(app.router, API, controller, services)
    export.add_routes(app.router, API, controller, services)
    purge.add_routes(app.router, API, controller, _body, services)
    backups.add_routes(app.router, API, controller, _body, services.backups)
    add_stream(app.router, API, streams or Hub(controller, services.events))
    add_waveforms(app.router, API, controller, services.waves)
    pages.add_site(app, controller, services)
    return app


def _guard(access: Access) -> Middleware:
    """Every answer passes here: rights first, and each refusal becomes a problem."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            set_caller(request, await access.identify(request))
            response = await handler(request)
        except Problem as problem:
            response = _refusal(request, problem)
        except CommandError as error:
            response = _refusal(request, Problem.about_command(error))
        except web.HTTPRedirection:
            raise
        except web.HTTPException as refusal:
            response = _refusal(request, _plain_words(request, refusal))
            if isinstance(refusal, web.HTTPMethodNotAllowed):
                response.headers["Allow"] = ", ".join(sorted(refusal.allowed_methods))
        except Exception:
            log.exception("%s %s failed", request.method, request.path[:200])
            response = _problem(
                Problem.about_request(500, "the agent failed to answer; its log says more")
            )
        return response

    return guard


def _refusal(request: web.Request, problem: Problem) -> web.Response:
    """For people who look at a page in words, for everybody else as JSON."""
    return site.refusal(request, problem) if site.is_for_people(request) else _problem(problem)


def _plain_words(request: web.Request, refusal: web.HTTPException) -> Problem:
    details = {
        404: f"there is nothing at {request.path[:80]}; see {API}/openapi.yaml",
        405: f"{request.method[:20]} is not possible at {request.path[:80]}",
        413: f"the body is larger than {MAX_BODY_BYTES} bytes",
    }
    return Problem.about_request(refusal.status, details.get(refusal.status, refusal.reason))


def _problem(problem: Problem) -> web.Response:
    return web.json_response(
        problem.to_plain(),
        status=problem.status,
        headers=problem.headers(),
        content_type="application/problem+json",
    )


def _json(plain: Mapping[str, Any]) -> web.Response:
    return web.json_response(plain, dumps=partial(json.dumps, allow_nan=False))


async def _outlet(controller: Controller, request: web.Request) -> web.Response:
    row = outlet_row(seen(controller, request), outlet_number(request.match_info["n"]))
    return _json(with_spectrum(resources.outlet(row), row.meter))


async def _inlet(controller: Controller, request: web.Request) -> web.Response:
    row = _numbered(seen(controller, request).inlets, "inlet", request)
    return _json(with_spectrum(inlet(row), row.meter))


async def _line(controller: Controller, request: web.Request) -> web.Response:
    row = _numbered(seen(controller, request).lines, "line", request)
    return _json(with_spectrum(line(row), row.meter))


def _numbered(rows: Sequence[_Row], what: str, request: web.Request) -> _Row:
    """The row with the number in the path. Raises UnknownTarget."""
    text = request.match_info["n"]
    for row in rows:
        if str(row.index) == text:
            return row
    raise UnknownTarget(f"there is no {what} {text[:20]!r}")


async def _why(controller: Controller, request: web.Request) -> web.Response:
    snapshot = seen(controller, request)
    row = outlet_row(snapshot, outlet_number(request.match_info["n"]))
    return _json({"number": row.index, "state": row.state.value, "sentences": why(row, snapshot)})


async def _inrush(
    controller: Controller, switch_on: NewestSwitchOn, request: web.Request
) -> web.Response:
    row = outlet_row(seen(controller, request), outlet_number(request.match_info["n"]))
    newest = switch_on(row.index)
    if newest is None:
        raise Problem.about_request(
            404,
            f"outlet {row.index} has no inrush: it was not switched on since the agent's start,"
            " or is not measured by a converter that samples",
        )
    return _json(inrush(newest))


async def _hooks(
    controller: Controller, rows: Callable[[], Sequence[HookRow]], request: web.Request
) -> web.Response:
    snapshot = controller.snapshot
    shown = visible_hooks(rows(), snapshot, caller_of(request).grant)
    return _json(resources.hooks(snapshot, shown))


async def _reload(reload: Reload, request: web.Request) -> web.Response:
    caller_of(request).require_admin("reading the configuration anew")
    body = await _body(request)
    if body:
        raise InvalidValue(f"unknown key {next(iter(body))[:40]!r}: none is expected")
    try:
        warnings = await reload(caller_of(request).actor)
    except ConfigError as error:
        raise Problem(422, CONFIGURATION, str(error)) from error
    return _json({"reloaded": True, "warnings": list(warnings)})
