# SPDX-License-Identifier: Apache-2.0
"""Alignment, clipping, time and signs of what people read."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.app.terminal import (
    Style,
    TableColumn,
    clipped,
    countdown,
    fixed,
    kilowatt_hours,
    printable,
    style_of,
    table,
    width_of,
)

PLAIN = Style(colour=False, unicode=True, width=None)
COLUMNS = (
    TableColumn("#", right=True),
    TableColumn("Name", elastic=True),
    TableColumn("W", right=True),
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.4, "0s"), (59.4, "59s"), (59.6, "1m00s"), (61, "1m01s"), (3599.6, "1h00m"),
     (7260, "2h01m"), (200000, "2d07h")],
)  # fmt: skip
def test_countdowns_are_short(seconds: float, text: str) -> None:
    assert countdown(seconds) == text


def test_missing_is_a_dash_and_zero_is_zero() -> None:
    assert (fixed(None, 1), fixed(0.0, 1)) == ("-", "0.0")
    assert (kilowatt_hours(None), kilowatt_hours(0), kilowatt_hours(1234)) == (
        "-",
        "0.000",
        "1.234",
    )


def test_wide_and_combining_characters_keep_the_columns() -> None:
    rows = [["1", "電源", "5"], ["2", "e\u0301", "50"], ["3", "plain", "500"]]
    lines = table(COLUMNS, rows, [{}] * 3, PLAIN)
    assert {width_of(line) for line in lines} == {len("1 plain 500")}


def test_colour_does_not_count_as_width() -> None:
    rows = [["1", "a", "5"]]
    painted = table(COLUMNS, rows, [{1: "red"}], Style(True, True, None))
    assert painted[1] == "1 \x1b[31ma\x1b[0m    5"


@given(st.text(max_size=30), st.integers(1, 30))
def test_clipping_never_exceeds_its_columns(text: str, columns: int) -> None:
    text = printable(text)
    assert width_of(clipped(text, columns)) <= columns
    assert clipped(text, columns) == text or clipped(text, columns).endswith("~")


@given(
    st.lists(st.tuples(st.text(max_size=40), st.text(max_size=5)), max_size=5), st.integers(20, 60)
)
def test_a_table_fits_its_terminal(cells: list[tuple[str, str]], width: int) -> None:
    rows = [[str(n), printable(name), printable(watts)] for n, (name, watts) in enumerate(cells)]
    for line in table(COLUMNS, rows, [{}] * len(rows), Style(False, True, width)):
        assert width_of(line) <= width


@given(st.text())
def test_nothing_printable_moves_a_cursor(text: str) -> None:
    assert printable(text).isprintable()


@pytest.mark.parametrize(
    ("encoding", "environ", "unicode"),
    [
        ("utf-8", {"LC_ALL": "en_US.UTF-8"}, True),
        ("UTF-8", {"LANG": "de_DE.utf8"}, True),
        ("utf-8", {"LC_ALL": "C"}, False),
        ("utf-8", {"LC_ALL": "C", "LANG": "en_US.UTF-8"}, False),
        ("utf-8", {"LC_ALL": "C.UTF-8"}, False),
        ("utf-8", {}, False),
        ("latin-1", {"LANG": "en_US.ISO-8859-1"}, False),
    ],
)
def test_signs_are_for_locales_that_print_them(
    encoding: str, environ: dict[str, str], unicode: bool
) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    style = style_of(stream, environ)
    assert style.unicode is unicode
    assert style.lock_sign.isascii() is not unicode
    assert (style.colour, style.width) == (False, None)
