# SPDX-License-Identifier: Apache-2.0
"""Trims found from a reference load make the meter agree with that reference."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from pdu_agent.metering.calibrating import (
    Figures,
    RawMeter,
    ct_corner_of,
    gain_of,
    gain_of_watts,
    lag_of,
    loads_in,
    noise_floor_of,
    null_of,
    offset_of,
    phase_delay_of,
    shrink_of,
    trimmed_phasors,
)
from pdu_agent.metering.calibration import MeterChannels
from pdu_agent.model.errors import MeasurementError
from tests.metering.mains_waves import (
    AMPS_PER_COUNT,
    CURRENT,
    VOLTAGE,
    blocks,
    channels,
    codes,
    run,
    sine,
    times,
)

HZ = 50.1
ANGLE = 2 * np.pi * HZ * times(4)
LEAD_DEG = 1.0
SHRINK = math.cos(math.radians(LEAD_DEG))


def measured(counts: np.ndarray, setup: MeterChannels) -> Figures:
    meter = RawMeter(setup)
    for block in blocks(counts, [500] * (counts.shape[1] // 500)):
        meter.add_block(block)
    assert meter.seconds_s > 3
    return meter.figures()


def test_idle_channels_give_offset_and_noise_floor() -> None:
    counts = codes(sine(ANGLE, 230), 0 * ANGLE, offset=17.0, noise=0.7)
    idle = measured(counts, channels(CURRENT)).of(1)
    assert offset_of(idle) == pytest.approx(17.0, abs=0.02)
    assert noise_floor_of(idle, -1.1) == pytest.approx(
        1.1 * math.hypot(0.7, math.sqrt(1 / 12)) * AMPS_PER_COUNT, rel=0.02
    )


@pytest.mark.parametrize("by", ["amperes", "watts"])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_resistive_reference_gives_trims_that_agree_with_it(by: str, sign: int) -> None:
    """The voltage reads 2 % low; the CT 3 % high, leads by 1 degree, one is reversed."""
    current = sign * 1.03 * SHRINK * sine(ANGLE, 8, -LEAD_DEG)
    counts = codes(sine(ANGLE, 230 * 0.98), current)
    setup = channels(dataclasses.replace(CURRENT, gain=0.7, phase_delay_s=1e-4))
    found = measured(counts, setup)
    assert found.frequency_hz == pytest.approx(HZ, abs=1e-3)
    voltage, loaded = found.of(0), found.of(1)
    voltage_gain = gain_of(voltage, 230.0)
    corner_hz = ct_corner_of(loaded, HZ)
    assert corner_hz == pytest.approx(HZ * math.tan(math.radians(LEAD_DEG)), rel=2e-3)
    shrink = shrink_of(corner_hz, HZ)
    gain = (
        gain_of(loaded, 8.0, shrink)
        if by == "amperes"
        else gain_of_watts(loaded, 230.0 * 8.0, voltage_gain, shrink)
    )
    assert gain == pytest.approx(sign / 1.03, rel=2e-4)
    trimmed = MeterChannels(
        0,
        dataclasses.replace(VOLTAGE, gain=voltage_gain),
        ((1, dataclasses.replace(CURRENT, gain=gain, ct_corner_hz=corner_hz)),),
    )
    load = run(counts, trimmed)[-1].currents[0].electrical
    assert load.active_power_w == pytest.approx(1840, rel=3e-4)
    assert load.current_a == pytest.approx(8, rel=3e-4)
    assert load.reactive_power_var == pytest.approx(0, abs=1)


@pytest.mark.parametrize("factor", [0.5, -0.5, 0.8])
def test_a_reference_of_known_power_factor_serves_as_well(factor: float) -> None:
    lag_deg = math.copysign(math.degrees(math.acos(abs(factor))), factor)
    counts = codes(sine(ANGLE, 230), 1.03 * SHRINK * sine(ANGLE, 8, lag_deg - LEAD_DEG))
    found = measured(counts, channels(CURRENT)).of(1)
    lag_rad = lag_of(factor)
    assert lag_rad == pytest.approx(math.radians(lag_deg))
    corner_hz = ct_corner_of(found, HZ, lag_rad)
    assert corner_hz == pytest.approx(HZ * math.tan(math.radians(LEAD_DEG)), rel=2e-3)
    gain = gain_of_watts(found, 1840 * abs(factor), 1.0, shrink_of(corner_hz, HZ), lag_rad)
    assert gain == pytest.approx(1 / 1.03, rel=2e-4)
    late_s = phase_delay_of(found, HZ, 0.0, lag_rad)
    assert late_s == pytest.approx(-LEAD_DEG / 360 / HZ, rel=2e-3)


def test_loads_are_told_apart_by_phase_and_not_by_size() -> None:
    one = np.array([[8, 0, -8], [4, 0, -4.0]], dtype=complex)
    assert loads_in(one) == 1
    assert loads_in(np.vstack([one, [[0, 5j, -5j]]])) == 2


def test_a_delay_is_found_with_its_sign() -> None:
    found = measured(codes(sine(ANGLE, 230), sine(ANGLE, 8, 2.0)), channels(CURRENT))
    late_s = phase_delay_of(found.of(1), HZ, 1e-5)
    assert late_s == pytest.approx(2 / 360 / HZ + 1e-5, rel=2e-3)
    with pytest.raises(MeasurementError, match=r"channel 2 lags by 2\.00 degrees"):
        ct_corner_of(found.of(1), HZ)


def test_nulls_take_a_mismatch_off_the_sum() -> None:
    setup = channels(CURRENT, CURRENT)
    counts = codes(sine(ANGLE, 230), sine(ANGLE, 8), -1.004 * sine(ANGLE, 8, -0.2))
    found = measured(counts, setup)
    phasors = trimmed_phasors(found.phasors, (CURRENT, CURRENT), HZ)
    gains, corners_hz = null_of(phasors, HZ)
    nulls = np.array(gains) + 1j * np.array(corners_hz) / HZ
    left = (phasors * (1 - nulls)).sum(axis=1)
    assert np.abs(left.mean()) < 1e-6
    assert abs(gains[1] - gains[0]) == pytest.approx(0.004, rel=0.02)


def test_what_is_not_connected_is_told() -> None:
    silent = measured(0 * codes(sine(ANGLE, 230), sine(ANGLE, 1)), channels(CURRENT))
    assert silent.frequency_hz is None
    with pytest.raises(MeasurementError, match="channel 1 shows nothing"):
        gain_of(silent.of(0), 230.0)
    with pytest.raises(MeasurementError, match="channel 2 shows no power"):
        phase_delay_of(silent.of(1), 50.0, 0.0)
    with pytest.raises(MeasurementError, match="reference is -1"):
        gain_of(silent.of(0), -1.0)
    with pytest.raises(MeasurementError, match="nothing to null"):
        null_of(silent.phasors, 50.0)
    with pytest.raises(MeasurementError, match="nothing measured yet"):
        RawMeter(channels(CURRENT)).figures()
