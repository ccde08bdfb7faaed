# SPDX-License-Identifier: Apache-2.0
"""Users and tokens: administrators see all of them, others themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from pdu_agent.access.accounts.book import words_of
from pdu_agent.access.accounts.role import Role, Scope
from pdu_agent.access.accounts.token import Token
from pdu_agent.access.accounts.user import User
from pdu_agent.access.grant import Rights
from pdu_agent.web.caller import Caller, caller_of
from pdu_agent.web.pages.site import Site, render

ROLES = tuple(
    (role.value, f"{role.value}: {does}")
    for role, does in (
        (Role.VIEWER, "sees everything"),
        (Role.OPERATOR, "also switches"),
        (Role.ADMIN, "also changes settings and users"),
    )
)
SCOPES = tuple(
    (scope.value, f"{scope.value}: {does}")
    for scope, does in (
        (Scope.READ, "reads"),
        (Scope.SWITCH, "also switches"),
        (Scope.WRITE, "also changes settings"),
        (Scope.ADMIN, "everything, also users"),
    )
)


@dataclass(frozen=True, slots=True)
class Person:
    user: User
    rights: str
    is_self: bool


@dataclass(frozen=True, slots=True)
class Key:
    """A token as the page shows it."""

    token: Token
    rights: str
    has_expired: bool


def add_routes(router: web.UrlDispatcher, site: Site) -> None:
    router.add_get("/users", partial(_people, site))


async def _people(site: Site, request: web.Request) -> web.Response:
    caller = caller_of(request)
    accounts, now_s = site.services.auth.accounts, site.services.auth.clock.wall_s()
    return render(
        request,
        "people.html",
        people=[
            Person(user, rights_text(user.outlets), user.name == caller.user)
            for user in accounts.users
            if caller.is_admin or user.name == caller.user
        ],
        keys=[
            Key(token, rights_text(token.outlets), token.is_expired(now_s))
            for token in accounts.tokens
            if _is_theirs(caller, token)
        ],
        roles=ROLES,
        scopes=SCOPES if caller.is_admin else SCOPES[:3],
        may_add_tokens=caller.is_admin or caller.session is not None,
    )


def _is_theirs(caller: Caller, token: Token) -> bool:
    return caller.is_admin or (caller.session is not None and token.owner == caller.user)


def rights_text(outlets: Mapping[str, Rights]) -> str:
    """As it is typed: "1-2: switch, others: none"; empty for the role's on all of them."""
    return ", ".join(f"{which}: {word}" for which, word in words_of(outlets).items())
