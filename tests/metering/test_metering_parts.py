# SPDX-License-Identifier: Apache-2.0
"""Calibration data, the timeline and the gap finder by themselves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.metering.calibration import ChannelScale, MeterChannels, ResidualSum
from pdu_agent.metering.gaps import GapFinder
from pdu_agent.metering.timeline import Timeline
from pdu_agent.model.errors import ConfigError


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"units_per_count": 0.0}, "must not be 0"),
        ({"units_per_count": math.nan}, "units_per_count is nan"),
        ({"units_per_count": 1.0, "gain": math.inf}, "gain is inf"),
        ({"units_per_count": 1.0, "noise_floor": -1.0}, "noise_floor is -1.0"),
        ({"units_per_count": 1.0, "cutoff_a": -0.1}, "cutoff_a is -0.1"),
        ({"units_per_count": 1.0, "cutoff_w": -0.1}, "cutoff_w is -0.1"),
    ],
)
def test_a_scale_that_cannot_be_used_is_named(wrong: dict[str, float], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        ChannelScale(**wrong)


def test_channels_must_be_different_and_trims_positive() -> None:
    scale = ChannelScale(1.0)
    with pytest.raises(ConfigError, match=r"\(0, 1, 0\)"):
        MeterChannels(0, scale, ((1, scale), (0, scale)))
    with pytest.raises(ConfigError, match=r"\(-1,\)"):
        MeterChannels(-1, scale, ())
    with pytest.raises(ConfigError, match="rate_trim is 0"):
        MeterChannels(0, scale, (), rate_trim=0.0)
    with pytest.raises(ConfigError, match="voltage_present_v is -1"):
        MeterChannels(0, scale, (), voltage_present_v=-1.0)


def test_sums_and_voltages_must_be_of_the_channels() -> None:
    scale = ChannelScale(1.0)
    currents = ((1, scale), (2, scale))
    with pytest.raises(ConfigError, match=r"channels \[3\] are not among the currents"):
        MeterChannels(0, scale, currents, residuals=(ResidualSum((1, 3)),))
    with pytest.raises(ConfigError, match=r"channels \[4\] are not among the voltages"):
        MeterChannels(0, scale, currents, against=(0, 4))
    with pytest.raises(ConfigError, match="2 currents against 1 voltages"):
        MeterChannels(0, scale, currents, against=(0,))
    with pytest.raises(ConfigError, match=r"conductors \(1,\)"):
        ResidualSum((1,))
    with pytest.raises(ConfigError, match="null_gains are 1, expected 2"):
        ResidualSum((1, 2), (0.1,))


def test_timeline_repeats_the_previous_cycle_in_a_gap_and_keeps_the_rest() -> None:
    wave = (10_000 * np.sin(2 * np.pi * np.arange(1000) / 160.7)).astype(np.int32)
    timeline = Timeline((0,), 1000)
    timeline.append(np.delete(wave, slice(600, 612))[None, :])
    assert timeline.insert_repeat(600, 12, 160.7)
    assert len(timeline) == 1000
    np.testing.assert_allclose(timeline.voltage, wave, atol=5)


def test_timeline_refuses_to_fill_a_gap_longer_than_its_past() -> None:
    timeline = Timeline((0,), 500)
    timeline.append(np.arange(400, dtype=np.int32)[None, :])
    assert not timeline.insert_repeat(150, 10, 160.0)
    assert timeline.voltage.tolist() == list(range(400))


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 60)), max_size=30))
def test_timeline_is_a_queue_of_samples(steps: list[tuple[int, int]]) -> None:
    timeline = Timeline((1, 0), 40)
    expected: list[int] = []
    fresh = 0
    for added, dropped in steps:
        new = np.arange(fresh, fresh + added, dtype=np.int32)
        fresh += added
        timeline.append(np.stack((new, -new)))
        expected += new.tolist()
        dropped = min(dropped, len(expected))
        timeline.drop(dropped)
        del expected[:dropped]
        assert timeline.samples[1].tolist() == expected
        assert (-timeline.voltage).tolist() == expected
        assert len(timeline) == len(expected)


@given(
    frequency_hz=st.floats(45, 65),
    phase=st.floats(0, 7),
    missing=st.integers(0, 40),
    error=st.integers(-25, 25),
    before=st.sampled_from([200, 400, 1000]),
    after=st.sampled_from([200, 240, 500, 1600]),
)
def test_phase_finds_the_missing_samples_whatever_the_estimate(
    frequency_hz: float, phase: float, missing: int, error: int, before: int, after: int
) -> None:
    n = np.arange(before + after + missing)
    wave = 10_000 * np.sin(2 * np.pi * frequency_hz / 8000 * n + phase)
    voltage = np.delete(wave, slice(before, before + missing)).astype(np.float32)
    finder = GapFinder(8000, 50, least_peak=500)
    finder.find(np.tile(voltage[:before], 1), before // 2, 0)  # it has seen mains before
    estimate = max(0, missing + error)
    gap = finder.find(voltage, before, estimate)
    if min(before, after) >= 2 * 178:
        assert gap.missing == missing
        assert gap.period == pytest.approx(8000 / frequency_hz, rel=2e-3)
    else:
        # With a single cycle on a side the period is less well known.
        assert abs(gap.missing - missing) <= 1 or gap.missing == estimate


def test_without_voltage_the_estimate_stands_and_there_is_no_period() -> None:
    finder = GapFinder(8000, 50, least_peak=500)
    noise = np.random.default_rng(1).normal(0, 20, 1000).astype(np.float32)
    gap = finder.find(noise, 500, 7)
    assert (gap.missing, gap.period) == (7, None)


def test_a_jump_of_the_mains_phase_is_not_taken_for_lost_samples() -> None:
    n = np.arange(1000)
    jump = np.where(n < 500, 0.0, 2.5)  # radians: more than a quarter of a cycle
    voltage = (10_000 * np.sin(2 * np.pi * n / 160 + jump)).astype(np.float32)
    assert GapFinder(8000, 50, least_peak=500).find(voltage, 500, 0).missing == 0
