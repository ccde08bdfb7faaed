# SPDX-License-Identifier: Apache-2.0
"""A CSE7766 on the other side of a pseudo-terminal: pulses, frames, and what goes wrong.

Builds its frames by itself and shares nothing with the driver.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pdu_agent.hw.sim.terminal import SimTerminal
from pdu_agent.model.clock import Clock
from pdu_agent.model.quantities import Electrical

FRAME_S = 0.05
LONGEST_CYCLE_US = 6_000_000
MAX_FRAMES_AT_ONCE = 40
"""After a jump of the clock no more than these are sent: a line holds no hours."""
_VOLTAGE, _CURRENT, _POWER = 194_400, 16_400, 5_351_000  # coefficients of a recorded chip


@dataclass
class Cse7766Faults:
    """silent: no frame. state: what the first byte says, in place of what it should. noise:
    bytes before each frame. Counts run down: bad_sums (wrong checksum), cuts (half a frame).
    """

    silent: bool = False
    state: int | None = None
    noise: bytes = b""
    bad_sums: int = 0
    cuts: int = 0


class SimCse7766:
    """truth: what is on the board, now. Drive it by calling `service` after moving a
    ManualClock, or let `start` run a thread; not both.
    """

    def __init__(self, link: Path, clock: Clock, truth: Callable[[], Electrical]) -> None:
        self.terminal = SimTerminal(link)
        self.faults = Cse7766Faults()
        self.energy_uj = 0.0
        """Counted since power-on; a pulse for each power coefficient."""
        self._truth = truth
        self._clock = clock
        self._now_s = clock.monotonic_s()
        self._next_frame_s = self._now_s + FRAME_S
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def power_loss(self) -> None:
        self.energy_uj = 0.0

    def service(self) -> None:
        """Bring the chip up to the clock and send what is due."""
        now_s = self._clock.monotonic_s()
        truth = self._truth()
        passed_s, self._now_s = now_s - self._now_s, now_s
        self.energy_uj += max(0.0, truth.active_power_w or 0.0) * passed_s * 1e6
        due = int((now_s - self._next_frame_s) / FRAME_S) + 1 if now_s >= self._next_frame_s else 0
        self._next_frame_s += due * FRAME_S
        if not self.faults.silent:
            for _ in range(min(due, MAX_FRAMES_AT_ONCE)):
                self.terminal.say(self.faults.noise + self._spoilt(self.frame(truth)))
        self.terminal.hear()  # it takes no commands

    def start(self) -> None:
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="sim cse7766", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def frame(self, truth: Electrical) -> bytes:
        volts, amperes = truth.voltage_v or 0.0, truth.current_a or 0.0
        watts = truth.active_power_w or 0.0
        idle = watts * LONGEST_CYCLE_US < _POWER
        flags = 0x40 * (volts > 1) | 0x20 * (amperes > 0.01) | 0x10 * (not idle) | 0x01
        state = 0xF2 if idle else 0x55
        body = b"".join(
            coefficient.to_bytes(3, "big") + _cycle(coefficient, value).to_bytes(3, "big")
            for coefficient, value in ((_VOLTAGE, volts), (_CURRENT, amperes), (_POWER, watts))
        )
        body += struct.pack(">BH", flags, int(self.energy_uj / _POWER) % 65536)
        head = bytes([state if self.faults.state is None else self.faults.state, 0x5A])
        return head + body + bytes([sum(body) & 0xFF])

    def _spoilt(self, frame: bytes) -> bytes:
        if self.faults.bad_sums:
            self.faults.bad_sums -= 1
            frame = frame[:-1] + bytes([frame[-1] ^ 0xFF])
        if self.faults.cuts:
            self.faults.cuts -= 1
            frame = frame[: len(frame) // 2]
        return frame

    def _run(self) -> None:
        while not self._stop.wait(FRAME_S):
            self.service()


def _cycle(coefficient: int, value: float) -> int:
    """Microseconds for which the counter ran; at most what 24 bits hold."""
    return min(round(coefficient / value), 0xFFFFFF) if value > 0 else 0xFFFFFF
