# SPDX-License-Identifier: Apache-2.0
"""Values that both MIBs derive alike from those of the model."""

from __future__ import annotations

from pdu_agent.model.commands import TemperatureScale
from pdu_agent.model.quantities import Electrical

_RESISTIVE = 0.1
"""Reactive power up to this part of the apparent power: cos phi of 0.995 and more."""


def part_of(value: float | None, whole: float | None) -> float | None:
    """The ratio, None where it cannot be told."""
    return value / whole if value is not None and whole else None


def reactance(electrical: Electrical) -> str:
    """A label of infeedReactance and its like. The model has inductive loads positive."""
    reactive = part_of(electrical.reactive_power_var, electrical.apparent_power_va)
    if reactive is None:
        return "unknown"
    if abs(reactive) <= _RESISTIVE:
        return "resistive"
    return "inductive" if reactive > 0 else "capacitive"


def in_scale(celsius: float, scale: TemperatureScale) -> float:
    """Degrees of the scale."""
    return celsius * 1.8 + 32 if scale is TemperatureScale.FAHRENHEIT else celsius


def in_celsius(degrees: float, scale: TemperatureScale) -> float:
    """The way back of `in_scale`."""
    return (degrees - 32) / 1.8 if scale is TemperatureScale.FAHRENHEIT else degrees


def degrees_per_kelvin(scale: TemperatureScale) -> float:
    """For differences, such as a hysteresis."""
    return 1.8 if scale is TemperatureScale.FAHRENHEIT else 1.0
