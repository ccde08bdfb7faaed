# SPDX-License-Identifier: Apache-2.0
"""OPENPDU-MIB opduMeterTable: what is measured at the outlets that have a meter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pdu_agent.mib_impl.openpdu.metering import (
    UNSIGNED_MILLI,
    crest_object,
    measured_objects,
    peak_details,
    peak_objects,
    quality_objects,
    status_object,
)
from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.snapshot import Meter, Snapshot


@dataclass(frozen=True, slots=True)
class MeteredOutlet:
    number: int
    meter: Meter


def _meter(row: MeteredOutlet) -> Meter:
    return row.meter


def _target(row: MeteredOutlet) -> Target:
    return Target(TargetKind.OUTLET, row.number)


def _rows(snapshot: Snapshot) -> Iterator[tuple[Oid, MeteredOutlet]]:
    for outlet in snapshot.outlets:
        if outlet.meter is not None:
            yield (outlet.index,), MeteredOutlet(outlet.index, outlet.meter)


METERS: Table[MeteredOutlet] = Table(
    suffix=(3, 2),
    name="opduMeterTable",
    index=("opduOutletIndex",),
    rows=_rows,
    outlet=lambda row: row.number,
    objects=(
        *measured_objects("opduMeter", 1, _meter),
        status_object(13, "opduMeterStatus", _meter),
        *peak_objects("opduMeter", 14, _meter, _target),
        ObjectType(
            17,
            "opduMeterRatedCurrent",
            UNSIGNED_MILLI,
            lambda row: row.meter.rated_current_a,
            units="milliamperes",
        ),
        crest_object(18, "opduMeterCrestFactor", _meter),
        *peak_details("opduMeter", 19, _meter),
        *quality_objects("opduMeter", 23, _meter),
    ),
)
