# SPDX-License-Identifier: Apache-2.0
"""What one converter costs: driver and metering of 8 channels at 8 kSPS, in % of one core.

A minute of SPI messages of the simulated chip is recorded first and then played back, so that
the simulator's own share is not in the figure; a real bus waits in the kernel meanwhile.

    python bench/metering_cpu.py [--json] [--seconds S]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.figures import Figure, report
from pdu_agent.app.config.wiring import CurrentChannel, SampledWiring, VoltageChannel
from pdu_agent.app.wiring import meter_channels
from pdu_agent.hw.ads130e08 import Ads130e08Settings, Ads130e08Source
from pdu_agent.hw.sim.ads130e08 import SimAds130e08
from pdu_agent.hw.sim.spi import SimSpiPort
from pdu_agent.hw.spi import SpiPort
from pdu_agent.metering.meter import BlockMeter
from pdu_agent.model.commands import Target, TargetKind
from tests.chain.front_end import ONE_DEGREE_HZ, Conductor, FrontEnd, drawn
from tests.chain.metrology import RECTIFIER, drifting
from tests.chain.simulated_time import SimulatedTime

GOAL_PERCENT = 2.0
CURRENTS = 7
Answers = deque[tuple[Any, float]]
"""What the bus said, and when it had."""


class Recorder:
    """A SpiPort that remembers every answer."""

    def __init__(self, port: SpiPort, clock: SimulatedTime, answers: Answers) -> None:
        self._port = port
        self._clock = clock
        self._answers = answers

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*arguments: Any) -> Any:
            answer = method(*arguments)
            self._answers.append((answer, self._clock.monotonic_s()))
            return answer

        return call


class Player:
    """A SpiPort that gives the same answers at once."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def __getattr__(self, name: str) -> Any:
        return self._answer

    def _answer(self, *_: Any) -> Any:
        return self._answers.popleft()[0]


def front_end() -> FrontEnd:
    mains = drifting(50.0)
    load = drawn(mains, 4.0, 0.9, RECTIFIER)
    return FrontEnd(mains, [mains.phasors], [Conductor(load, corner_hz=ONE_DEGREE_HZ)] * CURRENTS)


def meter(options: Ads130e08Settings) -> BlockMeter:
    currents = tuple(
        CurrentChannel(n + 1, Target(TargetKind.OUTLET, n), ct_corner_hz=ONE_DEGREE_HZ)
        for n in range(1, CURRENTS + 1)
    )
    wiring = SampledWiring("sim:0", VoltageChannel(channel=1, divider=200.0), currents)
    channels = meter_channels(wiring, options.volts_per_count)
    return BlockMeter(channels, droop=options.set_up.droop)


def recorded(seconds: float, options: Ads130e08Settings) -> tuple[Answers, int]:
    """The bus over `seconds`, and how many blocks that were."""
    clock = SimulatedTime(0)
    clock.release()
    answers: Answers = deque()
    port = SimSpiPort(SimAds130e08(front_end()), clock, clock.sleep)
    source = Ads130e08Source(Recorder(port, clock, answers), options, clock.sleep)
    source.start()
    until_s, count = clock.monotonic_s() + seconds, 0
    while clock.monotonic_s() < until_s:
        source.read_block()
        count += 1
    return answers, count


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--seconds", type=float, default=60.0, help="simulated")
    options = parser.parse_args()
    settings = Ads130e08Settings()
    answers, blocks = recorded(options.seconds, settings)
    source = Ads130e08Source(Player(answers), settings, lambda _: None)
    block_meter = meter(settings)
    source.start()
    spent = [0.0, 0.0]
    windows = 0
    for _ in range(blocks):
        begun_s = time.process_time()
        block = source.read_block()
        read_s = time.process_time()
        windows += len(block_meter.add_block(block))
        spent[0] += read_s - begun_s
        spent[1] += time.process_time() - read_s
    assert windows > 4 * options.seconds
    driver, metering = (100 * each_s / options.seconds for each_s in spent)
    return report(
        [
            Figure("driver", driver, "%"),
            Figure("metering, all quantities", metering, "%"),
            Figure("both, 8 channels at 8 kSPS", driver + metering, "%", GOAL_PERCENT),
        ],
        options.json,
    )


if __name__ == "__main__":
    sys.exit(main())
