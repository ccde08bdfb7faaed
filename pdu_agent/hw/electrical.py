# SPDX-License-Identifier: Apache-2.0
"""What follows from what a meter of alternating current gives, and what it cannot give."""

from __future__ import annotations

from dataclasses import replace

from pdu_agent.model.quantities import Electrical

POSSIBLE_V = 500.0
"""A lost neutral puts up to 400 V on an outlet; more is a meter that lies."""
POSSIBLE_OVERLOAD = 4.0
"""A motor that starts draws several times its power, mostly reactive."""


def impossible(voltage_v: float | None, current_a: float | None, max_power_w: float) -> str:
    """Why these RMS values cannot be true of a channel that carries up to max_power_w; "" where
    they can.
    """
    if voltage_v is not None and not 0 <= voltage_v <= POSSIBLE_V:
        return f"{voltage_v:.0f} V, which cannot be"
    most_va = POSSIBLE_OVERLOAD * max_power_w
    if current_a is not None and (voltage_v or POSSIBLE_V) * abs(current_a) > most_va:
        return f"{current_a:.0f} A, which cannot be with max_power_w {max_power_w:g}"
    return ""


def completed(measured: Electrical) -> Electrical:
    """With apparent power and power factor where the meter does not give them.

    The power factor is held within -1..1: the parts of it were measured one after the other.
    """
    apparent_va = measured.apparent_power_va
    if apparent_va is None and None not in (measured.voltage_v, measured.current_a):
        apparent_va = (measured.voltage_v or 0.0) * abs(measured.current_a or 0.0)
    factor = measured.power_factor
    if factor is None and apparent_va is not None and measured.active_power_w is not None:
        whole = measured.active_power_w / apparent_va if apparent_va else 0.0
        factor = max(-1.0, min(1.0, whole))
    return replace(measured, apparent_power_va=apparent_va, power_factor=factor)
