# SPDX-License-Identifier: Apache-2.0
"""What the definitions in contrib/ are compared with: OPENPDU-MIB as declared, and the model.

A definition names an object, its OID, and how its value becomes volts or watts. The
declarations know the first two, and their UNITS the third; a running demo knows the values.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from pdu_agent.mib_impl.notifications import NotificationCounters
from pdu_agent.mib_impl.openpdu import openpdu_module
from pdu_agent.mib_impl.schema import ObjectType, Scalars, Table
from pdu_agent.mib_impl.syntax import Counter32, Counter64, Enumerated
from tests.system.demo_process import Demo

DEADLINE_S = 15.0
DIVISORS = {
    "millivolts": ("V", 1000),
    "milliamperes": ("A", 1000),
    "milliwatts": ("W", 1000),
    "millivolt-amperes": ("VA", 1000),
    "millivars": ("var", 1000),
    "millihertz": ("Hz", 1000),
    "milliwatt-hours": ("Wh", 1000),
    "watt-hours": ("Wh", 1),
    "thousandths": ("", 1000),
    "tenths of a unit": ("unit of the sensor", 10),
}
"""UNITS clause: the unit people read, and by what the value is divided for it."""

METER_FIELDS = {
    "Voltage": "voltage_v",
    "Current": "current_a",
    "ActivePower": "active_power_w",
    "ApparentPower": "apparent_power_va",
    "ReactivePower": "reactive_power_var",
    "PowerFactor": "power_factor",
    "Frequency": "frequency_hz",
    "RatedCurrent": "rated_current_a",
}
"""What follows opduInlet or opduMeter in a name, and what the HTTP API calls it."""


@dataclass(frozen=True)
class Declared:
    oid: str
    object: ObjectType[Any]
    group: Scalars[Any] | Table[Any]

    @property
    def labels(self) -> dict[int, str]:
        """The enumeration, empty for other types."""
        syntax = self.object.syntax
        if not isinstance(syntax, Enumerated):
            return {}
        return {number: label for label, number in syntax.labels.items()}

    @property
    def counts(self) -> bool:
        return isinstance(self.object.syntax, (Counter32, Counter64))

    @property
    def index(self) -> tuple[str, ...]:
        return self.group.index if isinstance(self.group, Table) else ()


def _declared() -> dict[str, Declared]:
    module = openpdu_module(counters=NotificationCounters())
    return {
        item.name: Declared(
            ".".join(map(str, (*module.arc, *group.base, item.number))), item, group
        )
        for group in module.groups
        for item in group.objects
        if item.get is not None
    }


OBJECTS = _declared()
"""Every readable object by name."""

NAMES = {declared.oid: name for name, declared in OBJECTS.items()}
TABLES = {group.name for group in openpdu_module().groups if isinstance(group, Table)}


def measured(demo: Demo) -> dict[tuple[str, str], float]:
    """Object name and index of everything in METER_FIELDS, with its value in volts, amperes ..."""
    kinds = (("Inlet", "inlets"), ("Meter", "outlets"))
    return {
        (f"opdu{kind}{suffix}", str(row["number"])): float(row["meter"][field])
        for kind, plural in kinds
        for row in demo.api("GET", f"/{plural}")[1][plural]
        for suffix, field in METER_FIELDS.items()
        if row["meter"][field] is not None and f"opdu{kind}{suffix}" in OBJECTS
    }


def wait_for_load(demo: Demo) -> None:
    """Until inlet and outlets have all their readings, and the inlet those of all its load."""
    end_s = time.monotonic() + DEADLINE_S
    while not _is_loaded(measured(demo), len(demo.outlets())):
        assert time.monotonic() < end_s, demo.log()
        time.sleep(0.05)


def _is_loaded(readings: dict[tuple[str, str], float], outlets: int) -> bool:
    complete = all(
        (f"opduMeter{suffix}", str(number)) in readings
        for suffix in METER_FIELDS
        for number in range(1, outlets + 1)
    )
    return complete and readings.get(("opduInletActivePower", "1"), 0.0) > 300


def is_about(value: float, expected: float) -> bool:
    """Whether two readings of the same quantity, some seconds apart, agree."""
    return abs(value - expected) <= 0.1 * abs(expected) + 0.05
