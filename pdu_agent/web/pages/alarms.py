# SPDX-License-Identifier: Apache-2.0
"""Alarms that stand, the worst first, and saying that somebody has seen them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from aiohttp import web

from pdu_agent.model.commands import AcknowledgeAlarm, TargetKind
from pdu_agent.model.snapshot import Alarm, Severity
from pdu_agent.web.pages.offered import is_offered
from pdu_agent.web.pages.site import Site, render

_WORST_FIRST = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)
KINDS = {Severity.CRITICAL: "fault", Severity.WARNING: "warning", Severity.INFO: "info"}


@dataclass(frozen=True, slots=True)
class AlarmCard:
    """link: to what it is about, empty where that has no page."""

    alarm: Alarm
    kind: str
    link: str
    may_acknowledge: bool


def add_routes(router: web.UrlDispatcher, site: Site) -> None:
    router.add_get("/alarms", partial(_alarms, site))


async def _alarms(site: Site, request: web.Request) -> web.Response:
    snapshot = site.seen(request)
    rows = sorted(
        snapshot.alarms,
        key=lambda row: (_WORST_FIRST.index(row.severity), row.acknowledged, -row.since_wall_s),
    )
    cards = [
        AlarmCard(
            row,
            KINDS[row.severity],
            _link(row),
            is_offered(request, snapshot, AcknowledgeAlarm(row.id, not row.acknowledged)),
        )
        for row in rows
    ]
    return render(request, "alarms.html", snapshot=snapshot, cards=cards)


def _link(row: Alarm) -> str:
    if row.target is not None and row.target.kind is TargetKind.OUTLET:
        return f"/outlets/{row.target.index}"
    if row.target is not None and row.target.kind is TargetKind.SENSOR:
        return "/sensors"
    return "/ups" if row.subject.startswith("ups ") else ""
