# SPDX-License-Identifier: Apache-2.0
"""An AgentX session of a hand-made unit, spoken to in packets."""

from __future__ import annotations

import logging

from pdu_agent.access.complaints import Complaints
from pdu_agent.access.grant import Rights
from pdu_agent.mib_impl.identity import MIB_NAMES, agent_modules
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.mib_impl.view import END_OF_MIB_VIEW, MibView, VarBind
from pdu_agent.model.commands import Actor
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.snmp.access import Credential
from pdu_agent.snmp.agentx.reads import Reads
from pdu_agent.snmp.agentx.session import Session, Subtrees
from pdu_agent.snmp.agentx.writes import Writes
from pdu_agent.snmp.passthrough import lent_modules, roots
from pdu_agent.snmp.passthrough_settings import AgentxSettings
from tests.mib.unit import SENSOR, furnished, unit
from tests.snmp import agentx_master as master
from tests.snmp.agentx_master import Packet
from tests.snmp.rig import Core


def quiet_unit(outlets: int = 4) -> Snapshot:
    return furnished(unit(outlets, sensors=(SENSOR,)))


def lent(core: Core) -> tuple:
    return lent_modules(agent_modules(core.uptime_s, SnmpCounters(), mibs=MIB_NAMES))


class AgentxRig:
    """`ask` sends one request and gives its Response. The session is open unless told not to."""

    def __init__(
        self,
        rights: Rights = Rights.WRITE,
        outlets: dict[str, Rights] | None = None,
        *,
        is_open: bool = True,
    ) -> None:
        self.core = Core(quiet_unit())
        modules = lent(self.core)
        self.roots = roots(modules)
        self.view = MibView(modules)
        grant = AgentxSettings(rights=rights, outlets=outlets or {}).grant()
        self.credential = Credential("agentx", grant)
        self._subtrees = Subtrees(
            self.roots, [(module.identity, module.about) for module in modules]
        )
        self._reads = Reads(self.view, self.core, self.credential)
        self.session = self.new_session()
        if is_open:
            self.become_ready()

    def new_session(self) -> Session:
        actor = Actor("snmp", "agentx", "/master")
        return Session(
            self._subtrees,
            self._reads,
            Writes(self.view, self.core, self.credential, actor),
            "OpenPDU agent",
            Complaints(logging.getLogger("test"), "requests failed", lambda: 0.0),
        )

    def become_ready(self) -> None:
        (opened,) = master.packets(self.session.open())
        for packet in self.feed(master.response_to(opened)):
            self.feed(master.response_to(packet))
        assert self.session.is_ready

    def feed(self, data: bytes) -> list[Packet]:
        """What the session sends when it has attended to all of `data`."""
        self.session.take(data)
        sent = b""
        while (answer := self.session.step()) is not None:
            sent += answer
        return master.packets(sent)

    def ask(self, kind: int, payload: bytes = b"", **fields: object) -> Packet:
        (answer,) = self.feed(master.request(kind, payload, **fields))  # type: ignore[arg-type]
        assert answer.kind == master.RESPONSE
        return answer

    def walk(self) -> list[VarBind]:
        """All instances, as the view has them."""
        found: list[VarBind] = []
        oid: Oid = ()
        while (step := self.view.next(oid, self.core.snapshot)) is not END_OF_MIB_VIEW:
            found.append(step)
            oid = step[0]
        return found
