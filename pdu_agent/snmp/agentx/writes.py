# SPDX-License-Identifier: Apache-2.0
"""SETs that a master hands on (RFC 2741 section 7.2.4), all or nothing.

TestSet judges, CommitSet submits, CleanupSet forgets. net-snmp's master sends a TestSet for
each registered subtree that a SET touches, all with one transaction number: here they are one
SET, planned as a whole, and submitted by the first CommitSet.

What was submitted cannot be undone: a relay that has moved has cut the power already, and
moving it back would be a second cut. So when another subagent fails after our CommitSet,
UndoSet is answered with undoFailed, which tells the manager to look (RFC 3416 section 4.2.5).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from pdu_agent.mib_impl.set_errors import ErrorStatus, SetError
from pdu_agent.mib_impl.view import MibView, VarBind
from pdu_agent.mib_impl.writes import MibWriter
from pdu_agent.model.commands import Actor, Controller
from pdu_agent.snmp.access import Credential
from pdu_agent.snmp.envelope import MAX_VARBINDS
from pdu_agent.snmp.permitted import permitted_plan

log = logging.getLogger(__name__)

MAX_TRANSACTIONS = 16
"""Under way at once; net-snmp's master has one. The oldest is forgotten, which undoes nothing."""


@dataclass(slots=True)
class _Transaction:
    """varbinds: of all its TestSets. tried: a CommitSet came. failed: it could not be carried
    out. acted: something was done, or may have been.
    """

    varbinds: list[VarBind] = field(default_factory=list)
    tried: bool = False
    failed: bool = False
    acted: bool = False


class Writes:
    """SETs of `credential` on `view`, in the name of `actor`."""

    def __init__(
        self, view: MibView, controller: Controller, credential: Credential, actor: Actor
    ) -> None:
        self._writer = MibWriter(view, controller)
        self._controller = controller
        self._credential = credential
        self._actor = actor
        self._open: dict[int, _Transaction] = {}

    def test(self, number: int, varbinds: Sequence[VarBind]) -> None:
        """Judge these varbinds together with those of the transaction before them.

        Raises SetError, whose index counts from the first of these.
        """
        known = self._open.get(number, _Transaction())
        before = len(known.varbinds)
        if before + len(varbinds) > MAX_VARBINDS or known.tried:
            raise SetError(ErrorStatus.RESOURCE_UNAVAILABLE, 1, "more than one SET may have")
        together = [*known.varbinds, *varbinds]
        try:
            plan = permitted_plan(
                self._writer, together, self._credential, self._controller.snapshot, self._actor
            )
            self._writer.check(plan, self._actor)
        except SetError as exc:
            # An earlier one that is only wrong beside these is blamed on the first of these.
            raise SetError(exc.status, max(1, exc.index - before), str(exc)) from exc
        while len(self._open) >= MAX_TRANSACTIONS:
            del self._open[next(iter(self._open))]
        self._open[number] = _Transaction(together)

    def commit(self, number: int) -> None:
        """Submit the transaction, once. Raises SetError; nothing is done then, nor later: the
        manager is told that it failed, whatever the CommitSets of its other subtrees would find.
        """
        known = self._open.get(number)
        if known is None or known.failed:
            raise SetError(ErrorStatus.COMMIT_FAILED, 1, "untested, forgotten, or failed before")
        if not known.tried:
            known.tried = known.failed = True
            self._carry_out(known)
            known.failed = False

    def _carry_out(self, known: _Transaction) -> None:
        # Planned anew: what was allowed when it was tested may not be any more.
        plan = permitted_plan(
            self._writer, known.varbinds, self._credential, self._controller.snapshot, self._actor
        )
        known.acted = bool(plan)
        try:
            self._writer.submit(plan, self._actor)
        except SetError:
            known.acted = False
            raise

    def undo(self, number: int) -> bool:
        """Whether everything is as it was before the transaction."""
        known = self._open.pop(number, None)
        if known is None or not known.acted:
            return True
        log.warning(
            "AgentX transaction %d was carried out and cannot be undone: %d varbinds",
            number,
            len(known.varbinds),
        )
        return False

    def cleanup(self, number: int) -> None:
        self._open.pop(number, None)
