# SPDX-License-Identifier: Apache-2.0
"""The simulated ADS130E08."""

from __future__ import annotations

from dataclasses import replace

from pdu_agent.hw.sim.ads13x import SimAds13x
from pdu_agent.hw.sim.ads13x_parts import E08
from pdu_agent.hw.sim.decimation import AnalogInputs


class SimAds130e08(SimAds13x):
    """identity: what ID reads; 0xC0 is that of a chip whose channels 5 to 8 are dead."""

    def __init__(
        self,
        inputs: AnalogInputs,
        *,
        ppm: float = 0.0,
        noise_lsb: float = 0.7,
        seed: int = 0,
        identity: int = E08.identity,
        droops: bool = True,
    ) -> None:
        part = replace(E08, identity=identity)
        super().__init__(part, inputs, ppm=ppm, noise_lsb=noise_lsb, seed=seed, droops=droops)
