# SPDX-License-Identifier: Apache-2.0
"""The newest two cycles, against waveforms that are known exactly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdu_agent.metering.calibration import ChannelScale, MeterChannels
from pdu_agent.metering.live import _earlier
from pdu_agent.metering.meter import BlockMeter
from pdu_agent.model.waves import Wave
from tests.metering.mains_waves import (
    AMPS_PER_COUNT,
    CURRENT,
    RATE_HZ,
    VOLTAGE,
    VOLTS_PER_COUNT,
    blocks,
    channels,
    codes,
    meter_all,
    sine,
    times,
)

SECONDS = 1.0


def newest(
    counts: np.typing.NDArray[np.int32],
    setup: MeterChannels,
    index: int = 0,
    losses: tuple[int, ...] = (),
) -> Wave | None:
    meter = BlockMeter(setup)
    meter_all(meter, blocks(counts, [500] * (counts.shape[1] // 500), losses))
    return meter.newest_wave(index)


def shown(counts: np.typing.NDArray[np.int32], setup: MeterChannels, index: int = 0) -> Wave:
    wave = newest(counts, setup, index)
    assert wave is not None
    return wave


def lag_deg(wave: Wave, values: object) -> float:
    """Of the fundamental of `values` behind a sine that begins at the crossing."""
    assert wave.frequency_hz is not None
    row = np.array(values)
    t_s = wave.first_s + np.arange(len(row)) / wave.rate_hz
    turning = np.exp(-2j * np.pi * wave.frequency_hz * t_s)
    return float(-np.degrees(np.angle(np.dot(row, turning) * 1j)))


@settings(max_examples=40, deadline=None)
@given(
    hz=st.floats(47.0, 63.0),
    volts=st.floats(90.0, 260.0),
    amps=st.floats(0.2, 16.0),
    lag=st.floats(-80.0, 80.0),
    phase=st.floats(0.0, 6.28),
)
def test_a_sine_is_shown_with_its_peak_rms_frequency_and_phase(
    hz: float, volts: float, amps: float, lag: float, phase: float
) -> None:
    angle = 2 * np.pi * hz * times(SECONDS) + phase
    wave = shown(codes(sine(angle, volts), sine(angle, amps, lag)), channels(CURRENT))
    assert wave.voltage_rms_v == pytest.approx(volts, rel=2e-3)
    assert wave.current_rms_a == pytest.approx(amps, rel=3e-3, abs=2e-3)
    assert max(wave.voltage_v) == pytest.approx(volts * np.sqrt(2), rel=3e-3)
    assert max(wave.current_a) == pytest.approx(amps * np.sqrt(2), rel=3e-3, abs=6e-3)
    assert wave.frequency_hz == pytest.approx(hz, abs=0.05)
    assert len(wave.voltage_v) == len(wave.current_a)
    assert len(wave.voltage_v) == pytest.approx(2 * RATE_HZ / hz, abs=2.0)
    assert abs(wave.first_s) <= 0.5 / RATE_HZ + 1e-9
    assert lag_deg(wave, wave.voltage_v) == pytest.approx(0.0, abs=0.5)
    assert lag_deg(wave, wave.current_a) == pytest.approx(lag, abs=1.0)
    assert not wave.clipped


def test_it_begins_where_the_voltage_rises_through_zero_and_is_as_new_as_can_be() -> None:
    t_s = times(SECONDS)
    wave = shown(codes(sine(2 * np.pi * 50 * t_s, 230), sine(t_s, 0)), channels(CURRENT))
    assert wave.voltage_v[0] < 10 < wave.voltage_v[8]
    since_cycle_s = (wave.t_mono_s - 100.0) % 0.02
    assert min(since_cycle_s, 0.02 - since_cycle_s) < 2e-5
    assert 0.06 <= 101.0 - wave.t_mono_s < 0.09  # two cycles, and one cycle behind them


def test_gain_and_delay_of_the_calibration_are_applied() -> None:
    late_s = 2.3 / RATE_HZ
    t_s = times(SECONDS)
    late = sine(2 * np.pi * 50 * (t_s - late_s), 4.0)
    setup = channels(ChannelScale(AMPS_PER_COUNT, gain=1.05, phase_delay_s=late_s))
    wave = shown(codes(sine(2 * np.pi * 50 * t_s, 230), late), setup)
    assert wave.current_rms_a == pytest.approx(4.2, rel=2e-3)
    assert lag_deg(wave, wave.current_a) == pytest.approx(0.0, abs=0.1)


def test_a_reversed_transformer_is_turned_and_its_corner_made_up_for() -> None:
    corner_hz, angle = 5.0, 2 * np.pi * 50 * times(SECONDS)
    lead = np.degrees(np.arctan(corner_hz / 50))
    seen = -np.cos(np.radians(lead)) * sine(angle, 3.0, 30.0 - lead)
    setup = channels(ChannelScale(AMPS_PER_COUNT, gain=-1.0, ct_corner_hz=corner_hz))
    wave = shown(codes(sine(angle, 230), seen), setup)
    assert wave.current_rms_a == pytest.approx(3.0, rel=3e-3)
    assert lag_deg(wave, wave.current_a) == pytest.approx(30.0, abs=0.3)


def test_a_rectifier_shows_its_narrow_peaks() -> None:
    angle = 2 * np.pi * 50 * times(SECONDS)
    pulses = np.where(np.abs(np.sin(angle)) > 0.95, np.sign(np.sin(angle)) * 8.0, 0.0)
    wave = shown(codes(sine(angle, 230), pulses), channels(CURRENT))
    assert max(wave.current_a) == pytest.approx(8.0, rel=0.01)
    assert sum(abs(value) > 4 for value in wave.current_a) == pytest.approx(4 * 16, abs=6)


def test_direct_current_is_left_out() -> None:
    angle = 2 * np.pi * 50 * times(SECONDS)
    wave = shown(codes(sine(angle, 230), sine(angle, 1.0), offset=900.0), channels(CURRENT))
    assert wave.current_rms_a == pytest.approx(1.0, rel=5e-3)
    assert sum(wave.voltage_v) / len(wave.voltage_v) == pytest.approx(0.0, abs=0.6)


def test_each_current_is_shown_with_the_voltage_of_its_own_phase() -> None:
    angle = 2 * np.pi * 50 * times(SECONDS)
    third = 120.0
    rows = codes(sine(angle, 230), sine(angle, 5, third + 20), sine(angle, 220, third) / 20.819)
    setup = MeterChannels(
        0,
        VOLTAGE,
        ((1, CURRENT),),
        other_voltages=((2, ChannelScale(AMPS_PER_COUNT * 20.819)),),
        against=(2,),
    )
    wave = shown(rows, setup)
    assert wave.voltage_rms_v == pytest.approx(220, rel=3e-3)
    assert lag_deg(wave, wave.voltage_v) == pytest.approx(0.0, abs=0.5)
    assert lag_deg(wave, wave.current_a) == pytest.approx(20.0, abs=0.7)


def test_without_mains_the_noise_is_shown_as_it_is() -> None:
    nothing = np.zeros_like(times(SECONDS))
    wave = shown(codes(nothing, nothing), channels(CURRENT))
    assert wave.frequency_hz is None
    assert wave.voltage_rms_v < 3 * VOLTS_PER_COUNT
    assert len(wave.voltage_v) == pytest.approx(320, abs=2)


def test_what_was_made_up_for_lost_samples_is_not_shown_while_there_is_better() -> None:
    angle = 2 * np.pi * 50 * times(SECONDS)
    rows = codes(sine(angle, 230), sine(angle, 1.0))
    late = newest(rows, channels(CURRENT), losses=(0,) * 15 + (40,))
    assert late is not None
    assert not late.repaired
    assert late.t_mono_s + 0.04 < 100.0 + 7500 / RATE_HZ  # before the loss
    assert lag_deg(late, late.current_a) == pytest.approx(0.0, abs=0.5)


def test_what_was_made_up_is_marked_where_there_is_nothing_else() -> None:
    angle = 2 * np.pi * 50 * times(SECONDS)
    meter = BlockMeter(channels(CURRENT))
    rows = codes(sine(angle, 230), sine(angle, 1.0))
    meter_all(meter, blocks(rows, [160] * 49, [0] * 6 + [3] * 60))
    wave = meter.newest_wave(0)
    assert wave is not None
    assert wave.repaired
    assert wave.voltage_rms_v == pytest.approx(230, rel=0.01)


def test_nothing_is_shown_of_too_few_samples() -> None:
    angle = 2 * np.pi * 50 * times(0.0625)
    assert newest(codes(sine(angle, 230), sine(angle, 1)), channels(CURRENT)) is None
    assert BlockMeter(channels(CURRENT)).newest_wave(0) is None


def test_a_clipped_block_marks_what_is_shown() -> None:
    angle = 2 * np.pi * 50 * times(SECONDS)
    meter = BlockMeter(channels(CURRENT, CURRENT))
    counts = codes(sine(angle, 230), sine(angle, 1), sine(angle, 1))
    for block in blocks(counts, [500] * 16):
        meter.add_block(replace(block, clipped=0b10 if block.seq == 14 else 0))
    first, second = meter.newest_wave(0), meter.newest_wave(1)
    assert first is not None
    assert second is not None
    assert (first.clipped, second.clipped) == (True, False)


def test_an_index_that_no_current_has_is_refused() -> None:
    with pytest.raises(ValueError, match="no current 1, there are 1"):
        BlockMeter(channels(CURRENT)).newest_wave(1)


@given(st.floats(-3.0, 3.0), st.floats(30.0, 2500.0))
def test_a_part_of_a_sample_is_moved_for_every_harmonic(samples: float, hz: float) -> None:
    n = np.arange(400)
    row = np.sin(2 * np.pi * hz / RATE_HZ * n).astype(np.float32)
    wanted = np.sin(2 * np.pi * hz / RATE_HZ * (n + samples))
    inner = slice(30, -30)
    assert np.abs(_earlier(row, samples)[inner] - wanted[inner]).max() < 0.01
