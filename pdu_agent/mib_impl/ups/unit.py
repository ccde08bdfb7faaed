# SPDX-License-Identifier: Apache-2.0
"""UPS-MIB upsIdent, upsBattery and upsConfig: the unit, its battery, what it is made for."""

from __future__ import annotations

from pdu_agent.mib_impl.one_ups import first_ups, measured, of_ups, rated
from pdu_agent.mib_impl.schema import ObjectType, Scalars, whole
from pdu_agent.mib_impl.syntax import DisplayString, Enumerated, Integer32
from pdu_agent.mib_impl.upses import finite
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.model.ups import Ups, UpsFlag

NON_NEGATIVE = Integer32(0)
TENTHS = Integer32(0, scale=10)
_SHORT, _LONG = DisplayString(0, 31), DisplayString(0, 63)

_BATTERY_STATUS = Enumerated(
    (1, "unknown", "unknown"),
    (2, "batteryNormal", "normal"),
    (3, "batteryLow", "low"),
    (4, "batteryDepleted", "depleted"),
)


def _battery_status(ups: Ups) -> str:
    if not ups.is_reachable or not ups.flags:
        return "unknown"
    if UpsFlag.LOW_BATTERY not in ups.flags:
        return "normal"
    return "depleted" if ups.charge_pct == 0 else "low"


def whole_minutes(seconds: float | None) -> float | None:
    """Whole minutes, rounded down."""
    known_s = finite(seconds)
    return None if known_s is None else known_s // 60


IDENTITY: Scalars[Ups | None] = Scalars(
    suffix=(1,),
    source=first_ups,
    objects=(
        ObjectType(1, "upsIdentManufacturer", _SHORT, of_ups(lambda ups: ups.manufacturer)),
        ObjectType(2, "upsIdentModel", _LONG, of_ups(lambda ups: ups.model)),
        ObjectType(3, "upsIdentUPSSoftwareVersion", _LONG, of_ups(lambda ups: ups.firmware)),
        ObjectType(5, "upsIdentName", _LONG, of_ups(lambda ups: ups.name)),
    ),
)


def _agent_version(snapshot: Snapshot) -> str | None:
    return snapshot.device.software_version if snapshot.upses else None


AGENT: Scalars[Snapshot] = Scalars(
    suffix=(1,),
    source=whole,
    objects=(ObjectType(4, "upsIdentAgentSoftwareVersion", _LONG, _agent_version),),
)

BATTERY: Scalars[Ups | None] = Scalars(
    suffix=(2,),
    source=first_ups,
    objects=(
        ObjectType(1, "upsBatteryStatus", _BATTERY_STATUS, of_ups(_battery_status)),
        ObjectType(
            2,
            "upsSecondsOnBattery",
            NON_NEGATIVE,
            measured(lambda ups: ups.on_battery_s),
            units="seconds",
        ),
        ObjectType(
            3,
            "upsEstimatedMinutesRemaining",
            Integer32(1),
            measured(lambda ups: whole_minutes(ups.runtime_s)),
            units="minutes",
        ),
        ObjectType(
            4,
            "upsEstimatedChargeRemaining",
            Integer32(0, 100),
            measured(lambda ups: ups.charge_pct),
            units="percent",
        ),
        ObjectType(
            5,
            "upsBatteryVoltage",
            TENTHS,
            measured(lambda ups: ups.battery_voltage_v),
            units="0.1 Volt DC",
        ),
        ObjectType(
            6,
            "upsBatteryCurrent",
            Integer32(scale=10),
            measured(lambda ups: ups.battery_current_a),
            units="0.1 Amp DC",
        ),
        ObjectType(
            7,
            "upsBatteryTemperature",
            Integer32(),
            measured(lambda ups: ups.battery_temperature_c),
            units="degrees Centigrade",
        ),
    ),
)

CONFIGURED: Scalars[Ups | None] = Scalars(
    suffix=(9,),
    source=first_ups,
    objects=(
        ObjectType(
            1, "upsConfigInputVoltage", NON_NEGATIVE, rated(lambda ups: ups.nominal_input_v)
        ),
        ObjectType(
            3, "upsConfigOutputVoltage", NON_NEGATIVE, rated(lambda ups: ups.nominal_output_v)
        ),
        ObjectType(
            5, "upsConfigOutputVA", NON_NEGATIVE, rated(lambda ups: ups.nominal_apparent_power_va)
        ),
        ObjectType(
            6, "upsConfigOutputPower", NON_NEGATIVE, rated(lambda ups: ups.nominal_active_power_w)
        ),
        ObjectType(
            7,
            "upsConfigLowBattTime",
            NON_NEGATIVE,
            rated(lambda ups: whole_minutes(ups.low_runtime_s)),
        ),
        ObjectType(
            9,
            "upsConfigLowVoltageTransferPoint",
            NON_NEGATIVE,
            rated(lambda ups: ups.low_transfer_v),
        ),
        ObjectType(
            10,
            "upsConfigHighVoltageTransferPoint",
            NON_NEGATIVE,
            rated(lambda ups: ups.high_transfer_v),
        ),
    ),
)
