# SPDX-License-Identifier: Apache-2.0
"""What every resource that can be written does with what a client asks for."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

from aiohttp import web

from pdu_agent.access.hidden_text import NOT_SHOWN, HiddenText
from pdu_agent.access.needs import require
from pdu_agent.model.commands import Command, Controller, Ticket
from pdu_agent.model.errors import CommandError, InvalidValue, NotPermitted
from pdu_agent.web.caller import Caller, caller_of

log = logging.getLogger(__name__)

Body = Callable[[web.Request], Awaitable[dict[str, Any]]]
"""Reads the JSON object of a request."""


async def submit(
    controller: Controller, request: web.Request, commands: Sequence[Command], wanted: str
) -> bool:
    """Whether anything has changed. See `place`."""
    return place(controller, request, commands, wanted).changed


def place(
    controller: Controller, request: web.Request, commands: Sequence[Command], wanted: str
) -> Ticket:
    """All of it is accepted and recorded, or nothing: the receipt.

    wanted: for the log. Raises CommandError, with the position of the command that it is about.
    """
    caller = caller_of(request)
    try:
        _permit(controller, caller, commands, wanted)
        ticket = controller.submit_all(commands, caller.actor)
    except CommandError as error:
        log.info("%s: %s: refused, %s", caller.actor, wanted, error)
        raise _shown(controller, caller, error) from None
    result = "accepted" if ticket.changed else "nothing to do"
    log.info("%s: %s: %s", caller.actor, wanted, result)
    if caller.grant.reads_everything or not ticket.left:
        return ticket
    hidden = HiddenText(controller.snapshot, caller.grant)
    return replace(ticket, left={each: hidden.shown(text) for each, text in ticket.left.items()})


def _shown(controller: Controller, caller: Caller, error: CommandError) -> CommandError:
    """The same refusal, without what it tells of outlets that the caller may not read: what keeps
    an outlet as it is may name others.
    """
    if caller.grant.reads_everything:
        return error
    hidden = HiddenText(controller.snapshot, caller.grant)
    if not hidden.tells(str(error)):
        return error
    return type(error)(f"it is refused because of {NOT_SHOWN}", error.position)


def _permit(
    controller: Controller, caller: Caller, commands: Sequence[Command], wanted: str
) -> None:
    """Raises NotPermitted, and then the audit log has it: the core never hears of it."""
    try:
        require(caller.grant, commands, controller.snapshot)
    except NotPermitted as error:
        controller.note_refusal(wanted, caller.actor, str(error))
        raise


def refuse_unknown(given: Iterable[str], known: Collection[str], position: int = 0) -> None:
    """Raises InvalidValue, which names the first key that is not known and those that are."""
    unknown = sorted(set(given) - set(known))
    if unknown:
        expected = f"expected {', '.join(known)}" if known else "none is expected"
        raise InvalidValue(f"unknown key {unknown[0][:40]!r}: {expected}", position)
