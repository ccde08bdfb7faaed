# SPDX-License-Identifier: Apache-2.0
"""Roll-ups of roll-ups are those of the samples, and survive being packed."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.model.errors import StoreError
from pdu_agent.store.history.codec import Block, decode, encode
from pdu_agent.store.history.rollups import Canvas, Rollups

samples_of_an_hour = st.lists(
    st.one_of(st.just(float("nan")), st.floats(-5e4, 5e4, width=32)), min_size=1, max_size=40
)


def an_hour(pattern: list[float]) -> Rollups:
    return Rollups.of_samples(np.resize(np.array(pattern, np.float32), (1, 3600)))


@given(samples_of_an_hour)
def test_roll_ups_of_roll_ups_are_those_of_the_samples(pattern: list[float]) -> None:
    raw = an_hour(pattern)
    direct, in_steps = raw.coarser(900), raw.coarser(10).coarser(6).coarser(15)
    for name in ("seen", "minimum", "maximum", "last"):
        np.testing.assert_array_equal(getattr(in_steps, name), getattr(direct, name))
    np.testing.assert_allclose(in_steps.average, direct.average, rtol=1e-5, atol=0.02)


@given(samples_of_an_hour)
def test_a_roll_up_is_what_python_says(pattern: list[float]) -> None:
    quarter = an_hour(pattern).coarser(900)[0]
    seconds = [pattern[i % len(pattern)] for i in range(900)]
    known = [value for value in seconds if value == value]
    assert quarter.seen[0] == len(known)
    if not known:
        assert np.isnan(quarter.average[0])
        return
    assert (quarter.minimum[0], quarter.maximum[0]) == (min(known), max(known))
    assert quarter.last[0] == known[-1]
    assert quarter.average[0] == pytest.approx(sum(known) / len(known), rel=1e-5, abs=0.02)


@given(samples_of_an_hour, st.integers(1, 1000))
def test_what_is_packed_comes_back_to_half_a_step(pattern: list[float], resolution: int) -> None:
    minutes = an_hour(pattern).coarser(60)
    both = Rollups.joined([minutes, Rollups.gaps(1, 5)])
    data = encode(Block(60, 1_800_000_000, (7,), both), [resolution])
    back = decode(data)
    assert (back.step_s, back.start_s, back.keys) == (60, 1_800_000_000, (7,))
    np.testing.assert_array_equal(back.rollups.seen, both.seen)
    for name in ("minimum", "average", "maximum", "last"):
        np.testing.assert_allclose(
            getattr(back.rollups, name),
            getattr(both, name),
            rtol=1e-6,
            atol=0.5 / resolution + 0.01,
        )


def test_one_series_of_a_block_is_read_alone() -> None:
    rollups = Rollups.of_samples(np.arange(12, dtype=np.float32).reshape(3, 4))
    data = encode(Block(1, 0, (5, 9, 2), rollups), [1, 10, 100])
    assert decode(data, (9,)).rollups.last.tolist() == [[4, 5, 6, 7]]
    assert decode(data, (2, 5)).keys == (5, 2)
    assert decode(data, (1,)).keys == ()


@given(st.binary(max_size=300), st.integers(0, 200))
def test_damage_is_told(noise: bytes, at: int) -> None:
    rollups = Rollups.of_samples(np.arange(40, dtype=np.float32).reshape(2, 20))
    data = encode(Block(1, 0, (5, 9), rollups), [1, 1])
    for spoilt in (noise, data[:at], data[:at] + noise):
        with suppress(StoreError):
            decode(spoilt)


def test_a_canvas_keeps_what_is_outside_out_and_gaps_change_nothing() -> None:
    canvas = Canvas(10, 100, 140)
    canvas.paint(80, Rollups.of_samples(np.array([1, 2, 3, 4], np.float32)))
    canvas.paint(110, Rollups.of_samples(np.array([np.nan, 6, 7, 8, 9], np.float32)))
    canvas.paint(500, Rollups.of_samples(np.array([1], np.float32)))
    assert canvas.rollups.last.tolist() == [3, 4, 6, 7]
