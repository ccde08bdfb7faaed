# SPDX-License-Identifier: Apache-2.0
"""Limits that are watched: how they stand, how to change them, and where the last day was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from aiohttp import web

from pdu_agent.model.commands import Limit, Quantity, SetLimit, Target, TargetKind
from pdu_agent.model.history import Kept
from pdu_agent.model.snapshot import Snapshot, Threshold, ThresholdState
from pdu_agent.web.editable import EDITABLES, quantity_word
from pdu_agent.web.etags import etag_of
from pdu_agent.web.pages.offered import is_offered
from pdu_agent.web.pages.short import short
from pdu_agent.web.pages.site import Site, render

UNITS = {
    Quantity.VOLTAGE: "V",
    Quantity.CURRENT: "A",
    Quantity.ACTIVE_POWER: "W",
    Quantity.APPARENT_POWER: "VA",
    Quantity.POWER_FACTOR: "",
    Quantity.FREQUENCY: "Hz",
    Quantity.ENERGY: "Wh",
    Quantity.TEMPERATURE: "°C",
    Quantity.HUMIDITY: "%",
    Quantity.RESIDUAL_CURRENT: "A",
    Quantity.IMBALANCE: "%",
    Quantity.DEMAND: "W",
    Quantity.PRESSURE: "hPa",
}
KINDS = {
    ThresholdState.NORMAL: "ok",
    ThresholdState.UNKNOWN: "off",
    ThresholdState.LOW_WARNING: "warning",
    ThresholdState.HIGH_WARNING: "warning",
    ThresholdState.LOW_CRITICAL: "fault",
    ThresholdState.HIGH_CRITICAL: "fault",
}
_RECORDED = {
    Quantity.VOLTAGE: Kept.VOLTAGE,
    Quantity.CURRENT: Kept.CURRENT,
    Quantity.ACTIVE_POWER: Kept.ACTIVE_POWER,
    Quantity.POWER_FACTOR: Kept.POWER_FACTOR,
    Quantity.FREQUENCY: Kept.FREQUENCY,
    Quantity.TEMPERATURE: Kept.TEMPERATURE,
    Quantity.HUMIDITY: Kept.HUMIDITY,
    Quantity.PRESSURE: Kept.PRESSURE,
}
"""Of the other quantities no curve is kept."""
_SETTINGS = next(each for each in EDITABLES if each.path.startswith("thresholds/")).settings
_LIVE = {
    TargetKind.OUTLET: (Kept.CURRENT, Kept.ACTIVE_POWER, Kept.POWER_FACTOR),
    TargetKind.INLET: (
        *(Kept.VOLTAGE, Kept.CURRENT, Kept.ACTIVE_POWER),
        *(Kept.POWER_FACTOR, Kept.FREQUENCY),
    ),
}
"""Of which the stream tells by the same name."""


class _Named(Protocol):
    @property
    def index(self) -> int: ...

    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class ThresholdCard:
    """key: its address as an element. limits: those that are watched, as charts.js draws them.
    recorded: as the history names it, empty where none is kept. live: of the stream, or empty.
    """

    row: Threshold
    key: str
    name: str
    unit: str
    kind: str
    path: str
    etag: str
    settings: Mapping[str, float | None]
    limits: list[dict[str, object]]
    recorded: str
    live: str
    may_edit: bool


def add_routes(router: web.UrlDispatcher, site: Site) -> None:
    router.add_get("/thresholds", partial(_thresholds, site))


async def _thresholds(site: Site, request: web.Request) -> web.Response:
    snapshot = site.seen(request)
    cards = [_card(request, snapshot, row) for row in snapshot.thresholds if row.enabled]
    chosen = request.query.get("of", "")
    resting = [_card(request, snapshot, row) for row in snapshot.thresholds if not row.enabled]
    opened = next((each for each in (*cards, *resting) if each.key == chosen), None)
    return render(
        request,
        "thresholds.html",
        snapshot=snapshot,
        cards=cards,
        resting=[each for each in resting if each.may_edit],
        opened=opened,
        short=short,
    )


def _card(request: web.Request, snapshot: Snapshot, row: Threshold) -> ThresholdCard:
    target, word = row.target, quantity_word(row.quantity)
    settings = _SETTINGS(row)
    recorded = _RECORDED.get(row.quantity)
    is_live = recorded in _LIVE.get(target.kind, ())
    return ThresholdCard(
        row,
        f"{target.kind.value}-{target.index}-{word}",
        _name(snapshot, target),
        UNITS[row.quantity],
        KINDS[row.state],
        f"/api/v1/thresholds/{target.kind.value}/{target.index}/{word}",
        etag_of(settings),
        settings,
        [
            {"label": limit.value, "value": at, "critical": "critical" in limit.value}
            for limit in Limit
            if (at := settings[limit.name.lower()]) is not None
        ],
        recorded.value if recorded else "",
        f"{target.kind.value}:{target.index}:{recorded.value}" if recorded and is_live else "",
        is_offered(request, snapshot, SetLimit(target, row.quantity, Limit.HIGH_WARNING, None)),
    )


def _name(snapshot: Snapshot, target: Target) -> str:
    """What people called it; empty where it has no name of its own."""
    tables: Mapping[TargetKind, Sequence[_Named]] = {
        TargetKind.OUTLET: snapshot.outlets,
        TargetKind.INLET: snapshot.inlets,
        TargetKind.LINE: snapshot.lines,
        TargetKind.BRANCH: snapshot.branches,
        TargetKind.SENSOR: snapshot.sensors,
        TargetKind.GROUP: snapshot.groups,
    }
    rows = tables.get(target.kind, ())
    return next((row.name for row in rows if row.index == target.index), "")
