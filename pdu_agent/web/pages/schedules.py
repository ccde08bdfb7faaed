# SPDX-License-Identifier: Apache-2.0
"""Plans, and the next seven days of them: as a timeline and as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial

from aiohttp import web

from pdu_agent.core.plans.week import PlanDay, PlanDays, ShownDay, Week
from pdu_agent.model.commands import EnablePlan, RunPlan
from pdu_agent.model.control import Plan
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.web.pages.offered import is_offered
from pdu_agent.web.pages.ranges import ranges
from pdu_agent.web.pages.site import Site, render
from pdu_agent.web.pages.timeline import Scale, outlet_rows
from pdu_agent.web.schedule_week import FIRST_DAY, LAST_DAY, asked

_WEEK = timedelta(days=7)
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class PlanCard:
    """may_*: what the caller is offered."""

    plan: Plan
    outlets: str
    may_enable: bool
    may_run: bool
    against: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the table. note: of chance, and of what would refuse it."""

    wall_s: float
    time: str
    plan: str
    action: str
    outlets: str
    note: str
    is_past: bool


@dataclass(frozen=True, slots=True)
class Day:
    """silent: plans that leave the day out, with the reason."""

    title: str
    sun: str
    entries: tuple[Entry, ...]
    silent: tuple[str, ...]


def add_routes(router: web.UrlDispatcher, site: Site) -> None:
    router.add_get("/schedules", partial(_schedules, site))


async def _schedules(site: Site, request: web.Request) -> web.Response:
    snapshot = site.seen(request)
    query = {"from": request.query["from"]} if request.query.get("from") else {}
    week = await asked(site.services.week, snapshot, query)
    now_s = snapshot.t_wall_s
    scale = Scale(week.days, week.zone) if week.days else None
    return render(
        request,
        "schedules.html",
        snapshot=snapshot,
        plans=[_card(request, snapshot, row, week) for row in snapshot.plans],
        days=[_day(place, week, now_s) for place in range(len(week.days))],
        rows=outlet_rows(week, snapshot.outlets, now_s),
        nights=scale.nights() if scale else [],
        now_x=scale.x(now_s) if scale else None,
        earlier=_neighbour(week, -_WEEK),
        later=_neighbour(week, _WEEK),
        is_chosen=bool(query),
        zone=_zone_name(week.zone, now_s),
    )


def _card(request: web.Request, snapshot: Snapshot, row: Plan, week: Week) -> PlanCard:
    shown = next((each for each in week.plans if each.plan.name == row.name), None)
    return PlanCard(
        row,
        ranges(row.outlets),
        is_offered(request, snapshot, EnablePlan(row.name, not row.enabled)),
        is_offered(request, snapshot, RunPlan(row.name)),
        tuple(each.text for each in shown.against) if shown else (),
    )


def _day(place: int, week: Week, now_s: float) -> Day:
    shown = week.days[place]
    planned = [(row, row.days[place]) for row in week.plans if row.days and row.plan.enabled]
    entries = [
        entry for row, day in planned for entry in _entries(row, day, shown, week.zone, now_s)
    ]
    silent = [f"{row.plan.name}: {day.why_not}" for row, day in planned if day.why_not]
    return Day(
        f"{shown.day:%a %d %b}",
        _sun(shown, week.zone),
        tuple(sorted(entries, key=lambda entry: entry.wall_s)),
        tuple(silent),
    )


def _entries(
    row: PlanDays, day: PlanDay, shown: ShownDay, zone: tzinfo | None, now_s: float
) -> Iterator[Entry]:
    is_odd = shown.end_wall_s - shown.begin_wall_s != _DAY_S
    clock = partial(_clock, zone=zone, with_zone=is_odd)
    name, outlets, refused = row.plan.name, ranges(row.plan.outlets), _refused(row)
    if day.first_wall_s is not None and day.last_wall_s is not None and not day.runs:
        time = f"{clock(day.first_wall_s)} to {clock(day.last_wall_s)}"
        note = _joined(f"{day.count} times", refused)
        is_past = day.last_wall_s < now_s
        yield Entry(day.first_wall_s, time, name, row.plan.action, outlets, note, is_past)
    for run in day.runs:
        moved = f"by chance, planned for {clock(run.planned_wall_s)}" if row.random_s else ""
        is_past = run.wall_s < now_s
        note = _joined(moved, "" if is_past else refused)
        yield Entry(run.wall_s, clock(run.wall_s), name, run.action, outlets, note, is_past)


def _refused(row: PlanDays) -> str:
    texts = "; ".join(each.text for each in row.against)
    return f"would be refused now: {texts}" if texts else ""


def _joined(*texts: str) -> str:
    return "; ".join(text for text in texts if text)


def _clock(wall_s: float, zone: tzinfo | None, with_zone: bool) -> str:
    """The zone only where a day has two of them."""
    moment = datetime.fromtimestamp(wall_s, UTC).astimezone(zone)
    seconds = ":%S" if moment.second else ""
    return moment.strftime(f"%H:%M{seconds}{' %Z' if with_zone else ''}")


def _sun(day: ShownDay, zone: tzinfo | None) -> str:
    if day.sunrise_wall_s is None or day.sunset_wall_s is None:
        return ""
    rise, fall = (_clock(each, zone, False)[:5] for each in (day.sunrise_wall_s, day.sunset_wall_s))
    return f"sun {rise}\N{EN DASH}{fall}"


def _neighbour(week: Week, step: timedelta) -> str:
    """The first day of the week before or after; empty where there is none."""
    days: Sequence[ShownDay] = week.days
    if not days:
        return ""
    first = days[0].day + step
    return first.isoformat() if FIRST_DAY <= first <= LAST_DAY else ""


def _zone_name(zone: tzinfo | None, now_s: float) -> str:
    return datetime.fromtimestamp(now_s, UTC).astimezone(zone).strftime("%Z")
