# SPDX-License-Identifier: Apache-2.0
"""Frames asked for by RDATA at a fixed pace, a little faster than the chip makes them.

RDATA may overlap the next data-ready unharmed; in RDATAC mode a read that does so is torn
(TI SBAS705B, "Data Ready" and "RDATA").
"""

from __future__ import annotations

import logging

import numpy as np

from pdu_agent.hw.ads13x.frames import BLOCK_S, Message
from pdu_agent.hw.ads13x.parts import Command
from pdu_agent.hw.repeats import DistinctFrames, RepeatFilter
from pdu_agent.hw.spi import SpiPort

log = logging.getLogger(__name__)

SHORT_BLOCK_S = 0.020  # below this the losses between two messages weigh too much
READ_LEAD = 0.032  # share of a frame period by which reads are faster than frames
PACING_READS = 64
PACING_PASSES = 3  # the kernel's sleep takes longer than asked, so measure with it, twice
PACING_TRIES = 3  # the host may be late to see the end of a message; the fastest one counts


class PacedFrames:
    """A FrameReader. A host that reads more slowly than the chip converts misses frames
    evenly; it says so, and its rate_hz is what it reads, not what the chip converts.
    """

    def __init__(self, port: SpiPort, rate_sps: int, name: str) -> None:
        self.rate_hz = float(rate_sps)
        self._chip_rate_hz = float(rate_sps)
        self._port = port
        self._name = name
        self._request = b""
        self._reads = 0
        self._delay_us = 0
        self._filter = RepeatFilter(self.rate_hz)

    def start(self, frame_bytes: int) -> None:
        """Measure what a read costs on this host and set the delay that makes it fit."""
        self._request = bytes([Command.RDATA]) + bytes(frame_bytes)
        target_s = (1 - READ_LEAD) / self._chip_rate_hz
        limit = self._port.max_frames(len(self._request))
        self._reads = max(2, min(limit, round(BLOCK_S / target_s)))
        self._delay_us = 0
        for _ in range(PACING_PASSES):
            cost_s = min(self._read_cost_s() for _ in range(PACING_TRIES))
            self._delay_us = max(0, round((target_s - cost_s) * 1e6))
        self._take_rate(max(cost_s + self._delay_us * 1e-6, target_s))
        if self._reads / self.rate_hz < SHORT_BLOCK_S:
            log.warning(
                "%s: only %d frames fit into a message, samples are lost between messages:"
                " put spidev.bufsiz=65536 on the kernel command line",
                self._name,
                self._reads,
            )
        self._filter.restart()

    def _take_rate(self, pace_s: float) -> None:
        """The chip's rate if this host follows it, else that of the reads."""
        rate_hz = self._chip_rate_hz
        if pace_s * rate_hz > 1:
            rate_hz = 1 / pace_s
            self._reads = max(2, min(self._reads, round(BLOCK_S / pace_s)))
            log.warning(
                "%s: a read takes %.0f us, the chip makes a frame each %.0f us:"
                " the real rate is %.0f samples/s of %.0f",
                self._name,
                pace_s * 1e6,
                1e6 / self._chip_rate_hz,
                rate_hz,
                self._chip_rate_hz,
            )
        if rate_hz != self.rate_hz:
            self.rate_hz = rate_hz
            self._filter = RepeatFilter(rate_hz)

    def _read_cost_s(self) -> float:
        """What a read took in one message, beyond the delay that was asked for."""
        count = min(PACING_READS, self._reads)
        _, start_s, end_s = self._port.read_frames(self._request, count, self._delay_us)
        return (end_s - start_s) / count - self._delay_us * 1e-6

    def read(self) -> Message:
        raw, start_s, end_s = self._port.read_frames(self._request, self._reads, self._delay_us)
        reads = np.frombuffer(raw, np.uint8).reshape(self._reads, len(self._request))
        # What comes in under the command means nothing.
        return Message(reads[:, 1:], start_s, end_s)

    def distinct(self, message: Message) -> DistinctFrames:
        return self._filter.distinct(message.frames, message.start_s, message.end_s)

    def close(self) -> None:
        """The port belongs to the source."""
