# SPDX-License-Identifier: Apache-2.0
"""The board itself as generic monitoring looks for it: IF-MIB and HOST-RESOURCES-MIB."""

from __future__ import annotations

from pdu_agent.mib_impl.host.interfaces import INTERFACE_COUNT, INTERFACES, MORE_OF_INTERFACES
from pdu_agent.mib_impl.host.resources import DATE, DEVICES, MEMORY, PROCESSORS, STORAGES, SYSTEM
from pdu_agent.mib_impl.schema import MibModule
from pdu_agent.mib_impl.syntax import Oid

_MIB_2: Oid = (1, 3, 6, 1, 2, 1)


def interfaces_module() -> MibModule:
    return MibModule(
        name="IF-MIB",
        about="The MIB module to describe network interfaces",
        identity=(*_MIB_2, 31),
        arc=_MIB_2,
        groups=(INTERFACE_COUNT, INTERFACES, MORE_OF_INTERFACES),
    )


def host_resources_module() -> MibModule:
    return MibModule(
        name="HOST-RESOURCES-MIB",
        about="The MIB module to describe the computer that the agent runs on",
        identity=(*_MIB_2, 25, 7, 1),
        arc=(*_MIB_2, 25),
        groups=(SYSTEM, DATE, MEMORY, STORAGES, DEVICES, PROCESSORS),
    )
