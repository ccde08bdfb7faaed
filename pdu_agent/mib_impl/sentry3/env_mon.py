# SPDX-License-Identifier: Apache-2.0
"""Sentry3-MIB envMonTable and contactClosureTable: monitors, their water sensors and contacts."""

from __future__ import annotations

from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.sentry.settings import existing
from pdu_agent.mib_impl.sentry3.monitors import (
    Contact,
    Monitor,
    contact_rows,
    is_silent,
    monitor_rows,
)
from pdu_agent.mib_impl.sentry3.words import CLOSURE_STATUS, ENV_MON_STATUS
from pdu_agent.mib_impl.syntax import DisplayString, Integer32
from pdu_agent.model.commands import ConfigureSensor, SensorSetting
from pdu_agent.model.snapshot import Sensor, SensorStatus


def monitor_status(monitor: Monitor) -> str:
    """There is no device behind it: it is out of reach when all of its sensors are."""
    return "noComm" if all(map(is_silent, monitor.sensors)) else "normal"


def closure_status(sensor: Sensor) -> str:
    if sensor.status is not SensorStatus.OK or sensor.value is None:
        return "noComm"
    return "alarm" if sensor.value else "normal"


def rename(sensor: Sensor, text: str) -> ConfigureSensor:
    return ConfigureSensor(sensor.index, SensorSetting.NAME, text)


ENV_MONS: Table[Monitor] = Table(
    suffix=(2, 4),
    name="envMonTable",
    index=("envMonIndex",),
    rows=monitor_rows,
    objects=(
        ObjectType(1, "envMonIndex", Integer32(0, 4)),
        ObjectType(2, "envMonID", DisplayString(1, 1), lambda monitor: monitor.id),
        ObjectType(4, "envMonStatus", ENV_MON_STATUS, monitor_status),
        ObjectType(
            5,
            "envMonWaterSensorName",
            DisplayString(0, 24),
            lambda monitor: None if monitor.water is None else monitor.water.name,
            to_command=lambda monitor, text: rename(existing(monitor.water), text),
        ),
        ObjectType(
            6,
            "envMonWaterSensorStatus",
            CLOSURE_STATUS,
            lambda monitor: None if monitor.water is None else closure_status(monitor.water),
        ),
        ObjectType(
            12,
            "envMonTempHumidSensorCount",
            Integer32(0, 2),
            lambda monitor: len(monitor.probes),
        ),
        ObjectType(
            13,
            "envMonContactClosureCount",
            Integer32(0, 4),
            lambda monitor: len(monitor.contacts),
        ),
    ),
)

CONTACTS: Table[Contact] = Table(
    suffix=(2, 6),
    name="contactClosureTable",
    index=("envMonIndex", "contactClosureIndex"),
    rows=contact_rows,
    objects=(
        ObjectType(1, "contactClosureIndex", Integer32(0, 4)),
        ObjectType(2, "contactClosureID", DisplayString(2, 2), lambda contact: contact.id),
        ObjectType(
            3,
            "contactClosureName",
            DisplayString(0, 24),
            lambda contact: contact.sensor.name,
            to_command=lambda contact, text: rename(contact.sensor, text),
        ),
        ObjectType(
            4,
            "contactClosureStatus",
            CLOSURE_STATUS,
            lambda contact: closure_status(contact.sensor),
        ),
    ),
)
