# SPDX-License-Identifier: Apache-2.0
"""What the EMAN modules (RFC 7460, RFC 7461) have in common: words, scales, energy objects."""

from __future__ import annotations

from collections.abc import Iterator

from pdu_agent.mib_impl.entity.entities import Entity, entities
from pdu_agent.mib_impl.syntax import Enumerated, Integer32
from pdu_agent.model.snapshot import Meter, MeterStatus, Sensor, Snapshot

UNIT_MULTIPLIER = Enumerated((-3, "milli", -3), (0, "units", 0))
"""The number, and the plain value, is the power of ten."""
MILLI, UNITS = -3, 0
MILLI_UNITS = Integer32(scale=1000)

POWER_STATE = Enumerated((257, "ieee1621Off", False), (259, "ieee1621On", True))
"""PowerStateSet of IANAPowerStateSet-MIB: what a relay can be, in the set of IEEE 1621."""
STATE_UNKNOWN = 255

HUNDREDTHS_PERCENT = Integer32(0, 10_000, scale=100)

ACCURACY = Integer32(0, 10_000)
ACCURACY_UNKNOWN = 0
"""What the modules want to be told by whoever has no figure of a class of accuracy."""


def energy_objects(snapshot: Snapshot) -> Iterator[Entity]:
    """The chassis, its inlets, branches and outlets."""
    return (
        entity
        for entity in entities(snapshot)
        if entity.measure is None and not isinstance(entity.thing, Sensor)
    )


def metered(snapshot: Snapshot) -> Iterator[tuple[Entity, Meter]]:
    """The energy objects that have a meter, with it."""
    for entity in energy_objects(snapshot):
        meter = entity.meter
        if meter is not None:
            yield entity, meter


def is_fresh(meter: Meter) -> bool:
    """Whether its values are those of now: these modules have no place for old ones."""
    return meter.status is MeterStatus.OK
