# SPDX-License-Identifier: Apache-2.0
"""What the configuration says of a converter's channels, in the terms of metering."""

from __future__ import annotations

from pdu_agent.app.config.wiring import CurrentChannel, SampledWiring, VoltageChannel
from pdu_agent.metering.calibration import ChannelScale, MeterChannels


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
    )


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
        channel.cutoff_a,
        channel.cutoff_w,
    )
