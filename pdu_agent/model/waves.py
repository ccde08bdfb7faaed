# SPDX-License-Identifier: Apache-2.0
"""Two mains cycles of a voltage and a current, as they are now."""

from __future__ import annotations

from array import array
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pdu_agent.model.commands import Target

CYCLES = 2


@dataclass(frozen=True, slots=True)
class Wave:
    """CYCLES whole mains cycles from a rising zero crossing of the voltage on.

    t_mono_s: of that crossing. first_s: of the first sample after it, -0.5 to 0.5 samples.
    frequency_hz: over these cycles; None without mains, then they are of nominal length and begin
    anywhere. voltage_v, current_a: as many samples each, floats of 32 bits, rate_hz of them a
    second, calibrated and without DC. voltage_rms_v, current_rms_a: over exactly these cycles, with
    their noise. clipped: the converter hit its limit near them, the true peak may be larger.
    repaired: samples that were lost are those of a cycle before.
    """

    t_mono_s: float
    rate_hz: float
    first_s: float
    frequency_hz: float | None
    voltage_v: array[float]
    current_a: array[float]
    voltage_rms_v: float
    current_rms_a: float
    clipped: bool = False
    repaired: bool = False


AskWave = Callable[[Target], Awaitable[tuple[float, Wave]]]
"""What a point shows now, with the time of its crossing (wall clock, s). Raises UnknownTarget for
one that no converter samples, and Unavailable while its samples do not come.
"""
