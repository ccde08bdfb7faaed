# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB rPDU2SensorTempHumidityConfigTable: names, limits and alarms of the probes.

A limit is kept while its alarm is disabled, so it can be set before and reads the same then.
One that was never set reads as the greatest number, because monitoring systems compare with
it whether its alarm is enabled or not. High limits are watched for temperatures, low ones
for humidities; the others of a threshold are no business of this table.
"""

from __future__ import annotations

from collections.abc import Callable

from pdu_agent.mib_impl.powernet.limits import greatest
from pdu_agent.mib_impl.powernet.rpdu2_columns import (
    NUMBER,
    RPDU2_ARC,
    named,
    reset,
    unsupported,
)
from pdu_agent.mib_impl.powernet.rpdu2_probe import (
    Half,
    Probe,
    probe_name,
    probe_number,
    probe_rows,
    sets_probe_name,
)
from pdu_agent.mib_impl.powernet.words import fahrenheit
from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.set_errors import ErrorStatus
from pdu_agent.mib_impl.syntax import Enumerated, Integer32, Unacceptable
from pdu_agent.model.commands import (
    Command,
    ConfigureThreshold,
    Limit,
    Reset,
    ResetMeter,
    Target,
    ThresholdSetting,
)
from pdu_agent.model.snapshot import Threshold

ALARM = Enumerated((1, "disabled", False), (2, "enabled", True))
_DISABLED = 1

# What the text lets a limit of the humidity be; one that was set elsewhere is shown as it is.
_LEAST_PERCENT, _MOST_PERCENT = 15, 90

_HIGH = {
    ThresholdSetting.HIGH_WARNING: Limit.HIGH_WARNING,
    ThresholdSetting.HIGH_CRITICAL: Limit.HIGH_CRITICAL,
}

Side = Callable[[Probe], Half | None]


def _temperature(probe: Probe) -> Half | None:
    return probe.temperature


def _humidity(probe: Probe) -> Half | None:
    return probe.humidity


def _watch(probe: Probe, side: Side) -> Threshold | None:
    half = side(probe)
    return None if half is None else half.watch


def _sets(
    probe: Probe, side: Side, setting: ThresholdSetting, value: float | frozenset[Limit]
) -> Command:
    watch = _watch(probe, side)
    if watch is None:
        raise unsupported("the probe does not measure it")
    return ConfigureThreshold(watch.target, watch.quantity, setting, value)


def _alarm(number: int, name: str, side: Side, limits: frozenset[Limit]) -> ObjectType[Probe]:
    """Whether one of `limits` is watched; written, it is for all of them."""

    def get(probe: Probe) -> bool | None:
        watch = _watch(probe, side)
        return None if watch is None else bool(watch.enabled & limits)

    def to_command(probe: Probe, wanted: bool) -> Command:
        watch = _watch(probe, side)
        others = frozenset() if watch is None else watch.enabled - limits
        enabled = others | limits if wanted else others
        return _sets(probe, side, ThresholdSetting.ENABLED, enabled)

    return ObjectType(number, name, ALARM, get, to_command=to_command, absent=_DISABLED)


def _kept(watch: Threshold, setting: ThresholdSetting) -> float:
    value: float = getattr(watch, setting.value)
    return value


def _is_unset(watch: Threshold, setting: ThresholdSetting) -> bool:
    """A high limit that nobody has set yet: 0 degrees, and not watched."""
    is_high_and_off = setting in _HIGH and _HIGH[setting] not in watch.enabled
    return is_high_and_off and _kept(watch, setting) == 0


def _value(
    number: int,
    name: str,
    side: Side,
    setting: ThresholdSetting,
    units: str,
    syntax: Integer32,
    shown: Callable[[float], float | None] = lambda value: value,
    meant: Callable[[float], float] = lambda value: value,
) -> ObjectType[Probe]:
    """shown, meant: from the unit of the quantity to that of the object, and back."""

    def get(probe: Probe) -> float | None:
        watch = _watch(probe, side)
        if watch is None:
            return None
        return greatest(syntax) if _is_unset(watch, setting) else shown(_kept(watch, setting))

    return ObjectType(
        number,
        name,
        syntax,
        get,
        units=units,
        to_command=lambda probe, value: _sets(probe, side, setting, meant(value)),
        absent=-1,
    )


def _fahrenheit_limit(number: int, name: str, setting: ThresholdSetting) -> ObjectType[Probe]:
    return _value(
        number,
        name,
        _temperature,
        setting,
        "degrees Fahrenheit",
        Integer32(),
        fahrenheit,
        lambda value: (value - 32) * 5 / 9,
    )


def _celsius_limit(number: int, name: str, setting: ThresholdSetting) -> ObjectType[Probe]:
    return _value(number, name, _temperature, setting, "degrees Celsius", Integer32())


def _humidity_limit(number: int, name: str, setting: ThresholdSetting) -> ObjectType[Probe]:
    def meant(percent: float) -> float:
        if not _LEAST_PERCENT <= percent <= _MOST_PERCENT:
            raise Unacceptable(
                ErrorStatus.WRONG_VALUE,
                f"{percent} is outside {_LEAST_PERCENT} to {_MOST_PERCENT}",
            )
        return percent

    return _value(number, name, _humidity, setting, "percent", Integer32(0, 100), meant=meant)


def _target(half: Half | None) -> Target:
    if half is None:
        raise unsupported("the probe does not measure it")
    return half.target


SENSOR_CONFIG: Table[Probe] = Table(
    suffix=(*RPDU2_ARC, 10, 2, 1),
    name="rPDU2SensorTempHumidityConfigTable",
    index=("rPDU2SensorTempHumidityConfigIndex",),
    rows=probe_rows,
    objects=(
        *named("rPDU2SensorTempHumidityConfig", probe_number, probe_name, sets_probe_name),
        _alarm(
            5,
            "rPDU2SensorTempHumidityConfigTemperatureAlarmEnable",
            _temperature,
            frozenset({Limit.HIGH_WARNING, Limit.HIGH_CRITICAL}),
        ),
        _alarm(
            6,
            "rPDU2SensorTempHumidityConfigHumidityAlarmEnable",
            _humidity,
            frozenset({Limit.LOW_WARNING, Limit.LOW_CRITICAL}),
        ),
        _fahrenheit_limit(
            7, "rPDU2SensorTempHumidityConfigTempMaxThreshF", ThresholdSetting.HIGH_CRITICAL
        ),
        _fahrenheit_limit(
            8, "rPDU2SensorTempHumidityConfigTempHighThreshF", ThresholdSetting.HIGH_WARNING
        ),
        _value(
            9,
            "rPDU2SensorTempHumidityConfigTempHysteresisF",
            _temperature,
            ThresholdSetting.HYSTERESIS,
            "degrees Fahrenheit",
            NUMBER,
            lambda degrees: degrees * 9 / 5,
            lambda degrees: degrees * 5 / 9,
        ),
        _celsius_limit(
            10, "rPDU2SensorTempHumidityConfigTempMaxThreshC", ThresholdSetting.HIGH_CRITICAL
        ),
        _celsius_limit(
            11, "rPDU2SensorTempHumidityConfigTempHighThreshC", ThresholdSetting.HIGH_WARNING
        ),
        _value(
            12,
            "rPDU2SensorTempHumidityConfigTempHysteresisC",
            _temperature,
            ThresholdSetting.HYSTERESIS,
            "degrees Celsius",
            NUMBER,
        ),
        _humidity_limit(
            13, "rPDU2SensorTempHumidityConfigHumidityLowThresh", ThresholdSetting.LOW_WARNING
        ),
        _humidity_limit(
            14, "rPDU2SensorTempHumidityConfigHumidityMinThresh", ThresholdSetting.LOW_CRITICAL
        ),
        _value(
            15,
            "rPDU2SensorTempHumidityConfigHumidityHysteresis",
            _humidity,
            ThresholdSetting.HYSTERESIS,
            "percent",
            Integer32(0, 100),
        ),
        reset(
            16,
            "rPDU2SensorTempHumidityConfigTempPeakReset",
            lambda probe: ResetMeter(_target(probe.temperature), Reset.ALL),
            lambda probe: probe.temperature is not None,
        ),
    ),
)
