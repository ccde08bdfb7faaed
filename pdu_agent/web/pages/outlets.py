# SPDX-License-Identifier: Apache-2.0
"""The list of outlets: what each does, draws and costs, and one action for several of them."""

from __future__ import annotations

from functools import partial
from typing import Any

from aiohttp import web

from pdu_agent.model.snapshot import Snapshot
from pdu_agent.web.pages.outlet_view import view
from pdu_agent.web.pages.site import Site, render


def add_routes(router: web.UrlDispatcher, site: Site) -> None:
    router.add_get("/outlets", partial(_outlets, site))


async def _outlets(site: Site, request: web.Request) -> web.Response:
    snapshot = site.seen(request)
    return render(request, "outlets.html", snapshot=snapshot, **context_of(snapshot))


def context_of(snapshot: Snapshot) -> dict[str, Any]:
    groups_of: dict[int, list[int]] = {}
    for group in snapshot.groups:
        for member in group.members:
            groups_of.setdefault(member, []).append(group.index)
    return {
        "outlets": [view(row) for row in snapshot.outlets],
        "groups": [row for row in snapshot.groups if row.members],
        "groups_of": groups_of,
        "states": sorted({row.state.value for row in snapshot.outlets if row.switched}),
    }
