# SPDX-License-Identifier: Apache-2.0
"""OPENPDU-MIB, declared row by row as mibs/OPENPDU-MIB.txt states it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pdu_agent.mib_impl.openpdu.alarm import ALARM_COUNT, alarm_table, event_table
from pdu_agent.mib_impl.openpdu.branch import BRANCH_METERS, BRANCHES
from pdu_agent.mib_impl.openpdu.cap import CAPS
from pdu_agent.mib_impl.openpdu.fan import FANS
from pdu_agent.mib_impl.openpdu.group import GROUPS, MEMBERS
from pdu_agent.mib_impl.openpdu.hook import HOOKS
from pdu_agent.mib_impl.openpdu.host import HOST, QUEUES
from pdu_agent.mib_impl.openpdu.inlet import INLETS
from pdu_agent.mib_impl.openpdu.line import LINE_METERS, LINES
from pdu_agent.mib_impl.openpdu.meter import METERS
from pdu_agent.mib_impl.openpdu.notification_control import ENABLES, delivery_counters
from pdu_agent.mib_impl.openpdu.notification_types import CARRIED, NOTIFICATIONS
from pdu_agent.mib_impl.openpdu.notifications import telling
from pdu_agent.mib_impl.openpdu.outage import OUTAGES
from pdu_agent.mib_impl.openpdu.outlet import OUTLETS
from pdu_agent.mib_impl.openpdu.outlet_control import CONTROL
from pdu_agent.mib_impl.openpdu.plan import PLANS
from pdu_agent.mib_impl.openpdu.rule import RULES
from pdu_agent.mib_impl.openpdu.sensor import SENSORS
from pdu_agent.mib_impl.openpdu.system import SYSTEM
from pdu_agent.mib_impl.openpdu.tariff import OWN_TARIFFS, TARIFFS
from pdu_agent.mib_impl.openpdu.threshold import THRESHOLDS
from pdu_agent.mib_impl.openpdu.ups import UPS_LINES, UPSES
from pdu_agent.mib_impl.schema import MibModule
from pdu_agent.mib_impl.syntax import Oid

if TYPE_CHECKING:
    from pdu_agent.mib_impl.notifications import NotificationCounters

DEFAULT_ARC: Oid = (1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 6738)
"""openpduMIB. The project has no enterprise number; docs/mibs.md tells how this was chosen."""


def product_id(arc: Oid = DEFAULT_ARC) -> Oid:
    """openpduProduct: the sysObjectID of an agent that shows its own identity."""
    return (*arc, 3, 1)


def openpdu_module(
    arc: Oid = DEFAULT_ARC, counters: NotificationCounters | None = None
) -> MibModule:
    """The module with `arc` as its openpduMIB.

    counters: what became of notifications; None where nobody sends any, and then the module
    has no objects for that.
    """
    counted = () if counters is None else (delivery_counters(counters),)
    return MibModule(
        name="OPENPDU-MIB",
        about="The MIB module for switched and metered power distribution units",
        identity=arc,
        arc=(*arc, 1),
        groups=(
            SYSTEM,
            INLETS,
            BRANCHES,
            BRANCH_METERS,
            LINES,
            LINE_METERS,
            TARIFFS,
            OWN_TARIFFS,
            OUTLETS,
            CONTROL,
            METERS,
            THRESHOLDS,
            SENSORS,
            FANS,
            GROUPS,
            MEMBERS,
            ALARM_COUNT,
            alarm_table(arc),
            event_table(arc),
            UPSES,
            UPS_LINES,
            OUTAGES,
            PLANS,
            CAPS,
            RULES,
            HOOKS,
            HOST,
            QUEUES,
            ENABLES,
            *counted,
        ),
        notification_arc=(*arc, 0),
        notifications=NOTIFICATIONS,
        carried=CARRIED,
        telling=telling(arc),
    )
