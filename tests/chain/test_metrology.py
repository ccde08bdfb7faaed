# SPDX-License-Identifier: Apache-2.0
"""Real transformers, three phases, residual current and inrush through the byte-level chain.

The figures are those of bench/metering_accuracy.py, over a few seconds.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from pdu_agent.app.config.wiring import CurrentChannel, SampledWiring, VoltageChannel
from pdu_agent.hw.sim.waveform import active_power
from pdu_agent.model.commands import Target, TargetKind
from tests.chain.front_end import ONE_DEGREE_HZ, Bench, Conductor, FrontEnd, drawn, turned
from tests.chain.metrology import (
    LOADS,
    MAINS_HZ,
    RECTIFIER,
    drifting,
    load_errors,
    random_day_percent,
    residual_by_sum_ma,
    residual_direct_ma,
)


def outlet(number: int) -> Target:
    return Target(TargetKind.OUTLET, number)


@pytest.mark.parametrize("hz", MAINS_HZ)
def test_power_energy_and_thd_behind_a_transformer(hz: float) -> None:
    for (amperes, factor, _), errors in zip(LOADS, load_errors(hz, 8.0), strict=True):
        low = abs(factor) < 0.8
        assert errors.window_percent < (0.1 if low else 0.05), (amperes, factor)
        assert errors.second_percent < 0.5
        assert errors.energy_percent < (0.02 if low else 0.01), (amperes, factor)
        assert errors.thd_points < 0.1, (amperes, factor)


@pytest.mark.parametrize(("load_a", "leak_a"), [(1.0, 0.006), (16.0, 0.0), (16.0, 0.03)])
def test_residual_current_by_the_sum_of_nulled_conductors(load_a: float, leak_a: float) -> None:
    assert residual_by_sum_ma(load_a, leak_a, 4.0) < 0.5 + 0.2 * load_a


@pytest.mark.parametrize("leak_a", [0.001, 0.03, 0.3])
def test_residual_current_by_a_transformer_of_its_own(leak_a: float) -> None:
    assert residual_direct_ma(leak_a, 2.0) < 0.5


def test_energy_of_a_load_that_changes_at_random() -> None:
    assert random_day_percent(0.05) < 0.02


def three_phases() -> tuple[FrontEnd, Bench, list[float]]:
    """5 A of different power factors on each phase; the true watts of each."""
    mains = drifting(50.0)
    voltages = [turned(mains.phasors, phase / 3) for phase in range(3)]
    currents = [turned(drawn(mains, 5.0, factor), n / 3) for n, factor in enumerate((1, 0.5, -0.7))]
    front_end = FrontEnd(
        mains, voltages, [Conductor(each, corner_hz=ONE_DEGREE_HZ) for each in currents]
    )
    wiring = SampledWiring(
        "sim:0",
        VoltageChannel(channel=1, divider=200.0),
        tuple(
            CurrentChannel(n + 3, outlet(n), ct_corner_hz=ONE_DEGREE_HZ, voltage=n)
            for n in (1, 2, 3)
        ),
        other_voltages=tuple(VoltageChannel(channel=n, divider=200.0) for n in (2, 3)),
    )
    true_w = [active_power(v, i) for v, i in zip(voltages, currents, strict=True)]
    return front_end, Bench(front_end, wiring), true_w


def test_each_phase_is_metered_against_its_own_voltage() -> None:
    _, bench, true_w = three_phases()
    windows = list(bench.windows(3.0))
    assert len(windows) > 10
    for window in windows:
        for point, watts in zip(window.currents, true_w, strict=True):
            assert point.electrical.active_power_w == pytest.approx(watts, rel=1e-3)
            assert point.electrical.voltage_v == pytest.approx(230.1, rel=2e-3)
            assert point.electrical.voltage_thd_percent == pytest.approx(5.477, abs=0.1)


@pytest.mark.parametrize("phase", [0, 1])
def test_losing_a_phase_leaves_the_others_metered(phase: int) -> None:
    front_end, bench, true_w = three_phases()
    fails_at_s = bench.time.monotonic_s() + 2.0
    front_end.fails_at_s[phase] = fails_at_s
    windows = list(bench.windows(5.0))
    spans_s = sum(window.span_s for window in windows)
    assert windows[-1].t_mono_s - windows[0].t_mono_s == pytest.approx(
        spans_s - windows[0].span_s, abs=1e-3
    )
    for number, watts in enumerate(true_w):
        if number == phase:
            continue
        energy_mj = sum(window.currents[number].energy_mj for window in windows)
        assert energy_mj == pytest.approx(1000 * watts * spans_s, rel=5e-3)
    settled = [window for window in windows if window.t_mono_s > fails_at_s + 0.8]
    assert settled
    for window in settled:
        assert window.frequency_hz == pytest.approx(52.0, abs=5.0)
        for number, (watts, point) in enumerate(zip(true_w, window.currents, strict=True)):
            shown = point.electrical
            if number == phase:
                assert shown.voltage_v < 1.0
                assert shown.active_power_w == 0.0
                assert shown.voltage_thd_percent is None
            else:
                assert shown.active_power_w == pytest.approx(watts, rel=1e-3)
                assert point.reactive_mvars is not None


@pytest.mark.parametrize(("times", "clipped"), [(3.0, False), (6.0, True)])
def test_an_inrush_is_cut_out_around_the_moment_the_current_rose(
    times: float, clipped: bool
) -> None:
    """Of 10 A, for 50 ms so many times as much; the channel ends at 48 A."""
    mains = drifting(50.0)
    conductor = Conductor(drawn(mains, 10.0, 1.0), corner_hz=ONE_DEGREE_HZ)
    front_end = FrontEnd(mains, [mains.phasors], [conductor], noise_share=0.0)
    wiring = SampledWiring(
        "sim:0",
        VoltageChannel(channel=1, divider=200.0),
        (CurrentChannel(2, outlet(1), ct_corner_hz=ONE_DEGREE_HZ),),
    )
    bench = Bench(front_end, wiring)
    commanded_s = bench.time.monotonic_s() + 2.0
    closes_s = commanded_s + 0.0123
    front_end.levels = (
        np.array([closes_s, closes_s + 0.05]),
        np.array([0.0, times, 1.0]),
    )
    asked = False
    found = []
    for block in bench.blocks(3.0):
        bench.meter.add_block(block)
        if not asked and block.t_mono_s > commanded_s + 0.1:  # told late
            bench.meter.capture(0, commanded_s)
            asked = True
        found += bench.meter.take_waveforms()
    (waveform,) = found
    rise_s = waveform.t_mono_s + 2 * 0.02
    assert rise_s == pytest.approx(closes_s, abs=0.002)
    assert waveform.clipped is clipped
    assert len(waveform.voltage_v) == len(waveform.current_a) == 1600
    times_s = waveform.t_mono_s + np.arange(1600) / waveform.rate_hz
    basis = mains.basis(times_s)
    np.testing.assert_allclose(waveform.voltage_v, mains.voltage(times_s, basis), atol=40.0)
    amperes = np.array(waveform.current_a)
    assert np.abs(amperes[:300]).max() < 0.01
    true_peak_a = times * 10 * math.sqrt(2)
    if clipped:
        assert 45 < np.abs(amperes[330:600]).max() < true_peak_a
    else:
        assert np.abs(amperes[330:600]).max() == pytest.approx(true_peak_a, rel=0.02)
    assert np.abs(amperes[-400:]).max() == pytest.approx(10 * math.sqrt(2), rel=0.05)


def test_a_switch_on_too_long_ago_gives_no_waveform() -> None:
    _, bench, _ = three_phases()
    list(bench.windows(2.0))
    bench.meter.capture(0, bench.time.monotonic_s() - 1.5)
    list(bench.windows(1.0))
    assert bench.meter.take_waveforms() == []
    with pytest.raises(ValueError, match="no current 3, there are 3"):
        bench.meter.capture(3, 0.0)


def test_harmonics_are_told_order_by_order_once_a_second() -> None:
    mains = drifting(50.0)
    wiring = SampledWiring(
        "sim:0",
        VoltageChannel(channel=1, divider=200.0),
        (
            CurrentChannel(2, outlet(1), ct_corner_hz=ONE_DEGREE_HZ),
            CurrentChannel(3, outlet(2)),
        ),
    )
    currents = [drawn(mains, 4.0, 1.0, RECTIFIER), 0 * mains.phasors]
    front_end = FrontEnd(
        mains, [mains.phasors], [Conductor(each, corner_hz=ONE_DEGREE_HZ) for each in currents]
    )
    windows = list(Bench(front_end, wiring).windows(5.0))
    spectra = [each for window in windows if (each := window.currents[0].spectrum) is not None]
    assert 4 <= len(spectra) <= 6
    for spectrum in spectra:
        assert len(spectrum.voltage_v) == len(spectrum.current_a) == 40
        first_a = spectrum.current_a[0]
        for order, share in RECTIFIER.items():
            assert spectrum.current_a[order - 1] / first_a == pytest.approx(share, abs=1e-3)
        assert max(spectrum.current_a[1::2]) < 2e-3 * first_a
        assert spectrum.voltage_v[4] == pytest.approx(230 * 0.04, rel=5e-3)
    idle = windows[-1].currents[1].electrical
    assert idle.current_thd_percent is None
    assert idle.voltage_thd_percent is not None
