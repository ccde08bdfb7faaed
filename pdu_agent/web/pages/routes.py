# SPDX-License-Identifier: Apache-2.0
"""All pages, and the files that they load."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from pdu_agent.model.commands import Controller
from pdu_agent.web.pages import (
    about,
    alarms,
    audit,
    cap,
    energy,
    entry,
    events,
    groups,
    outlet,
    outlets,
    overview,
    people,
    rules,
    schedules,
    sensors,
    static_files,
    thresholds,
    unit_settings,
    ups,
)
from pdu_agent.web.pages.site import SITE, Site
from pdu_agent.web.services import Services

PAGES: tuple[Callable[[web.UrlDispatcher, Site], None], ...] = (
    overview.add_routes,
    outlets.add_routes,
    outlet.add_routes,
    schedules.add_routes,
    rules.add_routes,
    groups.add_routes,
    cap.add_routes,
    thresholds.add_routes,
    alarms.add_routes,
    events.add_routes,
    audit.add_routes,
    sensors.add_routes,
    ups.add_routes,
    energy.add_routes,
    unit_settings.add_routes,
    people.add_routes,
    about.add_routes,
    entry.add_routes,
)
"""add_routes of each page. A page is listed in navigation.py besides."""


def add_site(app: web.Application, controller: Controller, services: Services) -> None:
    site = Site(controller, services)
    app[SITE] = site
    static_files.add_routes(app.router)
    for add_routes in PAGES:
        add_routes(app.router, site)
