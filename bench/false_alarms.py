# SPDX-License-Identifier: Apache-2.0
"""Welded relays and open fuses: does noise accuse anybody, and how soon are real ones told?

Samples with 20 mA RMS of noise on every current go through the real meter and the real core.
First a strip that is sound, for --hours of simulated time: its outlets are switched every few
minutes, their loads go a window later than their relays, and twice an hour the mains is away for
up to 5 s. No alarm may come of it, and no millijoule of an open outlet. No noise floor and no
cutoff of the current is set: the currents are seen as noisy as they are. Then faults at random
moments, --faults of each kind; the time runs from the relay's movement, or from the fuse that
blows, to the alarm that faces see, with the way of a window to the core.

    python -m bench.false_alarms [--json] [--hours H] [--faults N]
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.figures import Figure, report
from pdu_agent.metering.blocks import SampleBlock
from pdu_agent.metering.calibration import ChannelScale, MeterChannels
from pdu_agent.metering.meter import BlockMeter
from pdu_agent.model.commands import Action, Target, TargetKind
from pdu_agent.model.events import AlarmRaised
from pdu_agent.model.readings import Measurement, Reading
from tests.core.bench import INLET, Workbench

RATE_HZ = 8000.0
BLOCK = 480  # samples, what the driver reads at once
MAINS_HZ = 50.04  # windows end at no multiple of 0.2 s
NOISE_A = 0.020
LOAD_A = 2.0
OUTLETS = 4
WITH_FUSE = 1  # whose voltage is measured behind its fuse
VOLTS_PER_COUNT = 200 * 2 * 2.4 / 65536
AMPERES_PER_COUNT = 20 * 2 * 2.4 / 65536
CUTOFF_W = 1.0
LATE_S = 0.2  # by which a load goes on after its relay has opened
GOAL_S = 3.0
_POOL = 1 << 20


class Strip:
    """An inlet and OUTLETS outlets on one converter, sampled block by block.

    mains: is it there? fuse: is it whole? loads: amperes of each outlet while current flows.
    welded: outlets whose current flows though their relay is open.
    """

    def __init__(self, seed: int) -> None:
        self.bench = Workbench(OUTLETS)
        self.mains = self.fuse = True
        self.loads = [LOAD_A] * OUTLETS
        self.welded: set[int] = set()
        self.chance = random.Random(seed)
        self.acted_s = 0.0
        self.open_mj = 0.0
        """Energy of outlets whose relay was open, and without current for two windows."""
        current = ChannelScale(AMPERES_PER_COUNT, cutoff_w=CUTOFF_W)
        voltage = ChannelScale(VOLTS_PER_COUNT)
        self._meter = BlockMeter(
            MeterChannels(
                0,
                voltage,
                tuple((2 + place, current) for place in range(OUTLETS + 1)),
                other_voltages=((1, voltage),),
                against=(0, *(1 if n == WITH_FUSE else 0 for n in range(1, OUTLETS + 1))),
            )
        )
        self._targets = (INLET, *(_outlet(n) for n in range(1, OUTLETS + 1)))
        self._noise = np.random.default_rng(seed).standard_normal(_POOL).astype(np.float32)
        self._stops_s = [0.0] * OUTLETS
        self._count = 0
        self._seq = 0

    @property
    def now_s(self) -> float:
        return self.bench.clock.monotonic_s()

    def step(self, act: Callable[[Strip], None] | None = None) -> None:
        """One block of time: sampled, metered, and told to the core. act: done somewhere in it,
        at acted_s; the next block is the first one to show it.
        """
        begin_s = self.now_s
        share = self.chance.random()
        self.bench.run(share * BLOCK / RATE_HZ)
        if act is not None:
            self.acted_s = self.now_s
            act(self)
        self.bench.run((1 - share) * BLOCK / RATE_HZ)
        counts = self._sampled(begin_s)
        self._seq += 1
        for window in self._meter.add_block(SampleBlock(counts, RATE_HZ, begin_s, self._seq)):
            points = zip(self._targets, window.currents, strict=True)
            measured = tuple(Measurement(target, *point) for target, point in points)
            self._note_energy(measured, window.t_mono_s - window.span_s)
            reading = Reading("adc", self._seq, window.t_mono_s, window.span_s, measured)
            self.bench.core.on_reading(reading)
            self.bench.settle()

    def run(self, seconds: float) -> None:
        until_s = self.now_s + seconds
        while self.now_s < until_s:
            self.step()

    def alarm(self) -> bool:
        return bool(self.bench.alarms("welded") or self.bench.alarms("fuse"))

    def _sampled(self, begin_s: float) -> NDArray[np.int32]:
        wave = np.sqrt(2) * np.sin(
            2 * np.pi * MAINS_HZ / RATE_HZ * np.arange(self._count, self._count + BLOCK)
        )
        self._count += BLOCK
        if not self.mains:
            wave[:] = 0.0
        flowing = [self._flows(outlet, begin_s) for outlet in range(1, OUTLETS + 1)]
        loads_a = [load * flows for load, flows in zip(self.loads, flowing, strict=True)]
        if not self.fuse:
            loads_a[WITH_FUSE - 1] = 0.0
        volts = [230.0, 230.0 if self.fuse else 0.0]
        scales = np.array(
            [v / VOLTS_PER_COUNT for v in volts]
            + [a / AMPERES_PER_COUNT for a in (sum(loads_a), *loads_a)]
        )
        samples = scales[:, None] * wave
        for row in range(2, len(samples)):
            first = self.chance.randrange(_POOL - BLOCK)
            samples[row] += self._noise[first : first + BLOCK] * (NOISE_A / AMPERES_PER_COUNT)
        codes: NDArray[np.int32] = np.rint(samples).astype(np.int32)
        return codes

    def _flows(self, outlet: int, now_s: float) -> bool:
        if self.bench.board.relays[outlet - 1] or outlet in self.welded:
            self._stops_s[outlet - 1] = now_s + LATE_S
        return now_s < self._stops_s[outlet - 1]

    def _note_energy(self, measured: tuple[Measurement, ...], begin_s: float) -> None:
        for each in measured:
            outlet = each.target.index
            if each.target.kind is TargetKind.OUTLET and begin_s > self._stops_s[outlet - 1] + 0.4:
                self.open_mj += each.energy_mj or 0.0


def _outlet(number: int) -> Target:
    return Target(TargetKind.OUTLET, number)


def sound_strip(hours: float) -> tuple[int, float]:
    """(alarms, millijoules counted of open outlets) of a strip without a fault."""
    strip = Strip(seed=1)
    until_s = strip.now_s + 3600 * hours
    raised = 0
    while strip.now_s < until_s:
        outlet = strip.chance.randrange(1, OUTLETS + 1)
        strip.bench.switch(outlet, strip.chance.choice((Action.ON, Action.OFF, Action.OFF)))
        strip.run(strip.chance.uniform(0.5, 240.0))
        if strip.chance.random() < 0.065:
            strip.mains = False
            strip.run(strip.chance.uniform(0.02, 5.0))
            strip.mains = True
        raised += sum(isinstance(event, AlarmRaised) for event in strip.bench.heard.drain())
    return raised, strip.open_mj


def weld(strip: Strip) -> None:
    strip.welded.add(2)
    strip.bench.switch(2, Action.OFF)


def blow(strip: Strip) -> None:
    strip.fuse = False


def switch_on_behind_a_blown_fuse(strip: Strip) -> None:
    strip.fuse = False
    strip.bench.switch(WITH_FUSE, Action.ON)


def told_after_s(fault: Callable[[Strip], None], count: int) -> float:
    """The longest time from a fault to its alarm, over `count` of them."""
    strip = Strip(seed=2)
    longest_s = 0.0
    for _ in range(count):
        if fault is switch_on_behind_a_blown_fuse:
            strip.bench.switch(WITH_FUSE, Action.OFF)
        strip.run(strip.chance.uniform(4.0, 5.0))
        assert not strip.alarm()
        strip.step(fault)
        begun_s = strip.acted_s
        while not strip.alarm():
            strip.step()
        longest_s = max(longest_s, strip.now_s - begun_s)
        strip.fuse = True
        strip.welded.clear()
        strip.bench.switch(2, Action.ON)
        strip.run(1.0)
    return longest_s


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--hours", type=float, default=24.0, help="simulated, of a sound strip")
    parser.add_argument("--faults", type=int, default=100, help="of each kind")
    options = parser.parse_args()
    raised, open_mj = sound_strip(options.hours)
    span = f"20 mA of noise, {options.hours:g} h"
    figures = [
        Figure(f"false alarms, {span}", raised, "", 0),
        Figure(f"energy of open outlets, {span}", open_mj, "mJ", 0),
    ]
    for name, fault in (
        ("opened and welded, told after", weld),
        ("fuse blows, told after", blow),
        ("closed onto a blown fuse, told after", switch_on_behind_a_blown_fuse),
    ):
        longest_s = told_after_s(fault, options.faults)
        note = f"longest of {options.faults}"
        figures.append(Figure(name, longest_s, "s", GOAL_S, note))
    return report(figures, options.json)


if __name__ == "__main__":
    sys.exit(main())
