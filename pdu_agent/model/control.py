# SPDX-License-Identifier: Apache-2.0
"""What switches outlets by itself, as faces see it: plans, rules, caps, trips."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pdu_agent.model.terms import Action, Quantity, Target


@dataclass(frozen=True, slots=True)
class NextChange:
    """What will change an outlet next, as far as it is known. source: "plan night", "cap 1".

    action is what would be done, at wall_s; None where a condition decides when. text: the same in
    words, to follow "Next: ".
    """

    source: str
    action: Action
    wall_s: float | None
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A schedule. number: its place in the configuration, from 1. when: its calendar in words.

    action: one word of Action, or "hook NAME". next_wall_s: of its next run, None where none is
    known. outcome: of its last run, in words. missed: runs that could not be done in time.
    """

    number: int
    name: str
    enabled: bool
    when: str
    outlets: tuple[int, ...]
    action: str
    next_wall_s: float | None
    last_wall_s: float | None
    outcome: str
    runs: int
    missed: int


@dataclass(frozen=True, slots=True)
class Upcoming:
    """Something that is to be done at wall_s. source: "plan night". action: one word of Action, or
    "hook NAME".
    """

    wall_s: float
    source: str
    action: str
    outlets: tuple[int, ...]


class RuleState(Enum):
    """IDLE: its condition does not hold. WAITING: it holds, not yet for long enough. ACTIVE: it
    has acted and still holds. BLIND: what it looks at has no value; its fail-safe counts.
    PAUSED: it has acted too often, and waits.
    """

    DISABLED = "disabled"
    IDLE = "idle"
    WAITING = "waiting"
    ACTIVE = "active"
    BLIND = "blind"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Rule:
    """number: its place in the configuration, from 1. condition and action: in words. value: what
    it looks at, None where that is no number or not known. outcome: of its last action, in words.
    outlets: all that it may ever switch, by whatever it does.
    """

    number: int
    name: str
    enabled: bool
    condition: str
    action: str
    state: RuleState
    since_wall_s: float | None
    value: float | None
    fired: int
    last_wall_s: float | None
    outcome: str
    outlets: tuple[int, ...] = ()


class CapState(Enum):
    """SHEDDING: too much is drawn, outlets go off. RESTORING: outlets that were shed wait for
    room. OVER: too much is drawn, and nothing is left that may go off. UNKNOWN: no value.
    """

    UNDER = "under"
    SHEDDING = "shedding"
    RESTORING = "restoring"
    OVER = "over"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Cap:
    """number: its place in the configuration, from 1. limit, margin and value: watts for
    Quantity.ACTIVE_POWER, amperes for Quantity.CURRENT. shed: outlets that are off by it, in the
    order in which they went.
    """

    number: int
    name: str
    target: Target
    quantity: Quantity
    limit: float
    margin: float
    value: float | None
    state: CapState
    shed: tuple[int, ...]


class OutageState(Enum):
    """ON_BATTERY: outlets are shed as planned. LOW: all are shut down, stage by stage. BACK: mains
    is there again, and what went off waits for its return.
    """

    ON_BATTERY = "on battery"
    LOW = "low battery"
    BACK = "mains back"


@dataclass(frozen=True, slots=True)
class Outage:
    """An outage that the unit acts on. ups: the UPS, or all that feed the same inlets, as in
    "rack and spare". taken: outlets that it took off and will return, in the order in which they
    went. text: what happened; next: what will be done, in words; next_wall_s: when, None where a
    condition decides.
    """

    ups: str
    state: OutageState
    since_wall_s: float
    inlets: tuple[int, ...]
    taken: tuple[int, ...]
    text: str
    next: str
    next_wall_s: float | None


class TripState(Enum):
    """RETRYING: it is switched on again after a while. LATCHED: it stays off until it is reset."""

    NONE = "none"
    RETRYING = "retrying"
    LATCHED = "latched"


@dataclass(frozen=True, slots=True)
class Trip:
    """The overcurrent trip of one outlet. retries: since the last time that it held."""

    state: TripState = TripState.NONE
    retries: int = 0
    current_a: float | None = None
    wall_s: float | None = None


@dataclass(frozen=True, slots=True)
class RelayWear:
    """worn_percent: of the rated life, by what each switching cost; None where no life is given.
    on_s: how long the outlet has been on in all. inrush_*: of the largest inrush that was measured:
    its peak, how long it lasted, and the RMS current after it; None before the first.
    """

    worn_percent: float | None = None
    on_s: float = 0.0
    inrush_peak_a: float | None = None
    inrush_s: float | None = None
    inrush_then_a: float | None = None
