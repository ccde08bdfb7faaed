# SPDX-License-Identifier: Apache-2.0
"""Bytes in, frames out: the 24 bytes of a CSE7766 or HLW8032. No I/O.

Source: the chips' data sheets (user manuals). Numbers go high byte first:

    off  size
      0  1      state: 55 fine, AA not calibrated, Fx something is out of range
      1  1      5A
      2  3 + 3  coefficient and cycle of voltage; volts = coefficient / cycle
      8  3 + 3  of current, in amperes
     14  3 + 3  of power, in watts; its cycle is the time between two pulses in microseconds
     20  1      40, 20, 10: voltage, current, power cycle are valid
     21  2      pulses counted, modulo 65536
     23  1      sum of bytes 2 to 22, modulo 256
"""

from __future__ import annotations

from dataclasses import dataclass

FRAME_BYTES = 24
HEADER_1 = 0x5A
FINE, UNCALIBRATED = 0x55, 0xAA
VOLTAGE_VALID, CURRENT_VALID, POWER_VALID = 0x40, 0x20, 0x10


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame with the right checksum. Coefficients and cycles: 24 bits."""

    state: int
    voltage_coefficient: int
    voltage_cycle: int
    current_coefficient: int
    current_cycle: int
    power_coefficient: int
    power_cycle: int
    flags: int
    pulses: int

    @property
    def is_uncalibrated(self) -> bool:
        """The chip lost its coefficients: nothing in the frame means anything."""
        return self.state == UNCALIBRATED

    @property
    def has_failed(self) -> bool:
        """Voltage and current are out of range at once: the hardware around the chip is broken."""
        return self.state & 0xFC == 0xFC

    @property
    def is_idle(self) -> bool:
        """The power cycle is longer than the chip can measure: no load."""
        return self.state & 0xF2 == 0xF2

    @property
    def voltage_v(self) -> float | None:
        return _quotient(self.voltage_coefficient, self.voltage_cycle, self.flags & VOLTAGE_VALID)

    @property
    def current_a(self) -> float | None:
        return _quotient(self.current_coefficient, self.current_cycle, self.flags & CURRENT_VALID)

    @property
    def power_w(self) -> float | None:
        """None while the chip waits for its next pulse, which at little load takes seconds."""
        return _quotient(self.power_coefficient, self.power_cycle, self.flags & POWER_VALID)


class FrameDecoder:
    """Cuts a stream of bytes into frames. skipped_bytes: those that belonged to none. spoilt: what
    began as a frame and was none, by its checksum.
    """

    def __init__(self) -> None:
        self.skipped_bytes = 0
        self.spoilt = 0
        self._buffer = b""

    @property
    def pending_bytes(self) -> int:
        return len(self._buffer)

    def drop_partial(self) -> None:
        """Forget a frame that does not go on: the line is new, or paused."""
        self.skipped_bytes += len(self._buffer)
        self._buffer = b""

    def receive(self, data: bytes) -> list[Frame]:
        """The frames that these bytes complete; data may be cut anywhere."""
        self._buffer += data
        frames = []
        while len(self._buffer) >= FRAME_BYTES:
            frame = parse(self._buffer[:FRAME_BYTES])
            if frame is not None:
                frames.append(frame)
            # One byte further: a payload may look like the head of a frame.
            step = FRAME_BYTES if frame is not None else 1
            self.skipped_bytes += 0 if frame is not None else 1
            self.spoilt += frame is None and _is_head(self._buffer)
            self._buffer = self._buffer[step:]
        return frames


def parse(data: bytes) -> Frame | None:
    """The frame in these 24 bytes; None where they are none."""
    if not _is_head(data) or sum(data[2:23]) % 256 != data[23]:
        return None
    voltage, current, power = (
        (int.from_bytes(data[at : at + 3], "big"), int.from_bytes(data[at + 3 : at + 6], "big"))
        for at in (2, 8, 14)
    )
    pulses = int.from_bytes(data[21:23], "big")
    return Frame(data[0], *voltage, *current, *power, flags=data[20], pulses=pulses)


def _is_head(data: bytes) -> bool:
    state = data[0]
    known = state in (FINE, UNCALIBRATED) or state & 0xF0 == 0xF0
    return known and data[1] == HEADER_1


def _quotient(coefficient: int, cycle: int, is_valid: int) -> float | None:
    return coefficient / cycle if is_valid and cycle else None
