# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB upsInput, upsOutput and upsConfig: what goes in, what comes out, its ratings.

The tables of lines are left out. Of a UPS with several lines there is no one voltage, current or
power; all have one frequency.
"""

from __future__ import annotations

from collections.abc import Callable

from pdu_agent.mib_impl.one_ups import first_ups, measured, of_ups, rated
from pdu_agent.mib_impl.powernet_ups.numbers import (
    COUNT,
    SIGNED,
    TENTHS,
    WHOLE,
    told_by_driver,
)
from pdu_agent.mib_impl.schema import ObjectType, Scalars
from pdu_agent.mib_impl.syntax import Enumerated
from pdu_agent.model.ups import Ups, UpsFlag, UpsLine

_UNKNOWN = "unknown"
_STATUS = Enumerated(
    (1, "unknown", _UNKNOWN),
    (2, "onLine", UpsFlag.ON_LINE),
    (3, "onBattery", UpsFlag.ON_BATTERY),
    (4, "onSmartBoost", UpsFlag.BOOSTING),
    (6, "softwareBypass", UpsFlag.BYPASS),
    (7, "off", UpsFlag.OFF),
    (12, "onSmartTrim", UpsFlag.TRIMMING),
)
# Several flags hold at once, as in "OL BOOST": the first one found tells the most.
_MOST_TELLING = (
    UpsFlag.OFF,
    UpsFlag.BYPASS,
    UpsFlag.ON_BATTERY,
    UpsFlag.BOOSTING,
    UpsFlag.TRIMMING,
    UpsFlag.ON_LINE,
)

_Lines = tuple[UpsLine, ...]
_Number = Callable[[Ups | None], float | None]


def _output_status(ups: Ups) -> UpsFlag | str:
    if not ups.is_reachable:
        return _UNKNOWN
    return next((flag for flag in _MOST_TELLING if flag in ups.flags), _UNKNOWN)


def _only(lines: _Lines) -> UpsLine:
    return lines[0] if len(lines) == 1 else UpsLine()


def _input(get: Callable[[UpsLine], float | None]) -> _Number:
    return measured(lambda ups: get(_only(ups.inputs)))


def _output(get: Callable[[UpsLine], float | None]) -> _Number:
    return measured(lambda ups: get(_only(ups.outputs)))


def _frequency_hz(lines: _Lines) -> float | None:
    return lines[0].frequency_hz if lines else None


def _line_count(lines: _Lines) -> int | None:
    return len(lines) or None


_INPUT_VOLTAGE = _input(lambda line: line.voltage_v)
_INPUT_FREQUENCY = measured(lambda ups: _frequency_hz(ups.inputs))
_OUTPUT_VOLTAGE = _output(lambda line: line.voltage_v)
_OUTPUT_FREQUENCY = measured(lambda ups: _frequency_hz(ups.outputs))
_OUTPUT_CURRENT = _output(lambda line: line.current_a)
_LOAD = measured(lambda ups: ups.load_pct)


def _group(suffix: tuple[int, ...], *objects: ObjectType[Ups | None]) -> Scalars[Ups | None]:
    return Scalars(suffix=suffix, source=first_ups, objects=objects)


POWER = (
    _group(
        (3, 1),
        ObjectType(1, "upsBasicInputPhase", COUNT, of_ups(lambda ups: _line_count(ups.inputs))),
    ),
    _group(
        (3, 2),
        ObjectType(1, "upsAdvInputLineVoltage", WHOLE, _INPUT_VOLTAGE),
        ObjectType(4, "upsAdvInputFrequency", WHOLE, _INPUT_FREQUENCY),
    ),
    _group(
        (3, 3),
        ObjectType(1, "upsHighPrecInputLineVoltage", TENTHS, _INPUT_VOLTAGE),
        ObjectType(4, "upsHighPrecInputFrequency", TENTHS, _INPUT_FREQUENCY),
    ),
    _group(
        (4, 1),
        ObjectType(1, "upsBasicOutputStatus", _STATUS, of_ups(_output_status)),
        ObjectType(2, "upsBasicOutputPhase", COUNT, of_ups(lambda ups: _line_count(ups.outputs))),
    ),
    _group(
        (4, 2),
        ObjectType(1, "upsAdvOutputVoltage", WHOLE, _OUTPUT_VOLTAGE),
        ObjectType(2, "upsAdvOutputFrequency", WHOLE, _OUTPUT_FREQUENCY),
        ObjectType(3, "upsAdvOutputLoad", WHOLE, _LOAD),
        ObjectType(4, "upsAdvOutputCurrent", WHOLE, _OUTPUT_CURRENT),
        ObjectType(8, "upsAdvOutputActivePower", SIGNED, _output(lambda line: line.active_power_w)),
        ObjectType(
            9,
            "upsAdvOutputApparentPower",
            SIGNED,
            measured(lambda ups: told_by_driver(ups, "ups.power")),
        ),
    ),
    _group(
        (4, 3),
        ObjectType(1, "upsHighPrecOutputVoltage", TENTHS, _OUTPUT_VOLTAGE),
        ObjectType(2, "upsHighPrecOutputFrequency", TENTHS, _OUTPUT_FREQUENCY),
        ObjectType(3, "upsHighPrecOutputLoad", TENTHS, _LOAD),
        ObjectType(4, "upsHighPrecOutputCurrent", TENTHS, _OUTPUT_CURRENT),
    ),
    _group(
        (5, 2),
        ObjectType(
            1,
            "upsAdvConfigRatedOutputVoltage",
            SIGNED,
            rated(lambda ups: ups.nominal_output_v),
        ),
        ObjectType(
            2, "upsAdvConfigHighTransferVolt", SIGNED, rated(lambda ups: ups.high_transfer_v)
        ),
        ObjectType(3, "upsAdvConfigLowTransferVolt", SIGNED, rated(lambda ups: ups.low_transfer_v)),
    ),
)
