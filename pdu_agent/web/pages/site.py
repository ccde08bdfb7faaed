# SPDX-License-Identifier: Apache-2.0
"""What every page is made of, and how it is rendered; see docs/page.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from pdu_agent.access.grant import Rights
from pdu_agent.model.commands import Controller
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.web.caller import Caller, caller_of, seen
from pdu_agent.web.packing import takes_gzip
from pdu_agent.web.pages import navigation
from pdu_agent.web.problems import Problem
from pdu_agent.web.services import Services

HEADERS = {"Vary": "Accept-Encoding"}
MIN_PACKED_OCTETS = 1024


@dataclass(frozen=True, slots=True)
class Site:
    """What the pages are made of."""

    controller: Controller
    services: Services

    def seen(self, request: web.Request) -> Snapshot:
        """What the caller is shown of the unit as it is now."""
        return seen(self.controller, request)


SITE: web.AppKey[Site] = web.AppKey("site", Site)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the caller may do, as templates ask it; the API decides again."""

    caller: Caller

    @property
    def is_admin(self) -> bool:
        return self.caller.is_admin

    def read(self, outlet: int | None = None) -> bool:
        return self.caller.grant.allows(Rights.READ, outlet)

    def switch(self, outlet: int | None = None) -> bool:
        return self.caller.grant.allows(Rights.SWITCH, outlet)

    def write(self, outlet: int | None = None) -> bool:
        return self.caller.grant.allows(Rights.WRITE, outlet)


def csrf_token(caller: Caller) -> str:
    """What the page's scripts prove themselves with; empty where nobody has logged in."""
    return caller.session.csrf if caller.session is not None else ""


def is_for_people(request: web.Request) -> bool:
    """Does a browser that we know ask for a page, rather than a program for an answer?"""
    try:
        caller_of(request)
    except KeyError:
        return False
    is_machine = request.path.startswith(("/api/", "/static/"))
    return not is_machine and "text/html" in request.headers.get("Accept", "")


def refusal(request: web.Request, problem: Problem) -> web.Response:
    """A page that says why there is none."""
    return render(request, "refusal.html", problem.status, problem=problem.to_plain())


def render(request: web.Request, template: str, status: int = 200, **context: Any) -> web.Response:
    """A page. context: what its template uses besides what every page has:

    may (Allowed), who (the Caller), snapshot (as the caller sees it, unless given), device,
    sections and path for the navigation, csrf_token, is_live (does the page follow the unit?).
    """
    allowed = Allowed(caller_of(request))
    snapshot: Snapshot = context.pop("snapshot", None) or request.app[SITE].seen(request)
    text = html(template, allowed, snapshot, request.path, csrf_token(allowed.caller), context)
    response = web.Response(text=text, status=status, content_type="text/html", headers=HEADERS)
    if len(text) > MIN_PACKED_OCTETS and takes_gzip(request):
        response.enable_compression(web.ContentCoding.gzip)
    return response


def html(
    template: str,
    allowed: Allowed,
    snapshot: Snapshot,
    path: str,
    csrf: str,
    context: Mapping[str, Any],
) -> str:
    """The text of a page; see `render`."""
    # Here, for Jinja2 takes memory that an agent whose page nobody opens need not spend.
    from pdu_agent.web.pages.rendering import html_of

    common = {
        "may": allowed,
        "who": allowed.caller,
        "snapshot": snapshot,
        "device": snapshot.device,
        "path": path,
        "sections": navigation.listed(allowed.caller),
        "csrf_token": csrf,
        "is_live": allowed.read() or bool(snapshot.outlets),
    }
    return html_of(template, snapshot.device.time_zone, {**common, **context})
