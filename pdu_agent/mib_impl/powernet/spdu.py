# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB sPDU (masterSwitch): the first generation, which most tools know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pdu_agent.access.grant import Rights
from pdu_agent.mib_impl.powernet.watched import outlet_rows
from pdu_agent.mib_impl.powernet.words import (
    NEVER_S,
    cold_start_s,
    firmware,
    power_on_s,
    sets_cold_start,
    sets_power_on,
    state_as_command,
)
from pdu_agent.mib_impl.schema import ObjectType, Scalars, Table, whole
from pdu_agent.mib_impl.set_errors import ErrorStatus
from pdu_agent.mib_impl.syntax import (
    DisplayString,
    Enumerated,
    Integer32,
    Special,
    Syntax,
    Tag,
    Unacceptable,
    Value,
)
from pdu_agent.model.commands import (
    Action,
    ConfigureDevice,
    ConfigureOutlet,
    ConfigureOutlets,
    DeviceSetting,
    OutletSetting,
    SwitchAll,
    SwitchOutlet,
)
from pdu_agent.model.quantities import scaled
from pdu_agent.model.snapshot import Outlet, Snapshot

TEXT = DisplayString(0, 255)
COUNT = Integer32(0)
OUTLET_NUMBER = Integer32(1)
OUTLET_NAME = DisplayString(0, 20)


@dataclass(frozen=True, slots=True)
class Steps(Syntax):
    """Seconds of which only some are allowed, in rising order.

    A SET of anything else means the next lower one, or the lowest, as the text of every object
    of this kind says; what the model has between two of them is shown as it is.
    """

    tag: ClassVar[Tag] = Tag.INTEGER
    allowed_s: tuple[int, ...]

    def encode(self, plain: float) -> Value:
        return Value(self.tag, scaled(plain, 1, self.allowed_s[0], self.allowed_s[-1]))

    def accept(self, content: int) -> int:
        return max((step for step in self.allowed_s if step <= content), default=self.allowed_s[0])


DELAY = Steps((NEVER_S, 0, 15, 30, 45, 60, 120, 300))
REBOOT = Steps((5, 10, 15, 20, 30, 45, 60))

MASTER_SWITCH = Enumerated(
    (1, "turnAllOnNow", Action.ON),
    (2, "turnAllOnSequence", Action.ON_DELAYED),
    (3, "turnAllOffNow", Action.OFF),
    (4, "rebootAllNow", Action.REBOOT),
    (5, "rebootAllSequence", Action.REBOOT_DELAYED),
    (6, "noCommand", Special.NONE),
    (7, "turnAllOffSequence", Action.OFF_DELAYED),
)

PENDING = Enumerated((1, "commandPending", True), (2, "noCommandPending", False))

CONTROL = Enumerated(
    (1, "outletOn", Action.ON),
    (2, "outletOff", Action.OFF),
    (3, "outletReboot", Action.REBOOT),
    (5, "outletOnWithDelay", Action.ON_DELAYED),
    (6, "outletOffWithDelay", Action.OFF_DELAYED),
    (7, "outletRebootWithDelay", Action.REBOOT_DELAYED),
)
_OUTLET_UNKNOWN = 4


_STATE_WORDS = {True: "On  ", False: "Off ", None: "Unknown "}


def _states(snapshot: Snapshot) -> str:
    """Four characters for each outlet, as recorded from an AP7900."""
    return "".join(_STATE_WORDS[outlet.is_on] for outlet in snapshot.outlets)


def _pendings(snapshot: Snapshot) -> str:
    return "".join("No  " if outlet.pending is None else "Yes " for outlet in snapshot.outlets)


def _power_off(outlet: Outlet, seconds: int) -> ConfigureOutlet:
    if seconds == NEVER_S:
        raise Unacceptable(ErrorStatus.WRONG_VALUE, "an outlet here cannot stay on for ever")
    return ConfigureOutlet(outlet.index, OutletSetting.OFF_DELAY_S, seconds)


IDENT: Scalars[Snapshot] = Scalars(
    suffix=(1, 1, 4, 1),
    source=whole,
    objects=(
        ObjectType(1, "sPDUIdentHardwareRev", TEXT, lambda s: s.device.hardware_revision),
        ObjectType(2, "sPDUIdentFirmwareRev", DisplayString(0, 8), firmware),
        ObjectType(4, "sPDUIdentModelNumber", TEXT, lambda s: s.device.model),
        ObjectType(5, "sPDUIdentSerialNumber", TEXT, lambda s: s.device.serial_number),
    ),
)

MASTER: Scalars[Snapshot] = Scalars(
    suffix=(1, 1, 4, 2),
    source=whole,
    every_outlet=True,
    objects=(
        ObjectType(
            1,
            "sPDUMasterControlSwitch",
            MASTER_SWITCH,
            lambda _: Special.NONE,
            to_command=lambda _, action: SwitchAll(action),
            needs=Rights.SWITCH,
        ),
        ObjectType(2, "sPDUMasterState", TEXT, _states),
        ObjectType(3, "sPDUMasterPending", TEXT, _pendings),
    ),
)


def _largest_reboot_s(snapshot: Snapshot) -> int | None:
    """The text of sPDUMasterConfigReboot for units that have a time for each outlet."""
    return max((outlet.reboot_s for outlet in snapshot.outlets), default=None)


MASTER_TIMES: Scalars[Snapshot] = Scalars(
    suffix=(1, 1, 4, 3),
    source=whole,
    every_outlet=True,
    objects=(
        ObjectType(
            1,
            "sPDUMasterConfigPowerOn",
            DELAY,
            cold_start_s,
            units="seconds",
            to_command=sets_cold_start,
        ),
        ObjectType(
            2,
            "sPDUMasterConfigReboot",
            REBOOT,
            _largest_reboot_s,
            units="seconds",
            to_command=lambda _, seconds: ConfigureOutlets(OutletSetting.REBOOT_S, seconds),
        ),
    ),
)

MASTER_NAME: Scalars[Snapshot] = Scalars(
    suffix=(1, 1, 4, 3),
    source=whole,
    objects=(
        ObjectType(
            3,
            "sPDUMasterConfigPDUName",
            TEXT,
            lambda snapshot: snapshot.device.name,
            to_command=lambda _, name: ConfigureDevice(DeviceSetting.NAME, name),
        ),
    ),
)

SIZES: Sequence[Scalars[Snapshot]] = (
    Scalars(
        (1, 1, 4, 4),
        whole,
        (ObjectType(1, "sPDUOutletControlTableSize", COUNT, lambda s: len(s.outlets)),),
    ),
    Scalars(
        (1, 1, 4, 5),
        whole,
        (ObjectType(1, "sPDUOutletConfigTableSize", COUNT, lambda s: len(s.outlets)),),
    ),
)

OUTLET_CONTROL: Table[Outlet] = Table(
    suffix=(1, 1, 4, 4, 2),
    name="sPDUOutletControlTable",
    index=("sPDUOutletControlIndex",),
    rows=outlet_rows,
    outlet=lambda outlet: outlet.index,
    objects=(
        ObjectType(1, "sPDUOutletControlIndex", OUTLET_NUMBER, lambda outlet: outlet.index),
        ObjectType(2, "sPDUOutletPending", PENDING, lambda outlet: outlet.pending is not None),
        ObjectType(
            3,
            "sPDUOutletCtl",
            CONTROL,
            state_as_command,
            to_command=lambda outlet, action: SwitchOutlet(outlet.index, action),
            needs=Rights.SWITCH,
            absent=_OUTLET_UNKNOWN,
        ),
        ObjectType(4, "sPDUOutletCtlName", OUTLET_NAME, lambda outlet: outlet.name),
    ),
)

OUTLET_CONFIG: Table[Outlet] = Table(
    suffix=(1, 1, 4, 5, 2),
    name="sPDUOutletConfigTable",
    index=("sPDUOutletConfigIndex",),
    rows=outlet_rows,
    outlet=lambda outlet: outlet.index,
    objects=(
        ObjectType(1, "sPDUOutletConfigIndex", OUTLET_NUMBER, lambda outlet: outlet.index),
        ObjectType(
            2,
            "sPDUOutletPowerOnTime",
            DELAY,
            power_on_s,
            units="seconds",
            to_command=sets_power_on,
        ),
        ObjectType(
            3,
            "sPDUOutletName",
            OUTLET_NAME,
            lambda outlet: outlet.name,
            to_command=lambda outlet, name: ConfigureOutlet(outlet.index, OutletSetting.NAME, name),
        ),
        ObjectType(
            4,
            "sPDUOutletPowerOffTime",
            DELAY,
            lambda outlet: outlet.off_delay_s,
            units="seconds",
            to_command=_power_off,
        ),
        ObjectType(
            5,
            "sPDUOutletRebootDuration",
            REBOOT,
            lambda outlet: outlet.reboot_s,
            units="seconds",
            to_command=lambda outlet, seconds: ConfigureOutlet(
                outlet.index, OutletSetting.REBOOT_S, seconds
            ),
        ),
    ),
)

SPDU: tuple[Scalars[Any] | Table[Any], ...] = (
    IDENT,
    MASTER,
    MASTER_TIMES,
    MASTER_NAME,
    *SIZES,
    OUTLET_CONTROL,
    OUTLET_CONFIG,
)
