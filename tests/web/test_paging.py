# SPDX-License-Identifier: Apache-2.0
"""Lists page by page: nothing twice, nothing left out, whatever is added meanwhile."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.model.errors import InvalidValue
from pdu_agent.web.paging import asked_of


def newest_first(rows: list[int], after: int | None) -> list[int]:
    return [row for row in reversed(rows) if after is None or row < after]


@given(
    st.integers(0, 40), st.integers(1, 12), st.lists(st.integers(0, 5), min_size=60, max_size=60)
)
def test_pages_are_the_whole_though_rows_are_added(
    count: int, limit: int, added: list[int]
) -> None:
    rows = list(range(1, count + 1))
    met: list[int] = []
    query = {"limit": str(limit)}
    for more in added:
        asked = asked_of(query)
        page = asked.page(newest_first(rows, asked.after), lambda row: row)
        met += page.rows
        rows += [len(rows) + 1 + each for each in range(more)]
        if page.next is None:
            break
        query["cursor"] = page.next
    assert met == list(range(count, 0, -1))


def test_without_a_limit_all_come() -> None:
    page = asked_of({}).page([3, 2, 1], lambda row: row)
    assert (page.rows, page.next) == ([3, 2, 1], None)
    assert asked_of({}, 2).page([3, 2, 1], lambda row: row).rows == [3, 2]


@pytest.mark.parametrize("limit", ["", "0", "-1", "1001", "x", "1.5", "٣"])
def test_a_limit_that_is_none_is_refused(limit: str) -> None:
    with pytest.raises(InvalidValue, match="expected 1 to 1000"):
        asked_of({"limit": limit})


@pytest.mark.parametrize("cursor", ["", "x", "YWZ0ZXI6", "YWZ0ZXI6LTE", "é", "A" * 5000, "YWZ0"])
def test_a_cursor_that_was_not_given_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidValue, match="cursor"):
        asked_of({"cursor": cursor})
