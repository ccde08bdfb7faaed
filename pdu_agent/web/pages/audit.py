# SPDX-License-Identifier: Apache-2.0
"""The audit log: who asked for what, and what came of it. Its script asks the API for the rows."""

from __future__ import annotations

from functools import partial

from aiohttp import web

from pdu_agent.access.grant import Rights
from pdu_agent.model.errors import NotPermitted
from pdu_agent.web.caller import caller_of
from pdu_agent.web.pages.site import Site, render


def add_routes(router: web.UrlDispatcher, site: Site) -> None:
    router.add_get("/audit", partial(_audit, site))


async def _audit(site: Site, request: web.Request) -> web.Response:
    if not caller_of(request).grant.allows(Rights.READ):
        raise NotPermitted("read is not granted on the unit")
    snapshot = site.seen(request)
    return render(request, "audit.html", snapshot=snapshot, outlets=snapshot.outlets)
