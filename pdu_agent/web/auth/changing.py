# SPDX-License-Identifier: Apache-2.0
"""How accounts are changed: one change at a time, in a thread, and all of it in the audit log."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from aiohttp import web

from pdu_agent.access.accounts.role import Role, Scope
from pdu_agent.access.grant import Rights
from pdu_agent.model.commands import Controller
from pdu_agent.model.errors import CommandError, InvalidValue, NotPermitted
from pdu_agent.web.asking import Body
from pdu_agent.web.auth.auth import Auth
from pdu_agent.web.caller import Caller, caller_of

log = logging.getLogger(__name__)

_Done = TypeVar("_Done")
_Word = TypeVar("_Word", Role, Scope, Rights)
Judge = Callable[[Caller], None]
"""Raises NotPermitted."""


@dataclass(frozen=True, slots=True)
class Office:
    """Where accounts are changed. body: reads the JSON object of a request."""

    auth: Auth
    controller: Controller
    body: Body

    def admit(self, request: web.Request, asked: str, judge: Judge) -> Caller:
        """The caller, if they may do such a thing at all. Raises NotPermitted."""
        caller = caller_of(request)
        try:
            judge(caller)
        except NotPermitted as error:
            self._refused(caller, asked, error)
            raise
        return caller

    async def change(
        self, request: web.Request, asked: str, judge: Judge, work: Callable[[], _Done]
    ) -> _Done:
        """What `work` returns. asked: for the logs, without a secret. Raises CommandError;
        then nothing has changed.
        """
        caller = caller_of(request)

        def judged() -> _Done:
            # Asked here, when its turn has come: rights may have been taken while it waited.
            judge(caller)
            if not caller.is_valid():
                raise NotPermitted("the log-in or the token has ended")
            return work()

        try:
            done = await self.auth.turns.take(judged)
        except CommandError as error:
            self._refused(caller, asked, error)
            raise
        log.info("%s: %s", caller.actor, asked)
        self.controller.note_change(asked, caller.actor)
        return done

    def _refused(self, caller: Caller, asked: str, error: CommandError) -> None:
        log.info("%s: %s: refused, %s", caller.actor, asked, error)
        self.controller.note_refusal(asked, caller.actor, str(error))


def administrators(what: str) -> Judge:
    """A judge that lets only them."""
    return lambda caller: caller.require_admin(what)


def word_of(kind: type[_Word], given: object, key: str) -> _Word:
    """Raises InvalidValue."""
    for member in kind:
        if member.value == given:
            return member
    expected = ", ".join(str(member.value) for member in kind)
    raise InvalidValue(f"{key}: expected one of {expected}")


def outlets_of(given: Mapping[str, Any]) -> dict[str, Rights]:
    """`outlets`: {"4-6": "switch", "others": "none"}. Raises InvalidValue."""
    outlets = given.get("outlets", {})
    if not isinstance(outlets, dict):
        raise InvalidValue('outlets: expected an object such as {"4-6": "switch"}')
    return {span: word_of(Rights, word, f"outlets {span[:20]}") for span, word in outlets.items()}


def told(outlets: Mapping[str, Rights] | None) -> str:
    """For the logs; None where they stay as they are."""
    if not outlets:
        return "" if outlets is None else " everywhere"
    return ", " + ", ".join(f"{rights.value} on {span}" for span, rights in outlets.items())
