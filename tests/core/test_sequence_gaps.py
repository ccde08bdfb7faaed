# SPDX-License-Identifier: Apache-2.0
"""Sequence gaps from measured inrush: the sum of peaks, the least gap, the order."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.core.outlets.sequence_gaps import STEP_S, Starter, limit_of, propose, worst_a


def test_a_type_b_of_16_a_lets_a_peak_of_68_a_pass_and_a_type_c_113_a() -> None:
    assert limit_of(16, "B") == pytest.approx(67.9, abs=0.05)
    assert limit_of(16, "C") == pytest.approx(113.1, abs=0.05)


def test_inrush_adds_up_while_it_lasts_and_the_current_afterwards_stays() -> None:
    pair = [Starter(1, 40, 0.1, 2), Starter(2, 30, 0.1, 1)]
    assert worst_a(pair, 0.0) == 70
    assert worst_a(pair, 0.05) == 70
    assert worst_a(pair, 0.1) == pytest.approx(max(40, 30 + 2 * math.sqrt(2)))


def test_no_gap_where_all_at_once_is_below_the_limit() -> None:
    found = propose([Starter(2, 20, 0.1, 0), Starter(1, 20, 0.1, 0)], 50)
    assert (found.order, found.interval_s, found.worst_a) == ((1, 2), 0.0, 40)


def test_the_least_gap_that_is_enough() -> None:
    rack = [Starter(number, 30, 0.12, 0) for number in range(1, 9)]
    assert propose(rack, 60).interval_s == 0.1  # two at a time
    assert propose(rack, 59).interval_s == pytest.approx(0.15)
    assert propose(rack, 30).interval_s == pytest.approx(0.15)


def test_the_largest_goes_first_where_the_order_of_numbers_does_not_do() -> None:
    found = propose([Starter(1, 20, 0.1, 10), Starter(2, 60, 0.1, 1)], 65)
    assert (found.order, found.interval_s) == ((2, 1), 0.1)


def test_one_that_is_too_large_by_itself_is_told() -> None:
    found = propose([Starter(1, 90, 0.1, 1)], 68)
    assert (found.interval_s, found.worst_a) == (None, 90)


def test_nothing_measured_needs_nothing() -> None:
    assert propose([], 68).worst_a == 0


starters = st.lists(
    st.builds(Starter, st.integers(1, 64), st.floats(0, 200), st.floats(0, 0.2), st.floats(0, 10)),
    max_size=8,
    unique_by=lambda each: each.outlet,
)


@given(starters, st.floats(1, 300))
def test_a_proposal_keeps_its_limit_and_the_next_smaller_gap_would_not(
    rack: list[Starter], limit_a: float
) -> None:
    found = propose(rack, limit_a)
    if found.interval_s is None:
        return
    order = [next(each for each in rack if each.outlet == number) for number in found.order]
    assert worst_a(order, found.interval_s) == found.worst_a <= limit_a
    if found.interval_s > 0:
        assert worst_a(order, found.interval_s - STEP_S) > limit_a
