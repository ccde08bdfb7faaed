# SPDX-License-Identifier: Apache-2.0
"""Blocks of samples in, windows of electrical quantities and energy out."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from pdu_agent.metering.blocks import SampleBlock
from pdu_agent.metering.calibration import MeterChannels
from pdu_agent.metering.droop import FLAT, Sinc
from pdu_agent.metering.gaps import GapFinder
from pdu_agent.metering.inrush import MAX_PENDING, Pending, Waveform, WaveformCutter
from pdu_agent.metering.live import LiveCutter
from pdu_agent.metering.phasors import LOWEST_MAINS_HZ
from pdu_agent.metering.power import EdgeWeights, RowSums, WindowAnalyser
from pdu_agent.metering.timeline import Timeline
from pdu_agent.metering.windows import Cut, WindowCutter
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.quantities import Electrical, Quality, Spectrum
from pdu_agent.model.waves import Wave

MAX_FILL_CYCLES = 2
SPECTRUM_S = 1.0
LEAST_SPECTRUM_CYCLES = 5  # in fewer a Hann weight mixes neighbouring harmonics with noise
_HALF_WINDOW_S = 0.1
_HISTORY_S = 0.5
"""Filling a gap looks back on some cycles; a switch-on may be told of this much too late."""


class Point(NamedTuple):
    """One metering point in a window, with its energies in millijoules and millivar seconds.

    Both energies are signed like their power, and exactly 0 below the cutoffs. energy_mj: None
    for a residual current. reactive_mvars: None without mains, too. spectrum: about once in
    SPECTRUM_S, else None.
    """

    electrical: Electrical
    energy_mj: float | None
    reactive_mvars: float | None
    spectrum: Spectrum | None


@dataclass(frozen=True, slots=True)
class Window:
    """One measured span; windows follow each other without a gap except after a stall.

    t_mono_s: its end on the host's monotonic clock. span_s: exact length by the
    converter's clock. voltage_v: RMS of the first voltage. frequency_hz: mean over the window,
    None without mains. lost_samples: how many were lost in it, or between the window before
    and it. currents: every current channel, then every residual sum. sums: what all of it was
    made from.
    """

    t_mono_s: float
    span_s: float
    voltage_v: float
    frequency_hz: float | None
    lost_samples: int
    currents: tuple[Point, ...]
    sums: RowSums


class BlockMeter:
    """Meters one converter. Not for use by several threads at once.

    nominal_hz: 50 or 60; the mains may be anywhere from 45 to 65 Hz. droop: the converter's.
    """

    def __init__(
        self, channels: MeterChannels, nominal_hz: float = 50.0, droop: Sinc = FLAT
    ) -> None:
        if nominal_hz not in (50.0, 60.0):
            raise ConfigError(f"nominal_hz is {nominal_hz}, expected 50 or 60")
        self._channels = channels
        self._highest = max(channels.rows)
        self._nominal_hz = nominal_hz
        self._droop = droop
        self._stream: _Stream | None = None
        self._waveforms: list[Waveform] = []

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
            self._waveforms += stream.waveforms()
            return stream.windows()
        windows: list[Window] = []
        lost = 0
        if stream is not None:
            windows = stream.finish()
            lost = stream.unreported_lost + max(0, block.lost_samples)
        self._stream = _Stream(self._channels, self._nominal_hz, self._droop, block, lost)
        return windows + self._stream.windows()

    def capture(self, index: int, t_mono_s: float) -> None:
        """Keep the waveform of current `index` around the switch-on at t_mono_s, up to
        _HISTORY_S ago or soon to come; `take_waveforms` has it some 0.3 s later.

        Nothing comes of it when samples are missing there. Raises ValueError for an index
        that no current has.
        """
        self._check_index(index)
        if self._stream is not None:
            self._stream.capture(index, t_mono_s)

    def newest_wave(self, index: int) -> Wave | None:
        """Two cycles of current `index` and its voltage that end one cycle ago, or earlier where
        samples were lost since.

        None where they are not there yet. Raises ValueError for an index that no current has.
        """
        self._check_index(index)
        return self._stream.newest_wave(index) if self._stream is not None else None

    def _check_index(self, index: int) -> None:
        if not 0 <= index < len(self._channels.currents):
            raise ValueError(f"no current {index}, there are {len(self._channels.currents)}")

    def take_waveforms(self) -> list[Waveform]:
        """Those that became complete since the last call."""
        taken, self._waveforms = self._waveforms, []
        return taken


class _Stream:
    """Blocks that belong together: one timeline from its first sample to its last."""

    def __init__(
        self,
        channels: MeterChannels,
        nominal_hz: float,
        droop: Sinc,
        block: SampleBlock,
        lost: int,
    ) -> None:
        """lost: samples lost before this stream, for its first window to report."""
        self._channels = channels
        self._voltages = channels.voltages
        self._least_peaks = np.array(
            [channels.present_counts(n) for n in range(len(self._voltages))]
        )
        self._nominal_hz = nominal_hz
        self._nominal_rate_hz = block.rate_hz
        self._rate_hz = block.rate_hz * channels.rate_trim
        self._longest_fill = MAX_FILL_CYCLES * self._rate_hz / nominal_hz
        self._history = int(_HISTORY_S * self._rate_hz)
        self._gaps = GapFinder(self._rate_hz, nominal_hz, self._least_peaks[0])
        self._cutter = WindowCutter(
            self._rate_hz,
            nominal_hz,
            self._least_peaks[0],
            channels.voltage_scale.offset_counts,
        )
        self._analyser = WindowAnalyser(channels, self._cutter.longest_window, droop)
        self._timeline = Timeline(channels.rows, self._history + 3 * self._cutter.longest_window)
        self._waveform_cutter = WaveformCutter(channels, self._rate_hz, droop)
        self._live_cutter = LiveCutter(channels, self._rate_hz, nominal_hz, droop)
        self._filled: list[tuple[int, int]] = []  # first and last sample that was made up
        self._pending: list[Pending] = []
        self._spectrum_due_s = 0.0
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
            first = self._dropped + boundary
            self._filled.append((first, first + filled - 1))
        if gap.missing:
            self._lost.append((self._dropped + boundary, gap.missing))
        self._place(block, boundary + filled)
        return True

    def windows(self) -> list[Window]:
        """Measure what is complete and forget what is no longer needed."""
        found: list[Window] = []
        self._follow_mains()
        while (cut := self._cutter.next_cut(self._timeline.voltage)) is not None:
            found.append(self._measure(cut))
            self._follow_mains()
        if found:
            oldest = [request.first - self._dropped for request in self._pending]
            spare = min([int(self._cutter.start) - self._history, *oldest])
            if spare > 0:
                self._timeline.drop(spare)
                self._cutter.dropped(spare)
                self._dropped += spare
                self._clipped = [entry for entry in self._clipped if entry[1] > self._dropped]
                self._filled = [entry for entry in self._filled if entry[1] >= self._dropped]
        return found

    def finish(self) -> list[Window]:
        """Measure the rest: no block follows."""
        cut = self._cutter.last_cut(self._timeline.voltage)
        return [] if cut is None else [self._measure(cut)]

    def capture(self, index: int, t_mono_s: float) -> None:
        """See BlockMeter."""
        since_newest = round((t_mono_s - self._newest.t_mono_s) * self._rate_hz)
        cycle = round(self._rate_hz / self._nominal_hz)
        request = Pending(index, self._newest_start + since_newest, cycle)
        if len(self._pending) < MAX_PENDING and request.first >= self._dropped:
            self._pending.append(request)

    def waveforms(self) -> list[Waveform]:
        """Those requested that are complete now."""
        known = self._dropped + len(self._timeline)
        done = [each for each in self._pending if each.end(self._rate_hz) <= known]
        self._pending = [each for each in self._pending if each not in done]
        return [self._waveform(request) for request in done]

    def _waveform(self, request: Pending) -> Waveform:
        start = request.first - self._dropped
        end = request.end(self._rate_hz) - self._dropped
        first, volts, amperes = self._waveform_cutter.cut(
            self._timeline.samples[:, start:end], request
        )
        begin = request.first + first
        t_mono_s = self._newest.t_mono_s + (begin - self._newest_start) / self._rate_hz
        clipped = self._clipped_within(begin, begin + len(amperes) - 1)
        return Waveform(
            request.index,
            t_mono_s,
            self._rate_hz,
            volts,
            amperes,
            clipped=_is_among(clipped, self._channels.sources[request.index]),
        )

    def newest_wave(self, index: int) -> Wave | None:
        """See BlockMeter."""
        repaired = [(first - self._dropped, last - self._dropped) for first, last in self._filled]
        found = self._live_cutter.cut(self._timeline.samples, index, self._cutter.period, repaired)
        if found is None:
            return None
        start, (first, last), wave = found
        since_newest = self._dropped + start - self._newest_start
        clipped = self._clipped_within(self._dropped + first, self._dropped + last)
        return replace(
            wave,
            t_mono_s=self._newest.t_mono_s + since_newest / self._rate_hz,
            clipped=_is_among(clipped, self._channels.sources[index]),
        )

    def _follow_mains(self) -> None:
        """Cut by another phase when the one so far has gone, so that it takes none along."""
        if self._cutter.locked or len(self._voltages) == 1:
            return
        cycle = int(self._rate_hz / LOWEST_MAINS_HZ)
        newest = self._timeline.samples[: len(self._voltages), -cycle:]
        if newest.shape[1] < cycle:
            return
        present = np.ptp(newest, axis=1) / 2 >= self._least_peaks
        if present[self._timeline.reference] or not present.any():
            return
        row = int(present.argmax())
        self._timeline.reference = row
        self._cutter.refer_to(self._least_peaks[row], self._voltages[row][1].offset_counts)
        self._gaps = GapFinder(self._rate_hz, self._nominal_hz, self._least_peaks[row])

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
        span_s = (cut.end - cut.start) / self._rate_hz
        found = self._analyser.measure(
            self._timeline.samples[:, first : last + 1],
            edges,
            cut.cycles,
            self._rate_hz,
            with_spectra=self._is_spectrum_due(cut, span_s),
        )
        loads = found.loads
        clipped = self._clipped_within(self._dropped + first, self._dropped + last)
        if clipped:
            loads = self._with_clipping(loads, clipped)
        spectra = found.spectra or [None] * len(loads)
        since_newest = self._dropped + cut.end - self._newest_start
        return Window(
            t_mono_s=self._newest.t_mono_s + since_newest / self._rate_hz,
            span_s=span_s,
            voltage_v=found.voltage_v,
            frequency_hz=found.frequency_hz,
            lost_samples=self._take_lost(self._dropped + last),
            currents=tuple(
                [
                    Point(
                        load,
                        _energy(load.active_power_w, span_s),
                        _energy(load.reactive_power_var, span_s),
                        spectrum,
                    )
                    for load, spectrum in zip(loads, spectra, strict=True)
                ]
            ),
            sums=found.sums,
        )

    def _is_spectrum_due(self, cut: Cut, span_s: float) -> bool:
        """At once, then in each window that ends nearest to SPECTRUM_S after the last one."""
        self._spectrum_due_s -= span_s
        if self._spectrum_due_s > _HALF_WINDOW_S or cut.cycles < LEAST_SPECTRUM_CYCLES:
            return False
        self._spectrum_due_s = SPECTRUM_S
        return True

    def _with_clipping(self, loads: list[Electrical], clipped: int) -> list[Electrical]:
        """The loads with those marked that are made of a channel that was clipped."""
        return [
            replace(load, quality=Quality.CLIPPED) if _is_among(clipped, sources) else load
            for load, sources in zip(loads, self._channels.sources, strict=True)
        ]

    def _clipped_within(self, first: int, last: int) -> int:
        """Channel mask of the blocks that reach into samples first..last."""
        mask = 0
        for start, end, channels in self._clipped:
            if start <= last and end > first:
                mask |= channels
        return mask

    def _take_lost(self, end: int) -> int:
        """Lost samples before position `end` that no window has counted yet."""
        if not self._lost:
            return 0
        counted = sum(count for position, count in self._lost if position < end)
        self._lost = [entry for entry in self._lost if entry[0] >= end]
        return counted


def _is_among(mask: int, channels: frozenset[int]) -> bool:
    return any(mask >> channel & 1 for channel in channels)


def _energy(power: float | None, span_s: float) -> float | None:
    """In thousandths."""
    return None if power is None else 1000.0 * span_s * power


def _check(block: SampleBlock, highest_channel: int) -> None:
    if block.counts.ndim != 2 or block.counts.shape[0] <= highest_channel:
        raise ValueError(
            f"block {block.seq} has shape {block.counts.shape}, "
            f"expected [channels, samples] with channels up to {highest_channel}"
        )
    if not 0 < block.rate_hz < math.inf:
        raise ValueError(f"block {block.seq} has a rate of {block.rate_hz} Hz")
