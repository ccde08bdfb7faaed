# SPDX-License-Identifier: Apache-2.0
"""A unit made by hand for the tests of rPDU2: its inlet reads as a recorded AP8853 does.

Two branches (the second without a meter), six outlets (5 is not switched, 6 not metered), a
probe of two sensors, another of one, and a contact.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pdu_agent.mib_impl.syntax import Value
from pdu_agent.model.commands import Command, Limit, Quantity, Target, TargetKind
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.snapshot import (
    Branch,
    Inlet,
    Meter,
    Sensor,
    SensorKind,
    SensorStatus,
    Snapshot,
    Threshold,
    ThresholdState,
)
from tests.mib.unit import METER, WALL_S, Bench, octets, unit

ARC = ".1.3.6.1.4.1.318.1.1.26"

TENTH_KWH_MJ = 360_000_000

INLET_ELECTRICAL = Electrical(
    voltage_v=242.0,
    current_a=4.9,
    active_power_w=1141.0,
    apparent_power_va=1186.0,
    power_factor=0.962,
    frequency_hz=50.0,
    quality=Quality.OK,
)

INLET_METER = replace(
    METER,
    electrical=INLET_ELECTRICAL,
    rated_current_a=32.0,
    user_energy_mj=35_129 * TENTH_KWH_MJ - 1,  # just short of 3512.9 kWh
    user_since_wall_s=WALL_S - 86_400,
    peak_power_w=1434.9,
    peak_wall_s=WALL_S - 3600,
    peak_power_since_wall_s=WALL_S - 7200,
    peak_current_a=6.04,
    peak_current_wall_s=WALL_S - 1800,
    peak_current_since_wall_s=WALL_S - 9000,
)
INLET = Inlet(1, "Inlet 1", 1, INLET_METER)

BRANCHES = (
    Branch(1, "B1", 1, "l1", 16.0, replace(INLET_METER, rated_current_a=None)),
    Branch(2, "B2", 1, "l1l2", 10.0, None),
)

PROBE = Sensor(
    index=2,
    name="intake",
    kind=SensorKind.TEMPERATURE,
    value=23.94,
    status=SensorStatus.OK,
    sample_wall_s=WALL_S,
    serial="TH-1",
    minimum=-2.0,
    maximum=31.06,
    maximum_wall_s=WALL_S - 60,
    extremes_since_wall_s=WALL_S - 600,
)
SENSORS = (
    replace(PROBE, index=1, name="door", kind=SensorKind.CONTACT, value=1.0, serial=""),
    PROBE,
    replace(PROBE, index=3, name="exhaust", value=-4.26, serial="", maximum=None),
    replace(PROBE, index=4, name="intake RH", kind=SensorKind.HUMIDITY, value=47.5),
)


def threshold(
    kind: TargetKind,
    index: int,
    quantity: Quantity,
    enabled: Iterable[Limit] = (),
    state: ThresholdState = ThresholdState.NORMAL,
    **limits: float,
) -> Threshold:
    values = {"low_critical": 0.0, "low_warning": 0.0, "high_warning": 0.0, "high_critical": 0.0}
    return Threshold(
        target=Target(kind, index),
        quantity=quantity,
        **{**values, "hysteresis": 0.0, **limits},
        delay_s=0.0,
        enabled=frozenset(enabled),
        state=state,
        value=None,
    )


HIGH = (Limit.HIGH_WARNING, Limit.HIGH_CRITICAL)

THRESHOLDS = (
    threshold(
        TargetKind.INLET,
        1,
        Quantity.CURRENT,
        HIGH,
        ThresholdState.HIGH_WARNING,
        low_warning=1.0,
        high_warning=25.6,
        high_critical=32.0,
    ),
    threshold(
        TargetKind.INLET,
        1,
        Quantity.ACTIVE_POWER,
        HIGH,
        ThresholdState.HIGH_CRITICAL,
        high_warning=2949.0,
        high_critical=20.0,
    ),
    threshold(
        TargetKind.BRANCH, 1, Quantity.CURRENT, HIGH[:1], ThresholdState.NORMAL, high_warning=0.04
    ),
    *(
        threshold(
            TargetKind.OUTLET,
            number,
            Quantity.ACTIVE_POWER,
            HIGH,
            ThresholdState.LOW_WARNING,
            low_warning=5.0,
            high_warning=1500.4,
            high_critical=2000.0,
        )
        for number in range(1, 6)
    ),
    threshold(
        TargetKind.SENSOR,
        2,
        Quantity.TEMPERATURE,
        HIGH,
        ThresholdState.HIGH_WARNING,
        high_warning=22.5,
        high_critical=40.0,
        hysteresis=2.0,
    ),
    threshold(TargetKind.SENSOR, 3, Quantity.TEMPERATURE, high_warning=59.0, high_critical=60.0),
    threshold(
        TargetKind.SENSOR,
        4,
        Quantity.HUMIDITY,
        (Limit.LOW_WARNING,),
        ThresholdState.LOW_CRITICAL,
        low_critical=20.0,
        low_warning=30.4,
        hysteresis=3.0,
    ),
)


def rpdu2_unit(**changes: Any) -> Snapshot:
    outlets = [
        replace(
            outlet,
            branch=1 if outlet.index < 3 else None,
            switched=outlet.index != 5,
            meter=outlet_meter() if outlet.index != 6 else None,
        )
        for outlet in unit(6).outlets
    ]
    made = replace(
        unit(6, sensors=SENSORS),
        outlets=tuple(outlets),
        inlets=(INLET,),
        branches=BRANCHES,
        thresholds=THRESHOLDS,
    )
    return replace(made, **changes)


def outlet_meter() -> Meter:
    return replace(METER, peak_power_since_wall_s=WALL_S - 7200)


def two_inlets() -> Snapshot:
    second = replace(INLET, index=2, name="Inlet 2")
    return rpdu2_unit(inlets=(INLET, second))


class Rpdu2Bench:
    """Objects addressed below rPDU2."""

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        self.bench = Bench(rpdu2_unit() if snapshot is None else snapshot, mibs=("powernet",))

    def get(self, suffix: str) -> object:
        return self.bench.get(f"{ARC}.{suffix}")

    def content(self, suffix: str) -> object:
        return self.bench.content(f"{ARC}.{suffix}")

    def contents(self, table: str, *columns: int, index: int = 1) -> list[object]:
        return [self.content(f"{table}.1.{column}.{index}") for column in columns]

    def commands(self, *changes: tuple[str, Value]) -> list[Command]:
        """What a SET asks the core to do."""
        before = len(self.bench.controller.submitted)
        self.bench.set(*((f"{ARC}.{suffix}", value) for suffix, value in changes))
        return [command for batch in self.bench.controller.submitted[before:] for command in batch]


def local(wall_s: float) -> bytes:
    """MM/DD/YYYY HH:MM:SS in local time."""
    return time.strftime("%m/%d/%Y %H:%M:%S", time.localtime(wall_s)).encode("ascii")


def text(value: str) -> Value:
    return octets(value.encode("ascii"))
