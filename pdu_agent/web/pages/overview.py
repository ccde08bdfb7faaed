# SPDX-License-Identifier: Apache-2.0
"""The first page: what comes in, what is wrong, and every outlet at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web

from pdu_agent.model.commands import Limit, Quantity, TargetKind
from pdu_agent.model.control import Cap
from pdu_agent.model.quantities import Electrical
from pdu_agent.model.snapshot import Alarm, Inlet, Line, Severity, Snapshot
from pdu_agent.model.ups import Ups, UpsFlag
from pdu_agent.web.pages import words
from pdu_agent.web.pages.cap import KINDS as CAP_KINDS
from pdu_agent.web.pages.feeders import feeders
from pdu_agent.web.pages.outlet_view import now_of, view
from pdu_agent.web.pages.site import Site, render

_ALARMING = (UpsFlag.LOW_BATTERY, UpsFlag.OVERLOADED, UpsFlag.FORCED_SHUTDOWN, UpsFlag.OFF)
_SEVEREST = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)
_WARNING = (UpsFlag.ON_BATTERY, UpsFlag.REPLACE_BATTERY, UpsFlag.BYPASS)


def add_routes(router: web.UrlDispatcher, site: Site) -> None:
    router.add_get("/", partial(_overview, site))


async def _overview(site: Site, request: web.Request) -> web.Response:
    snapshot = site.seen(request)
    return render(request, "overview.html", snapshot=snapshot, **context_of(snapshot))


def context_of(snapshot: Snapshot) -> dict[str, Any]:
    switched = [row for row in snapshot.outlets if row.switched]
    return {
        "feeds": [_feed(row, snapshot) for row in snapshot.inlets],
        "feeders": feeders(snapshot),
        "today": words.day(snapshot.device.time_zone, snapshot.t_wall_s),
        "total_w": total_w(snapshot.inlets),
        "caps": [_cap(row) for row in snapshot.caps],
        "alarms": sorted(snapshot.alarms, key=_urgency),
        "upses": [_ups(row) for row in snapshot.upses],
        "outlets": [view(row) for row in snapshot.outlets],
        "switched": len(switched),
        "on": sum(row.is_on is True for row in switched),
    }


def total_w(inlets: tuple[Inlet, ...]) -> float | None:
    """Of all inlets; None where a part is missing, for a sum without it would be too small."""
    drawn_w = [now_of(row.meter).active_power_w for row in inlets]
    known_w = [each_w for each_w in drawn_w if each_w is not None]
    return sum(known_w) if known_w and len(known_w) == len(drawn_w) else None


@dataclass(frozen=True, slots=True)
class Feed:
    """An inlet with its lines. limit_a: of its high warning, None where none is watched."""

    inlet: Inlet
    now: Electrical
    lines: tuple[tuple[Line, Electrical], ...]
    limit_a: float | None


def _feed(row: Inlet, snapshot: Snapshot) -> Feed:
    lines = [line for line in snapshot.lines if line.inlet == row.index and line.meter is not None]
    limits = [
        each.high_warning
        for each in snapshot.thresholds
        if each.target.kind is TargetKind.INLET
        and each.target.index == row.index
        and each.quantity is Quantity.CURRENT
        and Limit.HIGH_WARNING in each.enabled
    ]
    known = tuple((line, now_of(line.meter)) for line in lines)
    return Feed(row, now_of(row.meter), known, limits[0] if limits else None)


@dataclass(frozen=True, slots=True)
class CapView:
    """live: its key in the readings."""

    cap: Cap
    unit: str
    kind: str
    live: str


def _cap(row: Cap) -> CapView:
    unit = "W" if row.quantity is Quantity.ACTIVE_POWER else "A"
    return CapView(row, unit, CAP_KINDS[row.state], f"cap:{row.number}")


@dataclass(frozen=True, slots=True)
class UpsView:
    ups: Ups
    states: tuple[tuple[str, str], ...]
    """What it says of itself, each with the kind of its badge."""


def _ups(row: Ups) -> UpsView:
    if not row.is_reachable:
        return UpsView(row, (("not reachable", "fault"),))
    return UpsView(row, tuple((_word(flag), _kind(flag)) for flag in UpsFlag if flag in row.flags))


def _word(flag: UpsFlag) -> str:
    return flag.name.lower().replace("_", " ")


def _kind(flag: UpsFlag) -> str:
    if flag in _ALARMING:
        return "fault"
    return "warning" if flag in _WARNING else "ok"


def _urgency(alarm: Alarm) -> tuple[bool, int, float]:
    """Those that nobody has seen first, then by severity, then the newest."""
    return alarm.acknowledged, _SEVEREST.index(alarm.severity), -alarm.since_wall_s
