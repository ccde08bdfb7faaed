# SPDX-License-Identifier: Apache-2.0
"""What meters and sensors measure, and how ENTITY-SENSOR-MIB (RFC 3433) shows each of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pdu_agent.mib_impl.syntax import Enumerated
from pdu_agent.model.commands import TargetKind
from pdu_agent.model.quantities import watt_hours
from pdu_agent.model.snapshot import Meter, SensorKind

OVERFLOW = 1_000_000_000
"""Stands, with either sign, for a value that has no place (EntitySensorValue)."""

DATA_TYPE = Enumerated(
    (1, "other", "other"),
    (2, "unknown", "unknown"),
    (3, "voltsAC", "voltsAC"),
    (5, "amperes", "amperes"),
    (6, "watts", "watts"),
    (7, "hertz", "hertz"),
    (8, "celsius", "celsius"),
    (9, "percentRH", "percentRH"),
    (12, "truthvalue", "truthvalue"),
)
DATA_SCALE = Enumerated((8, "milli", -3), (9, "units", 0))
"""The plain value is the power of ten."""


@dataclass(frozen=True, slots=True)
class Form:
    """data_type: of DATA_TYPE. exponent: of DATA_SCALE. decimals: EntitySensorPrecision.
    low, high: what the data type allows on the wire.
    """

    data_type: str
    units: str
    decimals: int = 0
    exponent: int = 0
    low: int = -OVERFLOW
    high: int = OVERFLOW

    def scaled(self, value: float) -> float:
        """A value of the model as it goes on the wire, not yet rounded."""
        if self.data_type == "truthvalue":
            return 1 if value else 2
        return max(self.low, min(self.high, value * 10.0 ** (self.decimals - self.exponent)))


@dataclass(frozen=True, slots=True)
class Measure:
    """One quantity of a meter. number: 1 to 99, part of the index of its entity, so it never
    changes its meaning.
    """

    number: int
    name: str
    form: Form
    value: Callable[[Meter], float | None]


VOLTAGE = Measure(
    1, "voltage", Form("voltsAC", "V", decimals=1), lambda meter: meter.electrical.voltage_v
)
CURRENT = Measure(
    2, "current", Form("amperes", "mA", exponent=-3), lambda meter: meter.electrical.current_a
)
ACTIVE_POWER = Measure(
    3, "active power", Form("watts", "W", decimals=1), lambda meter: meter.electrical.active_power_w
)
APPARENT_POWER = Measure(
    4,
    "apparent power",
    Form("other", "VA", decimals=1),
    lambda meter: meter.electrical.apparent_power_va,
)
POWER_FACTOR = Measure(
    5,
    "power factor",
    Form("other", "power factor", decimals=3),
    lambda meter: meter.electrical.power_factor,
)
FREQUENCY = Measure(
    6, "frequency", Form("hertz", "Hz", decimals=2), lambda meter: meter.electrical.frequency_hz
)
ENERGY = Measure(7, "energy", Form("other", "Wh"), lambda meter: watt_hours(meter.energy_mj))

_LOAD = (VOLTAGE, CURRENT, ACTIVE_POWER, APPARENT_POWER, POWER_FACTOR, ENERGY)

MEASURES: Mapping[TargetKind, tuple[Measure, ...]] = {
    TargetKind.INLET: (*_LOAD, FREQUENCY),
    TargetKind.BRANCH: _LOAD,
    TargetKind.OUTLET: _LOAD,
}
"""What is shown of a metered thing, whether or not its meter has a value for it just now:
entities do not come and go with readings.
"""

_TRUTH = Form("truthvalue", "")
_ARBITRARY = Form("unknown", "", decimals=1)

FORM_OF_SENSOR: Mapping[SensorKind, Form] = {
    SensorKind.TEMPERATURE: Form("celsius", "Celsius", decimals=1),
    # A number from 0 to 100 without decimals is all that RFC 3433 allows.
    SensorKind.HUMIDITY: Form("percentRH", "%RH", low=0, high=100),
    SensorKind.CONTACT: _TRUTH,
    SensorKind.WATER: _TRUTH,
    SensorKind.AIRFLOW: _ARBITRARY,
    SensorKind.PRESSURE: Form("other", "hPa", decimals=1),
    SensorKind.OTHER: _ARBITRARY,
}
