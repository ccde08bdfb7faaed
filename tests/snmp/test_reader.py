# SPDX-License-Identifier: Apache-2.0
"""The quick way of reading: known answers, and the same answers as the long way, to the octet."""

from __future__ import annotations

import random
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.snmp.access import Credential, View
from pdu_agent.snmp.operations import MAX_REPETITIONS
from pdu_agent.snmp.reader import Reader
from tests.mib.unit import unit, with_outlet
from tests.snmp import ber
from tests.snmp.mutations import SYS_DESCR
from tests.snmp.reads import ROOM, V1, V2C, V3, quick, slow
from tests.snmp.rig import BASE, NAME, OUTLET, STATE, Rig

SYS_UP_TIME = (1, 3, 6, 1, 2, 1, 1, 3, 0)
SNMP_IN_PACKETS = (1, 3, 6, 1, 2, 1, 11, 1, 0)
METER = (*BASE, 3, 2, 1)
ENERGY = (*METER, 8)
BEYOND = (2, 5)

READER = Credential("readers", Grant.everywhere(Rights.READ))
TENANT = Credential("tenant", Grant(Rights.READ, Rights.NONE, {2: Rights.SWITCH, 4: Rights.READ}))
STRANGER = Credential("stranger", Grant(Rights.NONE, Rights.NONE))
NARROW = Credential(
    "narrow",
    Grant(Rights.READ, Rights.READ, {3: Rights.NONE}),
    View({(1, 3, 6, 1, 4): True, (*OUTLET, STATE): False, (*OUTLET, STATE, 4): True}),
)
CREDENTIALS = (READER, TENANT, STRANGER, NARROW)


@pytest.fixture(scope="module")
def rig() -> Rig:
    rig = Rig(outlets=5)
    # A quantity that cannot be measured has no instance.
    meter = rig.core.snapshot.outlets[0].meter
    assert meter is not None
    unknown = replace(meter, electrical=replace(meter.electrical, frequency_hz=None))
    rig.core.snapshot = with_outlet(rig.core.snapshot, 3, meter=unknown)
    rig.core.snapshot = with_outlet(rig.core.snapshot, 4, meter=None)
    return rig


def names_of(response: bytes | None) -> list[Oid]:
    return [name for name, _ in varbinds_of(response)]


def varbinds_of(response: bytes | None) -> list[tuple[Oid, ber.Node]]:
    assert response is not None
    fields: Any = ber.decode(response)[1]
    return [(ber.to_oid(binding[1][0]), binding[1][1]) for binding in fields[3][1]]


def test_a_get_answers_each_name_in_its_place(rig: Rig) -> None:
    names = ((*OUTLET, STATE, 1), (*OUTLET, STATE, 99), (1, 3, 6, 1, 9, 1), (*OUTLET, NAME, 2))
    expected = ber.request(
        ber.RESPONSE,
        names,
        [
            ber.integer(1),
            (ber.NO_SUCH_INSTANCE, b""),
            (ber.NO_SUCH_OBJECT, b""),
            ber.string(b"Outlet 2"),
        ],
        request_id=-5,
    )
    for _ in range(2):
        answer = quick(rig.reader, ber.request(ber.GET, names, request_id=-5), READER)
        assert answer == ber.encode(expected)


def test_v1_says_which_name_is_the_first_that_is_not_there(rig: Rig) -> None:
    for tag, names in (
        (ber.GET, [(*OUTLET, STATE, 1), (*ENERGY, 1), (*OUTLET, STATE, 99)]),
        (ber.GET_NEXT, [(*OUTLET, STATE, 1), BEYOND]),
    ):
        answer = quick(rig.reader, ber.request(tag, names), READER, V1)
        assert answer == ber.encode(ber.request(ber.RESPONSE, names, status=2, index=2))


def test_v1_never_sees_a_counter64(rig: Rig) -> None:
    last_before = (*METER, 7, 5)
    answer = quick(rig.reader, ber.request(ber.GET_NEXT, [last_before]), READER, V1)
    assert names_of(answer) == [(*METER, 9, 1)]
    answer = quick(rig.reader, ber.request(ber.GET_NEXT, [last_before]), READER, V2C)
    assert names_of(answer) == [(*ENERGY, 1)]


def test_a_getbulk_repeats_its_columns_to_the_end_and_says_so_once(rig: Rig) -> None:
    last = rig.instances()[-1]
    names = [SYS_DESCR[:-1], (*OUTLET, STATE, 3), last[:-1]]
    answer = quick(rig.reader, ber.request(ber.GET_BULK, names, status=1, index=2), READER)
    found = varbinds_of(answer)
    assert [name for name, _ in found][:4] == [
        SYS_DESCR,
        (*OUTLET, STATE, 4),
        last,
        (*OUTLET, STATE, 5),
    ]
    ends = quick(rig.reader, ber.request(ber.GET_BULK, [BEYOND, last], index=9), READER)
    assert varbinds_of(ends) == [(BEYOND, (0x82, b"")), (last, (0x82, b""))]


def test_a_getbulk_is_bounded_in_repetitions_and_octets(rig: Rig) -> None:
    greedy = ber.request(ber.GET_BULK, [BASE], index=2**31 - 1)
    everything = quick(rig.reader, greedy, READER, V3, 100_000)
    assert len(names_of(everything)) == MAX_REPETITIONS
    cut = quick(rig.reader, greedy, READER, V2C, 300)
    assert 0 < len(names_of(cut)) < MAX_REPETITIONS
    assert cut is not None
    assert len(cut) <= 300 + 30
    none = quick(rig.reader, greedy, READER, V2C, 20)
    assert none == ber.encode(ber.request(ber.RESPONSE, [], status=1))


def test_answers_without_room_and_too_many_names_are_too_big(rig: Rig) -> None:
    too_big = ber.encode(ber.request(ber.RESPONSE, [], status=1))
    for tag in (ber.GET, ber.GET_NEXT):
        assert quick(rig.reader, ber.request(tag, [(*OUTLET, NAME, 1)] * 9), READER, room=150) == (
            too_big
        )
        for version in (V1, V2C, V3):
            assert quick(rig.reader, ber.request(tag, [(1, 3)] * 129), READER, version) == too_big
            most = ber.request(tag, [SYS_DESCR[:-1]] * 128)
            assert quick(rig.reader, most, READER, room=9000) != too_big


def test_order_is_that_of_numbers_not_of_octets(rig: Rig) -> None:
    """16384 is 81 80 00 in octets, which sort before the FF 7F of 16383."""
    below, above = (1, 3, 6, 1, 4, 1, 8072, 9999, 9998), (1, 3, 6, 1, 4, 1, 8072, 16384)
    first, beyond = (
        names_of(quick(rig.reader, ber.request(ber.GET_NEXT, [name]), READER))
        for name in (below, above)
    )
    assert first == [(*BASE, 1, 1, 0)]
    assert beyond[0] > above


def test_live_objects_are_read_anew_within_one_snapshot(rig: Rig) -> None:
    for tag, name in ((ber.GET, SYS_UP_TIME), (ber.GET_NEXT, SYS_UP_TIME[:-1])):
        for uptime_s in (7.0, 8.5):
            rig.core.uptime = uptime_s
            found = varbinds_of(quick(rig.reader, ber.request(tag, [name]), READER))
            assert found == [(SYS_UP_TIME, ber.integer(int(uptime_s * 100), 0x43))]
    for packets in (10, 300):
        rig.counters.in_packets = packets
        bulk = ber.request(ber.GET_BULK, [SNMP_IN_PACKETS[:-1]], index=1)
        for pdu in (ber.request(ber.GET, [SNMP_IN_PACKETS]), bulk):
            found = varbinds_of(quick(rig.reader, pdu, READER))
            assert found == [(SNMP_IN_PACKETS, ber.integer(packets, 0x41))]


def test_whatever_changes_without_a_snapshot_is_marked_live() -> None:
    rig = Rig(outlets=1, users=())
    questions = [ber.request(ber.GET, [name]) for name in rig.instances()]
    for question in questions:
        quick(rig.reader, question, READER)
    for counter in fields(rig.counters):
        setattr(rig.counters, counter.name, getattr(rig.counters, counter.name) + 5)
    rig.core.uptime += 60
    rig.clock.advance(60)
    for question in questions:
        assert quick(rig.reader, question, READER) == slow(rig.operations, question, READER)


def test_a_new_snapshot_is_seen_at_once_in_every_way_of_asking() -> None:
    rig = Rig(outlets=2)
    cell = (*OUTLET, NAME, 2)
    for name in ("first", "second", "second", "third"):
        rig.core.snapshot = with_outlet(rig.core.snapshot, 2, name=name)
        for credential in (READER, TENANT):
            for pdu in (
                ber.request(ber.GET, [cell]),
                ber.request(ber.GET_NEXT, [(*OUTLET, NAME, 1)]),
                ber.request(ber.GET_BULK, [(*OUTLET, NAME, 1)], index=1),
            ):
                for version in (V2C, V3):
                    answer = quick(rig.reader, pdu, credential, version)
                    assert varbinds_of(answer) == [(cell, ber.string(name.encode()))]


def test_a_tenant_sees_the_unit_and_their_own_outlets(rig: Rig) -> None:
    bulk = ber.request(ber.GET_BULK, [(*OUTLET, STATE)], index=4)
    assert names_of(quick(rig.reader, bulk, TENANT)) == [
        (*OUTLET, STATE, 2),
        (*OUTLET, STATE, 4),
        (*OUTLET, STATE + 1, 2),
        (*OUTLET, STATE + 1, 4),
    ]
    names = [(*OUTLET, STATE, 1), (*OUTLET, STATE, 2), (*OUTLET, STATE, 99), SYS_DESCR]
    found = varbinds_of(quick(rig.reader, ber.request(ber.GET, names), TENANT))
    assert [value[0] for _, value in found] == [0x80, 0x02, 0x80, 0x04]
    assert names_of(quick(rig.reader, ber.request(ber.GET_NEXT, [(1, 3)]), STRANGER)) == [(1, 3)]


def test_a_tenant_loses_a_row_that_passes_to_another_outlet() -> None:
    """The same index may tell of something else in the next snapshot."""
    rig = Rig(outlets=2)
    bulk = ber.request(ber.GET_BULK, [(*OUTLET, NAME)], index=1)
    assert names_of(quick(rig.reader, bulk, TENANT)) == [(*OUTLET, NAME, 2)]
    first = rig.core.snapshot.outlets[0]
    rig.core.snapshot = replace(rig.core.snapshot, outlets=(first,))
    assert names_of(quick(rig.reader, bulk, TENANT))[0][:-2] != OUTLET
    rig.core.snapshot = unit(4)
    assert names_of(quick(rig.reader, bulk, TENANT)) == [(*OUTLET, NAME, 2)]


def test_the_snapshot_is_taken_once_a_request(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = 0
    instant = rig.core.snapshot

    class Counting:
        @property
        def snapshot(self) -> object:
            nonlocal taken
            taken += 1
            return instant

    reader = Reader(rig.view, Counting())  # type: ignore[arg-type]
    for credential in (READER, TENANT):
        for tag in (ber.GET, ber.GET_NEXT, ber.GET_BULK):
            names = [(*OUTLET, NAME, 1), (*METER, 1, 2), SYS_UP_TIME]
            quick(
                reader, ber.request(tag, names, index=5 if tag == ber.GET_BULK else 0), credential
            )
            taken = 0
            quick(
                reader, ber.request(tag, names, index=5 if tag == ber.GET_BULK else 0), credential
            )
            assert taken == 1


def test_what_is_not_a_plain_read_is_left_to_the_long_way(rig: Rig) -> None:
    odd = [
        ber.request(ber.SET, [SYS_DESCR], [ber.string(b"x")]),
        ber.request(ber.GET, [SYS_DESCR], [ber.integer(4)]),
        ber.request(ber.GET, [SYS_DESCR], request_id=2**31),
        ber.request(ber.RESPONSE, [SYS_DESCR]),
        ber.request(ber.REPORT, [SYS_DESCR]),
    ]
    for pdu in odd:
        assert quick(rig.reader, pdu, READER) is None
    assert quick(rig.reader, ber.request(ber.GET_BULK, [SYS_DESCR]), READER, V1) is None


def test_what_stands_for_an_error_in_a_request_means_nothing(rig: Rig) -> None:
    plain = quick(rig.reader, ber.request(ber.GET, [SYS_DESCR]), READER)
    assert plain is not None
    assert quick(rig.reader, ber.request(ber.GET, [SYS_DESCR], status=1, index=-9), READER) == plain


def test_negative_numbers_of_a_getbulk_count_as_zero(rig: Rig) -> None:
    for non_repeaters, repetitions in ((-1, 2), (0, -1), (-(2**31), -(2**31))):
        given = ber.request(ber.GET_BULK, [SYS_DESCR], status=non_repeaters, index=repetitions)
        zero = ber.request(
            ber.GET_BULK, [SYS_DESCR], status=max(0, non_repeaters), index=max(0, repetitions)
        )
        answer = quick(rig.reader, given, READER)
        assert answer is not None
        assert answer == quick(rig.reader, zero, READER)


@pytest.mark.parametrize(
    "oid",
    ["", "2b06017f80", "2b0680010203", "2b0690808080800000", "2b" + "01" * 127],
    ids=["empty", "cut", "leading zeros", "wide", "long"],
)
def test_odd_names_are_left_to_the_long_way(rig: Rig, oid: str) -> None:
    binding = ber.sequence((0x06, bytes.fromhex(oid)), ber.null())
    fields = [ber.integer(1), ber.integer(0), ber.integer(0), ber.sequence(binding)]
    assert quick(rig.reader, (ber.GET, fields), READER) is None


def test_long_form_lengths_are_read_and_answered_in_short_form(rig: Rig) -> None:
    plain = ber.request(ber.GET, [SYS_DESCR], request_id=9)
    expected = quick(rig.reader, plain, READER)

    def long_form(node: ber.Node) -> bytes:
        tag, content = node
        body = content if isinstance(content, bytes) else b"".join(map(long_form, content))
        if tag == 0x05:
            return b"\x05\x00"
        if tag == 0x02:
            return ber.encode(node)
        return bytes((tag, 0x82)) + len(body).to_bytes(2, "big") + body

    wide = long_form(plain)
    assert rig.reader.respond(wide, 0, len(wide), V2C, READER, ROOM) == expected


def test_a_padded_request_id_comes_back_in_shortest_form(rig: Rig) -> None:
    plain = ber.encode(ber.request(ber.GET, [SYS_DESCR], request_id=77))
    padded = plain.replace(b"\x02\x01\x4d", b"\x02\x04\0\0\0\x4d")
    padded = bytes((padded[0], padded[1] + 3)) + padded[2:]
    answer = rig.reader.respond(padded, 0, len(padded), V2C, READER, ROOM)
    assert answer == rig.reader.respond(plain, 0, len(plain), V2C, READER, ROOM)


def test_every_cut_and_every_changed_octet_is_refused_or_answered_but_never_raises(
    rig: Rig,
) -> None:
    encoded = ber.encode(ber.request(ber.GET_BULK, [SYS_DESCR, OUTLET], status=1, index=3))
    for stop in range(len(encoded)):
        assert rig.reader.respond(encoded, 0, stop, V2C, READER, ROOM) is None
        assert rig.reader.respond(encoded[:stop], 0, stop, V2C, READER, ROOM) is None
    rng = random.Random(5)
    for _ in range(3000):
        changed = bytearray(encoded)
        changed[rng.randrange(len(changed))] = rng.randrange(256)
        answer = rig.reader.respond(bytes(changed), 0, len(changed), V2C, READER, ROOM)
        if answer is not None:
            ber.decode(answer)


def test_a_failing_getter_is_left_to_the_long_way_and_told_once(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Rig(outlets=2)
    pdu = ber.request(ber.GET, [SYS_DESCR])
    before = quick(broken.reader, pdu, READER)
    good = broken.core.snapshot
    broken.core.snapshot = replace(good, device=None)  # type: ignore[arg-type]
    for _ in range(3):
        assert quick(broken.reader, pdu, READER) is None
    assert len(caplog.records) == 1
    assert caplog.records[0].exc_info is not None
    broken.core.snapshot = good
    assert quick(broken.reader, pdu, READER) == before


def test_memory_is_bounded_however_many_names_and_credentials_ask(rig: Rig) -> None:
    reader = Reader(rig.view, rig.core)
    for number in range(6000):
        quick(reader, ber.request(ber.GET, [(1, 3, 6, 1, 9, number)]), READER)
    for _ in range(200):
        quick(reader, ber.request(ber.GET, [SYS_DESCR]), replace(TENANT, name="another"))
    assert len(reader._names._known) <= 4096 + 1
    assert len(reader._sights) <= 64


def test_long_names_take_no_more_memory_than_short_ones(rig: Rig) -> None:
    reader = Reader(rig.view, rig.core)
    for number in range(600):
        index = (2**32 - 1 - number,) * (128 - len(OUTLET) - 1)
        quick(reader, ber.request(ber.GET, [(*OUTLET, NAME, *index)]), READER)
    assert sum(map(len, reader._names._known)) <= 2**18 + 640


NUMBERS = st.one_of(st.integers(0, 6), st.sampled_from([127, 128, 16383, 16384, 2**32 - 1]))
INSTANCES = Rig(outlets=5, users=()).instances()


@st.composite
def names(draw: Any) -> Oid:
    """An instance, or something near one, or anything."""
    oid: Oid = draw(st.sampled_from(INSTANCES))
    kind = draw(st.integers(0, 4))
    if kind == 1:
        oid = oid[: draw(st.integers(2, len(oid)))]
    elif kind == 2:
        oid = (*oid[:-1], draw(NUMBERS))
    elif kind == 3:
        oid = (*oid, *draw(st.lists(NUMBERS, min_size=1, max_size=3)))
    elif kind == 4:
        oid = (1, 3, *draw(st.lists(NUMBERS, max_size=8)))
    return oid


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from([ber.GET, ber.GET_NEXT, ber.GET_BULK]),
    st.lists(names(), max_size=6),
    st.sampled_from(CREDENTIALS),
    st.sampled_from([V1, V2C, V3]),
    st.sampled_from([0, 20, 90, 300, 1400, 8000]),
    st.tuples(st.integers(0, 4), st.integers(0, 70)),
    st.integers(-(2**31), 2**31 - 1),
    st.booleans(),
)
def test_both_ways_give_the_same_octets(
    rig: Rig,
    tag: int,
    asked: list[Oid],
    credential: Credential,
    version: int,
    room: int,
    numbers: tuple[int, int],
    request_id: int,
    renewed: bool,
) -> None:
    bulk = tag == ber.GET_BULK
    if bulk and version == V1:
        version = V2C
    if renewed:
        rig.core.snapshot = replace(rig.core.snapshot, seq=rig.core.snapshot.seq + 1)
    pdu = ber.request(tag, asked, None, request_id, *(numbers if bulk else (0, 0)))
    expected = slow(rig.operations, pdu, credential, version, room)
    assert quick(rig.reader, pdu, credential, version, room) == expected
