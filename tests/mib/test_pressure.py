# SPDX-License-Identifier: Apache-2.0
"""Air pressure: our own MIB and ENTITY-SENSOR-MIB show it; the vendors' know no such kind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pdu_agent.mib_impl.syntax import Value
from pdu_agent.model.commands import Quantity, Target, TargetKind
from pdu_agent.model.snapshot import SensorKind, Snapshot, Threshold, ThresholdState
from tests.mib.strip import SENSORS, columns, strip
from tests.mib.unit import SENSOR, Bench

PRESSURE = replace(
    SENSOR, index=4, name="hall", kind=SensorKind.PRESSURE, value=987.65, minimum=980.0
)
LIMIT = Threshold(
    target=Target(TargetKind.SENSOR, 4),
    quantity=Quantity.PRESSURE,
    low_critical=0.0,
    low_warning=950.0,
    high_warning=0.0,
    high_critical=0.0,
    hysteresis=1.0,
    delay_s=0.0,
    enabled=frozenset(),
    state=ThresholdState.NORMAL,
    value=987.65,
)
ENT_SENSOR = ".1.3.6.1.2.1.99.1.1.1"
SENSOR_ENTRY, SENSOR_TYPE, SENSOR_VALUE = "5.1.1", 3, 4


def with_pressure() -> Snapshot:
    return replace(strip(), sensors=(*SENSORS, PRESSURE), thresholds=(LIMIT,))


@pytest.mark.parametrize("mib", ["powernet", "sentry3", "sentry4", "ups", "energy"])
def test_trees_without_that_kind_do_not_change(mib: str) -> None:
    without = Bench(strip(), mibs=(mib,)).walk()
    assert without
    assert Bench(with_pressure(), mibs=(mib,)).walk() == without


def test_our_own_tree_shows_tenths_of_a_hectopascal() -> None:
    bench = Bench(with_pressure())
    assert bench.content(f"{SENSOR_ENTRY}.{SENSOR_TYPE}.4") == 7
    assert bench.content(f"{SENSOR_ENTRY}.{SENSOR_VALUE}.4") == 9877


def test_entity_sensor_has_no_such_type_and_tells_the_unit() -> None:
    bench = Bench(with_pressure(), mibs=("entity",))
    row = columns(bench, ENT_SENSOR, "2004")
    other, units, one_decimal = 1, 9, 1
    assert (row[1], row[2], row[3], row[4]) == (other, units, one_decimal, 9877)
    assert row[6] == b"hPa"


def test_its_limits_are_in_tenths_of_a_hectopascal() -> None:
    bench = Bench(with_pressure())
    sent = [value.content for _, value in bench.walk() if isinstance(value, Value)]
    assert 9500 in sent
