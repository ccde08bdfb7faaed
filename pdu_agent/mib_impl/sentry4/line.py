# SPDX-License-Identifier: Apache-2.0
"""Sentry4-MIB st4Lines and st4Phases: the lines of each cord, or one line and one phase.

Where lines are not told apart the line shows the inlet's current, the phase its voltage and its
power factor; the limits are those of the inlet too, so that the power factor's are also the
cord's. The hysteresis that all lines share is that of the inlets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pdu_agent.mib_impl.schema import ObjectType, Scalars, Table, whole
from pdu_agent.mib_impl.sentry.values import part_of
from pdu_agent.mib_impl.sentry4.cord import cord_rows
from pdu_agent.mib_impl.sentry4.limits import LOW_SIDE, hysteresis_object, limit_objects
from pdu_agent.mib_impl.sentry4.measured import (
    AMPS,
    HUNDREDTH_AMPS,
    HUNDREDTHS,
    POWER_FACTOR,
    TENTH_AMPS,
    TENTH_KWH_MJ,
    TENTH_VOLTS,
    VOLT_AMPS,
    VOLTAGE,
    WATTS,
    crest_factor_object,
    current_utilized_object,
    energy_object,
    reactance_object,
    state_object,
    status_object,
    value_object,
    value_status_object,
)
from pdu_agent.mib_impl.sentry4.names import (
    ONLY_LINE,
    line_id,
    line_index,
    line_label,
    phase_label,
)
from pdu_agent.mib_impl.sentry4.points import Point, branches_of, lines, lines_of
from pdu_agent.mib_impl.syntax import DisplayString, Integer32, Oid
from pdu_agent.model.commands import Quantity, TargetKind
from pdu_agent.model.snapshot import Branch, Inlet, Line, Snapshot

_POWER = Integer32(0, 25_000)
_LINE_INDEX = ("st4UnitIndex", "st4InputCordIndex", "st4LineIndex")
_PHASE_INDEX = ("st4UnitIndex", "st4InputCordIndex", "st4PhaseIndex")


@dataclass(frozen=True, slots=True)
class LineRow:
    """One line of a cord and its phase. branches, outlets: how many hang on the phase; outlets is
    None where there are several: which of them one hangs on, only who may read it may know.
    """

    inlet: Inlet
    number: int
    rated_current_a: float | None
    branches: int
    outlets: int | None


def _rows(snapshot: Snapshot) -> Iterator[tuple[Oid, LineRow]]:
    for _, cord in cord_rows(snapshot):
        inlet = cord.inlet
        own = lines_of(inlet.index, snapshot)
        if not own:
            rated_a = inlet.meter.rated_current_a
            yield (
                line_index(inlet.index),
                LineRow(inlet, ONLY_LINE, rated_a, cord.branches, cord.outlets),
            )
        for number, line in own.items():
            branches = [b for b in branches_of(snapshot) if _is_on(b, line)]
            yield (
                line_index(inlet.index, number),
                LineRow(inlet, number, line.rated_current_a, len(branches), None),
            )


def _is_on(wired: Branch, line: Line) -> bool:
    return (wired.inlet, wired.line) == (line.inlet, line.line)


def _deviation(point: Point) -> float | None:
    """From the nominal voltage, as a part of it."""
    voltage_v = point.electrical.voltage_v
    if voltage_v is None or point.inlet is None:
        return None
    return part_of(voltage_v - point.inlet.nominal_voltage_v, point.inlet.nominal_voltage_v)


LINE_COMMON: Scalars[Snapshot] = Scalars(
    suffix=(4, 1),
    source=whole,
    objects=(
        hysteresis_object(
            1,
            "st4LineCurrentHysteresis",
            TargetKind.INLET,
            Quantity.CURRENT,
            Integer32(0, 100, scale=10),
            TENTH_AMPS,
        ),
    ),
)

LINES: Table[LineRow] = Table(
    suffix=(4, 2),
    name="st4LineConfigTable",
    index=_LINE_INDEX,
    rows=_rows,
    objects=(
        ObjectType(1, "st4LineIndex", Integer32(1, 4)),
        ObjectType(
            2, "st4LineID", DisplayString(3, 3), lambda row: line_id(row.inlet.index, row.number)
        ),
        ObjectType(
            4,
            "st4LineLabel",
            DisplayString(0, 32),
            lambda row: line_label(row.inlet.index, row.number),
        ),
        ObjectType(
            6,
            "st4LineCurrentCapacity",
            Integer32(0, 600),
            lambda row: row.rated_current_a,
            units=AMPS,
        ),
    ),
)

LINE_MONITOR: Table[Point] = Table(
    suffix=(4, 3),
    name="st4LineMonitorTable",
    index=_LINE_INDEX,
    rows=lines,
    objects=(
        state_object(1, "st4LineState"),
        status_object(2, "st4LineStatus"),
        value_object(
            3,
            "st4LineCurrent",
            Quantity.CURRENT,
            Integer32(0, 60_000, scale=100),
            HUNDREDTH_AMPS,
        ),
        value_status_object(4, "st4LineCurrentStatus", Quantity.CURRENT),
        current_utilized_object(5, "st4LineCurrentUtilized"),
    ),
)

LINE_EVENTS: Table[Point] = Table(
    suffix=(4, 4),
    name="st4LineEventConfigTable",
    index=_LINE_INDEX,
    rows=lines,
    objects=limit_objects(
        "st4LineCurrent", 2, Quantity.CURRENT, Integer32(0, 6000, scale=10), TENTH_AMPS
    ),
)

PHASE_COMMON: Scalars[Snapshot] = Scalars(
    suffix=(5, 1),
    source=whole,
    objects=(
        hysteresis_object(
            1,
            "st4PhaseVoltageHysteresis",
            TargetKind.INLET,
            Quantity.VOLTAGE,
            Integer32(0, 200, scale=10),
            TENTH_VOLTS,
        ),
        hysteresis_object(
            2,
            "st4PhasePowerFactorHysteresis",
            TargetKind.INLET,
            Quantity.POWER_FACTOR,
            Integer32(0, 20, scale=100),
            HUNDREDTHS,
        ),
    ),
)

PHASES: Table[LineRow] = Table(
    suffix=(5, 2),
    name="st4PhaseConfigTable",
    index=_PHASE_INDEX,
    rows=_rows,
    objects=(
        ObjectType(1, "st4PhaseIndex", Integer32(1, 6)),
        ObjectType(
            2, "st4PhaseID", DisplayString(3, 3), lambda row: line_id(row.inlet.index, row.number)
        ),
        ObjectType(
            4,
            "st4PhaseLabel",
            DisplayString(0, 32),
            lambda row: phase_label(row.inlet.index, row.number),
        ),
        ObjectType(
            6,
            "st4PhaseNominalVoltage",
            VOLTAGE,
            lambda row: row.inlet.nominal_voltage_v,
            units=TENTH_VOLTS,
        ),
        ObjectType(20, "st4PhaseBranchCount", Integer32(0, 12), lambda row: row.branches),
        ObjectType(21, "st4PhaseOutletCount", Integer32(0, 128), lambda row: row.outlets),
    ),
)

PHASE_MONITOR: Table[Point] = Table(
    suffix=(5, 3),
    name="st4PhaseMonitorTable",
    index=_PHASE_INDEX,
    rows=lines,
    objects=(
        state_object(1, "st4PhaseState"),
        status_object(2, "st4PhaseStatus"),
        value_object(3, "st4PhaseVoltage", Quantity.VOLTAGE, VOLTAGE, TENTH_VOLTS),
        value_status_object(4, "st4PhaseVoltageStatus", Quantity.VOLTAGE),
        ObjectType(
            5,
            "st4PhaseVoltageDeviation",
            Integer32(-1000, 1000, scale=1000),
            _deviation,
            units="tenth percent",
        ),
        value_object(
            6,
            "st4PhaseCurrent",
            Quantity.CURRENT,
            Integer32(0, 30_000, scale=100),
            HUNDREDTH_AMPS,
        ),
        crest_factor_object(7, "st4PhaseCurrentCrestFactor"),
        value_object(8, "st4PhaseActivePower", Quantity.ACTIVE_POWER, _POWER, WATTS),
        value_object(9, "st4PhaseApparentPower", Quantity.APPARENT_POWER, _POWER, VOLT_AMPS),
        value_object(10, "st4PhasePowerFactor", Quantity.POWER_FACTOR, POWER_FACTOR, HUNDREDTHS),
        value_status_object(11, "st4PhasePowerFactorStatus", Quantity.POWER_FACTOR),
        reactance_object(12, "st4PhaseReactance"),
        energy_object(13, "st4PhaseEnergy", TENTH_KWH_MJ, "tenth Kilowatt-Hours"),
    ),
)

PHASE_EVENTS: Table[Point] = Table(
    suffix=(5, 4),
    name="st4PhaseEventConfigTable",
    index=_PHASE_INDEX,
    rows=lines,
    objects=(
        *limit_objects("st4PhaseVoltage", 2, Quantity.VOLTAGE, VOLTAGE, TENTH_VOLTS),
        *limit_objects(
            "st4PhasePowerFactor",
            6,
            Quantity.POWER_FACTOR,
            POWER_FACTOR,
            HUNDREDTHS,
            LOW_SIDE,
        ),
    ),
)

LINE_GROUPS = (LINE_COMMON, LINES, LINE_MONITOR, LINE_EVENTS)
PHASE_GROUPS = (PHASE_COMMON, PHASES, PHASE_MONITOR, PHASE_EVENTS)
