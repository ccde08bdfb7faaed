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
    signal arrives late (negative for a CT that leads). ct_corner_hz: a current transformer
    is a first-order high-pass with this corner, as the magnetising current is missing on the
    secondary: it leads by atan(ct_corner_hz / f) and is smaller by the cosine of that; 0 for
    none. noise_floor: RMS of the idle channel, V or A, taken off in quadrature. cutoff_a: at
    or below this current there is no load (I, P, S, Q are 0); cutoff_w: below this power P is
    0, and Q below as many var. Neither adds energy, so an idle outlet does not creep; cutoffs
    of a voltage channel are not used.

    Raises ConfigError for a value that is not finite, a zero scale, or a negative floor.
    """

    units_per_count: float
    gain: float = 1.0
    offset_counts: float = 0.0
    phase_delay_s: float = 0.0
    noise_floor: float = 0.0
    cutoff_a: float = 0.0
    cutoff_w: float = 0.0
    ct_corner_hz: float = 0.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if not math.isfinite(value):
                raise ConfigError(f"{name} is {value}, expected a finite number")
        if self.units == 0.0:
            raise ConfigError(
                f"units_per_count {self.units_per_count} x gain {self.gain}: must not be 0"
            )
        for name in ("noise_floor", "cutoff_a", "cutoff_w", "ct_corner_hz"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} is {getattr(self, name)}, expected 0 or more")

    @property
    def units(self) -> float:
        """Trimmed volts or amperes per code."""
        return self.units_per_count * self.gain


@dataclass(frozen=True, slots=True)
class ResidualSum:
    """The conductors whose currents add up to an inlet's residual current.

    channels: of the currents, at least two. The transformers never match exactly; nulls take
    off what is left of a load without leakage. null_gains[n]: the part of conductor n that is
    too much. null_corners_hz[n]: the same for its phase, as a change of its ct_corner_hz (may
    be negative). Both empty: no null.

    Raises ConfigError for fewer than two channels, one that is named twice, and for nulls
    that are not finite or not as many as the channels.
    """

    channels: tuple[int, ...]
    null_gains: tuple[float, ...] = ()
    null_corners_hz: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if len(self.channels) < 2 or len(set(self.channels)) != len(self.channels):
            raise ConfigError(
                f"conductors {self.channels}: expected two or more channels, each once"
            )
        for name in ("null_gains", "null_corners_hz"):
            nulls = getattr(self, name)
            if nulls and len(nulls) != len(self.channels):
                raise ConfigError(f"{name} are {len(nulls)}, expected {len(self.channels)}")
            if not all(map(math.isfinite, nulls)):
                raise ConfigError(f"{name} are {nulls}, expected finite numbers")


@dataclass(frozen=True, slots=True)
class MeterChannels:
    """Which channels of a converter are metered: the mains voltages and the currents.

    voltage_channel: the voltage that windows are cut by while it is there. currents: (channel
    index, scale) in the order in which windows report them. other_voltages: (channel index,
    scale) of further phases. against: for each current the channel of its voltage, None for a
    residual current; empty for all against voltage_channel. residuals: reported behind the
    currents. rate_trim: true over nominal sampling rate, for an oscillator that is off (it
    scales frequency, span and energy). voltage_present_v: RMS volts from which on the mains
    counts as there.

    Raises ConfigError for an index that is negative or used twice, for a trim or a threshold
    that is not above 0, and for a voltage or a conductor that is not among the channels.
    """

    voltage_channel: int
    voltage_scale: ChannelScale
    currents: tuple[tuple[int, ChannelScale], ...]
    rate_trim: float = 1.0
    voltage_present_v: float = 20.0
    other_voltages: tuple[tuple[int, ChannelScale], ...] = ()
    against: tuple[int | None, ...] = ()
    residuals: tuple[ResidualSum, ...] = ()

    def __post_init__(self) -> None:
        rows = self.rows
        if min(rows) < 0 or len(set(rows)) != len(rows):
            raise ConfigError(f"metered channels {rows}: expected different indices from 0 on")
        for name in ("rate_trim", "voltage_present_v"):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise ConfigError(f"{name} is {value}, expected a number above 0")
        if self.against and len(self.against) != len(self.currents):
            raise ConfigError(f"{len(self.currents)} currents against {len(self.against)} voltages")
        against = {each for each in self.against if each is not None}
        _check_known("voltages", [channel for channel, _ in self.voltages], against)
        conductors = {channel for residual in self.residuals for channel in residual.channels}
        _check_known("currents", [channel for channel, _ in self.currents], conductors)

    @property
    def voltages(self) -> tuple[tuple[int, ChannelScale], ...]:
        """Every voltage, the one that windows are cut by first."""
        return ((self.voltage_channel, self.voltage_scale), *self.other_voltages)

    @property
    def rows(self) -> tuple[int, ...]:
        """Channel indices, the voltages first: the row order used within metering."""
        return tuple(channel for channel, _ in (*self.voltages, *self.currents))

    @property
    def scales(self) -> tuple[ChannelScale, ...]:
        """The scales in the order of `rows`."""
        return tuple(scale for _, scale in (*self.voltages, *self.currents))

    @property
    def voltage_rows(self) -> tuple[int | None, ...]:
        """For each current the row of its voltage, None for a residual current."""
        if not self.against:
            return (0,) * len(self.currents)
        row_of = {channel: row for row, (channel, _) in enumerate(self.voltages)}
        return tuple(None if each is None else row_of[each] for each in self.against)

    @property
    def sources(self) -> tuple[frozenset[int], ...]:
        """For each point that windows report, the channels that its values are made of."""
        against = self.against or (self.voltage_channel,) * len(self.currents)
        return (
            *(
                frozenset({channel} if each is None else {channel, each})
                for (channel, _), each in zip(self.currents, against, strict=True)
            ),
            *(frozenset(residual.channels) for residual in self.residuals),
        )

    def present_counts(self, row: int) -> float:
        """Peak, in codes of that voltage, of the weakest sine that counts as mains."""
        return self.voltage_present_v * math.sqrt(2) / abs(self.scales[row].units)


def _check_known(what: str, known: list[int], named: set[int]) -> None:
    if strange := sorted(named - set(known)):
        raise ConfigError(f"channels {strange} are not among the {what}, {known}")
