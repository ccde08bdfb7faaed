# SPDX-License-Identifier: Apache-2.0
"""Which modules an agent serves, and which of them it takes its sysObjectID from."""

from __future__ import annotations

from collections.abc import Callable

from pdu_agent.mib_impl.framework import OwnEngine, framework_modules
from pdu_agent.mib_impl.notifications import NotificationCounters
from pdu_agent.mib_impl.openpdu import DEFAULT_ARC, openpdu_module, product_id
from pdu_agent.mib_impl.schema import MibModule
from pdu_agent.mib_impl.snmpv2 import SnmpCounters, snmpv2_module
from pdu_agent.mib_impl.syntax import Oid


def own_modules(
    uptime_s: Callable[[], float],
    counters: SnmpCounters,
    arc: Oid = DEFAULT_ARC,
    *,
    engine: OwnEngine | None = None,
    notified: NotificationCounters | None = None,
) -> tuple[MibModule, ...]:
    """The modules of an agent that shows its own identity.

    uptime_s: `Controller.uptime_s`. counters: those that the SNMP engine counts in. arc:
    the OID of openpduMIB. engine: None for a face that has no SNMP engine to tell of.
    notified: what became of notifications, None where nobody sends any.
    """
    others = () if engine is None else framework_modules(engine, counters)
    own = openpdu_module(arc, notified)
    return snmpv2_module(uptime_s, product_id(arc), counters, [*others, own]), *others, own
