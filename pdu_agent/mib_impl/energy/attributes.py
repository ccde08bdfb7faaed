# SPDX-License-Identifier: Apache-2.0
"""POWER-ATTRIBUTES-MIB (RFC 7460): voltage, current and power of what is metered.

Values of a meter that is silent are absent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pdu_agent.mib_impl.energy.phases import wye_lines
from pdu_agent.mib_impl.energy.words import (
    ACCURACY,
    ACCURACY_UNKNOWN,
    HUNDREDTHS_PERCENT,
    MILLI,
    MILLI_UNITS,
    UNIT_MULTIPLIER,
    is_fresh,
    metered,
)
from pdu_agent.mib_impl.entity.entities import Entity
from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.syntax import Enumerated, Integer32, Oid, Unsigned32
from pdu_agent.model.quantities import Electrical
from pdu_agent.model.snapshot import Inlet, Snapshot

_CONFIGURATION = Enumerated((1, "sngl", "sngl"), (3, "wye", "wye"))
_LOWEST_HZ, _HIGHEST_HZ = 45.0, 65.0
_NOTHING = Electrical()


@dataclass(frozen=True, slots=True)
class AttributesRow:
    """electrical: without values while the meter is silent. is_wye: all three lines are metered."""

    entity: Entity
    electrical: Electrical
    is_wye: bool


def _rows(snapshot: Snapshot) -> Iterator[tuple[Oid, AttributesRow]]:
    for entity, meter in metered(snapshot):
        electrical = meter.electrical if is_fresh(meter) else _NOTHING
        thing = entity.thing
        is_wye = isinstance(thing, Inlet) and bool(wye_lines(thing.index, snapshot))
        yield (entity.index,), AttributesRow(entity, electrical, is_wye)


def _configuration(row: AttributesRow) -> str | None:
    """None for an inlet with several lines that are not metered: star or delta is not known."""
    thing = row.entity.thing
    if row.is_wye:
        return "wye"
    return None if isinstance(thing, Inlet) and thing.line_count > 1 else "sngl"


def _frequency_hz(row: AttributesRow) -> float | None:
    """None outside of what the object can hold: a clamped frequency would be a wrong one."""
    frequency_hz = row.electrical.frequency_hz
    if frequency_hz is None or not _LOWEST_HZ <= frequency_hz <= _HIGHEST_HZ:
        return None
    return frequency_hz


def _of(get: Callable[[Electrical], float | None]) -> Callable[[AttributesRow], float | None]:
    return lambda row: get(row.electrical)


ATTRIBUTES: Table[AttributesRow] = Table(
    suffix=(1, 1),
    name="eoACPwrAttributesTable",
    index=("entPhysicalIndex",),
    rows=_rows,
    outlet=lambda row: row.entity.outlet,
    objects=(
        ObjectType(1, "eoACPwrAttributesConfiguration", _CONFIGURATION, _configuration),
        ObjectType(
            2,
            "eoACPwrAttributesAvgVoltage",
            Integer32(scale=10),
            _of(lambda values: values.voltage_v),
            units="0.1 Volt AC",
        ),
        ObjectType(
            3,
            "eoACPwrAttributesAvgCurrent",
            Unsigned32(),
            _of(lambda values: values.current_a),
            units="amperes",
        ),
        ObjectType(
            4,
            "eoACPwrAttributesFrequency",
            Integer32(4500, 6500, scale=100),
            _frequency_hz,
            units="0.01 hertz",
        ),
        ObjectType(5, "eoACPwrAttributesPowerUnitMultiplier", UNIT_MULTIPLIER, lambda _: MILLI),
        ObjectType(
            6,
            "eoACPwrAttributesPowerAccuracy",
            ACCURACY,
            lambda _: ACCURACY_UNKNOWN,
            units="hundredths of percent",
        ),
        ObjectType(
            7,
            "eoACPwrAttributesTotalActivePower",
            MILLI_UNITS,
            _of(lambda values: values.active_power_w),
            units="watts",
        ),
        ObjectType(
            8,
            "eoACPwrAttributesTotalReactivePower",
            MILLI_UNITS,
            _of(lambda values: values.reactive_power_var),
            units="volt-amperes reactive",
        ),
        ObjectType(
            9,
            "eoACPwrAttributesTotalApparentPower",
            MILLI_UNITS,
            _of(lambda values: values.apparent_power_va),
            units="volt-amperes",
        ),
        ObjectType(
            10,
            "eoACPwrAttributesTotalPowerFactor",
            Integer32(-10_000, 10_000, scale=10_000),
            _of(lambda values: values.power_factor),
            units="hundredths",
        ),
        ObjectType(
            11,
            "eoACPwrAttributesThdCurrent",
            HUNDREDTHS_PERCENT,
            _of(lambda values: values.current_thd_percent),
            units="hundredths of percent",
        ),
        ObjectType(
            12,
            "eoACPwrAttributesThdVoltage",
            HUNDREDTHS_PERCENT,
            _of(lambda values: values.voltage_thd_percent),
            units="hundredths of percent",
        ),
    ),
)
