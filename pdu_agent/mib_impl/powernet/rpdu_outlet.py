# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB rPDUOutlet: switching outlets, their settings, and what they are doing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pdu_agent.access.grant import Rights
from pdu_agent.mib_impl.powernet.rpdu_ident import COUNT
from pdu_agent.mib_impl.powernet.rpdu_load import NUMBER, PHASE_INDEX
from pdu_agent.mib_impl.powernet.watched import (
    Watched,
    limit_column,
    metered_outlets,
    watched_outlets,
)
from pdu_agent.mib_impl.powernet.words import (
    NEVER_S,
    cold_start_s,
    phase_of,
    phases,
    power_on_s,
    sets_cold_start,
    sets_power_on,
)
from pdu_agent.mib_impl.schema import ObjectType, Scalars, Table, whole
from pdu_agent.mib_impl.syntax import (
    DisplayString,
    Enumerated,
    Gauge32,
    Integer32,
    Oid,
    Special,
)
from pdu_agent.model.commands import (
    Action,
    BranchSetting,
    ConfigureBranch,
    ConfigureInlet,
    ConfigureOutlet,
    InletSetting,
    Limit,
    OutletSetting,
    OverloadRestriction,
    SwitchAll,
    SwitchOutlet,
)
from pdu_agent.model.snapshot import Branch, Inlet, Outlet, Snapshot

OUTLET_NAME = DisplayString(0, 32)

DEVICE_COMMAND = Enumerated(
    (1, "noCommandAll", Special.NONE),
    (2, "immediateAllOn", Action.ON),
    (3, "immediateAllOff", Action.OFF),
    (4, "immediateAllReboot", Action.REBOOT),
    (5, "delayedAllOn", Action.ON_DELAYED),
    (6, "delayedAllOff", Action.OFF_DELAYED),
    (7, "delayedAllReboot", Action.REBOOT_DELAYED),
    (8, "cancelAllPendingCommands", Action.CANCEL),
)

OUTLET_COMMAND = Enumerated(
    (1, "immediateOn", Action.ON),
    (2, "immediateOff", Action.OFF),
    (3, "immediateReboot", Action.REBOOT),
    (4, "delayedOn", Action.ON_DELAYED),
    (5, "delayedOff", Action.OFF_DELAYED),
    (6, "delayedReboot", Action.REBOOT_DELAYED),
    (7, "cancelPendingCommand", Action.CANCEL),
)

OUTLET_STATE = Enumerated((1, "outletStatusOn", True), (2, "outletStatusOff", False))

COMMAND_PENDING = Enumerated(
    (1, "outletStatusCommandPending", True), (2, "outletStatusNoCommandPending", False)
)

OUTLET_PHASE = Enumerated(
    (1, "phase1", 1),
    (2, "phase2", 2),
    (3, "phase3", 3),
    (4, "phase1-2", "l1l2"),
    (5, "phase2-3", "l2l3"),
    (6, "phase3-1", "l3l1"),
)

RESTRICTION = Enumerated(
    (1, "alwaysAllowTurnON", OverloadRestriction.NONE),
    (2, "restrictOnNearOverload", OverloadRestriction.NEAR_OVERLOAD),
    (3, "restrictOnOverload", OverloadRestriction.OVERLOAD),
)


def _shown_command(outlet: Outlet) -> Action | None:
    """rPDUOutletControlOutletCommand shows the state; it has no word for one nobody knows."""
    if outlet.is_on is None:
        return None
    return Action.ON if outlet.is_on else Action.OFF


def _outlets(snapshot: Snapshot) -> Iterator[tuple[Oid, Outlet]]:
    for outlet in snapshot.outlets:
        yield (outlet.index,), outlet


def _bank(outlet: Outlet) -> int:
    """0 without one (recorded from an AP7900)."""
    return 0 if outlet.branch is None else outlet.branch


def _configures(setting: OutletSetting) -> Callable[[Outlet, Any], ConfigureOutlet]:
    return lambda outlet, value: ConfigureOutlet(outlet.index, setting, value)


DEVICE: Scalars[Snapshot] = Scalars(
    suffix=(1, 1, 12, 3, 1),
    source=whole,
    every_outlet=True,
    objects=(
        ObjectType(
            1,
            "rPDUOutletDevCommand",
            DEVICE_COMMAND,
            lambda _: Special.NONE,
            to_command=lambda _, action: SwitchAll(action),
            needs=Rights.SWITCH,
        ),
        ObjectType(
            2,
            "rPDUOutletDevColdstartDelay",
            Integer32(NEVER_S, 300),
            cold_start_s,
            units="seconds",
            to_command=sets_cold_start,
        ),
    ),
)

COUNTS: Scalars[Snapshot] = Scalars(
    suffix=(1, 1, 12, 3, 1),
    source=whole,
    objects=(
        ObjectType(
            3,
            "rPDUOutletDevNumCntrlOutlets",
            COUNT,
            lambda snapshot: sum(outlet.switched for outlet in snapshot.outlets),
        ),
        ObjectType(4, "rPDUOutletDevNumTotalOutlets", COUNT, lambda s: len(s.outlets)),
        ObjectType(5, "rPDUOutletDevMonitoredOutlets", COUNT, lambda s: len(metered_outlets(s))),
    ),
)

PHASE_RESTRICTIONS: Table[Inlet] = Table(
    suffix=(1, 1, 12, 3, 2, 1),
    name="rPDUOutletPhaseTable",
    index=("rPDUOutletPhaseIndex",),
    rows=lambda snapshot: (((inlet.index,), inlet) for inlet in phases(snapshot)),
    objects=(
        ObjectType(1, "rPDUOutletPhaseIndex", PHASE_INDEX, lambda inlet: inlet.index),
        ObjectType(
            2,
            "rPDUOutletPhaseOverloadRestriction",
            RESTRICTION,
            lambda inlet: inlet.overload_restriction,
            to_command=lambda inlet, word: ConfigureInlet(
                inlet.index, InletSetting.OVERLOAD_RESTRICTION, word
            ),
        ),
    ),
)

CONTROL: Table[Outlet] = Table(
    suffix=(1, 1, 12, 3, 3, 1),
    name="rPDUOutletControlTable",
    index=("rPDUOutletControlIndex",),
    rows=_outlets,
    outlet=lambda outlet: outlet.index,
    objects=(
        # Notifications say 0 for all outlets.
        ObjectType(1, "rPDUOutletControlIndex", COUNT, lambda outlet: outlet.index),
        ObjectType(2, "rPDUOutletControlOutletName", OUTLET_NAME, lambda outlet: outlet.name),
        ObjectType(3, "rPDUOutletControlOutletPhase", OUTLET_PHASE, phase_of),
        ObjectType(
            4,
            "rPDUOutletControlOutletCommand",
            OUTLET_COMMAND,
            _shown_command,
            to_command=lambda outlet, action: SwitchOutlet(outlet.index, action),
            needs=Rights.SWITCH,
        ),
        ObjectType(5, "rPDUOutletControlOutletBank", COUNT, _bank),
    ),
)

CONFIG: Table[Outlet] = Table(
    suffix=(1, 1, 12, 3, 4, 1),
    name="rPDUOutletConfigTable",
    index=("rPDUOutletConfigIndex",),
    rows=_outlets,
    outlet=lambda outlet: outlet.index,
    objects=(
        ObjectType(1, "rPDUOutletConfigIndex", NUMBER, lambda outlet: outlet.index),
        ObjectType(
            2,
            "rPDUOutletConfigOutletName",
            OUTLET_NAME,
            lambda outlet: outlet.name,
            to_command=_configures(OutletSetting.NAME),
        ),
        ObjectType(3, "rPDUOutletConfigOutletPhase", OUTLET_PHASE, phase_of),
        ObjectType(
            4,
            "rPDUOutletConfigPowerOnTime",
            Integer32(NEVER_S, 7200),
            power_on_s,
            units="seconds",
            to_command=sets_power_on,
        ),
        ObjectType(  # NEVER_S is not taken: no outlet here can refuse to be switched off
            5,
            "rPDUOutletConfigPowerOffTime",
            Integer32(0, 7200),
            lambda outlet: outlet.off_delay_s,
            units="seconds",
            to_command=_configures(OutletSetting.OFF_DELAY_S),
        ),
        ObjectType(
            6,
            "rPDUOutletConfigRebootDuration",
            Integer32(5, 60),
            lambda outlet: outlet.reboot_s,
            units="seconds",
            to_command=_configures(OutletSetting.REBOOT_S),
        ),
        ObjectType(7, "rPDUOutletConfigOutletBank", COUNT, _bank),
    ),
)

MONITORED_SIZE: Scalars[Snapshot] = Scalars(
    suffix=(1, 1, 12, 3, 4),
    source=whole,
    objects=(
        ObjectType(
            2, "rPDUOutletConfigMonitoredTableSize", COUNT, lambda s: len(metered_outlets(s))
        ),
    ),
)

MONITORED: Table[Watched[Outlet]] = Table(
    suffix=(1, 1, 12, 3, 4, 3),
    name="rPDUOutletConfigMonitoredTable",
    index=("rPDUOutletConfigMonitoredIndex",),
    rows=watched_outlets,
    outlet=lambda row: row.part.index,
    objects=(
        ObjectType(1, "rPDUOutletConfigMonitoredIndex", NUMBER, lambda row: row.part.index),
        ObjectType(
            2,
            "rPDUOutletConfigMonitoredName",
            OUTLET_NAME,
            lambda row: row.part.name,
            to_command=lambda row, name: ConfigureOutlet(row.part.index, OutletSetting.NAME, name),
        ),
        ObjectType(3, "rPDUOutletConfigMonitoredNumber", NUMBER, lambda row: row.part.index),
        limit_column(4, "rPDUOutletConfigMonitoredLowLoadThreshold", Limit.LOW_WARNING),
        limit_column(5, "rPDUOutletConfigMonitoredNearOverloadThreshold", Limit.HIGH_WARNING),
        limit_column(6, "rPDUOutletConfigMonitoredOverloadThreshold", Limit.HIGH_CRITICAL),
    ),
)

STATUS: Table[Outlet] = Table(
    suffix=(1, 1, 12, 3, 5, 1),
    name="rPDUOutletStatusTable",
    index=("rPDUOutletStatusIndex",),
    rows=_outlets,
    outlet=lambda outlet: outlet.index,
    objects=(
        ObjectType(1, "rPDUOutletStatusIndex", NUMBER, lambda outlet: outlet.index),
        ObjectType(2, "rPDUOutletStatusOutletName", OUTLET_NAME, lambda outlet: outlet.name),
        ObjectType(3, "rPDUOutletStatusOutletPhase", OUTLET_PHASE, phase_of),
        ObjectType(4, "rPDUOutletStatusOutletState", OUTLET_STATE, lambda outlet: outlet.is_on),
        ObjectType(
            5,
            "rPDUOutletStatusCommandPending",
            COMMAND_PENDING,
            lambda outlet: outlet.pending is not None,
        ),
        ObjectType(6, "rPDUOutletStatusOutletBank", COUNT, _bank),
        ObjectType(
            7,
            "rPDUOutletStatusLoad",
            Gauge32(scale=10),
            lambda outlet: None if outlet.meter is None else outlet.meter.electrical.current_a,
            units="tenths of an ampere",
        ),
    ),
)

BANK_RESTRICTIONS: Table[Branch] = Table(
    suffix=(1, 1, 12, 3, 6, 1),
    name="rPDUOutletBankTable",
    index=("rPDUOutletBankIndex",),
    rows=lambda snapshot: (((branch.index,), branch) for branch in snapshot.branches),
    objects=(
        ObjectType(1, "rPDUOutletBankIndex", NUMBER, lambda branch: branch.index),
        ObjectType(
            2,
            "rPDUOutletBankOverloadRestriction",
            RESTRICTION,
            lambda branch: branch.overload_restriction,
            to_command=lambda branch, word: ConfigureBranch(
                branch.index, BranchSetting.OVERLOAD_RESTRICTION, word
            ),
        ),
    ),
)

RPDU_OUTLET = (
    DEVICE,
    COUNTS,
    PHASE_RESTRICTIONS,
    CONTROL,
    CONFIG,
    MONITORED_SIZE,
    MONITORED,
    STATUS,
    BANK_RESTRICTIONS,
)
