# SPDX-License-Identifier: Apache-2.0
"""Curves of the past over the API: which there are, their values, their peaks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from aiohttp import web

from pdu_agent.model.commands import Controller, Target, TargetKind
from pdu_agent.model.errors import InvalidValue, NotPermitted, UnknownTarget
from pdu_agent.model.history import Curve, HistorySize, Kept, LevelSize, Peak, Series
from pdu_agent.model.snapshot import Branch, Inlet, Line, Outlet, Sensor, Snapshot
from pdu_agent.web.asking import refuse_unknown
from pdu_agent.web.caller import seen
from pdu_agent.web.energy import history_of, told
from pdu_agent.web.plain import Plain, instant
from pdu_agent.web.services import Services

_Row = Inlet | Line | Branch | Outlet | Sensor

POINTS = range(10, 2001)
DEFAULT_POINTS = 600
DEFAULT_SPAN_S = 86_400
_BACK = re.compile(r"-([1-9][0-9]{0,8})([smhdw])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_TARGET = re.compile(r"(outlet|inlet|line|branch|sensor|residual):([1-9][0-9]{0,3})", re.ASCII)
_RESERVED = ("target", "quantity", "from", "to")


def add_routes(
    router: web.UrlDispatcher, api: str, controller: Controller, services: Services
) -> None:
    for path, handler in (
        ("history", _curve),
        ("history/series", _series),
        ("history/size", _size),
        ("peaks", _peaks),
    ):
        router.add_get(f"{api}/{path}", told(partial(handler, controller, services)))


async def _curve(
    controller: Controller, services: Services, request: web.Request
) -> web.StreamResponse:
    snapshot = seen(controller, request)
    refuse_unknown(request.query, (*_RESERVED, "points"))
    series = series_asked(snapshot, request.query)
    begin_s, end_s = _span(request.query, snapshot.t_wall_s)
    points = _points(request.query.get("points", str(DEFAULT_POINTS)))
    return web.json_response(
        _plain_curve(await history_of(services).curve(series, begin_s, end_s, points))
    )


async def _series(
    controller: Controller, services: Services, request: web.Request
) -> web.StreamResponse:
    refuse_unknown(request.query, ())
    snapshot = seen(controller, request)
    there = _targets(snapshot)
    rows = [row for row in await history_of(services).series() if row.target in there]
    return web.json_response(
        {"time": instant(snapshot.t_wall_s), "series": [_plain_series(row) for row in rows]}
    )


async def _peaks(
    controller: Controller, services: Services, request: web.Request
) -> web.StreamResponse:
    snapshot = seen(controller, request)
    refuse_unknown(request.query, _RESERVED)
    series = series_asked(snapshot, request.query)
    begin_s, end_s = _span(request.query, snapshot.t_wall_s, 30 * DEFAULT_SPAN_S)
    rows = await history_of(services).peaks(series, begin_s, end_s)
    highest = max(rows, key=lambda row: row.maximum, default=None)
    return web.json_response(
        {
            **_plain_series(series),
            "highest": _plain_peak(highest) if highest else None,
            "days": [_plain_peak(row) for row in rows],
        }
    )


async def _size(
    controller: Controller, services: Services, request: web.Request
) -> web.StreamResponse:
    refuse_unknown(request.query, ())
    if not seen(controller, request).inlets:
        raise NotPermitted("the size of the history is for those who may read the unit")
    return web.json_response(_plain_size(await history_of(services).size()))


# -- what is asked --------------------------------------------------------------------------


def target_of(text: str) -> Target:
    """outlet:3. Raises InvalidValue."""
    found = _TARGET.fullmatch(text)
    if found is None:
        raise InvalidValue(
            f"target: {text[:40]!r} is none; expected outlet:N, inlet:N, line:N, branch:N,"
            " sensor:N or residual:N"
        )
    return Target(TargetKind(found[1]), int(found[2]))


def series_asked(snapshot: Snapshot, query: Mapping[str, str]) -> Series:
    """Raises InvalidValue; UnknownTarget also for what the caller may not see."""
    for name in ("target", "quantity"):
        if name not in query:
            raise InvalidValue(f"{name} is missing")
    target = target_of(query["target"])
    if target not in _targets(snapshot):
        raise UnknownTarget(f"there is no {target}")
    try:
        return Series(target, Kept(query["quantity"]))
    except ValueError:
        expected = ", ".join(quantity.value for quantity in Kept)
        raise InvalidValue(
            f"quantity: {query['quantity'][:40]!r} is none; expected one of {expected}"
        ) from None


def _targets(snapshot: Snapshot) -> set[Target]:
    kinds: dict[TargetKind, Sequence[_Row]] = {
        TargetKind.INLET: snapshot.inlets,
        TargetKind.RESIDUAL: snapshot.inlets,
        TargetKind.LINE: snapshot.lines,
        TargetKind.BRANCH: snapshot.branches,
        TargetKind.OUTLET: snapshot.outlets,
        TargetKind.SENSOR: snapshot.sensors,
    }
    return {Target(kind, row.index) for kind, rows in kinds.items() for row in rows}


def _span(
    query: Mapping[str, str], now_s: float, default_s: int = DEFAULT_SPAN_S
) -> tuple[float, float]:
    """Begin and end in wall seconds; nothing is known beyond now. Raises InvalidValue."""
    end_s = min(time_of("to", query["to"], now_s), now_s) if "to" in query else now_s
    begin_s = time_of("from", query["from"], now_s) if "from" in query else end_s - default_s
    if not begin_s < end_s:
        raise InvalidValue("from: is not before `to`, or not before now")
    return begin_s, end_s


def time_of(name: str, text: str, now_s: float) -> float:
    """`now`, -24h (s, m, h, d, w), or an instant as RFC 3339 has it. Raises InvalidValue."""
    if text == "now":
        return now_s
    back = _BACK.fullmatch(text)
    try:
        if back is not None:
            wall_s = now_s - int(back[1]) * _SECONDS[back[2]]
        else:
            # A plus sign that was not escaped arrives as a space.
            moment = datetime.fromisoformat(text.replace(" ", "+"))
            if moment.tzinfo is None:
                raise ValueError
            wall_s = moment.timestamp()
    except (ValueError, OverflowError):
        wall_s = -1.0
    if wall_s < 0:
        raise InvalidValue(
            f"{name}: {text[:40]!r} is no time; expected -24h, or 2026-03-01T00:00:00Z"
        )
    return wall_s


def _points(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) in POINTS):
        raise InvalidValue(
            f"points: {text[:20]!r}: expected a whole number from {POINTS[0]} to {POINTS[-1]}"
        )
    return int(text)


# -- what is answered -------------------------------------------------------------------------


def _plain_series(series: Series) -> Plain:
    target = series.target
    return {
        "target": f"{target.kind.value}:{target.index}",
        "quantity": series.quantity.value,
        "unit": series.quantity.unit,
    }


def _plain_curve(curve: Curve) -> Plain:
    return {
        **_plain_series(curve.series),
        "start": instant(curve.start_wall_s),
        "step_s": curve.step_s,
        "level_s": curve.level_s,
        "minimum": curve.minimum,
        "average": curve.average,
        "maximum": curve.maximum,
        "last": curve.last,
        "coverage": curve.coverage,
    }


def _plain_peak(peak: Peak) -> Plain:
    return {
        "day": instant(peak.day_wall_s),
        "maximum": round(peak.maximum, 4),
        "at": instant(peak.at_wall_s),
    }


def _plain_size(size: HistorySize) -> Plain:
    return {
        "card_bytes": size.card_bytes,
        "max_card_bytes": size.max_card_bytes,
        "runtime_bytes": size.runtime_bytes,
        "memory_bytes": size.memory_bytes,
        "energy_rows": size.energy_rows,
        "trouble": size.trouble,
        "levels": [_plain_level(level) for level in size.levels],
    }


def _plain_level(level: LevelSize) -> Plain:
    return {
        "step_s": level.step_s,
        "size_bytes": level.size_bytes,
        "oldest": instant(level.oldest_wall_s),
        "newest": instant(level.newest_wall_s),
        "retention_s": level.retention_s,
    }
