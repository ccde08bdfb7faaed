# SPDX-License-Identifier: Apache-2.0
"""OPENPDU-MIB opduOutletTable: the sockets and what switches them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pdu_agent.access.grant import Rights
from pdu_agent.mib_impl.openpdu.metering import SIGNED_MILLI, UNSIGNED_MILLI
from pdu_agent.mib_impl.openpdu.words import (
    BRANCH_NUMBER,
    CHANGE_REASON,
    FAULTS,
    INLET_NUMBER,
    LINE,
    ON_OFF,
    OUTLET_NUMBER,
    SWITCH_COMMAND,
    SWITCH_STATE,
    VERDICT,
    Forced,
    action_of,
    fault_labels,
)
from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.syntax import (
    Bits,
    Counter32,
    DateAndTime,
    Enumerated,
    Special,
    TimeStamp,
    Unsigned32,
    Utf8,
)
from pdu_agent.model.commands import (
    ConfigureOutlet,
    Lock,
    OutletSetting,
    PowerUp,
    SetLock,
    SwitchOutlet,
)
from pdu_agent.model.snapshot import Outlet, SwitchProof

CAPABILITIES = Bits("switched", "metered", "senses", "fused")

LOCK = Enumerated(
    (1, "unlocked", Lock.UNLOCKED),
    (2, "lockedOn", Lock.LOCKED_ON),
    (3, "lockedOff", Lock.LOCKED_OFF),
)

POWER_UP = Enumerated(
    (1, "on", PowerUp.ON),
    (2, "off", PowerUp.OFF),
    (3, "last", PowerUp.LAST),
)


def _capabilities(outlet: Outlet) -> set[str]:
    able = {"switched": outlet.switched, "metered": outlet.meter is not None}
    return {label for label, present in able.items() if present}


def _configures(setting: OutletSetting) -> Callable[[Outlet, Any], ConfigureOutlet]:
    return lambda outlet, value: ConfigureOutlet(outlet.index, setting, value)


def _of_proof(value: Callable[[SwitchProof], Any]) -> Callable[[Outlet], Any]:
    """None, and so no instance, until the relay has moved."""
    return lambda outlet: value(outlet.last_proof) if outlet.last_proof is not None else None


def _proof_objects() -> Iterator[ObjectType[Outlet]]:
    """What shows that the relay did as it was last told."""
    yield ObjectType(27, "opduOutletProof", VERDICT, _of_proof(lambda proof: proof.verdict))
    yield ObjectType(28, "opduOutletProofOrder", ON_OFF, _of_proof(lambda proof: proof.closed))
    yield ObjectType(29, "opduOutletProofRelay", ON_OFF, _of_proof(lambda proof: proof.read_back))
    yield ObjectType(
        30, "opduOutletProofTime", DateAndTime(), _of_proof(lambda proof: proof.moved_wall_s)
    )
    for column, name, value in (
        (31, "opduOutletProofCurrentBefore", lambda proof: proof.current_before_a),
        (32, "opduOutletProofCurrentAfter", lambda proof: proof.current_after_a),
    ):
        yield ObjectType(column, name, UNSIGNED_MILLI, _of_proof(value), units="milliamperes")
    for column, name, value in (
        (33, "opduOutletProofPowerBefore", lambda proof: proof.power_before_w),
        (34, "opduOutletProofPowerAfter", lambda proof: proof.power_after_w),
    ):
        yield ObjectType(column, name, SIGNED_MILLI, _of_proof(value), units="milliwatts")


OUTLETS: Table[Outlet] = Table(
    suffix=(3, 1),
    name="opduOutletTable",
    index=("opduOutletIndex",),
    rows=lambda snapshot: (((outlet.index,), outlet) for outlet in snapshot.outlets),
    outlet=lambda outlet: outlet.index,
    objects=(
        ObjectType(1, "opduOutletIndex", OUTLET_NUMBER),
        ObjectType(
            2,
            "opduOutletName",
            Utf8(0, 32),
            lambda outlet: outlet.name,
            to_command=_configures(OutletSetting.NAME),
        ),
        ObjectType(
            3,
            "opduOutletDescr",
            Utf8(0, 64),
            lambda outlet: outlet.note,
            to_command=_configures(OutletSetting.NOTE),
        ),
        ObjectType(4, "opduOutletCapabilities", CAPABILITIES, _capabilities),
        ObjectType(5, "opduOutletInlet", INLET_NUMBER, lambda outlet: outlet.inlet),
        ObjectType(6, "opduOutletLine", LINE, lambda outlet: outlet.line),
        ObjectType(7, "opduOutletState", SWITCH_STATE, lambda outlet: outlet.state),
        ObjectType(
            8,
            "opduOutletCommand",
            SWITCH_COMMAND,
            lambda _: Special.NONE,
            to_command=lambda outlet, wanted: SwitchOutlet(
                outlet.index, action_of(wanted), forced=isinstance(wanted, Forced)
            ),
            needs=Rights.SWITCH,
        ),
        ObjectType(
            9,
            "opduOutletPending",
            SWITCH_COMMAND,
            lambda outlet: outlet.pending or Special.NONE,
        ),
        ObjectType(
            10,
            "opduOutletPendingTime",
            Unsigned32(),
            lambda outlet: outlet.pending_s,
            units="seconds",
        ),
        ObjectType(
            11,
            "opduOutletLock",
            LOCK,
            lambda outlet: outlet.lock,
            to_command=lambda outlet, lock: SetLock(outlet.index, lock),
        ),
        ObjectType(
            12,
            "opduOutletOnDelay",
            Unsigned32(0, 7200),
            lambda outlet: outlet.on_delay_s,
            units="seconds",
            to_command=_configures(OutletSetting.ON_DELAY_S),
        ),
        ObjectType(
            13,
            "opduOutletOffDelay",
            Unsigned32(0, 7200),
            lambda outlet: outlet.off_delay_s,
            units="seconds",
            to_command=_configures(OutletSetting.OFF_DELAY_S),
        ),
        ObjectType(
            14,
            "opduOutletRebootTime",
            Unsigned32(1, 600),
            lambda outlet: outlet.reboot_s,
            units="seconds",
            to_command=_configures(OutletSetting.REBOOT_S),
        ),
        ObjectType(
            15,
            "opduOutletPowerUpState",
            POWER_UP,
            lambda outlet: outlet.power_up,
            to_command=_configures(OutletSetting.POWER_UP),
        ),
        ObjectType(
            16,
            "opduOutletPriority",
            Unsigned32(0, 255),
            lambda outlet: outlet.priority,
            to_command=_configures(OutletSetting.PRIORITY),
        ),
        ObjectType(17, "opduOutletLastReason", CHANGE_REASON, lambda outlet: outlet.last_reason),
        ObjectType(18, "opduOutletLastChange", TimeStamp(), lambda outlet: outlet.last_change_s),
        ObjectType(19, "opduOutletSwitchCount", Counter32(), lambda outlet: outlet.switch_count),
        ObjectType(
            21,
            "opduOutletDiscontinuityTime",
            TimeStamp(),
            lambda outlet: outlet.discontinuity_s,
        ),
        ObjectType(22, "opduOutletReceptacle", Utf8(0, 32), lambda outlet: outlet.receptacle),
        ObjectType(23, "opduOutletPosition", Utf8(0, 32), lambda outlet: outlet.position),
        ObjectType(24, "opduOutletDevice", Utf8(0, 64), lambda outlet: outlet.device),
        ObjectType(25, "opduOutletBranch", BRANCH_NUMBER, lambda outlet: outlet.branch),
        ObjectType(26, "opduOutletFaults", FAULTS, lambda outlet: fault_labels(outlet.faults)),
        *_proof_objects(),
        ObjectType(
            35,
            "opduOutletMinOnTime",
            Unsigned32(0, 7200),
            lambda outlet: outlet.min_on_s,
            units="seconds",
            to_command=_configures(OutletSetting.MIN_ON_S),
        ),
        ObjectType(
            36,
            "opduOutletMinOffTime",
            Unsigned32(0, 7200),
            lambda outlet: outlet.min_off_s,
            units="seconds",
            to_command=_configures(OutletSetting.MIN_OFF_S),
        ),
        ObjectType(
            37,
            "opduOutletRatedCurrent",
            UNSIGNED_MILLI,
            lambda outlet: outlet.rated_current_a,
            units="milliamperes",
        ),
        ObjectType(
            38,
            "opduOutletPulseTime",
            Unsigned32(100, 600_000, scale=1000),
            lambda outlet: outlet.pulse_s,
            units="milliseconds",
            to_command=_configures(OutletSetting.PULSE_S),
        ),
    ),
)
