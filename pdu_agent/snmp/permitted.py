# SPDX-License-Identifier: Apache-2.0
"""From the varbinds of a SET to commands that whoever asks for them may give.

Every way in (UDP, AgentX, pass_persist) takes its plan from here.
"""

from __future__ import annotations

from collections.abc import Sequence

from pdu_agent.access.needs import require
from pdu_agent.mib_impl.set_errors import ErrorStatus, SetError
from pdu_agent.mib_impl.tree import dotted
from pdu_agent.mib_impl.view import VarBind
from pdu_agent.mib_impl.writes import MibWriter, Plan, refused
from pdu_agent.model.commands import Actor
from pdu_agent.model.errors import NotPermitted
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.snmp.access import Credential


def permitted_plan(
    writer: MibWriter,
    varbinds: Sequence[VarBind],
    credential: Credential,
    snapshot: Snapshot,
    actor: Actor,
) -> Plan:
    """See MibWriter.plan. Raises SetError, also for what `credential` may not do; the audit log
    knows then.
    """
    try:
        return _permitted_plan(writer, varbinds, credential, snapshot)
    except SetError as exc:
        writer.note_refusal(varbinds, actor, exc)
        raise


def _permitted_plan(
    writer: MibWriter, varbinds: Sequence[VarBind], credential: Credential, snapshot: Snapshot
) -> Plan:
    for index, (oid, _) in enumerate(varbinds, start=1):
        if not credential.may_write(oid, writer.guard(oid, snapshot)):
            reason = f"{credential.name} may not write {dotted(oid)}"
            raise SetError(ErrorStatus.NO_ACCESS, index, reason)
    plan = writer.plan(varbinds, snapshot)
    try:
        # Some commands reach further than the instance that they are written to.
        require(credential.grant, [command for _, command in plan], snapshot)
    except NotPermitted as exc:
        raise refused(exc, plan) from exc
    return plan
