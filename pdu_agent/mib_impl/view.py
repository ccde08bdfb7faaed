# SPDX-License-Identifier: Apache-2.0
"""Reading all MIBs: get and next over declarations.

Who may see what is not decided here: callers check that first.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from enum import Enum
from typing import Any, Final, Literal

from pdu_agent.mib_impl.rows import Rows
from pdu_agent.mib_impl.schema import MibModule
from pdu_agent.mib_impl.syntax import Oid, Tag, Value
from pdu_agent.mib_impl.tree import ObjectTree, Place
from pdu_agent.model.snapshot import Snapshot


class Absence(Enum):
    """What stands in a response in place of a value (RFC 3416 section 3)."""

    NO_SUCH_OBJECT = "noSuchObject"
    NO_SUCH_INSTANCE = "noSuchInstance"
    END_OF_MIB_VIEW = "endOfMibView"


NO_SUCH_OBJECT: Final = Absence.NO_SUCH_OBJECT
NO_SUCH_INSTANCE: Final = Absence.NO_SUCH_INSTANCE
END_OF_MIB_VIEW: Final = Absence.END_OF_MIB_VIEW

VarBind = tuple[Oid, Value]

_NO_OUTLET = 0


class MibView:
    """All instances of `modules`, read from snapshots.

    A caller takes `controller.snapshot` once per request and passes it to every read of
    that request, so that one response never mixes two instants. Rows may come and go from
    one snapshot to the next. Raises ValueError if two declarations claim the same object.
    """

    def __init__(self, modules: Sequence[MibModule]) -> None:
        self.tree = ObjectTree(modules)
        self._rows = [Rows(group) for group in self.tree.groups]

    def rows(self, group: int, snapshot: Snapshot) -> Rows:
        """What the objects of that group are read from; valid until another snapshot is."""
        return self._rows[group].of(snapshot)

    def object_of(self, oid: Oid) -> Place | None:
        """The object whose instance `oid` is or could be."""
        return self.tree.object_of(oid)

    def row_at(self, place: Place, oid: Oid, snapshot: Snapshot) -> Any | None:
        """The row that the instance `oid` of `place` is read from, None if there is none."""
        return self.rows(place.group, snapshot).by_index.get(oid[len(place.oid) :])

    def outlet_of(self, place: Place, oid: Oid, snapshot: Snapshot) -> int | None:
        """Whose rights count for the instance `oid` of `place`: an outlet, or None for the unit.

        A row that is not there belongs to an outlet that is not there, in a table of outlets.
        """
        group = self.tree.groups[place.group]
        if group.outlet is None:
            return None
        return self.rows(place.group, snapshot).outlets.get(oid[len(place.oid) :], _NO_OUTLET)

    def get(self, oid: Oid, snapshot: Snapshot) -> Value | Absence:
        """The value of one instance (RFC 3416 section 4.2.1); never END_OF_MIB_VIEW."""
        place = self.tree.object_of(oid)
        if place is None:
            return NO_SUCH_OBJECT
        row = self.row_at(place, oid, snapshot)
        value = None if row is None else place.declared.read(row)
        return NO_SUCH_INSTANCE if value is None else value

    def next(
        self, oid: Oid, snapshot: Snapshot, *, skip_counter64: bool = False
    ) -> VarBind | Literal[Absence.END_OF_MIB_VIEW]:
        """The first instance after `oid` that has a value (RFC 3416 section 4.2.2).

        skip_counter64: for SNMPv1, which cannot carry that type.
        """
        number, below = self.tree.locate(oid)
        for place in self.tree.places[number:]:
            rows = self.rows(place.group, snapshot)
            first = 0 if below is None else bisect_right(rows.indices, below)
            below = None
            if skip_counter64 and place.declared.syntax.tag is Tag.COUNTER64:
                continue
            for index in rows.indices[first:]:
                value = place.declared.read(rows.by_index[index])
                if value is not None:
                    return place.oid + index, value
        return END_OF_MIB_VIEW
