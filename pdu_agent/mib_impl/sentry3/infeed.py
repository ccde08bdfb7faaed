# SPDX-License-Identifier: Apache-2.0
"""Sentry3-MIB infeedTable: the inlets, or the lines of those that have some."""

from __future__ import annotations

from collections.abc import Set

from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.sentry.settings import limit_object
from pdu_agent.mib_impl.sentry.values import part_of, reactance
from pdu_agent.mib_impl.sentry3.measured import (
    AMPERES,
    CREST_FACTOR,
    NOT_AVAILABLE,
    POWER_FACTOR,
    TENTH_PERCENT,
    VOLTS,
    derived_status,
    energy_object,
    load_status,
    present,
    value_object,
)
from pdu_agent.mib_impl.sentry3.points import InfeedRow, infeeds
from pdu_agent.mib_impl.sentry3.words import (
    INFEED_CAPABILITIES,
    LINE_STATUS,
    LOAD_STATUS,
    REACTANCE,
)
from pdu_agent.mib_impl.set_errors import ErrorStatus
from pdu_agent.mib_impl.syntax import DisplayString, Integer32, Unacceptable
from pdu_agent.model.commands import ConfigureInlet, InletSetting, Limit
from pdu_agent.model.quantities import MILLIJOULES_PER_KILOWATT_HOUR


def _capabilities(row: InfeedRow) -> Set[str]:
    sensed = {"loadSense", "voltageSense", "powerSense"} if row.current is not None else set()
    return sensed | ({"branchLoadSense"} if row.branches_metered else set())


def _reactance(row: InfeedRow) -> str:
    electrical = present(row.meter)
    return "unknown" if electrical is None else reactance(electrical)


def _load_a(row: InfeedRow) -> float | None:
    electrical = present(row.meter)
    return None if electrical is None else electrical.current_a


def _apparent_va(row: InfeedRow) -> float | None:
    electrical = present(row.meter)
    return None if electrical is None else electrical.apparent_power_va


def _line_to_line_v(row: InfeedRow) -> float | None:
    """A line is measured to neutral, and what it has to the next one nobody measures."""
    electrical = present(row.meter)
    return None if electrical is None or row.line is not None else electrical.voltage_v


def _line_id(row: InfeedRow) -> str | None:
    return None if row.line is None else row.line.line.upper()


def _phase_id(row: InfeedRow) -> str | None:
    return None if row.line is None else f"{row.line.line.upper()}-N"


def _rename(row: InfeedRow, text: str) -> ConfigureInlet:
    """Raises Unacceptable for a line, whose name is that of the configuration."""
    if row.line is not None:
        raise Unacceptable(ErrorStatus.NOT_WRITABLE, f"{row.name}: the name of a line is fixed")
    return ConfigureInlet(row.inlet.index, InletSetting.NAME, text)


INFEEDS: Table[InfeedRow] = Table(
    suffix=(2, 2),
    name="infeedTable",
    index=("towerIndex", "infeedIndex"),
    rows=infeeds,
    objects=(
        ObjectType(1, "infeedIndex", Integer32(0, 4)),
        ObjectType(2, "infeedID", DisplayString(2, 2), lambda row: row.id),
        ObjectType(
            3,
            "infeedName",
            DisplayString(0, 24),
            lambda row: row.name,
            to_command=_rename,
        ),
        ObjectType(4, "infeedCapabilities", INFEED_CAPABILITIES, _capabilities),
        ObjectType(5, "infeedStatus", LINE_STATUS, lambda row: derived_status(row.meter)),
        ObjectType(
            6, "infeedLoadStatus", LOAD_STATUS, lambda row: load_status(row.meter, row.current)
        ),
        value_object(
            7, "infeedLoadValue", Integer32(0, 60_000, scale=100), AMPERES, lambda e: e.current_a
        ),
        limit_object(
            8,
            "infeedLoadHighThresh",
            Integer32(0, 600),
            "Amps",
            Limit.HIGH_WARNING,
            lambda row: row.current,
        ),
        ObjectType(9, "infeedOutletCount", Integer32(0, 64), lambda row: row.outlets),
        ObjectType(
            10,
            "infeedCapacity",
            Integer32(0, 600),
            lambda row: row.rated_current_a,
            units="Amps",
            absent=NOT_AVAILABLE,
        ),
        ObjectType(
            11,
            "infeedVoltage",
            Integer32(0, 4800, scale=10),
            _line_to_line_v,
            units=VOLTS,
            absent=NOT_AVAILABLE,
        ),
        value_object(12, "infeedPower", Integer32(0, 25_000), "Watts", lambda e: e.active_power_w),
        value_object(
            13,
            "infeedApparentPower",
            Integer32(0, 25_000),
            "Volt-Amps",
            lambda e: e.apparent_power_va,
        ),
        value_object(14, "infeedPowerFactor", POWER_FACTOR, "hundredths", lambda e: e.power_factor),
        value_object(15, "infeedCrestFactor", CREST_FACTOR, "tenths", lambda e: e.crest_factor),
        energy_object(
            16, "infeedEnergy", "tenth Kilowatt-Hours", MILLIJOULES_PER_KILOWATT_HOUR // 10
        ),
        ObjectType(17, "infeedReactance", REACTANCE, _reactance),
        value_object(
            18, "infeedPhaseVoltage", Integer32(0, 2640, scale=10), VOLTS, lambda e: e.voltage_v
        ),
        value_object(
            19,
            "infeedPhaseCurrent",
            Integer32(0, 25_500, scale=100),
            AMPERES,
            lambda e: e.current_a,
        ),
        ObjectType(
            20,
            "infeedCapacityUsed",
            TENTH_PERCENT,
            lambda row: part_of(_load_a(row), row.rated_current_a),
            units="tenth percentage",
            absent=NOT_AVAILABLE,
        ),
        ObjectType(21, "infeedLineID", DisplayString(0, 4), _line_id),
        ObjectType(23, "infeedPhaseID", DisplayString(0, 6), _phase_id),
        ObjectType(
            24,
            "infeedVACapacity",
            Integer32(0, 25_000),
            lambda row: row.va_capacity,
            units="Volt-Amps",
            absent=NOT_AVAILABLE,
        ),
        ObjectType(
            25,
            "infeedVACapacityUsed",
            TENTH_PERCENT,
            lambda row: part_of(_apparent_va(row), row.va_capacity),
            units="tenth percentage",
            absent=NOT_AVAILABLE,
        ),
    ),
)
