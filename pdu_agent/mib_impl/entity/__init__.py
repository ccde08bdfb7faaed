# SPDX-License-Identifier: Apache-2.0
"""ENTITY-MIB and ENTITY-SENSOR-MIB: what the unit consists of and what is measured of it.

entConfigChange is not sent: it may come once in five seconds at most, with one that makes up
for those held back, and nothing here keeps time. entLastChangeTime tells the same.
"""

from __future__ import annotations

from pdu_agent.mib_impl.entity.physical import CONTAINS, LAST_CHANGE, PHYSICAL
from pdu_agent.mib_impl.entity.sensors import SENSORS
from pdu_agent.mib_impl.schema import MibModule
from pdu_agent.mib_impl.syntax import Oid

_MIB_2: Oid = (1, 3, 6, 1, 2, 1)


def entity_modules() -> tuple[MibModule, ...]:
    return (
        MibModule(
            name="ENTITY-MIB",
            about="The MIB module for the physical entities of the unit",
            identity=(*_MIB_2, 47),
            arc=(*_MIB_2, 47),
            groups=(PHYSICAL, CONTAINS, LAST_CHANGE),
        ),
        MibModule(
            name="ENTITY-SENSOR-MIB",
            about="The MIB module for what sensors and meters measure",
            identity=(*_MIB_2, 99),
            arc=(*_MIB_2, 99),
            groups=(SENSORS,),
        ),
    )
