# SPDX-License-Identifier: Apache-2.0
"""Which outlets go: enough of them, none too many, the unimportant first; against brute force."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from pdu_agent.core.protection.shedding import Choice, Load, choose

racks = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 300)), min_size=0, max_size=8).map(
    lambda rows: [Load(n, p, float(w)) for n, (p, w) in enumerate(rows, start=1)]
)


def drawn(loads: Sequence[Load], outlets: Sequence[int]) -> float:
    return math.fsum(load.draw or 0.0 for load in loads if load.outlet in outlets)


def test_the_hungriest_of_the_least_important_goes_when_it_alone_is_enough() -> None:
    loads = [Load(1, 1, 300.0), Load(2, 2, 40.0), Load(3, 2, 70.0), Load(4, 2, 65.0)]
    assert choose(loads, 60.0) == Choice((4,), True)


def test_nothing_goes_while_nothing_is_too_much() -> None:
    assert choose([Load(1, 9, 100.0)], 0.0) == Choice((), True)


def test_a_more_important_one_that_must_go_lets_less_important_ones_stay() -> None:
    loads = [Load(1, 1, 500.0), Load(2, 9, 20.0), Load(3, 9, 30.0)]
    assert choose(loads, 60.0) == Choice((1,), True)
    assert choose(loads, 525.0) == Choice((3, 1), True)


def test_those_without_a_meter_go_last_of_their_priority_and_one_at_a_time() -> None:
    loads = [Load(1, 1, 500.0), Load(2, 5, None), Load(3, 5, None), Load(4, 5, 50.0)]
    assert choose(loads, 40.0) == Choice((4,), True)
    assert choose(loads, 60.0) == Choice((4, 2), None)


def test_when_even_all_are_not_enough_all_go() -> None:
    assert choose([Load(1, 1, 10.0), Load(2, 2, 20.0)], 50.0) == Choice((2, 1), False)


def test_one_that_draws_nothing_stays() -> None:
    assert choose([Load(1, 9, 0.0), Load(2, 1, 20.0)], 50.0) == Choice((2,), False)


@given(racks, st.integers(1, 1500))
def test_the_set_is_enough_and_every_member_needed(loads: list[Load], excess: int) -> None:
    choice = choose(loads, excess)
    assert len(set(choice.outlets)) == len(choice.outlets)
    assert choice.is_enough is (drawn(loads, choice.outlets) >= excess)
    if choice.is_enough:
        for outlet in choice.outlets:
            assert drawn(loads, [other for other in choice.outlets if other != outlet]) < excess


@given(racks, st.integers(1, 1500))
def test_no_important_one_goes_where_less_important_ones_are_enough(
    loads: list[Load], excess: int
) -> None:
    choice = choose(loads, excess)
    for priority in {load.priority for load in loads if load.outlet in choice.outlets}:
        below = [load.outlet for load in loads if load.priority > priority]
        assert drawn(loads, below) < excess


@given(racks, st.integers(1, 900))
def test_among_equals_the_fewest_go_and_of_these_the_least_watts(
    loads: list[Load], excess: int
) -> None:
    equals = [Load(load.outlet, 3, load.draw) for load in loads]
    choice = choose(equals, excess)
    sets = [
        picked
        for count in range(1, len(equals) + 1)
        for picked in combinations([load.outlet for load in equals], count)
        if drawn(equals, picked) >= excess
    ]
    if sets:
        best = min((len(picked), drawn(equals, picked)) for picked in sets)
        assert (len(choice.outlets), drawn(equals, choice.outlets)) == best


@given(racks, st.integers(1, 1500))
def test_they_go_the_least_important_first(loads: list[Load], excess: int) -> None:
    priority = {load.outlet: load.priority for load in loads}
    order = [priority[outlet] for outlet in choose(loads, excess).outlets]
    assert order == sorted(order, reverse=True)


@given(
    st.lists(st.tuples(st.integers(1, 3), st.floats(0.001, 4000)), min_size=1, max_size=64),
    st.floats(0.01, 60_000),
)
@settings(max_examples=30, deadline=None)
def test_any_fractions_of_sixty_four_outlets_are_enough_and_needed_and_soon_found(
    rows: list[tuple[int, float]], excess: float
) -> None:
    loads = [Load(n, p, w) for n, (p, w) in enumerate(rows, start=1)]
    began_s = time.process_time()
    choice = choose(loads, excess)
    assert time.process_time() - began_s < 1.0
    assert choice == choose(list(reversed(loads)), excess)
    if choice.is_enough:
        assert drawn(loads, choice.outlets) >= excess - 1e-6
        for outlet in choice.outlets:
            others = [other for other in choice.outlets if other != outlet]
            assert drawn(loads, others) < excess
