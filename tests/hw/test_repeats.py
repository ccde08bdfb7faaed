# SPDX-License-Identifier: Apache-2.0
"""Repeated reads against a converter whose every conversion is known."""

from __future__ import annotations

import numpy as np
import pytest

from pdu_agent.hw.repeats import DistinctFrames, RepeatFilter

PACE_S = 121.0625e-6


class Wire:
    """A converter read at a pace; each conversion is numbered in its frame.

    equal_share: conversions that give the same frame as the one before.
    """

    def __init__(self, ppm: float = 0.0, equal_share: float = 0.0, seed: int = 1) -> None:
        self._rng = np.random.default_rng(seed)
        self._period_s = 125e-6 / (1 + ppm * 1e-6)
        self._content = np.cumsum(self._rng.random(400_000) >= equal_share)
        self._t_s = 5.0 + self._rng.random() * 125e-6
        self._first = int(5.0 / self._period_s)
        self.filter = RepeatFilter(8000.0)
        self.seen = -1

    def message(
        self, count: int = 496, *, jitter_s: float = 0.0, late_end_s: float = 0.0
    ) -> tuple[DistinctFrames, list[int], int]:
        """(what the filter made of it, the true new conversions, the truly lost ones)."""
        jitter = np.cumsum(self._rng.random(count) * jitter_s)
        times_s = self._t_s + np.arange(count) * PACE_S + jitter
        numbers = np.floor(times_s / self._period_s).astype(np.int64) - self._first
        frames = self._content[numbers].astype("<u8").view(np.uint8).reshape(count, 8)
        start_s, end_s = self._t_s, float(times_s[-1]) + PACE_S
        self._t_s = end_s
        distinct = self.filter.distinct(frames, start_s, end_s + late_end_s)
        new = [number for number in np.unique(numbers).tolist() if number > self.seen]
        lost = new[-1] - self.seen - len(new) if self.seen >= 0 else 0
        self.seen = new[-1]
        return distinct, self._content[new].tolist(), lost

    def pause(self, seconds: float) -> None:
        self._t_s += seconds


def contents(distinct: DistinctFrames) -> list[int]:
    return distinct.frames.copy().view("<u8").ravel().tolist()


@pytest.mark.parametrize("ppm", [0, 20, -300, 5000, -5000, -20000, 20000])
def test_repeats_go_and_nothing_else_also_across_messages(ppm):
    wire = Wire(ppm)
    for _ in range(40):
        distinct, expected, lost = wire.message()
        assert contents(distinct) == expected
        assert distinct.lost == lost == 0


def test_equal_conversions_are_no_repeats():
    wire = Wire(equal_share=1 / 4000)
    kept = []
    for _ in range(150):
        distinct, expected, _ = wire.message()
        assert len(distinct.frames) == len(expected)
        kept += np.diff(contents(distinct)).tolist()
    assert kept.count(0) >= 10  # they are in the stream


def test_flood_of_equal_conversions_costs_less_than_one_sample_a_message():
    wire = Wire(equal_share=0.25)
    missing = 0
    for _ in range(100):
        distinct, expected, _ = wire.message()
        missing += abs(len(distinct.frames) - len(expected))
    assert missing < 100


@pytest.mark.parametrize("pause_s", [0.0001, 0.0005, 0.002, 0.01])
def test_lost_frames_are_counted_over_pauses_of_any_phase(pause_s):
    wire = Wire(ppm=35)
    wire.message()
    for step in range(60):
        wire.pause(pause_s + step * 7e-6)
        distinct, expected, lost = wire.message()
        assert contents(distinct) == expected
        assert abs(distinct.lost - lost) <= 1


def test_late_wakeup_after_a_message_hides_no_loss():
    wire, rng = Wire(ppm=-80), np.random.default_rng(3)
    claimed = true = 0
    for _ in range(200):
        late_s = rng.exponential(0.0004)
        distinct, _, lost = wire.message(late_end_s=late_s)
        assert abs(distinct.lost - lost) <= 2
        claimed, true = claimed + distinct.lost, true + lost
        wire.pause(late_s)
    assert true > 300
    assert abs(claimed - true) <= 6


def test_jittery_pacing_still_drops_the_right_number():
    wire = Wire()
    missing = 0
    for _ in range(60):
        distinct, expected, _ = wire.message(jitter_s=2e-6)
        missing += abs(len(distinct.frames) - len(expected))
    assert missing <= 1


def test_host_too_slow_to_lead_reports_what_is_lost_inside():
    reads, slow = 100, 0.00025
    slow_filter = RepeatFilter(8000.0)
    frames = (np.arange(reads) * 2).astype("<u8").view(np.uint8).reshape(reads, 8)
    first = slow_filter.distinct(frames, 10.0, 10.0 + reads * slow)
    assert len(first.frames) == reads
    assert abs(first.lost - 99) <= 1


def test_first_new_frame_gives_the_time_of_the_block():
    repeat_filter = RepeatFilter(8000.0)
    one = np.zeros((1, 8), np.uint8)
    repeat_filter.distinct(one, 1.0, 1.0 + PACE_S)
    two = np.array([[0] * 8, [1] * 8], np.uint8)
    distinct = repeat_filter.distinct(two, 1.0 + PACE_S, 1.0 + 3 * PACE_S)
    assert distinct.frames.tolist() == [[1] * 8]
    assert distinct.first_s == pytest.approx(1.0 + 2 * PACE_S)
