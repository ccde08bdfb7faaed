# SPDX-License-Identifier: Apache-2.0
"""/setup: the first administrator of a unit that has no users."""

from __future__ import annotations

import logging
from functools import partial

from aiohttp import web

from pdu_agent.access.accounts.password import check_password, hashed
from pdu_agent.access.accounts.role import Role
from pdu_agent.access.accounts.user import User, check_name
from pdu_agent.model.commands import Actor
from pdu_agent.model.errors import CommandError, NotNow, NotPermitted, StoreError, Unavailable
from pdu_agent.web.asking import refuse_unknown
from pdu_agent.web.auth.auth import Auth
from pdu_agent.web.auth.changing import Office, administrators
from pdu_agent.web.auth.session_api import begun
from pdu_agent.web.auth.tcp_access import address_of
from pdu_agent.web.caller import caller_of

log = logging.getLogger(__name__)

ASKED = "make the first administrator"


def add_routes(router: web.UrlDispatcher, api: str, office: Office) -> None:
    router.add_get(f"{api}/setup", partial(_is_needed, office))
    router.add_post(f"{api}/setup", partial(_set_up, office))
    router.add_post(f"{api}/setup/link", partial(_link, office))


async def _is_needed(office: Office, _request: web.Request) -> web.Response:
    return web.json_response({"needed": not office.auth.accounts.users})


async def _set_up(office: Office, request: web.Request) -> web.Response:
    given, auth = await office.body(request), office.auth
    refuse_unknown(given, ("code", "name", "password"))
    address = address_of(request)
    actor = Actor("http", "", address)
    auth.require_patience(address)
    try:
        _require_code(auth, given.get("code"))
        name = check_name(given.get("name"))
        password = check_password(given.get("password"), name)

        def work() -> User:
            _require_code(auth, given.get("code"))
            user = auth.accounts.add_user(name, Role.ADMIN, hashed(password), {})
            auth.setup.forget()
            return user

        user = await auth.turns.take(work)
    except NotPermitted as error:
        auth.lockout.wrong(address)
        office.controller.note_refusal(ASKED, actor, str(error))
        raise
    except CommandError as error:
        office.controller.note_refusal(ASKED, actor, str(error))
        raise
    log.info("%s is the first administrator, made from %s", user.name, address)
    office.controller.note_change(ASKED, Actor("http", user.name, address))
    return begun(office, request, user)


def _require_code(auth: Auth, given: object) -> None:
    """Raises NotNow once somebody was faster, and NotPermitted."""
    if auth.accounts.users:
        raise NotNow("this unit has users already: log in")
    if not isinstance(given, str) or not auth.setup.is_right(given):
        raise NotPermitted(
            "the code is wrong or has ended; `openpdu setup-link` on the unit prints a new one"
        )


async def _link(office: Office, request: web.Request) -> web.Response:
    """For whoever works on the machine itself: the links, as they stand in the log too."""
    office.admit(request, "print the set-up link", administrators("the set-up link"))
    refuse_unknown(await office.body(request), ())
    auth = office.auth
    links = await auth.turns.take(lambda: setup_links(auth))
    log.info("%s: the set-up link was printed", caller_of(request).actor)
    return web.json_response({"links": links, "ends_in_s": round(auth.setup.left_s)})


def setup_links(auth: Auth) -> list[str]:
    """One for each way to call this machine. Blocks; raises NotNow where nobody needs one."""
    if auth.accounts.trouble:
        raise Unavailable(auth.accounts.trouble)
    if auth.accounts.users:
        raise NotNow("this unit has users already; `openpdu user passwd` changes a password")
    if not auth.urls:
        raise NotNow("the agent does not listen for browsers: see http.listen")
    try:
        code = auth.setup.ensure()
    except StoreError as error:
        raise Unavailable(str(error)) from error
    return [f"{url}/setup?code={code}" for url in auth.urls]
