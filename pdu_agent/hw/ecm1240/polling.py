# SPDX-License-Identifier: Apache-2.0
"""The polled mode of the ECM-1240: which bytes the host says when. No I/O.

The host names the unit (0xFC to 0xFF), the unit acknowledges with 0xFC; the host says SPK,
the unit acknowledges again and sends its packet.
"""

from __future__ import annotations

from enum import Enum

FIRST_UNIT = 0xFC
ACKNOWLEDGE = 0xFC
SEND_PACKET = b"SPK"
UNITS = 4

ANSWER_TIMEOUT_S = 1.0
"""An acknowledgement takes 0.5 ms at 19200 baud, a packet 34 ms; the rest is the adapter's."""


class _Step(Enum):
    IDLE = "idle"
    CALLED = "called"
    ASKED = "asked"


class Poller:
    """Asks one unit (0 to 3) for a packet every interval_s seconds.

    A question that stays unanswered is not repeated before the next turn; the counters lose
    nothing by that.
    """

    def __init__(self, unit: int, interval_s: float) -> None:
        self._call = bytes([FIRST_UNIT + unit])
        self._interval_s = interval_s
        self._step = _Step.IDLE
        self._next_turn_s: float | None = None
        self._deadline_s = 0.0

    def restart(self) -> None:
        """Forget a question under way, and ask at the next occasion: the line is new."""
        self._step = _Step.IDLE
        self._next_turn_s = None

    def due(self, now_s: float) -> bytes:
        """What to send at this time, often nothing. now_s: monotonic seconds."""
        if self._step is not _Step.IDLE and now_s >= self._deadline_s:
            self._step = _Step.IDLE
        if self._step is not _Step.IDLE:
            return b""
        if self._next_turn_s is not None and now_s < self._next_turn_s:
            return b""
        self._next_turn_s = self._turn_after(now_s)
        self._step = _Step.CALLED
        self._deadline_s = now_s + ANSWER_TIMEOUT_S
        return self._call

    def answer(self, data: bytes, packets: int, now_s: float) -> bytes:
        """What to send in answer to `data`, in which `packets` packets were completed."""
        if packets:
            self._step = _Step.IDLE
        elif self._step is _Step.CALLED and ACKNOWLEDGE in data:
            self._step = _Step.ASKED
            self._deadline_s = now_s + ANSWER_TIMEOUT_S
            return SEND_PACKET
        return b""

    def _turn_after(self, now_s: float) -> float:
        """Turns keep to their raster; those missed while the line was busy are left out."""
        if self._next_turn_s is None or now_s >= self._next_turn_s + self._interval_s:
            return now_s + self._interval_s
        return self._next_turn_s + self._interval_s
