# SPDX-License-Identifier: Apache-2.0
"""Whether the audit log is whole, over the API: the same walk along its chain as the command's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from aiohttp import web

from pdu_agent.model.errors import NotPermitted, StoreError
from pdu_agent.store.audit_check import Verdict
from pdu_agent.web.asking import refuse_unknown
from pdu_agent.web.caller import caller_of
from pdu_agent.web.problems import Problem

CheckAudit = Callable[[], Verdict]
"""Reads all of the log: not for the loop. Raises StoreError."""

MOST_TOLD = 20


def add_routes(router: web.UrlDispatcher, api: str, check: CheckAudit) -> None:
    router.add_get(f"{api}/audit/check", partial(_check, check, asyncio.Lock()))


async def _check(check: CheckAudit, turn: asyncio.Lock, request: web.Request) -> web.Response:
    refuse_unknown(request.query, ())
    if not caller_of(request).grant.reads_everything:
        raise NotPermitted("the whole audit log is for who may read everything")
    try:
        async with turn:  # one at a time: it reads the card
            verdict = await asyncio.to_thread(check)
    except StoreError as error:
        raise Problem(503, "unavailable", str(error)) from error
    return web.json_response(
        {
            "whole": not verdict.problems,
            "first": verdict.first,
            "newest": verdict.newest.number,
            "problems": [
                {"number": each.number, "text": each.text} for each in verdict.problems[:MOST_TOLD]
            ],
        }
    )
