# SPDX-License-Identifier: Apache-2.0
"""/tokens: what programs show in place of a password."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from aiohttp import web

from pdu_agent.access.accounts.book import words_of
from pdu_agent.access.accounts.role import Scope, grant_for
from pdu_agent.access.accounts.token import Token
from pdu_agent.access.accounts.user import check_name
from pdu_agent.model.errors import InvalidValue, NotPermitted, UnknownTarget
from pdu_agent.web.asking import refuse_unknown
from pdu_agent.web.auth.changing import Office, outlets_of, told, word_of
from pdu_agent.web.caller import Caller, caller_of
from pdu_agent.web.plain import instant

DEFAULT_LIFE_S = 366 * 86400.0


def add_routes(router: web.UrlDispatcher, api: str, office: Office) -> None:
    router.add_get(f"{api}/tokens", partial(_list, office))
    router.add_post(f"{api}/tokens", partial(_add, office))
    router.add_get(f"{api}/tokens/{{id}}", partial(_show, office))
    router.add_delete(f"{api}/tokens/{{id}}", partial(_remove, office))


async def _list(office: Office, request: web.Request) -> web.Response:
    caller = caller_of(request)
    _require_person(caller)
    tokens = [each for each in office.auth.accounts.tokens if _is_theirs(caller, each)]
    return web.json_response({"tokens": [_shown(office, each) for each in tokens]})


async def _show(office: Office, request: web.Request) -> web.Response:
    return web.json_response(_shown(office, _found(office, request)))


async def _add(office: Office, request: web.Request) -> web.Response:
    caller = office.admit(request, "add a token", _require_person)
    given = await office.body(request)
    refuse_unknown(given, ("name", "scope", "outlets", "expires"))
    name = check_name(given.get("name"))
    scope = word_of(Scope, given.get("scope"), "scope")
    outlets = outlets_of(given)
    grant = grant_for(scope, outlets)
    expires_wall_s = _expiry(office, given)

    def judge(caller: Caller) -> None:
        _require_person(caller)
        if scope is Scope.ADMIN:
            caller.require_admin("making a token for administration")
        if not caller.grant.covers(grant):
            raise NotPermitted("a token has no more rights than whoever makes it")
        if not _ends_before(expires_wall_s, caller.token):
            raise NotPermitted("a token makes none that lives longer than itself")

    def work() -> tuple[Token, str]:
        return office.auth.accounts.add_token(name, caller.user, scope, outlets, expires_wall_s)

    asked = f"add token {name}: {scope.value}{told(outlets)}"
    token, secret = await office.change(request, asked, judge, work)
    return web.json_response({"changed": True, "token": _shown(office, token), "secret": secret})


async def _remove(office: Office, request: web.Request) -> web.Response:
    token = _found(office, request)

    def judge(caller: Caller) -> None:
        if not _is_theirs(caller, token):
            caller.require_admin("removing the tokens of others")

    def work() -> None:
        office.auth.accounts.remove_token(token.id)

    await office.change(request, f"remove token {token.name} {token.id}", judge, work)
    return web.json_response({"changed": True})


def _require_person(caller: Caller) -> None:
    """A token that is stolen makes no others, which would outlive its removal."""
    if caller.session is None:
        caller.require_admin("working on tokens with a token")


def _is_theirs(caller: Caller, token: Token) -> bool:
    return caller.is_admin or (caller.session is not None and token.owner == caller.user)


def _found(office: Office, request: web.Request) -> Token:
    """The token of the path; one of somebody else is there for administrators only."""
    number = request.match_info["id"]
    token = office.auth.accounts.token(number)
    if token is None or not _is_theirs(caller_of(request), token):
        raise UnknownTarget(f"there is no token {number[:40]!r}")
    return token


def _expiry(office: Office, given: Mapping[str, Any]) -> float | None:
    """Seconds since 1970, None for never. Raises InvalidValue."""
    if "expires" not in given:
        return office.auth.clock.wall_s() + DEFAULT_LIFE_S
    text = given["expires"]
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError("without an offset from UTC")
        return moment.timestamp()
    except (TypeError, ValueError, OverflowError):
        raise InvalidValue(
            "expires: expected an instant such as 2027-01-31T00:00:00Z, or null for never"
        ) from None


def _ends_before(expires_wall_s: float | None, maker: Token | None) -> bool:
    if maker is None or maker.expires_wall_s is None:
        return True
    return expires_wall_s is not None and expires_wall_s <= maker.expires_wall_s


def _shown(office: Office, token: Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "owner": token.owner,
        "scope": token.scope.value,
        "outlets": words_of(token.outlets),
        "created": instant(token.created_wall_s),
        "expires": instant(token.expires_wall_s),
        "expired": token.is_expired(office.auth.clock.wall_s()),
    }
