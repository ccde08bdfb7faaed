# SPDX-License-Identifier: Apache-2.0
"""docs/nut-names.md has every variable and command, as the unit tells them."""

from __future__ import annotations

from tests.docs.nut_names_page import PAGE, page_of


def test_the_tables_are_those_of_the_unit() -> None:
    text = PAGE.read_text("utf-8")
    assert text == page_of(text), "run: python -m tests.docs.nut_names_page"
    assert "| `outlet.N.desc` |" in text
    assert "| `load.cycle.delay` |" in text
