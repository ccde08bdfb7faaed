# SPDX-License-Identifier: Apache-2.0
"""Server Technology's Sentry3-MIB, declared row by row: the unit is one tower."""

from __future__ import annotations

from pdu_agent.mib_impl.schema import MibModule
from pdu_agent.mib_impl.sentry3.notification_types import NOTIFICATIONS
from pdu_agent.mib_impl.sentry3.notifications import TELLING
from pdu_agent.mib_impl.sentry3.objects import GROUPS
from pdu_agent.mib_impl.syntax import Oid

SENTRY3: Oid = (1, 3, 6, 1, 4, 1, 1718, 3)


def sentry3_module() -> MibModule:
    return MibModule(
        name="Sentry3-MIB",
        about="Server Technology Sentry power distribution units",
        identity=SENTRY3,
        arc=SENTRY3,
        groups=GROUPS,
        notification_arc=(*SENTRY3, 100, 0),
        notifications=NOTIFICATIONS,
        telling=TELLING,
    )
