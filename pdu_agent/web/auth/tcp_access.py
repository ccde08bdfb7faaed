# SPDX-License-Identifier: Apache-2.0
"""Who sends a request over TCP: a token, a session's cookie, or a client certificate says so."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from aiohttp import web

from pdu_agent.access.accounts.role import Role, grant_for
from pdu_agent.access.accounts.token import Token
from pdu_agent.access.grant import Grant, Rights
from pdu_agent.model.commands import Actor, Controller
from pdu_agent.model.errors import NotPermitted, Unavailable
from pdu_agent.web.auth.auth import Auth
from pdu_agent.web.auth.cookie import cookie_of
from pdu_agent.web.auth.hosts import SAFE, OwnNames, require_same_site
from pdu_agent.web.auth.local_path import local_path
from pdu_agent.web.auth.public import is_public
from pdu_agent.web.auth.sessions import Session
from pdu_agent.web.caller import Caller
from pdu_agent.web.problems import Problem
from pdu_agent.web.settings import ClientRole

CSRF_HEADER = "X-CSRF-Token"
LOGIN = "/login"
_BEARER = "bearer "
_NOTHING = Grant.everywhere(Rights.NONE)


class TcpAccess:
    """The rights of one TCP socket. names: by which the machine is called, besides its addresses.

    Whoever shows nothing gets the public routes; an API path is then refused, and a page leads to
    the log-in.
    """

    def __init__(
        self,
        auth: Auth,
        controller: Controller,
        listen_host: str,
        names: Iterable[str] = (),
        client_roles: Iterable[ClientRole] = (),
    ) -> None:
        self._auth = auth
        self._controller = controller
        self._own_names = OwnNames(listen_host, names)
        self._client_roles = {each.name: each for each in client_roles}

    async def identify(self, request: web.Request) -> Caller:
        self._own_names.require(request)
        if self._auth.accounts.trouble:
            raise Problem.about_command(Unavailable(self._auth.accounts.trouble))
        public = is_public(request)
        authorization = request.headers.get("Authorization")
        if authorization is not None and not public:
            return self._with_token(authorization, address_of(request))
        session = self._session(request)
        shown = self._with_certificate(request) if session is None else None
        if session is None and shown is None and not public:
            raise _unknown(request)
        require_same_site(request)
        if session is None:
            return shown or Caller(Actor("http", "", address_of(request)), _NOTHING)
        if request.method not in SAFE and not public:
            _require_csrf(request, session)
        return self._with_session(session, address_of(request))

    def _session(self, request: web.Request) -> Session | None:
        secret = cookie_of(request)
        return self._auth.sessions.find(secret) if secret else None

    def _with_session(self, session: Session, address: str) -> Caller:
        user, sessions = session.user, self._auth.sessions
        return Caller(
            Actor("http", user.name, address),
            user.grant,
            user.is_admin,
            user.name,
            session,
            is_valid=lambda: sessions.is_valid(session),
        )

    def _with_certificate(self, request: web.Request) -> Caller | None:
        """Who shows a certificate of the authority that the settings name, and is named there."""
        certificate = request.get_extra_info("peercert") if self._client_roles else None
        entry = self._client_roles.get(_common_name(certificate)) if certificate else None
        if entry is None:
            return None
        who = f"certificate {entry.name}"
        return Caller(
            Actor("http", who, address_of(request)),
            grant_for(entry.role, entry.outlets),
            entry.role is Role.ADMIN,
        )

    def _with_token(self, authorization: str, address: str) -> Caller:
        accounts = self._auth.accounts
        is_bearer = authorization[: len(_BEARER)].lower() == _BEARER
        token = accounts.token_of(authorization[len(_BEARER) :].strip()) if is_bearer else None
        if token is None:
            raise self._wrong_token(address)
        if not accounts.is_in_force(token):
            raise Problem.about_request(401, f"the token {token.name} has expired")
        return self._as_token(token, address)

    def _as_token(self, token: Token, address: str) -> Caller:
        """With no more rights than whoever made it has now."""
        accounts, owner = self._auth.accounts, self._auth.accounts.user(token.owner)
        grant = token.grant if owner is None else token.grant.within(owner.grant)
        return Caller(
            Actor("http", f"{token.owner} token {token.name}".strip(), address),
            grant,
            token.is_admin and (owner is None or owner.is_admin),
            token.owner,
            token=token,
            is_valid=lambda: accounts.is_in_force(token) and accounts.user(token.owner) == owner,
        )

    def _wrong_token(self, address: str) -> Problem:
        """A right one is taken even while others from its address have to wait: nobody guesses
        256 bits, and one bad script must not stop the good one beside it.
        """
        try:
            self._auth.require_patience(address)
        except Problem as wait:
            return wait
        self._auth.lockout.wrong(address)
        self._controller.note_refusal("use a token", Actor("http", "", address), "it is unknown")
        return Problem.about_request(401, "the token is unknown: expected Authorization: Bearer")


def address_of(request: web.Request) -> str:
    return (request.remote or "").removeprefix("::ffff:")


def _common_name(certificate: Mapping[str, Any]) -> str:
    """Of the subject, as ssl.SSLSocket.getpeercert tells it; the last where there are several."""
    found = [
        text
        for parts in certificate.get("subject", ())
        for key, text in parts
        if key == "commonName"
    ]
    return str(found[-1]) if found else ""


def _require_csrf(request: web.Request, session: Session) -> None:
    """A page elsewhere can have the cookie sent along, but cannot read this."""
    given = request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(given.encode(errors="replace"), session.csrf.encode()):
        raise NotPermitted(f"{CSRF_HEADER} is missing, or not the one of this session")


def _unknown(request: web.Request) -> Exception:
    """An API path is refused; a page leads to the log-in, and from there back."""
    is_page = not request.path.startswith("/api/") and request.method in ("GET", "HEAD")
    if not is_page or "HX-Request" in request.headers:
        return Problem.about_request(401, "log in, or send a token: Authorization: Bearer")
    return web.HTTPSeeOther(f"{LOGIN}?next={quote(local_path(request.path_qs), safe='/')}")
