# SPDX-License-Identifier: Apache-2.0
"""One frame for each edge of the data-ready line, as the kernel stamps them.

The line falls when a frame is ready and rises with the first clock of any read, or shortly
before the next frame (TI SBAS705B, "Data Ready"). An edge that is missed leaves its frame
unread; the time stamps of those before and after it tell how many there were.
"""

from __future__ import annotations

import numpy as np

from pdu_agent.hw.ads13x.frames import BLOCK_S, Message
from pdu_agent.hw.ads13x.parts import Command
from pdu_agent.hw.gpio import GpioChip, GpioLines, LineSettings
from pdu_agent.hw.repeats import DistinctFrames
from pdu_agent.hw.spi import SpiPort
from pdu_agent.model.clock import Clock
from pdu_agent.model.errors import BusTimeout

MAX_RATE_SPS = 4000
"""A round of edge and read costs some 0.2 ms on a small board."""
EDGE_TIMEOUT_S = 0.2
_SMOOTHING = 64
_NEAR = 4  # periods over which an interval tells the period itself
_CLOCK_SLACK = 0.03  # share by which the chip's oscillator may be off


class EdgeFrames:
    """A FrameReader. A message ends early where frames were missed, so that what it holds
    is always gap-free; the next one tells the loss.
    """

    def __init__(
        self, port: SpiPort, chip: GpioChip, line: int, rate_sps: int, clock: Clock, name: str
    ) -> None:
        self.rate_hz = float(rate_sps)
        self._port = port
        self._chip = chip
        self._line = line
        self._clock = clock
        self._name = name
        self._lines: GpioLines | None = None
        self._request = b""
        self._period_s = 1 / rate_sps
        self._index = 0  # of the newest edge, in conversions
        self._edge_s: float | None = None
        self._read_s = 0.0  # when the last frame was asked for
        self._held: tuple[bytes, int, float] | None = None
        self._first_index = 0
        self._next_index: int | None = None

    def start(self, frame_bytes: int) -> None:
        self._request = bytes([Command.RDATA]) + bytes(frame_bytes)
        self._held = None
        self._read_s = self._clock.monotonic_s()
        if self._lines is None:
            wanted = LineSettings(active_low=True, edges=True)
            self._lines = self._chip.request({self._line: wanted}, f"openpdu {self._name}")

    def read(self) -> Message:
        frames: list[bytes] = []
        start_s = end_s = 0.0
        wanted = max(2, round(BLOCK_S * self.rate_hz))
        while len(frames) < wanted:
            frame, index, ready_s = self._held or self._next_frame()
            self._held = None
            if not frames:
                self._first_index, start_s = index, ready_s
            elif index != self._first_index + len(frames):
                self._held = frame, index, ready_s
                break
            frames.append(frame)
            end_s = ready_s + self._period_s
        data = np.frombuffer(b"".join(frames), np.uint8).reshape(len(frames), -1)
        return Message(data, start_s, end_s)

    def _next_frame(self) -> tuple[bytes, int, float]:
        """The frame of an edge that was not yet read; its number; when it was ready."""
        while True:
            ready_s = self._wait()
            # An edge that fell before the last frame was asked for is that frame's.
            if ready_s > self._read_s:
                break
        self._read_s = self._clock.monotonic_s()
        return self._port.transfer(self._request)[1:], self._index, ready_s

    def _wait(self) -> float:
        """The time of the newest falling edge, of which there is a new one."""
        lines = self._lines
        edges = [] if lines is None else lines.wait_edges(EDGE_TIMEOUT_S)
        if not edges:
            raise BusTimeout(
                self._name,
                "wait for data-ready",
                f"no edge on line {self._line} within {EDGE_TIMEOUT_S} s: chip stands still,"
                " or data_ready_line is another one",
            )
        for edge in edges:
            if edge.active:
                self._count(edge.t_mono_s)
        return self._edge_s or 0.0

    def _count(self, ready_s: float) -> None:
        if self._edge_s is None:
            self._edge_s = ready_s
            return
        passed_s = ready_s - self._edge_s
        steps = round(passed_s / self._period_s)
        if steps < 1:
            return  # a glitch: nothing is ready so soon again
        if steps <= _NEAR:
            nominal_s = 1 / self.rate_hz
            slack_s = _CLOCK_SLACK * nominal_s
            period_s = min(max(passed_s / steps, nominal_s - slack_s), nominal_s + slack_s)
            self._period_s += (period_s - self._period_s) / _SMOOTHING
        self._index += steps
        self._edge_s = ready_s

    def distinct(self, message: Message) -> DistinctFrames:
        lost = 0 if self._next_index is None else self._first_index - self._next_index
        self._next_index = self._first_index + len(message.frames)
        return DistinctFrames(message.frames, message.start_s, lost)

    def close(self) -> None:
        lines, self._lines = self._lines, None
        if lines is not None:
            lines.close()
        self._chip.close()
