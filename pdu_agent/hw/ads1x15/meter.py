# SPDX-License-Identifier: Apache-2.0
"""ADS1015 and ADS1115 as a PowerMeter: RMS of one input after the other.

Every sample is a conversion of its own, started and stamped by the host. In continuous mode
the bus does not tell when a conversion ends: reads and conversions then beat, and some
conversions are taken twice or not at all in a rhythm that, near twice the mains' frequency,
falsifies the RMS by several percent.
Tested on the register-level simulator only, not on a chip.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

from pdu_agent.hw.ads1x15 import chips
from pdu_agent.hw.ads1x15.chips import ADS1015, ADS1115, Part
from pdu_agent.hw.ads1x15.settings import (
    VOLTAGE,
    Ads1015Settings,
    Ads1115Settings,
    CurrentInput,
    VoltageInput,
)
from pdu_agent.hw.ads1x15.window import Sample, rms, trouble
from pdu_agent.hw.i2c import SmBus, bus_error
from pdu_agent.hw.ports import MeterOutline, MeterSample
from pdu_agent.hw.site import Site
from pdu_agent.model.clock import Clock
from pdu_agent.model.errors import BusTimeout, ReadbackMismatch
from pdu_agent.model.quantities import Electrical, Quality

log = logging.getLogger(__name__)

GAP_INTERVALS = 3
"""The estimate of energy does not reach over a longer pause than so many intervals."""
MAX_DISCARDED = 10
"""Windows in a row without enough samples, until the bus counts as lost: a host that is busy
spoils some too."""

Settings = Ads1015Settings | Ads1115Settings
Input = CurrentInput | VoltageInput


class Ads1x15Meter:
    """A PowerMeter (hw/ports.py). discarded: windows in which the bus was too busy.

    bus: opens itself at a transfer, also after it was closed. One input takes a call of `poll`.
    Single thread.
    """

    def __init__(
        self,
        part: Part,
        settings: Settings,
        bus: SmBus,
        clock: Clock,
        sleep: Callable[[float], None],
    ) -> None:
        self.channel_names = settings.channel_names
        self.max_silence_s = settings.interval_s
        self.discarded = 0
        self._part = part
        self._settings = settings
        self._rate_sps = settings.rate_sps.value
        self._bus = bus
        self._is_open = False
        self._clock = clock
        self._sleep = sleep
        self._due_s = -math.inf
        self._last_s: float | None = None
        self._measured: list[tuple[float, bool]] = []
        self._discarded_in_a_row = 0

    @classmethod
    def outline(cls, settings: Settings, _report: object) -> MeterOutline:
        """What `openpdu check` asks for; nothing is in another file."""
        unit = f"at 0x{settings.address:02x}"
        return MeterOutline(settings.channel_names, settings.bus, unit, line="I2C")

    @property
    def rejected(self) -> int:
        return self.discarded

    def open(self) -> None:
        """Make one conversion. Raises ChipNotFound, BusTimeout or ReadbackMismatch."""
        self.close()
        self._is_open = True
        config = self._config_of(self._settings.inputs[0])
        self._convert(config)
        self._check(config)

    def close(self) -> None:
        """Safe to call at any time."""
        self._is_open = False
        self._bus.close()
        self._due_s = -math.inf
        self._measured.clear()
        self._discarded_in_a_row = 0

    def poll(self, timeout_s: float) -> MeterSample | None:
        """Measure the next input; the sample comes with the last one of a round.

        energy is None without assumed_power_factor, and for the first sample and after a gap.
        Raises BusTimeout where the chip or the bus does not keep up, ReadbackMismatch where
        the chip does not do what it was told.
        """
        wait_s = self._due_s - self._clock.monotonic_s()
        if not self._measured and wait_s > 0:
            self._sleep(min(wait_s, timeout_s))
            if wait_s > timeout_s:
                return None
        if not self._measured:
            self._due_s = self._clock.monotonic_s() + self._settings.interval_s
        wired = self._settings.inputs[len(self._measured)]
        samples = self._window(wired)
        why = trouble(samples, self._settings.window_s, self._settings.mains_hz)
        if why:
            self._discard(why)
            return None
        self._discarded_in_a_row = 0
        self._measured.append(self._value(wired, samples))
        if len(self._measured) < len(self._settings.inputs):
            return None
        return self._sample()

    def _window(self, wired: Input) -> list[Sample]:
        """Conversions of one input, as many as fit."""
        config = self._config_of(wired)
        end_s = self._clock.monotonic_s() + self._settings.window_s
        samples = []
        while self._clock.monotonic_s() < end_s:
            samples.append(self._convert(config))
        self._check(config)
        return samples

    def _config_of(self, wired: Input) -> int:
        return chips.config(self._part, wired.pins, wired.range_v.value, self._rate_sps)

    def _convert(self, config: int) -> Sample:
        before_s = self._clock.monotonic_s()
        self._write(config)
        after_s = self._clock.monotonic_s()
        self._sleep(chips.longest_conversion_s(self._rate_sps))
        code = chips.signed(self._read(chips.CONVERSION))
        return Sample((before_s + after_s) / 2 + 0.5 / self._rate_sps, code)

    def _check(self, config: int) -> None:
        """That the chip took the set-up, and that its conversions end in time."""
        found = self._read(chips.CONFIG)
        if (found ^ config) & chips.CONFIG_KEPT:
            raise ReadbackMismatch(
                self._part.name,
                f"set up {self._where}",
                f"wrote 0x{config & chips.CONFIG_KEPT:04x}, reads 0x{found:04x}; is another"
                " chip there, or did it lose its supply?",
            )
        if not found & chips.READY:
            raise BusTimeout(
                self._part.name, f"convert at {self._where}", "the conversion does not end"
            )

    def _value(self, wired: Input, samples: list[Sample]) -> tuple[float, bool]:
        """(RMS amperes or volts, whether it was clipped)."""
        lowest, highest = self._part.ends
        clipped = any(not lowest < sample.code < highest for sample in samples)
        smoothing = chips.smoothing(self._settings.mains_hz, self._rate_sps)
        at_pins_v = rms(samples) * wired.range_v.value / 0x8000 / smoothing * wired.gain
        if isinstance(wired, VoltageInput):
            return at_pins_v * wired.divider, clipped
        current_a = at_pins_v * wired.ct_ratio / wired.burden_ohm
        current_a = math.sqrt(max(0.0, current_a**2 - wired.noise_floor_a**2))
        return (current_a if current_a > wired.cutoff_a else 0.0), clipped

    def _sample(self) -> MeterSample:
        measured, self._measured = self._measured, []
        now_s = self._clock.monotonic_s()
        span_s = self._span_s(now_s)
        volts = measured[-1] if self._settings.voltage is not None else None
        channels = {
            current.name: self._electrical(value, volts)
            for current, value in zip(self._settings.currents, measured, strict=False)
        }
        if volts is not None:
            channels[VOLTAGE] = self._electrical(None, volts)
        return MeterSample(
            t_mono_s=now_s,
            span_s=span_s or 0.0,
            channels={
                name: (electrical, _energy_mj(electrical, span_s))
                for name, electrical in channels.items()
            },
        )

    def _electrical(
        self, current: tuple[float, bool] | None, volts: tuple[float, bool] | None
    ) -> Electrical:
        clipped = any(value is not None and value[1] for value in (current, volts))
        apparent_va = active_w = None
        factor = self._settings.assumed_power_factor
        if current is not None and volts is not None:
            apparent_va = current[0] * volts[0]
            active_w = None if factor is None else apparent_va * factor
        return Electrical(
            voltage_v=None if volts is None else volts[0],
            current_a=None if current is None else current[0],
            active_power_w=active_w,
            apparent_power_va=apparent_va,
            quality=Quality.CLIPPED if clipped else Quality.OK,
        )

    def _span_s(self, now_s: float) -> float | None:
        """Since the last sample; None for the first one, and where it is a gap."""
        last_s, self._last_s = self._last_s, now_s
        if last_s is None or now_s - last_s > GAP_INTERVALS * self.max_silence_s:
            return None
        return now_s - last_s

    def _discard(self, why: str) -> None:
        self.discarded += 1
        self._discarded_in_a_row += 1
        self._due_s = -math.inf
        if self._discarded_in_a_row == 1:
            log.warning("%s at %s: %s; measured again", self._part.name, self._where, why)
        if self._discarded_in_a_row >= MAX_DISCARDED:
            raise BusTimeout(
                self._part.name,
                f"measure at {self._where}",
                f"{why}: the bus is too slow or too busy; raise its clock to 400 kHz, or give"
                " the chip a bus of its own",
            )

    def _write(self, config: int) -> None:
        bus = self._opened()
        try:
            bus.write_i2c_block_data(
                self._settings.address, chips.CONFIG, [config >> 8, config & 0xFF]
            )
        except OSError as exc:
            raise bus_error(self._part.name, f"write {self._where}", exc) from exc

    def _read(self, register: int) -> int:
        bus = self._opened()
        try:
            high, low = bus.read_i2c_block_data(self._settings.address, register, 2)
        except OSError as exc:
            raise bus_error(self._part.name, f"read {self._where}", exc) from exc
        return high << 8 | low

    @property
    def _where(self) -> str:
        return f"0x{self._settings.address:02x} on {self._settings.bus}"

    def _opened(self) -> SmBus:
        if not self._is_open:
            raise BusTimeout(self._part.name, f"use {self._settings.bus}", "the bus is not open")
        return self._bus


class Ads1115Meter(Ads1x15Meter):
    """The driver `ads1115`."""

    @classmethod
    def connect(cls, site: Site, settings: Ads1115Settings) -> Ads1115Meter:
        bus = site.connections.i2c(settings.bus)
        return cls(ADS1115, settings, bus, site.clock, site.sleep)


class Ads1015Meter(Ads1x15Meter):
    """The driver `ads1015`."""

    @classmethod
    def connect(cls, site: Site, settings: Ads1015Settings) -> Ads1015Meter:
        bus = site.connections.i2c(settings.bus)
        return cls(ADS1015, settings, bus, site.clock, site.sleep)


def _energy_mj(electrical: Electrical, span_s: float | None) -> int | None:
    """By the power at the end of the span, itself an estimate."""
    if span_s is None or electrical.active_power_w is None:
        return None
    return round(electrical.active_power_w * span_s * 1000)
