# SPDX-License-Identifier: Apache-2.0
"""What is published of a current: noise floor and cutoffs applied, no figure made of noise."""

from __future__ import annotations

import math

from pdu_agent.metering.calibration import ChannelScale
from pdu_agent.model.quantities import Electrical, Quality


def without_noise(rms: float, floor: float) -> float:
    """RMS without the idle channel's own noise, which adds in quadrature."""
    return math.sqrt(rms * rms - floor * floor) if rms > floor else 0.0


def load(
    scale: ChannelScale,
    voltage_v: float,
    frequency_hz: float | None,
    rms_a: float,
    power_w: float,
    reactive_var: float | None,
    peak_a: float,
    voltage_thd_percent: float | None,
    current_thd_percent: float | None,
) -> Electrical:
    """One current with its voltage: zeros below the cutoffs, no crest factor of noise."""
    current_a = without_noise(rms_a, scale.noise_floor)
    if current_a <= scale.cutoff_a:
        return Electrical(
            voltage_v,
            0.0,
            0.0,
            0.0,
            0.0,
            0.0,
            frequency_hz,
            None,
            Quality.OK,
            voltage_thd_percent,
        )
    apparent_va = voltage_v * current_a
    if abs(power_w) < scale.cutoff_w:
        power_w = 0.0
    if reactive_var is not None and abs(reactive_var) < scale.cutoff_w:
        reactive_var = 0.0
    # Less noise is taken off the power than off its factors: near the floor it can be larger.
    power_factor = power_w / max(apparent_va, abs(power_w)) if power_w else 0.0
    return Electrical(
        voltage_v,
        current_a,
        power_w,
        apparent_va,
        reactive_var,
        power_factor,
        frequency_hz,
        peak_a / rms_a,
        Quality.OK,
        voltage_thd_percent,
        current_thd_percent,
    )


def residual_load(current_a: float) -> Electrical:
    """A residual current: RMS amperes and nothing else, as it has no voltage of its own."""
    return Electrical(current_a=current_a, quality=Quality.OK)
