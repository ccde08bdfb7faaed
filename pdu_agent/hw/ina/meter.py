# SPDX-License-Identifier: Apache-2.0
"""An INA chip as a PowerMeter: read at intervals, its energy the power times the time between.

It counts nothing by itself, so what flowed while nobody read it is not known.
Checked against the register-level simulator; not yet against a chip on a desk.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from pdu_agent.hw.i2c import SmBus, bus_error
from pdu_agent.hw.ina.chips import (
    Chip,
    Impossible,
    Ina219,
    Ina219Settings,
    Ina226,
    Ina226Settings,
    Ina3221,
    Ina3221Settings,
)
from pdu_agent.hw.ports import MeterSample
from pdu_agent.hw.site import Site
from pdu_agent.model.clock import Clock
from pdu_agent.model.errors import BusTimeout, ChipNotFound, ReadbackMismatch

log = logging.getLogger(__name__)

GAP_INTERVALS = 3
"""Power times a longer span than so many intervals is no figure any more."""
MAX_LIES = 3
"""Samples with an impossible value in a row, until the chip counts as lost."""

Settings = Ina219Settings | Ina226Settings | Ina3221Settings


class InaMeter:
    """A PowerMeter (hw/ports.py). lies: samples dropped for an impossible value. Single thread.

    open_bus: gives the bus, at each opening.
    """

    def __init__(
        self,
        chip: Chip,
        settings: Settings,
        open_bus: Callable[[], SmBus],
        clock: Clock,
        sleep: Callable[[float], None],
    ) -> None:
        self.max_silence_s = settings.interval_s
        self.lies = 0
        self._chip = chip
        self._address = settings.address
        self._place = settings.bus
        self._open_bus = open_bus
        self._clock = clock
        self._sleep = sleep
        self._bus: SmBus | None = None
        self._due_s = 0.0
        self._last_s: float | None = None
        self._lies_in_a_row = 0

    @property
    def rejected(self) -> int:
        return self.lies

    def open(self) -> None:
        """Set the chip up. Raises ChipNotFound, BusTimeout or ReadbackMismatch."""
        self.close()
        self._bus = self._open_bus()
        for register, wanted in self._chip.identity.items():
            found = self._read(register)
            if found != wanted:
                raise ChipNotFound(
                    self._chip.name,
                    f"identify 0x{self._address:02x} on {self._place}",
                    f"register 0x{register:02x} is 0x{found:04x}, expected 0x{wanted:04x}",
                )
        for register, content in self._chip.setup.items():
            self._write(register, content)
        self._check_setup()
        # Until then its registers hold zeros, or what an earlier set-up made of them.
        self._due_s = self._clock.monotonic_s() + self._chip.settle_s

    def close(self) -> None:
        """Safe to call at any time; the chip measures on."""
        if self._bus is not None:
            self._bus.close()
            self._bus = None
        self._due_s = 0.0
        self._lies_in_a_row = 0

    def poll(self, timeout_s: float) -> MeterSample | None:
        """The next sample, or None when it is not due within timeout_s.

        energy is None for the first sample and after a gap. Raises BusTimeout where the chip
        does not answer or says what cannot be MAX_LIES times in a row, ReadbackMismatch where
        it lost its set-up, as after a loss of supply.
        """
        wait_s = self._due_s - self._clock.monotonic_s()
        if wait_s > 0:
            self._sleep(min(wait_s, timeout_s))
            if wait_s > timeout_s:
                return None
        self._check_setup()
        try:
            channels = self._chip.read(self._read)
        except Impossible as exc:
            self._count_lie(exc)
            return None
        now_s = self._clock.monotonic_s()
        self._due_s = now_s + self.max_silence_s
        self._lies_in_a_row = 0
        span_s = self._span_s(now_s)
        return MeterSample(
            t_mono_s=now_s,
            span_s=span_s or 0.0,
            channels={
                name: (
                    electrical,
                    None
                    if span_s is None or electrical.active_power_w is None
                    else round(electrical.active_power_w * span_s * 1000),
                )
                for name, electrical in zip(self._chip.channel_names, channels, strict=True)
            },
        )

    def _span_s(self, now_s: float) -> float | None:
        """Since the last sample; None for the first one, and where it is a gap."""
        last_s, self._last_s = self._last_s, now_s
        if last_s is None or now_s - last_s > GAP_INTERVALS * self.max_silence_s:
            return None
        return now_s - last_s

    def _count_lie(self, why: Impossible) -> None:
        self.lies += 1
        self._lies_in_a_row += 1
        self._due_s = self._clock.monotonic_s() + self.max_silence_s
        what = f"0x{self._address:02x} on {self._place}"
        if self._lies_in_a_row == 1:
            log.warning("%s %s: %s; this sample is dropped", self._chip.name, what, why)
        if self._lies_in_a_row >= MAX_LIES:
            raise BusTimeout(self._chip.name, f"read {what}", str(why))

    def _check_setup(self) -> None:
        for register, content in self._chip.setup.items():
            found = self._read(register)
            if found != content:
                raise ReadbackMismatch(
                    self._chip.name,
                    f"set-up of 0x{self._address:02x} on {self._place}",
                    f"register {register} is 0x{found:04x}, expected 0x{content:04x}; is another"
                    " chip there, or did it lose its supply?",
                )

    def _read(self, register: int) -> int:
        bus = self._opened()
        try:
            high, low = bus.read_i2c_block_data(self._address, register, 2)
        except OSError as exc:
            raise bus_error(self._chip.name, f"read {self._where(register)}", exc) from exc
        return high << 8 | low

    def _write(self, register: int, content: int) -> None:
        bus = self._opened()
        try:
            bus.write_i2c_block_data(self._address, register, [content >> 8, content & 0xFF])
        except OSError as exc:
            raise bus_error(self._chip.name, f"write {self._where(register)}", exc) from exc

    def _where(self, register: int) -> str:
        return f"register {register} of 0x{self._address:02x} on {self._place}"

    def _opened(self) -> SmBus:
        if self._bus is None:
            raise BusTimeout(self._chip.name, f"use {self._place}", "the bus is not open")
        return self._bus


class Ina219Meter(InaMeter):
    """The driver `ina219`."""

    channel_names = Ina219.channel_names

    @classmethod
    def connect(cls, site: Site, settings: Ina219Settings) -> Ina219Meter:
        return cls(Ina219(settings), settings, *_connected(site, settings.bus))


class Ina226Meter(InaMeter):
    """The driver `ina226`."""

    channel_names = Ina226.channel_names

    @classmethod
    def connect(cls, site: Site, settings: Ina226Settings) -> Ina226Meter:
        return cls(Ina226(settings), settings, *_connected(site, settings.bus))


class Ina3221Meter(InaMeter):
    """The driver `ina3221`."""

    channel_names = Ina3221.channel_names

    @classmethod
    def connect(cls, site: Site, settings: Ina3221Settings) -> Ina3221Meter:
        return cls(Ina3221(settings), settings, *_connected(site, settings.bus))


def _connected(site: Site, bus: str) -> tuple[Callable[[], SmBus], Clock, Callable[[float], None]]:
    return lambda: site.connections.i2c(bus), site.clock, site.sleep
