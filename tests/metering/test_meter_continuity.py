# SPDX-License-Identifier: Apache-2.0
"""One timeline out of blocks: splits, lost samples, stalls, mains that goes and comes back."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import astuple
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdu_agent.metering.blocks import SampleBlock
from pdu_agent.metering.meter import BlockMeter, Window
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.quantities import Quality
from tests.metering.mains_waves import (
    CURRENT,
    RATE_HZ,
    VOLTAGE,
    blocks,
    channels,
    codes,
    meter_all,
    run,
    sine,
    times,
)

ANGLE = 2 * np.pi * 50.17 * times(2.1) + 2
COUNTS = codes(sine(ANGLE, 230), sine(ANGLE, 8, 60), sine(ANGLE, 0.5))
SETUP = channels(CURRENT, CURRENT)
WHOLE = run(COUNTS, SETUP, size=COUNTS.shape[1])


def starts(windows: list[Window]) -> np.ndarray:
    return np.array([window.t_mono_s - window.span_s for window in windows])


def assert_no_time_between(windows: list[Window]) -> None:
    ends = [window.t_mono_s for window in windows]
    np.testing.assert_allclose(starts(windows)[1:], ends[:-1], atol=1e-9)


def numbers(window: Window) -> list[float]:
    """Every figure of a window; each must be a real number."""
    values = [window.t_mono_s, window.span_s, window.voltage_v, window.lost_samples]
    for load, energy_mj, *_ in window.currents:
        values += [value for value in astuple(load) if isinstance(value, float)] + [energy_mj]
    if window.frequency_hz is not None:
        values.append(window.frequency_hz)
    assert all(map(math.isfinite, values)), window
    return values


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 3000), min_size=1, max_size=40))
def test_blocks_of_any_size_give_the_same_windows(sizes: list[int]) -> None:
    rest = max(0, COUNTS.shape[1] - sum(sizes))
    windows = meter_all(BlockMeter(SETUP), blocks(COUNTS, [*sizes, rest or 1]))
    assert len(windows) == len(WHOLE) >= 9
    for window, expected in zip(windows, WHOLE, strict=True):
        np.testing.assert_allclose(numbers(window), numbers(expected), rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("size", [1, 7, 61, 160, 240, 500, 1600])
def test_spans_add_up_to_the_elapsed_time_and_energy_to_the_sum_of_samples(size: int) -> None:
    windows = run(COUNTS, SETUP, size)
    assert_no_time_between(windows)
    elapsed_s = windows[-1].t_mono_s - starts(windows)[0]
    assert sum(window.span_s for window in windows) == pytest.approx(elapsed_s, abs=1e-9)
    first = round((starts(windows)[0] - 100) * RATE_HZ)
    last = round((windows[-1].t_mono_s - 100) * RATE_HZ)
    voltage, current = (COUNTS[:2, first:last] * [[VOLTAGE.units], [CURRENT.units]]).tolist()
    energy_j = np.sum(np.array(voltage) * current) / RATE_HZ
    measured_j = sum(window.currents[0][1] for window in windows) / 1000
    # The sum here has no fractional end samples, where the instantaneous power is small.
    assert measured_j == pytest.approx(energy_j, rel=2e-5)


@settings(max_examples=20, deadline=None)
@given(
    frequency_hz=st.floats(45.5, 64.5),
    losses=st.lists(st.integers(0, 8), min_size=10, max_size=40),
    seed=st.integers(0, 1000),
    size=st.sampled_from([250, 500, 800]),
)
def test_lost_samples_are_found_filled_and_counted(
    frequency_hz: float, losses: list[int], seed: int, size: int
) -> None:
    """0 to 8 samples vanish at each boundary; the driver's estimate is off by up to 3."""
    generator = np.random.default_rng(seed)
    angle = 2 * np.pi * frequency_hz * times(3) + seed
    voltage = sine(angle, 225) + sine(3 * angle, 7) + sine(5 * angle, 5)
    counts = codes(voltage, sine(angle, 8), sine(angle, 8, 60))
    losses[:1] = [0]
    source = blocks(
        counts, [size] * 96, losses, lambda lost: max(0, lost + int(generator.integers(-3, 4)))
    )
    windows = meter_all(BlockMeter(SETUP), source)
    assert_no_time_between(windows)
    for window in windows:
        numbers(window)
        assert window.frequency_hz == pytest.approx(frequency_hz, abs=5e-3)
        assert window.voltage_v == pytest.approx(math.hypot(225, 7, 5), rel=5e-4)
        assert window.currents[0][0].active_power_w == pytest.approx(1800, rel=1e-3)
        assert window.currents[1][0].active_power_w == pytest.approx(900, rel=2e-3)
    last_start = windows[-1].t_mono_s - 100
    boundaries = np.cumsum([lost + size for lost in losses]) - size
    done = sum(k for k, at in zip(losses, boundaries, strict=True) if at < last_start * RATE_HZ - 9)
    late = sum(k for k, at in zip(losses, boundaries, strict=True) if at < last_start * RATE_HZ + 9)
    assert done <= sum(window.lost_samples for window in windows) <= late


def test_lost_samples_do_not_shift_time() -> None:
    """40 gaps that the driver takes for none: spans still tell the true elapsed time."""
    angle = 2 * np.pi * 50 * times(20)
    counts = codes(sine(angle, 230), sine(angle, 8, 60))
    losses = [0, *[1, 2, 3] * 13]
    source = blocks(counts, [3000] * 60, losses, lambda lost: 0)
    windows = meter_all(BlockMeter(channels(CURRENT)), source)
    assert sum(window.lost_samples for window in windows) == sum(losses)
    assert sum(window.span_s for window in windows) == pytest.approx(0.2 * len(windows), abs=1e-5)
    assert windows[-1].t_mono_s - starts(windows)[0] == pytest.approx(0.2 * len(windows), abs=1e-5)


@pytest.mark.parametrize(("lost", "estimate"), [(90, 100), (155, 150), (170, 175), (300, 290)])
def test_up_to_two_lost_cycles_are_filled(lost: int, estimate: int) -> None:
    angle = 2 * np.pi * 50.05 * times(3)
    counts = codes(sine(angle, 230), sine(angle, 8, 60), sine(angle, 8))
    source = blocks(counts, [500] * 40, [0] * 12 + [lost], lambda true: estimate if true else 0)
    windows = meter_all(BlockMeter(SETUP), source)
    assert_no_time_between(windows)
    assert sum(window.lost_samples for window in windows) == lost
    for window in windows:
        assert window.frequency_hz == pytest.approx(50.05, abs=5e-3)
        assert window.currents[0][0].active_power_w == pytest.approx(920, rel=2e-3)


def test_a_stall_ends_the_timeline_and_is_not_invented_as_energy() -> None:
    angle = 2 * np.pi * 50 * times(4)
    counts = codes(sine(angle, 230), sine(angle, 8))
    windows = meter_all(
        BlockMeter(channels(CURRENT)), blocks(counts, [500] * 60, [0] * 20 + [8000])
    )
    pauses = [
        after.t_mono_s - after.span_s - before.t_mono_s for before, after in pairwise(windows)
    ]
    assert sum(pause > 1e-6 for pause in pauses) == 1
    assert 1.0 <= max(pauses) <= 1.0601  # a broken cycle before it, two to get into step after it
    after_stall = windows[pauses.index(max(pauses)) + 1]
    assert after_stall.lost_samples == 8000
    assert sum(window.lost_samples for window in windows) == 8000
    for window in windows:
        assert window.currents[0][0].active_power_w == pytest.approx(1840, rel=1e-3)
        assert window.frequency_hz == pytest.approx(50, abs=5e-3)
        assert window.span_s <= 0.2001


@pytest.mark.parametrize("change", [{"seq": 1000}, {"rate_hz": 4000.0}])
def test_a_restarted_converter_begins_a_new_timeline(change: dict[str, float]) -> None:
    """Its sampling grid is a new one, so phases across the restart mean nothing."""
    angle = 2 * np.pi * 50 * times(1)
    counts = codes(sine(angle, 230), sine(angle, 8))
    meter = BlockMeter(channels(CURRENT))
    windows = meter_all(meter, blocks(counts, [500] * 8))
    last = SampleBlock(counts[:, 4100:8000], RATE_HZ, 100 + 4100 / RATE_HZ, 8)
    if "rate_hz" in change:
        last = dataclasses.replace(last, counts=np.ascontiguousarray(last.counts[:, ::2]))
    windows += meter.add_block(dataclasses.replace(last, **change))
    assert len(windows) >= 4
    for window in windows:
        assert window.frequency_hz == pytest.approx(50, abs=5e-3)
        assert window.voltage_v == pytest.approx(230, rel=1e-3)
    assert sum(window.span_s for window in windows) < 1.0 - 100 / RATE_HZ


def mains_on_between(on_s: float, off_s: float, back_s: float, seconds: float) -> np.ndarray:
    t = times(seconds)
    angle = 2 * np.pi * 50 * t
    live = ((t >= on_s) & (t < off_s)) | (t >= back_s)
    return codes(live * sine(angle, 230), live * sine(angle, 8))


@pytest.mark.parametrize("off_s", [1.0, 1.003, 1.0071, 1.01, 1.0137, 1.018])
@pytest.mark.parametrize("away_s", [0.03, 0.3, 1.21])
def test_mains_that_fails_and_returns_leaves_no_time_out(off_s: float, away_s: float) -> None:
    windows = run(mains_on_between(0, off_s, off_s + away_s, 4), channels(CURRENT))
    assert_no_time_between(windows)
    assert all(window.span_s <= 0.2001 for window in windows)
    for window in windows:
        numbers(window)
        start_s, end_s = window.t_mono_s - window.span_s - 100, window.t_mono_s - 100
        if end_s < off_s - 0.01 or start_s > off_s + away_s + 0.3:
            assert window.frequency_hz == pytest.approx(50, abs=5e-3)
            assert window.voltage_v == pytest.approx(230, rel=5e-4)
        if off_s < start_s and end_s < off_s + away_s:
            assert window.frequency_hz is None
            assert window.voltage_v < 0.1
            assert window.currents[0][0].reactive_power_var is None
    energy_j = sum(window.currents[0][1] for window in windows) / 1000
    live_s = sum(window.span_s for window in windows) - away_s
    # Short windows at the edges hold broken cycles, whose mean is taken for DC.
    assert energy_j == pytest.approx(1840 * live_s, abs=1840 * 0.012)


def test_without_mains_windows_are_200_ms_with_voltage_and_no_frequency() -> None:
    silent = codes(0 * times(2), 0 * times(2))
    windows = run(silent, channels(dataclasses.replace(CURRENT, cutoff_a=5e-3)))
    assert len(windows) == 9
    assert_no_time_between(windows)
    for window in windows:
        assert window.span_s == pytest.approx(0.2)
        assert window.frequency_hz is None
        assert 0 < window.voltage_v < 0.05
        assert window.currents[0][0].current_a == 0.0
        assert window.currents[0][1] == 0.0


def test_gaps_without_mains_neither_restart_nor_add_time() -> None:
    silent = codes(0 * times(4), 0 * times(4))
    source = blocks(silent, [500] * 60, [0] + [2] * 50)
    windows = meter_all(BlockMeter(channels(CURRENT)), source)
    assert all(window.span_s == pytest.approx(0.2) for window in windows)
    counted = sum(window.lost_samples for window in windows)
    measured_s = sum(window.span_s for window in windows)
    assert windows[-1].t_mono_s - 100 == pytest.approx(measured_s + counted / RATE_HZ, abs=3e-4)


def test_weak_mains_is_measured_and_weaker_counts_as_absent() -> None:
    angle = 2 * np.pi * 50 * times(2)
    weak, weaker = (run(codes(sine(angle, volts)), channels()) for volts in (22.0, 9.0))
    for window in weak:
        assert window.frequency_hz == pytest.approx(50, abs=2e-2)
        assert window.voltage_v == pytest.approx(22, rel=1e-3)
        assert window.currents == ()
    assert weaker
    assert all(window.frequency_hz is None for window in weaker)


@pytest.mark.parametrize(
    ("clipped", "marked"), [(0b010, {0}), (0b100, {1}), (0b001, {0, 1}), (0b1000, set())]
)
def test_clipping_marks_the_windows_it_touches(clipped: int, marked: set[int]) -> None:
    meter = BlockMeter(SETUP)
    windows = []
    for block in blocks(COUNTS, [500] * 33):
        mask = clipped if block.seq == 15 else 0
        windows += meter.add_block(dataclasses.replace(block, clipped=mask))
    flawed_s = 100 + np.array([7500, 8000]) / RATE_HZ
    for window in windows:
        touched = window.t_mono_s > flawed_s[0] and window.t_mono_s - window.span_s < flawed_s[1]
        for index, (load, *_) in enumerate(window.currents):
            bad = touched and index in marked
            assert load.quality is (Quality.CLIPPED if bad else Quality.OK)
    assert any(window.t_mono_s > flawed_s[1] for window in windows)


def test_only_the_configured_channels_are_metered_in_their_order() -> None:
    rows = np.zeros((6, COUNTS.shape[1]), dtype=np.int32)
    rows[4], rows[1], rows[5] = COUNTS
    setup = dataclasses.replace(SETUP, voltage_channel=4, currents=((5, CURRENT), (1, CURRENT)))
    for window, expected in zip(run(rows, setup), WHOLE, strict=True):
        small, large = window.currents
        assert small[0].active_power_w == pytest.approx(115, rel=2e-3)
        assert large[0].active_power_w == pytest.approx(
            expected.currents[0][0].active_power_w, rel=1e-6
        )


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(["zero", "full", "noise", "square", "spikes"]),
    st.integers(0, 2**32 - 1),
    st.integers(0, 400),
)
def test_garbage_never_gives_a_number_that_is_none(kind: str, seed: int, lost: int) -> None:
    generator = np.random.default_rng(seed)
    shape = (2, 8000)
    rows = {
        "zero": np.zeros(shape),
        "full": np.full(shape, 32767),
        "noise": generator.integers(-32768, 32768, shape),
        "square": np.where(generator.random(shape).cumsum(axis=1) % 80 < 40, 32767, -32768),
        "spikes": np.where(generator.random(shape) < 0.001, 32767, 0),
    }[kind].astype(np.int32)
    windows = meter_all(BlockMeter(channels(CURRENT)), blocks(rows, [500] * 16, [0] * 9 + [lost]))
    assert windows
    for window in windows:
        numbers(window)
        assert 0 < window.span_s < 0.3


def test_an_empty_block_and_a_gap_before_it_are_taken_in() -> None:
    source = list(blocks(COUNTS, [500, 500, 0, 500, 500, 500, 500]))
    windows = meter_all(BlockMeter(SETUP), source)
    assert windows[0].currents[0][0].active_power_w == pytest.approx(920, rel=2e-3)


def test_a_block_that_does_not_fit_is_refused() -> None:
    meter = BlockMeter(SETUP)
    with pytest.raises(ValueError, match=r"shape \(2, 500\).*up to 2"):
        meter.add_block(SampleBlock(COUNTS[:2, :500], RATE_HZ, 0.0, 0))
    with pytest.raises(ValueError, match="rate of 0"):
        meter.add_block(SampleBlock(COUNTS[:, :500], 0.0, 0.0, 0))
    with pytest.raises(ConfigError, match="nominal_hz is 55"):
        BlockMeter(SETUP, 55.0)
