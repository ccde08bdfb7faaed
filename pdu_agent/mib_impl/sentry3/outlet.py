# SPDX-License-Identifier: Apache-2.0
"""Sentry3-MIB outletTable: the sockets, what switches them and what they carry."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any

from pdu_agent.access.grant import Rights
from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.sentry.settings import limit_object
from pdu_agent.mib_impl.sentry3.measured import (
    AMPERES,
    CREST_FACTOR,
    NOT_AVAILABLE,
    POWER_FACTOR,
    VOLTS,
    energy_object,
    load_status,
    value_object,
)
from pdu_agent.mib_impl.sentry3.outlet_states import control_state, outlet_status
from pdu_agent.mib_impl.sentry3.points import OutletRow, outlets
from pdu_agent.mib_impl.sentry3.words import (
    CONTROL_ACTION,
    CONTROL_STATE,
    LINE_STATUS,
    LOAD_STATUS,
    OUTLET_CAPABILITIES,
    WAKEUP_STATE,
)
from pdu_agent.mib_impl.syntax import DisplayString, Integer32, Special
from pdu_agent.model.commands import (
    Action,
    Command,
    ConfigureOutlet,
    Limit,
    OutletSetting,
    SwitchOutlet,
)
from pdu_agent.model.quantities import MILLIJOULES_PER_WATT_HOUR

_THRESHOLD = Integer32(0, 255)


def _capabilities(row: OutletRow) -> Set[str]:
    """shutdown: what the outlet feeds is told before it goes off."""
    able = {"loadSense", "voltageSense", "powerSense"} if row.meter is not None else set()
    if row.outlet.switched:
        able |= {"powerControl", "shutdown"} if row.outlet.hooks.before_off else {"powerControl"}
    return able


def _switch(row: OutletRow, action: Action) -> Sequence[Command]:
    """Without powerControl an action has no effect, and is no error (outletControlAction)."""
    return (SwitchOutlet(row.outlet.index, action),) if row.outlet.switched else ()


def _configure(row: OutletRow, setting: OutletSetting, value: Any) -> ConfigureOutlet:
    return ConfigureOutlet(row.outlet.index, setting, value)


OUTLETS: Table[OutletRow] = Table(
    suffix=(2, 3),
    name="outletTable",
    index=("towerIndex", "infeedIndex", "outletIndex"),
    rows=outlets,
    outlet=lambda row: row.outlet.index,
    objects=(
        ObjectType(1, "outletIndex", Integer32(0, 64)),
        ObjectType(2, "outletID", DisplayString(2, 4), lambda row: row.id),
        ObjectType(
            3,
            "outletName",
            DisplayString(0, 24),
            lambda row: row.outlet.name,
            to_command=lambda row, text: _configure(row, OutletSetting.NAME, text),
        ),
        ObjectType(4, "outletCapabilities", OUTLET_CAPABILITIES, _capabilities),
        ObjectType(5, "outletStatus", LINE_STATUS, lambda row: outlet_status(row.outlet)),
        ObjectType(
            6,
            "outletLoadStatus",
            LOAD_STATUS,
            lambda row: load_status(row.meter, row.current, row.outlet.is_on),
        ),
        value_object(
            7, "outletLoadValue", Integer32(0, 25_500, scale=100), AMPERES, lambda e: e.current_a
        ),
        limit_object(
            8,
            "outletLoadLowThresh",
            _THRESHOLD,
            "Amps",
            Limit.LOW_WARNING,
            lambda row: row.current,
        ),
        limit_object(
            9,
            "outletLoadHighThresh",
            _THRESHOLD,
            "Amps",
            Limit.HIGH_WARNING,
            lambda row: row.current,
        ),
        ObjectType(10, "outletControlState", CONTROL_STATE, lambda row: control_state(row.outlet)),
        ObjectType(
            11,
            "outletControlAction",
            CONTROL_ACTION,
            lambda _: Special.NONE,
            to_command=_switch,
            needs=Rights.SWITCH,
        ),
        ObjectType(
            12,
            "outletCapacity",
            Integer32(0, 255),
            lambda row: row.outlet.rated_current_a,
            units="Amps",
            absent=NOT_AVAILABLE,
        ),
        value_object(
            13, "outletVoltage", Integer32(0, 2640, scale=10), VOLTS, lambda e: e.voltage_v
        ),
        value_object(14, "outletPower", Integer32(0, 10_000), "Watts", lambda e: e.active_power_w),
        value_object(
            15,
            "outletApparentPower",
            Integer32(0, 10_000),
            "Volt-Amps",
            lambda e: e.apparent_power_va,
        ),
        value_object(16, "outletPowerFactor", POWER_FACTOR, "hundredths", lambda e: e.power_factor),
        value_object(17, "outletCrestFactor", CREST_FACTOR, "tenths", lambda e: e.crest_factor),
        energy_object(18, "outletEnergy", "Watt-Hours", MILLIJOULES_PER_WATT_HOUR),
        ObjectType(
            19,
            "outletWakeupState",
            WAKEUP_STATE,
            lambda row: row.outlet.power_up,
            to_command=lambda row, wish: _configure(row, OutletSetting.POWER_UP, wish),
        ),
    ),
)
