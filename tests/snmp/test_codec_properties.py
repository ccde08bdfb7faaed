# SPDX-License-Identifier: Apache-2.0
"""Properties of the codec, held against the tests' own one, and of what it makes of rubbish."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdu_agent.mib_impl.syntax import Tag, Value
from pdu_agent.snmp import v3_message
from pdu_agent.snmp.ber import (
    INTEGER,
    MalformedMessage,
    decode_oid,
    encode_integer,
    encode_oid,
    enter,
    head,
    header,
    integer_at,
)
from pdu_agent.snmp.envelope import open_envelope
from pdu_agent.snmp.image import encode_varbind
from pdu_agent.snmp.sizes import varbind_octets
from tests.snmp import ber
from tests.snmp.answers import open_answer
from tests.snmp.fuzz import READER, WRITER, target_of
from tests.snmp.mutations_encoding import harmless
from tests.snmp.mutations_v3 import order
from tests.snmp.rig import Rig
from tests.snmp.usm_client import Usm

INT32 = st.integers(-(2**31), 2**31 - 1)
UINT32 = st.integers(0, 2**32 - 1)
OIDS = st.tuples(st.integers(0, 2), st.integers(0, 39)).flatmap(
    lambda first: st.lists(UINT32, max_size=126).map(lambda more: (*first, *more))
)
OCTETS = st.binary(max_size=400)
VALUES = st.one_of(
    st.builds(Value, st.just(Tag.INTEGER), INT32),
    st.builds(Value, st.sampled_from([Tag.COUNTER32, Tag.UNSIGNED32, Tag.TIME_TICKS]), UINT32),
    st.builds(Value, st.just(Tag.COUNTER64), st.integers(0, 2**64 - 1)),
    st.builds(Value, st.sampled_from([Tag.OCTET_STRING, Tag.OPAQUE]), OCTETS),
    st.builds(Value, st.just(Tag.IP_ADDRESS), st.binary(min_size=4, max_size=4)),
    st.builds(Value, st.just(Tag.OBJECT_IDENTIFIER), OIDS),
)
PRIMITIVES = st.tuples(st.sampled_from([0x02, 0x04, 0x05, 0x06, 0x40, 0x41, 0x46, 0x81]), OCTETS)
TREES = st.recursive(
    PRIMITIVES,
    lambda inner: st.tuples(
        st.sampled_from([0x30, 0x30, 0xA0, 0xA1, 0xA3, 0xA5, 0xA8]), st.lists(inner, max_size=5)
    ),
    max_leaves=20,
)


class Session:
    """One engine for all examples: what one of them leaves behind may hurt the next."""

    def __init__(self) -> None:
        self.rig = Rig()
        self.target = target_of(self.rig)

    def survives(self, packet: bytes) -> None:
        answer = self.rig.process(packet)
        if answer is not None:
            open_answer(answer, [READER, WRITER])


@pytest.fixture(scope="module")
def session() -> Session:
    return Session()


@given(INT32)
def test_integers_come_back(number: int) -> None:
    encoded = encode_integer(number)
    assert encoded == ber.encode(ber.integer(number))
    assert integer_at(encoded, 0, len(encoded)) == (number, len(encoded))


@given(OIDS)
def test_object_identifiers_come_back(name: tuple[int, ...]) -> None:
    encoded = encode_oid(name)
    assert encoded == ber.encode(ber.oid(name))
    _, start, stop = header(encoded, 0, len(encoded))
    assert decode_oid(encoded, start, stop) == name


@given(st.integers(0, 255), st.integers(0, 0xFFFF))
def test_headers_come_back(tag: int, length: int) -> None:
    encoded = head(tag, length)
    assert encoded == bytes((tag,)) + ber.length(length)
    whole = encoded + bytes(length)
    assert header(whole, 0, len(whole)) == (tag, len(encoded), len(whole))


@given(OIDS, VALUES)
def test_varbinds_of_every_type_are_as_long_as_computed_and_read_the_same(
    name: tuple[int, ...], value: Value
) -> None:
    encoded = encode_varbind(encode_oid(name), value)
    assert len(encoded) == varbind_octets((name, value))
    tag, parts = ber.decode(encoded)
    assert isinstance(parts, list)
    assert (tag, ber.to_oid(parts[0]), parts[1][0]) == (0x30, name, value.tag.value)
    if isinstance(value.content, int):
        assert ber.to_int(parts[1]) == value.content
    elif isinstance(value.content, tuple):
        assert ber.to_oid(parts[1]) == value.content
    else:
        assert parts[1][1] == value.content


@given(st.binary(max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_readers_raise_one_error_only(data: bytes, start: int, stop: int) -> None:
    readers: tuple[Callable[[], object], ...] = (
        lambda: header(data, start, min(stop, len(data))),
        lambda: enter(data, start, min(stop, len(data)), INTEGER),
        lambda: integer_at(data, start, min(stop, len(data))),
        lambda: decode_oid(data, min(start, len(data)), min(stop, len(data))),
        lambda: open_envelope(data),
        lambda: v3_message.parse(data),
    )
    for read in readers:
        with contextlib.suppress(MalformedMessage):
            read()


@given(OIDS)
def test_a_cut_object_identifier_is_malformed_or_another_one(name: tuple[int, ...]) -> None:
    content = encode_oid(name)
    _, start, stop = header(content, 0, len(content))
    for end in range(start, stop):
        with contextlib.suppress(MalformedMessage):
            found = decode_oid(content, start, end)
            assert name[: len(found)] == found


@given(st.binary(max_size=300))
def test_random_octets_do_not_raise(session: Session, packet: bytes) -> None:
    session.survives(packet)
    session.survives(b"\x30" + ber.length(len(packet)) + packet)


@given(TREES)
def test_random_structures_do_not_raise(session: Session, tree: ber.Node) -> None:
    session.survives(ber.encode(tree))
    for version in (0, 1):
        session.survives(ber.encode(ber.message(version, b"private", tree)))


@settings(max_examples=60, deadline=None)
@given(tree=TREES, user=st.sampled_from([READER, WRITER]))
def test_random_structures_under_a_right_digest_do_not_raise(
    session: Session, tree: ber.Node, user: Usm
) -> None:
    rng = random.Random(0)
    session.survives(order(rng, session.target, user, pdu=tree).encode())
    session.survives(order(rng, session.target, user, scoped=ber.encode(tree)).encode())


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32), cuts=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_messages_cut_and_joined_anywhere_do_not_raise(
    session: Session, seed: int, cuts: tuple[float, float]
) -> None:
    rng = random.Random(seed)
    first, second = (_message(rng, session) for _ in range(2))
    cut, joint = int(cuts[0] * len(first)), int(cuts[1] * len(second))
    for packet in (first[:cut], first[cut:], first[:cut] + second[joint:]):
        session.survives(packet)


def _message(rng: random.Random, session: Session) -> bytes:
    user = rng.choice((READER, WRITER, None))
    if user is None:
        return ber.encode(harmless(rng))
    return order(rng, session.target, user).encode()
