# SPDX-License-Identifier: Apache-2.0
"""Caps, trips and what-if over the API."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import partial

from aiohttp import web

from pdu_agent.core.protection.what_if import (
    UNIT,
    Basis,
    CapAnswer,
    Going,
    Loaded,
    LossAnswer,
    cap_answer,
    loss_answer,
    target_of,
)
from pdu_agent.model.commands import CapSetting, ConfigureCap, Controller, ResetTrip
from pdu_agent.model.control import Cap
from pdu_agent.model.errors import InvalidValue, UnknownTarget
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.web import resources
from pdu_agent.web.asking import Body, refuse_unknown, submit
from pdu_agent.web.caller import seen
from pdu_agent.web.orders import outlet_number, outlet_row
from pdu_agent.web.plain import Plain, instant, number
from pdu_agent.web.priorities import with_priorities

_SETTINGS = {"limit": CapSetting.LIMIT, "margin": CapSetting.MARGIN}


def add_routes(router: web.UrlDispatcher, api: str, controller: Controller, body: Body) -> None:
    """body: reads the JSON object of a request."""
    router.add_get(f"{api}/caps", partial(_caps, controller))
    router.add_post(f"{api}/caps/{{n}}", partial(_configure, controller, body))
    router.add_get(f"{api}/what-if", partial(_what_if, controller))
    router.add_post(f"{api}/outlets/{{n}}/reset-trip", partial(_reset_trip, controller, body))


def cap(row: Cap) -> Plain:
    """limit, margin and value: watts, or amperes where that is the quantity."""
    return {
        "number": row.number,
        "name": row.name,
        "target": str(row.target),
        "quantity": row.quantity.value,
        "limit": number(row.limit),
        "margin": number(row.margin),
        "value": number(row.value),
        "state": row.state.value,
        "shed": list(row.shed),
    }


async def _caps(controller: Controller, request: web.Request) -> web.Response:
    snapshot = seen(controller, request)
    rows = [cap(row) for row in snapshot.caps]
    return web.json_response({"time": instant(snapshot.t_wall_s), "caps": rows})


async def _configure(controller: Controller, body: Body, request: web.Request) -> web.Response:
    row = _cap_row(seen(controller, request), request.match_info["n"])
    given = await body(request)
    refuse_unknown(given, _SETTINGS)
    if not given:
        raise InvalidValue("expected limit, margin or both")
    commands = [
        ConfigureCap(row.number, _SETTINGS[key], _finite(key, value))
        for key, value in sorted(given.items())  # the limit first: the margin has to fit it
    ]
    changed = await submit(controller, request, commands, f"cap {row.number} {given}")
    after = _cap_row(seen(controller, request), str(row.number))
    return web.json_response({"changed": changed, "cap": cap(after)})


async def _reset_trip(controller: Controller, body: Body, request: web.Request) -> web.Response:
    refuse_unknown(await body(request), ())
    row = outlet_row(seen(controller, request), outlet_number(request.match_info["n"]))
    commands = [ResetTrip(row.index)]
    changed = await submit(controller, request, commands, f"reset the trip of outlet {row.index}")
    after = outlet_row(seen(controller, request), row.index)
    return web.json_response({"changed": changed, "outlet": resources.outlet(after)})


async def _what_if(controller: Controller, request: web.Request) -> web.Response:
    query = request.query
    refuse_unknown(query, ("cap", "lose", "target", "basis", "load", "priorities"))
    if query.get("basis", Basis.PEAK.value) not in [basis.value for basis in Basis]:
        raise InvalidValue("basis: expected peak or now")
    for key in ("target", "load", "priorities"):
        if key in query and "cap" not in query:
            raise InvalidValue(f"{key}: goes with cap only")
    basis = Basis(query.get("basis", Basis.PEAK.value))
    snapshot, cap_plain, loss_plain = seen(controller, request), None, None
    if "cap" in query:
        target = target_of(query["target"]) if "target" in query else UNIT
        load_w = _watts("load", query["load"]) if "load" in query else None
        tried = with_priorities(snapshot, query.get("priorities", ""))
        answer = cap_answer(tried, target, _watts("cap", query["cap"]), basis, load_w)
        cap_plain = _cap_plain(answer)
    if "lose" in query:
        loss_plain = _loss_plain(loss_answer(snapshot, query["lose"], basis))
    return web.json_response({"cap": cap_plain, "loss": loss_plain})


def _cap_plain(answer: CapAnswer) -> Plain:
    return {
        "target": str(answer.target),
        "limit_w": number(answer.limit_w),
        "basis": answer.basis.value,
        "carried_w": number(answer.carried_w),
        "goes": _going(answer.goes),
        "remains_w": number(answer.remains_w),
        "is_enough": answer.is_enough,
        "stays": list(answer.stays),
    }


def _loss_plain(answer: LossAnswer) -> Plain:
    return {
        "lost": answer.lost,
        "basis": answer.basis.value,
        "goes": _going(answer.goes),
        "lost_w": number(answer.lost_w),
        "dark": list(answer.dark),
        "taken_over": [
            {"device": device, "outlets": list(outlets)}
            for device, outlets in answer.taken_over.items()
        ],
        "feeders": [_feeder(row) for row in answer.feeders],
    }


def _going(rows: Iterable[Going]) -> list[Plain]:
    return [
        {
            "number": row.outlet,
            "name": row.name,
            "priority": row.priority,
            "draw_w": number(row.draw_w),
        }
        for row in rows
    ]


def _feeder(row: Loaded) -> Plain:
    return {
        "target": str(row.target),
        "name": row.name,
        "carries_a": number(row.carries_a),
        "added_a": number(row.added_a),
        "rated_current_a": number(row.rated_current_a),
        "holds": row.holds,
    }


def _cap_row(snapshot: Snapshot, text: str) -> Cap:
    for row in snapshot.caps:
        if str(row.number) == text:
            return row
    known = ", ".join(str(row.number) for row in snapshot.caps) or "none"
    raise UnknownTarget(f"there is no cap {text[:20]!r} in force; there are: {known}")


def _watts(what: str, text: str) -> float:
    try:
        return _finite(what, float(text))
    except ValueError:
        raise InvalidValue(f"{what}: {text[:20]!r} is no number of watts") from None


def _finite(what: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidValue(f"{what}: expected a number")
    if not abs(value) < 1e12 or math.isnan(value):
        raise InvalidValue(f"{what}: {value!r} is no limit")
    return float(value)
