# SPDX-License-Identifier: Apache-2.0
"""UPS-MIB upsInput and upsOutput: what goes in and what comes out, line by line."""

from __future__ import annotations

from collections.abc import Iterable

from pdu_agent.mib_impl.one_ups import first_ups, measured, of_ups
from pdu_agent.mib_impl.schema import ObjectType, Scalars, Table
from pdu_agent.mib_impl.syntax import Enumerated, Integer32, Oid
from pdu_agent.mib_impl.ups.unit import NON_NEGATIVE, TENTHS
from pdu_agent.mib_impl.upses import finite
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.model.ups import Ups, UpsFlag, UpsLine

_OTHER = "other"
_SILENT = UpsLine()
_SOURCE = Enumerated(
    (1, "other", _OTHER),
    (2, "none", UpsFlag.OFF),
    (3, "normal", UpsFlag.ON_LINE),
    (4, "bypass", UpsFlag.BYPASS),
    (5, "battery", UpsFlag.ON_BATTERY),
    (6, "booster", UpsFlag.BOOSTING),
    (7, "reducer", UpsFlag.TRIMMING),
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


def _source(ups: Ups) -> UpsFlag | str:
    if not ups.is_reachable:
        return _OTHER
    return next((flag for flag in _MOST_TELLING if flag in ups.flags), _OTHER)


def _frequency_hz(lines: tuple[UpsLine, ...]) -> float | None:
    return lines[0].frequency_hz if lines else None


def _inputs(snapshot: Snapshot) -> Iterable[tuple[Oid, UpsLine]]:
    ups = first_ups(snapshot)
    return () if ups is None else _numbered(ups, ups.inputs)


def _outputs(snapshot: Snapshot) -> Iterable[tuple[Oid, tuple[UpsLine, Ups]]]:
    ups = first_ups(snapshot)
    if ups is None:
        return ()
    return ((index, (line, ups)) for index, line in _numbered(ups, ups.outputs))


def _numbered(ups: Ups, lines: tuple[UpsLine, ...]) -> Iterable[tuple[Oid, UpsLine]]:
    """Each line with its index; without values while the UPS is silent."""
    for number, line in enumerate(lines, 1):
        yield (number,), line if ups.is_reachable else _SILENT


def _load_pct(ups: Ups) -> float | None:
    """NUT tells the load of the whole UPS, so that of a line is known where there is one."""
    is_known = ups.is_reachable and len(ups.outputs) == 1
    return finite(ups.load_pct) if is_known else None


INPUT: Scalars[Ups | None] = Scalars(
    suffix=(3,),
    source=first_ups,
    objects=(ObjectType(2, "upsInputNumLines", NON_NEGATIVE, of_ups(lambda ups: len(ups.inputs))),),
)

INPUT_LINES: Table[UpsLine] = Table(
    suffix=(3, 3),
    name="upsInputTable",
    index=("upsInputLineIndex",),
    rows=_inputs,
    objects=(
        ObjectType(1, "upsInputLineIndex", Integer32(1)),
        ObjectType(
            2,
            "upsInputFrequency",
            TENTHS,
            lambda line: finite(line.frequency_hz),
            units="0.1 Hertz",
        ),
        ObjectType(
            3,
            "upsInputVoltage",
            NON_NEGATIVE,
            lambda line: finite(line.voltage_v),
            units="RMS Volts",
        ),
        ObjectType(
            4, "upsInputCurrent", TENTHS, lambda line: finite(line.current_a), units="0.1 RMS Amp"
        ),
        ObjectType(
            5,
            "upsInputTruePower",
            NON_NEGATIVE,
            lambda line: finite(line.active_power_w),
            units="Watts",
        ),
    ),
)

OUTPUT: Scalars[Ups | None] = Scalars(
    suffix=(4,),
    source=first_ups,
    objects=(
        ObjectType(1, "upsOutputSource", _SOURCE, of_ups(_source)),
        ObjectType(
            2,
            "upsOutputFrequency",
            TENTHS,
            measured(lambda ups: _frequency_hz(ups.outputs)),
            units="0.1 Hertz",
        ),
        ObjectType(3, "upsOutputNumLines", NON_NEGATIVE, of_ups(lambda ups: len(ups.outputs))),
    ),
)

OUTPUT_LINES: Table[tuple[UpsLine, Ups]] = Table(
    suffix=(4, 4),
    name="upsOutputTable",
    index=("upsOutputLineIndex",),
    rows=_outputs,
    objects=(
        ObjectType(1, "upsOutputLineIndex", Integer32(1)),
        ObjectType(
            2,
            "upsOutputVoltage",
            NON_NEGATIVE,
            lambda row: finite(row[0].voltage_v),
            units="RMS Volts",
        ),
        ObjectType(3, "upsOutputCurrent", TENTHS, lambda row: finite(row[0].current_a)),
        ObjectType(
            4,
            "upsOutputPower",
            NON_NEGATIVE,
            lambda row: finite(row[0].active_power_w),
            units="Watts",
        ),
        ObjectType(
            5,
            "upsOutputPercentLoad",
            Integer32(0, 200),
            lambda row: _load_pct(row[1]),
            units="percent",
        ),
    ),
)
