# SPDX-License-Identifier: Apache-2.0
"""Parts of a simulated converter that are not quite what they are called.

With a tolerance of 1 % current transformers are those of class 1 of IEC 61869-2 at rated
current: up to 1 % too much or too little, and up to 60 minutes of angle ahead.
"""

from __future__ import annotations

import math
import random
from dataclasses import replace

from pdu_agent.hw.sim.inputs import ConverterPlan

_LEAD_DEGREES = 100.0
"""For a tolerance of 1, so that it is 60 minutes for 1 %."""
_RATED_HZ = 50.0


def with_real_parts(plan: ConverterPlan, tolerance: float, seed: str) -> ConverterPlan:
    """Every divider and transformer is off by up to `tolerance` (0.01: 1 %), always the same for
    the same seed. The corners of the plan are not asked for: they follow what calibration found.
    """
    if not tolerance:
        return plan
    chance = random.Random(seed)
    voltages = tuple(
        replace(voltage, divider=voltage.divider * (1 + chance.uniform(-tolerance, tolerance)))
        for voltage in plan.voltages
    )
    currents = []
    for current in plan.currents:
        ratio = 1 + chance.uniform(-tolerance, tolerance)
        lead = math.radians(_LEAD_DEGREES * chance.uniform(0.0, tolerance))
        currents.append(
            replace(
                current,
                volts_per_ampere=current.volts_per_ampere * ratio,
                corner_hz=_RATED_HZ * math.tan(lead),
            )
        )
    return replace(plan, voltages=voltages, currents=tuple(currents))
