# SPDX-License-Identifier: Apache-2.0
"""GET and GETNEXT over the view: order, absences, topology, and a second arc."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdu_agent.mib_impl.openpdu import openpdu_module
from pdu_agent.mib_impl.schema import MibModule, ObjectType, Table
from pdu_agent.mib_impl.syntax import Integer32, Oid, Tag, Value
from pdu_agent.mib_impl.view import (
    END_OF_MIB_VIEW,
    NO_SUCH_INSTANCE,
    NO_SUCH_OBJECT,
    MibView,
    VarBind,
)
from pdu_agent.model.quantities import Electrical
from pdu_agent.model.snapshot import Snapshot
from tests.mib.golden_walk import GOLDEN, walk_text
from tests.mib.unit import METER, SENSOR, Bench, unit, with_outlet

SYS_OR_ID: Oid = (1, 3, 6, 1, 2, 1, 1, 9, 1, 2)
OTHER_ARC: Oid = (1, 3, 6, 1, 4, 1, 32473, 5)

maybe = st.none() | st.floats(0, 1e6)
electricals = st.builds(
    Electrical,
    voltage_v=maybe,
    current_a=maybe,
    active_power_w=maybe,
    power_factor=maybe,
    frequency_hz=maybe,
    crest_factor=maybe,
)
meters = st.none() | st.builds(
    lambda electrical, peak_w, energy_mj: replace(
        METER, electrical=electrical, peak_power_w=peak_w, energy_mj=energy_mj
    ),
    electricals,
    maybe,
    st.integers(0, 2**80),
)


@st.composite
def snapshots(draw: Any) -> Snapshot:
    numbers = draw(st.lists(st.integers(1, 255), unique=True, max_size=5))
    row = unit(1).outlets[0]
    outlets = tuple(replace(row, index=number, meter=draw(meters)) for number in numbers)
    sensors = draw(st.sampled_from([(), (SENSOR,)]))
    inlets = draw(st.sampled_from([(), unit().inlets]))
    return replace(unit(), outlets=outlets, sensors=sensors, inlets=inlets)


def gettable(bench: Bench) -> list[VarBind]:
    """Every instance by brute force: each declared object with each conceivable index."""
    found = []
    for place in bench.view.tree.places:
        for index in range(256):
            oid = (*place.oid, index)
            value = bench.view.get(oid, bench.controller.snapshot)
            if isinstance(value, Value):
                found.append((oid, value))
    return found


@settings(max_examples=30, deadline=None)
@given(snapshots())
def test_a_walk_is_strictly_increasing_and_complete(snapshot: Snapshot) -> None:
    bench = Bench(snapshot)
    walked = bench.walk()
    oids = [oid for oid, _ in walked]
    assert all(a < b for a, b in pairwise(oids))
    assert walked == gettable(bench)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 2**32 - 1), max_size=20).map(tuple))
def test_next_of_any_oid_is_the_least_instance_above_it(oid: Oid) -> None:
    bench = Bench()
    above = [step for step in bench.walk() if step[0] > oid]
    expected = above[0] if above else END_OF_MIB_VIEW
    assert bench.view.next(oid, bench.controller.snapshot) == expected


def test_rows_come_in_numeric_order_however_the_snapshot_lists_them() -> None:
    row = unit(1).outlets[0]
    numbers = (200, 9, 128, 127, 2)
    snapshot = replace(unit(), outlets=tuple(replace(row, index=n) for n in numbers))
    bench = Bench(snapshot)
    name = bench.oid("3.1.1.2")
    assert [oid[-1] for oid, _ in bench.walk() if oid[:-1] == name] == [2, 9, 127, 128, 200]


@pytest.mark.parametrize(
    ("suffix", "absence"),
    [
        ("3.1.1.7.99", NO_SUCH_INSTANCE),
        ("3.1.1.7", NO_SUCH_INSTANCE),
        ("3.1.1.7.1.0", NO_SUCH_INSTANCE),
        ("1.1", NO_SUCH_INSTANCE),
        ("1.1.1", NO_SUCH_INSTANCE),
        ("5.1.1.4.1", NO_SUCH_INSTANCE),
        ("3.1.1.1.1", NO_SUCH_OBJECT),
        ("3.3.1.16.1", NO_SUCH_INSTANCE),
        ("3.1.1.20.1", NO_SUCH_OBJECT),
        ("7.1.1.1.1", NO_SUCH_OBJECT),
        ("1.99.0", NO_SUCH_OBJECT),
        ("2.2.1.2.1.1", NO_SUCH_OBJECT),
        (".1.3.6.1.2.1.11.2.0", NO_SUCH_OBJECT),
        (".0.0", NO_SUCH_OBJECT),
        (".2.99", NO_SUCH_OBJECT),
    ],
)
def test_an_absent_variable_says_whether_its_object_exists(suffix: str, absence: object) -> None:
    assert Bench().get(suffix) is absence


def test_v1_walks_skip_64_bit_counters_and_nothing_else() -> None:
    bench = Bench()
    small = bench.walk(skip_counter64=True)
    assert small == [step for step in bench.walk() if step[1].tag is not Tag.COUNTER64]
    assert len(small) == len(bench.walk()) - 3


@pytest.mark.parametrize("topologies", [(0, 1, 2), (0, 0, 0)])
def test_rows_appear_and_vanish_from_snapshot_to_snapshot(topologies: tuple[int, ...]) -> None:
    two, three, two_again = (
        replace(unit(outlets), topology=topology)
        for outlets, topology in zip((2, 3, 2), topologies, strict=True)
    )
    bench = Bench(two)
    before = bench.walk()
    bench.controller.snapshot = three
    assert bench.content("3.1.1.7.3") == 1
    bench.controller.snapshot = two_again
    assert bench.get("3.1.1.7.3") is NO_SUCH_INSTANCE
    assert bench.walk() == before


def test_rows_are_taken_once_a_snapshot_and_only_from_tables_that_are_asked() -> None:
    taken: list[str] = []

    def rows_of(name: str) -> Callable[[Snapshot], list[tuple[Oid, int]]]:
        return lambda _: taken.append(name) or [((2,), 20), ((1,), 10)]  # type: ignore[func-returns-value]

    tables = tuple(
        Table((arc,), f"table{arc}", (), rows_of(f"table{arc}"), (COLUMN,), _outlet_of)
        for arc in (1, 2)
    )
    view = MibView([MibModule("TEST", "", (1, 3), (1, 3), tables)])
    first, second = unit(), unit()
    for _ in range(2):
        assert view.get((1, 3, 1, 1, 1, 2), first) == Value(Tag.INTEGER, 20)
    assert taken == ["table1"]
    before = view.rows(0, first)
    indices, outlets = before.indices, before.outlets
    assert (indices, outlets) == (((1,), (2,)), {(1,): 1, (2,): 2})
    after = view.rows(0, second)
    assert (after.indices is indices, after.outlets is outlets) == (True, True)
    assert taken == ["table1"] * 2


COLUMN: ObjectType[int] = ObjectType(1, "column", Integer32(), lambda row: row)


def _outlet_of(row: int) -> int:
    return row // 10


def test_a_request_answers_from_the_snapshot_it_was_given() -> None:
    bench = Bench(unit())
    old = bench.controller.snapshot
    bench.controller.snapshot = with_outlet(old, 1, name="renamed")
    oid = bench.oid("3.1.1.2.1")
    assert bench.view.get(oid, old) == Value(Tag.OCTET_STRING, b"Outlet 1")
    assert bench.content("3.1.1.2.1") == b"renamed"
    assert bench.view.get(oid, old) == Value(Tag.OCTET_STRING, b"Outlet 1")


def test_a_second_arc_serves_the_same_values_there_and_nothing_at_the_first() -> None:
    usual, other = Bench(), Bench(arc=OTHER_ARC)
    moved = [
        (OTHER_ARC + oid[len(usual.arc) :], value)
        for oid, value in usual.walk()
        if oid[: len(usual.arc)] == usual.arc
    ]
    assert [step for step in other.walk() if step[0][: len(OTHER_ARC)] == OTHER_ARC] == moved
    assert other.content(".1.3.6.1.2.1.1.2.0") == (*OTHER_ARC, 3, 1)
    resources = [value.content for oid, value in other.walk() if oid[:-1] == SYS_OR_ID]
    assert OTHER_ARC in resources
    assert usual.arc not in resources
    assert other.get("." + ".".join(map(str, usual.oid("1.1.0")))) is NO_SUCH_OBJECT


def test_two_modules_cannot_claim_one_object() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        MibView([openpdu_module(), openpdu_module()])


def test_the_whole_walk_is_as_it_was() -> None:
    assert walk_text() == GOLDEN.read_text(encoding="utf-8")
