# SPDX-License-Identifier: Apache-2.0
"""What the configuration says of a converter's channels, in the terms of metering."""

from __future__ import annotations

from pdu_agent.app.config.wiring import CurrentChannel, SampledWiring, VoltageChannel
from pdu_agent.metering.calibration import ChannelScale, MeterChannels, ResidualSum
from pdu_agent.model.commands import TargetKind


def meter_channels(wiring: SampledWiring, volts_per_count: float) -> MeterChannels:
    """The converter's channels with their scales; 1-based in the file, 0-based from here."""
    return MeterChannels(
        wiring.voltage.channel - 1,
        _voltage_scale(wiring.voltage, volts_per_count),
        tuple(
            (current.channel - 1, _current_scale(current, volts_per_count))
            for current in wiring.currents
        ),
        rate_trim=wiring.rate_trim,
        other_voltages=tuple(
            (voltage.channel - 1, _voltage_scale(voltage, volts_per_count))
            for voltage in wiring.other_voltages
        ),
        against=tuple(_voltage_of(current, wiring) for current in wiring.currents),
        residuals=tuple(
            ResidualSum(
                tuple(channel - 1 for channel in residual.channels),
                residual.null_gains,
                residual.null_corners_hz,
            )
            for residual in wiring.residuals
        ),
    )


def _voltage_of(current: CurrentChannel, wiring: SampledWiring) -> int | None:
    if _is_residual(current):
        return None
    return (current.voltage or wiring.voltage.channel) - 1


def _voltage_scale(channel: VoltageChannel, volts_per_count: float) -> ChannelScale:
    return ChannelScale(
        volts_per_count * channel.divider,
        channel.gain,
        channel.offset_counts,
        channel.phase_delay_s,
        channel.noise_floor_v,
    )


def _current_scale(channel: CurrentChannel, volts_per_count: float) -> ChannelScale:
    return ChannelScale(
        volts_per_count * channel.ct_ratio / channel.burden_ohm,
        channel.gain,
        channel.offset_counts,
        channel.phase_delay_s,
        channel.noise_floor_a,
        # A residual current is no load: any of it counts, and it has no watts.
        0.0 if _is_residual(channel) else channel.cutoff_a,
        0.0 if _is_residual(channel) else channel.cutoff_w,
        channel.ct_corner_hz,
    )


def _is_residual(channel: CurrentChannel) -> bool:
    return channel.feeds is not None and channel.feeds.kind is TargetKind.RESIDUAL
