# SPDX-License-Identifier: Apache-2.0
"""What hangs on a meter: the wiring part of an entry of `meters`."""

from __future__ import annotations

from dataclasses import dataclass

from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.settings import setting

CHANNELS_PER_CONVERTER = 8  # ADS130E08, channels as the data sheet counts them


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltageChannel:
    """The mains voltage at a converter. divider: volts at the mains per volt at the pin."""

    channel: int = setting(minimum=1, maximum=CHANNELS_PER_CONVERTER)
    divider: float = setting(
        minimum=1, maximum=10_000, doc="volts at the mains per volt at the pin"
    )
    gain: float = setting(1.0, minimum=0.5, maximum=2, doc="trim found by calibration")
    offset_counts: float = setting(0.0, minimum=-32768, maximum=32767, doc="code at zero volts")
    phase_delay_s: float = setting(0.0, minimum=-0.001, maximum=0.001, doc="how late it arrives")
    noise_floor_v: float = setting(0.0, minimum=0, maximum=10, doc="RMS volts of the idle input")


@dataclass(frozen=True, slots=True)
class CurrentChannel:
    """A current transformer at a converter: A = V at the pin x ct_ratio / burden_ohm x gain."""

    channel: int = setting(minimum=1, maximum=CHANNELS_PER_CONVERTER)
    feeds: Target | None = setting(
        None, doc="the metering point; none: only a conductor of `residuals`, as the neutral"
    )
    ct_ratio: float = setting(1000.0, minimum=1, maximum=10_000, doc="turns, 1000 for 1000:1")
    burden_ohm: float = setting(50.0, minimum=0.001, maximum=10_000)
    gain: float = setting(
        1.0, minimum=-2, maximum=2, doc="trim found by calibration; negative for a reversed CT"
    )
    offset_counts: float = setting(0.0, minimum=-32768, maximum=32767, doc="code at zero amperes")
    phase_delay_s: float = setting(
        0.0, minimum=-0.001, maximum=0.001, doc="how late it arrives; negative for a CT that leads"
    )
    noise_floor_a: float = setting(0.0011, minimum=0, maximum=10, doc="RMS amperes when idle")
    cutoff_a: float = setting(
        0.005, minimum=0, maximum=10, doc="at or below: no load; not for residual"
    )
    cutoff_w: float = setting(1.0, minimum=0, maximum=100, doc="below: shown as no power")
    ct_corner_hz: float = setting(
        0.0,
        minimum=0,
        maximum=20,
        doc="the CT as a first-order high-pass, it leads by atan(corner / f); 0: no correction",
    )
    voltage: int | None = setting(
        None,
        minimum=1,
        maximum=CHANNELS_PER_CONVERTER,
        doc="channel of the voltage it belongs to; none: that of `voltage`",
    )


@dataclass(frozen=True, slots=True)
class ResidualWiring:
    """The conductors whose sum is an inlet's residual current, with what makes them match."""

    inlet: int = setting(minimum=1, maximum=8)
    channels: tuple[int, ...] = setting(
        minimum=1,
        maximum=CHANNELS_PER_CONVERTER,
        max_length=CHANNELS_PER_CONVERTER,
        doc="of all live conductors, neutral included",
    )
    null_gains: tuple[float, ...] = setting(
        (),
        minimum=-0.1,
        maximum=0.1,
        max_length=CHANNELS_PER_CONVERTER,
        doc="per channel: the share of its current that is too much",
    )
    null_corners_hz: tuple[float, ...] = setting(
        (),
        minimum=-5,
        maximum=5,
        max_length=CHANNELS_PER_CONVERTER,
        doc="per channel: what its ct_corner_hz is short of",
    )


@dataclass(frozen=True, slots=True)
class SampledWiring:
    """What hangs on a converter that delivers samples."""

    bus: str = setting(max_length=255, doc="/dev/spidevB.C, or sim:0, sim:1 for the simulator")
    voltage: VoltageChannel = setting()
    currents: tuple[CurrentChannel, ...] = setting((), max_length=CHANNELS_PER_CONVERTER - 1)
    rate_trim: float = setting(
        1.0, minimum=0.95, maximum=1.05, doc="true sampling rate over the nominal one"
    )
    other_voltages: tuple[VoltageChannel, ...] = setting(
        (), max_length=2, doc="of the other phases of a three-phase inlet"
    )
    residuals: tuple[ResidualWiring, ...] = setting(
        (), max_length=8, doc="residual currents as a sum of conductors"
    )

    @property
    def points(self) -> tuple[Target | None, ...]:
        """What each current, then each residual sum belongs to; None for a mere conductor."""
        sums = (Target(TargetKind.RESIDUAL, residual.inlet) for residual in self.residuals)
        return (*(current.feeds for current in self.currents), *sums)


@dataclass(frozen=True, slots=True)
class CountingWiring:
    """What hangs on a meter that knows watts by itself, by the driver's channel names."""

    channels: dict[str, Target] = setting(doc="channel name to metering point")
