# SPDX-License-Identifier: Apache-2.0
"""What a driver has to offer. Every method may block and runs in its bus's own thread.

All of them raise HardwareError (BusTimeout, ChipNotFound, ReadbackMismatch) and nothing
else for trouble with the device. How a driver is made: see `site`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from pdu_agent.metering.blocks import SampleBlock
from pdu_agent.metering.droop import Sinc
from pdu_agent.model.quantities import Electrical


class RelayBank(Protocol):
    """A board of relays, numbered from 0. Polarity is the driver's affair."""

    relay_count: int

    def inspect(self) -> tuple[bool, tuple[bool | None, ...]]:
        """(cold, closed): does the chip hold its power-on defaults, and what is each relay.

        Changes nothing on the board. closed[i] is None where it cannot be read back.
        """
        ...

    def initialise(self) -> None:
        """Bring a cold board up with every relay open, without a pulse on any of them."""
        ...

    def write(self, closed: Mapping[int, bool]) -> None:
        """Set the named relays in one transaction.

        Raises ValueError for a relay that the board does not have; then nothing was written.
        """
        ...

    def read_back(self, relays: Iterable[int]) -> dict[int, bool | None]:
        """What these relays are after the last `write`, None where that cannot be read.

        Apart from `write`, so that all boards of a bus may move before the first is looked
        at. Raises ReadbackMismatch when the chip did not take the write.
        """
        ...

    def close(self) -> None:
        """Release the bus; the relays stay as they are."""
        ...


class SampleSource(Protocol):
    """A converter that delivers blocks of samples.

    failed_channels: 0-based channels whose codes mean nothing, and why; known after `start`.
    droop: of the converter's own filter, for metering to make up for; FLAT (metering.droop) for
    none.
    """

    channel_count: int
    rate_hz: float
    failed_channels: Mapping[int, str]
    droop: Sinc

    def start(self) -> None:
        """Bring the chip up and start converting; safe to call again after a failure."""
        ...

    def read_block(self) -> SampleBlock:
        """The next block; blocks for about its length (30 to 100 ms)."""
        ...

    def close(self) -> None: ...


class SensorSource(Protocol):
    """One sensor of the surroundings that gives its value when asked."""

    def read(self) -> float:
        """Celsius, percent relative humidity, or 0/1 for a contact; within a second."""
        ...


class Fan(Protocol):
    """One fan."""

    def set_duty(self, percent: float) -> None:
        """0 to 100 % of full speed."""
        ...

    def read_rpm(self) -> float | None:
        """Turns a minute, 0 when it stands still; None without a tacho."""
        ...

    def close(self) -> None:
        """Leave the fan at full speed, where that can be told: nobody watches it any more."""
        ...


class Display(Protocol):
    """Some lines of text. columns and rows: as many characters fit."""

    columns: int
    rows: int

    def open(self) -> None: ...

    def show(self, lines: Sequence[str]) -> None:
        """Up to `rows` lines, each cut at `columns`; what is not given is blank."""
        ...

    def close(self) -> None: ...


class DigitalIo(Protocol):
    """Lines for buttons, contacts and lamps; logical values, True is pressed, closed or lit.

    The driver is made with all its inputs and outputs (their numbers on the board):
    `connect(site, settings, inputs, outputs)`. tells_edges: it need not be read all the time.
    """

    tells_edges: bool

    def open(self) -> None:
        """Take the lines: outputs dark, inputs pulled up where the hardware can."""
        ...

    def read(self, timeout_s: float, /) -> Mapping[int, bool]:
        """Every input: at once, but where the hardware tells of edges at the first one of them,
        or after timeout_s. An input that was inactive in between is shown so once.
        """
        ...

    def write(self, lit: Mapping[int, bool]) -> None:
        """Set these outputs; the others stay."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class MeterSample:
    """What a meter that knows watts reports: its end time, its span, and per channel the
    quantities with the energy of the span in millijoules (None: no figure may be derived).

    reactive_mvars: channel -> reactive energy of the span in millivar seconds, inductive above
    0, where it is known. tariffs: channel -> name of a register of the meter's own tariffs
    (active_energy_t1) -> what it shows, in millijoules or millivar seconds. counters: channel ->
    what a ResumingMeter goes on from after a restart of the agent.
    """

    t_mono_s: float
    span_s: float
    channels: Mapping[str, tuple[Electrical, int | None]]
    reactive_mvars: Mapping[str, int] = field(default_factory=dict)
    tariffs: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    counters: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MeterOutline:
    """What the configuration makes of a meter whose channels or neighbours follow from it.

    A driver's class then has `outline(settings, report)`, which touches no device: it tells
    report(file, line, column, complaint) what is wrong with a file that the settings name, and
    gives None then. Meters at one place (a port) need different units and the same line.
    is_general: every meter there would answer, so it has to be the only one.
    """

    channel_names: tuple[str, ...]
    place: str
    unit: str
    line: str
    is_general: bool = False


@dataclass(frozen=True, slots=True)
class Resume:
    """Up to where a counter was booked before the agent was stopped. source: whose it is.

    numbers: as MeterSample.counters had them. since_s: when that was, on the monotonic clock of
    now, which may be below 0; None where no clock can tell.
    """

    source: str
    numbers: tuple[int, ...]
    since_s: float | None


class PowerMeter(Protocol):
    """A meter that measures watts and counts joules by itself.

    `channel_names` are the driver's own names ("ch1", "aux3"); the configuration says
    which outlet or inlet each one feeds.
    """

    channel_names: tuple[str, ...]
    max_silence_s: float
    """Longest regular pause between two samples; three of them without one is stale."""

    @property
    def rejected(self) -> int:
        """Readings that were not believed since the meter was made: spoilt frames, responses
        that were none, impossible values. It never falls.
        """
        ...

    def open(self) -> None: ...

    def poll(self, timeout_s: float) -> MeterSample | None:
        """The next sample, or None when none came within timeout_s.

        channels maps each channel to its Electrical and the energy of the span in
        millijoules (None after a reset or a gap that allows no figure).
        """
        ...

    def close(self) -> None: ...


@runtime_checkable
class ResumingMeter(PowerMeter, Protocol):
    """One whose counters go on while the agent does not run, for a day at least.

    counter_kind: tells apart counters whose numbers mean different things.
    """

    counter_kind: str

    def resume(self, channel: str, numbers: tuple[int, ...], since_s: float) -> None:
        """Before the first sample: it brings what was counted since then, if that can be true.

        numbers: of MeterSample.counters; others are ignored. since_s: on the monotonic clock.
        """
        ...
