# SPDX-License-Identifier: Apache-2.0
"""TI ADS130E08: eight 16-bit channels at 8 kSPS over SPI, read by RDATA at a fixed pace.

The chip has no FIFO, no counter and no checksum, and data-ready is not watched. Each frame
is therefore asked for by RDATA, which may overlap the next data-ready unharmed; in RDATAC
mode a read that does so is torn (TI SBAS705B, "Data Ready" and "RDATA").
Tested on the byte-level simulator only, not on a real chip.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from pdu_agent.hw import ads130e08_registers as chip
from pdu_agent.hw.ads130e08_registers import Command, Register
from pdu_agent.hw.repeats import RepeatFilter
from pdu_agent.hw.site import Site
from pdu_agent.hw.spi import SpiPort
from pdu_agent.metering.blocks import SampleBlock
from pdu_agent.metering.frames import decode_frames, decode_status
from pdu_agent.model.errors import ChipNotFound, HardwareError, ReadbackMismatch
from pdu_agent.model.settings import setting

log = logging.getLogger(__name__)

BLOCK_S = 0.060
SHORT_BLOCK_S = 0.020  # below this the losses between two messages weigh too much
READ_LEAD = 0.032  # share of a frame period by which reads are faster than frames
PACING_READS = 64
PACING_PASSES = 3  # the kernel's sleep takes longer than asked, so measure with it, twice
PACING_TRIES = 3  # the host may be late to see the end of a message; the fastest one counts

_REQUEST = bytes([Command.RDATA]) + bytes(chip.FRAME_BYTES)


class Gain(Enum):
    ONE = 1
    TWO = 2
    EIGHT = 8


class Reference(Enum):
    """The internal reference in volts; 4 V needs a 5 V analog supply."""

    V2_4 = 2.4
    V4 = 4


@dataclass(frozen=True, slots=True)
class Ads130e08Settings:
    """One converter and the device node it is on; /dev/spidev<bus>.<device>."""

    bus: int = setting(0, minimum=0, maximum=255, doc="SPI bus; one converter to a bus")
    device: int = setting(0, minimum=0, maximum=255, doc="chip select on the bus")
    reference_v: Reference = setting(Reference.V2_4, doc="internal reference: 2.4 or 4 V")
    gain: Gain = setting(Gain.ONE, doc="input amplifier of all channels: 1, 2 or 8")
    used_channels: int = setting(
        chip.CHANNELS, minimum=1, maximum=chip.CHANNELS, doc="wired inputs, channel 1 upwards"
    )
    register_check_s: float = setting(
        60.0, minimum=1, maximum=3600, doc="how often to look whether the chip lost its set-up"
    )

    @property
    def volts_per_count(self) -> float:
        """The weight of one code at the converter's input, before divider and CT."""
        return chip.volts_per_count(self.reference_v.value, self.gain.value)


class Ads130e08Source:
    """SampleSource of all eight channels; those without a wire, and failed ones, read 0.

    failed_channels: 0-based channels whose codes mean nothing, known after `start`.
    read_block raises HardwareError when the data line is stuck, sync is lost, the chip was
    reset or stands still; `start` then brings it up again.
    """

    channel_count = chip.CHANNELS
    rate_hz = chip.RATE_HZ

    def __init__(
        self,
        port: SpiPort,
        settings: Ads130e08Settings,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.failed_channels: frozenset[int] = frozenset()
        self._port = port
        self._settings = settings
        self._sleep = sleep
        self._driver = f"ads130e08 on spi {settings.bus}.{settings.device}"
        self._reads = 0
        self._delay_us = 0
        self._filter = RepeatFilter(chip.RATE_HZ)
        self._next_check_s = -math.inf
        self._config3 = chip.RESET_VALUES[Register.CONFIG3]
        self._seq = 0

    @classmethod
    def connect(cls, site: Site, settings: Ads130e08Settings) -> Ads130e08Source:
        return cls(site.connections.spi(site.place), settings, site.sleep)

    @property
    def volts_per_count(self) -> float:
        return self._settings.volts_per_count

    def start(self) -> None:
        """Reset, configure, verify and start the chip; takes about 0.35 s.

        Raises ChipNotFound when nothing answers, ReadbackMismatch when a register does not
        keep its value.
        """
        self._sleep(chip.POWER_UP_S)
        self._command(Command.RESET)
        self._sleep(chip.RESET_S)
        # Until then the chip is in RDATAC, where it ignores register commands.
        self._command(Command.SDATAC)
        self._identify()
        self._configure()
        self._command(Command.START)
        self._sleep(chip.SETTLING_S)
        self._find_pace()
        self._filter.restart()
        self._next_check_s = -math.inf

    def read_block(self) -> SampleBlock:
        if not self._reads:
            raise HardwareError(self._driver, "read", "not started")
        frames, start_s, end_s = self._read_frames()
        if not _in_sync(frames).all():
            frames, start_s, end_s = self._resynchronise(frames)
        self._check_alive(frames)
        distinct = self._filter.distinct(frames, start_s, end_s)
        self._check_registers(end_s)
        counts = decode_frames(distinct.frames, chip.CHANNELS, chip.SAMPLE_BITS)
        self._seq += 1
        return SampleBlock(
            counts=counts,
            rate_hz=self.rate_hz,
            t_mono_s=distinct.first_s,
            seq=self._seq,
            lost_samples=distinct.lost,
            clipped=_clipped(counts, distinct.frames),
        )

    def close(self) -> None:
        self._port.close()

    def _command(self, command: Command) -> None:
        self._port.transfer(bytes([command]))

    def _read_registers(self, first: int, count: int) -> bytes:
        return self._port.transfer(chip.read_registers(first, count))[2:]

    def _identify(self) -> None:
        identity = self._read_registers(Register.ID, 1)[0]
        self.failed_channels = frozenset()
        if identity in (0x00, 0xFF):
            raise ChipNotFound(
                self._driver, "read ID", f"0x{identity:02X}: no supply, or a broken wire"
            )
        if identity == chip.ID_FOUR_CHANNELS:
            self.failed_channels = frozenset(range(4, chip.CHANNELS))
            log.error("%s: ID 0x%02X: channels 5 to 8 are dead", self._driver, identity)
        elif identity & chip.ID_MASK != chip.ID_EIGHT_CHANNELS:
            log.warning("%s: unknown ID 0x%02X, taken as configured", self._driver, identity)

    def _configure(self) -> None:
        """Write every register, the reference first because it settles slowly, and verify."""
        reference = {
            Reference.V2_4: chip.CONFIG3_REFERENCE_2V4,
            Reference.V4: chip.CONFIG3_REFERENCE_4V,
        }[self._settings.reference_v]
        gain = chip.GAIN_CODES[self._settings.gain.value] << 4
        used = self._settings.used_channels
        channels = [gain] * used + [chip.CHANNEL_OFF] * (chip.CHANNELS - used)
        defaults = chip.RESET_VALUES[Register.CONFIG1 : Register.CONFIG3]
        wanted = bytes([*defaults, reference, 0, *channels])
        self._port.transfer(chip.write_registers(Register.CONFIG3, bytes([reference])))
        self._sleep(chip.REFERENCE_SETTLE_S)
        self._port.transfer(chip.write_registers(Register.CONFIG1, wanted))
        found = self._read_registers(Register.CONFIG1, len(wanted))
        self._config3 = reference
        for address, (want, have) in enumerate(zip(wanted, found, strict=True), Register.CONFIG1):
            if not _same(address, want, have):
                raise ReadbackMismatch(
                    self._driver,
                    f"write register 0x{address:02X}",
                    f"wrote 0x{want:02X}, reads 0x{have:02X}",
                )

    def _find_pace(self) -> None:
        """Measure what a read costs on this host and set the delay that makes it fit."""
        target_s = (1 - READ_LEAD) / chip.RATE_HZ
        limit = self._port.max_frames(len(_REQUEST))
        self._reads = max(2, min(limit, round(BLOCK_S / target_s)))
        self._delay_us = 0
        for _ in range(PACING_PASSES):
            cost_s = min(self._read_cost_s() for _ in range(PACING_TRIES))
            self._delay_us = max(0, round((target_s - cost_s) * 1e6))
        if cost_s > 1 / chip.RATE_HZ:
            log.warning(
                "%s: a read takes %.0f us, the chip makes a frame each %.0f us: samples are lost",
                self._driver,
                cost_s * 1e6,
                1e6 / chip.RATE_HZ,
            )
        if self._reads * target_s < SHORT_BLOCK_S:
            log.warning(
                "%s: only %d frames fit into a message, samples are lost between messages:"
                " put spidev.bufsiz=65536 on the kernel command line",
                self._driver,
                self._reads,
            )

    def _read_cost_s(self) -> float:
        """What a read took in one message, beyond the delay that was asked for."""
        count = min(PACING_READS, self._reads)
        _, start_s, end_s = self._port.read_frames(_REQUEST, count, self._delay_us)
        return (end_s - start_s) / count - self._delay_us * 1e-6

    def _read_frames(self) -> tuple[NDArray[np.uint8], float, float]:
        """uint8[reads, FRAME_BYTES] of one message, and when it began and ended."""
        raw, start_s, end_s = self._port.read_frames(_REQUEST, self._reads, self._delay_us)
        reads = np.frombuffer(raw, np.uint8).reshape(self._reads, len(_REQUEST))
        return reads[:, 1:], start_s, end_s  # what comes in under the command means nothing

    def _resynchronise(self, frames: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float, float]:
        """Give the chip one more chance; its next message, or HardwareError."""
        bad = np.count_nonzero(~_in_sync(frames))
        log.warning("%s: %d of %d frames without sync", self._driver, bad, len(frames))
        self._command(Command.SDATAC)
        self._verify_config3()
        again = self._read_frames()
        if not _in_sync(again[0]).all():
            raise HardwareError(self._driver, "read frames", "no sync, nor after SDATAC")
        return again

    def _check_alive(self, frames: NDArray[np.uint8]) -> None:
        """Noise alone moves some code within a block; equal frames mean no conversions."""
        if bool((frames[0] == frames[-1]).all()) and bool((frames == frames[0]).all()):
            self._verify_config3()
            raise HardwareError(self._driver, "read frames", f"no new frame in {len(frames)} reads")

    def _check_registers(self, now_s: float) -> None:
        """Rarely, because it may cost a frame; a reset mostly shows in the frames at once."""
        if now_s < self._next_check_s:
            return
        if self._next_check_s > -math.inf:
            self._verify_config3()
        self._next_check_s = now_s + self._settings.register_check_s

    def _verify_config3(self) -> None:
        """One register tells a reset: CONFIG3 starts with the reference off."""
        found = self._read_registers(Register.CONFIG3, 1)[0]
        if _same(Register.CONFIG3, self._config3, found):
            return
        stuck = {0x00: "data line stuck low", 0xFF: "data line stuck high"}
        why = stuck.get(found, "the chip was reset")
        detail = f"{why} (CONFIG3 reads 0x{found:02X}, was set to 0x{self._config3:02X})"
        raise HardwareError(self._driver, "check registers", detail)


def _same(address: int, wanted: int, found: int) -> bool:
    """Whether a register kept its value; bit 0 of CONFIG3 may read as 1."""
    mask = 0xFE if address == Register.CONFIG3 else 0xFF
    return not (wanted ^ found) & mask


def _in_sync(frames: NDArray[np.uint8]) -> NDArray[np.bool_]:
    in_sync: NDArray[np.bool_] = (frames[:, 0] & 0xF0) == chip.STATUS_SYNC
    return in_sync


def _clipped(counts: NDArray[np.int32], frames: NDArray[np.uint8]) -> int:
    """Bit n: channel n reached the end of the codes, or its FAULT comparators tripped."""
    ends = (counts.max(axis=1) >= chip.CODE_MAX) | (counts.min(axis=1) <= chip.CODE_MIN)
    faults = int(np.bitwise_or.reduce(decode_status(frames)))
    at_ends = int(np.packbits(ends, bitorder="little")[0])
    return at_ends | (faults >> 12 & 0xFF) | (faults >> 4 & 0xFF)
