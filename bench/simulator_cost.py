# SPDX-License-Identifier: Apache-2.0
"""CPU seconds per simulated second: the simulator alone, and the driver's own work.

Run: python bench/simulator_cost.py [--outlets N] [--seconds S]
The driver is timed on messages recorded from the simulator beforehand.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import repository  # noqa: F401

from pdu_agent.hw.ads130e08 import Ads130e08Settings, Ads130e08Source
from pdu_agent.hw.spi import SpiPort
from pdu_agent.model.clock import ManualClock
from tests.sim.strip import converter_count, make_strip, used_channels

QUEUE_S = 0.2  # converters are read in turns here


class Recorder:
    """Passes through to a port, keeps its messages, and plays them back."""

    def __init__(self, port: SpiPort) -> None:
        self._port = port
        self.messages: list[tuple[bytes, float, float]] = []
        self.cpu_s = 0.0
        self.playing = False

    def transfer(self, data: bytes) -> bytes:
        return self._port.transfer(data)

    def max_frames(self, frame_bytes: int) -> int:
        return self._port.max_frames(frame_bytes)

    def read_frames(self, request: bytes, count: int, delay_us: int) -> tuple[bytes, float, float]:
        if self.playing:
            return self.messages.pop(0)
        begin_s = time.process_time()
        message = self._port.read_frames(request, count, delay_us)
        self.cpu_s += time.process_time() - begin_s
        self.messages.append(message)
        return message

    def close(self) -> None:
        self._port.close()


def measure(outlets: int, seconds: float) -> tuple[float, float, int]:
    """(simulator, driver) CPU seconds per simulated second, and the converters."""
    clock = ManualClock()
    with tempfile.TemporaryDirectory() as folder:
        board = make_strip(
            outlets, clock, clock.advance, Path(folder), already_running=True, queue_s=QUEUE_S
        )
        simulator_s = driver_s = 0.0
        for number in range(converter_count(outlets)):
            recorder = Recorder(board.ports[f"sim:{number}"])
            settings = Ads130e08Settings(
                used_channels=used_channels(outlets, number), register_check_s=3600
            )
            source = Ads130e08Source(recorder, settings, clock.advance)
            source.start()
            recorder.messages.clear()
            recorder.cpu_s = 0.0
            start_s = clock.monotonic_s()
            while clock.monotonic_s() - start_s < seconds:
                source.read_block()
            simulator_s += recorder.cpu_s
            recorder.playing = True
            begin_s = time.process_time()
            while recorder.messages:
                source.read_block()
            driver_s += time.process_time() - begin_s
        board.close()
    return simulator_s / seconds, driver_s / seconds, converter_count(outlets)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--outlets", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=60.0)
    arguments = parser.parse_args()
    simulator, driver, converters = measure(arguments.outlets, arguments.seconds)
    print(f"{arguments.outlets} outlets, {converters} converters at 8 kSPS")
    print(f"simulator: {simulator * 100:.2f} % of a core")
    print(f"driver (read and decode): {driver * 100:.2f} % of a core")


if __name__ == "__main__":
    main()
