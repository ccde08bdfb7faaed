# SPDX-License-Identifier: Apache-2.0
"""Blocks of samples in, windows of electrical quantities and energy out."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from pdu_agent.metering.blocks import SampleBlock
from pdu_agent.metering.calibration import MeterChannels
from pdu_agent.metering.gaps import GapFinder
from pdu_agent.metering.phasors import LOWEST_MAINS_HZ
from pdu_agent.metering.power import EdgeWeights, WindowAnalyser
from pdu_agent.metering.timeline import Timeline
from pdu_agent.metering.windows import Cut, WindowCutter
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.quantities import Electrical, Quality

MAX_FILL_CYCLES = 2
_HISTORY_CYCLES = MAX_FILL_CYCLES + 2  # what filling a gap looks back on


@dataclass(frozen=True, slots=True)
class Window:
    """One measured span; windows follow each other without a gap except after a stall.

    t_mono_s: its end on the host's monotonic clock. span_s: exact length by the
    converter's clock. voltage_v: RMS. frequency_hz: mean over the window, None without
    mains. lost_samples: how many were lost in it, or between the window before and it.
    currents: for each current channel the quantities and the energy in millijoules,
    signed like the power and exactly 0 below the cutoffs.
    """

    t_mono_s: float
    span_s: float
    voltage_v: float
    frequency_hz: float | None
    lost_samples: int
    currents: tuple[tuple[Electrical, float], ...]


class BlockMeter:
    """Meters one converter. Not for use by several threads at once.

    nominal_hz: 50 or 60; the mains may be anywhere from 45 to 65 Hz.
    """

    def __init__(self, channels: MeterChannels, nominal_hz: float = 50.0) -> None:
        if nominal_hz not in (50.0, 60.0):
            raise ConfigError(f"nominal_hz is {nominal_hz}, expected 50 or 60")
        self._channels = channels
        self._highest = max(channels.rows)
        self._nominal_hz = nominal_hz
        self._stream: _Stream | None = None

    @property
    def channels(self) -> MeterChannels:
        """What is metered, in the order of a window's currents."""
        return self._channels

    def add_block(self, block: SampleBlock) -> list[Window]:
        """The windows that became complete, oldest first; often none.

        A new rate, a jump of `seq`, or more than two mains cycles lost begin a new
        timeline: what was whole before is measured, the lost span is not. Raises
        ValueError for a block that lacks a metered channel or has no rate.
        """
        _check(block, self._highest)
        stream = self._stream
        if stream is not None and stream.join(block):
            return stream.windows()
        windows: list[Window] = []
        lost = 0
        if stream is not None:
            windows = stream.finish()
            lost = stream.unreported_lost + max(0, block.lost_samples)
        self._stream = _Stream(self._channels, self._nominal_hz, block, lost)
        return windows + self._stream.windows()


class _Stream:
    """Blocks that belong together: one timeline from its first sample to its last."""

    def __init__(
        self, channels: MeterChannels, nominal_hz: float, block: SampleBlock, lost: int
    ) -> None:
        """lost: samples lost before this stream, for its first window to report."""
        least_peak = channels.voltage_present_counts
        self._channels = channels
        self._nominal_rate_hz = block.rate_hz
        self._rate_hz = block.rate_hz * channels.rate_trim
        self._longest_fill = MAX_FILL_CYCLES * self._rate_hz / nominal_hz
        self._history = int(_HISTORY_CYCLES * self._rate_hz / LOWEST_MAINS_HZ)
        self._gaps = GapFinder(self._rate_hz, nominal_hz, least_peak)
        self._cutter = WindowCutter(
            self._rate_hz, nominal_hz, least_peak, channels.voltage_scale.offset_counts
        )
        self._analyser = WindowAnalyser(channels, self._cutter.longest_window)
        self._timeline = Timeline(channels.rows, 3 * self._cutter.longest_window)
        # Positions from here on are counted from the stream's first sample, those within
        # the timeline from its first kept sample.
        self._dropped = 0
        self._clipped: list[tuple[int, int, int]] = []  # from, to, channel mask
        self._lost = [(0, lost)] if lost else []  # position, samples
        self._timeline.append(block.counts)
        self._place(block, 0)

    @property
    def unreported_lost(self) -> int:
        """Lost samples that no window has counted."""
        return sum(count for _, count in self._lost)

    def join(self, block: SampleBlock) -> bool:
        """Put the block behind the timeline, its gap repaired. False: it does not belong.

        Without mains a gap is not filled, as there is no waveform to repeat; the lost
        time is then missing from the span.
        """
        estimate = max(0, block.lost_samples)
        if (
            block.rate_hz != self._nominal_rate_hz
            or block.seq != self._newest.seq + 1
            or estimate > self._longest_fill
        ):
            return False
        boundary = len(self._timeline)
        self._timeline.append(block.counts)
        gap = self._gaps.find(self._timeline.voltage, boundary, estimate)
        filled = 0
        if gap.missing and gap.period is not None:
            if not self._timeline.insert_repeat(boundary, gap.missing, gap.period):
                self._timeline.retract(block.counts.shape[1])
                return False
            filled = gap.missing
        if gap.missing:
            self._lost.append((self._dropped + boundary, gap.missing))
        self._place(block, boundary + filled)
        return True

    def windows(self) -> list[Window]:
        """Measure what is complete and forget what is no longer needed."""
        found: list[Window] = []
        while (cut := self._cutter.next_cut(self._timeline.voltage)) is not None:
            found.append(self._measure(cut))
        if found:
            spare = int(self._cutter.start) - self._history
            if spare > 0:
                self._timeline.drop(spare)
                self._cutter.dropped(spare)
                self._dropped += spare
        return found

    def finish(self) -> list[Window]:
        """Measure the rest: no block follows."""
        cut = self._cutter.last_cut(self._timeline.voltage)
        return [] if cut is None else [self._measure(cut)]

    def _place(self, block: SampleBlock, position: int) -> None:
        self._newest = block
        self._newest_start = self._dropped + position
        if block.clipped:
            end = self._newest_start + block.counts.shape[1]
            self._clipped.append((self._newest_start, end, block.clipped))

    def _measure(self, cut: Cut) -> Window:
        first = math.floor(cut.start + 0.5)
        last = math.ceil(cut.end - 0.5)
        edges = EdgeWeights(first + 0.5 - cut.start, cut.end - last + 0.5)
        voltage_v, frequency_hz, loads = self._analyser.measure(
            self._timeline.samples[:, first : last + 1], edges, cut.cycles, self._rate_hz
        )
        span_s = (cut.end - cut.start) / self._rate_hz
        clipped = self._take_clipped(self._dropped + first, self._dropped + last)
        if clipped:
            loads = self._with_clipping(loads, clipped)
        since_newest = self._dropped + cut.end - self._newest_start
        return Window(
            t_mono_s=self._newest.t_mono_s + since_newest / self._rate_hz,
            span_s=span_s,
            voltage_v=voltage_v,
            frequency_hz=frequency_hz,
            lost_samples=self._take_lost(self._dropped + last),
            currents=tuple(
                [(load, 1000.0 * span_s * (load.active_power_w or 0.0)) for load in loads]
            ),
        )

    def _with_clipping(self, loads: list[Electrical], clipped: int) -> list[Electrical]:
        """The loads with those marked whose own channel or whose voltage was clipped."""
        voltage_clipped = clipped >> self._channels.voltage_channel & 1
        return [
            replace(load, quality=Quality.CLIPPED)
            if voltage_clipped or clipped >> channel & 1
            else load
            for load, (channel, _) in zip(loads, self._channels.currents, strict=True)
        ]

    def _take_clipped(self, first: int, last: int) -> int:
        """Channel mask of the blocks that reach into samples first..last."""
        if not self._clipped:
            return 0
        mask = 0
        for start, end, channels in self._clipped:
            if start <= last and end > first:
                mask |= channels
        self._clipped = [entry for entry in self._clipped if entry[1] > last]
        return mask

    def _take_lost(self, end: int) -> int:
        """Lost samples before position `end` that no window has counted yet."""
        if not self._lost:
            return 0
        counted = sum(count for position, count in self._lost if position < end)
        self._lost = [entry for entry in self._lost if entry[0] >= end]
        return counted


def _check(block: SampleBlock, highest_channel: int) -> None:
    if block.counts.ndim != 2 or block.counts.shape[0] <= highest_channel:
        raise ValueError(
            f"block {block.seq} has shape {block.counts.shape}, "
            f"expected [channels, samples] with channels up to {highest_channel}"
        )
    if not 0 < block.rate_hz < math.inf:
        raise ValueError(f"block {block.seq} has a rate of {block.rate_hz} Hz")
