# SPDX-License-Identifier: Apache-2.0
"""What the hardware reports to the core, and what the core tells the hardware to do."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from pdu_agent.model.audit import AuditEntry
from pdu_agent.model.commands import Target
from pdu_agent.model.quantities import Electrical, Spectrum
from pdu_agent.model.record import Record
from pdu_agent.model.snapshot import LoggedEvent, OwnTariff


@dataclass(frozen=True, slots=True)
class Counter:
    """Where a meter's own counter stands at the end of a Reading, for its driver to go on from
    after a restart. source: which counter of which meter; numbers mean something to the driver.
    """

    source: str
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Measurement:
    """One metering point in one Reading.

    energy_mj is the energy of this span in millijoules (signed like the power; may have a
    fraction): mean power times span for sampled sources, the counter's step for meters
    that count joules themselves. None when no energy may be derived, as after a reset.
    reactive_mvars is the reactive energy of this span in millivar seconds, inductive above 0;
    None when it is not known. spectrum: of this span, None when it was not looked at.
    own_tariffs: what the device has in its own tariff registers, by their numbers. counter: of
    devices that count on by themselves; what they had counted up to it is in energy_mj of this
    reading and those before.
    """

    target: Target
    electrical: Electrical
    energy_mj: float | None
    reactive_mvars: float | None = None
    spectrum: Spectrum | None = None
    own_tariffs: tuple[OwnTariff, ...] = ()
    counter: Counter | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One window of one source. span_s is its length, t_mono_s its end.

    rejected: readings since the last one that were not believed. Without measurements it is
    about those only, and its times mean nothing.
    """

    source: str
    seq: int
    t_mono_s: float
    span_s: float
    measurements: tuple[Measurement, ...]
    lost_samples: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Inrush:
    """The waveform around a switch-on: mains cycles before it and after it (model.inrush).

    t_mono_s: of the first sample. voltage_v and current_a: as many samples each, rate_hz apart.
    clipped: the converter hit its limit, the true peak is larger.
    """

    target: Target
    t_mono_s: float
    rate_hz: float
    voltage_v: tuple[float, ...]
    current_a: tuple[float, ...]
    clipped: bool = False


@dataclass(frozen=True, slots=True)
class FanReading:
    """What a fan was found to do. speed_rpm: None where it has no tacho, or it failed; `error`
    then says how.
    """

    fan: int
    t_mono_s: float
    speed_rpm: float | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class SensorReading:
    """One value of one sensor: Celsius, percent relative humidity, hPa, or 0/1 for a contact.

    value is None when the sensor failed; `error` then says how. rejected: attempts since the last
    reading that failed or were not believed.
    """

    sensor: int
    t_mono_s: float
    value: float | None
    error: str = ""
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class BankState:
    """A relay board as found. cold: it lost power since it was last set up.

    closed[i] tells relay i, None where the board cannot read it back.
    """

    bank: str
    cold: bool
    closed: tuple[bool | None, ...]


@dataclass(frozen=True, slots=True)
class RelayResult:
    """The outcome of one WriteRelays. error is empty when the board took the write.

    moved_s: on the monotonic clock, when all of them had been told to move; None where no
    better is known than that it was before this result.
    """

    bank: str
    wanted: Mapping[int, bool]
    read_back: Mapping[int, bool | None]
    error: str = ""
    moved_s: float | None = field(default=None, compare=False)

    @property
    def failed(self) -> bool:
        """Did the board not take it, or does a relay read back other than wanted?"""
        return bool(self.error) or any(
            found is not None and found is not self.wanted.get(relay, found)
            for relay, found in self.read_back.items()
        )


@dataclass(frozen=True, slots=True)
class BankLost:
    """A board does not answer any more."""

    bank: str
    error: str


@dataclass(frozen=True, slots=True)
class WriteRelays:
    """Set these relays of one board (0-based: closed or open) in one transaction.

    at_s: on the monotonic clock, when; it is ordered a few milliseconds before at most.
    """

    bank: str
    closed: Mapping[int, bool]
    at_s: float = -math.inf


@dataclass(frozen=True, slots=True)
class InitialiseBank:
    """Bring a cold board up with every relay open; answered by a BankState."""

    bank: str


@dataclass(frozen=True, slots=True)
class SaveRecord:
    """Write the record to the runtime tier at once, and to the card soon if `flush`.

    Performing it raises StoreError when the runtime tier cannot be written.
    """

    record: Record
    flush: bool


@dataclass(frozen=True, slots=True)
class AppendEvents:
    """Append these entries to the event log's file soon; it never fails the caller."""

    events: tuple[LoggedEvent, ...]


@dataclass(frozen=True, slots=True)
class AppendAudit:
    """Add the entry to the audit log; with the next flush it gets to the card.

    Performing it raises StoreError when the runtime folder cannot be written.
    """

    entry: AuditEntry


class HookMoment(Enum):
    BEFORE_ON = "before on"
    AFTER_ON = "after on"
    BEFORE_OFF = "before off"
    AFTER_OFF = "after off"
    BY_PLAN = "by plan"
    BY_RULE = "by rule"


@dataclass(frozen=True, slots=True)
class RunHook:
    """Run a configured hook; answered by one HookResult. outlet: 0 where it is about none.

    because: the actor and reason, for the hook's environment and the log.
    """

    id: int
    hook: str
    moment: HookMoment
    outlet: int
    outlet_name: str
    because: str


@dataclass(frozen=True, slots=True)
class StopHook:
    """End the run with this number, if it still runs; nobody waits for its result any more."""

    id: int


@dataclass(frozen=True, slots=True)
class HookResult:
    """error: empty when it succeeded, else why not, in words. seconds: that it took."""

    id: int
    hook: str
    error: str
    seconds: float


@dataclass(frozen=True, slots=True)
class HostSeen:
    """One attempt to reach a watched host: did it answer? error: why not, in words. asked: False
    where this machine could not even ask, which says nothing about the host.
    """

    host: str
    answered: bool
    error: str = ""
    asked: bool = True


@dataclass(frozen=True, slots=True)
class InrushSeen:
    """What an outlet drew when it was switched on: see model.inrush.SwitchOn."""

    outlet: int
    peak_a: float
    lasted_s: float
    then_a: float


@dataclass(frozen=True, slots=True)
class SetFanDuty:
    """Have the fan turn at this share of full speed from now on, 0 to 100."""

    fan: int
    duty_percent: float


Effect = (
    WriteRelays
    | InitialiseBank
    | SaveRecord
    | AppendEvents
    | AppendAudit
    | RunHook
    | StopHook
    | SetFanDuty
)
