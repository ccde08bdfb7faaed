# SPDX-License-Identifier: Apache-2.0
"""Loads through real transformers, the driver and the meter, held against their closed forms.

Transformers lead by 1 degree at 50 Hz and are corrected by their law; every channel has noise
of 0.1 % of its reading and 0.7 codes; the mains drifts by 0.5 Hz/s at most.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pdu_agent.app.config.wiring import (
    CurrentChannel,
    ResidualWiring,
    SampledWiring,
    VoltageChannel,
)
from pdu_agent.hw.sim.waveform import Mains, active_power, rms
from pdu_agent.metering.calibrating import RawMeter, null_of, trimmed_phasors
from pdu_agent.model.commands import Target, TargetKind
from tests.chain.front_end import ONE_DEGREE_HZ, Bench, Conductor, FrontEnd, drawn

MAINS_HZ = (49.2, 55.0, 60.8)
"""With SWING_HZ around them 45 to 65 Hz."""
SWING_HZ = 4.16  # in the simulator's two swings 0.5 Hz/s where it is steepest
RECTIFIER = {3: 0.75, 5: 0.45, 7: 0.2, 9: 0.07, 11: 0.04}
LOADS: tuple[tuple[float, float, dict[int, float]], ...] = (
    (16.0, 1.0, {}),
    (16.0, 0.5, {}),
    (4.0, 0.98, RECTIFIER),
    (1.0, -0.5, {3: 0.1, 5: 0.05}),
    (0.34, 1.0, {}),  # 1 % of the range
    (0.34, 0.5, {}),
)
"""Amperes, power factor of the fundamental (negative: leading), harmonics."""


@dataclass(frozen=True, slots=True)
class LoadErrors:
    """Of one load: largest errors of a window's and of a second's power, of all the energy,
    in %, and of THD, in points.
    """

    window_percent: float
    second_percent: float
    energy_percent: float
    thd_points: float


def drifting(hz: float) -> Mains:
    """5.5 % of harmonics; the voltage's level does not change."""
    return Mains(
        230.0,
        hz,
        harmonics={3: 0.03, 5: -0.04, 7: 0.02, 11: 0.01},
        drift_hz=SWING_HZ,
        drift_share=0.0,
        noise_share=0.0,
    )


def load_errors(hz: float, seconds: float) -> list[LoadErrors]:
    """Of each of LOADS, all at once on one converter."""
    mains = drifting(hz)
    conductors = [Conductor(drawn(mains, *load), corner_hz=ONE_DEGREE_HZ) for load in LOADS]
    currents = tuple(
        CurrentChannel(number + 1, Target(TargetKind.OUTLET, number), ct_corner_hz=ONE_DEGREE_HZ)
        for number in range(1, len(LOADS) + 1)
    )
    wiring = SampledWiring("sim:0", VoltageChannel(channel=1, divider=200.0), currents)
    bench = Bench(FrontEnd(mains, [mains.phasors], conductors), wiring, 60.0 if hz > 57 else 50.0)
    windows = list(bench.windows(seconds))
    spans_s = np.array([window.span_s for window in windows])
    found = []
    for number, conductor in enumerate(conductors):
        points = [window.currents[number] for window in windows]
        power_w = np.array([point.electrical.active_power_w for point in points])
        true_w = active_power(mains.phasors, conductor.phasors)
        peaks = np.abs(conductor.phasors)
        true_thd = 100 * math.sqrt(float(np.sum(peaks[1:] ** 2))) / float(peaks[0])
        thd = np.array([point.electrical.current_thd_percent for point in points], dtype=float)
        seconds_w = np.convolve(power_w, np.full(5, 0.2), "valid")
        energy_mj = sum(point.energy_mj or 0.0 for point in points)
        found.append(
            LoadErrors(
                100 * float(np.abs(power_w / true_w - 1).max()),
                100 * float(np.abs(seconds_w / true_w - 1).max()),
                100 * abs(energy_mj / (1000 * true_w * float(spans_s.sum())) - 1),
                float(np.abs(thd - true_thd).max()),
            )
        )
    return found


def residual_by_sum_ma(load_a: float, leak_a: float, seconds: float) -> float:
    """Largest error over 1 s, after nulling at another load without leakage; mA."""
    mains = drifting(50.0)
    plain = SampledWiring(
        "sim:0",
        VoltageChannel(channel=1, divider=200.0),
        (
            CurrentChannel(2, Target(TargetKind.INLET, 1), ct_corner_hz=ONE_DEGREE_HZ),
            CurrentChannel(3, ct_corner_hz=ONE_DEGREE_HZ),
        ),
        residuals=(ResidualWiring(1, (2, 3)),),
    )
    gains, corners_hz = _nulls(mains, plain)
    nulled = SampledWiring(
        plain.bus,
        plain.voltage,
        plain.currents,
        residuals=(ResidualWiring(1, (2, 3), gains, corners_hz),),
    )
    bench = Bench(FrontEnd(mains, [mains.phasors], _pair(mains, load_a, leak_a)), nulled)
    shown_a = [window.currents[2].electrical.current_a for window in bench.windows(seconds)]
    squares = np.array(shown_a, dtype=float) ** 2
    over_1_s = np.sqrt(np.convolve(squares, np.full(5, 0.2), "valid"))
    return 1000 * float(np.abs(over_1_s - leak_a).max())


def _nulls(mains: Mains, wiring: SampledWiring) -> tuple[tuple[float, ...], tuple[float, ...]]:
    bench = Bench(FrontEnd(mains, [mains.phasors], _pair(mains, 8.0, 0.0)), wiring)
    raw = RawMeter(bench.channels, droop=bench.source.droop)
    for block in bench.blocks(10.0):
        raw.add_block(block)
    figures = raw.figures()
    assert figures.frequency_hz is not None
    scales = tuple(scale for _, scale in bench.channels.currents)
    trimmed = trimmed_phasors(figures.phasors, scales, figures.frequency_hz)
    return null_of(trimmed, figures.frequency_hz)


def _pair(mains: Mains, load_a: float, leak_a: float) -> list[Conductor]:
    """Line and neutral; the neutral's transformer is 0.3 % and some minutes of angle off."""
    harmonics = {3: 0.2, 5: 0.1}
    line = drawn(mains, load_a, 0.9, harmonics)
    leak = drawn(mains, leak_a) if leak_a else 0 * line
    return [
        Conductor(line + leak, corner_hz=ONE_DEGREE_HZ),
        Conductor(-line, corner_hz=1.1 * ONE_DEGREE_HZ, mismatch=1.003),
    ]


def residual_direct_ma(leak_a: float, seconds: float) -> float:
    """Largest error of a 300 mA residual current channel in any window; mA."""
    mains = drifting(50.0)
    burden_ohm = 4700.0
    channel = CurrentChannel(
        2, Target(TargetKind.RESIDUAL, 1), burden_ohm=burden_ohm, noise_floor_a=1.2e-5
    )
    wiring = SampledWiring("sim:0", VoltageChannel(channel=1, divider=200.0), (channel,))
    leak = Conductor(drawn(mains, leak_a), burden_ohm / 1000.0)
    bench = Bench(FrontEnd(mains, [mains.phasors], [leak]), wiring)
    points = [window.currents[0].electrical for window in bench.windows(seconds)]
    assert all(point.active_power_w is None and point.voltage_v is None for point in points)
    return 1000 * max(abs((point.current_a or 0.0) - rms(leak.phasors)) for point in points)


def random_day_percent(hours: float, seed: int = 1) -> float:
    """Error of the energy of a load that changes at random every 2 to 40 s."""
    mains = drifting(50.0)
    rng = np.random.default_rng(seed)
    conductor = Conductor(drawn(mains, 5.0, 0.9, RECTIFIER), corner_hz=ONE_DEGREE_HZ)
    channel = CurrentChannel(2, Target(TargetKind.OUTLET, 1), ct_corner_hz=ONE_DEGREE_HZ)
    wiring = SampledWiring("sim:0", VoltageChannel(channel=1, divider=200.0), (channel,))
    front_end = FrontEnd(mains, [mains.phasors], [conductor])
    bench = Bench(front_end, wiring)
    begins_s = bench.time.monotonic_s()
    changes_s = begins_s + np.cumsum(rng.uniform(2.0, 40.0, int(hours * 3600 / 21) + 50))
    levels = np.concatenate(([1.0], rng.uniform(0.1, 3.0, len(changes_s))))
    front_end.levels = (changes_s, levels)
    counted_mj = 0.0
    first_s = last_s = 0.0
    for window in bench.windows(hours * 3600):
        first_s = first_s or window.t_mono_s - window.span_s
        last_s = window.t_mono_s
        counted_mj += window.currents[0].energy_mj or 0.0
    edges_s = np.clip(np.concatenate(([begins_s], changes_s, [math.inf])), first_s, last_s)
    level_s = float(np.diff(edges_s) @ levels)
    true_mj = 1000 * active_power(mains.phasors, conductor.phasors) * level_s
    return 100 * abs(counted_mj / true_mj - 1)
