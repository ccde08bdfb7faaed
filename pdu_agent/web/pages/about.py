# SPDX-License-Identifier: Apache-2.0
"""About: versions, how the agent and its board fare, the licence, and what the unit is not."""

from __future__ import annotations

import platform

from aiohttp import web

from pdu_agent.web.pages.site import Site, render


def add_routes(router: web.UrlDispatcher, _site: Site) -> None:
    router.add_get("/about", _about)


async def _about(request: web.Request) -> web.Response:
    return render(request, "about.html", python=platform.python_version())
