# SPDX-License-Identifier: Apache-2.0
"""The telemetry of PiPDU's board as a PowerMeter of sixteen channels.

The first firmware tells watts, and energy is their sum over time. The later one tells amperes
only: power cannot be known from them, and is not made up.
"""

from __future__ import annotations

from dataclasses import dataclass

from pdu_agent.hw.pipdu.owner import DRIVER, BoardOwner, owner_of
from pdu_agent.hw.pipdu.telemetry import CHANNELS, FIRMWARES, Telemetry
from pdu_agent.hw.ports import MeterSample
from pdu_agent.hw.site import Site
from pdu_agent.model.clock import Clock
from pdu_agent.model.errors import BusTimeout
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.settings import setting

SILENT_INTERVALS = 3


@dataclass(frozen=True, slots=True)
class PipduMeterSettings:
    """One board."""

    port: str = setting(max_length=255, doc="serial device, best by /dev/serial/by-id/...")
    firmware: str = setting(
        "later",
        choices=tuple(FIRMWARES),
        doc="first: 9600 baud, watts with commas; later: 921600 baud, amperes with spaces",
    )
    interval_s: float = setting(2.0, minimum=1, maximum=60, doc="how often values are published")
    max_power_w: float = setting(
        4000.0, minimum=1, maximum=100_000, doc="first: more than this of a channel is a lie"
    )
    max_current_a: float = setting(
        20.0, minimum=0.1, maximum=100, doc="later: more than this of a channel is a lie"
    )


class PipduMeter:
    """A PowerMeter (hw/ports.py). lies: values that cannot be, and count as none.

    Values are the mean over each interval; energy is that of the interval, None where a line
    of it is missing. Single thread.
    """

    channel_names = tuple(f"ch{number}" for number in range(1, CHANNELS + 1))

    def __init__(self, owner: BoardOwner, settings: PipduMeterSettings, clock: Clock) -> None:
        self.max_silence_s = settings.interval_s
        self.lies = 0
        self._owner = owner
        self._clock = clock
        self._in_watts = FIRMWARES[settings.firmware].in_watts
        self._limit = settings.max_power_w if self._in_watts else settings.max_current_a
        self._lines: list[Telemetry] = []
        self._published_s: float | None = None
        self._silent_since_s = 0.0

    @classmethod
    def connect(cls, site: Site, settings: PipduMeterSettings) -> PipduMeter:
        owner = owner_of(site.connections.path(settings.port), settings.firmware, site.clock)
        return cls(owner, settings, site.clock)

    @property
    def rejected(self) -> int:
        return self.lies + self._owner.rejected_lines

    def open(self) -> None:
        """Raises ChipNotFound or BusTimeout, saying what to do."""
        self._owner.open(self)
        self._owner.drop_lines()
        self._lines.clear()
        self._published_s = None
        self._silent_since_s = self._clock.monotonic_s()

    def close(self) -> None:
        self._owner.close(self)

    def poll(self, timeout_s: float) -> MeterSample | None:
        """The lines of an interval as one sample, None when none is due in about timeout_s.

        Raises BusTimeout when the line fails, or was silent for three intervals.
        """
        for line in self._owner.take_lines(timeout_s):
            self._silent_since_s = line.t_mono_s
            self._lines.append(line)
        if self._lines and self._is_due(self._lines[-1].t_mono_s):
            return self._sample()
        self._check_silence()
        return None

    def _is_due(self, now_s: float) -> bool:
        return self._published_s is None or now_s - self._published_s >= self.max_silence_s

    def _sample(self) -> MeterSample:
        lines, self._lines = self._lines, []
        end_s, begin_s = lines[-1].t_mono_s, self._published_s
        self._published_s = end_s
        span_s = 0.0 if begin_s is None else end_s - begin_s
        has_gap = begin_s is None or span_s > SILENT_INTERVALS * self.max_silence_s
        return MeterSample(
            t_mono_s=end_s,
            span_s=span_s,
            channels={
                name: self._channel(
                    [line.values[position] for line in lines], None if has_gap else span_s
                )
                for position, name in enumerate(self.channel_names)
            },
        )

    def _channel(self, values: list[float], span_s: float | None) -> tuple[Electrical, int | None]:
        believed = [value for value in values if 0.0 <= value <= self._limit]
        self.lies += len(values) - len(believed)
        if not believed:
            return Electrical(quality=Quality.ABSENT), None
        mean = sum(believed) / len(believed)
        if not self._in_watts:
            return Electrical(current_a=mean, quality=Quality.OK), None
        complete = span_s is not None and len(believed) == len(values)
        energy_mj = round(mean * span_s * 1000) if span_s is not None and complete else None
        return Electrical(active_power_w=mean, quality=Quality.OK), energy_mj

    def _check_silence(self) -> None:
        silent_s = self._clock.monotonic_s() - self._silent_since_s
        if silent_s > SILENT_INTERVALS * self.max_silence_s:
            raise BusTimeout(
                DRIVER,
                f"read {self._owner.path}",
                f"no telemetry for {silent_s:.0f} s; is the firmware the one that is configured?",
            )
