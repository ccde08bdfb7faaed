# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB upsBattery: the battery, in whole numbers and in tenths."""

from __future__ import annotations

from pdu_agent.mib_impl.one_ups import first_ups, measured, of_ups, rated
from pdu_agent.mib_impl.powernet_ups.numbers import (
    SIGNED,
    SIGNED_TENTHS,
    TENTHS,
    WHOLE,
    told_by_driver,
)
from pdu_agent.mib_impl.schema import ObjectType, Scalars
from pdu_agent.mib_impl.syntax import Enumerated, TimeTicks
from pdu_agent.model.ups import Ups, UpsFlag

_STATUS = Enumerated(
    (1, "unknown", "unknown"), (2, "batteryNormal", "normal"), (3, "batteryLow", "low")
)
_REPLACE = Enumerated((1, "noBatteryNeedsReplacing", False), (2, "batteryNeedsReplacing", True))

_CHARGE = measured(lambda ups: ups.charge_pct)
_TEMPERATURE = measured(lambda ups: ups.battery_temperature_c)
_VOLTAGE = measured(lambda ups: ups.battery_voltage_v)
_CURRENT = measured(lambda ups: ups.battery_current_a)
_NOMINAL_VOLTAGE = rated(lambda ups: told_by_driver(ups, "battery.voltage.nominal"))


def _status(ups: Ups) -> str:
    if not ups.is_reachable or not ups.flags:
        return "unknown"
    return "low" if UpsFlag.LOW_BATTERY in ups.flags else "normal"


def _needs_replacing(ups: Ups) -> bool | None:
    return UpsFlag.REPLACE_BATTERY in ups.flags if ups.flags else None


_BASIC: Scalars[Ups | None] = Scalars(
    suffix=(2, 1),
    source=first_ups,
    objects=(
        ObjectType(1, "upsBasicBatteryStatus", _STATUS, of_ups(_status)),
        ObjectType(
            2, "upsBasicBatteryTimeOnBattery", TimeTicks(), measured(lambda ups: ups.on_battery_s)
        ),
    ),
)

_ADVANCED: Scalars[Ups | None] = Scalars(
    suffix=(2, 2),
    source=first_ups,
    objects=(
        ObjectType(1, "upsAdvBatteryCapacity", WHOLE, _CHARGE),
        ObjectType(2, "upsAdvBatteryTemperature", WHOLE, _TEMPERATURE),
        ObjectType(
            3, "upsAdvBatteryRunTimeRemaining", TimeTicks(), measured(lambda ups: ups.runtime_s)
        ),
        ObjectType(4, "upsAdvBatteryReplaceIndicator", _REPLACE, of_ups(_needs_replacing)),
        ObjectType(7, "upsAdvBatteryNominalVoltage", SIGNED, _NOMINAL_VOLTAGE),
        ObjectType(8, "upsAdvBatteryActualVoltage", SIGNED, _VOLTAGE),
        ObjectType(9, "upsAdvBatteryCurrent", SIGNED, _CURRENT),
    ),
)

_PRECISE: Scalars[Ups | None] = Scalars(
    suffix=(2, 3),
    source=first_ups,
    objects=(
        ObjectType(1, "upsHighPrecBatteryCapacity", TENTHS, _CHARGE),
        ObjectType(2, "upsHighPrecBatteryTemperature", TENTHS, _TEMPERATURE),
        ObjectType(3, "upsHighPrecBatteryNominalVoltage", SIGNED_TENTHS, _NOMINAL_VOLTAGE),
        ObjectType(4, "upsHighPrecBatteryActualVoltage", SIGNED_TENTHS, _VOLTAGE),
        ObjectType(5, "upsHighPrecBatteryCurrent", SIGNED_TENTHS, _CURRENT),
    ),
)

BATTERY = (_BASIC, _ADVANCED, _PRECISE)
