# SPDX-License-Identifier: Apache-2.0
"""The BER reader and writer: known octets, round trips, and cuts anywhere."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.snmp.ber import (
    INTEGER,
    OCTET_STRING,
    OID,
    MalformedMessage,
    decode_oid,
    element,
    encode_integer,
    encode_oid,
    enter,
    head,
    header,
    integer_at,
    small_integer,
)
from tests.snmp import ber
from tests.snmp.test_sizes import OIDS


@pytest.mark.parametrize(
    ("number", "octets"),
    [
        (0, "020100"),
        (127, "02017f"),
        (128, "02020080"),
        (-1, "0201ff"),
        (-128, "020180"),
        (-129, "0202ff7f"),
        (2**31 - 1, "02047fffffff"),
        (-(2**31), "020480000000"),
        (2**32 - 1, "020500ffffffff"),
        (2**64 - 1, "020900ffffffffffffffff"),
    ],
)
def test_integers_take_as_few_octets_as_possible(number: int, octets: str) -> None:
    assert encode_integer(number).hex() == octets


@pytest.mark.parametrize(
    ("oid", "octets"),
    [
        ((1, 3, 6, 1), "06032b0601"),
        ((0, 0), "060100"),
        ((2, 999), "06028837"),
        ((1, 3, 127, 128, 16383, 16384), "06092b7f8100ff7f818000"),
        ((1, 3, 2**32 - 1), "06062b8fffffff7f"),
    ],
)
def test_object_identifiers(oid: tuple[int, ...], octets: str) -> None:
    encoded = encode_oid(oid)
    assert encoded.hex() == octets
    assert decode_oid(encoded, 2, len(encoded)) == oid


@given(OIDS)
def test_object_identifiers_come_back(oid: tuple[int, ...]) -> None:
    if oid[0] == 2 and oid[1] > 2**32 - 81:
        return
    encoded = encode_oid(oid)
    assert encoded == ber.encode(ber.oid(oid))
    tag, start, stop = header(encoded, 0, len(encoded))
    assert (tag, decode_oid(encoded, start, stop)) == (OID, oid)


@pytest.mark.parametrize(
    "content",
    ["", "2b81", "2b8001", "2b80", "2b9080808000", "2b" + "01" * 127, "2b" + "8f" * 640 + "01"],
    ids=["empty", "cut", "padded", "open", "wide", "many", "endless"],
)
def test_odd_object_identifiers_are_malformed(content: str) -> None:
    octets = bytes.fromhex(content)
    with pytest.raises(MalformedMessage):
        decode_oid(octets, 0, len(octets))


def test_an_object_identifier_may_have_128_sub_identifiers() -> None:
    octets = b"\x2b" + b"\x01" * 126
    assert len(decode_oid(octets, 0, len(octets))) == 128


@given(st.integers(-(2**31), 2**31 - 1))
def test_integers_come_back(number: int) -> None:
    encoded = encode_integer(number)
    assert integer_at(b"x" + encoded + b"y", 1, 1 + len(encoded)) == (number, 1 + len(encoded))


@pytest.mark.parametrize("octets", [0, 5, 9])
def test_integers_of_other_widths_are_refused(octets: int) -> None:
    with pytest.raises(MalformedMessage):
        small_integer(bytes(octets), 0, octets)


@given(st.integers(0, 65_535))
def test_lengths_are_in_shortest_form(length: int) -> None:
    assert head(OCTET_STRING, length) == b"\x04" + ber.length(length)


@given(st.binary(max_size=300))
def test_elements_come_back(content: bytes) -> None:
    encoded = element(OCTET_STRING, content)
    start, stop = enter(encoded + b"more", 0, len(encoded), OCTET_STRING)
    assert (encoded[start:stop], stop) == (content, len(encoded))
    with pytest.raises(MalformedMessage):
        enter(encoded, 0, len(encoded), INTEGER)


@pytest.mark.parametrize("octets", ["0480", "04ff", "0485000000000100", "0402ff", "04", ""])
def test_lengths_of_other_forms_or_beyond_the_end_are_malformed(octets: str) -> None:
    data = bytes.fromhex(octets)
    with pytest.raises(MalformedMessage):
        header(data, 0, len(data))


@given(st.binary(max_size=40), st.integers(0, 50), st.integers(0, 40))
def test_octets_cut_anywhere_are_malformed_and_nothing_worse(
    data: bytes, position: int, end: int
) -> None:
    end = min(end, len(data))
    with contextlib.suppress(MalformedMessage):
        _, start, stop = header(data, position, end)
        assert position < start <= stop <= end
        decode_oid(data, start, stop)
