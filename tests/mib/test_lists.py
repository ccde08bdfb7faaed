# SPDX-License-Identifier: Apache-2.0
"""Thresholds, groups, alarms and events: values by known answers, rows that come and go."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from pdu_agent.mib_impl.openpdu import threshold as threshold_mib
from pdu_agent.mib_impl.openpdu.pointers import event_kind
from pdu_agent.mib_impl.syntax import Oid, Value
from pdu_agent.mib_impl.view import NO_SUCH_INSTANCE
from pdu_agent.model.commands import Limit, Quantity, Target, TargetKind
from pdu_agent.model.snapshot import Alarm, EventKind, Severity
from tests.mib.unit import (
    ALARMS,
    BRANCHES,
    EVENTS,
    FANS,
    GROUPS,
    LINES,
    OUTLET_2,
    SENSOR,
    THRESHOLDS,
    UPSES,
    WALL_S,
    Bench,
    furnished,
    unit,
)


def strip() -> Bench:
    return Bench(furnished(unit(2, sensors=(SENSOR,))))


def test_a_threshold_is_in_the_unit_of_its_quantity() -> None:
    bench = strip()
    current = {4: 0, 5: 0, 6: 8000, 7: 10_000, 8: 500, 9: 3, 10: b"\x30", 11: 4}
    power = {4: 0, 5: 0, 6: 2_300_000, 7: 0, 8: 0, 9: 0, 10: b"\x20", 11: 1}
    temperature = {4: -205, 5: -100, 6: 350, 7: 400, 8: 10, 9: 0, 10: b"\0", 11: 6}
    assert {n: bench.content(f"4.1.1.{n}.3.2.2") for n in current} == current
    assert {n: bench.content(f"4.1.1.{n}.2.3.3") for n in power} == power
    assert {n: bench.content(f"4.1.1.{n}.4.1.8") for n in temperature} == temperature


@pytest.mark.parametrize(
    ("quantity", "number", "sent"),
    [
        (Quantity.VOLTAGE, 1, 1500),
        (Quantity.CURRENT, 2, 1500),
        (Quantity.ACTIVE_POWER, 3, 1500),
        (Quantity.APPARENT_POWER, 4, 1500),
        (Quantity.POWER_FACTOR, 5, 1500),
        (Quantity.FREQUENCY, 6, 1500),
        (Quantity.ENERGY, 7, 2),
        (Quantity.TEMPERATURE, 8, 15),
        (Quantity.HUMIDITY, 9, 15),
    ],
)
def test_every_quantity_has_its_number_and_its_scale(
    quantity: Quantity, number: int, sent: int
) -> None:
    row = replace(THRESHOLDS[0], quantity=quantity, high_warning=1.5)
    bench = Bench(replace(unit(), thresholds=(row,)))
    assert bench.content(f"4.1.1.6.3.2.{number}") == sent


def test_every_limit_has_its_bit() -> None:
    assert list(threshold_mib.LIMITS.values()) == list(Limit)


def test_groups_tell_where_they_come_from_and_what_their_members_take() -> None:
    bench = strip()
    configured = {2: b"servers", 3: 3, 4: 8, 5: 525_000, 6: 2999, 7: 5, 8: 1}
    made = {2: b"Group 7", 3: 1, 4: 8, 6: 0, 7: 3, 8: 1}
    assert {n: bench.content(f"6.1.1.{n}.1") for n in configured} == configured
    assert {n: bench.content(f"6.1.1.{n}.7") for n in made} == made
    assert bench.get("6.1.1.5.7") is NO_SUCH_INSTANCE
    assert [bench.content(f"6.2.1.1.{row}") for row in ("1.1", "1.2", "7.2")] == [1, 1, 1]
    assert bench.get("6.2.1.1.7.1") is NO_SUCH_INSTANCE


def test_alarms_point_at_their_row_and_at_the_notification_that_told_of_them() -> None:
    bench = strip()
    source = bench.oid("3.1.1.2.2")
    assert bench.content("8.1.0") == 2
    assert bench.content("8.2.1.2.4") == (*bench.arc, 0, 3)
    assert bench.content("8.2.1.4.4") == source
    assert bench.content("8.2.1.7.4") == 2
    assert bench.content("8.2.1.2.9") == (*bench.arc, 0, 6)
    assert bench.content("8.2.1.4.9") == (0, 0)
    assert bench.content("8.2.1.3.9") == 3
    assert bench.content("8.2.1.7.9") == 1


@pytest.mark.parametrize(
    "kind", [kind for kind in TargetKind if kind is not TargetKind.UNIT], ids=str
)
def test_a_row_pointer_names_a_variable_that_can_be_read(kind: TargetKind) -> None:
    alarm = Alarm(1, "x", Severity.WARNING, "x", "", WALL_S, Target(kind, 1))
    furniture = {
        "branches": BRANCHES,
        "lines": LINES,
        "fans": FANS,
        "groups": GROUPS,
        "upses": UPSES,
    }
    bench = Bench(replace(unit(sensors=(SENSOR,)), alarms=(alarm,), **furniture))
    pointer = bench.content("8.2.1.4.1")
    assert isinstance(pointer, tuple)
    value = bench.view.get(pointer, bench.controller.snapshot)
    assert isinstance(value, Value)
    column = pointer[:-2]
    assert not any(oid[:-2] == column and oid < pointer for oid, _ in bench.walk())


def test_the_whole_unit_has_no_row() -> None:
    alarm = Alarm(1, "x", Severity.WARNING, "x", "", WALL_S, Target(TargetKind.UNIT, 1))
    assert Bench(replace(unit(), alarms=(alarm,))).content("8.2.1.4.1") == (0, 0)


@pytest.mark.parametrize(("kind", "number"), [(TargetKind.GROUP, 5), (TargetKind.UNIT, 6)])
def test_groups_and_the_whole_unit_have_thresholds(kind: TargetKind, number: int) -> None:
    row = replace(THRESHOLDS[1], target=Target(kind, 1))
    bench = Bench(replace(unit(), thresholds=(row,)))
    assert bench.content(f"4.1.1.6.{number}.1.3") == 2_300_000


def test_an_alarm_of_a_silent_sensor_is_of_the_kind_that_its_notification_is() -> None:
    alarm = Alarm(1, "sensor", Severity.WARNING, "x", "", WALL_S, Target(TargetKind.SENSOR, 1))
    bench = Bench(replace(unit(), alarms=(alarm,)))
    assert bench.content("8.2.1.2.1") == (*bench.arc, 0, 5)


def test_the_event_log_tells_its_newest_number_even_after_a_wrap() -> None:
    bench = strip()
    assert bench.content("8.3.0") == 1
    expected = {
        3: (*bench.arc, 0, 1),
        4: 1,
        5: bench.oid("3.1.1.2.2"),
        6: b"outlet 2 is off",
        7: b"snmp operator from 192.0.2.1",
    }
    assert {n: bench.content(f"8.4.1.{n}.1") for n in expected} == expected
    assert bench.content("8.4.1.3.4294967295") == (*bench.arc, 0, 13)
    assert Bench().content("8.3.0") == 0


def test_every_kind_of_event_has_an_oid_of_its_own() -> None:
    assert len({event_kind(kind) for kind in EventKind}) == len(EventKind)


def test_alarms_and_events_come_and_go_while_the_topology_stays() -> None:
    bench = strip()
    before = bench.walk()
    bench.controller.snapshot = replace(bench.controller.snapshot, alarms=(), events=())
    assert bench.get("8.2.1.5.4") is NO_SUCH_INSTANCE
    assert len(bench.walk()) == len(before) - 6 * len(ALARMS) - 6 * len(EVENTS)
    bench.controller.snapshot = furnished(bench.controller.snapshot)
    assert bench.walk() == before


def test_the_rows_of_an_outlet_are_known_as_its() -> None:
    bench = strip()
    outlets: dict[Oid, int | None] = {}
    for oid, _ in bench.walk():
        place = bench.view.object_of(oid)
        assert place is not None
        outlets[oid] = bench.view.outlet_of(place, oid, bench.controller.snapshot)
    expected = {
        "4.1.1.11.3.2.2": OUTLET_2.index,
        "4.1.1.11.4.1.8": None,
        "6.1.1.2.7": None,
        "6.2.1.1.1.1": 1,
        "6.2.1.1.7.2": 2,
        "8.2.1.5.4": 2,
        "8.2.1.5.9": None,
        "8.4.1.6.1": 2,
        "8.4.1.6.4294967295": None,
        "11.1.0": None,
    }
    assert {suffix: outlets[bench.oid(suffix)] for suffix in expected} == expected


def test_rows_with_several_index_numbers_are_walked_in_order_and_found_by_get() -> None:
    bench = strip()
    walked = bench.walk()
    assert all(a < b for (a, _), (b, _) in pairwise(walked))
    for oid, value in walked:
        assert bench.view.get(oid, bench.controller.snapshot) == value


def test_what_became_of_notifications_is_live() -> None:
    bench = strip()
    bench.notified.sent += 3
    bench.notified.acknowledged += 2
    bench.notified.lost = 2**32 + 1
    bench.notified.dropped += 4
    assert [bench.content(f"11.{n}.0") for n in range(12, 16)] == [3, 2, 1, 4]
