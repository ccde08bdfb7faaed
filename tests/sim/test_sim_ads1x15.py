# SPDX-License-Identifier: Apache-2.0
"""The simulated ADS1015 and ADS1115 by their registers."""

from __future__ import annotations

import numpy as np
import pytest

from pdu_agent.hw.sim.ads1x15 import SimAds1x15
from pdu_agent.model.clock import ManualClock


def pins(times_s):
    return np.repeat(np.array([[1.0], [0.25], [3.0], [0.0]]), len(times_s), axis=1)


@pytest.fixture
def clock():
    return ManualClock()


def converted(chip, clock, config: int, wait_s: float = 0.2) -> int:
    chip.write(1, config.to_bytes(2, "big"))
    clock.advance(wait_s)
    return int.from_bytes(chip.read(0, 2), "big", signed=True)


def test_registers_after_power_on(clock):
    chip = SimAds1x15(pins, clock)
    words = [chip.read(register, 2).hex() for register in range(4)]
    assert words == ["0000", "8583", "8000", "7fff"]


@pytest.mark.parametrize(
    ("config", "volts", "range_v"),
    [
        (0xC3E3, 1.0, 4.096),
        (0xD3E3, 0.25, 4.096),
        (0x83E3, 0.75, 4.096),
        (0xB1E3, 3.0, 6.144),
        (0xC5E3, 1.0, 2.048),
        (0xE5E3, 2.048, 2.048),  # clipped
    ],
)
def test_inputs_and_ranges(clock, config, volts, range_v):
    chip = SimAds1x15(pins, clock)
    expected = min(0x7FFF, round(volts / range_v * 0x8000))
    assert converted(chip, clock, config) == pytest.approx(expected, abs=2)


def test_twelve_bits_are_the_upper_ones(clock):
    chip = SimAds1x15(pins, clock, bits=12)
    code = converted(chip, clock, 0xC3E3)
    assert code & 0xF == 0
    assert code >> 4 == pytest.approx(500, abs=1)
    assert converted(chip, clock, 0xE5E3) == 0x7FF0


@pytest.mark.parametrize(("ppm", "length_s"), [(0, 1 / 860), (-100_000, 1 / 774)])
def test_a_conversion_takes_its_time_and_tells_its_end(clock, ppm, length_s):
    chip = SimAds1x15(pins, clock, ppm=ppm)
    chip.write(1, bytes([0xC3, 0xE3]))
    clock.advance(length_s)
    assert chip.read(1, 2).hex() == "43e3"
    assert chip.read(0, 2) == b"\0\0"
    clock.advance(30e-6)
    assert chip.read(1, 2).hex() == "c3e3"
    assert chip.read(0, 2) != b"\0\0"


def test_continuous_conversions_follow_each_other(clock):
    chip = SimAds1x15(lambda t: np.repeat(t[None, :] % 1.0, 4, axis=0), clock)
    chip.write(1, bytes([0x42, 0xE3]))
    seen = []
    for _ in range(20):
        clock.advance(0.5 / 860)
        seen.append(int.from_bytes(chip.read(0, 2), "big"))
    assert 9 <= len(set(seen)) <= 11


def test_a_hung_chip_keeps_its_result(clock):
    chip = SimAds1x15(pins, clock)
    before = converted(chip, clock, 0xC3E3)
    chip.hung = True
    assert converted(chip, clock, 0xD3E3) == before
    assert not chip.read(1, 2)[0] & 0x80
