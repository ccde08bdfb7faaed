# SPDX-License-Identifier: Apache-2.0
"""The audit log over the API, newest first.

It tells of the unit, so that takes the right to read the unit; whoever may not read every outlet
is shown the entries that are about outlets that they may read, and no others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Any

from aiohttp import web

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.access.hidden_text import HiddenText
from pdu_agent.model.commands import Controller
from pdu_agent.model.errors import InvalidValue, NotPermitted, StoreError
from pdu_agent.store.audit_query import Wanted, outlets_of
from pdu_agent.web.asking import refuse_unknown
from pdu_agent.web.caller import caller_of
from pdu_agent.web.orders import outlet_number
from pdu_agent.web.paging import KEYS, Asked, Page, asked_of
from pdu_agent.web.plain import Plain, instant
from pdu_agent.web.problems import Problem

Row = Mapping[str, Any]
AskAudit = Callable[[Wanted, int | None], Iterator[Row]]
"""Entries that are wanted, with numbers below the second argument, the newest first. Reads files:
not for the loop. Raises StoreError."""

DEFAULT_LIMIT = 100
_DRAWN = ("current_before_a", "current_after_a", "power_before_w", "power_after_w")
_FILTERS = ("outlet", "user", "since", "until", "door")
_TEXTS = ("user", "address", "because", "asked", "result", "error")


def add_routes(router: web.UrlDispatcher, api: str, controller: Controller, ask: AskAudit) -> None:
    router.add_get(f"{api}/audit", partial(_audit, controller, ask, asyncio.Lock()))


async def _audit(
    controller: Controller, ask: AskAudit, turn: asyncio.Lock, request: web.Request
) -> web.Response:
    grant = caller_of(request).grant
    if not grant.allows(Rights.READ):
        raise NotPermitted("read is not granted on the unit")
    refuse_unknown(request.query, (*_FILTERS, *KEYS))
    wanted, asked = _wanted(request.query), asked_of(request.query, DEFAULT_LIMIT)
    try:
        async with turn:  # one at a time: it reads the card
            page = await asyncio.to_thread(_page, ask, wanted, asked, grant)
    except StoreError as error:
        raise Problem(503, "unavailable", str(error)) from error
    entries = [_entry(row) for row in page.rows]
    if not grant.reads_everything:
        hidden = HiddenText(controller.snapshot, grant)
        entries = [{**row, **{key: hidden.shown(row[key]) for key in _TEXTS}} for row in entries]
    return web.json_response({"entries": entries, "next": page.next})


def _page(ask: AskAudit, wanted: Wanted, asked: Asked, grant: Grant) -> Page[Row]:
    rows = (row for row in ask(wanted, asked.after) if _is_shown(row, grant))
    return asked.page(rows, lambda row: int(row["number"]))


def _is_shown(row: Row, grant: Grant) -> bool:
    if grant.reads_everything:
        return True
    outlets = outlets_of(row)
    return bool(outlets) and all(grant.allows(Rights.READ, number) for number in outlets)


def _wanted(query: Mapping[str, str]) -> Wanted:
    """Raises InvalidValue, or UnknownTarget for what cannot be an outlet."""
    return Wanted(
        outlet=outlet_number(query["outlet"]) if "outlet" in query else None,
        since_s=_instant("since", query),
        until_s=_instant("until", query),
        user=query.get("user"),
        door=query.get("door"),
    )


def _instant(key: str, query: Mapping[str, str]) -> float | None:
    text = query.get(key)
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise InvalidValue(
            f"{key}: {text[:40]!r}; expected an instant such as 2026-03-01T14:30:00Z"
        ) from None


def _entry(row: Row) -> Plain:
    """Also of a line that somebody else wrote, with whatever in it."""
    return {
        "number": row["number"],
        "time": instant(_number(row.get("time"))),
        "door": str(row.get("face", "")),
        "user": str(row.get("who", "")),
        "address": str(row.get("address", "")),
        "because": str(row.get("because", "")),
        "asked": str(row.get("asked", "")),
        "result": str(row.get("result", "")),
        "error": str(row.get("error", "")),
        "outlets": _outlets(row.get("outlets")),
        "proof": _proof(row.get("proof")),
        "missed": _number(row.get("missed", 0)) or 0,
    }


def _outlets(found: object) -> list[Plain]:
    rows = found.items() if isinstance(found, dict) else ()
    return [
        {"number": int(number), "before": str(row[0]), "after": str(row[1])}
        for number, row in islice(rows, 1000)
        if str(number).isdecimal() and isinstance(row, list) and len(row) == 2
    ]


def _proof(found: object) -> Plain | None:
    if not isinstance(found, dict):
        return None
    closed = found.get("relay_closed")
    return {
        "outlet": _number(found.get("outlet")),
        "ordered": str(found.get("ordered", "")),
        "verdict": str(found.get("verdict", "")),
        "relay_closed": closed if isinstance(closed, bool) else None,
        "moved_at": instant(_number(found.get("moved"))),
        "commanded_at": instant(_number(found.get("command"))),
        **{key: _number(found.get(key)) for key in _DRAWN},
    }


def _number(found: object) -> float | None:
    return found if isinstance(found, int | float) and not isinstance(found, bool) else None
