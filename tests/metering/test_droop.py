# SPDX-License-Identifier: Apache-2.0
"""The droop of a converter's filter, undone in samples and in harmonics."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pdu_agent.metering.blocks import SampleBlock
from pdu_agent.metering.calibration import ChannelScale, MeterChannels
from pdu_agent.metering.droop import FLAT, Evener, Sinc
from pdu_agent.metering.meter import BlockMeter, Window

THIRD_ORDER = Sinc(3, 8000.0)


def test_magnitude_is_that_of_the_data_sheet():
    at = THIRD_ORDER.magnitude(np.array([0.0, 50.0, 2000.0, 4000.0, 8000.0]))
    assert at[0] == 1.0
    assert at[1] == pytest.approx(1 - 0.000193, abs=1e-6)
    assert at[2] == pytest.approx(0.7298, abs=1e-4)  # (sin(pi/4) / (pi/4))^3
    assert at[3] == pytest.approx((2 / math.pi) ** 3)
    assert at[4] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("rate_hz", [8000.0, 4000.0])
def test_evened_samples_are_right_at_low_orders_whatever_the_rate_of_reading(rate_hz: float):
    hz = np.array([50.0, 150.0, 250.0])
    left = Evener(THIRD_ORDER).magnitude(hz, rate_hz)
    np.testing.assert_allclose(left, 1.0, atol=5e-4)
    assert left[0] == pytest.approx(1.0, abs=1e-6)


def test_even_does_to_a_wave_what_magnitude_says():
    angle = 2 * np.pi * np.arange(1600) / 1600
    orders = (10, 110, 400)  # 50, 550 and 2000 Hz
    rows = np.array([np.cos(order * angle) for order in orders], np.float32)
    Evener(THIRD_ORDER).even(rows, 8000.0)
    shown = [2 * np.mean(row * np.cos(n * angle)) for row, n in zip(rows, orders, strict=True)]
    evened = Evener(THIRD_ORDER).magnitude(np.array([50.0, 550.0, 2000.0]), 8000.0)
    droop = THIRD_ORDER.magnitude(np.array([50.0, 550.0, 2000.0]))
    np.testing.assert_allclose(shown * droop, evened, rtol=1e-6)


def test_mean_and_a_flat_converter_are_left_alone():
    rows = np.random.default_rng(1).normal(5.0, 1.0, (2, 400)).astype(np.float32)
    evened = rows.copy()
    Evener(FLAT).even(evened, 8000.0)
    np.testing.assert_array_equal(evened, rows)
    Evener(THIRD_ORDER).even(evened, 8000.0)
    np.testing.assert_allclose(evened.mean(axis=1), rows.mean(axis=1), rtol=1e-5)
    assert not np.array_equal(evened, rows)


def windows_of(
    shares: dict[int, float], droop: Sinc, rate_hz: float = 8000.0, chip_hz: float = 8000.0
) -> list[Window]:
    """A second of 230 V and 5 A in phase, both with these harmonics, as the chip shows them."""
    hz = 50.2
    times_s = np.arange(round(rate_hz)) / rate_hz
    wave = sum(
        share
        * Sinc(3, chip_hz).magnitude(np.array([order * hz]))[0]
        * np.sin(2 * np.pi * order * hz * times_s)
        for order, share in {1: 1.0, **shares}.items()
    )
    rows = math.sqrt(2) * np.array([230.0 * wave, 5.0 * wave]) * 1e4
    scale = ChannelScale(1e-4)
    meter = BlockMeter(MeterChannels(0, scale, ((1, scale),)), droop=droop)
    return meter.add_block(SampleBlock(np.rint(rows).astype(np.int32), rate_hz, 0.0, 1))


def test_power_and_distortion_of_harmonics_are_as_before_the_filter():
    shares = {3: 0.3, 11: 0.1, 39: 0.01}
    square = 1 + sum(share**2 for share in shares.values())
    for window in windows_of(shares, THIRD_ORDER):
        point = window.currents[0]
        assert point.electrical.active_power_w == pytest.approx(1150 * square, rel=1e-4)
        assert point.electrical.current_thd_percent == pytest.approx(
            100 * math.sqrt(square - 1), abs=0.01
        )
        if point.spectrum is not None:
            assert point.spectrum.current_a[38] == pytest.approx(0.05, rel=2e-3)
            assert point.spectrum.current_a[2] == pytest.approx(1.5, rel=1e-4)


def test_uncorrected_the_same_harmonics_are_too_small():
    (window, *_) = windows_of({39: 0.05}, FLAT)
    spectrum = window.currents[0].spectrum
    assert spectrum is not None
    assert spectrum.current_a[38] == pytest.approx(0.25 * 0.742, rel=1e-2)


def test_orders_that_the_rate_does_not_tell_apart_are_not_told():
    """At 2000 samples/s the 39th harmonic would show the fundamental."""
    slow = Sinc(3, 2000.0)
    (window, *_) = windows_of({3: 0.1}, slow, rate_hz=2000.0, chip_hz=2000.0)
    point = window.currents[0]
    assert point.spectrum is not None
    assert len(point.spectrum.current_a) == 19
    assert point.electrical.current_thd_percent == pytest.approx(10.0, abs=0.05)
