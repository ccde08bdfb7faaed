# SPDX-License-Identifier: Apache-2.0
"""UPS-MIB (RFC 1628): the first UPS of the table, and nothing while there is none.

It has no room for a second one. The objects that control or configure a UPS are left out:
that is the business of the driver behind it. While the UPS is silent, what it measures is absent.
"""

from __future__ import annotations

from pdu_agent.mib_impl.schema import MibModule
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.mib_impl.ups.alarms import ALARM_COUNT, ALARMS
from pdu_agent.mib_impl.ups.lines import (
    INPUT,
    INPUT_LINES,
    OUTPUT,
    OUTPUT_LINES,
)
from pdu_agent.mib_impl.ups.notifications import NOTIFICATIONS, TELLING
from pdu_agent.mib_impl.ups.unit import AGENT, BATTERY, CONFIGURED, IDENTITY

_UPS_MIB: Oid = (1, 3, 6, 1, 2, 1, 33)


def ups_module() -> MibModule:
    return MibModule(
        name="UPS-MIB",
        about="The MIB module to describe uninterruptible power supplies",
        identity=_UPS_MIB,
        arc=(*_UPS_MIB, 1),
        groups=(
            IDENTITY,
            AGENT,
            BATTERY,
            INPUT,
            INPUT_LINES,
            OUTPUT,
            OUTPUT_LINES,
            ALARM_COUNT,
            ALARMS,
            CONFIGURED,
        ),
        notification_arc=(*_UPS_MIB, 2),
        notifications=NOTIFICATIONS,
        telling=TELLING,
    )
