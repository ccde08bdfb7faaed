# SPDX-License-Identifier: Apache-2.0
"""All of the API that is about people and programs, and not about the unit."""

from __future__ import annotations

from aiohttp import web

from pdu_agent.model.commands import Controller
from pdu_agent.web.asking import Body
from pdu_agent.web.auth import session_api, setup_api, tokens_api, users_api
from pdu_agent.web.auth.auth import Auth
from pdu_agent.web.auth.changing import Office


def add_routes(
    router: web.UrlDispatcher, api: str, controller: Controller, body: Body, auth: Auth
) -> None:
    office = Office(auth, controller, body)
    session_api.add_routes(router, api, office)
    setup_api.add_routes(router, api, office)
    users_api.add_routes(router, api, office)
    tokens_api.add_routes(router, api, office)
