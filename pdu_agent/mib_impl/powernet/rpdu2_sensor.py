# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB rPDU2SensorTempHumidity: readings of the probes."""

from __future__ import annotations

from collections.abc import Callable

from pdu_agent.mib_impl.powernet.rpdu2_columns import (
    RPDU2_ARC,
    named,
    size,
)
from pdu_agent.mib_impl.powernet.rpdu2_probe import (
    COMM_STATUS,
    Half,
    Probe,
    probe_name,
    probe_number,
    probe_places,
    probes,
)
from pdu_agent.mib_impl.powernet.words import NOT_SUPPORTED, date_text, fahrenheit
from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.syntax import DisplayString, Enumerated, Integer32
from pdu_agent.model.snapshot import Sensor, SensorStatus, ThresholdState

_NO_PROBE = "noTempSensorInstalled"
_NOT_PRESENT = 1

TYPE = Enumerated(
    (1, "temperatureOnly", "temperatureOnly"),
    (2, "temperatureHumidity", "temperatureHumidity"),
    (3, "commsLost", SensorStatus.FAULT),
    (4, "notInstalled", SensorStatus.ABSENT),
)

LIMIT_STATE = Enumerated(
    (2, "belowMin", ThresholdState.LOW_CRITICAL),
    (3, "belowLow", ThresholdState.LOW_WARNING),
    (4, "normal", ThresholdState.NORMAL),
    (5, "aboveHigh", ThresholdState.HIGH_WARNING),
    (6, "aboveMax", ThresholdState.HIGH_CRITICAL),
)

# Tenths of a degree may be negative; a probe that is not there reads -1 all the same.
_TENTHS_OF_A_DEGREE = Integer32(scale=10)


def _type(probe: Probe) -> str | SensorStatus:
    if probe.status is not SensorStatus.OK:
        return probe.status
    return "temperatureOnly" if probe.humidity is None else "temperatureHumidity"


def _limit_state(half: Half | None) -> ThresholdState | None:
    if half is None or half.watch is None or half.watch.state is ThresholdState.UNKNOWN:
        return None
    return half.watch.state


def _temperature(
    number: int, name: str, celsius: Callable[[Half], float | None]
) -> ObjectType[Probe]:
    return ObjectType(
        number,
        name,
        _TENTHS_OF_A_DEGREE,
        lambda probe: None if probe.temperature is None else celsius(probe.temperature),
        units="tenths of a degree",
        absent=-1,
    )


def _peak_date(
    number: int, name: str, wall_s: Callable[[Sensor], float | None]
) -> ObjectType[Probe]:
    def get(probe: Probe) -> str | None:
        if probe.temperature is None:
            return None
        return date_text(wall_s(probe.temperature.sensor)) or NOT_SUPPORTED

    return ObjectType(number, name, DisplayString(), get, absent=_NO_PROBE)


SENSOR_SIZE = size((10,), 1, "rPDU2SensorTempHumidityTableSize", lambda s: len(probes(s)))

SENSOR_STATUS: Table[Probe] = Table(
    suffix=(*RPDU2_ARC, 10, 2, 2),
    name="rPDU2SensorTempHumidityStatusTable",
    index=("rPDU2SensorTempHumidityStatusIndex",),
    rows=probe_places,
    objects=(
        *named("rPDU2SensorTempHumidityStatus", probe_number, probe_name),
        ObjectType(5, "rPDU2SensorTempHumidityStatusType", TYPE, _type),
        ObjectType(
            6,
            "rPDU2SensorTempHumidityStatusCommStatus",
            COMM_STATUS,
            lambda probe: probe.status,
        ),
        _temperature(
            7, "rPDU2SensorTempHumidityStatusTempF", lambda half: fahrenheit(half.reading)
        ),
        _temperature(8, "rPDU2SensorTempHumidityStatusTempC", lambda half: half.reading),
        ObjectType(
            9,
            "rPDU2SensorTempHumidityStatusTempStatus",
            LIMIT_STATE,
            lambda probe: _limit_state(probe.temperature),
            absent=_NOT_PRESENT,
        ),
        ObjectType(
            10,
            "rPDU2SensorTempHumidityStatusRelativeHumidity",
            Integer32(0, 100),
            lambda probe: None if probe.humidity is None else probe.humidity.reading,
            units="percent",
            absent=-1,
        ),
        ObjectType(
            11,
            "rPDU2SensorTempHumidityStatusHumidityStatus",
            LIMIT_STATE,
            lambda probe: _limit_state(probe.humidity),
            absent=_NOT_PRESENT,
        ),
        _temperature(
            12,
            "rPDU2SensorTempHumidityStatusTempPeakF",
            lambda half: fahrenheit(half.sensor.maximum),
        ),
        _temperature(
            13, "rPDU2SensorTempHumidityStatusTempPeakC", lambda half: half.sensor.maximum
        ),
        _peak_date(
            14,
            "rPDU2SensorTempHumidityStatusTempPeakTimestamp",
            lambda sensor: sensor.maximum_wall_s,
        ),
        _peak_date(
            15,
            "rPDU2SensorTempHumidityStatusTempPeakStartTime",
            lambda sensor: sensor.extremes_since_wall_s,
        ),
    ),
)
