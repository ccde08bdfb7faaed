# SPDX-License-Identifier: Apache-2.0
"""Calibration: what the channels say untrimmed, and the trims that a reference asks for.

Two points per channel are enough: nothing connected (offset, noise floor), and one known load
near nominal, resistive or of a known power factor (gain, and phase as a delay or as the corner
of the transformer).
"""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pdu_agent.metering.blocks import SampleBlock
from pdu_agent.metering.calibration import ChannelScale, MeterChannels
from pdu_agent.metering.droop import FLAT, Sinc
from pdu_agent.metering.meter import BlockMeter, Window
from pdu_agent.model.errors import MeasurementError

_TOLD_APART = 1e-3
"""Loads that differ by less, as a share of the largest, are one; noise is well below."""
_LARGEST_LEAD_RAD = math.radians(15.0)


@dataclass(frozen=True, slots=True)
class ChannelFigures:
    """One channel over some windows, by its nominal scale alone.

    rms: V or A, DC removed. mean_counts: DC, in codes. fundamental: RMS phasor in V or A, its
    phase that of the voltage it belongs to being 0; None without mains. power_va: fundamental
    power against that voltage, watts + j var; None for a voltage, a residual current, and
    without mains.
    """

    channel: int
    rms: float
    mean_counts: float
    fundamental: complex | None
    power_va: complex | None


@dataclass(frozen=True, slots=True)
class Figures:
    """Every channel over seconds_s of measurement; frequency_hz None without mains.

    phasors: complex128[windows, currents], RMS fundamentals of the currents (nominal scale)
    against the first voltage, what `null_of` wants.
    """

    seconds_s: float
    frequency_hz: float | None
    channels: tuple[ChannelFigures, ...]
    phasors: NDArray[np.complex128]

    def of(self, channel: int) -> ChannelFigures:
        """Raises KeyError for a channel that was not measured."""
        for figures in self.channels:
            if figures.channel == channel:
                return figures
        raise KeyError(channel)


class RawMeter:
    """Collects a converter's blocks until asked; trims, noise floors and cutoffs are left out."""

    def __init__(
        self, channels: MeterChannels, nominal_hz: float = 50.0, droop: Sinc = FLAT
    ) -> None:
        self._channels = untrimmed(channels)
        self._meter = BlockMeter(self._channels, nominal_hz, droop)
        self._windows: list[Window] = []

    @property
    def seconds_s(self) -> float:
        """Measured so far."""
        return sum(window.span_s for window in self._windows)

    def add_block(self, block: SampleBlock) -> None:
        self._windows += self._meter.add_block(block)

    def figures(self) -> Figures:
        """The means over all windows. Where there was mains, windows without are left out.

        Raises MeasurementError when not a single window is complete.
        """
        if not self._windows:
            raise MeasurementError("nothing measured yet: give the meter blocks for half a second")
        live = [window for window in self._windows if window.sums.phasors is not None]
        windows = live or self._windows
        spans_s = np.array([window.span_s for window in windows])
        weights = spans_s / spans_s.sum()
        rms = np.sqrt(weights @ np.array([window.sums.rms for window in windows]) ** 2)
        means = weights @ np.array([window.sums.means for window in windows])
        frequency_hz = None
        phasors = np.empty((0, len(self._channels.rows)), dtype=np.complex128)
        if live:
            frequency_hz = float(weights @ np.array([window.frequency_hz for window in live]))
            phasors = np.array([window.sums.phasors for window in live])
        channels = tuple(
            ChannelFigures(
                channel,
                float(rms[row]),
                float(means[row]),
                *self._fundamental(row, weights, phasors),
            )
            for row, channel in enumerate(self._channels.rows)
        )
        turned = phasors * np.exp(-1j * np.angle(phasors[:, :1]))
        voltages = len(self._channels.voltages)
        return Figures(float(spans_s.sum()), frequency_hz, channels, turned[:, voltages:])

    def _fundamental(
        self, row: int, weights: NDArray[np.float64], phasors: NDArray[np.complex128]
    ) -> tuple[complex | None, complex | None]:
        if not len(phasors):
            return None, None
        current = row - len(self._channels.voltages)
        partner = self._channels.voltage_rows[current] if current >= 0 else row
        voltage = phasors[:, partner or 0]
        power = weights @ (voltage * phasors[:, row].conj())
        fundamental = weights @ (phasors[:, row] * np.exp(-1j * np.angle(voltage)))
        if current < 0 or partner is None:
            return complex(fundamental), None
        return complex(fundamental), complex(power)


def untrimmed(channels: MeterChannels) -> MeterChannels:
    """The same channels by their nominal parts alone, without sums of conductors."""

    def bare(scale: ChannelScale) -> ChannelScale:
        return ChannelScale(scale.units_per_count, offset_counts=scale.offset_counts)

    return replace(
        channels,
        voltage_scale=bare(channels.voltage_scale),
        other_voltages=tuple((channel, bare(scale)) for channel, scale in channels.other_voltages),
        currents=tuple((channel, bare(scale)) for channel, scale in channels.currents),
        residuals=(),
    )


def offset_of(idle: ChannelFigures) -> float:
    """offset_counts: the code at zero input."""
    return idle.mean_counts


def noise_floor_of(idle: ChannelFigures, gain: float) -> float:
    """noise_floor, in V or A: what the trimmed channel shows with nothing connected."""
    return idle.rms * abs(gain)


def gain_of(loaded: ChannelFigures, reference: float, shrink: float = 1.0) -> float:
    """gain from a reference in volts or amperes RMS; negative for a current transformer that is
    the wrong way round, which its power tells.

    shrink: what the transformer's law leaves of the current, see `shrink_of`.
    Raises MeasurementError when the channel shows nothing or the reference is not above 0.
    """
    if not (math.isfinite(reference) and reference > 0):
        raise MeasurementError(f"reference is {reference}, expected a number above 0")
    if loaded.rms <= 0:
        raise MeasurementError(
            f"channel {loaded.channel + 1} shows nothing: is the reference connected?"
        )
    reversed_ct = loaded.power_va is not None and loaded.power_va.real < 0
    return math.copysign(reference * shrink / loaded.rms, -1.0 if reversed_ct else 1.0)


def gain_of_watts(
    loaded: ChannelFigures,
    reference_w: float,
    voltage_gain: float,
    shrink: float = 1.0,
    lag_rad: float = 0.0,
) -> float:
    """gain of a current from the watts of a load, with its voltage calibrated before.

    lag_rad: by how much the load's current lags, negative where it leads.
    Raises MeasurementError as gain_of.
    """
    if not (math.isfinite(reference_w) and reference_w > 0):
        raise MeasurementError(f"reference is {reference_w}, expected a number above 0")
    power_va = _power_of(loaded)
    magnitude = abs(power_va) * voltage_gain / shrink * math.cos(lag_rad)
    return math.copysign(reference_w / magnitude, power_va.real)


def lag_of(power_factor: float) -> float:
    """lag_rad of a load; a power factor below 0 is that of a current that leads."""
    return math.copysign(math.acos(abs(power_factor)), power_factor)


def phase_delay_of(
    loaded: ChannelFigures, frequency_hz: float, voltage_delay_s: float, lag_rad: float = 0.0
) -> float:
    """phase_delay_s of a current; negative when it leads. lag_rad: as of gain_of_watts."""
    return (_angle_of(loaded) - lag_rad) / (math.tau * frequency_hz) + voltage_delay_s


def ct_corner_of(loaded: ChannelFigures, frequency_hz: float, lag_rad: float = 0.0) -> float:
    """ct_corner_hz of a current, with phase_delay_s 0 on both channels. lag_rad: as of
    gain_of_watts.

    Raises MeasurementError when the current lags by more than the tenth of a degree that noise may
    make of nothing: no transformer does, so the load or the wiring is not what it should be; and
    for a lead that none has.
    """
    angle = _angle_of(loaded) - lag_rad
    if angle > math.radians(0.1):
        raise MeasurementError(
            f"channel {loaded.channel + 1} lags by {math.degrees(angle):.2f} degrees more than"
            " its load should, expected a lead: is the load resistive, or its power factor right?"
        )
    if angle < -_LARGEST_LEAD_RAD:
        raise MeasurementError(
            f"channel {loaded.channel + 1} leads by {math.degrees(-angle):.1f} degrees, expected"
            f" {math.degrees(_LARGEST_LEAD_RAD):g} at most: is it measured against its own phase?"
        )
    return frequency_hz * math.tan(max(0.0, -angle))


def shrink_of(ct_corner_hz: float, frequency_hz: float) -> float:
    """Secondary over primary current by the transformer's law, 0..1."""
    return 1 / math.hypot(1.0, ct_corner_hz / frequency_hz)


def null_of(
    phasors: NDArray[np.complex128], frequency_hz: float
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """(null_gains, null_corners_hz) of a sum of conductors without any residual current.

    phasors: complex128[windows, conductors], RMS fundamentals in A of the trimmed channels. As
    many different loads as there are phases, in some windows each, tell every conductor's part;
    with fewer the smallest nulls that explain the sum are taken.
    Raises MeasurementError for phasors without any current.
    """
    if not phasors.size or not np.abs(phasors).max() > 0:
        raise MeasurementError("no current in any conductor: nothing to null")
    parts, *_ = np.linalg.lstsq(phasors, phasors.sum(axis=1), rcond=_TOLD_APART)
    return tuple(parts.real.tolist()), tuple((parts.imag * frequency_hz).tolist())


def loads_in(phasors: NDArray[np.complex128]) -> int:
    """How many loads that differ are in phasors as of `null_of`."""
    strengths = np.linalg.svd(phasors, compute_uv=False)
    return int(np.count_nonzero(strengths > _TOLD_APART * strengths.max(initial=0.0)))


def trimmed_phasors(
    phasors: NDArray[np.complex128], scales: tuple[ChannelScale, ...], frequency_hz: float
) -> NDArray[np.complex128]:
    """Untrimmed phasors with the gain, delay and law of their channels applied."""
    turned = [
        scale.gain
        * (1 - 1j * scale.ct_corner_hz / frequency_hz)
        * cmath.rect(1.0, math.tau * frequency_hz * scale.phase_delay_s)
        for scale in scales
    ]
    result: NDArray[np.complex128] = phasors * np.array(turned)
    return result


def _angle_of(loaded: ChannelFigures) -> float:
    """By how much the current lags at a resistive load, radians; reversed or not."""
    power_va = _power_of(loaded)
    return cmath.phase(-power_va if power_va.real < 0 else power_va)


def _power_of(loaded: ChannelFigures) -> complex:
    if not loaded.power_va:
        raise MeasurementError(
            f"channel {loaded.channel + 1} shows no power: is the reference connected?"
        )
    return loaded.power_va
