# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB rPDUOutlet: switching outlets, and what they are doing."""

from __future__ import annotations

from pdu_agent.access.grant import Rights
from pdu_agent.mib_impl.powernet.phases import Phase, phases
from pdu_agent.mib_impl.powernet.rpdu_ident import COUNT
from pdu_agent.mib_impl.powernet.rpdu_load import NUMBER, PHASE_INDEX
from pdu_agent.mib_impl.powernet.watched import metered_outlets, outlet_rows
from pdu_agent.mib_impl.powernet.words import (
    NEVER_S,
    cold_start_s,
    measured,
    phase_of,
    sets_cold_start,
    state_as_command,
)
from pdu_agent.mib_impl.schema import ObjectType, Scalars, Table, whole
from pdu_agent.mib_impl.syntax import DisplayString, Enumerated, Gauge32, Integer32, Special
from pdu_agent.model.commands import (
    Action,
    BranchSetting,
    ConfigureBranch,
    ConfigureInlet,
    InletSetting,
    OverloadRestriction,
    SwitchAll,
    SwitchOutlet,
)
from pdu_agent.model.snapshot import Branch, Outlet, Snapshot

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


def bank_of(outlet: Outlet) -> int:
    """0 without one (recorded from an AP7900)."""
    return 0 if outlet.branch is None else outlet.branch


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

PHASE_RESTRICTIONS: Table[Phase] = Table(
    suffix=(1, 1, 12, 3, 2, 1),
    name="rPDUOutletPhaseTable",
    index=("rPDUOutletPhaseIndex",),
    rows=lambda snapshot: (((phase.index,), phase) for phase in phases(snapshot)),
    objects=(
        ObjectType(1, "rPDUOutletPhaseIndex", PHASE_INDEX, lambda phase: phase.index),
        ObjectType(
            2,
            "rPDUOutletPhaseOverloadRestriction",
            RESTRICTION,
            lambda phase: phase.overload_restriction,
            to_command=lambda phase, word: ConfigureInlet(
                phase.inlet.index, InletSetting.OVERLOAD_RESTRICTION, word
            ),
        ),
    ),
)

CONTROL: Table[Outlet] = Table(
    suffix=(1, 1, 12, 3, 3, 1),
    name="rPDUOutletControlTable",
    index=("rPDUOutletControlIndex",),
    rows=outlet_rows,
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
            state_as_command,  # it has no word for a state that nobody knows
            to_command=lambda outlet, action: SwitchOutlet(outlet.index, action),
            needs=Rights.SWITCH,
        ),
        ObjectType(5, "rPDUOutletControlOutletBank", COUNT, bank_of),
    ),
)

STATUS: Table[Outlet] = Table(
    suffix=(1, 1, 12, 3, 5, 1),
    name="rPDUOutletStatusTable",
    index=("rPDUOutletStatusIndex",),
    rows=outlet_rows,
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
        ObjectType(6, "rPDUOutletStatusOutletBank", COUNT, bank_of),
        ObjectType(
            7,
            "rPDUOutletStatusLoad",
            Gauge32(scale=10),
            lambda outlet: measured(outlet.meter).current_a,
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
    STATUS,
    BANK_RESTRICTIONS,
)
