# SPDX-License-Identifier: Apache-2.0
"""Reading all MIBs: get and next over declarations.

Who may see what is not decided here: callers check that first.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any, Final, Literal

from pdu_agent.mib_impl.schema import MibModule, Table
from pdu_agent.mib_impl.syntax import Oid, Tag, Value
from pdu_agent.mib_impl.tree import InstanceTree, Place
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
    that request, so that one response never mixes two instants. `snapshot` here is the
    first one; the tree follows the topology of whatever it is asked about.
    """

    def __init__(self, modules: Sequence[MibModule], snapshot: Snapshot) -> None:
        self._modules = tuple(modules)
        self._use(snapshot)

    def _use(self, snapshot: Snapshot) -> None:
        self._tree = InstanceTree(self._modules, snapshot)
        self._forget_rows(snapshot)

    def _forget_rows(self, snapshot: Snapshot) -> None:
        self._rows_from = snapshot
        self._rows: list[dict[Oid, Any] | None] = [None] * len(self._tree.groups)

    def _tree_for(self, snapshot: Snapshot) -> InstanceTree:
        if snapshot.topology != self._tree.topology:
            self._use(snapshot)
        return self._tree

    def _row(self, group: int, index: Oid, snapshot: Snapshot) -> Any | None:
        if snapshot is not self._rows_from:
            self._forget_rows(snapshot)
        rows = self._rows[group]
        if rows is None:
            rows = self._rows[group] = dict(self._tree.groups[group].rows(snapshot))
        return rows.get(index)

    def _read(self, position: int, snapshot: Snapshot) -> Value | None:
        place, index = self._tree.at(position)
        row = self._row(place.group, index, snapshot)
        return None if row is None else place.declared.read(row)

    def object_of(self, oid: Oid, snapshot: Snapshot) -> Place | None:
        """The object whose instance `oid` is or could be."""
        return self._tree_for(snapshot).object_of(oid)

    def row_at(self, place: Place, oid: Oid, snapshot: Snapshot) -> Any | None:
        """The row that the instance `oid` of `place` is read from, None if there is none."""
        return self._row(place.group, oid[len(place.oid) :], snapshot)

    def outlet_of(self, place: Place, oid: Oid, snapshot: Snapshot) -> int | None:
        """Whose rights count for the instance `oid` of `place`: an outlet, or None for the unit.

        A row that is not there belongs to an outlet that is not there, in a table of outlets.
        """
        group = self._tree.groups[place.group]
        if not isinstance(group, Table) or group.outlet is None:
            return None
        row = self.row_at(place, oid, snapshot)
        return _NO_OUTLET if row is None else group.outlet(row)

    def get(self, oid: Oid, snapshot: Snapshot) -> Value | Absence:
        """The value of one instance (RFC 3416 section 4.2.1); never END_OF_MIB_VIEW."""
        tree = self._tree_for(snapshot)
        position = tree.position_of(oid)
        value = None if position is None else self._read(position, snapshot)
        if value is not None:
            return value
        return NO_SUCH_OBJECT if tree.object_of(oid) is None else NO_SUCH_INSTANCE

    def next(
        self, oid: Oid, snapshot: Snapshot, *, skip_counter64: bool = False
    ) -> VarBind | Literal[Absence.END_OF_MIB_VIEW]:
        """The first instance after `oid` that has a value (RFC 3416 section 4.2.2).

        skip_counter64: for SNMPv1, which cannot carry that type.
        """
        tree = self._tree_for(snapshot)
        for position in range(tree.position_after(oid), len(tree.oids)):
            value = self._read(position, snapshot)
            if value is None or (skip_counter64 and value.tag is Tag.COUNTER64):
                continue
            return tree.oids[position], value
        return END_OF_MIB_VIEW
