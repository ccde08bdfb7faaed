# SPDX-License-Identifier: Apache-2.0
"""An SNMP engine on a hand-made unit, with the credentials of every kind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pdu_agent.access.grant import Rights
from pdu_agent.mib_impl.framework import OwnEngine
from pdu_agent.mib_impl.identity import OWN, agent_modules
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.mib_impl.view import END_OF_MIB_VIEW, MibView
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.commands import Actor, Command, SwitchOutlet, Ticket
from pdu_agent.model.errors import OutletLocked
from pdu_agent.snmp.access import AccessPolicy
from pdu_agent.snmp.credentials import AuthProtocol, Community, PrivProtocol, User
from pdu_agent.snmp.engine import Engine
from pdu_agent.snmp.envelope import MAX_V3_OCTETS
from pdu_agent.snmp.limits import Limits
from pdu_agent.snmp.operations import Operations
from pdu_agent.snmp.reader import Reader
from pdu_agent.snmp.server import SnmpServer
from pdu_agent.snmp.settings import SnmpSettings, ViewSettings
from tests.mib.unit import FakeController, unit
from tests.snmp.mutations import ENGINE_ID

BASE = (1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 6738, 1)
OUTLET = (*BASE, 3, 1, 1)
NAME, STATE, COMMAND, ON_DELAY = 2, 7, 8, 12
LOCKED_OUTLET = 3
BOOTS = 3
UNLIMITED = SnmpSettings(unlimited_networks=("0.0.0.0/0", "::/0"))

COMMUNITIES = (
    Community("readers", "public", rights=Rights.READ),
    Community("writers", "private", rights=Rights.WRITE),
)
USERS = (
    User("viewer", AuthProtocol.SHA256, "viewer-auth-pass", PrivProtocol.NONE),
    User(
        "switcher",
        AuthProtocol.SHA256,
        "switcher-auth-pass",
        PrivProtocol.NONE,
        rights=Rights.WRITE,
    ),
    User(
        "operator",
        AuthProtocol.SHA256,
        "operator-auth-pass",
        PrivProtocol.AES128,
        "operator-priv-pass",
        rights=Rights.WRITE,
    ),
    User(
        "compat",
        AuthProtocol.SHA,
        "compat-auth-pass",
        PrivProtocol.AES128,
        "compat-priv-pass",
        rights=Rights.WRITE,
    ),
)


@dataclass
class Core(FakeController):
    """Refuses to switch the locked outlet, as the real core would, and counts snapshots taken."""

    taken: int = 0
    locked: set[int] = field(default_factory=lambda: {LOCKED_OUTLET})

    def check(self, commands: Sequence[Command], actor: Actor) -> None:
        for position, command in enumerate(commands):
            if isinstance(command, SwitchOutlet) and command.outlet in self.locked:
                raise OutletLocked(f"outlet {command.outlet} is locked", position)
        super().check(commands, actor)

    def submit_all(self, commands: Sequence[Command], actor: Actor) -> Ticket:
        self.check(commands, actor)
        return super().submit_all(commands, actor)


class Rig:
    """process() is the engine's; `clock` is what it tells the time by."""

    def __init__(
        self,
        outlets: int = 4,
        users: tuple[User, ...] = USERS,
        boots: int = BOOTS,
        communities: tuple[Community, ...] = COMMUNITIES,
        views: tuple[ViewSettings, ...] = (),
        settings: SnmpSettings = UNLIMITED,
        mibs: Sequence[str] = (OWN,),
    ) -> None:
        self.clock = ManualClock()
        started_s = self.clock.monotonic_s()
        own = OwnEngine(
            ENGINE_ID, boots, lambda: int(self.clock.monotonic_s() - started_s), MAX_V3_OCTETS
        )
        self.counters = SnmpCounters()
        self.core = Core(unit(outlets))
        modules = agent_modules(self.core.uptime_s, self.counters, engine=own, mibs=mibs)
        self.view = MibView(modules)
        self.policy = AccessPolicy(communities, users, views)
        self.limits = Limits(settings, self.clock.monotonic_s)
        self.reader = Reader(self.view, self.core, self.clock.monotonic_s)
        self.operations = Operations(self.view, self.core, self.counters)
        self.auth_failures: list[str] = []
        self.engine = Engine(
            own,
            users,
            self.policy,
            self.reader,
            self.operations,
            self.limits,
            self.counters,
            self.clock.monotonic_s,
            self.auth_failures.append,
        )

    def instances(self) -> list[Oid]:
        """Every instance that there is, in order."""
        found: list[Oid] = []
        step = self.view.next((), self.core.snapshot)
        while step is not END_OF_MIB_VIEW:
            found.append(step[0])
            step = self.view.next(step[0], self.core.snapshot)
        return found

    def process(self, datagram: bytes) -> bytes | None:
        return self.engine.process(datagram, ("192.0.2.9", 4000))


@asynccontextmanager
async def serving(rig: Rig) -> AsyncIterator[str]:
    """The rig on a loopback socket; gives "127.0.0.1:port"."""
    server = SnmpServer(("127.0.0.1:0",), rig.engine.process)
    await server.start()
    try:
        yield server.addresses[0]
    finally:
        await server.stop()


@dataclass(frozen=True)
class Run:
    status: int
    out: str
    err: str


async def run(tool: str, *arguments: str, deadline_s: float = 20.0) -> Run:
    """Run a net-snmp tool without the configuration and the MIBs of the machine."""
    process = await asyncio.create_subprocess_exec(
        tool,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin", "SNMPCONFPATH": "/nonexistent", "MIBS": "", "LC_ALL": "C"},
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), deadline_s)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return Run(process.returncode, out.decode("utf-8"), err.decode("utf-8"))
