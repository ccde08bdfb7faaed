# SPDX-License-Identifier: Apache-2.0
"""POWER-ATTRIBUTES-MIB (RFC 7460): the phases of a three-phase inlet, each to neutral.

There are rows for an inlet with three metered lines: meters of lines measure to neutral, so it is
a star. The table wants all three or none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pdu_agent.mib_impl.energy.words import HUNDREDTHS_PERCENT, MILLI_UNITS, is_fresh
from pdu_agent.mib_impl.entity.entities import index_of
from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.syntax import Integer32, Oid
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.quantities import Electrical
from pdu_agent.model.snapshot import Meter, Snapshot

_ANGLES = {"l1": 0, "l2": 120, "l3": 240}
_NOTHING = Electrical()


def wye_lines(inlet: int, snapshot: Snapshot) -> dict[str, Meter]:
    """The meters of its three lines by the lines' names; empty unless there are all three."""
    found = {
        line.line: line.meter
        for line in snapshot.lines
        if line.inlet == inlet and line.meter is not None
    }
    return found if found.keys() == _ANGLES.keys() else {}


def _rows(snapshot: Snapshot) -> Iterator[tuple[Oid, Electrical]]:
    """Without values while the meter is silent."""
    for inlet in snapshot.inlets:
        index = index_of(Target(TargetKind.INLET, inlet.index))
        for line, meter in wye_lines(inlet.index, snapshot).items():
            yield (index, _ANGLES[line]), meter.electrical if is_fresh(meter) else _NOTHING


def _value(
    number: int,
    name: str,
    syntax: Integer32,
    units: str,
    get: Callable[[Electrical], float | None],
) -> ObjectType[Electrical]:
    return ObjectType(number, f"eoACPwrAttributesWye{name}", syntax, get, units=units)


WYE_PHASES: Table[Electrical] = Table(
    suffix=(1, 3),
    name="eoACPwrAttributesWyePhaseTable",
    index=("entPhysicalIndex", "eoACPwrAttributesWyePhaseIndex"),
    rows=_rows,
    objects=(
        ObjectType(1, "eoACPwrAttributesWyePhaseIndex", Integer32(0, 359)),
        _value(
            2,
            "PhaseToNeutralVoltage",
            Integer32(scale=10),
            "0.1 Volt AC",
            lambda values: values.voltage_v,
        ),
        _value(
            3, "Current", Integer32(scale=10), "0.1 amperes AC", lambda values: values.current_a
        ),
        _value(4, "ActivePower", MILLI_UNITS, "watts", lambda values: values.active_power_w),
        _value(
            5,
            "ReactivePower",
            MILLI_UNITS,
            "volt-amperes reactive",
            lambda values: values.reactive_power_var,
        ),
        _value(
            6,
            "ApparentPower",
            MILLI_UNITS,
            "volt-amperes",
            lambda values: values.apparent_power_va,
        ),
        _value(
            7,
            "PowerFactor",
            Integer32(-10_000, 10_000, scale=10_000),
            "hundredths",
            lambda values: values.power_factor,
        ),
        _value(
            8,
            "ThdCurrent",
            HUNDREDTHS_PERCENT,
            "hundredths of percent",
            lambda values: values.current_thd_percent,
        ),
        _value(
            9,
            "ThdPhaseToNeutralVoltage",
            HUNDREDTHS_PERCENT,
            "hundredths of percent",
            lambda values: values.voltage_thd_percent,
        ),
    ),
)
