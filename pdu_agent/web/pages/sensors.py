# SPDX-License-Identifier: Apache-2.0
"""Sensors of the surroundings: values, extremes, limits, and how old they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from aiohttp import web

from pdu_agent.model.commands import (
    ConfigureSensor,
    Limit,
    Reset,
    ResetMeter,
    SensorSetting,
    Target,
    TargetKind,
)
from pdu_agent.model.snapshot import Sensor, SensorKind, SensorStatus, Snapshot, Threshold
from pdu_agent.web.editable import EDITABLES
from pdu_agent.web.etags import etag_of
from pdu_agent.web.pages.offered import is_offered
from pdu_agent.web.pages.short import short
from pdu_agent.web.pages.site import Site, render

UNITS = {
    SensorKind.TEMPERATURE: "°C",
    SensorKind.HUMIDITY: "%",
    SensorKind.PRESSURE: "hPa",
}
CONTACTS = {
    SensorKind.CONTACT: ("open", "closed"),
    SensorKind.WATER: ("dry", "wet"),
}
STATUS_KINDS = {
    SensorStatus.OK: "ok",
    SensorStatus.STALE: "warning",
    SensorStatus.FAULT: "fault",
    SensorStatus.ABSENT: "off",
}
_SETTINGS = next(each for each in EDITABLES if each.path == "sensors/{n}").settings


@dataclass(frozen=True, slots=True)
class SensorCard:
    """word: of a contact, in place of a value. age_s: of the value. limits: in words."""

    sensor: Sensor
    unit: str
    word: str
    kind: str
    age_s: float | None
    limits: str
    etag: str
    may_rename: bool
    may_reset: bool


def add_routes(router: web.UrlDispatcher, site: Site) -> None:
    router.add_get("/sensors", partial(_sensors, site))


async def _sensors(site: Site, request: web.Request) -> web.Response:
    snapshot = site.seen(request)
    cards = [_card(request, snapshot, row) for row in snapshot.sensors]
    return render(request, "sensors.html", snapshot=snapshot, cards=cards)


def _card(request: web.Request, snapshot: Snapshot, row: Sensor) -> SensorCard:
    target = Target(TargetKind.SENSOR, row.index)
    words = CONTACTS.get(row.kind)
    age_s = None if row.sample_wall_s is None else max(0.0, snapshot.t_wall_s - row.sample_wall_s)
    watched = [each for each in snapshot.thresholds if each.target == target and each.enabled]
    return SensorCard(
        row,
        UNITS.get(row.kind, ""),
        words[bool(row.value)] if words and row.value is not None else "",
        STATUS_KINDS[row.status],
        age_s,
        "; ".join(limits_in_words(each) for each in watched),
        etag_of(_SETTINGS(row)),
        is_offered(request, snapshot, ConfigureSensor(row.index, SensorSetting.NAME, row.name)),
        is_offered(request, snapshot, ResetMeter(target, Reset.ALL)),
    )


def limits_in_words(row: Threshold) -> str:
    """Such as "high warning 35, high critical 45"."""
    given = (
        (Limit.LOW_CRITICAL, row.low_critical),
        (Limit.LOW_WARNING, row.low_warning),
        (Limit.HIGH_WARNING, row.high_warning),
        (Limit.HIGH_CRITICAL, row.high_critical),
    )
    return ", ".join(f"{limit.value} {short(at)}" for limit, at in given if limit in row.enabled)
