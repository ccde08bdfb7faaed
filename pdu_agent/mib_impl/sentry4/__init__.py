# SPDX-License-Identifier: Apache-2.0
"""Server Technology's Sentry4-MIB, declared row by row as its text states it."""

from __future__ import annotations

from pdu_agent.mib_impl.schema import MibModule
from pdu_agent.mib_impl.sentry.settings import with_kept_columns
from pdu_agent.mib_impl.sentry4.branch import BRANCH_GROUPS
from pdu_agent.mib_impl.sentry4.control import CONTROL_GROUPS
from pdu_agent.mib_impl.sentry4.cord import CORD_GROUPS
from pdu_agent.mib_impl.sentry4.line import LINE_GROUPS, PHASE_GROUPS
from pdu_agent.mib_impl.sentry4.notification_types import NOTIFICATIONS
from pdu_agent.mib_impl.sentry4.notifications import TELLING
from pdu_agent.mib_impl.sentry4.outlet import OUTLET_GROUPS
from pdu_agent.mib_impl.sentry4.sensors import SENSOR_GROUPS
from pdu_agent.mib_impl.sentry4.system import EVENT_INFORMATION, SYSTEM, UNIT_MONITOR, UNITS
from pdu_agent.mib_impl.syntax import Oid

SENTRY4: Oid = (1, 3, 6, 1, 4, 1, 1718, 4)


GROUPS = tuple(
    with_kept_columns(group)
    for group in (
        SYSTEM,
        UNITS,
        UNIT_MONITOR,
        *CORD_GROUPS,
        *LINE_GROUPS,
        *PHASE_GROUPS,
        *BRANCH_GROUPS,
        *OUTLET_GROUPS,
        *CONTROL_GROUPS,
        *SENSOR_GROUPS,
        EVENT_INFORMATION,
    )
)


def sentry4_module() -> MibModule:
    return MibModule(
        name="Sentry4-MIB",
        about="Server Technology Sentry power distribution units",
        identity=SENTRY4,
        arc=(*SENTRY4, 1),
        groups=GROUPS,
        notification_arc=(*SENTRY4, 100, 0),
        notifications=NOTIFICATIONS,
        telling=TELLING,
    )
