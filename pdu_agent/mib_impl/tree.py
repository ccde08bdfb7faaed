# SPDX-License-Identifier: Apache-2.0
"""Every instance of the declared objects, in lexicographic order, for one topology.

OIDs are compared as tuples of numbers: encoded octets sort differently.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pdu_agent.mib_impl.schema import Access, MibModule, ObjectType, Scalars, Table
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.model.snapshot import Snapshot

Group = Scalars[Any] | Table[Any]


@dataclass(frozen=True, slots=True)
class Place:
    """An accessible object: its OID, and the group whose rows give its instances."""

    oid: Oid
    declared: ObjectType[Any]
    group: int


class InstanceTree:
    """Built once per topology; `oids` is sorted, `found` gives what stands at a position.

    Raises ValueError if two declarations claim the same object.
    """

    def __init__(self, modules: Sequence[MibModule], snapshot: Snapshot) -> None:
        self.topology = snapshot.topology
        self.groups: list[Group] = []
        self.places = self._places(modules)
        self._starts = [place.oid for place in self.places]
        for earlier, later in pairwise(self._starts):
            if later[: len(earlier)] == earlier:
                raise ValueError(f"object {dotted(later)} is declared twice")
        self.oids: list[Oid] = []
        self._found: list[tuple[Place, Oid]] = []
        self._fill(snapshot)

    def _places(self, modules: Sequence[MibModule]) -> list[Place]:
        places = []
        for module in modules:
            for group in module.groups:
                base = module.arc + group.base
                places += [
                    Place((*base, declared.number), declared, len(self.groups))
                    for declared in group.objects
                    if declared.access is not Access.NOT_ACCESSIBLE
                ]
                self.groups.append(group)
        return sorted(places, key=lambda place: place.oid)

    def _fill(self, snapshot: Snapshot) -> None:
        # No object lies below another, so instances are sorted when objects and indices are.
        indices = [sorted(index for index, _ in group.rows(snapshot)) for group in self.groups]
        for place in self.places:
            for index in indices[place.group]:
                self.oids.append(place.oid + index)
                self._found.append((place, index))

    def at(self, position: int) -> tuple[Place, Oid]:
        """The object and the index of the instance `oids[position]`."""
        return self._found[position]

    def position_of(self, oid: Oid) -> int | None:
        """Where the instance `oid` stands, None if there is none."""
        position = bisect_left(self.oids, oid)
        return position if position < len(self.oids) and self.oids[position] == oid else None

    def position_after(self, oid: Oid) -> int:
        """Where the first instance after `oid` stands; len(oids) if there is none."""
        return bisect_right(self.oids, oid)

    def object_of(self, oid: Oid) -> Place | None:
        """The object whose instance `oid` is or could be."""
        position = bisect_right(self._starts, oid) - 1
        if position < 0:
            return None
        place = self.places[position]
        return place if oid[: len(place.oid)] == place.oid else None


def dotted(oid: Oid) -> str:
    return ".".join(map(str, oid))
