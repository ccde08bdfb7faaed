# SPDX-License-Identifier: Apache-2.0
"""A CSE7766 or HLW8032 as a PowerMeter: one channel on one serial line.

Checked against frames recorded from real boards and against the byte-level simulator; not yet
against a board on a desk.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, replace
from typing import ClassVar

from pdu_agent.hw.cse7766.frames import Frame, FrameDecoder
from pdu_agent.hw.cse7766.pulses import PulseEnergy
from pdu_agent.hw.electrical import completed, impossible
from pdu_agent.hw.ports import MeterSample
from pdu_agent.hw.serial_port import READ_SLICE_S, SerialPort
from pdu_agent.hw.site import Site
from pdu_agent.model.clock import Clock
from pdu_agent.model.errors import BusTimeout
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.settings import setting

log = logging.getLogger(__name__)

DRIVER = "cse7766"
BAUD_RATE = 4800
PARITY = "even"
CHANNEL = "main"
IDLE_FRAMES = 128
"""So many frames without a valid power cycle, about 6 s, are no load; drivers in the field use
this number."""
SILENT_INTERVALS = 3


@dataclass(frozen=True, slots=True)
class Cse7766Settings:
    """One chip. The trims follow from the board's divider and shunt, or from calibration."""

    line_parity: ClassVar = PARITY

    port: str = setting(max_length=255, doc="serial device, best by /dev/serial/by-id/...")
    interval_s: float = setting(1.0, minimum=0.1, maximum=60, doc="how often values are published")
    max_power_w: float = setting(
        4000.0,
        minimum=1,
        maximum=100_000,
        doc="most that the board can carry; more than this is a reset or a lie, not a load",
    )
    voltage_trim: float = setting(1.0, minimum=0.01, maximum=100, doc="volts times this")
    current_trim: float = setting(1.0, minimum=0.01, maximum=100, doc="amperes times this")
    power_trim: float = setting(1.0, minimum=0.01, maximum=100, doc="watts and energy times this")


class Cse7766Meter:
    """A PowerMeter (hw/ports.py). lies: frames dropped for a state or a value that cannot be.

    The chip counts on while nobody listens. Single thread.
    """

    channel_names = (CHANNEL,)

    def __init__(self, settings: Cse7766Settings, clock: Clock) -> None:
        self.max_silence_s = settings.interval_s
        self.lies = 0
        self._settings = settings
        self._clock = clock
        self._port = SerialPort(DRIVER, settings.port, BAUD_RATE, PARITY)
        self._decoder = FrameDecoder()
        self._energy = PulseEnergy(settings.max_power_w, settings.power_trim)
        self._energy_mj: int | None = None
        self._was_reset = False
        self._power_w: float | None = None
        self._powerless_frames = 0
        self._good: tuple[float, Frame] | None = None
        self._last_s: float | None = None
        self._due_s = 0.0
        self._silent_since_s = 0.0
        self._trouble = ""

    @classmethod
    def connect(cls, site: Site, settings: Cse7766Settings) -> Cse7766Meter:
        port = site.connections.path(settings.port)
        return cls(replace(settings, port=port), site.clock)

    @property
    def rejected(self) -> int:
        return self.lies + self._decoder.spoilt

    def open(self) -> None:
        """Open the port. Raises ChipNotFound or BusTimeout, saying what to do."""
        self._port.open()
        self._decoder.drop_partial()
        self._good = None
        self._trouble = ""
        self._due_s = self._silent_since_s = self._clock.monotonic_s()

    def close(self) -> None:
        """Close the port; safe to call at any time."""
        self._port.close()

    def poll(self, timeout_s: float) -> MeterSample | None:
        """The first frame of each interval as a sample; None when none is due in about
        timeout_s.

        energy is None for the first sample ever and after a reset. Raises BusTimeout when the
        line fails, or gave no usable frame for SILENT_INTERVALS * max_silence_s.
        """
        for _ in range(max(1, math.ceil(timeout_s / READ_SLICE_S))):
            self._listen()
            if self._good is not None and self._good[0] >= self._due_s:
                return self._sample(*self._good)
        self._check_silence()
        return None

    def _listen(self) -> None:
        data = self._port.read()
        now_s = self._clock.monotonic_s()
        for frame in self._decoder.receive(data):
            self._trouble = self._trouble_of(frame)
            if self._trouble:
                self.lies += 1
                continue
            self._follow_power(frame)
            self._count(now_s, frame)
            self._good = (now_s, frame)
            self._silent_since_s = now_s

    def _trouble_of(self, frame: Frame) -> str:
        """Why nothing of this frame may be believed; "" where it may."""
        if frame.is_uncalibrated:
            return "the chip says that it lost its calibration"
        if frame.has_failed:
            return "the chip says that the hardware around it has failed"
        trims, power_w = self._settings, frame.power_w
        if power_w is not None and power_w * trims.power_trim > trims.max_power_w:
            return f"{power_w:.0f} W before the trim, more than max_power_w"
        return impossible(
            _trimmed(frame.voltage_v, trims.voltage_trim),
            _trimmed(frame.current_a, trims.current_trim),
            trims.max_power_w,
        )

    def _follow_power(self, frame: Frame) -> None:
        """At little load a pulse takes longer than a frame: the last power holds until then."""
        if frame.is_idle:
            self._power_w = 0.0
        elif frame.power_w is not None:
            self._power_w, self._powerless_frames = frame.power_w, 0
        else:
            self._powerless_frames += 1
            if self._powerless_frames >= IDLE_FRAMES:
                self._power_w = 0.0

    def _count(self, heard_s: float, frame: Frame) -> None:
        """Each frame's pulses: within an interval the counter might wrap."""
        energy_mj = self._energy.advance(heard_s, frame.pulses, frame.power_coefficient)
        self._was_reset = self._was_reset or self._energy.was_reset
        if energy_mj is not None:
            self._energy_mj = (self._energy_mj or 0) + energy_mj

    def _sample(self, heard_s: float, frame: Frame) -> MeterSample:
        late = heard_s - self._due_s >= self.max_silence_s
        self._due_s = (heard_s if late else self._due_s) + self.max_silence_s
        self._good = None
        energy_mj, self._energy_mj = self._energy_mj, None
        if self._was_reset:
            self._was_reset = False
            log.warning(
                "%s %s: the pulse counter was reset; what it counted meanwhile is not known",
                DRIVER,
                self._port.path,
            )
        last_s, self._last_s = self._last_s, heard_s
        if last_s is None:
            energy_mj = None  # of no span
        return MeterSample(
            t_mono_s=heard_s,
            span_s=0.0 if last_s is None else heard_s - last_s,
            channels={CHANNEL: (self._electrical(frame), energy_mj)},
        )

    def _electrical(self, frame: Frame) -> Electrical:
        trims = self._settings
        # Without a load the current's cycle holds noise, if anything.
        current_a = 0.0 if self._power_w == 0 else _trimmed(frame.current_a, trims.current_trim)
        return completed(
            Electrical(
                voltage_v=_trimmed(frame.voltage_v, trims.voltage_trim),
                current_a=current_a,
                active_power_w=_trimmed(self._power_w, trims.power_trim),
                quality=Quality.OK,
            )
        )

    def _check_silence(self) -> None:
        silent_s = self._clock.monotonic_s() - self._silent_since_s
        if silent_s <= SILENT_INTERVALS * self.max_silence_s:
            return
        hint = self._trouble
        if not hint and self._decoder.skipped_bytes + self._decoder.pending_bytes:
            hint = f"what comes is no frame; is it a CSE7766 or HLW8032, {BAUD_RATE} baud 8E1?"
        raise BusTimeout(
            DRIVER,
            f"read {self._port.path}",
            f"no usable frame for {silent_s:.0f} s; {hint or 'not a byte came; is it powered?'}",
        )


def _trimmed(value: float | None, trim: float) -> float | None:
    return None if value is None else value * trim
