# SPDX-License-Identifier: Apache-2.0
"""The verbs: for one outlet, a group, all outlets, or several of them in one batch.

Each answer says whether anything changed, and whether the relays were seen to do as told.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

from aiohttp import web

from pdu_agent.model.commands import Actor, Command, Controller, Ticket
from pdu_agent.model.errors import CommandError
from pdu_agent.model.snapshot import Outlet, Snapshot
from pdu_agent.web import resources
from pdu_agent.web.asking import Body, place, refuse_unknown
from pdu_agent.web.caller import caller_of, seen
from pdu_agent.web.orders import (
    ALL,
    VERBS,
    Order,
    commands_of,
    group_number,
    meant,
    orders_of,
    outlet_number,
)
from pdu_agent.web.plain import Plain
from pdu_agent.web.problems import Problem
from pdu_agent.web.verifying import Verification, of_all, settled, verification, wait_of

log = logging.getLogger(__name__)


def add_routes(router: web.UrlDispatcher, api: str, controller: Controller, body: Body) -> None:
    """body: reads the JSON object of a request."""
    for verb in VERBS:
        one, group = partial(_one, controller, body, verb), partial(_group, controller, body, verb)
        router.add_post(f"{api}/outlets/all/{verb}", partial(_all, controller, body, verb))
        router.add_post(f"{api}/outlets/{{n}}/{verb}", one)
        router.add_post(f"{api}/groups/{{n}}/{verb}", group)
    router.add_post(f"{api}/commands", partial(_batch, controller, body))


async def _one(controller: Controller, body: Body, verb: str, request: web.Request) -> web.Response:
    number = outlet_number(request.match_info["n"])
    answer = await _carried_out(controller, request, [Order(number, verb, await body(request))])
    (step,) = answer["outlets"]
    plain = {key: answer[key] for key in ("changed", "verified")}
    return _json({**plain, "verified_reason": step["verified_reason"], "outlet": step["outlet"]})


async def _all(controller: Controller, body: Body, verb: str, request: web.Request) -> web.Response:
    orders = [Order(ALL, verb, await body(request))]
    return _json(await _carried_out(controller, request, orders))


async def _group(
    controller: Controller, body: Body, verb: str, request: web.Request
) -> web.Response:
    number = group_number(request.match_info["n"])
    orders = [Order(number, verb, await body(request), is_group=True)]
    return _json(await _carried_out(controller, request, orders))


async def _batch(controller: Controller, body: Body, request: web.Request) -> web.Response:
    given = await body(request)
    try:
        return _json(await _carried_out(controller, request, orders_of(given)))
    except CommandError as error:
        raise Problem.about_command(error, position=error.position) from error


async def _carried_out(
    controller: Controller, request: web.Request, orders: Sequence[Order]
) -> Plain:
    """Submits, waits for the proof, and tells of each outlet what it was before, what it is now,
    why it was left so, and whether it did as told.
    """
    refuse_unknown(request.query, ("wait_s",))
    wait_s = wait_of(request.query)
    ticket, before = _submit(controller, request, orders)
    verbs = {number: order.verb for order in orders for number in meant(order, before)}
    waited = verbs.keys() - ticket.left.keys()
    await settled(lambda: seen(controller, request), waited, wait_s)
    old = {row.index: row for row in before.outlets}
    told: list[Verification] = []
    steps = []
    for row in seen(controller, request).outlets:
        if row.index not in verbs:
            continue
        left = ticket.left.get(row.index)
        proof = Verification(None, "left as it is") if left else verification(row, verbs[row.index])
        told += [] if left else [proof]
        steps.append(_step(old[row.index], row, left, proof))
    return {"changed": ticket.changed, "verified": of_all(told), "outlets": steps}


def _step(before: Outlet, row: Outlet, left: str | None, proof: Verification) -> Plain:
    return {
        "before": _position(before),
        "outlet": resources.outlet(row),
        "left": left,
        "verified": proof.did,
        "verified_reason": proof.reason,
    }


def _position(row: Outlet) -> Plain:
    return {"state": row.state.value, "lock": row.lock.value, "pending": resources.pending(row)}


def _submit(
    controller: Controller, request: web.Request, orders: Sequence[Order]
) -> tuple[Ticket, Snapshot]:
    """Submit all or none: the receipt, and the snapshot before."""
    before = seen(controller, request)
    wanted = ", ".join(map(str, orders))
    placed = _placed(controller, orders, before, wanted, caller_of(request).actor)
    try:
        return place(controller, request, [command for _, command in placed], wanted), before
    except CommandError as error:
        error.position = placed[error.position][0]
        raise


def _placed(
    controller: Controller, orders: Sequence[Order], before: Snapshot, wanted: str, actor: Actor
) -> list[tuple[int, Command]]:
    """See commands_of. What makes no sense is in the logs too."""
    try:
        return commands_of(orders, before)
    except CommandError as error:
        log.info("%s: %s: refused, %s", actor, wanted, error)
        controller.note_refusal(wanted, actor, str(error))
        raise


def _json(plain: dict[str, Any]) -> web.Response:
    return web.json_response(plain, dumps=partial(json.dumps, allow_nan=False))
