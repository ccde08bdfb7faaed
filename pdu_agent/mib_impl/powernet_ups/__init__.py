# SPDX-License-Identifier: Apache-2.0
"""APC's PowerNet-MIB, the groups of a UPS: the first UPS of the table, nothing while there is none.

Apart from the rack power units, and not served unless it is asked for: tools look for these groups
first, and take whatever has them for a UPS. What controls or tests a UPS is left out: that is the
business of the driver behind it. What it does not tell, or measured before it fell silent, is
absent; the 255 of the text for a temperature that nobody knows is read as one.
"""

from __future__ import annotations

from pdu_agent.mib_impl.powernet_ups.battery import BATTERY
from pdu_agent.mib_impl.powernet_ups.identity import IDENTITY
from pdu_agent.mib_impl.powernet_ups.power import POWER
from pdu_agent.mib_impl.powernet_ups.state import STATE
from pdu_agent.mib_impl.schema import MibModule
from pdu_agent.mib_impl.syntax import Oid

_POWERNET: Oid = (1, 3, 6, 1, 4, 1, 318)


def powernet_ups_module() -> MibModule:
    return MibModule(
        name="PowerNet-MIB of UPSes",
        about="APC uninterruptible power supplies",
        identity=(*_POWERNET, 1, 1, 1),
        arc=(*_POWERNET, 1, 1, 1),
        groups=(*IDENTITY, *BATTERY, *POWER, *STATE),
    )
