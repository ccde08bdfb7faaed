# SPDX-License-Identifier: Apache-2.0
"""The log-in, and the set-up of a unit that has no users yet: what anybody may open.

They tell nothing of the unit, not even its name.
"""

from __future__ import annotations

from aiohttp import web

from pdu_agent.web.auth.local_path import local_path
from pdu_agent.web.pages.site import Site, render

MAX_CODE = 200


def add_routes(router: web.UrlDispatcher, _site: Site) -> None:
    router.add_get("/login", _login)
    router.add_get("/setup", _setup)


async def _login(request: web.Request) -> web.Response:
    return render(request, "login.html", next=local_path(request.query.get("next", "/")))


async def _setup(request: web.Request) -> web.Response:
    """The code stands in the link that the unit has printed; a browser must not pass it on."""
    response = render(request, "setup.html", code=request.query.get("code", "")[:MAX_CODE])
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
