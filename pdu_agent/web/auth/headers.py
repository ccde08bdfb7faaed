# SPDX-License-Identifier: Apache-2.0
"""What every answer tells a browser not to do with it."""

from __future__ import annotations

from collections.abc import MutableMapping

from aiohttp import web

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Server": "OpenPDU",
}
_UNLESS_GIVEN = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src"
        " 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}


async def add_headers(_request: web.BaseRequest, response: web.StreamResponse) -> None:
    """A signal of aiohttp's, so that answers that do not end have them as well."""
    put_headers(response.headers)


def put_headers(headers: MutableMapping[str, str]) -> None:
    """For what no application answers, too."""
    for name, text in _ALWAYS.items():
        headers[name] = text
    for name, text in _UNLESS_GIVEN.items():
        headers.setdefault(name, text)


async def insist_on_tls(_request: web.BaseRequest, response: web.StreamResponse) -> None:
    """For a year browsers ask by HTTPS alone (RFC 6797). Only with a certificate that they trust:
    of one that was made here, they would let nobody pass the warning any more.
    """
    response.headers["Strict-Transport-Security"] = "max-age=31536000"
