# SPDX-License-Identifier: Apache-2.0
"""AgentX encodings: known octets, both byte orders, and what is cut or odd."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.mib_impl.syntax import Tag, Value
from pdu_agent.snmp.agentx.codec import (
    MalformedPacket,
    encode_name,
    encode_string,
    encode_varbind,
    end_of_mib_view,
    read_name,
    read_varbinds,
    split_ranges,
)
from tests.snmp import agentx_master as master

OIDS = st.lists(st.integers(0, 0xFFFF_FFFF), max_size=128).map(tuple)
VALUES = st.one_of(
    st.integers(-0x8000_0000, 0x7FFF_FFFF).map(lambda n: Value(Tag.INTEGER, n)),
    st.integers(0, 0xFFFF_FFFF).map(lambda n: Value(Tag.COUNTER32, n)),
    st.integers(0, 0xFFFF_FFFF).map(lambda n: Value(Tag.UNSIGNED32, n)),
    st.integers(0, 0xFFFF_FFFF).map(lambda n: Value(Tag.TIME_TICKS, n)),
    st.integers(0, 2**64 - 1).map(lambda n: Value(Tag.COUNTER64, n)),
    st.binary(max_size=70).map(lambda octets: Value(Tag.OCTET_STRING, octets)),
    st.binary(max_size=9).map(lambda octets: Value(Tag.OPAQUE, octets)),
    st.binary(min_size=4, max_size=4).map(lambda octets: Value(Tag.IP_ADDRESS, octets)),
    OIDS.map(lambda oid: Value(Tag.OBJECT_IDENTIFIER, oid)),
    st.just(Value(Tag.NULL, None)),
)
ORDERS = st.sampled_from("<>")


def test_known_octets() -> None:
    """Those of the examples in RFC 2741 section 5.1 to 5.4, without the prefix."""
    assert encode_name((1, 2)) == bytes.fromhex("02000000 00000001 00000002")
    assert encode_name((), include=True) == bytes.fromhex("00000100")
    assert encode_string(b"abcde") == bytes.fromhex("00000005 6162636465 000000")
    assert encode_string(b"") == bytes(4)
    assert encode_varbind(encode_name((1, 2)), Value(Tag.INTEGER, -2)) == bytes.fromhex(
        "0002 0000 02000000 00000001 00000002 fffffffe"
    )
    assert end_of_mib_view(encode_name((1, 2), include=True)) == bytes.fromhex(
        "0082 0000 02000000 00000001 00000002"
    )


def test_a_prefix_stands_for_internet_and_one_more() -> None:
    assert read_name(bytes.fromhex("0104000000000009"), 0, ">") == ((1, 3, 6, 1, 4, 9), False, 8)
    assert read_name(bytes.fromhex("0104010009000000"), 0, "<") == ((1, 3, 6, 1, 4, 9), True, 8)


@given(oid=OIDS, value=VALUES, order=ORDERS)
def test_varbinds_are_read_as_they_were_written(
    oid: tuple[int, ...], value: Value, order: str
) -> None:
    assert read_varbinds(master.varbind(oid, value, order), order) == [(oid, value)]


@given(oid=OIDS, value=VALUES)
def test_what_is_written_is_what_others_read(oid: tuple[int, ...], value: Value) -> None:
    octets = encode_varbind(encode_name(oid), value)
    assert len(octets) % 4 == 0
    assert master.read_varbinds(octets) == [master.expected(oid, value)]


@given(start=OIDS, end=OIDS, include=st.booleans())
def test_ranges_are_turned_to_network_order(
    start: tuple[int, ...], end: tuple[int, ...], include: bool
) -> None:
    little = master.ranges((start, include, end), order="<")
    (found,) = split_ranges(little, "<")
    assert read_name(found, 0, ">")[:2] == (start, include)
    big = master.ranges((start, include, end))
    assert split_ranges(big, ">") == [big]


@given(first=OIDS, second=OIDS)
def test_octets_of_names_sort_as_the_names(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    assert (encode_name(first)[4:] < encode_name(second)[4:]) == (first < second)


@given(oid=OIDS, value=VALUES, order=ORDERS, data=st.data())
def test_what_is_cut_is_malformed(
    oid: tuple[int, ...], value: Value, order: str, data: st.DataObject
) -> None:
    octets = master.varbind(oid, value, order)
    cut = octets[: data.draw(st.integers(1, len(octets) - 1))]
    with pytest.raises(MalformedPacket):
        read_varbinds(cut, order)


@pytest.mark.parametrize(
    "octets",
    [
        "",
        "01",
        "80000000",  # 128 sub-identifiers, and none there
        "81000000" + "00" * 4 * 129,
        "7f040000" + "00" * 4 * 127,  # 132 with the prefix
    ],
)
def test_odd_names_are_malformed(octets: str) -> None:
    with pytest.raises(MalformedPacket):
        read_name(bytes.fromhex(octets), 0, ">")


@given(st.binary(max_size=200), ORDERS)
def test_anything_is_read_or_malformed(octets: bytes, order: str) -> None:
    for read in (read_varbinds, split_ranges):
        try:
            read(octets, order)
        except MalformedPacket:
            continue
