# SPDX-License-Identifier: Apache-2.0
"""Measuring for `openpdu calibrate`: raw blocks of one converter, and the trims that follow."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pdu_agent.app.config.calibration import ChannelCalibration
from pdu_agent.hw.ports import SampleSource
from pdu_agent.metering.blocks import SampleBlock
from pdu_agent.metering.calibrating import (
    Figures,
    RawMeter,
    ct_corner_of,
    gain_of,
    gain_of_watts,
    lag_of,
    noise_floor_of,
    offset_of,
    phase_delay_of,
    shrink_of,
)
from pdu_agent.metering.calibration import ChannelScale, MeterChannels
from pdu_agent.metering.droop import Sinc
from pdu_agent.metering.meter import BlockMeter, Window
from pdu_agent.model.errors import MeasurementError

SMALLEST_GAIN, LARGEST_GAIN = 0.5, 2.0


@dataclass(frozen=True, slots=True)
class Reference:
    """What the reference showed; one of the three is given.

    power_factor: of the load, 0.3..1, or -0.3..-1 where its current leads.
    """

    voltage_v: float | None = None
    current_a: float | None = None
    power_w: float | None = None
    power_factor: float = 1.0


@dataclass(frozen=True, slots=True)
class Shown:
    """What the channel shows, trimmed, as mean over a measurement; None for what it does not."""

    voltage_v: float | None
    current_a: float | None
    power_w: float | None


@dataclass(frozen=True, slots=True)
class Recording:
    """What a converter has delivered, and its droop."""

    blocks: tuple[SampleBlock, ...]
    droop: Sinc


def measure(source: SampleSource, seconds_s: float, progress: Callable[[float], None]) -> Recording:
    """Blocks of that many seconds. progress(seconds so far). Raises HardwareError."""
    source.start()
    try:
        blocks: list[SampleBlock] = []
        so_far_s = 0.0
        while so_far_s < seconds_s:
            block = source.read_block()
            blocks.append(block)
            so_far_s += block.counts.shape[1] / block.rate_hz
            progress(so_far_s)
        return Recording(tuple(blocks), source.droop)
    finally:
        source.close()


def figures(recording: Recording, channels: MeterChannels, nominal_hz: float) -> Figures:
    raw = RawMeter(channels, nominal_hz, recording.droop)
    for block in recording.blocks:
        raw.add_block(block)
    return raw.figures()


def shown(recording: Recording, channels: MeterChannels, nominal_hz: float, channel: int) -> Shown:
    """As the agent would show it. channel: from 0.

    Raises MeasurementError without a whole window.
    """
    scales = dict(channels.voltages)
    if channel in scales:
        rms = figures(recording, channels, nominal_hz).of(channel).rms
        return Shown(rms * abs(scales[channel].gain), None, None)
    windows = _windows(recording, channels, nominal_hz)
    total_s = sum(window.span_s for window in windows)
    place = [each for each, _ in channels.currents].index(channel)
    loads = [(window.currents[place].electrical, window.span_s) for window in windows]
    return Shown(
        None,
        sum((load.current_a or 0.0) * span_s for load, span_s in loads) / total_s,
        sum((load.active_power_w or 0.0) * span_s for load, span_s in loads) / total_s,
    )


def residual_a(
    recordings: Sequence[Recording], channels: MeterChannels, nominal_hz: float, place: int
) -> float:
    """RMS of a sum of conductors over all of it, as the agent shows it. place: of the sum."""
    point = len(channels.currents) + place
    squares = [
        (window.currents[point].electrical.current_a or 0.0) ** 2
        for recording in recordings
        for window in _windows(recording, channels, nominal_hz)
    ]
    return math.sqrt(sum(squares) / len(squares))


def _windows(recording: Recording, channels: MeterChannels, nominal_hz: float) -> list[Window]:
    """Raises MeasurementError where there is not one."""
    meter = BlockMeter(channels, nominal_hz, recording.droop)
    windows = [window for block in recording.blocks for window in meter.add_block(block)]
    if not windows:
        raise MeasurementError("nothing measured: expected at least half a second")
    return windows


def with_idle(found: ChannelCalibration, idle: Figures) -> ChannelCalibration:
    """Offset and noise floor from a measurement with nothing connected."""
    own = idle.of(found.channel - 1)
    return replace(
        found,
        offset_counts=round(offset_of(own), 3),
        noise_floor=float(f"{noise_floor_of(own, found.gain):.4g}"),
    )


def with_load(
    found: ChannelCalibration, loaded: Figures, reference: Reference, voltage: ChannelScale | None
) -> ChannelCalibration:
    """Gain, and for a current that belongs to a voltage its phase, from a known load.

    voltage: the scale of that voltage. Where it has no delay of its own, a lead is the current
    transformer's, and follows its law; else it is a delay. Raises MeasurementError for a load
    that does not fit.
    """
    own = loaded.of(found.channel - 1)
    if reference.voltage_v is not None:
        return _with_gain(found, gain_of(own, reference.voltage_v))
    if voltage is None:
        return _with_gain(found, gain_of(own, reference.current_a or 0.0))
    if loaded.frequency_hz is None:
        raise MeasurementError("no mains on the voltage channel: a current cannot be calibrated")
    corner_hz = delay_s = 0.0
    lag_rad = lag_of(reference.power_factor)
    if voltage.phase_delay_s:
        delay_s = phase_delay_of(own, loaded.frequency_hz, voltage.phase_delay_s, lag_rad)
    else:
        corner_hz = ct_corner_of(own, loaded.frequency_hz, lag_rad)
    shrink = shrink_of(corner_hz, loaded.frequency_hz)
    if reference.power_w is not None:
        gain = gain_of_watts(own, reference.power_w, voltage.gain, shrink, lag_rad)
    else:
        gain = gain_of(own, reference.current_a or 0.0, shrink)
    turned = replace(found, ct_corner_hz=_digits(corner_hz), phase_delay_s=_digits(delay_s))
    return _with_gain(turned, gain)


def _with_gain(found: ChannelCalibration, gain: float) -> ChannelCalibration:
    """The noise of the channel is the same in codes, so its floor goes with the gain.

    Raises MeasurementError for a gain that is no trim any more.
    """
    if not SMALLEST_GAIN <= abs(gain) <= LARGEST_GAIN:
        raise MeasurementError(
            f"the gain would be {gain:.4g}, expected {SMALLEST_GAIN:g} to {LARGEST_GAIN:g}: is the"
            " reference that of this channel, and are its turns, burden or divider as configured?"
        )
    floor = found.noise_floor
    if floor is not None:
        floor = float(f"{floor * abs(gain / found.gain):.4g}")
    return replace(found, gain=_digits(gain), noise_floor=floor)


def _digits(value: float) -> float:
    """As many digits as any reference is good for."""
    return float(f"{value:.7g}")
