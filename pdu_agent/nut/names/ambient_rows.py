# SPDX-License-Identifier: Apache-2.0
"""ambient.*: sensors.

ambient.N. is the sensor with that number, each with one value; ambient. without a number is the
first one for temperature and the first one for humidity, which most clients look at only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pdu_agent.core.settings import SensorSettings
from pdu_agent.model.commands import Command, ConfigureSensor, SensorSetting
from pdu_agent.model.snapshot import Sensor, SensorKind, SensorStatus, Snapshot
from pdu_agent.nut.names.row import Row, Table, Write, number, octets, shown

DEFAULT_KINDS = (SensorKind.TEMPERATURE, SensorKind.HUMIDITY)

_CONTACT_WORDS = {
    SensorKind.CONTACT: ("open", "closed"),
    SensorKind.AIRFLOW: ("open", "closed"),
    SensorKind.WATER: ("inactive", "active"),
}
"""Of 0 and 1. Water is told as NUT tells a contact whose meaning is configured."""


def default_sensors(snapshot: Snapshot) -> Iterator[Sensor]:
    """The first of each kind that ambient. without a number has."""
    for kind in DEFAULT_KINDS:
        yield from [sensor for sensor in snapshot.sensors if sensor.kind is kind][:1]


def _value(kind: SensorKind, decimals: int) -> Callable[[Sensor], str | None]:
    def read(sensor: Sensor) -> str | None:
        is_told = sensor.kind is kind and sensor.status is SensorStatus.OK
        return number(sensor.value, decimals) if is_told else None

    return read


def _extreme(kind: SensorKind, which: str) -> Callable[[Sensor], str | None]:
    def read(sensor: Sensor) -> str | None:
        return number(getattr(sensor, which), 1) if sensor.kind is kind else None

    return read


def _contact(sensor: Sensor) -> str | None:
    words = _CONTACT_WORDS.get(sensor.kind)
    if words is None or sensor.value is None or sensor.status is not SensorStatus.OK:
        return None
    return words[sensor.value != 0]


def _present(sensor: Sensor) -> str:
    return "no" if sensor.status is SensorStatus.ABSENT else "yes"


def _named(sensor: Sensor, text: str) -> Command:
    return ConfigureSensor(sensor.index, SensorSetting.NAME, text)


def _values(kind: SensorKind, unit: str) -> tuple[Row[Sensor], ...]:
    name = kind.value
    return (
        Row(name, _value(kind, 1), "absent while it is not measured", unit),
        Row(f"{name}.minimum", _extreme(kind, "minimum"), "lowest since a reset", unit),
        Row(f"{name}.maximum", _extreme(kind, "maximum"), "highest since a reset", unit),
    )


def _first(kind: SensorKind) -> Callable[[Snapshot], Iterator[tuple[str, Sensor]]]:
    return lambda snapshot: (
        ("ambient.", sensor) for sensor in default_sensors(snapshot) if sensor.kind is kind
    )


_ROWS_OF_KIND = {
    SensorKind.TEMPERATURE: _values(SensorKind.TEMPERATURE, "Celsius"),
    SensorKind.HUMIDITY: _values(SensorKind.HUMIDITY, "%"),
}

DEFAULT_AMBIENT: tuple[Table[Sensor], ...] = tuple(
    Table("ambient.", _first(kind), rows) for kind, rows in _ROWS_OF_KIND.items()
)
AMBIENT: Table[Sensor] = Table(
    "ambient.N.",
    lambda snapshot: ((f"ambient.{sensor.index}.", sensor) for sensor in snapshot.sensors),
    (
        Row("id", lambda sensor: shown(sensor.serial), "serial number of the sensor"),
        Row(
            "name",
            lambda sensor: shown(sensor.name),
            "name of the sensor",
            write=Write(_named, max_octets=octets(SensorSettings, "name")),
        ),
        Row("present", _present, "no while it is not there"),
        *(row for rows in _ROWS_OF_KIND.values() for row in rows),
        Row("contacts.1.status", _contact, "open or closed; of water: active or inactive"),
    ),
)
AMBIENT_OWN: Table[Sensor] = Table(
    "experimental.ambient.N.",
    lambda snapshot: (
        (f"experimental.ambient.{sensor.index}.", sensor) for sensor in snapshot.sensors
    ),
    (
        Row("pressure", _value(SensorKind.PRESSURE, 1), "of the air", "hPa"),
        Row("value", _value(SensorKind.OTHER, 2), "of a sensor of another kind"),
    ),
)
