# SPDX-License-Identifier: Apache-2.0
"""A unit with something in every table of Sentry3-MIB, and a bench for it."""

from __future__ import annotations

from dataclasses import replace

from pdu_agent.mib_impl.sentry3 import SENTRY3
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.model.commands import Limit, NotificationClass, Quantity, Target, TargetKind
from pdu_agent.model.snapshot import (
    Branch,
    Inlet,
    Sensor,
    SensorKind,
    SensorStatus,
    Snapshot,
    Threshold,
    ThresholdState,
)
from tests.mib.unit import METER, WALL_S, Bench, outlet, unit

INLET_1 = Target(TargetKind.INLET, 1)
OUTLET_1 = Target(TargetKind.OUTLET, 1)
BRANCH_7 = Target(TargetKind.BRANCH, 7)
WARM_1 = Target(TargetKind.SENSOR, 1)
DAMP_2 = Target(TargetKind.SENSOR, 2)


def threshold(
    target: Target,
    quantity: Quantity,
    *,
    low: float | None = None,
    high: float | None = None,
    hysteresis: float = 0.0,
    state: ThresholdState = ThresholdState.NORMAL,
) -> Threshold:
    """Limits that are None are not watched."""
    watched = {Limit.LOW_WARNING: low, Limit.HIGH_WARNING: high}
    enabled = frozenset(limit for limit, value in watched.items() if value is not None)
    return Threshold(
        target, quantity, 0.0, low or 0.0, high or 0.0, 0.0, hysteresis, 0.0, enabled, state, 1.0
    )


def sensor(index: int, kind: SensorKind, value: float | None = 0.0) -> Sensor:
    return Sensor(
        index, f"{kind.value} {index}", kind, value, SensorStatus.OK, WALL_S, "", None, None
    )


SENSORS = (
    sensor(1, SensorKind.TEMPERATURE, 23.46),
    sensor(2, SensorKind.HUMIDITY, 51.5),
    replace(sensor(3, SensorKind.TEMPERATURE, None), status=SensorStatus.ABSENT),
    sensor(4, SensorKind.CONTACT, 1.0),
    sensor(5, SensorKind.WATER, 0.0),
)

THRESHOLDS = (
    threshold(INLET_1, Quantity.CURRENT, high=12.0),
    threshold(INLET_1, Quantity.VOLTAGE, high=250.0, state=ThresholdState.HIGH_WARNING),
    threshold(Target(TargetKind.INLET, 2), Quantity.CURRENT),
    threshold(OUTLET_1, Quantity.CURRENT, low=1.0, high=7.6, state=ThresholdState.HIGH_WARNING),
    threshold(Target(TargetKind.OUTLET, 2), Quantity.CURRENT),
    threshold(BRANCH_7, Quantity.CURRENT, high=10.0),
    threshold(WARM_1, Quantity.TEMPERATURE, low=10.0, high=35.0, hysteresis=2.0),
    threshold(
        DAMP_2,
        Quantity.HUMIDITY,
        low=20.0,
        hysteresis=3.0,
        state=ThresholdState.LOW_CRITICAL,
    ),
    threshold(Target(TargetKind.SENSOR, 3), Quantity.TEMPERATURE),
)


def strip() -> Snapshot:
    """Outlet 1 switched and metered, 2 metered only, 3 switched only; 9 on the second inlet.

    Branch 7 is metered, on inlet 1; branch 8, on inlet 2, is not.
    """
    first = outlet(1)
    outlets = (
        first,
        replace(first, index=2, name="Outlet 2", switched=False, relay_closed=None),
        replace(first, index=3, name="Outlet 3", meter=None, reboot_s=9),
        replace(first, index=9, name="Outlet 9", inlet=2, meter=None),
    )
    fed = replace(METER, rated_current_a=16.0)
    return replace(
        unit(sensors=SENSORS),
        outlets=outlets,
        inlets=(Inlet(1, "Feed A", 1, fed), Inlet(2, "Feed B", 1, fed, 120.0)),
        branches=(
            Branch(7, "Fuse 7", 1, "l1", 10.0, replace(METER, rated_current_a=None)),
            Branch(8, "Fuse 8", 2, "l1", 20.0, None),
        ),
        thresholds=THRESHOLDS,
        notifying=frozenset(NotificationClass),
    )


def oid(suffix: str) -> Oid:
    return (*SENTRY3, *map(int, suffix.split(".")))


class Sentry3Bench(Bench):
    """Addressed by suffixes of sentry3."""

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        super().__init__(strip() if snapshot is None else snapshot, mibs=("sentry3",))

    def oid(self, suffix: str) -> Oid:
        return oid(suffix)

    def reads(self) -> dict[str, object]:
        """What each instance of the MIB holds, by its suffix."""
        below = len(SENTRY3)
        return {
            ".".join(map(str, found[below:])): value.content
            for found, value in self.walk()
            if found[:below] == SENTRY3
        }
