# SPDX-License-Identifier: Apache-2.0
"""SNMP as one thing: from the `snmp` section and the core to what answers and notifies."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from pdu_agent.mib_impl.framework import OwnEngine
from pdu_agent.mib_impl.identity import agent_modules, module_names
from pdu_agent.mib_impl.names import IDENTITIES
from pdu_agent.mib_impl.notifications import NotificationCounters, Notifications
from pdu_agent.mib_impl.schema import MibModule
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.view import MibView
from pdu_agent.model.commands import Controller
from pdu_agent.model.events import Event, EventBus
from pdu_agent.model.host import Queue
from pdu_agent.snmp.access import AccessPolicy
from pdu_agent.snmp.auth_failures import AuthFailureLimit
from pdu_agent.snmp.engine import Engine
from pdu_agent.snmp.envelope import MAX_V3_OCTETS
from pdu_agent.snmp.limits import Limits
from pdu_agent.snmp.notifier import Notifier, Outbox
from pdu_agent.snmp.operations import Operations
from pdu_agent.snmp.passthrough import OWNED_BY_MASTER, lent_modules
from pdu_agent.snmp.reader import Reader
from pdu_agent.snmp.server import SnmpServer
from pdu_agent.snmp.settings import SnmpSettings, parse_oid
from pdu_agent.snmp.targets import Targets


class SnmpFace:
    """Answers requests, and tells targets what happens. `start` and `stop` once each.

    engine_id, boots: from the durable record. Making it takes about 0.1 s of CPU. Raises
    ConfigError if a user's protocols do not work here, or a target's credential is missing.
    """

    def __init__(
        self,
        settings: SnmpSettings,
        controller: Controller,
        events: EventBus,
        engine_id: bytes,
        boots: int,
    ) -> None:
        own = own_engine(engine_id, boots, time.monotonic)
        counters = NotificationCounters()
        targets = Targets(settings, own, counters)
        modules = served_modules(settings, controller, notified=counters)
        lent = lent_modules(modules)
        outboxes: list[Outbox] = [*targets.deliveries]
        told = targets.modules
        self._subagent = None
        if settings.agentx.master:
            from pdu_agent.snmp.agentx.notices import MasterNotices
            from pdu_agent.snmp.agentx.subagent import Subagent

            self._subagent = Subagent(settings.agentx, controller, lent)
            through_master = _told_through_master(settings)
            told |= through_master
            outboxes.append(MasterNotices(self._subagent.send, through_master, counters))
        self._pass_persist = None
        if settings.pass_persist.socket:
            from pdu_agent.snmp.passthrough_server import PassPersistServer

            self._pass_persist = PassPersistServer(settings.pass_persist, controller, lent)
        self._notifier = Notifier(
            controller,
            events,
            Notifications([each for each in modules if each.name in told], controller.uptime_s),
            outboxes,
            targets.sockets,
            AuthFailureLimit(time.monotonic),
        )
        engine = snmp_engine(
            settings,
            controller,
            own,
            notified=counters,
            auth_failed=self._notifier.authentication_failed,
        )
        self._server = SnmpServer(settings.listen, engine.process)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where it answers, as "host:port"."""
        return self._server.addresses

    async def start(self) -> None:
        """Answer requests. Raises ConfigError that names the address that failed."""
        await self._server.start()
        if self._pass_persist is not None:
            await self._pass_persist.start()
        if self._subagent is not None:
            self._subagent.start()

    def notify(self, earlier: Sequence[Event]) -> None:
        """Begin to notify: first of `earlier` events, then of what happens from now on."""
        self._notifier.start(earlier)

    def queues(self) -> list[Queue]:
        """What waits to be sent to each target."""
        return self._notifier.queues()

    async def stop(self) -> None:
        """Answer no more, and send what is waiting, within about a second."""
        await self._server.stop()
        if self._pass_persist is not None:
            await self._pass_persist.stop()
        await self._notifier.stop()
        if self._subagent is not None:  # last, as it has notifications to hand on
            await self._subagent.stop()


def _told_through_master(settings: SnmpSettings) -> frozenset[str]:
    """The MIB modules whose notifications a master is given. Not SNMPv2-MIB: coldStart and
    authenticationFailure are of the master itself.
    """
    mibs = settings.agentx.mibs or (IDENTITIES[settings.identity],)
    return frozenset().union(*map(module_names, mibs)) - OWNED_BY_MASTER


def own_engine(engine_id: bytes, boots: int, monotonic_s: Callable[[], float]) -> OwnEngine:
    """This agent as an engine that starts now."""
    started_s = monotonic_s()
    return OwnEngine(engine_id, boots, lambda: int(monotonic_s() - started_s), MAX_V3_OCTETS)


def served_modules(
    settings: SnmpSettings,
    controller: Controller,
    counters: SnmpCounters | None = None,
    own: OwnEngine | None = None,
    notified: NotificationCounters | None = None,
) -> tuple[MibModule, ...]:
    """The modules that the configuration asks for, see agent_modules."""
    return agent_modules(
        controller.uptime_s,
        counters or SnmpCounters(),
        parse_oid(settings.base_oid),
        identity=settings.identity,
        mibs=settings.mibs,
        engine=own,
        notified=notified,
    )


def snmp_engine(
    settings: SnmpSettings,
    controller: Controller,
    own: OwnEngine,
    monotonic_s: Callable[[], float] = time.monotonic,
    *,
    notified: NotificationCounters | None = None,
    auth_failed: Callable[[str], None] = lambda _: None,
) -> Engine:
    """What answers requests, without sockets.

    notified: None where nobody sends notifications. auth_failed: as Engine has it. Raises
    ConfigError if a user's protocols do not work here.
    """
    counters = SnmpCounters()
    view = MibView(served_modules(settings, controller, counters, own, notified))
    return Engine(
        own,
        settings.users,
        AccessPolicy(settings.communities, settings.users, settings.views),
        Reader(view, controller, monotonic_s),
        Operations(view, controller, counters),
        Limits(settings, monotonic_s),
        counters,
        monotonic_s,
        auth_failed,
    )
