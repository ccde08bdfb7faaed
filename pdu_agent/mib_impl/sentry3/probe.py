# SPDX-License-Identifier: Apache-2.0
"""Sentry3-MIB tempHumidSensorTable: probes for temperature and humidity.

All temperatures are in the scale of the unit, which every row repeats. A probe without one of
its halves shows that half as not found, as recorded units do.
"""

from __future__ import annotations

from collections.abc import Callable

from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.sentry.settings import existing, limit_object
from pdu_agent.mib_impl.sentry.values import degrees_per_kelvin, in_celsius, in_scale
from pdu_agent.mib_impl.sentry3.env_mon import rename
from pdu_agent.mib_impl.sentry3.measured import NOT_AVAILABLE
from pdu_agent.mib_impl.sentry3.monitors import Probe, Watched, is_awaited, is_silent, probe_rows
from pdu_agent.mib_impl.sentry3.words import HUMID_STATUS, PROBE_STATUS, TEMP_SCALE, TEMP_STATUS
from pdu_agent.mib_impl.syntax import DisplayString, Integer32
from pdu_agent.model.commands import (
    ConfigureDevice,
    ConfigureSensor,
    ConfigureThreshold,
    DeviceSetting,
    Limit,
    ThresholdSetting,
)
from pdu_agent.model.snapshot import Sensor, SensorStatus, Threshold, ThresholdState

_DEGREES = "degrees"
_PERCENT = "percentage relative humidity"
_TEMPERATURE = Integer32(0, 254)
_HUMIDITY = Integer32(0, 100)

_SIDE_OF = {
    ThresholdState.LOW_CRITICAL: "Low",
    ThresholdState.LOW_WARNING: "Low",
    ThresholdState.HIGH_WARNING: "High",
    ThresholdState.HIGH_CRITICAL: "High",
}


def temp_of(state: ThresholdState) -> str:
    """A label of tempHumidSensorTempStatus for a value that is there."""
    return f"temp{_SIDE_OF[state]}" if state in _SIDE_OF else "normal"


def humid_of(state: ThresholdState) -> str:
    """A label of tempHumidSensorHumidStatus for a value that is there."""
    return f"humid{_SIDE_OF[state]}" if state in _SIDE_OF else "normal"


def probe_status(sensor: Sensor) -> str:
    """sensor: the one that speaks for the probe."""
    if not is_silent(sensor):
        return "found"
    return "notFound" if sensor.status is SensorStatus.ABSENT else "lost"


def _trouble(half: Watched | None) -> str | None:
    """Why there is no value; None if there is one."""
    if half is None or half.sensor.status is SensorStatus.ABSENT:
        return "notFound"
    if is_awaited(half.sensor):
        return "reading"
    if half.sensor.status is SensorStatus.STALE:
        return "lost"
    return None if half.sensor.status is SensorStatus.OK else "readError"


def _state(half: Watched | None) -> ThresholdState:
    threshold = None if half is None else half.threshold
    return ThresholdState.NORMAL if threshold is None else threshold.state


def _value(half: Watched | None) -> float | None:
    """Of the present only, as recorded units show it."""
    if half is None or half.sensor.status is not SensorStatus.OK:
        return None
    return half.sensor.value


def _degrees(probe: Probe) -> float | None:
    celsius = _value(probe.temperature)
    return None if celsius is None else in_scale(celsius, probe.scale)


def _temperature_limits(probe: Probe) -> Threshold | None:
    return None if probe.temperature is None else probe.temperature.threshold


def _humidity_limits(probe: Probe) -> Threshold | None:
    return None if probe.humidity is None else probe.humidity.threshold


def _shown(probe: Probe, celsius: float) -> float:
    return in_scale(celsius, probe.scale)


def _meant(probe: Probe, degrees: float) -> float:
    return in_celsius(degrees, probe.scale)


def _hysteresis(
    number: int,
    name: str,
    greatest: int,
    units: str,
    threshold: Callable[[Probe], Threshold | None],
    *,
    per_unit: Callable[[Probe], float] = lambda _: 1.0,
) -> ObjectType[Probe]:
    """0..greatest. per_unit: how many of the probe's units make one of the quantity's."""

    def get(probe: Probe) -> float | None:
        watch = threshold(probe)
        return None if watch is None else watch.hysteresis * per_unit(probe)

    def to_command(probe: Probe, plain: int) -> ConfigureThreshold:
        watch = existing(threshold(probe))
        value = plain / per_unit(probe)
        return ConfigureThreshold(watch.target, watch.quantity, ThresholdSetting.HYSTERESIS, value)

    return ObjectType(number, name, Integer32(0, greatest), get, units, to_command)


def _rename(probe: Probe, text: str) -> ConfigureSensor:
    return rename(probe.sensor, text)


PROBES: Table[Probe] = Table(
    suffix=(2, 5),
    name="tempHumidSensorTable",
    index=("envMonIndex", "tempHumidSensorIndex"),
    rows=probe_rows,
    objects=(
        ObjectType(1, "tempHumidSensorIndex", Integer32(0, 2)),
        ObjectType(2, "tempHumidSensorID", DisplayString(2, 2), lambda probe: probe.id),
        ObjectType(
            3,
            "tempHumidSensorName",
            DisplayString(0, 24),
            lambda probe: probe.sensor.name,
            to_command=_rename,
        ),
        ObjectType(
            4, "tempHumidSensorStatus", PROBE_STATUS, lambda probe: probe_status(probe.sensor)
        ),
        ObjectType(
            5,
            "tempHumidSensorTempStatus",
            TEMP_STATUS,
            lambda probe: _trouble(probe.temperature) or temp_of(_state(probe.temperature)),
        ),
        ObjectType(
            6,
            "tempHumidSensorTempValue",
            Integer32(0, 2540, scale=10),
            _degrees,
            units="tenth degrees",
            absent=NOT_AVAILABLE,
        ),
        limit_object(
            7,
            "tempHumidSensorTempLowThresh",
            _TEMPERATURE,
            _DEGREES,
            Limit.LOW_WARNING,
            _temperature_limits,
            shown=_shown,
            meant=_meant,
        ),
        limit_object(
            8,
            "tempHumidSensorTempHighThresh",
            _TEMPERATURE,
            _DEGREES,
            Limit.HIGH_WARNING,
            _temperature_limits,
            shown=_shown,
            meant=_meant,
        ),
        ObjectType(
            9,
            "tempHumidSensorHumidStatus",
            HUMID_STATUS,
            lambda probe: _trouble(probe.humidity) or humid_of(_state(probe.humidity)),
        ),
        ObjectType(
            10,
            "tempHumidSensorHumidValue",
            _HUMIDITY,
            lambda probe: _value(probe.humidity),
            units=_PERCENT,
            absent=NOT_AVAILABLE,
        ),
        limit_object(
            11,
            "tempHumidSensorHumidLowThresh",
            _HUMIDITY,
            _PERCENT,
            Limit.LOW_WARNING,
            _humidity_limits,
        ),
        limit_object(
            12,
            "tempHumidSensorHumidHighThresh",
            _HUMIDITY,
            _PERCENT,
            Limit.HIGH_WARNING,
            _humidity_limits,
        ),
        ObjectType(
            13,
            "tempHumidSensorTempScale",
            TEMP_SCALE,
            lambda probe: probe.scale,
            to_command=lambda _, scale: ConfigureDevice(DeviceSetting.TEMPERATURE_SCALE, scale),
        ),
        _hysteresis(
            14,
            "tempHumidSensorTempRecDelta",
            54,
            _DEGREES,
            _temperature_limits,
            per_unit=lambda probe: degrees_per_kelvin(probe.scale),
        ),
        _hysteresis(15, "tempHumidSensorHumidRecDelta", 20, _PERCENT, _humidity_limits),
    ),
)
