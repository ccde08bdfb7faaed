# SPDX-License-Identifier: Apache-2.0
"""Which actions a page offers: those that the API would not refuse for the caller's rights."""

from __future__ import annotations

from aiohttp import web

from pdu_agent.access.needs import require
from pdu_agent.model.commands import Command
from pdu_agent.model.errors import NotPermitted
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.web.caller import caller_of


def is_offered(request: web.Request, snapshot: Snapshot, *commands: Command) -> bool:
    """Whether the caller's rights cover all of them; whether they make sense now is another
    question.
    """
    try:
        require(caller_of(request).grant, commands, snapshot)
    except NotPermitted:
        return False
    return True
