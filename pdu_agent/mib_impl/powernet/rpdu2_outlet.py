# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB rPDU2OutletSwitched: the outlets that can be switched, by their numbers.

The state reads off(1) and on(2), the command the other way round.
"""

from __future__ import annotations

from collections.abc import Callable

from pdu_agent.access.grant import Rights
from pdu_agent.mib_impl.powernet.rpdu2_columns import (
    NUMBER,
    PENDING,
    PHASE_LAYOUT,
    RPDU2_ARC,
    named,
    size,
)
from pdu_agent.mib_impl.powernet.words import (
    NEVER_S,
    phase_of,
    power_on_s,
    sets_power_on,
    state_as_command,
)
from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.syntax import Enumerated, Integer32, Oid
from pdu_agent.model.commands import Action, Command, ConfigureOutlet, OutletSetting, SwitchOutlet
from pdu_agent.model.snapshot import Outlet, Snapshot

LAST_DELAY_S = 7200

STATE = Enumerated((1, "off", False), (2, "on", True))

COMMAND = Enumerated(
    (1, "immediateOn", Action.ON),
    (2, "immediateOff", Action.OFF),
    (3, "immediateReboot", Action.REBOOT),
    (5, "delayedOn", Action.ON_DELAYED),
    (6, "delayedOff", Action.OFF_DELAYED),
    (7, "delayedReboot", Action.REBOOT_DELAYED),
    (8, "cancelPendingCommand", Action.CANCEL),
)
_OUTLET_UNKNOWN = 4


def sets_name(outlet: Outlet, text: str) -> Command:
    return ConfigureOutlet(outlet.index, OutletSetting.NAME, text)


def _rows(snapshot: Snapshot) -> list[tuple[Oid, Outlet]]:
    return [((outlet.index,), outlet) for outlet in snapshot.outlets if outlet.switched]


def _number(outlet: Outlet) -> int:
    return outlet.index


def _name(outlet: Outlet) -> str:
    return outlet.name


def _seconds(
    number: int,
    name: str,
    syntax: Integer32,
    get: Callable[[Outlet], float],
    setting: OutletSetting,
) -> ObjectType[Outlet]:
    return ObjectType(
        number,
        name,
        syntax,
        get,
        units="seconds",
        to_command=lambda outlet, seconds: ConfigureOutlet(outlet.index, setting, seconds),
    )


SWITCHED_SIZE = size(
    (9,), 1, "rPDU2OutletSwitchedTableSize", lambda s: sum(outlet.switched for outlet in s.outlets)
)

SWITCHED_CONFIG: Table[Outlet] = Table(
    suffix=(*RPDU2_ARC, 9, 2, 1),
    name="rPDU2OutletSwitchedConfigTable",
    index=("rPDU2OutletSwitchedConfigIndex",),
    rows=_rows,
    outlet=_number,
    objects=(
        *named("rPDU2OutletSwitchedConfig", _number, _name, sets_name),
        ObjectType(
            5,
            "rPDU2OutletSwitchedConfigPowerOnTime",
            Integer32(NEVER_S, LAST_DELAY_S),
            power_on_s,
            units="seconds",
            to_command=sets_power_on,
        ),
        # The MIB's -1, never to power off, is nothing that an outlet here could be told.
        _seconds(
            6,
            "rPDU2OutletSwitchedConfigPowerOffTime",
            Integer32(0, LAST_DELAY_S),
            lambda outlet: outlet.off_delay_s,
            OutletSetting.OFF_DELAY_S,
        ),
        _seconds(
            7,
            "rPDU2OutletSwitchedConfigRebootDuration",
            Integer32(5, 60),
            lambda outlet: outlet.reboot_s,
            OutletSetting.REBOOT_S,
        ),
    ),
)

SWITCHED_PROPERTIES: Table[Outlet] = Table(
    suffix=(*RPDU2_ARC, 9, 2, 2),
    name="rPDU2OutletSwitchedPropertiesTable",
    index=("rPDU2OutletSwitchedPropertiesIndex",),
    rows=_rows,
    outlet=_number,
    objects=(
        *named("rPDU2OutletSwitchedProperties", _number, _name),
        ObjectType(
            5,
            "rPDU2OutletSwitchedPropertiesPhaseLayout",
            PHASE_LAYOUT,
            phase_of,
            absent=-1,
        ),
        ObjectType(
            6,
            "rPDU2OutletSwitchedPropertiesBank",
            NUMBER,
            lambda outlet: outlet.branch,
            absent=0,
        ),
    ),
)

SWITCHED_STATUS: Table[Outlet] = Table(
    suffix=(*RPDU2_ARC, 9, 2, 3),
    name="rPDU2OutletSwitchedStatusTable",
    index=("rPDU2OutletSwitchedStatusIndex",),
    rows=_rows,
    outlet=_number,
    objects=(
        *named("rPDU2OutletSwitchedStatus", _number, _name),
        ObjectType(5, "rPDU2OutletSwitchedStatusState", STATE, lambda outlet: outlet.is_on),
        ObjectType(
            6,
            "rPDU2OutletSwitchedStatusCommandPending",
            PENDING,
            lambda outlet: outlet.pending is not None,
        ),
    ),
)

SWITCHED_CONTROL: Table[Outlet] = Table(
    suffix=(*RPDU2_ARC, 9, 2, 4),
    name="rPDU2OutletSwitchedControlTable",
    index=("rPDU2OutletSwitchedControlIndex",),
    rows=_rows,
    outlet=_number,
    objects=(
        *named("rPDU2OutletSwitchedControl", _number, _name),
        ObjectType(
            5,
            "rPDU2OutletSwitchedControlCommand",
            COMMAND,
            state_as_command,
            to_command=lambda outlet, action: SwitchOutlet(outlet.index, action),
            needs=Rights.SWITCH,
            absent=_OUTLET_UNKNOWN,
        ),
    ),
)
