# SPDX-License-Identifier: Apache-2.0
"""Rules over the API: what each watches, what it has done, and whether it is in force."""

from __future__ import annotations

import json
from functools import partial

from aiohttp import web

from pdu_agent.model.commands import Controller, EnableRule
from pdu_agent.model.control import Rule
from pdu_agent.model.errors import UnknownTarget
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.web.asking import Body, refuse_unknown, submit
from pdu_agent.web.caller import seen
from pdu_agent.web.plain import Plain, instant, number


def add_routes(router: web.UrlDispatcher, api: str, controller: Controller, body: Body) -> None:
    """body: reads the JSON object of a request."""
    for verb in ("enable", "disable"):
        path = f"{api}/rules/{{name}}/{verb}"
        router.add_post(path, partial(_enable, controller, body, verb == "enable"))


def rules(snapshot: Snapshot) -> Plain:
    rows = [_row(row) for row in snapshot.rules]
    return {"time": instant(snapshot.t_wall_s), "rules": rows}


def _row(row: Rule) -> Plain:
    return {
        "number": row.number,
        "name": row.name,
        "enabled": row.enabled,
        "condition": row.condition,
        "action": row.action,
        "outlets": list(row.outlets),
        "state": row.state.value,
        "since": instant(row.since_wall_s),
        "value": number(row.value),
        "fired": row.fired,
        "last_at": instant(row.last_wall_s),
        "outcome": row.outcome,
    }


async def _enable(
    controller: Controller, body: Body, enabled: bool, request: web.Request
) -> web.Response:
    """A rule that is enabled already begins anew where it was paused."""
    refuse_unknown(await body(request), ())
    name = request.match_info["name"]
    wanted = f"{'enable' if enabled else 'disable'} rule {name[:40]}"
    changed = await submit(controller, request, [EnableRule(name, enabled)], wanted)
    row = _find(seen(controller, request), name)
    plain = {"changed": changed, "rule": _row(row)}
    return web.json_response(plain, dumps=partial(json.dumps, allow_nan=False))


def _find(snapshot: Snapshot, name: str) -> Rule:
    for row in snapshot.rules:
        if row.name == name:
            return row
    raise UnknownTarget(f"there is no rule {name[:40]!r}")
