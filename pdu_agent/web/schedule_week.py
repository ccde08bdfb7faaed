# SPDX-License-Identifier: Apache-2.0
"""The next days of all plans over the API, as a timeline shows them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import date
from functools import partial

from aiohttp import web

from pdu_agent.core.plans.week import (
    MOST_DAYS,
    AskWeek,
    PlanDay,
    PlanDays,
    ShownDay,
    Week,
)
from pdu_agent.model.commands import Controller
from pdu_agent.model.errors import InvalidValue
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.web.asking import refuse_unknown
from pdu_agent.web.caller import seen
from pdu_agent.web.plain import Plain, instant

DAYS = 7
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def add_routes(router: web.UrlDispatcher, api: str, controller: Controller, week: AskWeek) -> None:
    router.add_get(f"{api}/schedule/week", partial(_week, controller, week))


async def _week(controller: Controller, ask: AskWeek, request: web.Request) -> web.Response:
    snapshot = seen(controller, request)
    found = await asked(ask, snapshot, request.query)
    return web.json_response(
        {
            "time": instant(snapshot.t_wall_s),
            "time_zone": snapshot.device.time_zone,
            "days": [_day(day) for day in found.days],
            "plans": [_plan(each, found.days) for each in found.plans],
        }
    )


async def asked(ask: AskWeek, snapshot: Snapshot, query: Mapping[str, str]) -> Week:
    """query: `from`, a day, and `days`. Raises InvalidValue. Takes its time in a thread: a plan
    may be due each minute, and there may be hundreds of them.
    """
    refuse_unknown(query, ("from", "days"))
    first = _first(query["from"]) if "from" in query else None
    days = _days(query.get("days", str(DAYS)))
    return await asyncio.to_thread(ask, snapshot, first, days)


def _first(text: str) -> date:
    try:
        first = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        first = None
    if first is None or not FIRST_DAY <= first <= LAST_DAY:
        expected = f"a day from {FIRST_DAY} to {LAST_DAY}"
        raise InvalidValue(f"from: {text[:20]!r}; expected {expected}")
    return first


def _days(text: str) -> int:
    if not re.fullmatch("[0-9]{1,4}", text) or not 1 <= int(text) <= MOST_DAYS:
        raise InvalidValue(f"days: {text[:20]!r}; expected a whole number from 1 to {MOST_DAYS}")
    return int(text)


def _day(row: ShownDay) -> Plain:
    return {
        "date": row.day.isoformat(),
        "begins_at": instant(row.begin_wall_s),
        "ends_at": instant(row.end_wall_s),
        "sunrise_at": instant(row.sunrise_wall_s),
        "sunset_at": instant(row.sunset_wall_s),
    }


def _plan(row: PlanDays, days: tuple[ShownDay, ...]) -> Plain:
    return {
        "name": row.plan.name,
        "enabled": row.plan.enabled,
        "action": row.plan.action,
        "outlets": list(row.plan.outlets),
        "by": row.by,
        "random_s": row.random_s,
        "days": [_plan_day(planned, shown) for planned, shown in zip(row.days, days, strict=False)],
        "against": [
            {"outlet": each.outlet, "source": each.source, "text": each.text}
            for each in row.against
        ],
    }


def _plan_day(row: PlanDay, shown: ShownDay) -> Plain:
    return {
        "date": shown.day.isoformat(),
        "count": row.count,
        "first_at": instant(row.first_wall_s),
        "last_at": instant(row.last_wall_s),
        "runs": [
            {
                "at": instant(run.wall_s),
                "action": run.action,
                "planned_at": instant(run.planned_wall_s),
            }
            for run in row.runs
        ],
        "why_not": row.why_not,
    }
