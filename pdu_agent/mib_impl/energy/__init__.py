# SPDX-License-Identifier: Apache-2.0
"""EMAN: ENERGY-OBJECT-MIB, POWER-ATTRIBUTES-MIB and ENERGY-OBJECT-CONTEXT-MIB.

Their rows go by entPhysicalIndex and are those of ENTITY-MIB, whether that is served or not.
"""

from __future__ import annotations

from pdu_agent.mib_impl.energy.attributes import ATTRIBUTES
from pdu_agent.mib_impl.energy.context import CONTEXT, RELATIONS
from pdu_agent.mib_impl.energy.notifications import ENABLE, POWER_STATE_CHANGE, TELLING
from pdu_agent.mib_impl.energy.phases import WYE_PHASES
from pdu_agent.mib_impl.energy.power import CAPABILITIES, POWER
from pdu_agent.mib_impl.energy.totals import PARAMETERS, TOTALS
from pdu_agent.mib_impl.schema import MibModule
from pdu_agent.mib_impl.syntax import Oid

_MIB_2: Oid = (1, 3, 6, 1, 2, 1)


def energy_modules() -> tuple[MibModule, ...]:
    return (
        MibModule(
            name="ENERGY-OBJECT-MIB",
            about="The MIB module for power, power states and energy",
            identity=(*_MIB_2, 229),
            arc=(*_MIB_2, 229),
            groups=(ENABLE, CAPABILITIES, POWER, PARAMETERS, TOTALS),
            notification_arc=(*_MIB_2, 229, 0),
            notifications=(POWER_STATE_CHANGE,),
            telling=TELLING,
        ),
        MibModule(
            name="POWER-ATTRIBUTES-MIB",
            about="The MIB module for the attributes of AC power",
            identity=(*_MIB_2, 230),
            arc=(*_MIB_2, 230),
            groups=(ATTRIBUTES, WYE_PHASES),
        ),
        MibModule(
            name="ENERGY-OBJECT-CONTEXT-MIB",
            about="The MIB module for what energy objects are for and what feeds them",
            identity=(*_MIB_2, 231),
            arc=(*_MIB_2, 231),
            groups=(CONTEXT, RELATIONS),
        ),
    )
