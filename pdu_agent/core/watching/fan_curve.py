# SPDX-License-Identifier: Apache-2.0
"""What a fan is to do at a temperature: its curve, with hysteresis, and full speed in doubt."""

from __future__ import annotations

from itertools import pairwise

from pdu_agent.core.metered.sensors import SensorLive
from pdu_agent.core.settings import FULL_DUTY_PERCENT, FanSettings
from pdu_agent.model.commands import Quantity

PLAUSIBLE_C = (-40.0, 125.0)
"""The range of common silicon sensors (data sheets of DS18B20, SHT3x, BME280: -55, -40 or so, to
85 or 125); what lies beyond is a broken line, not air."""
LEAST_STEP_PERCENT = 1.0


def duty_at(curve: tuple[tuple[float, ...], ...], celsius: float) -> float:
    """In percent; linear between two corners, and that of the outer corner beyond them."""
    for (low_c, low), (high_c, high) in pairwise(curve):
        if celsius < high_c:
            return low + (high - low) * max(0.0, celsius - low_c) / (high_c - low_c)
    return curve[-1][1]


def regulated(fan: FanSettings, celsius: float, told_percent: float) -> float:
    """The duty at this temperature for a fan that was told another one before: more at once, less
    only as far as it would be `hysteresis_c` warmer.
    """
    return min(
        max(duty_at(fan.curve, celsius), told_percent),
        duty_at(fan.curve, celsius + fan.hysteresis_c),
    )


def is_worth_telling(duty_percent: float, told_percent: float) -> bool:
    """Full speed always is."""
    if duty_percent == FULL_DUTY_PERCENT:
        return told_percent != FULL_DUTY_PERCENT
    return abs(duty_percent - told_percent) >= LEAST_STEP_PERCENT


def temperature_of(number: int, sensor: SensorLive | None) -> tuple[float | None, str]:
    """Celsius to believe, or None and why; "" while the first value has not come yet."""
    celsius = sensor.current_value(Quantity.TEMPERATURE) if sensor is not None else None
    if sensor is None or celsius is None:
        return None, f"sensor {number}: {sensor.error}" if sensor and sensor.error else ""
    if not PLAUSIBLE_C[0] <= celsius <= PLAUSIBLE_C[1]:
        return None, f"sensor {number}: {celsius:g} C cannot be"
    return celsius, ""
