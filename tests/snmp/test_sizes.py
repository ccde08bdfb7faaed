# SPDX-License-Identifier: Apache-2.0
"""The computed size of a varbind is that of its encoding."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.mib_impl.syntax import Oid, Tag, Value
from pdu_agent.mib_impl.view import Absence
from pdu_agent.snmp.sizes import Answered, varbind_octets
from tests.snmp import ber

OIDS = st.builds(
    lambda first, second, rest: (first, second, *rest),
    st.integers(0, 2),
    st.integers(0, 39),
    st.lists(st.integers(0, 2**32 - 1), max_size=30),
)
VALUES = st.one_of(
    st.integers(-(2**31), 2**31 - 1).map(lambda number: Value(Tag.INTEGER, number)),
    st.integers(0, 2**64 - 1).map(lambda number: Value(Tag.COUNTER64, number)),
    st.binary(max_size=70_000).map(lambda octets: Value(Tag.OCTET_STRING, octets)),
    OIDS.map(lambda oid: Value(Tag.OBJECT_IDENTIFIER, oid)),
    st.just(Value(Tag.NULL, None)),
    st.sampled_from(Absence),
)


def _encoded(value: Value | Absence) -> ber.Node:
    if isinstance(value, Absence):
        return 0x80, b""
    if isinstance(value.content, int):
        return ber.integer(value.content, value.tag.value)
    if isinstance(value.content, bytes):
        return ber.string(value.content)
    return ber.null() if value.content is None else ber.oid(value.content)


@given(OIDS, VALUES)
def test_the_computed_size_is_that_of_the_encoding(name: Oid, value: Value | Absence) -> None:
    varbind: Answered = (name, value)
    encoding = ber.encode(ber.sequence(ber.oid(name), _encoded(value)))
    assert varbind_octets(varbind) == len(encoding)
