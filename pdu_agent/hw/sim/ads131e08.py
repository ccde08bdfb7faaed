# SPDX-License-Identifier: Apache-2.0
"""The simulated ADS131E08, its S variant and its smaller kin."""

from __future__ import annotations

from pdu_agent.hw.sim.ads13x import SimAds13x
from pdu_agent.hw.sim.ads13x_parts import ADS131E08S_CONFIG, ads131
from pdu_agent.hw.sim.decimation import AnalogInputs


class SimAds131e08(SimAds13x):
    """identity: what ID reads: 0xD2, 0xD1 with six channels, 0xD0 with four, 0xC0 half dead.
    is_s: the ADS131E08S, whose reference is on after reset. offset_v: until OFFSETCAL.
    """

    def __init__(
        self,
        inputs: AnalogInputs,
        *,
        ppm: float = 0.0,
        noise_lsb: float = 0.7,
        seed: int = 0,
        identity: int = 0xD2,
        is_s: bool = False,
        offset_v: float = 0.0,
        droops: bool = True,
    ) -> None:
        part = ads131(identity, ADS131E08S_CONFIG) if is_s else ads131(identity)
        super().__init__(
            part,
            inputs,
            ppm=ppm,
            noise_lsb=noise_lsb,
            seed=seed,
            offset_v=offset_v,
            droops=droops,
        )
