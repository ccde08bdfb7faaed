# SPDX-License-Identifier: Apache-2.0
"""Samples of a converter of this family, over spidev: blocks, losses, clipping, resync.

The chip has no FIFO, no counter and no checksum: each frame is asked for by RDATA, paced or
by the data-ready line. Tested on the byte-level simulator only, not on a real chip.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdu_agent.hw.ads13x import parts
from pdu_agent.hw.ads13x.chip import Chip, Identity
from pdu_agent.hw.ads13x.delivered import Delivered
from pdu_agent.hw.ads13x.frames import FrameReader, Message
from pdu_agent.hw.ads13x.paced import PacedFrames
from pdu_agent.hw.ads13x.parts import Command, Input
from pdu_agent.hw.ads13x.self_test import shorted_faults, square_faults
from pdu_agent.hw.ads13x.settings import SetUp
from pdu_agent.hw.spi import SpiPort
from pdu_agent.metering.blocks import SampleBlock
from pdu_agent.metering.droop import Sinc
from pdu_agent.metering.frames import decode_frames, decode_status, frame_length
from pdu_agent.model.errors import HardwareError

log = logging.getLogger(__name__)

TEST_SIGNAL_S = 1.1 * parts.TEST_PERIOD_S
SHORTED_S = 0.2
_LEAST_ALIVE = 8  # frames of which not all are equal, as noise alone moves some code


@dataclass(frozen=True, slots=True)
class Duties:
    """What a source does besides reading. Seconds between two looks at the registers."""

    register_check_s: float = 60.0
    self_test: bool = False
    calibrate_offset: bool = False


class Ads13xSource:
    """SampleSource of all eight channels; those without a wire, and failed ones, read 0.

    failed_channels: 0-based channels whose codes mean nothing, and why. They are known after
    `start`, as is rate_hz: of the chip, or of the reads where the host is slower.
    real_rate_hz: what arrived of late, losses between the reads left out.
    read_block raises HardwareError when the data line is stuck, sync is lost, the chip was
    reset or stands still; `start` then brings it up again.
    """

    channel_count = parts.CHANNELS

    def __init__(
        self,
        port: SpiPort,
        set_up: SetUp,
        duties: Duties,
        name: str,
        sleep: Callable[[float], None] = time.sleep,
        reader: FrameReader | None = None,
    ) -> None:
        self.failed_channels: dict[int, str] = {}
        self.offsets: tuple[float, ...] = ()
        """Codes at shorted inputs, of the used channels, where the self-test was run."""
        self._port = port
        self._set_up = set_up
        self._duties = duties
        self._name = name
        self._sleep = sleep
        self._chip = Chip(port, set_up, name, sleep)
        self._reader = reader or PacedFrames(port, set_up.rate_sps, name)
        self._delivered = Delivered(name)
        self._identity: Identity | None = None
        self._next_check_s = -math.inf
        self._seq = 0

    @property
    def rate_hz(self) -> float:
        return self._reader.rate_hz

    @property
    def droop(self) -> Sinc:
        return self._set_up.droop

    @property
    def real_rate_hz(self) -> float:
        return self._delivered.real_rate_hz

    @property
    def volts_per_count(self) -> float:
        return self._set_up.volts_per_count

    def start(self) -> None:
        """Reset, configure, verify and start the chip; takes about 0.35 s, 1 s more with the
        self-test.

        Raises ChipNotFound when nothing answers, ReadbackMismatch when a register does not
        keep its value.
        """
        self._identity = None
        self._sleep(parts.POWER_UP_S)
        self._chip.reset()
        identity = self._chip.identify()
        failed = dict(identity.faults)
        self._chip.switch_reference_on()
        self._chip.configure()
        self._chip.start(calibrate_offset=self._duties.calibrate_offset)
        frame_bytes = frame_length(identity.channels, self._set_up.rate.bits)
        self._reader.start(frame_bytes)
        if self._duties.self_test:
            failed = self._test(identity) | failed
            self._reader.start(frame_bytes)
        self.failed_channels = failed
        self._delivered.restart(self.rate_hz)
        log.info("%s: %.0f samples/s", self._name, self.rate_hz)
        self._next_check_s = -math.inf
        self._identity = identity

    def read_block(self) -> SampleBlock:
        if self._identity is None:
            raise HardwareError(self._name, "read", "not started")
        message = self._reader.read()
        if not _in_sync(message.frames).all():
            message = self._resynchronise(message)
        self._check_alive(message.frames)
        distinct = self._reader.distinct(message)
        self._check_registers(message.end_s)
        counts = self._decode(distinct.frames, self._identity.channels)
        self._seq += 1
        self._delivered.add(counts.shape[1], distinct.lost, self.rate_hz)
        return SampleBlock(
            counts=counts,
            rate_hz=self.rate_hz,
            t_mono_s=distinct.first_s,
            seq=self._seq,
            lost_samples=distinct.lost,
            clipped=self._clipped(counts, distinct.frames, self._identity.channels),
        )

    def close(self) -> None:
        self._identity = None
        self._reader.close()
        self._port.close()

    def _decode(self, frames: NDArray[np.uint8], channels: int) -> NDArray[np.int32]:
        """int32[channel_count, samples]; a smaller part's other channels are 0."""
        counts = decode_frames(frames, channels, self._set_up.rate.bits)
        if channels == self.channel_count:
            return counts
        filled = np.zeros((self.channel_count, counts.shape[1]), np.int32)
        filled[:channels] = counts
        return filled

    def _clipped(self, counts: NDArray[np.int32], frames: NDArray[np.uint8], channels: int) -> int:
        """Bit n: channel n reached the end of the codes, or its FAULT comparators tripped."""
        bits = self._set_up.rate.bits
        end = (1 << (bits - 1)) - 1
        ends = (counts.max(axis=1) >= end) | (counts.min(axis=1) <= -end - 1)
        faults = int(np.bitwise_or.reduce(decode_status(frames, channels, bits)))
        at_ends = int(np.packbits(ends, bitorder="little")[0])
        return at_ends | (faults >> 12 & 0xFF) | (faults >> 4 & 0xFF)

    def _resynchronise(self, message: Message) -> Message:
        """Give the chip one more chance; its next message, or HardwareError."""
        bad = np.count_nonzero(~_in_sync(message.frames))
        log.warning("%s: %d of %d frames without sync", self._name, bad, len(message.frames))
        self._chip.command(Command.SDATAC)
        self._chip.verify()
        again = self._reader.read()
        if not _in_sync(again.frames).all():
            raise HardwareError(self._name, "read frames", "no sync, nor after SDATAC")
        return again

    def _check_alive(self, frames: NDArray[np.uint8]) -> None:
        """Equal frames mean no conversions."""
        if len(frames) < _LEAST_ALIVE or not bool((frames[0] == frames[-1]).all()):
            return
        if bool((frames == frames[0]).all()):
            self._chip.verify()
            raise HardwareError(self._name, "read frames", f"no new frame in {len(frames)} reads")

    def _check_registers(self, now_s: float) -> None:
        """Rarely, because it may cost a frame; a reset mostly shows in the frames at once."""
        if now_s < self._next_check_s:
            return
        if self._next_check_s > -math.inf:
            self._chip.verify()
        self._next_check_s = now_s + self._duties.register_check_s

    def _test(self, identity: Identity) -> dict[int, str]:
        """Measure what the chip itself can connect; the channels that fail, and why."""
        set_up = self._set_up
        tested = min(set_up.used_channels, identity.channels)
        expected_v = set_up.reference_v * parts.TEST_SIGNAL_PER_REFERENCE
        square = self._measure(Input.TEST_SIGNAL, TEST_SIGNAL_S, identity.channels)[:tested]
        shorted = self._measure(Input.SHORTED, SHORTED_S, identity.channels)[:tested]
        faults, self.offsets = shorted_faults(shorted, 1 << (set_up.rate.bits - 1))
        faults |= square_faults(square, expected_v / set_up.volts_per_count)
        log.info(
            "%s: self-test: offsets %s codes",
            self._name,
            " ".join(f"{offset:.1f}" for offset in self.offsets),
        )
        self._connect(Input.NORMAL)
        return faults

    def _connect(self, connected: Input) -> None:
        self._chip.command(Command.STOP)
        self._chip.configure(connected)
        self._chip.start()

    def _measure(self, connected: Input, span_s: float, channels: int) -> NDArray[np.int32]:
        self._connect(connected)
        messages = [self._reader.read()]
        while messages[-1].end_s - messages[0].start_s < span_s:
            messages.append(self._reader.read())
        frames = np.concatenate([message.frames for message in messages])
        return decode_frames(frames, channels, self._set_up.rate.bits)


def _in_sync(frames: NDArray[np.uint8]) -> NDArray[np.bool_]:
    in_sync: NDArray[np.bool_] = (frames[:, 0] & 0xF0) == parts.STATUS_SYNC
    return in_sync
