# SPDX-License-Identifier: Apache-2.0
"""OPENPDU-MIB opduOutletControlTable: what may happen to outlets by itself, and did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from pdu_agent.mib_impl.openpdu.metering import UNSIGNED_MILLI
from pdu_agent.mib_impl.openpdu.words import TRIP_STATE
from pdu_agent.mib_impl.schema import ObjectType, Table, or_never
from pdu_agent.mib_impl.syntax import DateAndTime, Enumerated, Special, Unsigned32, Utf8
from pdu_agent.model.commands import (
    Action,
    ConfigureOutlet,
    Hold,
    OutletSetting,
    ResetTrip,
    ResetWear,
)
from pdu_agent.model.control import NextChange
from pdu_agent.model.snapshot import Outlet

T = TypeVar("T")

HOLD = Enumerated((1, "on", True), (2, "off", False), (3, "none", Special.NONE))

NEXT_ACTION = Enumerated(
    (1, "on", Action.ON),
    (2, "off", Action.OFF),
    (3, "reboot", Action.REBOOT),
    (4, "delayedOn", Action.ON_DELAYED),
    (5, "delayedOff", Action.OFF_DELAYED),
    (6, "delayedReboot", Action.REBOOT_DELAYED),
    (7, "cancel", Action.CANCEL),
    (8, "none", Special.NONE),
    (9, "toggle", Action.TOGGLE),
    (10, "pulse", Action.PULSE),
)

RESET = Enumerated((1, "reset", True), (2, "none", Special.NONE))


def _hold(value: Callable[[Hold], T], otherwise: T) -> Callable[[Outlet], T]:
    """Of the strongest wish that stands, `otherwise` where there is none."""
    return lambda outlet: value(outlet.holds[0]) if outlet.holds else otherwise


def _next(value: Callable[[NextChange], T], otherwise: T) -> Callable[[Outlet], T]:
    return lambda outlet: value(outlet.next_change) if outlet.next_change else otherwise


def _hook(number: int, name: str, setting: OutletSetting) -> ObjectType[Outlet]:
    """Whether there is a hook of that name is for the core to judge."""
    return ObjectType(
        number,
        name,
        Utf8(0, 32),
        lambda outlet: getattr(outlet.hooks, setting.value),
        to_command=lambda outlet, hook: ConfigureOutlet(outlet.index, setting, hook),
    )


def _words(number: int, name: str, get: Callable[[Outlet], Any]) -> ObjectType[Outlet]:
    return ObjectType(number, name, Utf8(), get)


def _time(number: int, name: str, get: Callable[[Outlet], float | None]) -> ObjectType[Outlet]:
    return ObjectType(number, name, DateAndTime(), lambda outlet: or_never(get(outlet)))


CONTROL: Table[Outlet] = Table(
    suffix=(3, 3),
    name="opduOutletControlTable",
    index=("opduOutletIndex",),
    rows=lambda snapshot: (((outlet.index,), outlet) for outlet in snapshot.outlets),
    outlet=lambda outlet: outlet.index,
    objects=(
        _hook(1, "opduOutletBeforeOn", OutletSetting.BEFORE_ON),
        _hook(2, "opduOutletAfterOn", OutletSetting.AFTER_ON),
        _hook(3, "opduOutletBeforeOff", OutletSetting.BEFORE_OFF),
        _hook(4, "opduOutletAfterOff", OutletSetting.AFTER_OFF),
        ObjectType(5, "opduOutletHold", HOLD, _hold(lambda hold: hold.wants_on, Special.NONE)),
        _words(6, "opduOutletHoldSource", _hold(lambda hold: hold.source, "")),
        _words(7, "opduOutletHoldText", _hold(lambda hold: hold.text, "")),
        _words(8, "opduOutletHoldEnds", _hold(lambda hold: hold.ends, "")),
        _time(9, "opduOutletHoldSince", _hold(lambda hold: hold.since_wall_s, None)),
        ObjectType(
            10,
            "opduOutletNextAction",
            NEXT_ACTION,
            _next(lambda coming: coming.action, Special.NONE),
        ),
        _time(11, "opduOutletNextTime", _next(lambda coming: coming.wall_s, None)),
        _words(12, "opduOutletNextText", _next(lambda coming: coming.text, "")),
        _words(13, "opduOutletStopping", lambda outlet: outlet.stopping),
        ObjectType(14, "opduOutletTrip", TRIP_STATE, lambda outlet: outlet.trip.state),
        ObjectType(15, "opduOutletTripRetries", Unsigned32(), lambda outlet: outlet.trip.retries),
        ObjectType(
            16,
            "opduOutletTripCurrent",
            UNSIGNED_MILLI,
            lambda outlet: outlet.trip.current_a,
            units="milliamperes",
        ),
        _time(17, "opduOutletTripTime", lambda outlet: outlet.trip.wall_s),
        ObjectType(
            18,
            "opduOutletTripReset",
            RESET,
            lambda _: Special.NONE,
            to_command=lambda outlet, _: ResetTrip(outlet.index),
        ),
        ObjectType(
            19,
            "opduOutletWear",
            Unsigned32(scale=10),
            lambda outlet: outlet.wear.worn_percent,
            units="tenths of a percent",
        ),
        ObjectType(
            20,
            "opduOutletOnTime",
            Unsigned32(),
            lambda outlet: int(outlet.wear.on_s),
            units="seconds",
        ),
        ObjectType(
            21,
            "opduOutletWearReset",
            RESET,
            lambda _: Special.NONE,
            to_command=lambda outlet, _: ResetWear(outlet.index),
        ),
        ObjectType(
            22,
            "opduOutletInrushPeak",
            UNSIGNED_MILLI,
            lambda outlet: outlet.wear.inrush_peak_a,
            units="milliamperes",
        ),
        ObjectType(
            23,
            "opduOutletInrushTime",
            UNSIGNED_MILLI,
            lambda outlet: outlet.wear.inrush_s,
            units="milliseconds",
        ),
        ObjectType(
            24,
            "opduOutletInrushThen",
            UNSIGNED_MILLI,
            lambda outlet: outlet.wear.inrush_then_a,
            units="milliamperes",
        ),
    ),
)
