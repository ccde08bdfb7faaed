# SPDX-License-Identifier: Apache-2.0
"""A converter of the ADS130E08 family as it shows on its SPI wires (TI SBAS705B).

One conversion per data-ready on the chip's own oscillator, and nothing that remembers an
older one: a read before the next data-ready gives the same frame again, a late one has
lost those between. A read in RDATAC mode that overlaps a data-ready is torn; RDATA is not.
Not modelled: settling of the reference, the GPIO pins (low).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdu_agent.hw.sim.ads13x_parts import (
    CH1SET,
    CLOCK_S,
    CONFIG1,
    CONFIG2,
    CONFIG3,
    FAULT,
    FAULT_STATN,
    FAULT_STATP,
    SimPart,
)
from pdu_agent.hw.sim.decimation import AnalogInputs, filtered
from pdu_agent.hw.sim.noise import noise_at, noise_pool

BYTE_S = 8 / 4_096_000
RESET_DEAF_S = 18 * CLOCK_S
OFFSET_CALIBRATION_S = 0.153
ANALOG_SUPPLY_V = 5.0
DIGITAL_SUPPLY_V = 3.3
TEMPERATURE_DIODE_V = 0.1453  # at 25 C (unconfirmed)
COMPARATOR_HIGH = (0.95, 0.925, 0.90, 0.875, 0.85, 0.80, 0.75, 0.70)  # by COMP_TH

_WAKEUP, _STANDBY, _RESET, _START, _STOP = 0x02, 0x04, 0x06, 0x08, 0x0A
_RDATAC, _SDATAC, _RDATA, _OFFSETCAL, _RREG, _WREG = 0x10, 0x11, 0x12, 0x1A, 0x20, 0x40
_SYNC = 0xC0
_ROUNDING = 1e-9  # periods; at its own data-ready a frame is there
_MUX_NORMAL, _MUX_SUPPLY, _MUX_TEMPERATURE, _MUX_TEST = 0, 3, 4, 5
_TEST_PERIOD_CLOCKS = {0: 1 << 21, 1: 1 << 20}
_CHANNEL_BITS = (1 << np.arange(8, dtype=np.uint8))[:, None]


@dataclass(slots=True)
class Faults:
    """What is wrong with the chip or its wires.

    miso_stuck: every byte reads as this. bad_syncs: how many more frames come with a wrong
    status nibble. dead_channels: bit n set, channel n gives 0. weak_channels: bit n set,
    channel n shows half of what it measures.
    """

    miso_stuck: int | None = None
    bad_syncs: int = 0
    dead_channels: int = 0
    weak_channels: int = 0


class SimAds13x:
    """One chip; times are monotonic seconds. Safe to reset from another thread.

    ppm: error of the oscillator. noise_lsb: RMS noise of each channel in codes of 16 bits.
    offset_v: of every channel's converter, whatever its input. droops: has its decimation filter;
    without it a conversion is what the inputs are at one instant.
    """

    def __init__(
        self,
        part: SimPart,
        inputs: AnalogInputs,
        *,
        ppm: float = 0.0,
        noise_lsb: float = 0.7,
        seed: int = 0,
        offset_v: float = 0.0,
        droops: bool = True,
    ) -> None:
        self.faults = Faults()
        self._part = part
        self._inputs = inputs
        self._noise = noise_pool(seed) * np.float32(noise_lsb)
        self._made_offset_v = offset_v
        self._droops = droops
        self._clock_ratio = 1 + ppm * 1e-6
        self._lock = threading.RLock()
        self._dropped: list[tuple[int, int]] = []
        self.reset()

    def reset(self) -> None:
        """Power-on and brown-out: default registers, RDATAC, no conversions."""
        with self._lock:
            self._registers = bytearray(self._part.reset_values)
            self._continuous = True
            self._first_ready_s: float | None = None
            self._deaf_until_s = 0.0
            self._offset_v = self._made_offset_v
            self._nulling = False
            self._dropped.clear()
            self._take_rate()

    def _take_rate(self) -> None:
        rate_sps, self._bits, self._settling_clocks = self._part.rate(self._registers[CONFIG1])
        self.period_s = 1 / (rate_sps * self._clock_ratio)
        self._frame_bytes = 3 + self._part.channels * self._bits // 8

    @property
    def first_ready_s(self) -> float | None:
        """The first data-ready since START; None while the chip does not convert."""
        return self._first_ready_s

    def ready_times_s(self, after_s: float, until_s: float) -> list[float]:
        """When data-ready fell, after_s < t <= until_s, ascending."""
        with self._lock:
            first_s = self._first_ready_s
            if first_s is None or until_s < first_s:
                return []
            last = int((until_s - first_s) / self.period_s)
            first = max(0, int((after_s - first_s) / self.period_s) - 1) if after_s > first_s else 0
            times_s = (first_s + number * self.period_s for number in range(first, last + 2))
            return [t_s for t_s in times_s if after_s < t_s <= until_s]

    def conversion_at(self, t_s: float) -> int | None:
        """Number of the newest conversion at t_s, None before the first one."""
        if self._first_ready_s is None or t_s < self._first_ready_s:
            return None
        return int((t_s - self._first_ready_s) / self.period_s + _ROUNDING)

    def drop_frames(self, count: int, t_s: float) -> None:
        """The next `count` conversions after t_s fail: the old frame stays."""
        with self._lock:
            newest = self.conversion_at(t_s)
            if newest is not None:
                self._dropped.append((newest + 1, newest + 1 + count))

    def exchange(self, data: bytes, t_s: float) -> bytes:
        """Clock `data` in from t_s on with chip select low; what the chip sends meanwhile."""
        with self._lock:
            if self.faults.miso_stuck is not None:
                self._decode(data, t_s)
                return bytes([self.faults.miso_stuck]) * len(data)
            out = self._continuous_read(t_s) if self._continuous else b""
            answer = bytearray(out.ljust(len(data), b"\0")[: len(data)])
            for position, reply in self._decode(data, t_s):
                end = min(position + len(reply), len(data))
                answer[position:end] = reply[: max(0, end - position)]
            return bytes(answer)

    def exchange_many(self, request: bytes, starts_s: NDArray[np.float64]) -> bytes:
        """The same exchange at each of the ascending times, as one run of bytes."""
        with self._lock:
            if self._continuous or request.rstrip(b"\0") != bytes([_RDATA]):
                return b"".join(self.exchange(request, float(t_s)) for t_s in starts_s)
            if self.faults.miso_stuck is not None:
                return bytes([self.faults.miso_stuck]) * (len(request) * len(starts_s))
            answers = np.zeros((len(starts_s), len(request)), np.uint8)
            width = min(len(request) - 1, self._frame_bytes)
            answers[:, 1 : 1 + width] = self._sent_frames(starts_s)[:, :width]
            return answers.tobytes()

    def _decode(self, data: bytes, t_s: float) -> list[tuple[int, bytes]]:
        """Obey the commands; (position, bytes) of what they make the chip send."""
        replies = []
        position = 0
        while position < len(data):
            now_s = t_s + position * BYTE_S
            opcode = data[position]
            position += 1
            if now_s < self._deaf_until_s:
                continue
            if opcode & 0xE0 in (_RREG, _WREG):
                count = (data[position] & 0x1F) + 1 if position < len(data) else 0
                first = opcode & 0x1F
                position += 1
                if not self._continuous and opcode & 0xE0 == _RREG:
                    replies.append((position, self._read(first, count, now_s)))
                elif not self._continuous:
                    self._write(first, data[position : position + count])
                position += count
            elif opcode == _RDATA and not self._continuous:
                replies.append((position, self._frame_at(now_s)))
                position += self._frame_bytes
            else:
                self._obey(opcode, now_s + BYTE_S)
        return replies

    def _obey(self, opcode: int, t_s: float) -> None:
        if opcode == _RESET:
            self.reset()
            self._deaf_until_s = t_s + RESET_DEAF_S
        elif opcode in (_START, _WAKEUP):
            if opcode == _START or self._first_ready_s is None:
                self._begin(t_s)
        elif opcode in (_STOP, _STANDBY):
            self._first_ready_s = None
        elif opcode in (_RDATAC, _SDATAC):
            self._continuous = opcode == _RDATAC
        elif opcode == _OFFSETCAL:
            self._nulling = self._part.nulls_offsets

    def _begin(self, t_s: float) -> None:
        """Converting starts anew; offsets are nulled first where that was asked for."""
        self._first_ready_s = t_s + self._settling_clocks * CLOCK_S / self._clock_ratio
        if self._nulling:
            self._nulling = False
            self._offset_v = 0.0
            self._first_ready_s += OFFSET_CALIBRATION_S
        self._dropped.clear()

    def _read(self, first: int, count: int, t_s: float) -> bytes:
        status = self._frames_at(np.array([t_s]))[0, :3]
        registers = bytearray(self._registers)
        word = int.from_bytes(status.tobytes(), "big")
        registers[FAULT_STATP] = word >> 12 & 0xFF
        registers[FAULT_STATN] = word >> 4 & 0xFF
        return bytes(registers[first : first + count]).ljust(count, b"\0")

    def _write(self, first: int, values: bytes) -> None:
        for address, value in enumerate(values, first):
            mask = self._part.masks.get(address, 0)
            if mask:
                kept = self._registers[address] & ~mask
                self._registers[address] = kept | (value & mask)
        self._take_rate()

    def _continuous_read(self, t_s: float) -> bytes:
        """RDATAC: data-ready reloads the output register, also in the middle of a read."""
        frame_end_s = t_s + self._frame_bytes * BYTE_S
        old = self._frame_at(t_s)
        before, after = self.conversion_at(t_s), self.conversion_at(frame_end_s)
        if before == after or after is None or self._first_ready_s is None:
            return old
        ready_s = self._first_ready_s + after * self.period_s
        sent = int((ready_s - t_s) / BYTE_S)
        new = self._frame_at(frame_end_s)
        return (old[:sent] + new)[: self._frame_bytes]

    def _frame_at(self, t_s: float) -> bytes:
        frame: bytes = self._sent_frames(np.array([t_s])).tobytes()
        return frame

    def _sent_frames(self, times_s: NDArray[np.float64]) -> NDArray[np.uint8]:
        """`_frames_at`, with what the fault injection does to them on the way out."""
        frames = self._frames_at(times_s)
        spoilt = min(self.faults.bad_syncs, len(frames))
        frames[:spoilt, 0] ^= 0xA0
        self.faults.bad_syncs -= spoilt
        return frames

    def _frames_at(self, times_s: NDArray[np.float64]) -> NDArray[np.uint8]:
        """uint8[times, FRAME_BYTES]: what the output register holds at each time, ascending."""
        if self._first_ready_s is None:
            numbers = np.full(len(times_s), -1, np.int64)
        else:
            periods = (times_s - self._first_ready_s) / self.period_s
            numbers = np.floor(periods + _ROUNDING).astype(np.int64)
            for first, end in self._dropped:
                numbers[(numbers >= first) & (numbers < end)] = first - 1
            np.maximum(numbers, -1, out=numbers)
        new = np.empty(len(numbers), np.bool_)
        new[0] = True
        np.not_equal(numbers[1:], numbers[:-1], out=new[1:])
        frames: NDArray[np.uint8] = self._convert(numbers[new])[np.cumsum(new) - 1]
        return frames

    def _convert(self, numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
        """uint8[numbers, FRAME_BYTES] of these conversions; number -1 is an empty register."""
        frames = np.zeros((len(numbers), self._frame_bytes), np.uint8)
        frames[:, 0] = _SYNC
        if self._first_ready_s is None or not self._registers[CONFIG3] & 0x80:
            return frames
        times_s = self._first_ready_s + numbers.astype(np.float64) * self.period_s
        volts, scale, alive = self._selected_inputs(times_s)
        codes = (volts + np.float32(self._offset_v)) * scale[:, None]
        codes += noise_at(self._noise, numbers, len(codes)) * self._noise_scale
        np.rint(codes, out=codes)
        end = 1 << (self._bits - 1)
        np.clip(codes, -end, end - 1, out=codes)
        codes *= alive[:, None]
        frames[:, 3 : 3 + len(codes) * self._bits // 8] = self._words(codes)
        self._add_faults(frames, volts * alive[:, None])
        if numbers[0] < 0:
            frames[numbers < 0, 1:] = 0
        return frames

    @property
    def _noise_scale(self) -> np.float32:
        return np.float32(1 << (self._bits - 16))

    def _words(self, codes: NDArray[np.float32]) -> NDArray[np.uint8]:
        """uint8[numbers, bytes] of all channels' big-endian words."""
        if self._bits == 16:
            return np.ascontiguousarray(codes.T).astype(">i2").view(np.uint8)
        words = np.ascontiguousarray(codes.T).astype(">i4").view(np.uint8)
        count, channels = codes.shape[1], codes.shape[0]
        return words.reshape(count, channels, 4)[:, :, 1:].reshape(count, channels * 3)

    def _selected_inputs(
        self, times_s: NDArray[np.float64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """(volts[channels, times], codes per volt[channels], 1 or 0 for off or dead)."""
        reference_v = 4.0 if self._registers[CONFIG3] & 0x20 else 2.4
        wired = self._wired(times_s)
        settings = self._registers[CH1SET : CH1SET + self._part.channels]
        used = self._part.channels
        while used > len(wired) and settings[used - 1] & 0x80:
            used -= 1  # trailing channels that are off cost no arithmetic
        scale = np.zeros(used, np.float32)
        alive = np.zeros(used, np.float32)
        volts = wired
        if used != len(wired):
            volts = np.zeros((used, len(times_s)), np.float32)
            volts[: len(wired)] = wired[:used]
        for channel in range(used):
            control = settings[channel]
            gain = self._part.gains.get(control >> 4 & 0x7, 1)
            scale[channel] = gain * (1 << self._bits) / (2 * reference_v)
            off = control & 0x80 or self.faults.dead_channels >> channel & 1
            alive[channel] = 0.0 if off else 1.0
            if self.faults.weak_channels >> channel & 1:
                scale[channel] /= 2
            if control & 0x7 != _MUX_NORMAL:
                volts[channel] = self._internal_signal(control & 0x7, channel, times_s, reference_v)
        return volts, scale, alive

    def _wired(self, times_s: NDArray[np.float64]) -> NDArray[np.float32]:
        if self._droops:
            return filtered(self._inputs, times_s, self.period_s)
        return self._inputs(times_s)

    def _internal_signal(
        self, mux: int, channel: int, times_s: NDArray[np.float64], reference_v: float
    ) -> NDArray[np.float64] | float:
        """What the input multiplexer connects instead of the pins."""
        if mux == _MUX_SUPPLY:
            return DIGITAL_SUPPLY_V / 4 if channel in (2, 3) else ANALOG_SUPPLY_V / 2
        if mux == _MUX_TEMPERATURE:
            return TEMPERATURE_DIODE_V
        if mux != _MUX_TEST:
            return 0.0  # shorted
        config2 = self._registers[CONFIG2]
        amplitude_v = reference_v / 2400 * (2 if config2 & 0x04 else 1)
        period_clocks = _TEST_PERIOD_CLOCKS.get(config2 & 0x03)
        if period_clocks is None:
            return amplitude_v
        turns = times_s * self._clock_ratio / (period_clocks * CLOCK_S)
        return np.where(turns % 1.0 < 0.5, amplitude_v, -amplitude_v)

    def _add_faults(self, frames: NDArray[np.uint8], volts: NDArray[np.float32]) -> None:
        """FAULT_STATP of each frame. INnN sits at mid-supply, so only INnP can leave the range."""
        high = COMPARATOR_HIGH[self._registers[FAULT] >> 5]
        outside = np.abs(volts) > (high - 0.5) * ANALOG_SUPPLY_V
        if outside.any():
            faults = (outside * _CHANNEL_BITS[: len(volts)]).sum(axis=0).astype(np.uint8)
            frames[:, 0] |= faults >> 4
            frames[:, 1] |= faults << 4
