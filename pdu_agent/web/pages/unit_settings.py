# SPDX-License-Identifier: Apache-2.0
"""Settings: what can be changed while the agent runs, and the configuration file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web

from pdu_agent.model.configuration import WithoutFile
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.web.caller import caller_of
from pdu_agent.web.editable import EDITABLES, Editable
from pdu_agent.web.etags import etag_of
from pdu_agent.web.pages.outlet_view import title_of
from pdu_agent.web.pages.site import Allowed, Site, render
from pdu_agent.web.plain import Plain

_BY_PATH = {each.path: each for each in EDITABLES}


@dataclass(frozen=True, slots=True)
class Part:
    """Something with settings. key: unlike that of any other. path: where PATCH changes them.
    etag: what the form is of. hint: what stands beside the title.
    """

    key: str
    title: str
    path: str
    settings: Plain
    etag: str
    hint: str = ""


def add_routes(router: web.UrlDispatcher, site: Site) -> None:
    router.add_get("/settings", partial(_settings, site))


async def _settings(site: Site, request: web.Request) -> web.Response:
    snapshot = site.seen(request)
    may = Allowed(caller_of(request))
    return render(
        request,
        "settings.html",
        snapshot=snapshot,
        unit=_part("device", snapshot, "0", "The unit") if may.write() else None,
        outlets=[
            _part(
                "outlets/{n}", snapshot, str(row.index), f"{row.index} {title_of(row)}", row.device
            )
            for row in snapshot.outlets
            if may.write(row.index)
        ],
        has_file=not isinstance(site.services.configuration, WithoutFile),
        feeders=list(_feeders(snapshot)) if may.write() else [],
    )


def _feeders(snapshot: Snapshot) -> Iterator[Part]:
    for path, rows in (
        ("inlets/{n}", snapshot.inlets),
        ("branches/{n}", snapshot.branches),
        ("sensors/{n}", snapshot.sensors),
    ):
        for row in rows:
            yield _part(path, snapshot, str(row.index), row.name)


def _part(path: str, snapshot: Snapshot, number: str, title: str, hint: str = "") -> Part:
    thing: Editable = _BY_PATH[path]
    row: Any = thing.find(snapshot, {"n": number})
    settings = thing.settings(row)
    place = path.format(n=number)
    return Part(
        place.replace("/", "-"), title, f"PATCH /api/v1/{place}", settings, etag_of(settings), hint
    )
