# SPDX-License-Identifier: Apache-2.0
"""SNMP as one thing: from the `snmp` section and the core to a server that can be started."""

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


def snmp_server(
    settings: SnmpSettings, controller: Controller, engine_id: bytes, boots: int
) -> SnmpServer:
    """A server that is ready to start. engine_id, boots: from the durable record.

    Takes about 0.1 s of CPU. Raises ConfigError if a user's privacy does not work here.
    """
    counters = SnmpCounters()
    modules = own_modules(controller.uptime_s, counters, parse_oid(settings.base_oid))
    view = MibView(modules)
    policy = AccessPolicy(settings.communities, settings.users, settings.views)
    operations = Operations(view, controller, counters)
    engine = Engine(engine_id, boots, settings.users, policy, operations, counters)
    return SnmpServer(settings.listen, engine.process)
