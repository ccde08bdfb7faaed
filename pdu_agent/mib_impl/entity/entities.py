# SPDX-License-Identifier: Apache-2.0
"""The physical entities of a unit and their numbers: entPhysicalIndex of RFC 6933.

chassis          1
inlet N          100 + N
branch N         200 + N
outlet N         1000 + N
sensor N         2000 + N    one of the surroundings
a quantity       the number of its thing and two digits, see measures.py

A number depends on what the entity is and on nothing else, so it is the same after a restart
and whatever else is configured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar
from uuid import UUID, uuid5

from pdu_agent.access.needs import outlet_of
from pdu_agent.mib_impl.entity.measures import MEASURES, Measure
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.snapshot import Branch, Device, Inlet, Meter, Outlet, Sensor, Snapshot

CHASSIS = 1
_BASES = {
    TargetKind.INLET: 100,
    TargetKind.BRANCH: 200,
    TargetKind.OUTLET: 1000,
    TargetKind.SENSOR: 2000,
}
_QUANTITIES_OF_A_THING = 100

# The UUID of the OID of openpduMIB: never to be changed, every UUID of a unit comes from it.
_UUID_NAMESPACE = UUID("d7be63af-3015-5616-9505-41a7b6fb6136")

Made = TypeVar("Made")
Thing = Device | Inlet | Branch | Outlet | Sensor


def index_of(target: Target | None, measure: Measure | None = None) -> int:
    """entPhysicalIndex of a thing (None: the chassis), or of one quantity of it."""
    thing = CHASSIS if target is None else _BASES[target.kind] + target.index
    return thing if measure is None else thing * _QUANTITIES_OF_A_THING + measure.number


@dataclass(frozen=True, slots=True)
class Entity:
    """index, parent: entPhysicalIndex of it and of what contains it, 0 for nothing.

    target: None for the chassis. measure: for a quantity; then the rest is of its thing.
    """

    index: int
    parent: int
    unit: Device
    thing: Thing
    target: Target | None = None
    measure: Measure | None = None

    @property
    def name(self) -> str:
        """What the command line and the alarms call it."""
        if self.target is None:
            return "chassis"
        return str(self.target) if self.measure is None else f"{self.target} {self.measure.name}"

    @property
    def outlet(self) -> int | None:
        """Whose rights decide who may see it; None for the unit's."""
        return outlet_of(self.target)

    @property
    def meter(self) -> Meter | None:
        return self.thing.meter if isinstance(self.thing, Inlet | Branch | Outlet) else None

    @property
    def uuid(self) -> bytes:
        """16 octets of a name-based UUID (RFC 4122 version 5), the same as long as the unit has
        its model name and serial number; none at all for a unit without a serial number, and
        for a quantity.
        """
        if self.measure is not None or not self.unit.serial_number:
            return b""
        return _uuid(self.unit.model, self.unit.serial_number, self.name)


@lru_cache(maxsize=512)
def _uuid(model: str, serial_number: str, name: str) -> bytes:
    return uuid5(_UUID_NAMESPACE, "\n".join((model, serial_number, name))).bytes


class _PerSnapshot(Generic[Made]):
    """Makes something of a snapshot once for all that ask for it, and keeps the newest."""

    __slots__ = ("_kept", "_make")

    def __init__(self, make: Callable[[Snapshot], Made]) -> None:
        self._make = make
        self._kept: tuple[Snapshot, Made] | None = None

    def __call__(self, snapshot: Snapshot) -> Made:
        if self._kept is None or self._kept[0] is not snapshot:
            self._kept = snapshot, self._make(snapshot)
        return self._kept[1]


def _entities(snapshot: Snapshot) -> Iterator[Entity]:
    unit = snapshot.device
    yield Entity(CHASSIS, 0, unit, unit)
    kinds: tuple[tuple[TargetKind, tuple[Inlet | Branch | Outlet | Sensor, ...]], ...] = (
        (TargetKind.INLET, snapshot.inlets),
        (TargetKind.BRANCH, snapshot.branches),
        (TargetKind.OUTLET, snapshot.outlets),
        (TargetKind.SENSOR, snapshot.sensors),
    )
    for kind, things in kinds:
        for thing in things:
            target = Target(kind, thing.index)
            entity = Entity(index_of(target), CHASSIS, unit, thing, target)
            yield entity
            if entity.meter is not None:
                yield from _quantities(entity, MEASURES[kind])


def _quantities(metered: Entity, measures: tuple[Measure, ...]) -> Iterator[Entity]:
    for measure in measures:
        index = index_of(metered.target, measure)
        yield Entity(index, metered.index, metered.unit, metered.thing, metered.target, measure)


entities = _PerSnapshot(lambda snapshot: tuple(_entities(snapshot)))
"""All entities of a snapshot, each after what contains it."""
