# SPDX-License-Identifier: Apache-2.0
"""What a request says it is for, and where it comes from, as browsers tell it."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from pdu_agent.model.errors import NotPermitted
from pdu_agent.web.problems import Problem

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_SAME = frozenset({"same-origin", "none"})


class OwnNames:
    """The names by which this machine may be called.

    A web page elsewhere may point its own name at this address, and would read along with the
    rights of whoever looks at it (DNS rebinding).
    """

    def __init__(self, listen_host: str, names: Iterable[str]) -> None:
        own = {listen_host, "localhost", "127.0.0.1", "::1", *names}
        self._own = frozenset(name.lower() for name in own)

    def require(self, request: web.Request) -> None:
        """Raises Problem unless the Host header names this machine."""
        host = request.headers.get("Host")
        if host is None:
            raise Problem.about_request(400, "the Host header is missing")
        name = _without_port(host)
        if name not in self._own and name != _own_address(request):
            raise Problem.about_request(
                421, f"this is not {host[:80]!r}; use an address of this machine, or http.names"
            )


def require_same_site(request: web.Request) -> None:
    """Raises NotPermitted when a browser says that a page of somebody else sends the request.

    Programs say neither, and send no cookie by accident either.
    """
    if request.method in SAFE:
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site is not None and site not in _SAME:
        raise NotPermitted("a page of another site must not do this")
    if origin is not None and origin.partition("://")[2] != request.headers.get("Host"):
        raise NotPermitted(f"a page of {origin[:80]!r} must not do this")


def _without_port(host: str) -> str:
    name = host.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.partition(":")[0]


def _own_address(request: web.Request) -> str:
    """The address of this end of the connection; empty when it is gone."""
    address = request.get_extra_info("sockname")
    return str(address[0]).removeprefix("::ffff:") if address else ""
