# SPDX-License-Identifier: Apache-2.0
"""ENTITY-SENSOR-MIB: every quantity with its type, its scale, and how far it can be believed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.mib_impl.view import NO_SUCH_INSTANCE
from pdu_agent.model.quantities import Electrical
from pdu_agent.model.snapshot import MeterStatus, Sensor, SensorKind, SensorStatus, Snapshot
from tests.mib.strip import column, columns, content, strip, things
from tests.mib.unit import METER, SENSOR, WALL_S, Bench, with_outlet

TABLE = ".1.3.6.1.2.1.99.1.1.1"
PHYSICAL = ".1.3.6.1.2.1.47.1.1.1.1"
TYPE, SCALE, PRECISION, VALUE, STATUS, UNITS, TIME, RATE = range(1, 9)
OK, UNAVAILABLE, NONOPERATIONAL = 1, 2, 3
VOLTAGE, CURRENT, ENERGY = 100101, 100102, 100107


@pytest.mark.parametrize(
    ("index", "row"),
    [
        ("10101", (3, 9, 1, 2301, OK, b"V")),
        ("10102", (5, 8, 0, 1250, OK, b"mA")),
        ("10103", (6, 9, 1, 2625, OK, b"W")),
        ("10104", (1, 9, 1, 2877, OK, b"VA")),
        ("10105", (1, 9, 3, 913, OK, b"power factor")),
        ("10106", (7, 9, 2, 5001, OK, b"Hz")),
        ("10107", (1, 9, 0, 2500, OK, b"Wh")),
        ("20302", (5, 8, 0, 1250, OK, b"mA")),
        ("100101", (3, 9, 1, 2301, OK, b"V")),
    ],
)
def test_what_a_meter_measures(index: str, row: tuple[object, ...]) -> None:
    expected = dict(zip(range(1, 7), row, strict=True)) | {TIME: 10_000, RATE: 0}
    assert columns(things(), TABLE, index) == expected


@pytest.mark.parametrize(
    ("index", "row"),
    [
        ("2001", (8, 9, 1, -43, OK, b"Celsius", 10_000)),
        ("2002", (9, 9, 0, 46, OK, b"%RH", 9_850)),
        ("2003", (12, 9, 0, 1, UNAVAILABLE, b"", 10_000)),
    ],
)
def test_sensors_of_the_surroundings(index: str, row: tuple[object, ...]) -> None:
    assert columns(things(), TABLE, index) == dict(zip(range(1, 8), row, strict=True)) | {RATE: 0}


def test_the_frequency_is_that_of_the_inlet_alone() -> None:
    assert {index[0] for index, kind in column(things(), TABLE, TYPE).items() if kind == 7} == {
        10106
    }


def test_what_is_in_the_table_is_a_sensor_of_the_entity_table() -> None:
    bench = things()
    sensors = {index for index, kind in column(bench, PHYSICAL, 5).items() if kind == 8}
    assert set(column(bench, TABLE, TYPE)) == sensors


# -- how far it can be believed ------------------------------------------------------------------


def _outlet_meter(**changes: object) -> Bench:
    return things(with_outlet(strip(), 1, meter=replace(METER, **changes)))  # type: ignore[arg-type]


def test_an_old_value_is_shown_as_unavailable_with_its_time() -> None:
    bench = _outlet_meter(status=MeterStatus.STALE, sample_wall_s=WALL_S - 30)
    row = columns(bench, TABLE, str(VOLTAGE))
    assert (row[VALUE], row[STATUS], row[TIME]) == (2301, UNAVAILABLE, 7000)


def test_a_meter_that_never_spoke_has_energy_but_no_values() -> None:
    bench = _outlet_meter(status=MeterStatus.FAULT, electrical=Electrical(), sample_wall_s=None)
    assert content(bench, TABLE, STATUS, VOLTAGE) == UNAVAILABLE
    assert content(bench, TABLE, VALUE, VOLTAGE) is NO_SUCH_INSTANCE
    assert content(bench, TABLE, TIME, VOLTAGE) is NO_SUCH_INSTANCE
    assert (content(bench, TABLE, VALUE, ENERGY), content(bench, TABLE, STATUS, ENERGY)) == (
        2500,
        UNAVAILABLE,
    )


def test_what_this_meter_cannot_measure_is_unavailable() -> None:
    bench = _outlet_meter(electrical=Electrical(active_power_w=5.0))
    assert content(bench, TABLE, STATUS, CURRENT) == UNAVAILABLE
    assert content(bench, TABLE, STATUS, 100103) == OK


def _with_sensor(**changes: object) -> Snapshot:
    changed: Sensor = replace(SENSOR, **changes)  # type: ignore[arg-type]
    return replace(strip(), sensors=(changed,))


@pytest.mark.parametrize(
    ("status", "value", "shown"),
    [
        (SensorStatus.OK, 20.0, OK),
        (SensorStatus.OK, None, UNAVAILABLE),
        (SensorStatus.STALE, 20.0, UNAVAILABLE),
        (SensorStatus.ABSENT, None, UNAVAILABLE),
        (SensorStatus.FAULT, None, NONOPERATIONAL),
    ],
)
def test_the_status_of_a_sensor(status: SensorStatus, value: float | None, shown: int) -> None:
    bench = things(_with_sensor(status=status, value=value))
    assert content(bench, TABLE, STATUS, 2001) == shown


def test_a_value_from_before_the_start_has_the_time_zero() -> None:
    assert content(things(_with_sensor(sample_wall_s=WALL_S - 500)), TABLE, TIME, 2001) == 0


def test_a_clock_that_was_set_back_shows_no_time_to_come() -> None:
    bench = things(_with_sensor(sample_wall_s=WALL_S + 3600))
    assert content(bench, TABLE, TIME, 2001) == 10_000


# -- RFC 3433 ------------------------------------------------------------------------------------


def test_the_example_of_the_rfc() -> None:
    """0 to 100 degrees in steps of 0.1: precision 1, scale units, values 0 to 1000."""
    for celsius, shown in ((0.0, 0), (100.0, 1000), (50.04, 500)):
        row = columns(things(_with_sensor(value=celsius)), TABLE, "2001")
        assert (row[SCALE], row[PRECISION], row[VALUE]) == (9, 1, shown)


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (SensorKind.HUMIDITY, 100.7, 100),
        (SensorKind.HUMIDITY, -0.6, 0),
        (SensorKind.CONTACT, 0.0, 2),
        (SensorKind.WATER, 1.0, 1),
        (SensorKind.AIRFLOW, 12.34, 123),
        (SensorKind.TEMPERATURE, 1e12, 1_000_000_000),
        (SensorKind.TEMPERATURE, -1e12, -1_000_000_000),
    ],
)
def test_values_keep_to_what_their_type_allows(kind: SensorKind, value: float, shown: int) -> None:
    assert content(things(_with_sensor(kind=kind, value=value)), TABLE, VALUE, 2001) == shown


@given(
    st.floats(-99_999, 99_999),
    st.sampled_from((SensorKind.TEMPERATURE, SensorKind.AIRFLOW, SensorKind.OTHER)),
)
def test_a_value_can_be_read_back(value: float, kind: SensorKind) -> None:
    row = columns(things(_with_sensor(kind=kind, value=value)), TABLE, "2001")
    shown, decimals = row[VALUE], row[PRECISION]
    assert isinstance(shown, int)
    assert isinstance(decimals, int)
    assert shown / 10**decimals == pytest.approx(value, abs=0.501 / 10**decimals)


def test_rows_of_an_outlet_are_for_those_who_may_see_it() -> None:
    bench = things()
    for instance, whose in ((f"{TABLE}.4.{VOLTAGE}", 1), (f"{TABLE}.4.10101", None)):
        oid = bench.oid(instance)
        place = bench.view.object_of(oid)
        assert place is not None
        assert bench.view.outlet_of(place, oid, bench.controller.snapshot) == whose
