# SPDX-License-Identifier: Apache-2.0
"""The order in which outlets are shed, as one thing: read, tried, and changed all or not at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from aiohttp import web

from pdu_agent.model.commands import ConfigureOutlet, Controller, OutletSetting
from pdu_agent.model.errors import InvalidValue, UnknownTarget
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.web.asking import Body, refuse_unknown, submit
from pdu_agent.web.caller import seen
from pdu_agent.web.etags import answer, check_if_match, etag_of
from pdu_agent.web.plain import Plain

_PAIR = re.compile(r"([1-9][0-9]{0,3}):([0-9]{1,3})")
HIGHEST = 255


def add_routes(router: web.UrlDispatcher, api: str, controller: Controller, body: Body) -> None:
    """body: reads the JSON object of a request."""
    router.add_get(f"{api}/priorities", partial(_priorities, controller))
    router.add_patch(f"{api}/priorities", partial(_change, controller, body))


def priorities(snapshot: Snapshot) -> Plain:
    """Of the outlets that have a relay; the others are never shed."""
    return {
        "priorities": [
            {"outlet": row.index, "priority": row.priority}
            for row in snapshot.outlets
            if row.switched
        ]
    }


def with_priorities(snapshot: Snapshot, text: str) -> Snapshot:
    """As if these were set. text: as in "3:1,5:2", empty for none.

    Raises InvalidValue or UnknownTarget.
    """
    if not text:
        return snapshot
    wanted = {}
    for pair in text.split(","):
        match = _PAIR.fullmatch(pair)
        if match is None or int(match[2]) > HIGHEST:
            raise InvalidValue(f"priorities: {pair[:20]!r}; expected outlet:priority, such as 3:1")
        wanted[int(match[1])] = int(match[2])
    _refuse_strangers(snapshot, wanted)
    rows = tuple(
        replace(row, priority=wanted.get(row.index, row.priority)) for row in snapshot.outlets
    )
    return replace(snapshot, outlets=rows)


async def _priorities(controller: Controller, request: web.Request) -> web.Response:
    return answer(request, priorities(seen(controller, request)))


async def _change(controller: Controller, body: Body, request: web.Request) -> web.Response:
    given = await body(request)
    snapshot = seen(controller, request)
    check_if_match(request, etag_of(priorities(snapshot)))
    wanted = _wanted(given)
    _refuse_strangers(snapshot, wanted)
    commands = [
        ConfigureOutlet(outlet, OutletSetting.PRIORITY, value) for outlet, value in wanted.items()
    ]
    changed = await submit(controller, request, commands, f"priorities {wanted}"[:200])
    after = priorities(seen(controller, request))
    return web.json_response({"changed": changed, **after}, headers={"ETag": etag_of(after)})


def _wanted(given: Mapping[str, Any]) -> dict[int, int]:
    """By outlet. Raises InvalidValue."""
    refuse_unknown(given, ("priorities",))
    rows = given.get("priorities")
    if not isinstance(rows, list) or not rows:
        raise InvalidValue("priorities: expected a list of at least one outlet and its priority")
    wanted: dict[int, int] = {}
    for position, row in enumerate(rows):
        if not isinstance(row, dict):
            raise InvalidValue(f"priorities[{position}]: expected an object", position)
        refuse_unknown(row, ("outlet", "priority"), position)
        outlet, value = row.get("outlet"), row.get("priority")
        if type(outlet) is not int or type(value) is not int:
            raise InvalidValue(
                f"priorities[{position}]: expected outlet and priority, both whole numbers",
                position,
            )
        if outlet in wanted:
            raise InvalidValue(f"priorities[{position}]: outlet {outlet} is named twice", position)
        wanted[outlet] = value
    return wanted


def _refuse_strangers(snapshot: Snapshot, wanted: Mapping[int, int]) -> None:
    known = {row.index for row in snapshot.outlets if row.switched}
    for outlet in wanted:
        if outlet not in known:
            raise UnknownTarget(f"there is no outlet {outlet} with a relay")
