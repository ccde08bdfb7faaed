# SPDX-License-Identifier: Apache-2.0
"""What a converter's codes mean: nominal scale from the parts, trim from calibration."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pdu_agent.model.errors import ConfigError


@dataclass(frozen=True, slots=True)
class ChannelScale:
    """One channel, from codes to volts or amperes.

    units_per_count: V or A per code, from the nominal parts (LSB x divider, or
    LSB x turns / burden). gain: trim found by calibration; negative for a reversed CT.
    offset_counts: code at zero input; a window's mean is removed anyway, so this only
    serves to find the mains' zero crossings. phase_delay_s: by how much the channel's
    signal arrives late (negative for a CT that leads). noise_floor: RMS of the idle
    channel, V or A, taken off in quadrature. cutoff_a: at or below this current there is
    no load (I, P, S, Q are 0); cutoff_w: below this power P is 0. Neither adds energy, so
    an idle outlet does not creep; cutoffs of a voltage channel are not used.

    Raises ConfigError for a value that is not finite, a zero scale, or a negative floor.
    """

    units_per_count: float
    gain: float = 1.0
    offset_counts: float = 0.0
    phase_delay_s: float = 0.0
    noise_floor: float = 0.0
    cutoff_a: float = 0.0
    cutoff_w: float = 0.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if not math.isfinite(value):
                raise ConfigError(f"{name} is {value}, expected a finite number")
        if self.units == 0.0:
            raise ConfigError(
                f"units_per_count {self.units_per_count} x gain {self.gain}: must not be 0"
            )
        for name in ("noise_floor", "cutoff_a", "cutoff_w"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} is {getattr(self, name)}, expected 0 or more")

    @property
    def units(self) -> float:
        """Trimmed volts or amperes per code."""
        return self.units_per_count * self.gain


@dataclass(frozen=True, slots=True)
class MeterChannels:
    """Which channels of a converter are metered: the mains voltage and the currents.

    currents: (channel index, scale) in the order in which windows report them.
    rate_trim: true over nominal sampling rate, for an oscillator that is off (it scales
    frequency, span and energy). voltage_present_v: RMS volts from which on the mains
    counts as there.

    Raises ConfigError for an index that is negative or used twice, and for a trim or a
    threshold that is not above 0.
    """

    voltage_channel: int
    voltage_scale: ChannelScale
    currents: tuple[tuple[int, ChannelScale], ...]
    rate_trim: float = 1.0
    voltage_present_v: float = 20.0

    def __post_init__(self) -> None:
        rows = self.rows
        if min(rows) < 0 or len(set(rows)) != len(rows):
            raise ConfigError(f"metered channels {rows}: expected different indices from 0 on")
        for name in ("rate_trim", "voltage_present_v"):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise ConfigError(f"{name} is {value}, expected a number above 0")

    @property
    def rows(self) -> tuple[int, ...]:
        """Channel indices, the voltage first: the row order used within metering."""
        return (self.voltage_channel, *(channel for channel, _ in self.currents))

    @property
    def scales(self) -> tuple[ChannelScale, ...]:
        """The scales in the order of `rows`."""
        return (self.voltage_scale, *(scale for _, scale in self.currents))

    @property
    def voltage_present_counts(self) -> float:
        """Peak, in codes, of the weakest sine that counts as mains."""
        return self.voltage_present_v * math.sqrt(2) / abs(self.voltage_scale.units)
