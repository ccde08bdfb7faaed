# SPDX-License-Identifier: Apache-2.0
"""Columns of the monitor tables, which are alike for cords, lines, phases, branches and outlets.

A value that cannot be had is -1, and its status says why.
"""

from __future__ import annotations

from collections.abc import Callable

from pdu_agent.mib_impl.schema import ObjectType
from pdu_agent.mib_impl.sentry.values import part_of, reactance
from pdu_agent.mib_impl.sentry4.points import Point
from pdu_agent.mib_impl.sentry4.words import (
    DEVICE_STATE,
    DEVICE_STATUS,
    Status,
    fault_status,
    meter_status,
    state_of,
    value_status,
)
from pdu_agent.mib_impl.syntax import Enumerated, Integer32
from pdu_agent.model.commands import Quantity
from pdu_agent.model.quantities import MILLIJOULES_PER_KILOWATT_HOUR, Electrical

AMPS, TENTH_AMPS, HUNDREDTH_AMPS = "Amps", "tenth Amps", "hundredth Amps"
TENTH_VOLTS, WATTS, VOLT_AMPS, HUNDREDTHS = "tenth Volts", "Watts", "Volt-Amps", "hundredths"
TENTH_KWH_MJ = MILLIJOULES_PER_KILOWATT_HOUR // 10

NO_VALUE = -1
VOLTAGE = Integer32(0, 6000, scale=10)
POWER_FACTOR = Integer32(0, 100, scale=100)
TENTH_PERCENT = Integer32(0, 1200, scale=1000)

REACTANCE = Enumerated(
    (0, "unknown", "unknown"),
    (1, "capacitive", "capacitive"),
    (2, "inductive", "inductive"),
    (3, "resistive", "resistive"),
)

_FIELD_OF: dict[Quantity, Callable[[Electrical], float | None]] = {
    Quantity.VOLTAGE: lambda electrical: electrical.voltage_v,
    Quantity.CURRENT: lambda electrical: electrical.current_a,
    Quantity.ACTIVE_POWER: lambda electrical: electrical.active_power_w,
    Quantity.APPARENT_POWER: lambda electrical: electrical.apparent_power_va,
    Quantity.POWER_FACTOR: lambda electrical: electrical.power_factor,
    Quantity.FREQUENCY: lambda electrical: electrical.frequency_hz,
}


def state_object(number: int, name: str) -> ObjectType[Point]:
    return ObjectType(number, name, DEVICE_STATE, lambda point: state_of(point.is_live))


def status_object(number: int, name: str) -> ObjectType[Point]:
    """Of the metering point as a whole: its meter's, then that of what it measures."""
    return ObjectType(number, name, DEVICE_STATUS, point_status)


def point_status(point: Point) -> Status:
    status = meter_status(point.meter)
    return fault_status(point.faults) if status is Status.NORMAL else status


def value_object(
    number: int, name: str, quantity: Quantity, syntax: Integer32, units: str
) -> ObjectType[Point]:
    field = _FIELD_OF[quantity]
    return ObjectType(
        number,
        name,
        syntax,
        lambda point: field(point.electrical),
        units=units,
        absent=NO_VALUE,
    )


def value_status_object(number: int, name: str, quantity: Quantity) -> ObjectType[Point]:
    field = _FIELD_OF[quantity]
    return ObjectType(
        number,
        name,
        DEVICE_STATUS,
        lambda point: value_status(
            point.meter, field(point.electrical), point.thresholds.get(quantity)
        ),
    )


def current_utilized_object(number: int, name: str) -> ObjectType[Point]:
    return ObjectType(
        number,
        name,
        TENTH_PERCENT,
        lambda point: part_of(point.electrical.current_a, point.meter.rated_current_a),
        units="tenth percent",
        absent=NO_VALUE,
    )


def crest_factor_object(number: int, name: str) -> ObjectType[Point]:
    return ObjectType(
        number,
        name,
        Integer32(0, 250, scale=10),
        lambda point: point.electrical.crest_factor,
        units="tenths",
        absent=NO_VALUE,
    )


def reactance_object(number: int, name: str) -> ObjectType[Point]:
    return ObjectType(number, name, REACTANCE, lambda point: reactance(point.electrical))


def energy_object(
    number: int, name: str, millijoules_per_unit: int, units: str
) -> ObjectType[Point]:
    """The user meter, which people reset: whole units, rounded down."""
    return ObjectType(
        number,
        name,
        Integer32(0),
        lambda point: point.meter.user_energy_mj // millijoules_per_unit,
        units=units,
    )
