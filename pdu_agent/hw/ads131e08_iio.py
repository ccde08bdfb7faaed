# SPDX-License-Identifier: Apache-2.0
"""TI ADS131E08 read by the kernel: its driver ti-ads131e08 fills a buffer at each data-ready.

Facts of that driver (drivers/iio/adc/ti-ads131e08.c): device names ads131e04, ads131e06 and
ads131e08; the rate is one of 1 2 4 8 16 32 64 kSPS; samples are be:s24/32>>8, 16-bit ones
sign-extended in them; there are no time stamps; gain and reference are those of the device
tree. It tells nothing of the chip's status, nor does it set the chip up again after a
brown-out. Tested on simulated files only, not on a real chip.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pdu_agent.hw.ads13x.delivered import Delivered
from pdu_agent.hw.ads13x.frames import BLOCK_S
from pdu_agent.hw.ads13x.parts import ADS131E08, CHANNELS
from pdu_agent.hw.ads13x.settings import Reference, SetUp
from pdu_agent.hw.ads131e08 import Gain, RateSps
from pdu_agent.hw.iio_buffer import IioBuffer
from pdu_agent.hw.sample_count import SampleCount
from pdu_agent.hw.site import Site
from pdu_agent.metering.blocks import SampleBlock
from pdu_agent.metering.droop import Sinc
from pdu_agent.model.clock import Clock
from pdu_agent.model.errors import BusTimeout, HardwareError, ReadbackMismatch
from pdu_agent.model.settings import setting

log = logging.getLogger(__name__)

NAMES = ("ads131e04", "ads131e06", "ads131e08")
SAMPLE_TYPE = "be:s24/32>>8"
WORD_BYTES = 4
CLOCK_TOLERANCE = 0.005
"""Of the chip's own oscillator at room temperature, 2.5 % over all of its range (UNCONFIRMED: not
seen in its data sheet, but as of the sister ADS1299).
"""
BUFFER_S = 0.25
SILENCE_S = 0.5
_SCALE_TOLERANCE = 0.005  # the kernel gives whole millivolts of the range
_WAIT_S = 0.02
_LOOKS = 3  # before samples are taken for lost
_LEAST_ALIVE = 8


@dataclass(frozen=True, slots=True)
class Ads131e08IioSettings:
    """One converter of the kernel's; its device node is the entry's `bus`."""

    place: ClassVar = (r"/dev/iio:device\d{1,3}", "/dev/iio:deviceN")

    reference_v: Reference = setting(
        Reference.V2_4, doc="internal reference as in the device tree: 2.4 or 4 V"
    )
    gain: Gain = setting(Gain.ONE, doc="input amplifier as in the device tree: 1 2 4 8 12")
    used_channels: int = setting(
        CHANNELS, minimum=1, maximum=CHANNELS, doc="wired inputs, channel 1 upwards"
    )
    rate_sps: RateSps = setting(
        RateSps.K8, doc="samples/s: 1000 2000 4000 8000 16000, or 32000 64000 with 16 bits"
    )

    clock_tolerance: float = setting(
        CLOCK_TOLERANCE,
        minimum=0.0001,
        maximum=0.03,
        doc="share by which the chip's clock may be off; samples missing beyond it were lost",
    )

    @property
    def set_up(self) -> SetUp:
        return SetUp(
            ADS131E08,
            self.rate_sps.value,
            self.gain.value,
            self.reference_v.value,
            self.used_channels,
        )

    @property
    def volts_per_count(self) -> float:
        """The weight of one code at the converter's input, before divider and CT."""
        return self.set_up.volts_per_count


class Ads131e08IioSource:
    """SampleSource of eight channels; those without a wire read 0.

    failed_channels: 0-based, those that the device tree leaves out.
    read_block raises HardwareError when no samples come or none of them moves.
    """

    channel_count = CHANNELS

    def __init__(
        self,
        node: str,
        settings: Ads131e08IioSettings,
        clock: Clock,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.failed_channels: dict[int, str] = {}
        self.rate_hz = float(settings.rate_sps.value)
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._name = f"ads131e08 on {node}"
        self._buffer = IioBuffer(node, self._name)
        self._delivered = Delivered(self._name)
        self._channels: tuple[int, ...] = ()
        self._length = round(BUFFER_S * self.rate_hz)
        self._block = round(BLOCK_S * self.rate_hz)
        self._rest = b""
        self._count = SampleCount(self.rate_hz, settings.clock_tolerance)
        self._undrained = 0  # samples read since the buffer was last seen empty
        self._next_s = 0.0  # when the next sample was taken
        self._seq = 0

    @classmethod
    def connect(cls, site: Site, settings: Ads131e08IioSettings) -> Ads131e08IioSource:
        node = site.connections.path(site.place)
        return cls(node, settings, site.clock, site.sleep)

    @property
    def volts_per_count(self) -> float:
        return self._settings.volts_per_count

    @property
    def droop(self) -> Sinc:
        return self._settings.set_up.droop

    @property
    def real_rate_hz(self) -> float:
        """What arrived of late, losses left out."""
        return self._delivered.real_rate_hz

    def start(self) -> None:
        """Set the buffer up and start it; returns when samples come.

        Raises ChipNotFound without such a device, ReadbackMismatch when the device tree says
        something else than the settings, BusTimeout when no samples come.
        """
        self._buffer.close()
        self._buffer.open(NAMES)
        try:
            self._configure()
            self._buffer.set("buffer/enable", "1")
            self._discard_first()
            for channel in self._channels:
                self._check_channel(channel)
        except HardwareError:
            self._buffer.close()
            raise
        self._delivered.restart(self.rate_hz)
        log.info("%s: %.0f samples/s", self._name, self.rate_hz)

    def _configure(self) -> None:
        self._buffer.set("buffer/enable", "0")
        shared = "in_voltage_sampling_frequency"
        frequency = shared if self._buffer.has(shared) else "sampling_frequency"
        self._buffer.set(frequency, str(round(self.rate_hz / 1000)))
        used = range(self._settings.used_channels)
        self._channels = tuple(
            n for n in used if self._buffer.has(f"scan_elements/in_voltage{n}_en")
        )
        for channel in range(CHANNELS):
            file = f"scan_elements/in_voltage{channel}_en"
            if self._buffer.has(file):
                self._buffer.set(file, "1" if channel in self._channels else "0")
        self._buffer.set("buffer/length", str(self._length))
        self._mark_missing(set(used) - set(self._channels))

    def _check_channel(self, channel: int) -> None:
        found = self._buffer.get(f"scan_elements/in_voltage{channel}_type")
        if found != SAMPLE_TYPE:
            raise ReadbackMismatch(
                self._name, f"read type of channel {channel + 1}", f"{found}, not {SAMPLE_TYPE}"
            )
        text = self._buffer.get(f"in_voltage{channel}_scale")
        expected_mv = self.volts_per_count * 1000
        try:
            matches = abs(float(text) / expected_mv - 1) <= _SCALE_TOLERANCE
        except ValueError:
            matches = False
        if not matches:
            raise ReadbackMismatch(
                self._name,
                f"read scale of channel {channel + 1}",
                f"{text} mV a code, but by reference_v and gain {expected_mv:.9f}: make them"
                " those of the device tree (ti,vref-internal, ti,gain)",
            )

    def _mark_missing(self, missing: set[int]) -> None:
        why = "the device tree leaves this channel out"
        self.failed_channels = dict.fromkeys(sorted(missing), why)
        if missing:
            numbers = ", ".join(str(channel + 1) for channel in sorted(missing))
            log.error("%s: channels %s failed: %s", self._name, numbers, why)

    def _discard_first(self) -> None:
        """What is there once samples come; they are settled, but not in step with a clock."""
        self._rest = b""
        self._count = SampleCount(self.rate_hz, self._settings.clock_tolerance)
        self._wait()
        began_s = self._clock.monotonic_s()
        while len(self._samples(self._length)):
            began_s = self._clock.monotonic_s()
        self._drained(0, began_s)

    def read_block(self) -> SampleBlock:
        """About BLOCK_S of samples; those that waited in the kernel's buffer come at once.

        A buffer that overran holds old samples, a gap and new ones: a block ends at the gap,
        and the next one has its loss.
        """
        if not self._channels:
            raise HardwareError(self._name, "read", "not started")
        if self._undrained == 0:
            self._sleep(max(0.0, self._next_s + BLOCK_S - self._clock.monotonic_s()))
        before_gap = self._length - self._undrained
        wanted = min(2 * self._block, before_gap) if before_gap > 0 else self._length
        words, began_s = self._look(wanted)
        count = len(words)
        first_s, lost = self._next_s, 0
        self._undrained += count
        if count < wanted:
            lost = self._drained(self._undrained, began_s)
            first_s = self._next_s - count / self.rate_hz
        else:
            self._next_s += count / self.rate_hz
        self._check_alive(words)
        return self._as_block(words, first_s, lost)

    def _drained(self, came: int, began_s: float) -> int:
        """The buffer is empty, so the newest sample is of now; how many were lost.

        began_s: before the look that found it so.
        """
        self._undrained = 0
        self._next_s = began_s
        return self._count.missing(came, began_s, self._clock.monotonic_s())

    def _look(self, wanted: int) -> tuple[NDArray[np.int32], float]:
        """The samples that are there, and the time before they were looked at.

        Looks again where some are missing: an interrupt may be late, and what is taken for lost
        is filled in, and billed.
        """
        words, began_s = self._wait(wanted)
        for _ in range(_LOOKS):
            here = len(words)
            if here == wanted or not self._count.is_short(self._undrained + here, began_s):
                break
            self._sleep(_WAIT_S)
            began_s = self._clock.monotonic_s()
            words = np.concatenate((words, self._samples(wanted - here)))
        return words, began_s

    def _wait(self, wanted: int = 1) -> tuple[NDArray[np.int32], float]:
        """As `_look`, at least one sample, without another look. Raises BusTimeout after
        SILENCE_S.
        """
        waited_s = 0.0
        while True:
            began_s = self._clock.monotonic_s()
            words = self._samples(wanted)
            if len(words):
                return words, began_s
            if waited_s >= SILENCE_S:
                raise BusTimeout(
                    self._name,
                    "read samples",
                    f"none came in {SILENCE_S} s: is data-ready wired to the interrupt of the"
                    " device tree, and the buffer still enabled? A chip that lost its power needs"
                    " its kernel module loaded anew",
                )
            self._sleep(_WAIT_S)
            waited_s += _WAIT_S

    def _samples(self, wanted: int) -> NDArray[np.int32]:
        """int32[samples, channels], up to `wanted`; what is no whole sample waits."""
        width = WORD_BYTES * len(self._channels)
        need = wanted * width
        while len(self._rest) < need:
            data = self._buffer.read(need - len(self._rest))
            if not data:
                break
            self._rest += data
        whole = min(need, len(self._rest) // width * width)
        data, self._rest = self._rest[:whole], self._rest[whole:]
        words = np.frombuffer(data, ">i4").astype(np.int32) >> 8
        return words.reshape(-1, len(self._channels))

    def _check_alive(self, words: NDArray[np.int32]) -> None:
        if len(words) >= _LEAST_ALIVE and bool((words == words[0]).all()):
            raise HardwareError(
                self._name,
                "read samples",
                f"{len(words)} equal ones: the chip was reset or has no supply; unbind and bind"
                " its kernel driver, which alone sets it up",
            )

    def _as_block(self, words: NDArray[np.int32], first_s: float, lost: int) -> SampleBlock:
        counts = np.zeros((CHANNELS, len(words)), np.int32)
        counts[list(self._channels)] = words.T
        end = (1 << (self._settings.set_up.rate.bits - 1)) - 1
        ends = (counts.max(axis=1) >= end) | (counts.min(axis=1) <= -end - 1)
        self._seq += 1
        self._delivered.add(len(words), lost, self.rate_hz)
        return SampleBlock(
            counts=counts,
            rate_hz=self.rate_hz,
            t_mono_s=first_s,
            seq=self._seq,
            lost_samples=lost,
            clipped=int(np.packbits(ends, bitorder="little")[0]),
        )

    def close(self) -> None:
        """Stop the buffer and leave the device's settings as they were found."""
        self._channels = ()
        self._undrained = 0
        self._buffer.close()
