# SPDX-License-Identifier: Apache-2.0
"""OPENPDU-MIB opduUpsTable and opduUpsLineTable: UPSes that feed the unit or stand beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pdu_agent.mib_impl.conventions import TruthValue
from pdu_agent.mib_impl.openpdu.words import number_list
from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.syntax import Bits, Enumerated, Integer32, Oid, Syntax, Unsigned32, Utf8
from pdu_agent.mib_impl.upses import finite, measured
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.model.ups import Ups, UpsFlag, UpsLine

_LABELS = {
    UpsFlag.ON_LINE: "onLine",
    UpsFlag.ON_BATTERY: "onBattery",
    UpsFlag.LOW_BATTERY: "lowBattery",
    UpsFlag.REPLACE_BATTERY: "replaceBattery",
    UpsFlag.OVERLOADED: "overloaded",
    UpsFlag.BYPASS: "bypass",
    UpsFlag.CHARGING: "charging",
    UpsFlag.DISCHARGING: "discharging",
    UpsFlag.OFF: "off",
    UpsFlag.FORCED_SHUTDOWN: "forcedShutdown",
    UpsFlag.CALIBRATING: "calibrating",
    UpsFlag.TRIMMING: "trimming",
    UpsFlag.BOOSTING: "boosting",
}
FLAGS = Bits(*_LABELS.values())
_NUMBER = Unsigned32(1, 255)
_MILLI = Unsigned32(scale=1000)
_SIGNED_MILLI = Integer32(scale=1000)
_TENTHS = Unsigned32(scale=10)
_PERCENT = Unsigned32(0, 1000, scale=10)
_INPUT, _OUTPUT = 1, 2
_SIDE = Enumerated((_INPUT, "input", "input"), (_OUTPUT, "output", "output"))

_Row = tuple[Ups, UpsLine]


def flag_labels(ups: Ups) -> set[str]:
    """Labels of FLAGS."""
    return {_LABELS[flag] for flag in ups.flags}


def _now(get: Callable[[Ups], float | None]) -> Callable[[Ups], float | None]:
    return lambda ups: measured(ups, get(ups))


def _rated(get: Callable[[Ups], float | None]) -> Callable[[Ups], float | None]:
    return lambda ups: finite(get(ups))


UPSES: Table[Ups] = Table(
    suffix=(9, 1),
    name="opduUpsTable",
    index=("opduUpsIndex",),
    rows=lambda snapshot: (((ups.index,), ups) for ups in snapshot.upses),
    objects=(
        ObjectType(1, "opduUpsIndex", _NUMBER),
        ObjectType(2, "opduUpsName", Utf8(0, 32), lambda ups: ups.name),
        ObjectType(3, "opduUpsManufacturer", Utf8(0, 64), lambda ups: ups.manufacturer),
        ObjectType(4, "opduUpsModel", Utf8(0, 64), lambda ups: ups.model),
        ObjectType(5, "opduUpsFirmware", Utf8(0, 64), lambda ups: ups.firmware),
        ObjectType(6, "opduUpsSource", Utf8(), lambda ups: ups.source),
        ObjectType(7, "opduUpsInlets", Utf8(0, 32), lambda ups: number_list(ups.inlets)),
        ObjectType(8, "opduUpsFlags", FLAGS, flag_labels),
        ObjectType(9, "opduUpsReachable", TruthValue(), lambda ups: ups.is_reachable),
        ObjectType(10, "opduUpsTrouble", Utf8(), lambda ups: ups.trouble),
        ObjectType(
            11,
            "opduUpsOnBatteryTime",
            Unsigned32(),
            _now(lambda ups: ups.on_battery_s),
            units="seconds",
        ),
        ObjectType(
            12,
            "opduUpsCharge",
            _PERCENT,
            _now(lambda ups: ups.charge_pct),
            units="tenths of a percent",
        ),
        ObjectType(
            13, "opduUpsRuntime", Unsigned32(), _now(lambda ups: ups.runtime_s), units="seconds"
        ),
        ObjectType(
            14, "opduUpsLoad", _TENTHS, _now(lambda ups: ups.load_pct), units="tenths of a percent"
        ),
        ObjectType(
            15,
            "opduUpsBatteryVoltage",
            _MILLI,
            _now(lambda ups: ups.battery_voltage_v),
            units="millivolts",
        ),
        ObjectType(
            16,
            "opduUpsBatteryCurrent",
            _SIGNED_MILLI,
            _now(lambda ups: ups.battery_current_a),
            units="milliamperes",
        ),
        ObjectType(
            17,
            "opduUpsBatteryTemperature",
            Integer32(scale=10),
            _now(lambda ups: ups.battery_temperature_c),
            units="tenths of a degree Celsius",
        ),
        ObjectType(
            18,
            "opduUpsLowCharge",
            _PERCENT,
            _rated(lambda ups: ups.low_charge_pct),
            units="tenths of a percent",
        ),
        ObjectType(
            19,
            "opduUpsLowRuntime",
            Unsigned32(),
            _rated(lambda ups: ups.low_runtime_s),
            units="seconds",
        ),
        ObjectType(
            20,
            "opduUpsRatedApparentPower",
            _MILLI,
            _rated(lambda ups: ups.nominal_apparent_power_va),
            units="millivolt-amperes",
        ),
        ObjectType(
            21,
            "opduUpsRatedActivePower",
            _MILLI,
            _rated(lambda ups: ups.nominal_active_power_w),
            units="milliwatts",
        ),
    ),
)


def _lines(snapshot: Snapshot) -> Iterable[tuple[Oid, _Row]]:
    for ups in snapshot.upses:
        for side, lines in ((_INPUT, ups.inputs), (_OUTPUT, ups.outputs)):
            for number, line in enumerate(lines, start=1):
                yield (ups.index, side, number), (ups, line)


def _of_line(
    number: int,
    name: str,
    get: Callable[[UpsLine], float | None],
    units: str,
    syntax: Syntax = _MILLI,
) -> ObjectType[_Row]:
    return ObjectType(number, name, syntax, lambda row: measured(row[0], get(row[1])), units)


UPS_LINES: Table[_Row] = Table(
    suffix=(9, 2),
    name="opduUpsLineTable",
    index=("opduUpsIndex", "opduUpsLineSide", "opduUpsLineNumber"),
    rows=_lines,
    objects=(
        ObjectType(1, "opduUpsLineSide", _SIDE),
        ObjectType(2, "opduUpsLineNumber", _NUMBER),
        _of_line(3, "opduUpsLineVoltage", lambda line: line.voltage_v, "millivolts"),
        _of_line(4, "opduUpsLineCurrent", lambda line: line.current_a, "milliamperes"),
        _of_line(
            5,
            "opduUpsLineActivePower",
            lambda line: line.active_power_w,
            "milliwatts",
            _SIGNED_MILLI,
        ),
        _of_line(6, "opduUpsLineFrequency", lambda line: line.frequency_hz, "millihertz"),
    ),
)
