# SPDX-License-Identifier: Apache-2.0
"""Energy and its cost over the API: hour by hour, and as a bill."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from functools import partial, wraps
from itertools import pairwise

from aiohttp import web

from pdu_agent.core.costs.bill import Account
from pdu_agent.core.costs.hour_prices import HourPrices
from pdu_agent.core.costs.money import rounded
from pdu_agent.core.costs.prices import Prices
from pdu_agent.core.costs.spans import HOUR_S, Step, day_of, edges, local_day, month_span
from pdu_agent.core.costs.standby import Unknown
from pdu_agent.core.costs.terms import CostTerms
from pdu_agent.model.commands import Controller, Target, TargetKind
from pdu_agent.model.errors import InvalidValue, StoreError, Unavailable, UnknownTarget
from pdu_agent.model.history import History, PointHours
from pdu_agent.model.quantities import watt_hours
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.web.asking import refuse_unknown
from pdu_agent.web.caller import seen
from pdu_agent.web.cost_report import (
    CostReport,
    OutletLine,
    Span,
    cost_report,
    hours_of,
)
from pdu_agent.web.plain import Plain, instant, number
from pdu_agent.web.services import Services

MOST_DAYS = 400
MOST_ROWS = 800
_HISTORY_DIGITS = 6
"""An hour of a small outlet costs less than a cent."""
_TARGET = re.compile(r"(outlet|inlet|line|branch|group|unit):([1-9][0-9]{0,3})", re.ASCII)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_routes(
    router: web.UrlDispatcher, api: str, controller: Controller, services: Services
) -> None:
    for path, handler in (("energy/history", _history), ("cost", _cost)):
        router.add_get(f"{api}/{path}", told(partial(handler, controller, services)))


def told(handler: Handler) -> Handler:
    """What keeps the history from answering is told, and not taken for a fault of ours."""

    @wraps(handler)
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except StoreError as error:
            raise Unavailable(f"the history does not answer: {error}") from error

    return answer


def history_of(services: Services) -> History:
    """Raises Unavailable where nothing is kept."""
    if services.history is None:
        raise Unavailable("this agent keeps no history")
    return services.history


def span_of(query: Mapping[str, str], terms: CostTerms, now_s: float) -> Span:
    """`month`, `day`, or `from` and `to` (the last day); this month without any of them.

    Raises InvalidValue.
    """
    given = [name for name in ("month", "day", "from") if name in query]
    if len(given) > 1 or ("to" in query and "from" not in query):
        raise InvalidValue("expected one of month, day, and from with or without to")
    today = local_day(now_s, terms.zone)
    if "day" in query:
        first = day_of(query["day"], "day")
        end = after(first)
    elif "from" in query:
        first = day_of(query["from"], "from")
        end = after(day_of(query["to"], "to") if "to" in query else today)
    else:
        first, end = month_span(query.get("month", today.isoformat()[:7]))
    if end <= first:
        raise InvalidValue(f"to: {query.get('to', today)} is before from, {first}")
    if (end - first).days > MOST_DAYS:
        raise InvalidValue(f"from: {first} is more than {MOST_DAYS} days before the end")
    return Span(first, end, now_s)


def after(day: date) -> date:
    try:
        return day + timedelta(days=1)
    except OverflowError:
        raise InvalidValue(f"{day} is the last day of all") from None


async def _cost(
    controller: Controller, services: Services, request: web.Request
) -> web.StreamResponse:
    refuse_unknown(request.query, ("month", "day", "from", "to"))
    snapshot, terms = seen(controller, request), services.costs()
    span = span_of(request.query, terms, snapshot.t_wall_s)
    report = await cost_report(history_of(services), terms, snapshot, span)
    return web.json_response(_bill(report, terms, snapshot))


def _bill(report: CostReport, terms: CostTerms, snapshot: Snapshot) -> Plain:
    digits = terms.prices.digits
    whole = report.inlets if report.inlets is not None else report.outlets
    return {
        "time": instant(snapshot.t_wall_s),
        "first_day": report.span.first.isoformat(),
        "last_day": (report.span.end - timedelta(days=1)).isoformat(),
        "time_zone": snapshot.device.time_zone,
        "currency": terms.prices.currency,
        "price_source": terms.prices.source,
        "hours": report.hours,
        "outlets": [_line(each, report, digits) for each in report.lines],
        "sum": _used(report.outlets, report.hours, digits),
        "inlets": None if report.inlets is None else _used(report.inlets, report.hours, digits),
        "difference": _difference(report, digits),
        "fixed": _fixed(report, digits),
        "total_cost": _money(_plus(whole.cost, report.fee), digits),
    }


def _plus(cost: Fraction | None, fee: Fraction | None) -> Fraction | None:
    return None if cost is None else cost + (fee or 0)


def _fixed(report: CostReport, digits: int) -> Plain | None:
    if report.fee is None:
        return None
    return {"days": report.days, "cost": _money(report.fee, digits)}


def _line(line: OutletLine, report: CostReport, digits: int) -> Plain:
    all_mj, account = report.outlets.energy_mj, line.account
    share = 100 * account.energy_mj / all_mj if all_mj else None
    return {
        "number": line.outlet.index,
        "name": line.outlet.name,
        "device": line.outlet.device,
        **_used(account, report.hours, digits),
        "share_percent": number(share),
        "standby": _idle_part(line, digits),
        "why_no_standby": line.idle.reason if isinstance(line.idle, Unknown) else "",
    }


def _idle_part(line: OutletLine, digits: int) -> Plain | None:
    if isinstance(line.idle, Unknown):
        return None
    return {
        "idle_w": number(line.idle.idle_w),
        "energy_wh": watt_hours(line.account.idle_mj),
        "cost": _money(line.account.idle_cost, digits),
    }


def _used(account: Account, hours: int, digits: int) -> Plain:
    known = account.seen > 0
    return {
        "energy_wh": watt_hours(account.energy_mj) if known else None,
        "cost": _money(account.cost, digits),
        "why_no_cost": list(account.reasons) if known else ["nothing is known of this time"],
        "unpriced_wh": watt_hours(account.unpriced_mj),
        "tariffs": [
            {"tariff": name, "energy_wh": watt_hours(energy_mj)}
            for name, energy_mj in sorted(account.tariffs.items())
        ],
        "missing_hours": max(0, hours - account.seen),
        "incomplete_hours": account.incomplete,
    }


def _difference(report: CostReport, digits: int) -> Plain | None:
    """Of the inlets to the outlets; None where either is not known."""
    inlets, outlets = report.inlets, report.outlets
    if inlets is None or not inlets.seen or not outlets.seen:
        return None
    extra_mj = inlets.energy_mj - outlets.energy_mj
    both = inlets.cost is not None and outlets.cost is not None
    others = "own use" if report.is_whole else "outlets without a meter, own use"
    return {
        "energy_wh": watt_hours(extra_mj) if extra_mj >= 0 else -watt_hours(-extra_mj),
        "percent": number(100 * extra_mj / inlets.energy_mj if inlets.energy_mj else None),
        "cost": _money(inlets.priced - outlets.priced, digits) if both else None,
        "what": f"{others} and what the meters are off",
    }


def _money(amount: Fraction | None, digits: int) -> float | None:
    return None if amount is None else rounded(amount, digits)


async def _history(
    controller: Controller, services: Services, request: web.Request
) -> web.StreamResponse:
    query = request.query
    refuse_unknown(query, ("target", "step", "month", "day", "from", "to"))
    snapshot, terms = seen(controller, request), services.costs()
    span, step = span_of(query, terms, snapshot.t_wall_s), _step(query.get("step", "day"))
    bounds = edges(span.first, span.end, step, terms.zone)
    if len(bounds) - 1 > MOST_ROWS:
        raise InvalidValue(f"step: {step.value} makes {len(bounds) - 1} rows; expected {MOST_ROWS}")
    name = query.get("target", "unit:1")
    targets = metered(snapshot, name)
    periods = await _periods(history_of(services), terms, targets, span, bounds)
    return web.json_response(
        {
            "time": instant(snapshot.t_wall_s),
            "target": name,
            "step": step.value,
            "time_zone": snapshot.device.time_zone,
            "currency": terms.prices.currency,
            "price_source": terms.prices.source,
            "periods": [
                _period(begin_s, end_s, account, snapshot.t_wall_s)
                for (begin_s, end_s), account in zip(pairwise(bounds), periods, strict=True)
            ],
        }
    )


def _step(text: str) -> Step:
    for step in Step:
        if step.value == text:
            return step
    raise InvalidValue(f"step: {text[:20]!r}; expected one of hour, day, month")


def metered(snapshot: Snapshot, text: str) -> list[Target]:
    """The metering points that are meant; several for a group or the unit.

    Raises InvalidValue, UnknownTarget (also for what is not shown, and what has no meter).
    """
    match = _TARGET.fullmatch(text)
    if match is None:
        raise InvalidValue(f"target: {text[:20]!r}; expected one such as outlet:3 or group:1")
    kind, index = TargetKind(match[1]), int(match[2])
    outlets = {row.index: row for row in snapshot.outlets if row.meter is not None}
    members = {row.index: row.members for row in snapshot.groups}
    found: Sequence[int] = [index]
    if kind is TargetKind.GROUP:
        kind = TargetKind.OUTLET
        found = [each for each in members.get(index, ()) if each in outlets]
    elif kind is TargetKind.UNIT and index == 1:
        kind, found = TargetKind.INLET, [row.index for row in snapshot.inlets]
    rows = {
        TargetKind.OUTLET: set(outlets),
        TargetKind.INLET: {row.index for row in snapshot.inlets},
        TargetKind.LINE: {row.index for row in snapshot.lines if row.meter is not None},
        TargetKind.BRANCH: {row.index for row in snapshot.branches if row.meter is not None},
    }
    if not found or not set(found) <= rows.get(kind, set()):
        raise UnknownTarget(f"there is no {match[1]} {index} that is metered")
    return [Target(kind, each) for each in found]


async def _periods(
    history: History,
    terms: CostTerms,
    targets: Sequence[Target],
    span: Span,
    bounds: Sequence[int],
) -> list[Account]:
    accounts = [Account(terms.prices, points=len(targets)) for _ in bounds[1:]]
    async for points in hours_of(history, terms, targets, span):
        await asyncio.to_thread(_add_to, accounts, terms.prices, bounds, points)
    return accounts


def _add_to(
    accounts: Sequence[Account],
    prices: Prices,
    bounds: Sequence[int],
    points: Sequence[PointHours],
) -> None:
    """Each hour to the period that it begins in; the first one to the first in any case."""
    begin_s, after_s = points[0].begin_wall_s, points[0].end_wall_s
    for account, (first_s, end_s) in zip(accounts, pairwise(bounds), strict=True):
        low_s = begin_s if first_s == bounds[0] else max(begin_s, first_s)
        high_s = min(after_s, end_s)
        if low_s < high_s:
            part = [each.part(low_s, high_s) for each in points]
            account.add(part, HourPrices(prices, part[0]))


def _period(begin_s: int, end_s: int, account: Account, now_s: float) -> Plain:
    hours = -(min(0, begin_s - min(end_s, int(now_s))) // HOUR_S)
    return {
        "start": instant(begin_s),
        "end": instant(end_s),
        **_used(account, hours, _HISTORY_DIGITS),
        "is_complete": account.seen >= hours > 0 and not account.incomplete,
    }
