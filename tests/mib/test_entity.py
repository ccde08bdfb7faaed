# SPDX-License-Identifier: Apache-2.0
"""ENTITY-MIB: what the unit consists of, in what, under which numbers, and what can be named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.mib_impl.entity.entities import entities
from pdu_agent.mib_impl.set_errors import ErrorStatus, SetError
from pdu_agent.model.commands import (
    BranchSetting,
    Command,
    ConfigureBranch,
    ConfigureDevice,
    ConfigureInlet,
    ConfigureOutlet,
    ConfigureSensor,
    DeviceSetting,
    InletSetting,
    OutletSetting,
    SensorSetting,
)
from pdu_agent.model.snapshot import Device, Inlet, Snapshot
from tests.mib.strip import BRANCH, column, columns, strip, things
from tests.mib.unit import METER, SENSOR, octets, outlet, unit

PHYSICAL = ".1.3.6.1.2.1.47.1.1.1.1"
CONTAINS = ".1.3.6.1.2.1.47.1.3.3.1"
LAST_CHANGE = ".1.3.6.1.2.1.47.1.4.1.0"
NAME, ALIAS, ASSET_ID, UUID = 7, 14, 15, 19


def test_the_chassis_is_the_unit() -> None:
    assert columns(things(), PHYSICAL, "1") == {
        2: b"OpenPDU-8",
        3: (0, 0),
        4: 0,
        5: 3,
        6: -1,
        7: b"chassis",
        8: b"B",
        10: b"0.1.0",
        11: b"S-0042",
        13: b"OpenPDU-8",
        14: b"rack-7",
        15: b"A-17",
        16: 1,
        19: bytes.fromhex("fa268831230e544db54f7e8d3e7e594b"),
    }


@pytest.mark.parametrize(
    ("index", "row"),
    [
        ("101", {2: b"inlet", 5: 13, 6: 101, 7: b"inlet 1", 14: b"Inlet 1", 4: 1}),
        ("203", {2: b"branch", 5: 13, 6: 203, 7: b"branch 3", 14: b"left", 4: 1}),
        ("1001", {2: b"C13 outlet", 5: 13, 6: 1, 7: b"outlet 1", 14: b"Outlet 1", 4: 1}),
        ("2001", {2: b"temperature sensor", 5: 8, 6: 1, 7: b"sensor 1", 14: b"intake", 4: 1}),
        ("10102", {2: b"inlet current", 5: 8, 6: 2, 7: b"inlet 1 current", 14: b"", 4: 101}),
        ("20303", {2: b"branch active power", 5: 8, 6: 3, 7: b"branch 3 active power", 4: 203}),
        ("100107", {2: b"outlet energy", 5: 8, 6: 7, 7: b"outlet 1 energy", 4: 1001, 16: 2}),
    ],
)
def test_every_kind_of_thing_has_its_row(index: str, row: dict[int, object]) -> None:
    shown = columns(things(), PHYSICAL, index)
    assert {number: shown[number] for number in row} == row


def test_what_only_the_chassis_has_is_empty_elsewhere() -> None:
    shown = columns(things(), PHYSICAL, "1001")
    assert [shown[number] for number in (8, 10, 11, 13, 15)] == [b""] * 5


def test_a_sensor_shows_its_own_serial_number() -> None:
    assert columns(things(), PHYSICAL, "2001")[11] == b"28-00"


def test_an_outlet_without_a_meter_contains_nothing() -> None:
    children = [child for parent, child in column(things(), CONTAINS, 1) if parent == 1002]
    assert children == []


def test_children_are_the_index_and_the_value_of_what_contains_them() -> None:
    shown = column(things(), CONTAINS, 1)
    assert shown == {index: index[1] for index in shown}
    assert (1, 1002) in shown
    assert (101, 10106) in shown
    parents = column(things(), PHYSICAL, 4)
    assert set(shown) == {(parent, index[0]) for index, parent in parents.items() if parent}


# -- UUIDs ---------------------------------------------------------------------------------------


def test_uuids_are_name_based_ones_that_never_change() -> None:
    shown = column(things(), PHYSICAL, UUID)
    assert shown[1001,] == bytes.fromhex("8fa7a2d38ae055d9827c8957c8d583da")
    assert shown[203,] == bytes.fromhex("e242b1bd83c2525b9616eabaefb492e1")
    assert shown[100107,] == b""
    whole = [uuid for uuid in shown.values() if uuid]
    assert len(set(whole)) == len(whole)
    for uuid in whole:
        assert isinstance(uuid, bytes)
        assert (len(uuid), uuid[6] >> 4, uuid[8] >> 6) == (16, 5, 2)  # RFC 4122 sections 4.1.1, .3


def test_a_unit_without_a_serial_number_has_no_uuids() -> None:
    made = strip()
    nameless = things(replace(made, device=replace(made.device, serial_number="")))
    assert set(column(nameless, PHYSICAL, UUID).values()) == {b""}


# -- numbers -------------------------------------------------------------------------------------

_numbers = st.sets(st.integers(1, 64), max_size=6)


def _unit_of(
    inlets: set[int], branches: set[int], outlets: dict[int, bool], sensors: set[int]
) -> Snapshot:
    return replace(
        unit(0),
        inlets=tuple(Inlet(number, "in", 1, METER) for number in sorted(inlets)),
        branches=tuple(replace(BRANCH, index=number) for number in sorted(branches)),
        outlets=tuple(
            replace(outlet(number), meter=METER if metered else None)
            for number, metered in sorted(outlets.items())
        ),
        sensors=tuple(replace(SENSOR, index=number) for number in sorted(sensors)),
    )


_units = st.builds(
    _unit_of,
    st.sets(st.integers(1, 8), min_size=1, max_size=3),
    st.sets(st.integers(1, 32), max_size=4),
    st.dictionaries(st.integers(1, 64), st.booleans(), max_size=6),
    _numbers,
)


def _names(snapshot: Snapshot) -> dict[tuple[int, ...], object]:
    return dict(column(things(snapshot), PHYSICAL, NAME))


@given(_units)
def test_what_contains_what_is_a_tree_without_orphans(snapshot: Snapshot) -> None:
    parents = column(things(snapshot), PHYSICAL, 4)
    assert [index for index, parent in parents.items() if parent == 0] == [(1,)]
    for index in parents:
        seen = set()
        while index != (1,):
            assert index not in seen
            seen.add(index)
            parent = parents[index]
            assert isinstance(parent, int)
            index = (parent,)
            assert index in parents


@given(_units)
def test_siblings_of_a_class_stand_in_different_places(snapshot: Snapshot) -> None:
    bench = things(snapshot)
    parents, classes = column(bench, PHYSICAL, 4), column(bench, PHYSICAL, 5)
    places = [
        (parents[index], classes[index], position)
        for index, position in column(bench, PHYSICAL, 6).items()
    ]
    assert len(set(places)) == len(places)


@given(_units, _units)
def test_a_number_means_the_same_in_every_unit(one: Snapshot, other: Snapshot) -> None:
    ours, theirs = _names(one), _names(other)
    for index in ours.keys() & theirs.keys():
        assert ours[index] == theirs[index]
    assert len(set(ours.values())) == len(ours)


@given(_units, st.integers(1, 64), st.integers(1, 64))
def test_numbers_stay_when_an_outlet_and_a_sensor_are_added(
    before: Snapshot, new_outlet: int, new_sensor: int
) -> None:
    outlets = {row.index: row for row in before.outlets}
    sensors = {row.index: row for row in before.sensors}
    after = replace(
        before,
        outlets=tuple(
            (outlets | {new_outlet: outlets.get(new_outlet, outlet(new_outlet))}).values()
        ),
        sensors=tuple((sensors | {new_sensor: replace(SENSOR, index=new_sensor)}).values()),
    )
    assert _names(before).items() <= _names(after).items()


def test_values_that_come_and_go_change_no_row() -> None:
    made = strip()
    silent = replace(METER, electrical=type(METER.electrical)())
    unmeasured = replace(made, inlets=(replace(made.inlets[0], meter=silent),))
    assert _names(unmeasured) == _names(made)


def test_entities_are_made_once_for_all_tables_of_a_snapshot() -> None:
    made = strip()
    assert entities(made) is entities(made)
    assert entities(replace(made, seq=2)) is not entities(made)


# -- names and tags ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "index", "command"),
    [
        (ALIAS, 1, ConfigureDevice(DeviceSetting.NAME, "nas")),
        (ALIAS, 101, ConfigureInlet(1, InletSetting.NAME, "nas")),
        (ALIAS, 203, ConfigureBranch(3, BranchSetting.NAME, "nas")),
        (ALIAS, 1002, ConfigureOutlet(2, OutletSetting.NAME, "nas")),
        (ALIAS, 2001, ConfigureSensor(1, SensorSetting.NAME, "nas")),
        (ASSET_ID, 1, ConfigureDevice(DeviceSetting.ASSET_TAG, "nas")),
    ],
)
def test_an_alias_is_the_name_of_the_thing(number: int, index: int, command: Command) -> None:
    bench = things()
    bench.set((f"{PHYSICAL}.{number}.{index}", octets(b"nas")))
    assert bench.controller.submitted == [[command]]


@pytest.mark.parametrize(
    ("number", "index", "value", "status"),
    [
        (ALIAS, 100107, b"nas", ErrorStatus.NOT_WRITABLE),
        (ASSET_ID, 1001, b"A-18", ErrorStatus.NOT_WRITABLE),
        (ASSET_ID, 100107, b"A-18", ErrorStatus.NOT_WRITABLE),
        (ALIAS, 1001, b"n" * 33, ErrorStatus.WRONG_LENGTH),
        (ALIAS, 1001, b"\xff", ErrorStatus.WRONG_VALUE),
        (ALIAS, 1003, b"nas", ErrorStatus.NO_CREATION),
        (ALIAS, 0, b"nas", ErrorStatus.NO_CREATION),
        (NAME, 1001, b"nas", ErrorStatus.NOT_WRITABLE),
        (11, 1, b"S-0043", ErrorStatus.NOT_WRITABLE),
    ],
)
def test_what_cannot_be_named_says_why(
    number: int, index: int, value: bytes, status: ErrorStatus
) -> None:
    bench = things()
    with pytest.raises(SetError) as refused:
        bench.set((f"{PHYSICAL}.{number}.{index}", octets(value)))
    assert refused.value.status is status
    assert bench.controller.submitted == []


def test_a_name_that_is_too_long_for_an_alias_is_cut() -> None:
    made = strip()
    named = things(replace(made, device=_named(made.device, "r" * 40)))
    assert column(named, PHYSICAL, ALIAS)[1,] == b"r" * 32


def _named(device: Device, name: str) -> Device:
    return replace(device, name=name)


def test_the_last_change_is_that_of_the_settings() -> None:
    assert things().content(LAST_CHANGE) == 700


# -- who may see what ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("instance", "whose"),
    [
        (f"{PHYSICAL}.{NAME}.1", None),
        (f"{PHYSICAL}.{NAME}.101", None),
        (f"{PHYSICAL}.{NAME}.203", None),
        (f"{PHYSICAL}.{NAME}.2001", None),
        (f"{PHYSICAL}.{NAME}.1002", 2),
        (f"{PHYSICAL}.{NAME}.100101", 1),
        (f"{CONTAINS}.1.1.1002", 2),
        (f"{CONTAINS}.1.1001.100101", 1),
        (f"{CONTAINS}.1.1.101", None),
    ],
)
def test_rows_of_an_outlet_are_for_those_who_may_see_it(instance: str, whose: int | None) -> None:
    bench = things()
    oid = bench.oid(instance)
    place = bench.view.object_of(oid)
    assert place is not None
    assert bench.view.outlet_of(place, oid, bench.controller.snapshot) == whose
