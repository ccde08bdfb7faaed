# SPDX-License-Identifier: Apache-2.0
"""The declared objects in lexicographic order. Which instances they have is not known here.

OIDs are compared as tuples of numbers: encoded octets sort differently.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pdu_agent.mib_impl.rows import Group
from pdu_agent.mib_impl.schema import MibModule, ObjectType, Scalars
from pdu_agent.mib_impl.syntax import Oid


@dataclass(frozen=True, slots=True)
class Place:
    """An accessible object: its OID, and the group whose rows give its instances.

    get: the plain value of a row. live: values may change while the snapshot stays the same.
    """

    oid: Oid
    declared: ObjectType[Any]
    get: Callable[[Any], Any]
    group: int
    live: bool


class ObjectTree:
    """places: sorted; no object lies below another, so their instances never interleave.

    Raises ValueError if two declarations claim the same object.
    """

    def __init__(self, modules: Sequence[MibModule]) -> None:
        self.groups: list[Group] = []
        self.places = self._places(modules)
        self._starts = [place.oid for place in self.places]
        for earlier, later in pairwise(self._starts):
            if later[: len(earlier)] == earlier:
                raise ValueError(f"object {dotted(later)} is declared twice")

    def _places(self, modules: Sequence[MibModule]) -> list[Place]:
        places = []
        for module in modules:
            for group in module.groups:
                base = module.arc + group.base
                all_live = isinstance(group, Scalars) and group.live
                places += [
                    Place(
                        (*base, declared.number),
                        declared,
                        declared.get,
                        len(self.groups),
                        all_live or declared.live,
                    )
                    for declared in group.objects
                    if declared.get is not None
                ]
                self.groups.append(group)
        return sorted(places, key=lambda place: place.oid)

    def object_of(self, oid: Oid) -> Place | None:
        """The object whose instance `oid` is or could be."""
        number, below = self.locate(oid)
        return None if below is None else self.places[number]

    def locate(self, oid: Oid) -> tuple[int, Oid | None]:
        """Where `oid` stands among `places`.

        If it is an object or lies below one: that one's position and what follows its OID.
        If not: the position of the first object after it, and None.
        """
        number = bisect_right(self._starts, oid)
        if number:
            start = self._starts[number - 1]
            if oid[: len(start)] == start:
                return number - 1, oid[len(start) :]
        return number, None


def dotted(oid: Oid) -> str:
    return ".".join(map(str, oid))
