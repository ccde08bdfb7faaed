# SPDX-License-Identifier: Apache-2.0
"""Takes a part of the history away, or tells first what would go."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import partial
from typing import Any

from aiohttp import web

from pdu_agent.core.costs.spans import day_of, midnight_s
from pdu_agent.core.costs.terms import CostTerms
from pdu_agent.model.commands import Controller
from pdu_agent.model.errors import InvalidValue, StoreError, Unavailable, UnknownTarget
from pdu_agent.model.history import History, Kept, Purge, Series
from pdu_agent.web.asking import Body, refuse_unknown
from pdu_agent.web.caller import caller_of
from pdu_agent.web.energy import history_of
from pdu_agent.web.plain import instant
from pdu_agent.web.services import Services

_KEYS = ("target", "quantity", "from", "to", "dry_run")


def add_routes(
    router: web.UrlDispatcher, api: str, controller: Controller, body: Body, services: Services
) -> None:
    router.add_post(f"{api}/history/purge", partial(_purge, controller, body, services))


async def _purge(
    controller: Controller, body: Body, services: Services, request: web.Request
) -> web.Response:
    caller = caller_of(request)
    caller.require_admin("taking history away")
    given = await body(request)
    refuse_unknown(given, _KEYS)
    dry_run = given.get("dry_run", True)
    if not isinstance(dry_run, bool):
        raise InvalidValue("dry_run: expected true or false")
    history = history_of(services)
    first, end = _days(given)
    try:
        wanted = await _wanted(history, services.costs(), given, first, end)
        gone = await history.purge(wanted, dry_run)
    except StoreError as error:
        raise Unavailable(f"nothing was taken away: {error}") from error
    if not dry_run:
        what = " ".join(str(given[key]) for key in ("target", "quantity") if given.get(key))
        asked = f"purge history {what or 'of all'} from {first} to {given['to']}"
        controller.note_change(f"{asked}: {gone.values} values", caller.actor)
    return web.json_response(
        {
            "dry_run": dry_run,
            "begins_at": instant(wanted.begin_wall_s),
            "ends_at": instant(wanted.end_wall_s),
            "values": gone.values,
            "energy_hours": gone.energy_rows,
        }
    )


def _days(given: Mapping[str, Any]) -> tuple[date, date]:
    """The first day, and the one after the last."""
    days = []
    for name in ("from", "to"):
        text = given.get(name)
        if not isinstance(text, str):
            raise InvalidValue(f"{name}: expected a day such as 2026-03-14")
        days.append(day_of(text, name))
    first, last = days
    if last < first:
        raise InvalidValue(f"to: {last} is before from, {first}")
    if last == date.max:
        raise InvalidValue(f"to: {last} is the last day of all")
    return first, last + timedelta(days=1)


def _chosen(given: Mapping[str, Any]) -> tuple[str, str]:
    """(target, quantity), "" where none was given. What is given but empty is refused: a script
    whose variable was not set would take away the values of all.
    """
    target, quantity = "", ""
    if "target" in given:
        target = given["target"]
        if not isinstance(target, str) or not target:
            raise InvalidValue("target: expected one such as outlet:3")
    if "quantity" in given:
        quantity = given["quantity"]
        known = [each.value for each in Kept]
        if quantity not in known:
            text = f"{str(quantity)[:30]!r}; expected one of {', '.join(known)}"
            raise InvalidValue(f"quantity: {text}")
    return target, quantity


async def _wanted(
    history: History, terms: CostTerms, given: Mapping[str, Any], first: date, end: date
) -> Purge:
    """With a quantity, its values alone; without one, all values and the energy of the target."""
    target, quantity = _chosen(given)
    span = midnight_s(first, terms.zone), midnight_s(end, terms.zone)
    if not target and not quantity:
        return Purge(*span, None, energy=True)
    series: list[Series] = [
        each
        for each in await history.series()
        if (not target or str(each.target) == target.replace(":", " "))
        and (not quantity or each.quantity.value == quantity)
    ]
    if not series:
        raise UnknownTarget(f"nothing is kept of {target[:30] or 'anything'} {quantity}".rstrip())
    return Purge(*span, series, energy=not quantity)
