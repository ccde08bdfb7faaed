# SPDX-License-Identifier: Apache-2.0
"""Outages over the API: what is done in one, and what would be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from aiohttp import web

from pdu_agent.access.grant import Rights
from pdu_agent.access.hidden_text import HiddenText
from pdu_agent.core.outage.what_if import (
    DEFAULT_MIN,
    AskMainsFail,
    Happening,
    MainsFail,
    MainsFailAnswer,
)
from pdu_agent.model.commands import Controller
from pdu_agent.model.control import Outage
from pdu_agent.model.errors import InvalidValue, NotPermitted
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.web.asking import refuse_unknown
from pdu_agent.web.caller import caller_of
from pdu_agent.web.plain import Plain, instant, number


def add_routes(
    router: web.UrlDispatcher, api: str, controller: Controller, mains_fail: AskMainsFail
) -> None:
    router.add_get(f"{api}/what-if/mains-fail", partial(_mains_fail, controller, mains_fail))


def outages(snapshot: Snapshot) -> Plain:
    return {
        "time": instant(snapshot.t_wall_s),
        "outages": [_row(row) for row in snapshot.outages],
    }


def _row(row: Outage) -> Plain:
    return {
        "ups": row.ups,
        "state": row.state.value,
        "since": instant(row.since_wall_s),
        "inlets": list(row.inlets),
        "taken": list(row.taken),
        "text": row.text,
        "next": row.next,
        "next_at": instant(row.next_wall_s),
    }


async def _mains_fail(
    controller: Controller, ask: AskMainsFail, request: web.Request
) -> web.Response:
    query, grant = request.query, caller_of(request).grant
    if not grant.allows(Rights.READ):
        raise NotPermitted("read is not granted on the unit")
    refuse_unknown(query, ("minutes", "runtime_s", "charge"))
    minutes = _given(query, "minutes")
    asked = MainsFail(
        DEFAULT_MIN if minutes is None else minutes,
        _given(query, "runtime_s"),
        _given(query, "charge"),
    )
    answer = await ask(asked)
    if not grant.reads_everything:
        answer = _without(HiddenText(controller.snapshot, grant), answer)
    return web.json_response(_answer(answer))


def _without(hidden: HiddenText, answer: MainsFailAnswer) -> MainsFailAnswer:
    """What remains of it for who may not read every outlet."""
    return replace(
        answer,
        happenings=tuple(
            replace(each, what=hidden.shown(each.what), because=hidden.shown(each.because))
            for each in answer.happenings
            if each.outlet not in hidden.numbers
        ),
        lost=tuple(each for each in answer.lost if each not in hidden.numbers),
        remains=tuple(each for each in answer.remains if each not in hidden.numbers),
        away=tuple(each for each in answer.away if each not in hidden.numbers),
        assumed=tuple(map(hidden.shown, answer.assumed)),
    )


def _given(query: Mapping[str, str], name: str) -> float | None:
    if name not in query:
        return None
    try:
        value = float(query[name])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InvalidValue(f"{name}: {query[name][:20]!r} is no number")
    return value


def _answer(answer: MainsFailAnswer) -> Plain:
    return {
        "minutes": number(answer.minutes),
        "upses": list(answer.upses),
        "runtime_s": number(answer.runtime_s),
        "charge_percent": number(answer.charge_pct),
        "happenings": [_happening(each) for each in answer.happenings],
        "lost": list(answer.lost),
        "remains": list(answer.remains),
        "away": list(answer.away),
        "assumed": list(answer.assumed),
    }


def _happening(each: Happening) -> Plain:
    return {
        "at_s": number(each.at_s),
        "outlet": each.outlet,
        "what": each.what,
        "because": each.because,
    }
