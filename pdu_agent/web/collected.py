# SPDX-License-Identifier: Apache-2.0
"""Whole collections over the API, encoded once for all who are shown the same.

Many programs ask for all outlets again and again. A body is kept as long as nothing has changed,
and the text of an outlet as long as the outlet is the same: a meter's window changes a few. While
they ask often, both are made between the questions, so that none of them waits for it.
"""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from operator import attrgetter
from typing import Any

from aiohttp import web

from pdu_agent.access.grant import Grant
from pdu_agent.access.visible import Sight, sight_of, visible
from pdu_agent.model.commands import Controller
from pdu_agent.model.snapshot import Meter, Outlet, Snapshot
from pdu_agent.web import outages, resources, rules, upses
from pdu_agent.web.caller import caller_of
from pdu_agent.web.measured import momentary, registers
from pdu_agent.web.packing import takes_gzip
from pdu_agent.web.plain import Plain, number
from pdu_agent.web.stream.rows import readings

MAX_KEPT = 8
"""Bodies; that of 64 outlets has 0.1 MB."""
READY_EVERY_S = 0.08
"""Before a snapshot has to be made while somebody waits; see READING_LAG_S of the runtime."""
OFTEN = 3
"""Questions in that time: for fewer it is less work to wait for them."""
AT_ONCE = 8
"""Outlets, in half a millisecond."""
PACKED_FROM = 2048
"""Octets. Below, packing saves less than a segment on the wire."""
PACK_LEVEL = 1
"""A tenth of the size in 0.6 ms; the best level takes four times as long for a fifth less."""

COLLECTIONS: Mapping[str, Callable[[Snapshot], Plain]] = {
    "status": resources.all_but_outlets,
    "device": resources.device,
    "inlets": resources.inlets,
    "lines": resources.lines,
    "branches": resources.branches,
    "outlets": resources.moment,
    "fans": resources.fans,
    "sensors": resources.sensors,
    "groups": resources.groups,
    "thresholds": resources.thresholds,
    "rules": rules.rules,
    "upses": upses.upses,
    "outages": outages.outages,
    "health": resources.health,
    "energy": resources.energy,
    "readings": readings,
}
"""Last part of the path -> what is made of the snapshot."""
WITH_OUTLETS = frozenset({"status", "outlets"})
"""Those that have every outlet besides."""

_encode = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


_lasting = attrgetter(
    "wear.worn_percent",
    *(each.name for each in fields(Outlet) if each.name not in ("meter", "wear")),
)
_MOMENTARY = {"electrical", "status", "sample_wall_s", "rated_current_a", "demand", "spectrum"}
_registers = attrgetter(*(each.name for each in fields(Meter) if each.name not in _MOMENTARY))


@dataclass(frozen=True, slots=True)
class _MeterText:
    """A meter as it was encoded last. tail: the text of its registers, as long as `parts` are the
    same.
    """

    meter: Meter
    parts: tuple[Any, ...]
    tail: str
    text: str


@dataclass(frozen=True, slots=True)
class _Row:
    """An outlet as it was encoded last. head: the text of all that lasts, as long as `parts` are
    the same. Else only its meter changes with each window, and the hours with each second.
    """

    outlet: Outlet
    parts: tuple[Any, ...]
    head: str
    hours: str
    meter: _MeterText | None
    text: str


@dataclass(slots=True)
class Body:
    """snapshot: that it is of. text: JSON. packed: by gzip, once somebody has asked for it so."""

    snapshot: Snapshot
    text: bytes
    packed: bytes | None = None

    def pack(self) -> bytes:
        if self.packed is None:
            self.packed = gzip.compress(self.text, PACK_LEVEL, mtime=0)
        return self.packed


class Bodies:
    """Those that were asked for last."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, Sight], Body] = {}
        self._rows: dict[int, _Row] = {}
        self._asked = 0

    def of(self, name: str, snapshot: Snapshot, grant: Grant) -> Body:
        """Of a collection, as somebody with that grant is shown it."""
        self._asked += name in WITH_OUTLETS
        key = name, sight_of(grant)
        kept = self._kept.get(key)
        if kept is None or kept.snapshot is not snapshot:
            self._kept.pop(key, None)
            if len(self._kept) >= MAX_KEPT:
                del self._kept[next(iter(self._kept))]  # asked for longest ago
            text = self._encoded(name, visible(snapshot, grant))
            kept = self._kept[key] = Body(snapshot, text.encode())
        return kept

    async def make_ready(self, controller: Controller) -> bool:
        """What whoever is shown everything asks for next, a little at a time: others have their
        turn between. False, and nothing made, where outlets were not asked for often since the
        last time.
        """
        asked, self._asked = self._asked, 0
        if asked < OFTEN:
            return False
        outlets = controller.renewed().outlets
        for first in range(0, len(outlets), AT_ONCE):
            await asyncio.sleep(0)
            for outlet in outlets[first : first + AT_ONCE]:
                self._row(outlet)
        return True

    def _encoded(self, name: str, snapshot: Snapshot) -> str:
        text = _encode(COLLECTIONS[name](snapshot))
        if name not in WITH_OUTLETS:
            return text
        return f'{text[:-1]},"outlets":[{",".join(map(self._row, snapshot.outlets))}]}}'

    def _row(self, outlet: Outlet) -> str:
        kept = self._rows.get(outlet.index)
        if kept is not None and kept.outlet is outlet:
            return kept.text
        kept = self._rows[outlet.index] = _encoded_row(outlet, kept)
        return kept.text


def _encoded_row(outlet: Outlet, before: _Row | None) -> _Row:
    parts = _lasting(outlet)
    if before is not None and before.parts == parts:
        head = before.head
    else:
        head = _encode(resources.lasting(outlet))[:-1]
    meter = None
    if outlet.meter is not None:
        meter = _encoded_meter(outlet.meter, before.meter if before is not None else None)
    if before is not None and before.outlet.wear is outlet.wear:
        hours = before.hours
    else:
        hours = _encode(number(outlet.wear.on_s))
    measured = meter.text if meter is not None else "null"
    return _Row(outlet, parts, head, hours, meter, f'{head},"on_s":{hours},"meter":{measured}}}')


def _encoded_meter(meter: Meter, before: _MeterText | None) -> _MeterText:
    if before is not None and before.meter is meter:
        return before
    parts = _registers(meter)
    if before is not None and before.parts == parts:
        tail = before.tail
    else:
        tail = _encode(registers(meter))[1:]
    return _MeterText(meter, parts, tail, f"{_encode(momentary(meter))[:-1]},{tail}")


def add_collections(router: web.UrlDispatcher, api: str, controller: Controller) -> None:
    readiness = _Readiness(Bodies(), controller)
    for name in COLLECTIONS:
        router.add_get(f"{api}/{name}", partial(_answer, controller, readiness, name))


class _Readiness:
    """Keeps bodies ready from a question on, as long as others follow it closely."""

    def __init__(self, bodies: Bodies, controller: Controller) -> None:
        self.bodies = bodies
        self._controller = controller
        self._task: asyncio.Task[None] | None = None

    def asked(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._go_on(), name="bodies")

    async def _go_on(self) -> None:
        is_wanted = True
        while is_wanted:
            await asyncio.sleep(READY_EVERY_S)
            is_wanted = await self.bodies.make_ready(self._controller)


async def _answer(
    controller: Controller, readiness: _Readiness, name: str, request: web.Request
) -> web.Response:
    if name in WITH_OUTLETS:
        readiness.asked()
    body = readiness.bodies.of(name, controller.snapshot, caller_of(request).grant)
    if len(body.text) < PACKED_FROM:
        return web.Response(body=body.text, content_type="application/json", charset="utf-8")
    headers = {"Content-Type": "application/json; charset=utf-8", "Vary": "Accept-Encoding"}
    if takes_gzip(request):
        headers["Content-Encoding"] = "gzip"
        return web.Response(body=body.pack(), headers=headers)
    return web.Response(body=body.text, headers=headers)
