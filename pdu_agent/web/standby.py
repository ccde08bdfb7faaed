# SPDX-License-Identifier: Apache-2.0
"""What outlets use for nothing, over the API, and the schedule that would save it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from aiohttp import web

from pdu_agent.core.costs.spans import local_day
from pdu_agent.core.costs.standby import (
    LEAST_WEEKS,
    WEEK_HOURS,
    Idle,
    Unknown,
    idle_of,
    plan_lines,
    weekly_cost,
)
from pdu_agent.core.costs.terms import CostTerms
from pdu_agent.model.commands import Controller, Target, TargetKind
from pdu_agent.model.snapshot import Outlet
from pdu_agent.web.asking import refuse_unknown
from pdu_agent.web.caller import seen
from pdu_agent.web.cost_report import Span, quarters_of
from pdu_agent.web.energy import after, history_of, told
from pdu_agent.web.plain import Plain, instant, number
from pdu_agent.web.services import Services

STANDBY_DAYS = 28
"""Until now; the report looks at so many."""


def add_routes(
    router: web.UrlDispatcher, api: str, controller: Controller, services: Services
) -> None:
    router.add_get(f"{api}/standby", told(partial(_standby, controller, services)))


async def _standby(
    controller: Controller, services: Services, request: web.Request
) -> web.StreamResponse:
    refuse_unknown(request.query, ())
    snapshot, terms, history = seen(controller, request), services.costs(), history_of(services)
    today = local_day(snapshot.t_wall_s, terms.zone)
    first = today - timedelta(days=STANDBY_DAYS)
    span = Span(first, after(today), snapshot.t_wall_s)
    prices = terms.week_prices(snapshot.t_wall_s)
    metered = [row for row in snapshot.outlets if row.meter is not None]
    targets = [Target(TargetKind.OUTLET, row.index) for row in metered]
    found = await quarters_of(history, terms, targets, span)
    rows = []
    if found is not None:  # as there are outlets with a meter
        for row, values in zip(metered, found.values, strict=True):
            idle = await asyncio.to_thread(idle_of, values, found.start_wall_s, terms.zone)
            rows.append(_standby_row(row, idle, prices, terms.prices.digits))
    return web.json_response(
        {
            "time": instant(snapshot.t_wall_s),
            "first_day": first.isoformat(),
            "currency": terms.prices.currency,
            "price_source": terms.prices.source,
            "why_no_cost": "" if prices else _why_no_cost(terms),
            "outlets": rows,
        }
    )


def _why_no_cost(terms: CostTerms) -> str:
    if not terms.prices.currency:
        return terms.prices.source
    return "some hour of the last week has no price"


def _standby_row(
    row: Outlet, idle: Idle | Unknown, prices: Mapping[int, float] | None, digits: int
) -> Plain:
    plain: Plain = {"number": row.index, "name": row.name, "device": row.device}
    if isinstance(idle, Unknown):
        return {**plain, "idle": None, "why_none": idle.reason}
    lines = plan_lines(row.index, idle.off_hours) if row.switched else []
    yearly = None if prices is None else weekly_cost(idle, prices, range(WEEK_HOURS))
    saved = None if prices is None else weekly_cost(idle, prices, idle.off_hours)
    found = {
        "idle_w": number(idle.idle_w),
        "counts_up_to_w": number(idle.most_w),
        "idle_hours": number(idle.idle_hours),
        "seen_hours": number(idle.seen_hours),
        "weeks": idle.weeks,
        "yearly_kwh": number(idle.kwh_a_year),
        "yearly_cost": None if yearly is None else round(yearly, digits),
        "plan": "\n".join(["plans:", *(f"  {line}" for line in lines)]) + "\n" if lines else "",
        "why_no_plan": "" if lines else _why_no_plan(row, idle),
        "saved_cost": round(saved, digits) if lines and saved is not None else None,
    }
    return {**plain, "idle": found, "why_none": ""}


def _why_no_plan(row: Outlet, idle: Idle) -> str:
    if not row.switched:
        return "it is metered only: it has no relay"
    if idle.weeks <= LEAST_WEEKS:
        return "too little data: each hour of the week has to be seen twice"
    if len(idle.off_hours) == WEEK_HOURS:
        return "it is idle in all hours of the week: it may be off for good"
    return "there are no two hours in a row in which it is idle in nearly all weeks"
