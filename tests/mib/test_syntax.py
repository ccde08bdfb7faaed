# SPDX-License-Identifier: Apache-2.0
"""SMI types by known answers: what is sent, and what a SET may bring."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.mib_impl.conventions import RowAction, RowStatus, SpinLock, TruthValue
from pdu_agent.mib_impl.set_errors import ErrorStatus
from pdu_agent.mib_impl.syntax import (
    Bits,
    Counter32,
    Counter64,
    DateAndTime,
    DisplayString,
    Enumerated,
    Integer32,
    Special,
    Syntax,
    Tag,
    TimeStamp,
    TimeTicks,
    Unacceptable,
    Unsigned32,
    Utf8,
    Value,
)

SWITCH = Enumerated((1, "on", True), (2, "off", False), (8, "none", Special.NONE))
FLAGS = Bits("a", "b", "c", "d", "e", "f", "g", "h", "i")


@pytest.mark.parametrize(
    ("syntax", "plain", "content"),
    [
        (Integer32(scale=1000), 262.5, 262_500),
        (Integer32(scale=1000), -0.0005, -1),
        (Integer32(scale=1000), 3e6, 2**31 - 1),
        (Integer32(-1000, 1000, scale=1000), -1.2, -1000),
        (Unsigned32(scale=1000), 0.0005, 1),
        (Unsigned32(scale=1000), -0.2, 0),
        (Unsigned32(), 2**40, 2**32 - 1),
        (Counter32(), 2**32 + 5, 5),
        (Counter64(), 2**64 + 7, 7),
        (Counter64(), 2**63 + 1, 2**63 + 1),
        (TimeTicks(), 12.5, 1250),
        (TimeTicks(), 4_294_967_296 / 100, 0),
        (TimeStamp(), -3.0, 0),
        (Utf8(0, 32), "Zürich", "Zürich".encode()),
        (Utf8(0, 4), "aéé", "aé".encode()),
        (Utf8(0, 4), "aaaé", b"aaa"),
        (DisplayString(0, 8), "Zürich", b"Z?rich"),
        (DateAndTime(), Special.NEVER, bytes(8)),
        (DateAndTime(), 1_800_000_000.75, bytes.fromhex("07eb010f08000007") + b"+\0\0"),
        (SWITCH, False, 2),
        (SWITCH, Special.NONE, 8),
        (FLAGS, set(), b"\x00\x00"),
        (FLAGS, {"a", "h", "i"}, b"\x81\x80"),
    ],
)
def test_plain_values_are_sent_as_the_type_says(
    syntax: Syntax, plain: object, content: object
) -> None:
    assert syntax.encode(plain) == Value(syntax.tag, content)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("syntax", "content", "plain"),
    [
        (Unsigned32(0, 60_000, scale=1000), 250, 0.25),
        (Unsigned32(0, 7200), 7200, 7200),
        (Integer32(), -5, -5),
        (Utf8(0, 32), "Zürich".encode(), "Zürich"),
        (Utf8(0, 32), b"", ""),
        (SWITCH, 1, True),
        (FLAGS, b"\x81\x80", frozenset({"a", "h", "i"})),
        (FLAGS, b"\x40", frozenset({"b"})),
        (FLAGS, b"", frozenset()),
        (TruthValue(), 2, False),
        (SpinLock(), 2**31 - 1, 2**31 - 1),
        (RowStatus(), 1, RowAction.KEEP),
        (RowStatus(), 4, RowAction.CREATE),
        (RowStatus(), 6, RowAction.DESTROY),
    ],
)
def test_a_set_is_understood(syntax: Syntax, content: object, plain: object) -> None:
    decoded = syntax.decode(Value(syntax.tag, content))  # type: ignore[arg-type]
    assert decoded == plain
    assert type(decoded) is type(plain)


@pytest.mark.parametrize(
    ("syntax", "value", "status"),
    [
        (SWITCH, Value(Tag.OCTET_STRING, b"2"), ErrorStatus.WRONG_TYPE),
        (SWITCH, Value(Tag.UNSIGNED32, 2), ErrorStatus.WRONG_TYPE),
        (SWITCH, Value(Tag.NULL, None), ErrorStatus.WRONG_TYPE),
        (SWITCH, Value(Tag.INTEGER, 3), ErrorStatus.WRONG_VALUE),
        (Unsigned32(0, 7200), Value(Tag.INTEGER, 5), ErrorStatus.WRONG_TYPE),
        (Unsigned32(0, 7200), Value(Tag.UNSIGNED32, 7201), ErrorStatus.WRONG_VALUE),
        (Unsigned32(1, 600), Value(Tag.UNSIGNED32, 0), ErrorStatus.WRONG_VALUE),
        (Utf8(0, 4), Value(Tag.INTEGER, 1), ErrorStatus.WRONG_TYPE),
        (Utf8(0, 4), Value(Tag.OCTET_STRING, b"\xff" * 5), ErrorStatus.WRONG_LENGTH),
        (Utf8(0, 4), Value(Tag.OCTET_STRING, b"\xff\xfe"), ErrorStatus.WRONG_VALUE),
        (DisplayString(0, 9), Value(Tag.OCTET_STRING, "é".encode()), ErrorStatus.WRONG_VALUE),
        (FLAGS, Value(Tag.INTEGER, 1), ErrorStatus.WRONG_TYPE),
        (FLAGS, Value(Tag.OCTET_STRING, bytes(3)), ErrorStatus.WRONG_LENGTH),
        (FLAGS, Value(Tag.OCTET_STRING, b"\0\x40"), ErrorStatus.WRONG_VALUE),
        (SpinLock(), Value(Tag.INTEGER, -1), ErrorStatus.WRONG_VALUE),
        (SpinLock(), Value(Tag.UNSIGNED32, 1), ErrorStatus.WRONG_TYPE),
        (TruthValue(), Value(Tag.INTEGER, 0), ErrorStatus.WRONG_VALUE),
        *[(RowStatus(), Value(Tag.INTEGER, n), ErrorStatus.WRONG_VALUE) for n in (0, 2, 3, 5, 7)],
    ],
)
def test_a_set_is_refused_in_the_order_type_length_value(
    syntax: Syntax, value: Value, status: ErrorStatus
) -> None:
    with pytest.raises(Unacceptable) as refused:
        syntax.decode(value)
    assert refused.value.status is status


@given(st.sets(st.sampled_from(sorted(FLAGS.labels))))
def test_bits_are_understood_as_they_are_sent(labels: set[str]) -> None:
    assert FLAGS.decode(FLAGS.encode(labels)) == labels


@given(st.text(), st.integers(0, 40))
def test_cut_text_fits_and_stays_valid_utf8(text: str, limit: int) -> None:
    sent = Utf8(0, limit).encode(text).content
    assert isinstance(sent, bytes)
    assert len(sent) <= limit
    assert text.startswith(sent.decode("utf-8"))


@given(st.floats(-1e12, 1e12), st.integers(1, 1000))
def test_numbers_never_leave_their_range(plain: float, scale: int) -> None:
    for syntax in (Integer32(scale=scale), Unsigned32(5, 90, scale=scale)):
        content = syntax.encode(plain).content
        assert isinstance(content, int)
        assert syntax.minimum <= content <= syntax.maximum
