# SPDX-License-Identifier: Apache-2.0
"""OPENPDU-MIB objects that inlets, metered branches and metered outlets have in common.

The tables give them the same names but for the prefix, and other numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pdu_agent.mib_impl.openpdu.words import METERING_STATUS, RESET_ACTION
from pdu_agent.mib_impl.schema import ObjectType, or_never
from pdu_agent.mib_impl.syntax import (
    Counter64,
    DateAndTime,
    Integer32,
    Special,
    TimeStamp,
    Unsigned32,
)
from pdu_agent.model.commands import ResetMeter, Target
from pdu_agent.model.quantities import (
    MILLIJOULES_PER_KILOWATT_HOUR,
    Quality,
    milliwatt_hours,
    watt_hours,
)
from pdu_agent.model.snapshot import Demand, Meter, MeterStatus

Row = TypeVar("Row")

UNSIGNED_MILLI = Unsigned32(scale=1000)
SIGNED_MILLI = Integer32(scale=1000)
POWER_FACTOR = Integer32(-1000, 1000, scale=1000)
HUNDREDTHS = Unsigned32(scale=100)
_NO_DEMAND = Demand(0.0, None, None, None, None)
_SECONDS_PER_HOUR = 3600
_MILLIJOULES_PER_TENTH_KWH = MILLIJOULES_PER_KILOWATT_HOUR // 10


def measured_objects(
    prefix: str, first: int, meter: Callable[[Row], Meter]
) -> tuple[ObjectType[Row], ...]:
    """Twelve objects, numbered from `first`: what is measured, and the energy."""
    return (*_electrical(prefix, first, meter), *_energy(prefix, first + 7, meter))


def _electrical(
    prefix: str, first: int, meter: Callable[[Row], Meter]
) -> tuple[ObjectType[Row], ...]:
    n = first
    return (
        ObjectType(
            n,
            f"{prefix}Voltage",
            UNSIGNED_MILLI,
            lambda row: meter(row).electrical.voltage_v,
            units="millivolts",
        ),
        ObjectType(
            n + 1,
            f"{prefix}Current",
            UNSIGNED_MILLI,
            lambda row: meter(row).electrical.current_a,
            units="milliamperes",
        ),
        ObjectType(
            n + 2,
            f"{prefix}ActivePower",
            SIGNED_MILLI,
            lambda row: meter(row).electrical.active_power_w,
            units="milliwatts",
        ),
        ObjectType(
            n + 3,
            f"{prefix}ApparentPower",
            UNSIGNED_MILLI,
            lambda row: meter(row).electrical.apparent_power_va,
            units="millivolt-amperes",
        ),
        ObjectType(
            n + 4,
            f"{prefix}ReactivePower",
            SIGNED_MILLI,
            lambda row: meter(row).electrical.reactive_power_var,
            units="millivars",
        ),
        ObjectType(
            n + 5,
            f"{prefix}PowerFactor",
            POWER_FACTOR,
            lambda row: meter(row).electrical.power_factor,
            units="thousandths",
        ),
        ObjectType(
            n + 6,
            f"{prefix}Frequency",
            UNSIGNED_MILLI,
            lambda row: meter(row).electrical.frequency_hz,
            units="millihertz",
        ),
    )


def _energy(prefix: str, first: int, meter: Callable[[Row], Meter]) -> tuple[ObjectType[Row], ...]:
    n = first
    return (
        ObjectType(
            n,
            f"{prefix}Energy",
            Counter64(),
            lambda row: milliwatt_hours(meter(row).energy_mj),
            units="milliwatt-hours",
        ),
        ObjectType(
            n + 1,
            f"{prefix}DiscontinuityTime",
            TimeStamp(),
            lambda row: meter(row).discontinuity_s,
        ),
        ObjectType(
            n + 2,
            f"{prefix}EnergyUser",
            Unsigned32(),
            lambda row: watt_hours(meter(row).user_energy_mj),
            units="watt-hours",
        ),
        ObjectType(
            n + 3,
            f"{prefix}EnergyUserSince",
            DateAndTime(),
            lambda row: or_never(meter(row).user_since_wall_s),
        ),
        ObjectType(
            n + 4,
            f"{prefix}EnergyShort",
            Unsigned32(),
            lambda row: meter(row).energy_mj // _MILLIJOULES_PER_TENTH_KWH,
            units="tenths of kilowatt-hours",
        ),
    )


def status_object(number: int, name: str, meter: Callable[[Row], Meter]) -> ObjectType[Row]:
    return ObjectType(number, name, METERING_STATUS, lambda row: metering_status(meter(row)))


def metering_status(meter: Meter) -> MeterStatus | Quality:
    return Quality.CLIPPED if meter.is_clipped else meter.status


def peak_objects(
    prefix: str, first: int, meter: Callable[[Row], Meter], target: Callable[[Row], Target]
) -> tuple[ObjectType[Row], ...]:
    """Three objects, numbered from `first`: the peak of power, its time, and the reset."""
    return (
        ObjectType(
            first,
            f"{prefix}PeakPower",
            UNSIGNED_MILLI,
            lambda row: meter(row).peak_power_w,
            units="milliwatts",
        ),
        ObjectType(
            first + 1,
            f"{prefix}PeakTime",
            DateAndTime(),
            lambda row: or_never(meter(row).peak_wall_s),
        ),
        ObjectType(
            first + 2,
            f"{prefix}Reset",
            RESET_ACTION,
            lambda _: Special.NONE,
            to_command=lambda row, what: ResetMeter(target(row), what),
        ),
    )


def peak_details(
    prefix: str, first: int, meter: Callable[[Row], Meter]
) -> tuple[ObjectType[Row], ...]:
    """Four objects, numbered from `first`: the peak of current, and since when peaks count."""
    return (
        ObjectType(
            first,
            f"{prefix}PeakCurrent",
            UNSIGNED_MILLI,
            lambda row: meter(row).peak_current_a,
            units="milliamperes",
        ),
        ObjectType(
            first + 1,
            f"{prefix}PeakCurrentTime",
            DateAndTime(),
            lambda row: or_never(meter(row).peak_current_wall_s),
        ),
        ObjectType(
            first + 2,
            f"{prefix}PeakPowerSince",
            DateAndTime(),
            lambda row: or_never(meter(row).peak_power_since_wall_s),
        ),
        ObjectType(
            first + 3,
            f"{prefix}PeakCurrentSince",
            DateAndTime(),
            lambda row: or_never(meter(row).peak_current_since_wall_s),
        ),
    )


def quality_objects(
    prefix: str, first: int, meter: Callable[[Row], Meter]
) -> tuple[ObjectType[Row], ...]:
    """Eight objects, numbered from `first`: distortion, reactive energy and demand."""
    return (*_distortion(prefix, first, meter), *_demand(prefix, first + 4, meter))


def _distortion(
    prefix: str, first: int, meter: Callable[[Row], Meter]
) -> tuple[ObjectType[Row], ...]:
    return (
        ObjectType(
            first,
            f"{prefix}VoltageThd",
            HUNDREDTHS,
            lambda row: meter(row).electrical.voltage_thd_percent,
            units="hundredths of a percent",
        ),
        ObjectType(
            first + 1,
            f"{prefix}CurrentThd",
            HUNDREDTHS,
            lambda row: meter(row).electrical.current_thd_percent,
            units="hundredths of a percent",
        ),
        ObjectType(
            first + 2,
            f"{prefix}InductiveEnergy",
            Counter64(),
            lambda row: millivar_hours(meter(row).inductive_mvars),
            units="millivar-hours",
        ),
        ObjectType(
            first + 3,
            f"{prefix}CapacitiveEnergy",
            Counter64(),
            lambda row: millivar_hours(meter(row).capacitive_mvars),
            units="millivar-hours",
        ),
    )


def _demand(prefix: str, first: int, meter: Callable[[Row], Meter]) -> tuple[ObjectType[Row], ...]:
    return (
        ObjectType(
            first,
            f"{prefix}Demand",
            SIGNED_MILLI,
            lambda row: _demand_of(meter(row)).power_w,
            units="milliwatts",
        ),
        ObjectType(
            first + 1,
            f"{prefix}PeakDemand",
            UNSIGNED_MILLI,
            lambda row: _demand_of(meter(row)).peak_w,
            units="milliwatts",
        ),
        ObjectType(
            first + 2,
            f"{prefix}PeakDemandTime",
            DateAndTime(),
            lambda row: or_never(_demand_of(meter(row)).peak_wall_s),
        ),
        ObjectType(
            first + 3,
            f"{prefix}PeakDemandSince",
            DateAndTime(),
            lambda row: or_never(_demand_of(meter(row)).peak_since_wall_s),
        ),
    )


def millivar_hours(mvars: int | None) -> int | None:
    """Whole millivar-hours in millivar seconds, rounded down; None while nothing counts them."""
    return None if mvars is None else mvars // _SECONDS_PER_HOUR


def _demand_of(meter: Meter) -> Demand:
    return meter.demand or _NO_DEMAND


def crest_object(number: int, name: str, meter: Callable[[Row], Meter]) -> ObjectType[Row]:
    return ObjectType(
        number,
        name,
        UNSIGNED_MILLI,
        lambda row: meter(row).electrical.crest_factor,
        units="thousandths",
    )
