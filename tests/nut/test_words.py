# SPDX-License-Identifier: Apache-2.0
"""Lines of words, as NUT writes and reads them."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.nut.words import (
    MAX_LINE_OCTETS,
    MAX_WORD_LENGTH,
    MAX_WORDS,
    BadLine,
    LineReader,
    line_of,
    plain,
    words_of,
)

PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=80)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"SETINFO ups.status OL", ("SETINFO", "ups.status", "OL")),
        (b'this "is also" a line', ("this", "is also", "a", "line")),
        (rb"embedded\ space embedded\\backslash", ("embedded space", "embedded\\backslash")),
        (rb'SET a "say \"hi\" \\ \#1" TRACKING 7', ("SET", "a", 'say "hi" \\ #1', "TRACKING", "7")),
        (b'a "" b', ("a", "", "b")),
        (b'"a""b"c', ("a", "b", "c")),
        (b'inner"quote', ('inner"quote',)),
        (b"key=value a = b", ("key", "=", "value", "a", "=", "b")),
        (b'"1=2"', ("1=2",)),
        (b"word # and a comment", ("word",)),
        (b"word# comment", ("word",)),
        (b"\t a \v b\r", ("a", "b")),
        (b'a "b\x00\x07c"', ("a", "bc")),
        ("SET a Küche".encode(), ("SET", "a", "Küche")),
        (b"a \xff\xfe", ("a", "\ufffd\ufffd")),
    ],
)
def test_words_of_a_line(line: bytes, words: tuple[str, ...]) -> None:
    assert words_of(line) == words


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'SET a "never closed', "does not end"),
        (b"ends with \\", "does not end"),
        (b"a " * (MAX_WORDS + 1), "32 words"),
        (b"a" * (MAX_WORD_LENGTH + 1), "512 characters"),
    ],
)
def test_a_line_that_is_none_is_refused_whole(line: bytes, reason: str) -> None:
    refused = words_of(line)
    assert isinstance(refused, BadLine)
    assert reason in refused.reason


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("SETINFO", "ups.status", "OL"), b"SETINFO ups.status OL\n"),
        (("SETINFO", "a", "two words"), b'SETINFO a "two words"\n'),
        (("SETINFO", "a", ""), b'SETINFO a ""\n'),
        (("SETINFO", "a", '"\\#='), b'SETINFO a "\\"\\\\\\#="\n'),
        (("SETINFO", "a", "x\nDELINFO b\r\x00"), b'SETINFO a "xDELINFO b"\n'),
    ],
)
def test_line_of_words(words: tuple[str, ...], line: bytes) -> None:
    assert line_of(*words) == line


@given(st.lists(PRINTABLE, min_size=1, max_size=MAX_WORDS))
def test_what_is_written_is_read_again(words: list[str]) -> None:
    assert LineReader().feed(line_of(*words)) == ([tuple(words)] if words else [])


@given(st.lists(st.text(), max_size=5))
def test_no_word_can_end_the_line(words: list[str]) -> None:
    assert line_of(*words).count(b"\n") == 1


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=6))
def test_any_octets_in_any_pieces_give_the_same_lines(data: bytes, cuts: list[int]) -> None:
    pieces, begin = [], 0
    for cut in [*sorted(cuts), len(data)]:
        pieces.append(data[begin:cut])
        begin = max(begin, cut)
    reader = LineReader()
    in_pieces = [line for piece in pieces for line in reader.feed(piece)]
    assert in_pieces == LineReader().feed(data)
    assert reader.feed(b'\n"PING"\n')[-1] == ("PING",)


def test_a_line_of_8_mib_is_told_once_kept_nowhere_and_the_next_one_is_read() -> None:
    reader = LineReader()
    chunk = b"\x00" * 65536
    tracemalloc.start()
    try:
        lines = [line for _ in range(128) for line in reader.feed(chunk)]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert lines == [BadLine(f"a line of more than {MAX_LINE_OCTETS} octets")]
    assert peak < 4 * len(chunk)
    assert reader.feed(b"\nPING\n") == [("PING",)]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("Rack 3", "Rack 3"), ("Küche é", "Kuche e"), ("日本\n5 €", "??5 ?"), ("½ W", "1?2 W")],
)
def test_what_nut_cannot_show_is_written_in_ascii(text: str, shown: str) -> None:
    assert plain(text) == shown
