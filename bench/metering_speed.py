# SPDX-License-Identifier: Apache-2.0
"""How many times faster than real time the metering runs, on this machine.

Everything measured is what the agent runs: frames of 8 channels x 16 bit at 8 kSPS are
decoded, joined, cut and measured by the functions of `pdu_agent.metering`. Prints one
line per figure; exit status 1 when a goal is missed.

    python bench/metering_speed.py [--json] [--rounds N]
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import count

import numpy as np

from pdu_agent.metering.blocks import SampleBlock
from pdu_agent.metering.calibration import ChannelScale, MeterChannels
from pdu_agent.metering.frames import decode_frames
from pdu_agent.metering.meter import BlockMeter, Window
from pdu_agent.metering.power import EdgeWeights, WindowAnalyser
from pdu_agent.metering.timeline import Timeline

RATE_HZ = 8000.0
WINDOW = 1600
SECONDS = 2  # of mains in a loop: whole cycles, so that the end joins the beginning
VOLTAGE_V, CURRENT_A, LAG = 230.0, 4.0, np.radians(30)
EXPECTED = VOLTAGE_V, CURRENT_A, VOLTAGE_V * CURRENT_A * np.cos(LAG)
Result = tuple[float, float | None, float | None]
"""V, A and W of one load."""
VOLTAGE = ChannelScale(units_per_count=0.03, noise_floor=0.02)
CURRENT = ChannelScale(units_per_count=1.465e-3, noise_floor=1e-3, cutoff_a=5e-3, cutoff_w=1.0)
CHANNELS = MeterChannels(0, VOLTAGE, tuple((channel, CURRENT) for channel in range(1, 8)))


@dataclass(frozen=True)
class Figure:
    """One measured speed. times_real_time is the best round's, as noise only slows down.

    goal None: stated for information, as each block costs a decode and a look at its gap.
    """

    name: str
    goal: float | None
    times_real_time: float
    microseconds_per_window: float

    @property
    def reached(self) -> bool:
        return self.goal is None or self.times_real_time >= self.goal

    def __str__(self) -> str:
        speed = f"{self.name:31} {self.times_real_time:6,.0f} x real time"
        verdict = "reached" if self.reached else "MISSED"
        against = "no goal" if self.goal is None else f"goal {self.goal:,.0f} {verdict}"
        return f"{speed}, {self.microseconds_per_window:6.1f} us per 200 ms window, {against}"


def mains_frames() -> np.ndarray:
    """uint8[frames, 19]: 50 Hz, lagging loads, noise of 0.7 codes, DC offsets."""
    generator = np.random.default_rng(1)
    angle = 2 * np.pi * 50 * np.arange(SECONDS * RATE_HZ) / RATE_HZ
    codes = np.empty((8, len(angle)))
    codes[0] = VOLTAGE_V * np.sqrt(2) * np.sin(angle) / VOLTAGE.units
    codes[1:] = CURRENT_A * np.sqrt(2) * np.sin(angle - LAG) / CURRENT.units
    codes += generator.normal(0, 0.7, codes.shape) + 20
    frames = np.zeros((len(angle), 19), dtype=np.uint8)
    frames[:, 0] = 0xC0
    frames[:, 3:] = np.ascontiguousarray(np.round(codes).astype(">i2").T).view(np.uint8)
    return frames


def core_run(frames: np.ndarray) -> Callable[[], Result]:
    """Decode, DC removal, V, A and W of windows that stand there whole."""
    pieces = [frames[at : at + WINDOW].tobytes() for at in range(0, len(frames), WINDOW)]
    timeline = Timeline(CHANNELS.rows, 4 * WINDOW)
    analyser = WindowAnalyser(CHANNELS, WINDOW)
    edges = EdgeWeights(0.5, 0.5)

    def run() -> Result:
        for piece in pieces:
            timeline.append(decode_frames(piece))
            sums = analyser.sums(timeline.samples, edges, RATE_HZ)
            timeline.drop(WINDOW)
        return sums.rms[0], sums.rms[1], sums.power_w[1]

    return run


def meter_run(frames: np.ndarray, block_samples: int) -> Callable[[], Result]:
    """The whole way from bytes to `Window`, in blocks as the driver delivers them."""
    starts = range(0, len(frames), block_samples)
    pieces = [frames[at : at + block_samples].tobytes() for at in starts]
    meter = BlockMeter(CHANNELS)
    seq = count()

    def run() -> Result:
        windows: list[Window] = []
        for piece in pieces:
            block = SampleBlock(decode_frames(piece), RATE_HZ, time.monotonic(), next(seq))
            windows += meter.add_block(block)
        load = windows[-1].currents[0][0]
        return windows[-1].voltage_v, load.current_a, load.active_power_w

    return run


def measure(name: str, goal: float | None, run: Callable[[], Result], rounds: int) -> Figure:
    """A fast wrong answer is no figure: raises AssertionError for one."""
    best_s = math.inf
    for _ in range(rounds):
        start_s = time.perf_counter()
        result = run()
        best_s = min(best_s, time.perf_counter() - start_s)
        np.testing.assert_allclose(np.array(result, dtype=float), EXPECTED, rtol=1e-3)
    windows = SECONDS * RATE_HZ / WINDOW
    return Figure(name, goal, SECONDS / best_s, best_s / windows * 1e6)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="machine-readable output")
    parser.add_argument("--rounds", type=int, default=200, help="the best one counts")
    options = parser.parse_args()
    frames = mains_frames()
    figures = [
        measure("decode, DC removal, V, A, W", 5000, core_run(frames), options.rounds),
        measure("all quantities, 200 ms blocks", 1000, meter_run(frames, WINDOW), options.rounds),
        measure("all quantities, 62.5 ms blocks", None, meter_run(frames, 500), options.rounds),
    ]
    if options.json:
        print(json.dumps([asdict(figure) | {"reached": figure.reached} for figure in figures]))
    else:
        print(*figures, sep="\n")
    return 0 if all(figure.reached for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
