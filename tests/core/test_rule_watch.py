# SPDX-License-Identifier: Apache-2.0
"""When something counts, against a model that looks back over the whole history each time."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.core.rules.watch import Seen, Watch

LEVEL, HYSTERESIS = 30.0, 2.0
LOOK_S = 1.0

values = st.one_of(st.none(), st.floats(20.0, 40.0), st.sampled_from([27.9, 28.0, 30.0, 1e9]))
histories = st.lists(st.tuples(values, st.booleans()), max_size=60)


def holds(value: float | None) -> bool | None:
    if value is None or value > 200.0:
        return None
    if value >= LEVEL:
        return True
    return False if value < LEVEL - HYSTERESIS else None


def by_machine(history: Sequence[tuple[float | None, bool]], hold_s: float) -> list[bool]:
    watch, sample, told = Watch(False), 0, []
    for number, (value, is_new) in enumerate(history):
        sample += is_new
        watch = watch.after(Seen(holds(value), "", value, sample), number * LOOK_S, hold_s, hold_s)
        told.append(bool(watch.stands))
    return told


def by_looking_back(history: Sequence[tuple[float | None, bool]], hold_s: float) -> list[bool]:
    """At each look: for how long, and in how many samples, has the other been so till now?"""
    stands, told, changed_at = False, [], -1
    samples = [sum(is_new for _, is_new in history[: n + 1]) for n in range(len(history))]
    for now in range(len(history)):
        begin = now + 1
        while begin - 1 > changed_at and holds(history[begin - 1][0]) is (not stands):
            begin -= 1
        seen = samples[begin : now + 1]
        if seen and (now - begin) * LOOK_S >= hold_s and seen[-1] != seen[0]:
            stands, changed_at = not stands, now
        told.append(stands)
    return told


@given(histories, st.sampled_from([0.0, 1.0, 3.0, 7.0]))
def test_it_equals_what_the_history_says(
    history: list[tuple[float | None, bool]], hold_s: float
) -> None:
    assert by_machine(history, hold_s) == by_looking_back(history, hold_s)


@given(
    st.lists(st.floats(0.0, 0.9), min_size=10, max_size=80),
    st.floats(0.05, 3.0),
    st.sampled_from([0.0, 2.0, 5.0]),
)
def test_a_noisy_ramp_that_crosses_the_level_once_acts_once(
    noise: list[float], slope: float, hold_s: float
) -> None:
    """The noise is smaller than the hysteresis, and the ramp ends well above the level."""
    ramp = [26.0 + slope * number for number in range(200)]
    noisy = [value + noise[number % len(noise)] for number, value in enumerate(ramp)]
    told = by_machine([(min(value, 45.0), True) for value in noisy], hold_s)
    changes = sum(a != b for a, b in zip([False, *told], told, strict=False))
    assert (changes, told[-1]) == (1, True)


@given(st.lists(st.sampled_from([29.0, 31.0, 45.0]), min_size=4, max_size=60))
def test_noise_within_the_hysteresis_never_ends_it(rest: list[float]) -> None:
    history = [(31.0, True), (31.0, True), *((value, True) for value in rest)]
    assert all(by_machine(history, 0.0)[1:])
