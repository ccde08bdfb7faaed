# SPDX-License-Identifier: Apache-2.0
"""All-or-nothing SETs over the declarations: from varbinds to commands for the core.

Who may change what is not decided here; `guard` tells callers what to ask for.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any

from pdu_agent.access.grant import Rights
from pdu_agent.access.needs import Need
from pdu_agent.mib_impl.conventions import RowAction, RowStatus
from pdu_agent.mib_impl.schema import Table
from pdu_agent.mib_impl.set_errors import STATUS_OF, ErrorStatus, SetError
from pdu_agent.mib_impl.syntax import Oid, Unacceptable, Value
from pdu_agent.mib_impl.tree import Place, dotted
from pdu_agent.mib_impl.view import MibView, VarBind
from pdu_agent.model.commands import Actor, Command, Controller, SetMember, Ticket
from pdu_agent.model.errors import CommandError, UnknownTarget
from pdu_agent.model.snapshot import Snapshot

Plan = list[tuple[int, Command]]
"""Commands in the order in which they are given, each with the 0-based place of its varbind."""

_RowKey = tuple[int, Oid]
"""A row: the group of its objects, and its index."""

_CREATE_AND_GO = RowStatus().encode(RowAction.CREATE)


@dataclass(frozen=True, slots=True)
class _Named:
    """What one varbind names. row: None where there is none. draft: what creating the row
    would give, None where there is one or can be none.
    """

    error_index: int
    oid: Oid
    place: Place
    row: Any | None
    draft: Any | None

    @property
    def key(self) -> _RowKey:
        return self.place.group, self.oid[len(self.place.oid) :]

    def error(self, status: ErrorStatus, reason: str) -> SetError:
        name = self.place.declared.name
        return SetError(status, self.error_index, f"{name}: {reason}")

    def absent(self) -> SetError:
        status = ErrorStatus.NO_CREATION if self.draft is None else ErrorStatus.INCONSISTENT_NAME
        return self.error(status, f"there is no instance {dotted(self.oid)}")


class MibWriter:
    """Carries out SETs on the instances of `view` through `controller`."""

    def __init__(self, view: MibView, controller: Controller) -> None:
        self._view = view
        self._controller = controller

    def guard(self, oid: Oid, snapshot: Snapshot) -> Need:
        """The right that a SET of the instance needs, whether it can be set or not."""
        place = self._view.object_of(oid)
        if place is None:
            return Rights.WRITE, None
        table = self._view.tree.groups[place.group]
        named = self._named(1, place, oid, snapshot)
        if named.draft is not None and isinstance(table, Table) and table.outlet is not None:
            return place.declared.needs, table.outlet(named.draft)
        return place.declared.needs, self._view.outlet_of(place, oid, snapshot)

    def plan(self, varbinds: Sequence[VarBind], snapshot: Snapshot) -> Plan:
        """The commands that a SET amounts to.

        Rows are created before their columns are set, and destroyed after everything else,
        whatever the order of the varbinds. Raises SetError for the first varbind that no
        state of the unit would allow, in the order of checks of RFC 3416 section 4.2.5, or
        that contradicts the rows that are there, and for an instance named twice.
        """
        created = self._created(varbinds)
        steps: list[tuple[tuple[int, int], int, Command]] = []
        seen: set[Oid] = set()
        for position, (oid, value) in enumerate(varbinds):
            named = self._named(position + 1, self._writable(position + 1, oid), oid, snapshot)
            plain = _decoded(named, value)
            if oid in seen:
                raise named.error(ErrorStatus.INCONSISTENT_VALUE, f"{dotted(oid)} is named twice")
            seen.add(oid)
            row = _row(named, plain, created)
            turn = _turn(named.place, plain)
            steps += [(turn, position, command) for command in _commands(named, row, plain)]
        steps.sort(key=lambda step: step[0])
        return [(position, command) for _, position, command in steps]

    def _created(self, varbinds: Sequence[VarBind]) -> Set[_RowKey]:
        """The rows that a SET asks to create, whether they can be or not."""
        places = [self._view.object_of(oid) for oid, _ in varbinds]
        return {
            (place.group, oid[len(place.oid) :])
            for place, (oid, value) in zip(places, varbinds, strict=True)
            if place is not None
            and isinstance(place.declared.syntax, RowStatus)
            and value == _CREATE_AND_GO
        }

    def _named(self, error_index: int, place: Place, oid: Oid, snapshot: Snapshot) -> _Named:
        row, draft = self._view.row_at(place, oid, snapshot), None
        table = self._view.tree.groups[place.group]
        if row is None and isinstance(table, Table) and table.draft is not None:
            draft = table.draft(oid[len(place.oid) :], snapshot)
        return _Named(error_index, oid, place, row, draft)

    def _writable(self, error_index: int, oid: Oid) -> Place:
        place = self._view.object_of(oid)
        if place is None:
            raise SetError(ErrorStatus.NOT_WRITABLE, error_index, f"{dotted(oid)} is no object")
        if place.declared.to_command is None:
            raise SetError(
                ErrorStatus.NOT_WRITABLE, error_index, f"{place.declared.name} is read-only"
            )
        return place

    def note_refusal(self, varbinds: Sequence[VarBind], actor: Actor, error: SetError) -> None:
        """For the audit log: a SET that did not become a plan."""
        more = f" and {len(varbinds) - 1} more" if len(varbinds) > 1 else ""
        name = dotted(varbinds[max(0, error.index - 1)][0])
        self._controller.note_refusal(f"set {name}{more}", actor, str(error))

    def check(self, plan: Plan, actor: Actor) -> None:
        """Judge a SET without doing anything. Raises SetError."""
        if plan:
            try:
                self._controller.check([command for _, command in plan], actor)
            except CommandError as exc:
                raise refused(exc, plan) from exc

    def submit(self, plan: Plan, actor: Actor) -> Ticket | None:
        """Carry out a SET completely or not at all. Raises SetError.

        Returns the receipt of the core, None if the SET asks for nothing.
        """
        if not plan:
            return None
        try:
            return self._controller.submit_all([command for _, command in plan], actor)
        except CommandError as exc:
            raise refused(exc, plan) from exc


def _decoded(named: _Named, value: Value) -> Any:
    try:
        return named.place.declared.syntax.decode(value)
    except Unacceptable as exc:
        raise named.error(exc.status, str(exc)) from exc


def _commands(named: _Named, row: Any | None, plain: Any) -> Sequence[Command]:
    try:
        return () if row is None else named.place.declared.commands(row, plain)
    except Unacceptable as exc:
        raise named.error(exc.status, str(exc)) from exc


def _row(named: _Named, plain: Any, created: Set[_RowKey]) -> Any | None:
    """The row that a varbind changes, creates or destroys; None if it does nothing."""
    if named.row is None and named.draft is None:
        raise named.absent()
    if isinstance(plain, RowAction):
        return _row_by_status(named, plain)
    if named.row is None and named.key not in created:
        raise named.absent()
    return named.draft if named.row is None else named.row


def _row_by_status(named: _Named, action: RowAction) -> Any | None:
    """RFC 2579's table of states for RowStatus, of which the first and the last column occur."""
    if action is RowAction.DESTROY:
        return named.row
    if action is RowAction.CREATE and named.row is not None:
        raise named.error(ErrorStatus.INCONSISTENT_VALUE, "the row is there already")
    if action is RowAction.KEEP and named.row is None:
        raise named.error(ErrorStatus.INCONSISTENT_VALUE, "there is no such row")
    return named.draft


def _turn(place: Place, plain: Any) -> tuple[int, int]:
    """When a command is given, compared as a tuple.

    Tables are declared before those whose rows need one of theirs.
    """
    if plain is RowAction.CREATE:
        return 0, place.group
    if plain is RowAction.DESTROY:
        return 2, -place.group
    return 1, 0


def refused(error: CommandError, plan: Plan) -> SetError:
    """The error of a SET whose command was refused."""
    position, command = plan[error.position]
    status = STATUS_OF[type(error)]
    if isinstance(error, UnknownTarget) and isinstance(command, SetMember):
        # The outlet was found, so it is the group that is missing, and that can be created.
        status = ErrorStatus.INCONSISTENT_NAME
    return SetError(status, position + 1, str(error))
