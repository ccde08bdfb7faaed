# SPDX-License-Identifier: Apache-2.0
"""Who sends a request, what they may do, and what of the unit they see.

Every handler takes the snapshot from `seen`, and submits through `asking.submit`: then nobody
reads or switches more than they may.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from pdu_agent.access.accounts.token import Token
from pdu_agent.access.grant import Grant
from pdu_agent.access.visible import visible
from pdu_agent.model.commands import Actor, Controller
from pdu_agent.model.errors import NotPermitted
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.web.auth.sessions import Session


@dataclass(frozen=True, slots=True)
class Caller:
    """grant: on the unit and its outlets. is_admin: may also change users, tokens and the
    configuration, and take data away. user: the account that acts; "" where it is none. session,
    token: by which they were let in. is_valid: asked again and again by whoever answers for long:
    it is False once the session has ended, or the token or the account is not what it was.
    """

    actor: Actor
    grant: Grant
    is_admin: bool = False
    user: str = ""
    session: Session | None = None
    token: Token | None = None
    is_valid: Callable[[], bool] = lambda: True

    def seen(self, snapshot: Snapshot) -> Snapshot:
        return visible(snapshot, self.grant)

    def require_admin(self, what: str) -> None:
        """Raises NotPermitted. what: that is refused, as in "changing users"."""
        if not self.is_admin:
            raise NotPermitted(f"{what} is for administrators")


_CALLER = web.RequestKey("caller", Caller)


def set_caller(request: web.Request, caller: Caller) -> None:
    """Once, before any handler sees the request."""
    request[_CALLER] = caller


def caller_of(request: web.Request) -> Caller:
    return request[_CALLER]


def seen(controller: Controller, request: web.Request) -> Snapshot:
    """What the caller is shown of the unit as it is now."""
    return caller_of(request).seen(controller.snapshot)
