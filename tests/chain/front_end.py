# SPDX-License-Identifier: Apache-2.0
"""One converter with an analog front end of its own: several phases, real transformers, noise.

From the mains' waveforms by the transformers' law to SPI bytes of the simulated chip, read by
the real driver and metered by what the configuration's words make of it. All in one thread,
whose time is simulated.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdu_agent.app.config.wiring import SampledWiring
from pdu_agent.app.wiring import meter_channels
from pdu_agent.hw.ads130e08 import Ads130e08Settings, Ads130e08Source
from pdu_agent.hw.sim.ads130e08 import SimAds130e08
from pdu_agent.hw.sim.noise import noise_at, noise_pool
from pdu_agent.hw.sim.spi import SimSpiPort
from pdu_agent.hw.sim.waveform import ORDERS, Mains, Phasors, harmonic_phasors, matrix_row, rms
from pdu_agent.metering.blocks import SampleBlock
from pdu_agent.metering.meter import BlockMeter, Window
from tests.chain.simulated_time import SimulatedTime

ONE_DEGREE_HZ = 50.0 * math.tan(math.radians(1.0))
"""Corner of a transformer that leads by 1 degree at 50 Hz."""
_NOISE_RATE_HZ = 8000.0
_STEP_S = 0.02  # the law changes by 2e-6 of the current meanwhile


@dataclass(frozen=True, slots=True)
class Conductor:
    """What flows through one transformer: peak amplitudes of the harmonics, in A.

    volts_per_ampere: burden over turns. corner_hz: of the transformer, 0 for an ideal one.
    mismatch: what it shows over what it should.
    """

    phasors: Phasors
    volts_per_ampere: float = 50.0 / 1000.0
    corner_hz: float = 0.0
    mismatch: float = 1.0

    def secondary(self, mains_hz: float) -> Phasors:
        """The primary phasors as the transformer passes them on."""
        law = 1 / (1 - 1j * self.corner_hz / (mains_hz * np.array(ORDERS)))
        shown: Phasors = self.phasors * law * self.mismatch * self.volts_per_ampere
        return shown


class FrontEnd:
    """AnalogInputs of a converter: the voltages first, then the conductors.

    voltages: phasors of each phase in V, divided by `divider`. noise_share: RMS noise of each
    channel, as a share of its own reading. levels: moments of change, and the multiple of all
    currents before, between and after them. fails_at_s: phase -> the moment at which it fails.
    """

    def __init__(
        self,
        mains: Mains,
        voltages: Sequence[Phasors],
        conductors: Sequence[Conductor],
        *,
        divider: float = 200.0,
        noise_share: float = 0.001,
        seed: int = 5,
    ) -> None:
        self._mains = mains
        self._voltages = [phasors / divider for phasors in voltages]
        self._conductors = list(conductors)
        self._noise = noise_pool(seed)
        self._shares = noise_share * np.array(
            [
                *(rms(phasors) for phasors in self._voltages),
                *(rms(each.secondary(50.0)) for each in conductors),
            ]
        )
        self.levels: tuple[NDArray[np.float64], NDArray[np.float64]] = (np.empty(0), np.ones(1))
        self.fails_at_s: dict[int, float] = {}
        self.offsets_v = np.linspace(-0.0006, 0.0006, len(self._shares))

    def __call__(self, times_s: NDArray[np.float64]) -> NDArray[np.float32]:
        basis = self._mains.basis(times_s)
        volts = np.empty((len(self._shares), len(times_s)))
        # Steps of absolute time, so that a conversion that is looked at twice is the same.
        steps = np.floor(times_s / _STEP_S)
        for step in np.unique(steps):
            mains_hz = self._mains.frequency_hz(float(step + 0.5) * _STEP_S)
            wanted = [*self._voltages, *(each.secondary(mains_hz) for each in self._conductors)]
            now = steps == step
            volts[:, now] = np.stack([matrix_row(phasors) for phasors in wanted]) @ basis[:, now]
        for phase, fails_at_s in self.fails_at_s.items():
            volts[phase] *= times_s < fails_at_s
        changes_s, levels = self.levels
        volts[len(self._voltages) :] *= levels[np.searchsorted(changes_s, times_s, "right")]
        places = (times_s * _NOISE_RATE_HZ).astype(np.int64)
        volts += self._shares[:, None] * noise_at(self._noise, places, len(volts))
        volts += self.offsets_v[:, None]
        return volts.astype(np.float32)


class Bench:
    """The converter at work, metered as `wiring` says."""

    def __init__(
        self, front_end: FrontEnd, wiring: SampledWiring, nominal_hz: float = 50.0
    ) -> None:
        self.time = SimulatedTime(0)
        self.time.release()
        chip = SimAds130e08(front_end, ppm=10.0, noise_lsb=0.7, seed=3)
        port = SimSpiPort(chip, self.time, self.time.sleep)
        options = Ads130e08Settings()
        self.source = Ads130e08Source(port, options, self.time.sleep)
        self.channels = meter_channels(wiring, options.volts_per_count)
        self.meter = BlockMeter(self.channels, nominal_hz, self.source.droop)
        self.source.start()

    def blocks(self, seconds: float) -> Iterator[SampleBlock]:
        """Blocks for as long."""
        until_s = self.time.monotonic_s() + seconds
        while self.time.monotonic_s() < until_s:
            yield self.source.read_block()

    def windows(self, seconds: float) -> Iterator[Window]:
        for block in self.blocks(seconds):
            yield from self.meter.add_block(block)


def turned(phasors: Phasors, turns: float) -> Phasors:
    """The same wave, later by a share of a cycle."""
    late: Phasors = phasors * np.exp(-2j * np.pi * turns * np.array(ORDERS))
    return late


def drawn(
    mains: Mains,
    current_a: float,
    power_factor: float = 1.0,
    harmonics: Mapping[int, float] | None = None,
) -> Phasors:
    """Current phasors of `current_a` A RMS, harmonics included; negative power_factor: leading.

    power_factor: of the fundamental, its magnitude is the cosine.
    """
    shares = harmonics or {}
    fundamental_a = current_a / math.sqrt(1 + sum(share**2 for share in shares.values()))
    direction = mains.phasors[0] / abs(mains.phasors[0])
    angle = math.acos(abs(power_factor)) * (-1 if power_factor > 0 else 1)
    peak = fundamental_a * math.sqrt(2) * direction * complex(math.cos(angle), math.sin(angle))
    return harmonic_phasors(peak, shares)
