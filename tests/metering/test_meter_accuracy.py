# SPDX-License-Identifier: Apache-2.0
"""Closed-form waveforms through 16-bit codes, against the accuracy that is promised."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from pdu_agent.metering.calibration import ChannelScale
from pdu_agent.metering.meter import Window
from pdu_agent.model.quantities import Electrical, Quality
from tests.metering.mains_waves import (
    AMPS_PER_COUNT,
    CURRENT,
    ROOT2,
    channels,
    codes,
    run,
    sine,
    times,
)

FREQUENCIES = [45.0, 47.31, 49.7, 50.0, 50.5, 55.0, 59.9, 60.0, 65.0]


def loads(windows: list[Window], current: int = 0) -> list[Electrical]:
    return [window.currents[current][0] for window in windows]


@pytest.mark.parametrize("frequency_hz", FREQUENCIES)
@pytest.mark.parametrize("nominal_hz", [50.0, 60.0])
def test_every_window_of_a_noisy_sine_is_within_the_promise(
    frequency_hz: float, nominal_hz: float
) -> None:
    angle = 2 * np.pi * frequency_hz * times(3) + 1.0
    lags = [0.0, 60.0, -60.0, 90.0, 180.0]
    currents = [sine(angle, 8.0, lag) for lag in lags]
    counts = codes(sine(angle, 230.0), *currents, offset=55)
    windows = run(counts, channels(*[CURRENT] * 5), nominal_hz=nominal_hz)
    assert len(windows) >= 10
    for window in windows:
        assert window.voltage_v == pytest.approx(230, rel=5e-4)
        assert window.frequency_hz == pytest.approx(frequency_hz, abs=1e-3)
        for lag, (load, energy_mj, *_) in zip(lags, window.currents, strict=True):
            power_w = 1840 * math.cos(math.radians(lag))
            limit_w = 1840 * 1e-3 if lag in (0, 180) else 920 * 2e-3
            assert load.voltage_v == window.voltage_v
            assert load.frequency_hz == window.frequency_hz
            assert load.current_a == pytest.approx(8, rel=5e-4)
            assert load.active_power_w == pytest.approx(power_w, abs=limit_w)
            assert load.reactive_power_var == pytest.approx(
                1840 * math.sin(math.radians(lag)), abs=2
            )
            assert load.apparent_power_va == pytest.approx(1840, rel=1e-3)
            assert load.power_factor == pytest.approx(power_w / 1840, abs=1e-3)
            assert load.crest_factor == pytest.approx(ROOT2, rel=5e-3)
            assert load.quality is Quality.OK
            assert energy_mj == pytest.approx(load.active_power_w * window.span_s * 1000)


def test_small_currents_average_out_to_the_truth() -> None:
    angle = 2 * np.pi * 49.93 * times(20)
    counts = codes(sine(angle, 230), sine(angle, 0.1), sine(angle, 0.25, 60), offset=30)
    noisy = dataclasses.replace(CURRENT, noise_floor=0.76 * AMPS_PER_COUNT)
    windows = run(counts, channels(noisy, noisy))
    for index, power_w in enumerate([23.0, 28.75]):
        mean_w = np.mean([load.active_power_w for load in loads(windows, index)])
        assert mean_w == pytest.approx(power_w, rel=1e-3)
    assert np.mean([load.current_a for load in loads(windows)]) == pytest.approx(0.1, rel=1e-3)


def test_drifting_frequency_is_the_windows_mean_and_loses_no_energy() -> None:
    t = times(20)
    frequency_hz = 50 + 0.4 * np.sin(2 * np.pi * t / 13)
    angle = 2 * np.pi * np.cumsum(frequency_hz) / 8000
    windows = run(codes(sine(angle, 230), sine(angle, 5, 60)), channels(CURRENT))
    end_s = windows[0].t_mono_s - 100 - windows[0].span_s
    for window in windows:
        start_s, end_s = end_s, end_s + window.span_s
        inside = (t >= start_s) & (t < end_s)
        assert window.frequency_hz == pytest.approx(frequency_hz[inside].mean(), abs=2e-3)
    energy_j = sum(window.currents[0][1] for window in windows) / 1000
    assert energy_j == pytest.approx(575 * sum(w.span_s for w in windows), rel=2e-4)


@pytest.mark.parametrize("frequency_hz", [49.6, 50.3])
def test_harmonics_and_notched_zero_crossings(frequency_hz: float) -> None:
    angle = 2 * np.pi * frequency_hz * times(4)
    parts = {1: (230, 6, 20), 3: (11.5, 4, 70), 5: (9, 3, -40), 7: (6, 2, 10), 11: (4, 1, 0)}
    voltage = sum(sine(k * angle, v) for k, (v, _, _) in parts.items())
    current = sum(sine(k * angle, i, lag) for k, (_, i, lag) in parts.items())
    notch = np.abs(((angle + 0.3) % np.pi) - 0.3) < 0.02  # the voltage collapses at crossings
    voltage = np.where(notch, -voltage, voltage)
    windows = run(codes(voltage, current), channels(CURRENT))
    plain = ~notch
    voltage_v = math.sqrt(sum(v**2 for v, _, _ in parts.values()))
    power_w = sum(v * i * math.cos(math.radians(lag)) for v, i, lag in parts.values())
    assert plain.mean() > 0.95
    for window, load in zip(windows, loads(windows), strict=True):
        assert window.frequency_hz == pytest.approx(frequency_hz, abs=5e-3)
        assert window.voltage_v == pytest.approx(voltage_v, rel=5e-4)
        assert load.active_power_w == pytest.approx(power_w, rel=2e-3)
        assert load.reactive_power_var == pytest.approx(
            230 * 6 * math.sin(math.radians(20)), rel=5e-3
        )


def test_rectifier_pulses_have_their_closed_form_rms_power_and_crest() -> None:
    """10 A flows during the top 60 degrees of each half-wave."""
    angle = 2 * np.pi * 50.07 * times(6)
    conducting = np.abs(np.sin(angle)) > math.cos(math.pi / 6)
    current = 10 * np.sign(np.sin(angle)) * conducting
    windows = run(codes(sine(angle, 230), current), channels(CURRENT))
    current_a = 10 / math.sqrt(3)
    power_w = 2 / math.pi * 230 * ROOT2 * 10 * math.sin(math.pi / 6)
    for load in loads(windows):
        # A square edge between two samples is known to half a sample only.
        assert load.current_a == pytest.approx(current_a, rel=5e-3)
        assert load.active_power_w == pytest.approx(power_w, rel=5e-3)
        assert load.crest_factor == pytest.approx(10 / current_a, rel=6e-3)
        assert load.power_factor == pytest.approx(power_w / 230 / current_a, rel=5e-3)


@pytest.mark.parametrize("offset", [-2000, -300, 0, 300, 2000])
def test_dc_offset_changes_nothing(offset: int) -> None:
    angle = 2 * np.pi * 50.2 * times(2)
    counts = codes(sine(angle, 230), sine(angle, 0.2, 30), noise=0.3, offset=offset)
    for load in loads(run(counts, channels(CURRENT))):
        assert load.voltage_v == pytest.approx(230, rel=5e-4)
        assert load.current_a == pytest.approx(0.2, rel=2e-3)
        assert load.active_power_w == pytest.approx(46 * math.cos(math.pi / 6), rel=2e-3)
        assert load.reactive_power_var == pytest.approx(23, rel=2e-2)


@pytest.mark.parametrize("delay_deg", [-2.25, 0.4, 1.0, 2.25])
def test_phase_trim_brings_power_factor_one_half_back(delay_deg: float) -> None:
    angle = 2 * np.pi * 50 * times(2)
    delay_s = delay_deg / 360 / 50
    trimmed = dataclasses.replace(CURRENT, phase_delay_s=delay_s)
    late = sine(angle, 8, 60 + delay_deg)
    windows = run(codes(sine(angle, 230), late, late), channels(trimmed, CURRENT))
    for good, bad in zip(loads(windows), loads(windows, 1), strict=True):
        assert good.active_power_w == pytest.approx(920, rel=1e-3)
        assert good.reactive_power_var == pytest.approx(1840 * math.sin(math.pi / 3), rel=1e-3)
        assert abs(bad.active_power_w / 920 - 1) > 0.01


def test_phase_trim_of_the_voltage_works_the_other_way_round() -> None:
    angle = 2 * np.pi * 50 * times(1)
    setup = dataclasses.replace(
        channels(CURRENT), voltage_scale=ChannelScale(0.0305, phase_delay_s=1 / 360 / 50)
    )
    for load in loads(run(codes(sine(angle, 230, 1), sine(angle, 8, 60)), setup)):
        assert load.active_power_w == pytest.approx(920, rel=1e-3)


def test_gain_trim_and_a_reversed_transformer() -> None:
    angle = 2 * np.pi * 50 * times(1)
    current = sine(angle, 8)
    scales = [dataclasses.replace(CURRENT, gain=gain) for gain in (1.02, -1.0)]
    windows = run(codes(sine(angle, 230), current, current), channels(*scales))
    for trimmed, reversed_load in zip(loads(windows), loads(windows, 1), strict=True):
        assert trimmed.current_a == pytest.approx(8.16, rel=5e-4)
        assert trimmed.active_power_w == pytest.approx(1876.8, rel=1e-3)
        assert reversed_load.current_a == pytest.approx(8, rel=5e-4)
        assert reversed_load.active_power_w == pytest.approx(-1840, rel=1e-3)
        assert reversed_load.crest_factor == pytest.approx(ROOT2, rel=5e-3)


def test_rate_trim_corrects_frequency_span_and_energy_but_not_power() -> None:
    angle = 2 * np.pi * 50 * times(5)
    counts = codes(sine(angle, 230), sine(angle, 8))
    fast = run(counts, channels(CURRENT, rate_trim=1.001))  # samples came 0.1 % faster
    for window in fast:
        assert window.frequency_hz == pytest.approx(50.05, abs=1e-3)
        assert window.span_s == pytest.approx(0.2 / 1.001, rel=1e-6)
        assert window.currents[0][0].active_power_w == pytest.approx(1840, rel=1e-3)
        assert window.currents[0][1] == pytest.approx(1840e3 * 0.2 / 1.001, rel=1e-3)


def test_noise_floor_comes_off_in_quadrature() -> None:
    angle = 2 * np.pi * 50 * times(10)
    counts = codes(sine(angle, 230), sine(angle, 0.01), noise=1.0)
    floor = math.hypot(1, math.sqrt(1 / 12)) * AMPS_PER_COUNT
    windows = run(counts, channels(dataclasses.replace(CURRENT, noise_floor=floor)))
    mean_a = np.mean([load.current_a for load in loads(windows)])
    assert mean_a == pytest.approx(0.01, rel=3e-3)  # 1.1 % high with the noise left in


def test_an_hour_of_noise_adds_no_energy() -> None:
    """One converter minute of noise, sixty times over, on live mains."""
    idle = dataclasses.replace(CURRENT, noise_floor=1.1e-3, cutoff_a=5e-3, cutoff_w=1.0)
    angle = 2 * np.pi * 50 * times(60)
    counts = codes(sine(angle, 230), 0 * angle, 0 * angle)
    windows = run(np.tile(counts, (1, 60)), channels(idle, idle), size=48_000)
    assert sum(window.span_s for window in windows) > 3599
    for window in windows:
        for load, energy_mj, *_ in window.currents:
            assert energy_mj == 0.0
            assert (load.current_a, load.active_power_w, load.apparent_power_va) == (0, 0, 0)
            assert (load.reactive_power_var, load.power_factor) == (0, 0)
            assert load.crest_factor is None


def test_power_below_its_own_cutoff_is_zero_while_the_current_shows() -> None:
    angle = 2 * np.pi * 50 * times(1)
    counts = codes(sine(angle, 230), sine(angle, 0.04, 90))
    scale = dataclasses.replace(CURRENT, cutoff_a=5e-3, cutoff_w=1.0)
    for load, energy_mj, *_ in (window.currents[0] for window in run(counts, channels(scale))):
        assert load.active_power_w == 0.0
        assert load.power_factor == 0.0
        assert energy_mj == 0.0
        assert load.current_a == pytest.approx(0.04, rel=5e-2)
        assert load.reactive_power_var == pytest.approx(9.2, rel=5e-2)
