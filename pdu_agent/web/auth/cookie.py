# SPDX-License-Identifier: Apache-2.0
"""The cookie of a session: no script reads it, and no other site's page sends it."""

from __future__ import annotations

from aiohttp import web

COOKIE = "openpdu_session"


def set_cookie(response: web.Response, request: web.Request, secret: str) -> None:
    """It ends with the browser; the session does so earlier."""
    response.set_cookie(
        COOKIE, secret, path="/", httponly=True, samesite="Strict", secure=request.secure
    )


def drop_cookie(response: web.Response, request: web.Request) -> None:
    response.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict", secure=request.secure)


def cookie_of(request: web.Request) -> str:
    """Empty where there is none."""
    return request.cookies.get(COOKIE, "") if "Cookie" in request.headers else ""
