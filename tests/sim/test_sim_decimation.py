# SPDX-License-Identifier: Apache-2.0
"""The simulated decimation filter against the sinc of the data sheet."""

from __future__ import annotations

import numpy as np
import pytest

from pdu_agent.hw.sim.ads130e08 import SimAds130e08
from pdu_agent.hw.sim.decimation import filtered

PERIOD_S = 1 / 8000


def wave(hz: float):
    def inputs(times_s):
        return np.cos(2 * np.pi * hz * times_s)[None, :].astype(np.float32)

    return inputs


@pytest.mark.parametrize("hz", [0.0, 50.0, 550.0, 1000.0, 2000.0, 2160.0])
def test_wave_is_smaller_by_the_cube_of_the_sinc(hz: float):
    times_s = np.arange(100.0, 100.05, PERIOD_S)
    shown = filtered(wave(hz), times_s, PERIOD_S)
    expected = wave(hz)(times_s) * np.sinc(hz * PERIOD_S) ** 3
    np.testing.assert_allclose(shown, expected, atol=5e-5)


def test_conversion_is_the_same_with_and_without_its_neighbours():
    times_s = np.arange(7.0, 7.01, PERIOD_S)
    together = filtered(wave(330.0), times_s, PERIOD_S)
    apart = filtered(wave(330.0), times_s[::3], PERIOD_S)
    np.testing.assert_allclose(apart, together[:, ::3], atol=1e-6)


@pytest.mark.parametrize(("droops", "share"), [(True, 0.7298), (False, 1.0)])
def test_chip_shows_its_droop_unless_it_has_none(droops: bool, share: float):
    chip = SimAds130e08(wave(2000.0), noise_lsb=0.0, droops=droops)
    chip.exchange(bytes([0x11]), 0.01)
    chip.exchange(bytes([0x43, 0x00, 0xC0]), 0.02)  # reference on
    chip.exchange(bytes([0x08]), 0.2)
    starts_s = 0.3 + (np.arange(800) + 0.1) * PERIOD_S
    raw = chip.exchange_many(bytes([0x12, *[0] * 19]), starts_s)
    frames = np.frombuffer(raw, np.uint8).reshape(-1, 20)[:, 1:]
    codes = np.ascontiguousarray(frames[:, 3:5]).view(">i2")[:, 0].astype(float)
    rms_v = np.sqrt(np.mean(codes**2)) * 2.4 / 32768
    # Four samples a cycle show the RMS of a wave whatever their phase.
    assert rms_v == pytest.approx(share / np.sqrt(2), rel=1e-3)
