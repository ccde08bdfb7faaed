# SPDX-License-Identifier: Apache-2.0
"""Energy and cost: the frame; energy.js asks the API for what fills it."""

from __future__ import annotations

from functools import partial

from aiohttp import web

from pdu_agent.model.snapshot import Meter, Snapshot
from pdu_agent.web.pages.outlet_view import title_of
from pdu_agent.web.pages.site import Site, render


def add_routes(router: web.UrlDispatcher, site: Site) -> None:
    router.add_get("/energy", partial(_energy, site))


async def _energy(site: Site, request: web.Request) -> web.Response:
    snapshot = site.seen(request)
    return render(
        request,
        "energy.html",
        snapshot=snapshot,
        targets=targets(snapshot),
        peaks=metered(snapshot),
    )


def metered(snapshot: Snapshot) -> list[tuple[str, Meter]]:
    """Names and meters, the inlets first."""
    inlets = [(row.name, row.meter) for row in snapshot.inlets]
    outlets = [(f"{row.index} {title_of(row)}", row.meter) for row in snapshot.outlets]
    return [(name, meter) for name, meter in inlets + outlets if meter is not None]


def targets(snapshot: Snapshot) -> list[tuple[str, str]]:
    """What has a counter, as /energy/history calls it, and as people do."""
    found = [("unit:1", "the whole unit")] if snapshot.inlets else []
    found += [(f"inlet:{row.index}", row.name) for row in snapshot.inlets if row.meter]
    found += [
        (f"outlet:{row.index}", f"{row.index} {title_of(row)}")
        for row in snapshot.outlets
        if row.meter
    ]
    found += [(f"group:{row.index}", f"group {row.name}") for row in snapshot.groups]
    return found
