# SPDX-License-Identifier: Apache-2.0
"""Lists that grow: what happened, and what lasts."""

from __future__ import annotations

from functools import partial

from aiohttp import web

from pdu_agent.model.commands import Controller
from pdu_agent.web import resources
from pdu_agent.web.asking import refuse_unknown
from pdu_agent.web.caller import seen
from pdu_agent.web.paging import KEYS, asked_of
from pdu_agent.web.plain import instant


def add_routes(router: web.UrlDispatcher, api: str, controller: Controller) -> None:
    router.add_get(f"{api}/events", partial(_events, controller))
    router.add_get(f"{api}/alarms", partial(_alarms, controller))


async def _events(controller: Controller, request: web.Request) -> web.Response:
    """The event log, newest first."""
    refuse_unknown(request.query, KEYS)
    asked, snapshot = asked_of(request.query), seen(controller, request)
    rows = (
        row for row in reversed(snapshot.events) if asked.after is None or row.number < asked.after
    )
    page = asked.page(rows, lambda row: row.number)
    return web.json_response(
        {
            "time": instant(snapshot.t_wall_s),
            "events": [resources.event(row) for row in page.rows],
            "next": page.next,
        }
    )


async def _alarms(controller: Controller, request: web.Request) -> web.Response:
    """The present alarms, in the order in which they came."""
    refuse_unknown(request.query, KEYS)
    asked, snapshot = asked_of(request.query), seen(controller, request)
    rows = sorted(snapshot.alarms, key=lambda row: row.id)
    found = (row for row in rows if asked.after is None or row.id > asked.after)
    page = asked.page(found, lambda row: row.id)
    return web.json_response(
        {
            "time": instant(snapshot.t_wall_s),
            "alarms": [resources.alarm(row) for row in page.rows],
            "next": page.next,
        }
    )
