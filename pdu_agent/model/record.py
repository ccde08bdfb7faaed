# SPDX-License-Identifier: Apache-2.0
"""What survives: the durable record, as plain values.

The default of a column is part of the format: it is what a row without that column says; see
store.plain_record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class HoldRow(NamedTuple):
    """A model.actor.Hold; `rank` is its number."""

    source: str
    rank: int
    wants_on: bool
    text: str
    since_wall_s: float
    ends: str
    until_wall_s: float | None


@dataclass(frozen=True, slots=True)
class OutletRecord:
    """state is the machine's step; deadline_s is on the monotonic clock of `boot_id`.

    target_on: where the last accepted command (or the last known contact) left the outlet.
    then: the action that follows once the relay has opened. together: outlets that are rebooted
    with this one. holds: rows of model.actor.Hold. is_pulse: its step is one of a pulse.
    """

    state: str
    target_on: bool = True
    deadline_s: float | None = None
    lock: str = "unlocked"
    switch_count: int = 0
    reason: str = "unknown"
    actor: tuple[str, ...] | None = None
    changed_wall_s: float | None = None
    is_ordered: bool = False
    then: str | None = None
    together: tuple[int, ...] = ()
    holds: tuple[HoldRow, ...] = ()
    is_pulse: bool = False


@dataclass(frozen=True, slots=True)
class MeterRecord:
    """energy_mj and user_zero_mj are exact; remainder_mj is the part below one millijoule.

    Peaks as in model.snapshot.Meter; that of demand counts since that of power does.
    """

    energy_mj: int = 0
    remainder_mj: float = 0.0
    user_zero_mj: int = 0
    user_since_wall_s: float | None = None
    peak_power_w: float | None = None
    peak_wall_s: float | None = None
    peak_power_since_wall_s: float | None = None
    peak_current_a: float | None = None
    peak_current_wall_s: float | None = None
    peak_current_since_wall_s: float | None = None
    inductive_mvars: int | None = None
    capacitive_mvars: int | None = None
    peak_demand_w: float | None = None
    peak_demand_wall_s: float | None = None
    tariffs: tuple[tuple[str, int, int, int], ...] = ()
    """Name, mJ, mvar s inductive and capacitive: what was used while that tariff applied."""


class CounterMark(NamedTuple):
    """How far a meter's own counter is booked to a point; what it counts from there on is not.

    source: which counter of which meter. numbers: what its driver goes on from. mono_s is on the
    monotonic clock of the record's `boot_id`, None where it was another one's.
    """

    source: str
    wall_s: float
    mono_s: float | None
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class GroupRecord:
    """A group that was made at run time. name "": none was given; members: outlet numbers."""

    name: str = ""
    members: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """What is remembered of a plan. enabled: None is as the file has it. handled_wall_s: what was
    due up to here is done, or was missed. counted: where the counter stood when it began to count.
    asked: the actor who wants it to run now. when: of which calendar or counter all this is told,
    as a check sum.
    """

    enabled: bool | None = None
    handled_wall_s: float | None = None
    counted: float | None = None
    is_done: bool = False
    last_wall_s: float | None = None
    outcome: str = ""
    runs: int = 0
    missed: int = 0
    asked: tuple[str, ...] = ()
    when: str = ""


@dataclass(frozen=True, slots=True)
class CountdownRecord:
    """due_mono_s is on the monotonic clock of the record's boot_id, None where it was another's."""

    action: str
    due_wall_s: float
    due_mono_s: float | None
    actor: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleRecord:
    """What is remembered of a rule. enabled: None is as the file has it. since_wall_s: when it
    began to be active. day: the local date (ISO 8601) of times_today. back_off_s: how long it
    pauses after it acts the next time. paused_until_wall_s: when it acts next though nothing
    new happens. blind: what it looks at has no value. unsettled: its fail-safe acted, and what is
    seen next decides anew. armed: a low draw counts. latched: it acts no more until its condition
    ends or it is reset. undone: actions that were refused, as "then 0 3": phase, position, outlet
    (0: a group).
    resets: how often it was reset.
    """

    enabled: bool | None = None
    active: bool = False
    since_wall_s: float | None = None
    fired: int = 0
    last_wall_s: float | None = None
    outcome: str = ""
    day: str = ""
    times_today: int = 0
    back_off_s: float = 0.0
    paused_until_wall_s: float | None = None
    blind: bool = False
    unsettled: bool = False
    armed: bool = False
    latched: bool = False
    undone: tuple[str, ...] = ()
    resets: int = 0


@dataclass(frozen=True, slots=True)
class CapRecord:
    """shed: outlets that are off by this cap, in the order in which they went. draws: what each of
    them drew, in the unit of the cap, None where nobody knows. calm_s: for how long there must be
    room before one of them returns, 0 where that is what the file says. unit: of the draws, W or
    A; empty in rows of versions that did not keep it.
    """

    shed: tuple[int, ...] = ()
    since_wall_s: float | None = None
    draws: tuple[float | None, ...] = ()
    calm_s: float = 0.0
    unit: str = ""


@dataclass(frozen=True, slots=True)
class TripRecord:
    """As model.control.Trip."""

    state: str = "none"
    retries: int = 0
    current_a: float | None = None
    wall_s: float | None = None


@dataclass(frozen=True, slots=True)
class StopRecord:
    """A graceful off under way: `then` is the action that follows, phase what it waits for."""

    then: str
    phase: str
    began_wall_s: float
    actor: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OutageRecord:
    """What was done in an outage, by the name of its UPS or UPSes.

    phase: a model.control.OutageState. *_mono_s are on the monotonic clock of `boot_id`, None when
    that was another boot. steps: those of `outage.shed` that came true, from 0. stage: the priority
    that was begun last. tried: outlets that a stage has begun with. left: outlets that shedding
    leaves alone. barred: outlets that may not go on while the battery is low, and do not return.
    inlets: those that it feeds.
    """

    phase: str
    since_wall_s: float
    since_mono_s: float | None = None
    text: str = ""
    steps: tuple[int, ...] = ()
    stage: int | None = None
    stage_mono_s: float | None = None
    tried: tuple[int, ...] = ()
    left: tuple[int, ...] = ()
    barred: tuple[int, ...] = ()
    inlets: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class TakenRecord:
    """An outlet that went off in an outage and is to return. ups: as OutageRecord is named."""

    ups: str
    wall_s: float
    text: str


@dataclass(frozen=True, slots=True)
class WearRecord:
    """worn: rated lives that the relay has used, 1.0 is all of it. on_s: seconds on in all.
    inrush_*: the largest one that was measured, as model.control.RelayWear has it.
    """

    worn: float = 0.0
    on_s: float = 0.0
    inrush_peak_a: float | None = None
    inrush_s: float | None = None
    inrush_then_a: float | None = None


@dataclass(frozen=True, slots=True)
class SensorRecord:
    """Lowest and highest value since the last reset, in the sensor's unit, and their times."""

    minimum: float | None = None
    maximum: float | None = None
    maximum_wall_s: float | None = None
    extremes_since_wall_s: float | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """A setting changed at run time: it holds as long as the file still says `base`."""

    value: str | float
    base: str | float | None


@dataclass(frozen=True, slots=True)
class AuditHead:
    """A line of the audit log: its number, and its SHA-256 in hexadecimal."""

    number: int
    hash: str


@dataclass(frozen=True, slots=True)
class Record:
    """Everything the next start needs. `seq` grows with each save; boots with each start.

    outlets, groups, sensors, caps and what belongs to outlets are keyed by their numbers, plans
    and rules by their names, meters and marks by str(Target),
    overrides by setting path ("outlet 3 name"). engine_id is the snmpEngineID (RFC 3411), made once
    per device. last_event: no entry of the event log has a number beyond it, 0 before the
    first; it is the newest entry's own once the agent was stopped. audit: the newest line of the
    audit log, or one of the newest; None before the first.
    """

    seq: int = 0
    boots: int = 0
    boot_id: str = ""
    engine_id: bytes = b""
    wall_s: float = 0.0
    outlets: Mapping[int, OutletRecord] = field(default_factory=dict)
    meters: Mapping[str, MeterRecord] = field(default_factory=dict)
    overrides: Mapping[str, Override] = field(default_factory=dict)
    groups: Mapping[int, GroupRecord] = field(default_factory=dict)
    sensors: Mapping[int, SensorRecord] = field(default_factory=dict)
    last_event: int = 0
    marks: Mapping[str, CounterMark] = field(default_factory=dict)
    """Of the meters in here, and only true together with them. They stand apart from them since a
    version that does not know them still reads the record, and forgets them.
    """
    audit: AuditHead | None = None
    plans: Mapping[str, PlanRecord] = field(default_factory=dict)
    rules: Mapping[str, RuleRecord] = field(default_factory=dict)
    caps: Mapping[int, CapRecord] = field(default_factory=dict)
    countdowns: Mapping[int, CountdownRecord] = field(default_factory=dict)
    trips: Mapping[int, TripRecord] = field(default_factory=dict)
    stops: Mapping[int, StopRecord] = field(default_factory=dict)
    wear: Mapping[int, WearRecord] = field(default_factory=dict)
    outages: Mapping[str, OutageRecord] = field(default_factory=dict)
    taken: Mapping[int, TakenRecord] = field(default_factory=dict)
