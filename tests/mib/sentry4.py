# SPDX-License-Identifier: Apache-2.0
"""A unit made by hand that has something in every table of Sentry4-MIB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.model.commands import Limit, Quantity, Target, TargetKind
from pdu_agent.model.snapshot import (
    Branch,
    Inlet,
    MeterStatus,
    Sensor,
    SensorKind,
    SensorStatus,
    Snapshot,
    Threshold,
    ThresholdState,
)
from tests.mib.unit import DEVICE, METER, SENSOR, Bench, outlet, unit

SENTRY4: Oid = (1, 3, 6, 1, 4, 1, 1718, 4)
INLET_1, INLET_2 = Target(TargetKind.INLET, 1), Target(TargetKind.INLET, 2)
BRANCH_1 = Target(TargetKind.BRANCH, 1)
OUTLET_1 = Target(TargetKind.OUTLET, 1)
HALL, RACK = Target(TargetKind.SENSOR, 1), Target(TargetKind.SENSOR, 2)

SILENT = replace(METER, status=MeterStatus.STALE)
NEVER_HEARD = replace(METER, status=MeterStatus.FAULT, sample_wall_s=None)


def threshold(
    target: Target,
    quantity: Quantity,
    limits: Sequence[float | None] = (None, None, None, None),
    hysteresis: float = 0.0,
    state: ThresholdState = ThresholdState.NORMAL,
) -> Threshold:
    """limits: from the lowest to the highest, None where one is not watched."""
    return Threshold(
        target,
        quantity,
        *(0.0 if value is None else value for value in limits),
        hysteresis=hysteresis,
        delay_s=0.0,
        enabled=frozenset(
            limit for limit, value in zip(Limit, limits, strict=True) if value is not None
        ),
        state=state,
        value=1.0,
    )


THRESHOLDS = (
    threshold(INLET_1, Quantity.VOLTAGE, (207.0, 212.5, 250.0, 253.0), 1.5),
    threshold(
        INLET_1, Quantity.CURRENT, (None, 0.5, 12.0, 15.05), 0.5, ThresholdState.HIGH_WARNING
    ),
    threshold(INLET_1, Quantity.ACTIVE_POWER, (None, None, 3000.0, 3500.0), 50.0),
    threshold(INLET_1, Quantity.APPARENT_POWER, (1.0, 2.0, 3.0, 4.0), 60.0),
    threshold(
        INLET_1, Quantity.POWER_FACTOR, (0.3, 0.92, None, None), 0.02, ThresholdState.LOW_WARNING
    ),
    threshold(INLET_1, Quantity.FREQUENCY),
    threshold(INLET_1, Quantity.ENERGY),
    threshold(INLET_2, Quantity.CURRENT, hysteresis=0.75),
    threshold(
        BRANCH_1, Quantity.CURRENT, (None, None, 8.0, 10.0), 0.3, ThresholdState.LOW_CRITICAL
    ),
    threshold(
        OUTLET_1, Quantity.CURRENT, (None, None, 6.0, 8.0), 0.2, ThresholdState.HIGH_CRITICAL
    ),
    threshold(OUTLET_1, Quantity.ACTIVE_POWER, (5.0, 10.0, 1000.0, 2000.0), 25.0),
    threshold(
        HALL, Quantity.TEMPERATURE, (-5.0, None, 35.0, 40.0), 2.0, ThresholdState.LOW_WARNING
    ),
    threshold(RACK, Quantity.HUMIDITY, (20.0, 30.0, 70.0, None), 5.0),
)


def sensor(number: int, kind: SensorKind, value: float | None, **changes: Any) -> Sensor:
    made = replace(SENSOR, index=number, name=f"probe {number}", kind=kind, value=value)
    return replace(made, **changes)


SENSORS = (
    replace(SENSOR, name="hall"),
    sensor(2, SensorKind.HUMIDITY, 45.5),
    sensor(3, SensorKind.WATER, 1.0),
    sensor(4, SensorKind.CONTACT, 0.0),
    sensor(5, SensorKind.TEMPERATURE, None, status=SensorStatus.ABSENT, sample_wall_s=None),
    sensor(6, SensorKind.TEMPERATURE, 20.0),
    sensor(7, SensorKind.AIRFLOW, 1.0),
    sensor(8, SensorKind.CONTACT, 1.0),
)


def strip() -> Snapshot:
    """Inlets 1 and 2, and 5, which has no row; outlet 3 has neither relay nor meter.

    Branch 1 of inlet 1 is metered and feeds outlet 1; branch 2 is not and feeds nothing.
    """
    inlet_1 = Inlet(1, "Feed A", 1, replace(METER, rated_current_a=16.0))
    return replace(
        unit(0, sensors=SENSORS),
        device=replace(DEVICE, asset_tag="A-17"),
        outlets=(
            replace(outlet(1), branch=1, reboot_s=7),
            outlet(2),
            replace(outlet(3), inlet=2, switched=False, meter=None),
            replace(outlet(4), inlet=5, reboot_s=11),
        ),
        inlets=(
            inlet_1,
            Inlet(2, "Feed B", 1, NEVER_HEARD, nominal_voltage_v=120.0),
            replace(inlet_1, index=5),
        ),
        branches=(
            Branch(1, "Left", 1, "l1", 10.0, METER),
            Branch(2, "Right", 1, "l1", 6.3, None),
            Branch(3, "Far", 5, "l1", 10.0, METER),
        ),
        thresholds=THRESHOLDS,
    )


class SentryBench(Bench):
    """Addressed below st4Objects: "8.5.1.2.1.1.3"."""

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        super().__init__(strip() if snapshot is None else snapshot, mibs=("sentry4",))

    def oid(self, suffix: str) -> Oid:
        return (*SENTRY4, 1, *map(int, suffix.split(".")))

    def tree(self) -> dict[str, object]:
        """Everything there is, by suffix."""
        base = (*SENTRY4, 1)
        return {
            ".".join(map(str, oid[len(base) :])): value.content
            for oid, value in self.walk()
            if oid[: len(base)] == base
        }


def plainly(content: object) -> str:
    """As the tables of known answers write it: text in quotes, octets that are none in hex."""
    if isinstance(content, bytes):
        return (
            f'"{content.decode()}"' if content.isascii() and b"\0" not in content else content.hex()
        )
    return str(content)
