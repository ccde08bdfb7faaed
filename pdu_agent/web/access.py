# SPDX-License-Identifier: Apache-2.0
"""Who may do what: everything on the Unix socket, reading only over TCP."""

from __future__ import annotations

import asyncio
import pwd
import socket
import struct
from typing import Protocol

from aiohttp import web

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.model.commands import Actor
from pdu_agent.model.errors import NotPermitted
from pdu_agent.web.caller import Caller
from pdu_agent.web.problems import Problem

READING = frozenset({"GET", "HEAD"})

_UCRED = struct.Struct("3i")  # struct ucred of unix(7): pid, uid, gid


class Access(Protocol):
    """The rights of one listening socket."""

    async def identify(self, request: web.Request, /) -> Caller:
        """Who sends it. Raises NotPermitted or Problem when it may not even be looked at."""
        ...


class LocalAccess:
    """The Unix socket: whoever may open it may do everything; the kernel says who it is."""

    async def identify(self, request: web.Request, /) -> Caller:
        peer: socket.socket | None = request.get_extra_info("socket")
        if peer is None:
            raise NotPermitted("the sender is gone")
        credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        pid, uid, _gid = _UCRED.unpack(credentials)
        # The user database may live in a directory service: never wait for it in the loop.
        name = _known_names.get(uid)
        if name is None:
            name = await asyncio.to_thread(_user_name, uid)
        actor = Actor("cli", name, f"pid {pid}")
        return Caller(actor, Grant.everywhere(Rights.WRITE), is_admin=True)


_known_names: dict[int, str] = {}
"""By uid: few, for whoever may open the socket."""


def _user_name(uid: int) -> str:
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = f"uid {uid}"
    return _known_names.setdefault(uid, name)


class ReadingAccess:
    """TCP: everybody reads, nobody writes.

    Only requests addressed to this machine by a name that is its own are answered: a web page
    elsewhere may otherwise point its own name at this address and read along (DNS rebinding).
    """

    def __init__(self, listen_host: str) -> None:
        self._own_names = frozenset({listen_host.lower(), "localhost", "127.0.0.1", "::1"})

    async def identify(self, request: web.Request, /) -> Caller:
        host = request.headers.get("Host")
        if host is None:
            raise Problem.about_request(400, "the Host header is missing")
        name = _without_port(host)
        if name not in self._own_names and name != _own_address(request):
            raise Problem.about_request(
                421, f"this is not {host[:80]!r}; use the address that the agent listens on"
            )
        if request.method not in READING:
            raise NotPermitted(
                "over TCP this agent can only be read; switch with the openpdu command on the"
                " machine itself, or through SNMP"
            )
        return Caller(Actor("http"), Grant.everywhere(Rights.READ))


def _without_port(host: str) -> str:
    name = host.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.partition(":")[0]


def _own_address(request: web.Request) -> str:
    """The address of this end of the connection; empty when it is gone."""
    address = request.get_extra_info("sockname")
    return str(address[0]).removeprefix("::ffff:") if address else ""
