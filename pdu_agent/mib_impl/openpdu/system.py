# SPDX-License-Identifier: Apache-2.0
"""OPENPDU-MIB opduSystem: the unit itself."""

from __future__ import annotations

from pdu_agent.access.grant import Rights
from pdu_agent.mib_impl.conventions import SpinLock
from pdu_agent.mib_impl.openpdu.words import SWITCH_COMMAND, Forced, action_of
from pdu_agent.mib_impl.schema import ObjectType, Scalars, or_never, whole
from pdu_agent.mib_impl.syntax import (
    Counter32,
    DateAndTime,
    Enumerated,
    Special,
    TimeStamp,
    Unsigned32,
    Utf8,
)
from pdu_agent.model.commands import (
    AdvanceConfigLock,
    ConfigureDevice,
    DeviceSetting,
    SwitchAll,
    TemperatureScale,
)
from pdu_agent.model.snapshot import Severity, Snapshot

# Severity.INFO is what is shown while nothing is worse.
STATUS = Enumerated(
    (1, "ok", Severity.INFO),
    (2, "warning", Severity.WARNING),
    (3, "critical", Severity.CRITICAL),
)

TEMPERATURE_SCALE = Enumerated(
    (1, "celsius", TemperatureScale.CELSIUS),
    (2, "fahrenheit", TemperatureScale.FAHRENHEIT),
)


def _worst(snapshot: Snapshot) -> Severity:
    active = {alarm.severity for alarm in snapshot.alarms}
    if Severity.CRITICAL in active:
        return Severity.CRITICAL
    return Severity.WARNING if Severity.WARNING in active else Severity.INFO


SYSTEM: Scalars[Snapshot] = Scalars(
    suffix=(1,),
    source=whole,
    objects=(
        ObjectType(1, "opduSysModel", Utf8(0, 64), lambda s: s.device.model),
        ObjectType(2, "opduSysSerialNumber", Utf8(0, 32), lambda s: s.device.serial_number),
        ObjectType(3, "opduSysHardwareRevision", Utf8(0, 32), lambda s: s.device.hardware_revision),
        ObjectType(4, "opduSysSoftwareVersion", Utf8(0, 32), lambda s: s.device.software_version),
        ObjectType(5, "opduSysOutletCount", Unsigned32(0, 255), lambda s: len(s.outlets)),
        ObjectType(6, "opduSysInletCount", Unsigned32(0, 8), lambda s: len(s.inlets)),
        ObjectType(7, "opduSysSensorCount", Unsigned32(0, 255), lambda s: len(s.sensors)),
        ObjectType(8, "opduSysStatus", STATUS, _worst),
        ObjectType(
            9,
            "opduSysCommand",
            SWITCH_COMMAND,
            lambda _: Special.NONE,
            to_command=lambda _, wanted: SwitchAll(
                action_of(wanted), forced=isinstance(wanted, Forced)
            ),
            needs=Rights.SWITCH,
        ),
        ObjectType(
            10,
            "opduSysSequenceInterval",
            Unsigned32(0, 60_000, scale=1000),
            lambda s: s.device.sequence_interval_s,
            units="milliseconds",
            to_command=lambda _, seconds: ConfigureDevice(
                DeviceSetting.SEQUENCE_INTERVAL_S, seconds
            ),
        ),
        ObjectType(
            11,
            "opduSysColdStartDelay",
            Unsigned32(0, 7200),
            lambda s: s.device.cold_start_delay_s,
            units="seconds",
            to_command=lambda _, seconds: ConfigureDevice(
                DeviceSetting.COLD_START_DELAY_S, seconds
            ),
        ),
        ObjectType(
            12,
            "opduSysConfigLock",
            SpinLock(),
            lambda s: s.config_lock,
            to_command=lambda _, value: AdvanceConfigLock(value),
        ),
        ObjectType(13, "opduSysConfigLastChange", TimeStamp(), lambda s: s.config_changed_s),
        ObjectType(14, "opduSysSampleTime", DateAndTime(), lambda s: or_never(s.sample_wall_s)),
        ObjectType(15, "opduSysHwErrors", Counter32(), lambda s: s.health.hardware_errors),
        ObjectType(16, "opduSysBranchCount", Unsigned32(0, 255), lambda s: len(s.branches)),
        ObjectType(
            17,
            "opduSysAssetTag",
            Utf8(0, 32),
            lambda s: s.device.asset_tag,
            to_command=lambda _, text: ConfigureDevice(DeviceSetting.ASSET_TAG, text),
        ),
        ObjectType(
            18,
            "opduSysTemperatureScale",
            TEMPERATURE_SCALE,
            lambda s: s.device.temperature_scale,
            to_command=lambda _, scale: ConfigureDevice(DeviceSetting.TEMPERATURE_SCALE, scale),
        ),
        ObjectType(
            19, "opduSysRejectedReadings", Counter32(), lambda s: s.health.rejected_readings
        ),
        ObjectType(20, "opduSysLostSamples", Counter32(), lambda s: s.health.lost_samples),
        ObjectType(21, "opduSysUpsCount", Unsigned32(0, 255), lambda s: len(s.upses)),
    ),
)
