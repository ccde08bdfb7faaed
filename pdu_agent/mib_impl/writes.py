# SPDX-License-Identifier: Apache-2.0
"""All-or-nothing SETs over the declarations: from varbinds to commands for the core.

Who may change what is not decided here; `guard` tells callers what to ask for.
"""

from __future__ import annotations

from collections.abc import Sequence

from pdu_agent.access.grant import Rights
from pdu_agent.access.needs import Need
from pdu_agent.mib_impl.set_errors import STATUS_OF, ErrorStatus, SetError
from pdu_agent.mib_impl.syntax import Oid, Unacceptable, Value
from pdu_agent.mib_impl.tree import Place, dotted
from pdu_agent.mib_impl.view import MibView, VarBind
from pdu_agent.model.commands import Actor, Command, Controller, Ticket
from pdu_agent.model.errors import CommandError
from pdu_agent.model.snapshot import Snapshot

Plan = list[tuple[int, Command]]
"""Commands, each with the 0-based place of its varbind."""


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
        return place.declared.needs, self._view.outlet_of(place, oid, snapshot)

    def plan(self, varbinds: Sequence[VarBind], snapshot: Snapshot) -> Plan:
        """The commands that a SET amounts to.

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
        place = self._writable(error_index, oid)
        name = place.declared.name
        try:
            plain = place.declared.syntax.decode(value)
        except Unacceptable as exc:
            raise SetError(exc.status, error_index, f"{name}: {exc}") from exc
        row = self._view.row_at(place, oid, snapshot)
        if row is None:
            raise SetError(
                ErrorStatus.NO_CREATION, error_index, f"{name} has no instance {dotted(oid)}"
            )
        return place.declared.command(row, plain)

    def _writable(self, error_index: int, oid: Oid) -> Place:
        place = self._view.object_of(oid)
        if place is None:
            raise SetError(ErrorStatus.NOT_WRITABLE, error_index, f"{dotted(oid)} is no object")
        if place.declared.to_command is None:
            raise SetError(
                ErrorStatus.NOT_WRITABLE, error_index, f"{place.declared.name} is read-only"
            )
        return place

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


def refused(error: CommandError, plan: Plan) -> SetError:
    """The error of a SET whose command was refused."""
    position, _ = plan[error.position]
    return SetError(STATUS_OF[type(error)], position + 1, str(error))
