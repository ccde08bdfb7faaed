# SPDX-License-Identifier: Apache-2.0
"""OPENPDU-MIB opduLineTable and opduLineMeterTable: the phase conductors, and their meters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pdu_agent.mib_impl.openpdu.metering import (
    crest_object,
    measured_objects,
    peak_details,
    peak_objects,
    quality_objects,
    status_object,
)
from pdu_agent.mib_impl.openpdu.words import INLET_NUMBER, LINE_NUMBER, RATED_CURRENT
from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.syntax import Enumerated, Oid, Utf8
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.snapshot import Line, Meter, Snapshot

PHASE = Enumerated((1, "l1", "l1"), (2, "l2", "l2"), (3, "l3", "l3"))


@dataclass(frozen=True, slots=True)
class MeteredLine:
    number: int
    meter: Meter


def _meter(row: MeteredLine) -> Meter:
    return row.meter


def _target(row: MeteredLine) -> Target:
    return Target(TargetKind.LINE, row.number)


def _metered(snapshot: Snapshot) -> Iterator[tuple[Oid, MeteredLine]]:
    for line in snapshot.lines:
        if line.meter is not None:
            yield (line.index,), MeteredLine(line.index, line.meter)


LINES: Table[Line] = Table(
    suffix=(2, 5),
    name="opduLineTable",
    index=("opduLineIndex",),
    rows=lambda snapshot: (((line.index,), line) for line in snapshot.lines),
    objects=(
        ObjectType(1, "opduLineIndex", LINE_NUMBER),
        ObjectType(2, "opduLineName", Utf8(0, 32), lambda line: line.name),
        ObjectType(3, "opduLineInlet", INLET_NUMBER, lambda line: line.inlet),
        ObjectType(4, "opduLinePhase", PHASE, lambda line: line.line),
        ObjectType(
            5,
            "opduLineRatedCurrent",
            RATED_CURRENT,
            lambda line: line.rated_current_a,
            units="milliamperes",
        ),
    ),
)

LINE_METERS: Table[MeteredLine] = Table(
    suffix=(2, 6),
    name="opduLineMeterTable",
    index=("opduLineIndex",),
    rows=_metered,
    objects=(
        *measured_objects("opduLine", 1, _meter),
        status_object(13, "opduLineMeterStatus", _meter),
        *peak_objects("opduLine", 14, _meter, _target),
        crest_object(18, "opduLineCrestFactor", _meter),
        *peak_details("opduLine", 19, _meter),
        *quality_objects("opduLine", 23, _meter),
    ),
)
