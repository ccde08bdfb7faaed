# SPDX-License-Identifier: Apache-2.0
"""One thread per source of measurements: open it, read it, deliver Readings, never give up.

A failing source is a state here, not an end: it is closed, its owner is told once, and it
is opened again after 0.5 s, then 1 s, and so on up to every 10 s, until it delivers again.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pdu_agent.hw.ports import MeterSample, PowerMeter, SampleSource
from pdu_agent.model.commands import Target
from pdu_agent.model.errors import ConfigError, HardwareError
from pdu_agent.model.readings import Inrush, Measurement, Reading

if TYPE_CHECKING:
    from pdu_agent.metering.blocks import SampleBlock
    from pdu_agent.metering.inrush import Waveform
    from pdu_agent.metering.meter import BlockMeter, Window

log = logging.getLogger(__name__)

FIRST_RETRY_S = 0.5
LAST_RETRY_S = 10.0
POLL_S = 0.5
"""How long a meter may wait for its next sample, hence how soon a stop is noticed."""
STOP_TIMEOUT_S = 5.0
MAX_CAPTURES = 64
"""Waveforms asked for between two blocks; beyond, the oldest requests are dropped."""

Deliver = Callable[[Reading], None]
OnTrouble = Callable[[str, HardwareError | None], None]
OnInrush = Callable[[Inrush], None]


def retry_delays_s(first_s: float = FIRST_RETRY_S, last_s: float = LAST_RETRY_S) -> Iterator[float]:
    """first_s, doubling with each call up to last_s, for ever."""
    delay_s = first_s
    while True:
        yield delay_s
        delay_s = min(2 * delay_s, last_s)


class Acquisition(ABC):
    """The loop that both kinds of sources share.

    deliver(reading) and on_trouble(name, error) are called from this thread; whoever passes
    them hands over to his own. on_trouble comes once when the source is lost and once, with
    None, when it delivers again. errors counts every failed attempt.
    """

    def __init__(
        self,
        name: str,
        deliver: Deliver,
        on_trouble: OnTrouble,
        first_retry_s: float = FIRST_RETRY_S,
    ) -> None:
        self.name = name
        self.errors = 0
        self.beat_s = time.monotonic()
        """When the thread last came round, in real time: what a watchdog looks at."""
        self._deliver = deliver
        self._on_trouble = on_trouble
        self._first_retry_s = first_retry_s
        self._seq = 0
        self._lost = False
        self._last_bug = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"meter {name}", daemon=True)

    def start(self) -> None:
        """Start reading; returns at once, whether or not the source is there. Once only."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and close the source; returns within STOP_TIMEOUT_S."""
        self._stop.set()
        if not self._thread.is_alive():
            return
        self._thread.join(STOP_TIMEOUT_S)
        if self._thread.is_alive():
            log.error("meter %s: still waiting for its device, left behind", self.name)

    @abstractmethod
    def _open(self) -> None:
        """Bring the source up; may follow a failure of any of these three."""

    @abstractmethod
    def _step(self) -> bool:
        """Wait shortly for data and publish it; tells whether the source delivered."""

    @abstractmethod
    def _close(self) -> None:
        """Release the source."""

    def _publish(
        self,
        t_mono_s: float,
        span_s: float,
        measurements: tuple[Measurement, ...],
        lost_samples: int = 0,
    ) -> None:
        self._seq += 1
        self._deliver(Reading(self.name, self._seq, t_mono_s, span_s, measurements, lost_samples))

    def _run(self) -> None:
        delays_s = retry_delays_s(self._first_retry_s)
        while not self._stop.is_set():
            self.beat_s = time.monotonic()
            if self._attempt():
                delays_s = retry_delays_s(self._first_retry_s)
            self._stop.wait(next(delays_s))

    def _attempt(self) -> bool:
        """Read until the source fails or `stop`; tells whether it delivered anything."""
        delivered = False
        try:
            self._open()
            while not self._stop.is_set():
                self.beat_s = time.monotonic()
                if self._step():
                    delivered = True
                    self._recovered()
        except HardwareError as exc:
            self._failed(exc)
        except Exception as exc:
            self._log_bug(exc)
            self._failed(HardwareError(self.name, "acquisition", repr(exc)))
        finally:
            self._close_whatever_happens()
        return delivered

    def _failed(self, error: HardwareError) -> None:
        self.errors += 1
        if self._lost:
            log.debug("meter %s: still failing: %s", self.name, error)
            return
        self._lost = True
        log.warning("meter %s lost: %s; trying again", self.name, error)
        self._tell(error)

    def _recovered(self) -> None:
        if not self._lost:
            return
        self._lost = False
        self._last_bug = ""
        log.info("meter %s delivers again", self.name)
        self._tell(None)

    def _tell(self, error: HardwareError | None) -> None:
        try:
            self._on_trouble(self.name, error)
        except Exception:
            log.exception("meter %s: its owner failed to take notice", self.name)

    def _log_bug(self, exc: Exception) -> None:
        """With traceback, but once: the same defect may come back with every attempt."""
        if repr(exc) != self._last_bug:
            self._last_bug = repr(exc)
            log.exception("meter %s: unexpected error, treated as a lost device", self.name)

    def _close_whatever_happens(self) -> None:
        try:
            self._close()
        except HardwareError as exc:
            log.debug("meter %s: while closing: %s", self.name, exc)
        except Exception as exc:
            self._log_bug(exc)


class SampledAcquisition(Acquisition):
    """Blocks of samples through a BlockMeter: one Reading per window.

    source: opened again by `start` after a `close`. targets: what each point of a window
    (currents, then residual sums) belongs to; None for a conductor that is only part of a sum.
    on_inrush: called from this thread with what `capture` asked for. What was not sampled
    while the source was lost is reported as lost samples. A point that is made of a failed
    channel is left out: it shows a fault, never 0 A.
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
        self._on_inrush = on_inrush
        self._wanted: deque[tuple[int, float]] = deque(maxlen=MAX_CAPTURES)
        self._sampled_until_s = math.nan
        self._reopened = False

    def capture(self, target: Target, t_mono_s: float) -> bool:
        """Ask for the waveform of a switch-on at t_mono_s; from any thread, within 0.5 s.

        False when this converter has no current of that target, or nobody waits for it.
        """
        currents = self._targets[: len(self._meter.channels.currents)]
        if self._on_inrush is None or target not in currents:
            return False
        self._wanted.append((currents.index(target), t_mono_s))
        return True

    def _open(self) -> None:
        self._source.start()
        self._reopened = not math.isnan(self._sampled_until_s)

    def _step(self) -> bool:
        windows = self._meter.add_block(self._read_block())
        for window in windows:
            self._publish_window(window)
        while self._wanted:
            self._meter.capture(*self._wanted.popleft())
        for waveform in self._meter.take_waveforms():
            self._tell_inrush(waveform)
        return True

    def _close(self) -> None:
        self._source.close()

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
        failed = self._source.failed_channels
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
            )
        )


class MeterAcquisition(Acquisition):
    """A meter that knows watts and joules: one Reading per sample.

    targets: which of the meter's channels feeds what; its other channels are left out.
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
    ) -> None:
        super().__init__(name, deliver, on_trouble, first_retry_s)
        _check_channels(name, meter, targets)
        self._meter = meter
        self._targets = dict(targets)

    def _open(self) -> None:
        self._meter.open()

    def _step(self) -> bool:
        sample = self._meter.poll(POLL_S)
        if sample is None:
            return False
        self._publish(sample.t_mono_s, sample.span_s, self._measurements(sample))
        return True

    def _close(self) -> None:
        self._meter.close()

    def _measurements(self, sample: MeterSample) -> tuple[Measurement, ...]:
        return tuple(
            Measurement(target, *sample.channels[channel], sample.reactive_mvars.get(channel))
            for channel, target in self._targets.items()
            if channel in sample.channels
        )


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
