# SPDX-License-Identifier: Apache-2.0
"""One outlet: switch it, see what it draws, why it is as it is, and what is set of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from aiohttp import web

from pdu_agent.model.commands import Limit, Quantity, Target, TargetKind
from pdu_agent.model.control import Upcoming
from pdu_agent.model.hooks import HookRow, HookRun
from pdu_agent.model.snapshot import LoggedEvent, Outlet, Snapshot
from pdu_agent.web.editable import EDITABLES
from pdu_agent.web.etags import etag_of
from pdu_agent.web.orders import outlet_number, outlet_row
from pdu_agent.web.pages.outlet_view import view
from pdu_agent.web.pages.site import Site, render
from pdu_agent.web.why import why

SHOWN_EVENTS = 12
SHOWN_UPCOMING = 4
ASKED_UPCOMING = 40
"""More than are shown: what also switches outlets that the caller does not see is left out."""

_SETTINGS = next(each for each in EDITABLES if each.path == "outlets/{n}").settings


def add_routes(router: web.UrlDispatcher, site: Site) -> None:
    router.add_get("/outlets/{n}", partial(_outlet, site))


async def _outlet(site: Site, request: web.Request) -> web.Response:
    snapshot = site.seen(request)
    row = outlet_row(snapshot, outlet_number(request.match_info["n"]))
    services = site.services
    upcoming = services.upcoming(ASKED_UPCOMING, row.index)
    return render(
        request,
        "outlet.html",
        snapshot=snapshot,
        **context_of(row, snapshot, upcoming, services.hooks()),
    )


def context_of(
    row: Outlet,
    snapshot: Snapshot,
    upcoming: Sequence[Upcoming] = (),
    hooks: Sequence[HookRow] = (),
) -> dict[str, Any]:
    settings = _SETTINGS(row)
    numbers = [each.index for each in snapshot.outlets]
    place = numbers.index(row.index)
    return {
        "each": view(row),
        "row": row,
        "sentences": why(row, snapshot),
        "settings": settings,
        "etag": etag_of(settings),
        "hooks": ["", *snapshot.hooks],
        "own_hooks": _hooks(row, hooks),
        "events": _events(row, snapshot),
        "upcoming": [each for each in upcoming if set(each.outlets) <= set(numbers)][
            :SHOWN_UPCOMING
        ],
        "limits": _limits(row, snapshot),
        "before": numbers[place - 1] if place else None,
        "after": numbers[place + 1] if place + 1 < len(numbers) else None,
        "is_sampled": row.meter is not None and row.meter.spectrum is not None,
    }


def _hooks(row: Outlet, hooks: Sequence[HookRow]) -> list[tuple[str, str, HookRun | None]]:
    """Moment, name, and how the hook ended the last time; of this outlet only."""
    known = {each.name: each for each in hooks}
    found = []
    for moment in ("before_on", "after_on", "before_off", "after_off"):
        name = getattr(row.hooks, moment)
        last = known[name].last if name in known else None
        if name:
            is_own = last is not None and last.outlet == row.index
            found.append((moment.replace("_", " "), name, last if is_own else None))
    return found


def _events(row: Outlet, snapshot: Snapshot) -> list[LoggedEvent]:
    """The newest ones about the outlet, the newest first."""
    target = Target(TargetKind.OUTLET, row.index)
    about = [event for event in snapshot.events if event.target == target]
    return about[: -SHOWN_EVENTS - 1 : -1]


def _limits(row: Outlet, snapshot: Snapshot) -> dict[str, list[dict[str, Any]]]:
    """What the curves have lines for: by the quantity's name in the history."""
    target = Target(TargetKind.OUTLET, row.index)
    names = {Quantity.ACTIVE_POWER: "active_power_w", Quantity.CURRENT: "current_a"}
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in names.values()}
    for each in snapshot.thresholds:
        if each.target != target or each.quantity not in names:
            continue
        values = {
            Limit.LOW_CRITICAL: each.low_critical,
            Limit.LOW_WARNING: each.low_warning,
            Limit.HIGH_WARNING: each.high_warning,
            Limit.HIGH_CRITICAL: each.high_critical,
        }
        found[names[each.quantity]] += [
            {"label": limit.value, "value": value, "critical": "critical" in limit.value}
            for limit, value in values.items()
            if limit in each.enabled
        ]
    return found
