# SPDX-License-Identifier: Apache-2.0
"""An SPI bus with one simulated converter on it, in simulated time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pdu_agent.hw.sim.ads13x import SimAds13x
from pdu_agent.hw.spi import MAX_TRANSFERS
from pdu_agent.model.clock import Clock
from pdu_agent.model.errors import HardwareError

SPI_SPEED_HZ = 4_096_000


class SimSpiPort:
    """SpiPort of one simulated chip.

    sleep(seconds) lets simulated time pass (ManualClock.advance, or time.sleep scaled).
    gap_s: chip select and set-up of the host's controller between two transfers.
    buffer_bytes: limits a message, as spidev's bufsiz does.

    queue_s: how late a caller may come and still find its message right behind the last
    one, as if a front end (a kernel buffer, a microcontroller) had it queued. With 0 the
    bus stands still until the call, as with plain spidev: the frames of that time are lost.
    """

    def __init__(
        self,
        converter: SimAds13x,
        clock: Clock,
        sleep: Callable[[float], None],
        *,
        gap_s: float = 0.0,
        buffer_bytes: int = 65536,
        queue_s: float = 0.0,
    ) -> None:
        self.converter = converter
        self._clock = clock
        self._sleep = sleep
        self._gap_s = gap_s
        self._buffer_bytes = buffer_bytes
        self._queue_s = queue_s
        self._last_end_s = 0.0
        self.stall_s = 0.0
        """How long the next transfer hangs before it goes through; back at 0 after it."""

    def transfer(self, data: bytes) -> bytes:
        self._hang()
        answer = self.converter.exchange(data, self._clock.monotonic_s())
        self._sleep(len(data) * 8 / SPI_SPEED_HZ)
        return answer

    def max_frames(self, frame_bytes: int) -> int:
        return min(MAX_TRANSFERS, self._buffer_bytes // frame_bytes)

    def read_frames(self, request: bytes, count: int, delay_us: int) -> tuple[bytes, float, float]:
        limit = self.max_frames(len(request))
        if not 1 <= count <= limit:
            raise HardwareError("simulated spi", "message", f"{count} transfers, 1..{limit} fit")
        self._hang()
        step_s = len(request) * 8 / SPI_SPEED_HZ + self._gap_s + delay_us * 1e-6
        start_s = self._start_s()
        end_s = self._last_end_s = start_s + count * step_s
        remaining_s = end_s - self._clock.monotonic_s()
        if remaining_s > 0:
            self._sleep(remaining_s)
        # Only now, when everything that can have happened meanwhile has happened.
        starts_s = start_s + np.arange(count, dtype=np.float64) * step_s
        raw = self.converter.exchange_many(request, starts_s)
        return raw, start_s, end_s

    def _hang(self) -> None:
        stall_s, self.stall_s = self.stall_s, 0.0
        if stall_s:
            self._sleep(stall_s)

    def _start_s(self) -> float:
        now_s = self._clock.monotonic_s()
        ready_s = self.converter.first_ready_s
        queued = ready_s is not None and self._last_end_s >= ready_s
        if queued and now_s - self._last_end_s <= self._queue_s:
            return self._last_end_s
        return now_s

    def close(self) -> None:
        """The wires stay; a simulated bus can be used again after it."""
