# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB rPDU2Device: settings, properties and control of the unit as a whole."""

from __future__ import annotations

from collections.abc import Callable

from pdu_agent.access.grant import EVERY_OUTLET, Rights
from pdu_agent.mib_impl.powernet.limits import limit
from pdu_agent.mib_impl.powernet.phases import phases
from pdu_agent.mib_impl.powernet.rpdu2_columns import (
    ALONE,
    NUMBER,
    RPDU2_ARC,
    TEXT,
    reset,
    size,
    unit_leading,
    unit_row,
)
from pdu_agent.mib_impl.powernet.rpdu2_totals import (
    largest_rating_a,
    only_inlet,
    power_watch,
    rating_w,
)
from pdu_agent.mib_impl.powernet.watched import metered_outlets
from pdu_agent.mib_impl.powernet.words import (
    NEVER_S,
    cold_start_s,
    phase_of,
    sets_cold_start,
)
from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.syntax import Enumerated, Integer32, Special
from pdu_agent.model.commands import (
    Action,
    ConfigureDevice,
    DeviceSetting,
    Limit,
    Reset,
    ResetMeter,
    ResetMeters,
    SwitchAll,
    Target,
    TargetKind,
)
from pdu_agent.model.snapshot import Snapshot

_TENTH_KW_W = 100
_NOT_SUPPORTED = 3  # of the reset objects

COMMAND = Enumerated(
    (1, "immediateAllOn", Action.ON),
    (2, "delayedAllOn", Action.ON_DELAYED),
    (3, "immediateAllOff", Action.OFF),
    (4, "immediateAllReboot", Action.REBOOT),
    (5, "delayedAllReboot", Action.REBOOT_DELAYED),
    (6, "noCommandAll", Special.NONE),
    (7, "delayedAllOff", Action.OFF_DELAYED),
    (8, "cancelAllPendingCommands", Action.CANCEL),
)

OUTLET_LAYOUT = Enumerated((1, "seqPhaseToNeutral", True), (9, "seqNotApplicable", False))


def _setting(
    number: int, name: str, get: Callable[[Snapshot], str], setting: DeviceSetting
) -> ObjectType[Snapshot]:
    return ObjectType(
        number, name, TEXT, get, to_command=lambda _, text: ConfigureDevice(setting, text)
    )


def _power_limit(number: int, name: str, which: Limit) -> ObjectType[Snapshot]:
    units = "tenths of a kilowatt"
    return limit(number, name, power_watch, which, units, unit=_TENTH_KW_W, absent=-1)


def _has_one_inlet(snapshot: Snapshot) -> bool:
    return only_inlet(snapshot) is not None


def _has_metered_outlets(snapshot: Snapshot) -> bool:
    return bool(metered_outlets(snapshot))


def _is_phase_to_neutral(snapshot: Snapshot) -> bool:
    """Whether all outlets are wired to one phase and neutral."""
    between_lines = any(isinstance(phase_of(outlet), str) for outlet in snapshot.outlets)
    return _has_one_inlet(snapshot) and not between_lines


DEVICE_SIZE = size((), 3, "rPDU2DeviceTableSize", lambda _: ALONE)

DEVICE_CONFIG: Table[Snapshot] = Table(
    suffix=(*RPDU2_ARC, 4, 1),
    name="rPDU2DeviceConfigTable",
    index=("rPDU2DeviceConfigIndex",),
    rows=unit_row,
    objects=(
        ObjectType(1, "rPDU2DeviceConfigIndex", NUMBER, lambda _: ALONE),
        ObjectType(
            2,
            "rPDU2DeviceConfigModule",
            Integer32(ALONE, ALONE),
            lambda _: ALONE,
            to_command=lambda *_: (),
        ),
        _setting(3, "rPDU2DeviceConfigName", lambda s: s.device.name, DeviceSetting.NAME),
        _setting(
            4, "rPDU2DeviceConfigLocation", lambda s: s.device.location, DeviceSetting.LOCATION
        ),
        _power_limit(7, "rPDU2DeviceConfigLowLoadPowerThreshold", Limit.LOW_WARNING),
        _power_limit(8, "rPDU2DeviceConfigNearOverloadPowerThreshold", Limit.HIGH_WARNING),
        _power_limit(9, "rPDU2DeviceConfigOverloadPowerThreshold", Limit.HIGH_CRITICAL),
        reset(
            10,
            "rPDU2DeviceConfigDevicePeakPowerReset",
            lambda s: ResetMeter(Target(TargetKind.INLET, s.inlets[0].index), Reset.PEAK_POWER),
            _has_one_inlet,
            _NOT_SUPPORTED,
        ),
        reset(
            11,
            "rPDU2DeviceConfigDeviceEnergyReset",
            lambda _: ResetMeters(TargetKind.INLET, Reset.ENERGY),
        ),
        _setting(14, "rPDU2DeviceConfigContact", lambda s: s.device.contact, DeviceSetting.CONTACT),
    ),
)

# They reach all outlets at once, so they ask for other rights than the rest of their table.
CONFIG_OF_ALL_OUTLETS: Table[Snapshot] = Table(
    suffix=DEVICE_CONFIG.suffix,
    name=DEVICE_CONFIG.name,
    index=DEVICE_CONFIG.index,
    rows=unit_row,
    outlet=lambda _: EVERY_OUTLET,
    objects=(
        ObjectType(
            6,
            "rPDU2DeviceConfigColdstartDelay",
            Integer32(NEVER_S, 300),
            cold_start_s,
            units="seconds",
            to_command=sets_cold_start,
        ),
        reset(
            12,
            "rPDU2DeviceConfigOutletsEnergyReset",
            lambda _: ResetMeters(TargetKind.OUTLET, Reset.ENERGY),
            _has_metered_outlets,
            _NOT_SUPPORTED,
        ),
        reset(
            13,
            "rPDU2DeviceConfigOutletsPeakLoadReset",
            lambda _: ResetMeters(TargetKind.OUTLET, Reset.PEAK_POWER),
            _has_metered_outlets,
            _NOT_SUPPORTED,
        ),
    ),
)

DEVICE_PROPERTIES: Table[Snapshot] = Table(
    suffix=(*RPDU2_ARC, 4, 2),
    name="rPDU2DevicePropertiesTable",
    index=("rPDU2DevicePropertiesIndex",),
    rows=unit_row,
    objects=(
        *unit_leading("rPDU2DeviceProperties"),
        ObjectType(4, "rPDU2DevicePropertiesNumOutlets", NUMBER, lambda s: len(s.outlets)),
        ObjectType(
            5,
            "rPDU2DevicePropertiesNumSwitchedOutlets",
            NUMBER,
            lambda s: sum(outlet.switched for outlet in s.outlets),
        ),
        ObjectType(
            6,
            "rPDU2DevicePropertiesNumMeteredOutlets",
            NUMBER,
            lambda s: len(metered_outlets(s)),
        ),
        ObjectType(7, "rPDU2DevicePropertiesNumPhases", NUMBER, lambda s: len(phases(s))),
        ObjectType(
            8,
            "rPDU2DevicePropertiesNumMeteredBanks",
            NUMBER,
            lambda s: sum(branch.meter is not None for branch in s.branches),
        ),
        ObjectType(
            9,
            "rPDU2DevicePropertiesMaxCurrentRating",
            NUMBER,
            largest_rating_a,
            units="amperes",
            absent=-1,
        ),
        ObjectType(11, "rPDU2DevicePropertiesOutletLayout", OUTLET_LAYOUT, _is_phase_to_neutral),
        ObjectType(
            12,
            "rPDU2DevicePropertiesMaxPhaseCurrentRating",
            NUMBER,
            largest_rating_a,
            units="amperes",
            absent=-1,
        ),
        ObjectType(
            13,
            "rPDU2DevicePropertiesDevicePowerRating",
            NUMBER,
            lambda s: None if (watts := rating_w(s)) is None else watts / _TENTH_KW_W,
            units="tenths of a kilowatt",
            absent=-1,
        ),
    ),
)

DEVICE_CONTROL: Table[Snapshot] = Table(
    suffix=(*RPDU2_ARC, 4, 4),
    name="rPDU2DeviceControlTable",
    index=("rPDU2DeviceControlIndex",),
    rows=unit_row,
    outlet=lambda _: EVERY_OUTLET,
    objects=(
        *unit_leading("rPDU2DeviceControl"),
        ObjectType(
            4,
            "rPDU2DeviceControlCommand",
            COMMAND,
            lambda _: Special.NONE,
            to_command=lambda _, action: SwitchAll(action),
            needs=Rights.SWITCH,
        ),
    ),
)
