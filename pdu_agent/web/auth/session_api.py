# SPDX-License-Identifier: Apache-2.0
"""/session: log in, who am I, log out."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from aiohttp import web

from pdu_agent.access.accounts.user import User
from pdu_agent.access.grant import Grant
from pdu_agent.model.commands import Actor
from pdu_agent.model.errors import InvalidValue
from pdu_agent.web.asking import refuse_unknown
from pdu_agent.web.auth.changing import Office
from pdu_agent.web.auth.cookie import cookie_of, drop_cookie, set_cookie
from pdu_agent.web.auth.tcp_access import address_of
from pdu_agent.web.caller import Caller, caller_of
from pdu_agent.web.plain import Plain
from pdu_agent.web.problems import Problem

log = logging.getLogger(__name__)


def add_routes(router: web.UrlDispatcher, api: str, office: Office) -> None:
    router.add_get(f"{api}/session", _who)
    router.add_post(f"{api}/session", partial(_log_in, office))
    router.add_delete(f"{api}/session", partial(_log_out, office))


async def _who(request: web.Request) -> web.Response:
    return web.json_response(shown(caller_of(request)))


async def _log_in(office: Office, request: web.Request) -> web.Response:
    given = await office.body(request)
    refuse_unknown(given, ("name", "password"))
    name, password = given.get("name"), given.get("password")
    if not (isinstance(name, str) and isinstance(password, str)):
        raise InvalidValue("expected a name and a password")
    address, controller = address_of(request), office.controller
    # Who is unknown may have typed a password in place of the name: it is not told.
    known = name if office.auth.accounts.user(name) is not None else "somebody unknown"
    try:
        user = await office.auth.user_with(name, password, address)
    except Problem as problem:
        log.warning("log-in of %s from %s: %s", known, address, problem.detail)
        controller.note_refusal(f"log in as {known}", Actor("http", "", address), problem.detail)
        raise
    before = office.auth.sessions.find(cookie_of(request))
    if before is not None:
        office.auth.sessions.end(before)
    log.info("%s has logged in from %s", user.name, address)
    controller.note_change("log in", Actor("http", user.name, address))
    return begun(office, request, user)


def begun(office: Office, request: web.Request, user: User) -> web.Response:
    """The answer that begins a session of this user."""
    session, secret = office.auth.sessions.begin(user)
    actor = Actor("http", user.name, address_of(request))
    caller = Caller(actor, user.grant, user.is_admin, user.name, session)
    response = web.json_response(shown(caller))
    set_cookie(response, request, secret)
    return response


async def _log_out(office: Office, request: web.Request) -> web.Response:
    caller = caller_of(request)
    if caller.session is not None:
        office.auth.sessions.end(caller.session)
        office.controller.note_change("log out", caller.actor)
    response = web.json_response({"changed": caller.session is not None})
    drop_cookie(response, request)
    return response


def shown(caller: Caller) -> Plain:
    session = caller.session
    return {
        "name": caller.user or caller.actor.who,
        "by": _by(caller),
        "role": session.user.role.value if session is not None else None,
        "is_admin": caller.is_admin,
        "rights": _rights(caller.grant),
        "csrf_token": session.csrf if session is not None else None,
    }


def _by(caller: Caller) -> str:
    if caller.session is not None:
        return "session"
    if caller.token is not None:
        return "token"
    return "certificate" if caller.actor.face == "http" else caller.actor.face


def _rights(grant: Grant) -> dict[str, Any]:
    return {
        "unit": grant.unit.value,
        "others": grant.others.value,
        "outlets": {str(number): rights.value for number, rights in sorted(grant.outlets.items())},
    }
