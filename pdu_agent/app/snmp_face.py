# SPDX-License-Identifier: Apache-2.0
"""The SNMP face put together: view, access, engine and sockets over one controller."""

from __future__ import annotations

from pdu_agent.mib_impl.identity import own_modules
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.view import MibView
from pdu_agent.model.commands import Controller
from pdu_agent.snmp.access import AccessPolicy
from pdu_agent.snmp.engine import Engine
from pdu_agent.snmp.operations import Operations
from pdu_agent.snmp.server import SnmpServer
from pdu_agent.snmp.settings import SnmpSettings, parse_oid


def make_snmp_server(
    settings: SnmpSettings, controller: Controller, engine_id: bytes, boots: int
) -> SnmpServer:
    """A server that is not started yet. Raises ConfigError when a user cannot be served."""
    counters = SnmpCounters()
    modules = own_modules(controller.uptime_s, counters, parse_oid(settings.base_oid))
    view = MibView(controller, modules)
    policy = AccessPolicy(settings.communities, settings.users)
    operations = Operations(view, controller, policy, counters)
    engine = Engine(engine_id, boots, settings.users, policy, operations, counters)
    return SnmpServer(settings.listen, engine.process)
