# SPDX-License-Identifier: Apache-2.0
"""Plans and countdowns over the API: what is due, and what may be asked of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from aiohttp import web

from pdu_agent.model.commands import (
    Action,
    Command,
    Controller,
    EnablePlan,
    RunPlan,
    SetCountdown,
)
from pdu_agent.model.control import Plan, Upcoming
from pdu_agent.model.errors import InvalidValue, UnknownTarget
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.web import resources
from pdu_agent.web.asking import Body, refuse_unknown, submit
from pdu_agent.web.caller import caller_of, seen
from pdu_agent.web.orders import outlet_number, outlet_row
from pdu_agent.web.plain import Plain, instant
from pdu_agent.web.services import Coming

SHOWN = 20
MOST_SHOWN = 1000
_ASKED: Mapping[str, Callable[[str], Command]] = {
    "enable": partial(EnablePlan, enabled=True),
    "disable": partial(EnablePlan, enabled=False),
    "run": RunPlan,
}


def add_routes(
    router: web.UrlDispatcher,
    api: str,
    controller: Controller,
    body: Body,
    upcoming: Coming,
) -> None:
    """body: reads the JSON object of a request. upcoming: what is planned next."""
    router.add_get(f"{api}/plans", partial(_plans, controller))
    router.add_get(f"{api}/schedule/next", partial(_next, controller, upcoming))
    for verb in _ASKED:
        handler = partial(_ask, controller, body, verb)
        router.add_post(f"{api}/plans/{{name}}/{verb}", handler)
    router.add_post(f"{api}/outlets/{{n}}/timer", partial(_timer, controller, body))


async def _plans(controller: Controller, request: web.Request) -> web.Response:
    snapshot = seen(controller, request)
    rows = [plan_row(row) for row in snapshot.plans]
    return _json({"time": instant(snapshot.t_wall_s), "plans": rows})


async def _next(controller: Controller, upcoming: Coming, request: web.Request) -> web.Response:
    unknown = sorted(set(request.query) - {"count", "outlet"})
    if unknown:
        raise InvalidValue(f"unknown parameter {unknown[0][:40]!r}: expected count, outlet")
    count = _count(request.query.get("count", str(SHOWN)))
    snapshot, outlet = seen(controller, request), None
    if "outlet" in request.query:
        outlet = outlet_row(snapshot, outlet_number(request.query["outlet"])).index
    is_all_seen = caller_of(request).grant.reads_everything
    found = upcoming(count if is_all_seen else MOST_SHOWN, outlet)
    if not is_all_seen:
        numbers = {row.index for row in snapshot.outlets}
        found = [each for each in found if each.outlets and numbers.issuperset(each.outlets)]
    rows = [upcoming_row(row) for row in found[:count]]
    return _json({"time": instant(snapshot.t_wall_s), "next": rows})


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= MOST_SHOWN):
        raise InvalidValue(f"count: {text[:20]!r}; expected a whole number from 1 to {MOST_SHOWN}")
    return int(text)


async def _ask(controller: Controller, body: Body, verb: str, request: web.Request) -> web.Response:
    refuse_unknown(await body(request), ())
    name = request.match_info["name"]
    changed = await submit(controller, request, [_ASKED[verb](name)], f"{verb} {name[:40]}")
    return _json({"changed": changed, "plan": plan_row(_plan(seen(controller, request), name))})


async def _timer(controller: Controller, body: Body, request: web.Request) -> web.Response:
    """An empty object ends the countdown."""
    number = outlet_number(request.match_info["n"])
    outlet_row(seen(controller, request), number)
    command = _countdown(number, await body(request))
    changed = await submit(controller, request, [command], f"timer {number}")
    row = outlet_row(seen(controller, request), number)
    return _json({"changed": changed, "outlet": resources.outlet(row)})


def _countdown(number: int, given: Mapping[str, Any]) -> SetCountdown:
    refuse_unknown(given, ("action", "after_s"))
    if not given:
        return SetCountdown(number, Action.CANCEL, None)
    words = [each.value for each in Action]
    if given.get("action") not in words:
        raise InvalidValue("action: expected on, off, reboot, toggle or pulse")
    after_s = given.get("after_s")
    if isinstance(after_s, bool) or not isinstance(after_s, int | float):
        raise InvalidValue("after_s: expected a number of seconds")
    return SetCountdown(number, Action(given["action"]), after_s)


def _plan(snapshot: Snapshot, name: str) -> Plan:
    for row in snapshot.plans:
        if row.name == name:
            return row
    raise UnknownTarget(f"there is no plan {name[:40]!r}")


def plan_row(row: Plan) -> Plain:
    return {
        "number": row.number,
        "name": row.name,
        "enabled": row.enabled,
        "when": row.when,
        "outlets": list(row.outlets),
        "action": row.action,
        "next_at": instant(row.next_wall_s),
        "last_at": instant(row.last_wall_s),
        "outcome": row.outcome,
        "runs": row.runs,
        "missed": row.missed,
    }


def upcoming_row(row: Upcoming) -> Plain:
    return {
        "at": instant(row.wall_s),
        "source": row.source,
        "action": row.action,
        "outlets": list(row.outlets),
    }


def _json(plain: Mapping[str, Any]) -> web.Response:
    return web.json_response(plain, dumps=partial(json.dumps, allow_nan=False))
