# SPDX-License-Identifier: Apache-2.0
"""Caps: what they carry and what they shed, the order of shedding, and what another would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from aiohttp import web

from pdu_agent.model.commands import (
    CapSetting,
    ConfigureCap,
    ConfigureOutlet,
    OutletSetting,
    Quantity,
    TargetKind,
)
from pdu_agent.model.control import Cap, CapState
from pdu_agent.model.snapshot import Outlet, Snapshot
from pdu_agent.web.etags import etag_of
from pdu_agent.web.pages.offered import is_offered
from pdu_agent.web.pages.site import Site, render
from pdu_agent.web.priorities import HIGHEST, priorities

KINDS = {
    CapState.UNDER: "ok",
    CapState.SHEDDING: "warning",
    CapState.RESTORING: "pending",
    CapState.OVER: "fault",
    CapState.UNKNOWN: "warning",
}
MEANINGS = {
    CapState.UNDER: "there is room",
    CapState.SHEDDING: "too much is drawn, outlets go off",
    CapState.RESTORING: "outlets that were shed wait for room",
    CapState.OVER: "too much is drawn, and nothing is left that may go off",
    CapState.UNKNOWN: "there is no value to go by",
}


@dataclass(frozen=True, slots=True)
class Shed:
    """Outlets that are off by a cap for one reason; text: why, and when they come back."""

    outlets: tuple[Outlet, ...]
    text: str


@dataclass(frozen=True, slots=True)
class CapCard:
    cap: Cap
    unit: str
    kind: str
    meaning: str
    shed: tuple[Shed, ...]
    may_edit: bool


@dataclass(frozen=True, slots=True)
class Level:
    """Outlets of one priority."""

    priority: int
    outlets: tuple[Outlet, ...]


def add_routes(router: web.UrlDispatcher, site: Site) -> None:
    router.add_get("/cap", partial(_cap, site))


async def _cap(site: Site, request: web.Request) -> web.Response:
    snapshot = site.seen(request)
    switched = [row for row in snapshot.outlets if row.switched]
    order = [ConfigureOutlet(row.index, OutletSetting.PRIORITY, row.priority) for row in switched]
    return render(
        request,
        "cap.html",
        snapshot=snapshot,
        cards=[_card(request, snapshot, row) for row in snapshot.caps],
        levels=_levels(switched),
        highest=HIGHEST,
        etag=etag_of(priorities(snapshot)),
        may_order=bool(order) and is_offered(request, snapshot, *order),
        targets=_targets(snapshot),
        limit_w=_limit_w(snapshot),
    )


def _card(request: web.Request, snapshot: Snapshot, row: Cap) -> CapCard:
    outlets = {each.index: each for each in snapshot.outlets}
    gone = [outlets[number] for number in row.shed if number in outlets]
    shed = [
        Shed(tuple(alike), text) for text, alike in groupby(gone, lambda outlet: _why(outlet, row))
    ]
    return CapCard(
        row,
        "W" if row.quantity is Quantity.ACTIVE_POWER else "A",
        KINDS[row.state],
        MEANINGS[row.state],
        tuple(shed),
        is_offered(request, snapshot, ConfigureCap(row.number, CapSetting.LIMIT, row.limit)),
    )


def _why(outlet: Outlet, cap: Cap) -> str:
    source = f"cap {cap.number}"
    hold = next((each for each in outlet.holds if each.source == source), None)
    if hold is None:
        return ""
    return f"{hold.text}; {hold.ends}" if hold.ends else hold.text


def _levels(outlets: Sequence[Outlet]) -> list[Level]:
    """Those that go first at the top; those of priority 0, which never go, at the end."""
    rows = sorted(outlets, key=lambda row: (-row.priority, row.index))
    return [
        Level(priority, tuple(each)) for priority, each in groupby(rows, lambda row: row.priority)
    ]


def _targets(snapshot: Snapshot) -> list[tuple[str, str]]:
    """What a cap may be of, with what people call it."""
    named = [
        *((TargetKind.INLET, row.index, row.name) for row in snapshot.inlets),
        *((TargetKind.LINE, row.index, row.name) for row in snapshot.lines),
        *((TargetKind.BRANCH, row.index, row.name) for row in snapshot.branches),
    ]
    rows = [(f"{kind.value} {number}", name) for kind, number, name in named]
    return [("unit 1", "the whole unit"), *((word, f"{word} {name}") for word, name in rows)]


def _limit_w(snapshot: Snapshot) -> float | None:
    """Of the first cap of the unit, to begin a question with."""
    found = [row for row in snapshot.caps if row.quantity is Quantity.ACTIVE_POWER]
    return found[0].limit if found else None
