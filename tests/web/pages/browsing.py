# SPDX-License-Identifier: Apache-2.0
"""Pages as a caller with certain rights is shown them."""

from __future__ import annotations

import asyncio

from aiohttp import ClientSession, CookieJar, web

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.model.commands import Actor
from pdu_agent.web.api import make_app
from pdu_agent.web.caller import Caller
from pdu_agent.web.services import Services
from tests.web.fake_agent import FakeController

VIEWER = Caller(Actor("http", "viewer", "10.0.0.9"), Grant.everywhere(Rights.READ))
SWITCHER = Caller(Actor("http", "switcher", "10.0.0.9"), Grant.everywhere(Rights.SWITCH))
ADMIN = Caller(Actor("http", "admin", "10.0.0.9"), Grant.everywhere(Rights.WRITE), is_admin=True)
TENANT = Caller(
    Actor("http", "tenant", "10.0.0.9"),
    Grant(Rights.READ, Rights.NONE, {1: Rights.SWITCH, 2: Rights.SWITCH}),
)


class Everybody:
    """Takes every request for one of this caller."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def identify(self, _request: web.Request) -> Caller:
        return self._caller


def page(
    controller: FakeController,
    path: str,
    caller: Caller = ADMIN,
    services: Services | None = None,
) -> tuple[int, str]:
    """Status and text."""
    return asyncio.run(_page(controller, path, caller, services or Services()))


async def _page(
    controller: FakeController, path: str, caller: Caller, services: Services
) -> tuple[int, str]:
    runner = web.AppRunner(make_app(controller, Everybody(caller), services))
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        async with (
            ClientSession(cookie_jar=CookieJar(unsafe=True)) as session,
            session.get(
                f"http://127.0.0.1:{port}{path}", headers={"Accept": "text/html"}
            ) as answer,
        ):
            return answer.status, await answer.text()
    finally:
        await runner.cleanup()
