# SPDX-License-Identifier: Apache-2.0
"""The judge of who was told what while outlets toggle: what it lets pass, and what it does not."""

from __future__ import annotations

import pytest

from tests.system.order_trail import Trail


def off_and_on() -> Trail:
    """Off was sent at 10 s and answered at 11 s, on at 20 s and 21 s."""
    trail = Trail.of([1])
    for sent_s in (10.0, 20.0):
        trail.next_order(1, sent_s).answered_s = sent_s + 1.0
    return trail


@pytest.mark.parametrize(
    ("told", "asked_s", "until_s", "place"),
    [
        (True, 5.0, 6.0, 1),
        (False, 5.0, 6.0, None),  # before anybody had ordered it
        (True, 10.2, 10.3, 1),
        (False, 10.2, 10.3, 3),
        (None, 10.2, 10.3, 2),
        (True, 12.0, 12.1, None),  # after the order was answered
        (None, 12.0, 12.1, 2),
        (False, 12.0, 20.5, 3),
        (True, 12.0, 20.5, 5),
        (False, 22.0, 22.1, None),
    ],
)
def test_what_is_told_has_a_place_among_the_orders(
    told: bool | None, asked_s: float, until_s: float, place: int | None
) -> None:
    assert off_and_on().place(1, told, (asked_s, until_s), 1) == place


def test_what_was_told_is_not_taken_back() -> None:
    trail = off_and_on()
    place = trail.place(1, False, (10.2, 10.3), 1)
    assert place == 3
    assert trail.place(1, True, (10.4, 10.5), place) is None
    assert trail.place(1, None, (10.4, 10.5), place) is None


def test_who_was_told_the_outcome_before_it_came_may_see_it_on_its_way() -> None:
    trail = off_and_on()
    place = trail.place(1, False, (10.2, 10.3), 1, foretold=True)
    assert place == 2
    assert trail.place(1, None, (10.4, 10.5), place) == 2
    assert trail.place(1, True, (10.4, 10.5), place) is None


def test_an_order_without_an_answer_may_be_seen_or_not() -> None:
    trail = Trail.of([1])
    order = trail.next_order(1, 10.0)
    assert trail.place(1, True, (30.0, 31.0), 1) == 1
    assert trail.place(1, False, (30.0, 31.0), 1) == 3
    order.answered_s = 29.0
    assert trail.place(1, True, (30.0, 31.0), 1) is None
    assert trail.is_on_at_last() == {1: False}
