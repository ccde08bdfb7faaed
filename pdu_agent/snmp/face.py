# SPDX-License-Identifier: Apache-2.0
"""SNMP as one thing: from the `snmp` section and the core to a server that can be started."""

from __future__ import annotations

import time
from collections.abc import Callable

from pdu_agent.mib_impl.framework import OwnEngine
from pdu_agent.mib_impl.identity import own_modules
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.view import MibView
from pdu_agent.model.commands import Controller
from pdu_agent.snmp.access import AccessPolicy
from pdu_agent.snmp.engine import Engine
from pdu_agent.snmp.envelope import MAX_V3_OCTETS
from pdu_agent.snmp.limits import Limits
from pdu_agent.snmp.operations import Operations
from pdu_agent.snmp.reader import Reader
from pdu_agent.snmp.server import SnmpServer
from pdu_agent.snmp.settings import SnmpSettings, parse_oid


def snmp_server(
    settings: SnmpSettings, controller: Controller, engine_id: bytes, boots: int
) -> SnmpServer:
    """A server that is ready to start. engine_id, boots: from the durable record.

    Takes about 0.1 s of CPU. Raises ConfigError if a user's protocols do not work here.
    """
    engine = snmp_engine(settings, controller, engine_id, boots)
    return SnmpServer(settings.listen, engine.process)


def snmp_engine(
    settings: SnmpSettings,
    controller: Controller,
    engine_id: bytes,
    boots: int,
    monotonic_s: Callable[[], float] = time.monotonic,
) -> Engine:
    """Everything of SNMP but the sockets. Raises ConfigError as `snmp_server` does."""
    started_s = monotonic_s()
    own = OwnEngine(engine_id, boots, lambda: int(monotonic_s() - started_s), MAX_V3_OCTETS)
    counters = SnmpCounters()
    arc = parse_oid(settings.base_oid)
    view = MibView(own_modules(controller.uptime_s, counters, arc, engine=own))
    return Engine(
        own,
        settings.users,
        AccessPolicy(settings.communities, settings.users, settings.views),
        Reader(view, controller, monotonic_s),
        Operations(view, controller, counters),
        Limits(settings, monotonic_s),
        counters,
        monotonic_s,
    )
