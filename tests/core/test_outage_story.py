# SPDX-License-Identifier: Apache-2.0
"""A whole outage of eight servers is as the plan says, although one of them hangs."""

from __future__ import annotations

import pytest

from tests.core.outage_story import run


@pytest.mark.parametrize("seed", [0, 1, 5])
def test_events_are_as_planned_and_nothing_is_cut_that_draws(seed: int) -> None:
    story = run(seed)
    assert story.differences() == []
    assert story.early == 0
    assert [event for _, event in story.seen if event[0] == "on"]
