# SPDX-License-Identifier: Apache-2.0
"""One thread per source of measurements, which opens it, reads it and delivers Readings."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pdu_agent.hw.device_thread import FIRST_RETRY_S, DeviceThread
from pdu_agent.hw.ports import MeterSample, PowerMeter, Resume, ResumingMeter, SampleSource
from pdu_agent.model.commands import Target
from pdu_agent.model.errors import ConfigError, HardwareError
from pdu_agent.model.readings import Counter, Inrush, Measurement, Reading
from pdu_agent.model.snapshot import OwnTariff

if TYPE_CHECKING:
    from pdu_agent.metering.blocks import SampleBlock
    from pdu_agent.metering.inrush import Waveform
    from pdu_agent.metering.meter import BlockMeter, Window
    from pdu_agent.model.waves import Wave

log = logging.getLogger(__name__)

POLL_S = 0.5
"""How long a meter may wait for its next sample, hence how soon a stop is noticed."""
ACTIVE_ENERGY = "active_energy"
"""What registers of a meter's own tariffs begin with; the others are of reactive energy."""
MAX_CAPTURES = 64
"""Waveforms asked for between two blocks; beyond, the oldest requests are dropped."""

Deliver = Callable[[Reading], None]
OnTrouble = Callable[[str, HardwareError | None], None]
OnInrush = Callable[[Inrush], None]
OnWave = Callable[["Wave"], None]


class Acquisition(DeviceThread):
    """What both kinds of sources share.

    deliver(reading) and on_trouble(name, error) are called from this thread; whoever passes
    them hands over to his own. on_trouble comes once when the source is lost and once, with
    None, when it delivers again.
    """

    def __init__(
        self,
        name: str,
        deliver: Deliver,
        on_trouble: OnTrouble,
        first_retry_s: float = FIRST_RETRY_S,
    ) -> None:
        super().__init__(f"meter {name}", partial(on_trouble, name), first_retry_s)
        self.name = name
        self._deliver = deliver
        self._tell_of = on_trouble
        self._seq = 0

    def _publish(
        self,
        t_mono_s: float,
        span_s: float,
        measurements: tuple[Measurement, ...],
        lost_samples: int = 0,
        rejected: int = 0,
    ) -> None:
        self._seq += 1
        self._deliver(
            Reading(self.name, self._seq, t_mono_s, span_s, measurements, lost_samples, rejected)
        )


class SampledAcquisition(Acquisition):
    """Blocks of samples through a BlockMeter: one Reading per window.

    source: opened again by `start` after a `close`. targets: what each point of a window
    (currents, then residual sums) belongs to; None for a conductor that is only part of a sum.
    on_inrush: called from this thread with what `capture` asked for. What was not sampled
    while the source was lost is reported as lost samples. A point that is made of a failed
    channel is left out: it shows a fault, never 0 A; on_trouble tells of the channel, under a
    name such as "chip1 channel 3".
    """

    def __init__(
        self,
        name: str,
        source: SampleSource,
        meter: BlockMeter,
        targets: Sequence[Target | None],
        deliver: Deliver,
        on_trouble: OnTrouble,
        first_retry_s: float = FIRST_RETRY_S,
        on_inrush: OnInrush | None = None,
    ) -> None:
        super().__init__(name, deliver, on_trouble, first_retry_s)
        self._source = source
        self._meter = meter
        self._targets = tuple(targets)
        self._currents = self._targets[: len(meter.channels.currents)]
        self._on_inrush = on_inrush
        self._wanted: deque[tuple[int, float]] = deque(maxlen=MAX_CAPTURES)
        self._looks: deque[tuple[int, OnWave]] = deque(maxlen=MAX_CAPTURES)
        self._sampled_until_s = math.nan
        self._reopened = False
        self._told: set[int] = set()

    def capture(self, target: Target, t_mono_s: float) -> bool:
        """Ask for the waveform of a switch-on at t_mono_s; from any thread, within 0.5 s.

        False when this converter has no current of that target, or nobody waits for it.
        """
        if self._on_inrush is None or target not in self._currents:
            return False
        self._wanted.append((self._currents.index(target), t_mono_s))
        return True

    def measures(self, target: Target) -> bool:
        """Is there a current of that target here?"""
        return target in self._currents

    def look(self, target: Target, on_wave: OnWave) -> None:
        """Have what the target shows with the next block handed over; from any thread.

        on_wave is called from this thread, at most once: never where no whole cycles come, or their
        channel has failed. Raises ValueError for a target that is not measured here.
        """
        self._looks.append((self._currents.index(target), on_wave))

    def _open(self) -> None:
        self._source.start()
        self._reopened = not math.isnan(self._sampled_until_s)
        self._tell_channels()

    def _step(self) -> bool:
        windows = self._meter.add_block(self._read_block())
        for window in windows:
            self._publish_window(window)
        while self._wanted:
            self._meter.capture(*self._wanted.popleft())
        for waveform in self._meter.take_waveforms():
            self._tell_inrush(waveform)
        self._show()
        return True

    def _close(self, _error: HardwareError | None) -> None:
        self._source.close()

    def _tell_channels(self) -> None:
        """Those that have failed, and those that are well again; only what is wired."""
        wired = {channel for sources in self._meter.channels.sources for channel in sources}
        failed = {each: why for each, why in self._source.failed_channels.items() if each in wired}
        for channel in sorted(self._told - failed.keys()):
            self._tell_of(f"{self.name} channel {channel + 1}", None)
        for channel in sorted(failed.keys() - self._told):
            name = f"{self.name} channel {channel + 1}"
            self._tell_of(name, HardwareError(name, "measure", failed[channel]))
        self._told = set(failed)

    def _show(self) -> None:
        """To who looks. What has no whole cycles yet is looked at again with the next block."""
        for _ in range(len(self._looks)):
            index, on_wave = self._looks.popleft()
            sources = self._meter.channels.sources[index]
            if not self._source.failed_channels.keys().isdisjoint(sources):
                continue
            wave = self._meter.newest_wave(index)
            if wave is None:
                self._looks.append((index, on_wave))
            else:
                on_wave(wave)

    def _read_block(self) -> SampleBlock:
        """The next block. A source knows nothing of the time in which it was lost, and
        without that gap the meter would join what does not belong together.
        """
        block = self._source.read_block()
        if self._reopened:
            gap = round((block.t_mono_s - self._sampled_until_s) * block.rate_hz)
            block = replace(block, lost_samples=max(block.lost_samples, gap))
        self._reopened = False
        self._sampled_until_s = block.t_mono_s + block.counts.shape[1] / block.rate_hz
        return block

    def _publish_window(self, window: Window) -> None:
        failed = self._source.failed_channels.keys()
        self._publish(
            window.t_mono_s,
            window.span_s,
            tuple(
                Measurement(target, *point)
                for target, sources, point in zip(
                    self._targets, self._meter.channels.sources, window.currents, strict=True
                )
                if target is not None and failed.isdisjoint(sources)
            ),
            window.lost_samples,
        )

    def _tell_inrush(self, waveform: Waveform) -> None:
        target = self._targets[waveform.index]
        if target is None or self._on_inrush is None:
            return
        self._on_inrush(
            Inrush(
                target,
                waveform.t_mono_s,
                waveform.rate_hz,
                waveform.voltage_v,
                waveform.current_a,
                waveform.clipped,
            )
        )


class MeterAcquisition(Acquisition):
    """A meter that knows watts and joules: one Reading per sample.

    targets: which of the meter's channels feeds what; its other channels are left out. resumes:
    str(Target) -> up to where it was booked; of another counter it is left out.
    Raises ConfigError for a channel that the meter does not have, and for a target with
    two channels.
    """

    def __init__(
        self,
        name: str,
        meter: PowerMeter,
        targets: Mapping[str, Target],
        deliver: Deliver,
        on_trouble: OnTrouble,
        first_retry_s: float = FIRST_RETRY_S,
        resumes: Mapping[str, Resume] | None = None,
    ) -> None:
        super().__init__(name, deliver, on_trouble, first_retry_s)
        _check_channels(name, meter, targets)
        self._meter = meter
        self._targets = dict(targets)
        self._rejected_before = 0
        self._sources: dict[str, str] = {}
        if isinstance(meter, ResumingMeter):
            self._sources = {each: f"{name} {each} {meter.counter_kind}" for each in targets}
            self._resume(meter, resumes or {})

    def _resume(self, meter: ResumingMeter, resumes: Mapping[str, Resume]) -> None:
        for channel, target in self._targets.items():
            found = resumes.get(str(target))
            if found is None:
                continue
            if found.source != self._sources[channel]:
                self._tell_anew(channel, f"another counter ({found.source}) fed {target} before")
            elif found.since_s is None:
                self._tell_anew(channel, "the clock does not tell how long that was")
            else:
                meter.resume(channel, found.numbers, found.since_s)

    def _tell_anew(self, channel: str, why: str) -> None:
        log.warning(
            "meter %s channel %s: what it counted while the agent was stopped is not booked: %s",
            self.name,
            channel,
            why,
        )

    def _open(self) -> None:
        self._meter.open()

    def _step(self) -> bool:
        try:
            sample = self._meter.poll(POLL_S)
        except HardwareError:
            self._tell_rejected()
            raise
        if sample is None:
            self._tell_rejected()
            return False
        measurements = self._measurements(sample)
        self._publish(sample.t_mono_s, sample.span_s, measurements, rejected=self._newly_rejected())
        return True

    def _newly_rejected(self) -> int:
        rejected = self._meter.rejected
        before, self._rejected_before = self._rejected_before, rejected
        return rejected - before

    def _tell_rejected(self) -> None:
        """A meter that gives nothing to believe is counted all the same."""
        rejected = self._newly_rejected()
        if rejected:
            self._publish(0.0, 0.0, (), rejected=rejected)

    def _close(self, _error: HardwareError | None) -> None:
        self._meter.close()

    def _measurements(self, sample: MeterSample) -> tuple[Measurement, ...]:
        return tuple(
            Measurement(
                target,
                *sample.channels[channel],
                sample.reactive_mvars.get(channel),
                own_tariffs=_own_tariffs(sample.tariffs.get(channel, {})),
                counter=self._counter(sample, channel),
            )
            for channel, target in self._targets.items()
            if channel in sample.channels
        )

    def _counter(self, sample: MeterSample, channel: str) -> Counter | None:
        numbers, source = sample.counters.get(channel), self._sources.get(channel)
        return Counter(source, numbers) if numbers and source is not None else None


def _own_tariffs(registers: Mapping[str, int]) -> tuple[OwnTariff, ...]:
    """registers: as MeterSample.tariffs has them, active_energy_t1 and reactive_energy_t1."""
    found: dict[int, OwnTariff] = {}
    for name, value in registers.items():
        kind, _, number = name.rpartition("_t")
        row = found.get(int(number), OwnTariff(int(number)))
        is_active = kind == ACTIVE_ENERGY
        changed = {"energy_mj": value} if is_active else {"reactive_mvars": value}
        found[row.number] = replace(row, **changed)
    return tuple(found[number] for number in sorted(found))


def _check_channels(name: str, meter: PowerMeter, targets: Mapping[str, Target]) -> None:
    seen: dict[Target, str] = {}
    for channel, target in targets.items():
        if channel not in meter.channel_names:
            raise ConfigError(
                f"meter {name}: no channel {channel!r}; it has {', '.join(meter.channel_names)}"
            )
        if target in seen:
            raise ConfigError(
                f"meter {name}: {target} has two channels, {seen[target]!r} and {channel!r}"
            )
        seen[target] = channel
