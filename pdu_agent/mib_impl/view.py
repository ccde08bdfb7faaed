# SPDX-License-Identifier: Apache-2.0
"""The face-side of all MIBs: get, next, and all-or-nothing SETs, over declarations.

Who may see or change what is not decided here: callers check that first.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any, Final, Literal

from pdu_agent.mib_impl.schema import MibModule
from pdu_agent.mib_impl.set_errors import STATUS_OF, ErrorStatus, SetError
from pdu_agent.mib_impl.syntax import Oid, Tag, Unacceptable, Value
from pdu_agent.mib_impl.tree import InstanceTree, Place, dotted
from pdu_agent.model.commands import Actor, Command, Controller, Ticket
from pdu_agent.model.errors import CommandError
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
Plan = list[tuple[int, Command]]


class MibView:
    """All instances of `modules`, read from snapshots and written through `controller`.

    A caller takes `controller.snapshot` once per request and passes it to every read of
    that request, so that one response never mixes two instants.
    """

    def __init__(self, controller: Controller, modules: Sequence[MibModule]) -> None:
        self._controller = controller
        self._modules = tuple(modules)
        self._use(controller.snapshot)

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

    def plan_set(self, varbinds: Sequence[VarBind], snapshot: Snapshot) -> Plan:
        """The commands that a SET amounts to, each with the 0-based place of its varbind.

        Raises SetError for the first varbind that no state of the unit would allow, in the
        order of checks of RFC 3416 section 4.2.5, and for an instance named twice.
        """
        plan: Plan = []
        named: set[Oid] = set()
        for position, (oid, value) in enumerate(varbinds):
            command = self._plan_one(position + 1, oid, value, snapshot)
            if oid in named:
                raise SetError(
                    ErrorStatus.INCONSISTENT_VALUE, position + 1, f"{dotted(oid)} is named twice"
                )
            named.add(oid)
            if command is not None:
                plan.append((position, command))
        return plan

    def _plan_one(
        self, error_index: int, oid: Oid, value: Value, snapshot: Snapshot
    ) -> Command | None:
        place = self._writable(error_index, oid, snapshot)
        name = place.declared.name
        try:
            plain = place.declared.syntax.decode(value)
        except Unacceptable as exc:
            raise SetError(exc.status, error_index, f"{name}: {exc}") from exc
        row = self._row(place.group, oid[len(place.oid) :], snapshot)
        if row is None:
            raise SetError(
                ErrorStatus.NO_CREATION, error_index, f"{name} has no instance {dotted(oid)}"
            )
        return place.declared.command(row, plain)

    def _writable(self, error_index: int, oid: Oid, snapshot: Snapshot) -> Place:
        place = self._tree_for(snapshot).object_of(oid)
        if place is None:
            raise SetError(ErrorStatus.NOT_WRITABLE, error_index, f"{dotted(oid)} is no object")
        if place.declared.to_command is None:
            raise SetError(
                ErrorStatus.NOT_WRITABLE, error_index, f"{place.declared.name} is read-only"
            )
        return place

    def check_set(self, varbinds: Sequence[VarBind], actor: Actor) -> None:
        """Judge a SET without doing anything. Raises SetError."""
        plan = self.plan_set(varbinds, self._controller.snapshot)
        if plan:
            try:
                self._controller.check([command for _, command in plan], actor)
            except CommandError as exc:
                raise _refused(exc, plan) from exc

    def apply_set(self, varbinds: Sequence[VarBind], actor: Actor) -> Ticket | None:
        """Carry out a SET completely or not at all. Raises SetError.

        Returns the receipt of the core, None if the SET asks for nothing.
        """
        plan = self.plan_set(varbinds, self._controller.snapshot)
        if not plan:
            return None
        try:
            return self._controller.submit_all([command for _, command in plan], actor)
        except CommandError as exc:
            raise _refused(exc, plan) from exc


def _refused(error: CommandError, plan: Plan) -> SetError:
    position, _ = plan[error.position]
    return SetError(STATUS_OF[type(error)], position + 1, str(error))
