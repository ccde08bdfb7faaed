# SPDX-License-Identifier: Apache-2.0
"""/users: who may log in, and what they may do."""

from __future__ import annotations

from functools import partial
from typing import Any

from aiohttp import web

from pdu_agent.access.accounts.book import words_of
from pdu_agent.access.accounts.password import check_password, hashed
from pdu_agent.access.accounts.role import Role, grant_for
from pdu_agent.access.accounts.user import User, check_name
from pdu_agent.model.errors import InvalidValue, NotPermitted, UnknownTarget
from pdu_agent.web.asking import refuse_unknown
from pdu_agent.web.auth.changing import Office, administrators, outlets_of, told, word_of
from pdu_agent.web.auth.session_api import begun
from pdu_agent.web.auth.tcp_access import address_of
from pdu_agent.web.caller import Caller, caller_of
from pdu_agent.web.problems import Problem

_CHANGING = administrators("changing users")


def add_routes(router: web.UrlDispatcher, api: str, office: Office) -> None:
    router.add_get(f"{api}/users", partial(_list, office))
    router.add_post(f"{api}/users", partial(_add, office))
    router.add_get(f"{api}/users/{{name}}", partial(_show, office))
    router.add_patch(f"{api}/users/{{name}}", partial(_change, office))
    router.add_delete(f"{api}/users/{{name}}", partial(_remove, office))
    router.add_post(f"{api}/users/{{name}}/password", partial(_set_password, office))


async def _list(office: Office, request: web.Request) -> web.Response:
    caller_of(request).require_admin("the list of users")
    return web.json_response({"users": [shown(user) for user in office.auth.accounts.users]})


async def _show(office: Office, request: web.Request) -> web.Response:
    caller = caller_of(request)
    if request.match_info["name"] != caller.user:
        caller.require_admin("reading about other users")
    return web.json_response(shown(_existing(office, request)))


async def _add(office: Office, request: web.Request) -> web.Response:
    office.admit(request, "add a user", _CHANGING)
    given = await office.body(request)
    refuse_unknown(given, ("name", "role", "password", "outlets"))
    name = check_name(given.get("name"))
    role = word_of(Role, given.get("role"), "role")
    outlets = outlets_of(given)
    grant_for(role, outlets)
    password = check_password(given.get("password"), name)

    def work() -> User:
        return office.auth.accounts.add_user(name, role, hashed(password), outlets)

    user = await office.change(
        request, f"add user {name}: {role.value}{told(outlets)}", _CHANGING, work
    )
    return web.json_response({"changed": True, "user": shown(user)})


async def _change(office: Office, request: web.Request) -> web.Response:
    office.admit(request, "change a user", _CHANGING)
    given, name = await office.body(request), _existing(office, request).name
    refuse_unknown(given, ("role", "outlets"))
    role = word_of(Role, given["role"], "role") if "role" in given else None
    outlets = outlets_of(given) if "outlets" in given else None
    before = office.auth.accounts.user(name)
    to = ("" if role is None else f" {role.value}") + told(outlets)

    def work() -> User:
        return office.auth.accounts.change_user(name, role, outlets)

    user = await office.change(request, f"change user {name}:{to}", _CHANGING, work)
    return web.json_response({"changed": user != before, "user": shown(user)})


async def _remove(office: Office, request: web.Request) -> web.Response:
    office.admit(request, "remove a user", _CHANGING)
    name = _existing(office, request).name

    def work() -> None:
        office.auth.accounts.remove_user(name)

    await office.change(request, f"remove user {name}", _CHANGING, work)
    return web.json_response({"changed": True})


async def _set_password(office: Office, request: web.Request) -> web.Response:
    """One's own with the old one, which also begins a new session; administrators anybody's."""
    caller, name = caller_of(request), request.match_info["name"]
    is_own = caller.session is not None and caller.user == name
    judge = _anybody if is_own else _CHANGING
    office.admit(request, "change a password", judge)
    given = await office.body(request)
    refuse_unknown(given, ("old", "new"))
    user = _existing(office, request)
    new = check_password(given.get("new"), user.name)
    if is_own:
        await _require_old(office, request, given.get("old"))

    def work() -> User:
        return office.auth.accounts.set_password(user.name, hashed(new))

    user = await office.change(request, f"change the password of {user.name}", judge, work)
    if is_own:
        return begun(office, request, user)
    return web.json_response({"changed": True})


def _anybody(_caller: Caller) -> None:
    """Of what one may always do to oneself."""


async def _require_old(office: Office, request: web.Request, old: object) -> None:
    """Raises InvalidValue; whoever found an open browser must not guess either."""
    if not isinstance(old, str):
        raise InvalidValue("old: expected the password as it is now")
    caller = caller_of(request)
    try:
        await office.auth.user_with(caller.user, old, address_of(request))
    except Problem as problem:
        asked = f"change the password of {caller.user}"
        office.controller.note_refusal(asked, caller.actor, problem.detail)
        if problem.status == 401:
            raise NotPermitted("old: this is not the password") from None
        raise


def _existing(office: Office, request: web.Request) -> User:
    """The user of the path. Raises UnknownTarget."""
    name = request.match_info["name"]
    user = office.auth.accounts.user(name)
    if user is None:
        raise UnknownTarget(f"there is no user {name[:40]!r}")
    return user


def shown(user: User) -> dict[str, Any]:
    return {"name": user.name, "role": user.role.value, "outlets": words_of(user.outlets)}
