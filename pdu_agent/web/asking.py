# SPDX-License-Identifier: Apache-2.0
"""What every resource that can be written does with what a client asks for."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import Any

from aiohttp import web

from pdu_agent.model.commands import Command, Controller
from pdu_agent.model.errors import CommandError, InvalidValue
from pdu_agent.web.access import Access

log = logging.getLogger(__name__)

Body = Callable[[web.Request], Awaitable[dict[str, Any]]]
"""Reads the JSON object of a request."""


async def submit(
    controller: Controller,
    access: Access,
    request: web.Request,
    commands: Sequence[Command],
    wanted: str,
) -> bool:
    """Whether anything has changed. wanted: for the log. Raises CommandError."""
    actor = await access.actor(request)
    try:
        ticket = controller.submit_all(commands, actor)
    except CommandError as error:
        log.info("%s: %s: refused, %s", actor, wanted, error)
        raise
    log.info("%s: %s: %s", actor, wanted, "accepted" if ticket.changed else "nothing to do")
    return ticket.changed


def refuse_unknown(given: Iterable[str], known: Collection[str], position: int = 0) -> None:
    """Raises InvalidValue, which names the first key that is not known and those that are."""
    unknown = sorted(set(given) - set(known))
    if unknown:
        expected = f"expected {', '.join(known)}" if known else "none is expected"
        raise InvalidValue(f"unknown key {unknown[0][:40]!r}: {expected}", position)
