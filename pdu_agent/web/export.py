# SPDX-License-Identifier: Apache-2.0
"""The history as a file that other programs read: CSV, JSON lines or npz, sent while it is read.

However long the time is, only one slice of one series is in memory.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from pdu_agent.core.costs.spans import HOUR_S, Step, edges, midnight_s
from pdu_agent.core.costs.terms import CostTerms
from pdu_agent.model.commands import Controller, Target, TargetKind
from pdu_agent.model.errors import InvalidValue, StoreError
from pdu_agent.model.history import STEPS_S, History, Kept, Series
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.web.asking import refuse_unknown
from pdu_agent.web.caller import seen
from pdu_agent.web.cost_report import Span
from pdu_agent.web.energy import history_of, metered, span_of, told
from pdu_agent.web.export_formats import (
    ENERGY,
    FORMATS,
    SLICE,
    Label,
    Rows,
    Table,
    Writer,
    labels_of,
)
from pdu_agent.web.services import Services

log = logging.getLogger(__name__)

MOST_STEPS = 5_000_000
DEFAULT_STEP_S = 900
_KEYS = ("format", "what", "target", "quantity", "step_s", "month", "day", "from", "to")


def add_routes(
    router: web.UrlDispatcher, api: str, controller: Controller, services: Services
) -> None:
    router.add_get(f"{api}/export", told(partial(_export, controller, services)))


@dataclass(frozen=True, slots=True)
class _Asked:
    """times: of all steps, in seconds; the last one is the end."""

    format: str
    span: Span
    times: range
    labels: Sequence[Label]


async def _export(
    controller: Controller, services: Services, request: web.Request
) -> web.StreamResponse:
    query = request.query
    refuse_unknown(query, _KEYS)
    history, terms = history_of(services), services.costs()
    snapshot = seen(controller, request)
    is_energy = _choice(query, "what", ("curves", "energy")) == "energy"
    pick = _energy if is_energy else _curves
    asked = await pick(history, terms, snapshot, query)
    if len(asked.labels) * len(asked.times) > MOST_STEPS:
        raise InvalidValue(
            f"{len(asked.labels)} series of {len(asked.times)} steps; expected"
            f" {MOST_STEPS} in all: ask for less time, longer steps or fewer targets"
        )
    table = Table(asked.times, asked.labels, snapshot.device.time_zone, terms.zone)
    writer = FORMATS[asked.format](table)
    name = f"openpdu-{query.get('what', 'curves')}-{asked.span.first}.{asked.format}"
    response = web.StreamResponse(
        headers={
            "Content-Type": writer.content_type,
            "Content-Disposition": f'attachment; filename="{name}"',
        }
    )
    async with aclosing((_energy_slices if is_energy else _curve_slices)(history, asked)) as slices:
        await _send(request, response, writer, slices)
    return response


async def _send(
    request: web.Request,
    response: web.StreamResponse,
    writer: Writer,
    slices: AsyncIterator[tuple[Label, int, Rows]],
) -> None:
    """Raises StoreError before anything was sent. Later on the connection is cut: then whoever
    reads knows that the end is missing.

    Nothing is read ahead of a reader that is slow. One that leaves ends it.
    """
    ahead = await anext(slices, None)
    try:
        await response.prepare(request)
        await response.write(writer.begin())
        while ahead is not None:
            # 500 rows take some milliseconds on a small board: long for a loop that also switches.
            await response.write(await asyncio.to_thread(writer.rows, *ahead))
            ahead = await anext(slices, None)
        await response.write(writer.end())
        await response.write_eof()
    except StoreError as error:
        log.warning("an export breaks off: %s", error)
        if request.transport is not None:
            request.transport.abort()
    except ConnectionError:
        log.debug("who asked for an export has left before its end")


def _choice(query: Mapping[str, str], name: str, known: Sequence[str]) -> str:
    given = query.get(name, known[0])
    if given not in known:
        raise InvalidValue(f"{name}: {given[:20]!r}; expected one of {', '.join(known)}")
    return given


def _grid(span: Span, terms: CostTerms, step_s: int) -> range:
    """Steps begin at whole multiples in UTC; the first may begin before the first day does."""
    begin_s, end_s = (midnight_s(day, terms.zone) for day in (span.first, span.end))
    return range(begin_s // step_s * step_s, end_s, step_s)


async def _curves(
    history: History, terms: CostTerms, snapshot: Snapshot, query: Mapping[str, str]
) -> _Asked:
    text = query.get("step_s", str(DEFAULT_STEP_S))
    if text not in map(str, STEPS_S):
        raise InvalidValue(f"step_s: {text[:20]!r}; expected one of {', '.join(map(str, STEPS_S))}")
    span = span_of(query, terms, snapshot.t_wall_s)
    quantities = [each.value for each in Kept]
    wanted = _choice(query, "quantity", ["", *quantities])
    target = query.get("target", "").replace(":", " ")
    found = [
        series
        for series in await history.series()
        if is_shown(snapshot, series.target)
        and (not wanted or series.quantity.value == wanted)
        and (not target or str(series.target) == target)
    ]
    labels = labels_of(snapshot, [(each.target, each.quantity) for each in found])
    grid = _grid(span, terms, int(text))
    return _Asked(_choice(query, "format", tuple(FORMATS)), span, grid, labels)


def is_shown(snapshot: Snapshot, target: Target) -> bool:
    """Does the snapshot, which is what the caller sees, have it?"""
    rows: Mapping[TargetKind, Sequence[object]] = {
        TargetKind.INLET: snapshot.inlets,
        TargetKind.RESIDUAL: snapshot.inlets,
        TargetKind.LINE: snapshot.lines,
        TargetKind.BRANCH: snapshot.branches,
        TargetKind.OUTLET: snapshot.outlets,
        TargetKind.SENSOR: snapshot.sensors,
    }
    return any(getattr(row, "index", None) == target.index for row in rows.get(target.kind, ()))


async def _energy(
    _: History, terms: CostTerms, snapshot: Snapshot, query: Mapping[str, str]
) -> _Asked:
    for name in ("quantity", "step_s"):
        if name in query:
            raise InvalidValue(f"{name}: is of curves; energy is exported hour by hour")
    span = span_of(query, terms, snapshot.t_wall_s)
    if "target" in query:
        targets = metered(snapshot, query["target"])
    else:
        targets = [Target(TargetKind.INLET, row.index) for row in snapshot.inlets]
        targets += [
            Target(TargetKind.OUTLET, row.index)
            for row in snapshot.outlets
            if row.meter is not None
        ]
    bounds = edges(span.first, span.end, Step.HOUR, terms.zone)
    grid = range(bounds[0], bounds[-1], HOUR_S)
    labels = labels_of(snapshot, [(target, ENERGY) for target in targets])
    return _Asked(_choice(query, "format", tuple(FORMATS)), span, grid, labels)


async def _curve_slices(
    history: History, asked: _Asked
) -> AsyncGenerator[tuple[Label, int, Rows], None]:
    times = asked.times
    for label in asked.labels:
        assert isinstance(label.quantity, Kept)  # noqa: S101  of curves
        series = Series(label.target, label.quantity)
        for place in range(0, len(times), SLICE):
            part = times[place : place + SLICE]
            yield (
                label,
                place,
                await history.curve(series, part[0], part[-1] + times.step, step_s=times.step),
            )


async def _energy_slices(
    history: History, asked: _Asked
) -> AsyncGenerator[tuple[Label, int, Rows], None]:
    times = asked.times
    for label in asked.labels:
        for place in range(0, len(times), SLICE):
            part = times[place : place + SLICE]
            bounds = [*part, part[-1] + HOUR_S]
            yield label, place, await history.energy([label.target], bounds)
