# SPDX-License-Identifier: Apache-2.0
"""Who may do what: everything on the Unix socket; for TCP see the package auth."""

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

_UCRED = struct.Struct("3i")  # struct ucred of unix(7): pid, uid, gid


class Access(Protocol):
    """The rights of one listening socket."""

    async def identify(self, request: web.Request, /) -> Caller:
        """Who sends it. Raises NotPermitted, Problem or HTTPSeeOther when it may not even be looked
        at.
        """
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
