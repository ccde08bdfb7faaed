# SPDX-License-Identifier: Apache-2.0
"""What all that acts on an outage works with: settings, rows of the record, outlets."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from pdu_agent.core.engine import Desk, Wish
from pdu_agent.core.outage.settings import OutageSettings
from pdu_agent.core.outage.supplies import Power, Supply, spoken_s
from pdu_agent.core.outlets.steps import Step
from pdu_agent.core.state import OutletLive
from pdu_agent.model.commands import (
    Actor,
    Command,
    Hold,
    Lock,
    Target,
    TargetKind,
)
from pdu_agent.model.control import OutageState
from pdu_agent.model.record import OutageRecord, TakenRecord
from pdu_agent.model.snapshot import Severity

SOURCE = "outage"
"""Of the holds of all that went off, or may not go on, in an outage."""
BARRED = "may be switched on once mains is there"
ALARM = "outage"
RETRY_S = 5.0
LONGEST_RETRY_S = 60.0
LONGEST_RETURN_RETRY_S = 600.0
"""Each refusal is a line in the audit log, and nothing is lost by a return that is late."""
_DOUBLINGS = 7  # lead to more than the longest pause
_AT_REST = frozenset({Step.OFF, Step.ON, Step.FAULT, Step.UNKNOWN})
_FACES = {
    OutageState.ON_BATTERY: "on battery",
    OutageState.LOW: "low battery",
    OutageState.BACK: "mains back",
}


class Kind(Enum):
    """What a wish is for. KEEPING: holds are set or ended, no outlet is switched."""

    GOING = "going"
    RETURNING = "returning"
    KEEPING = "keeping"


@dataclass(frozen=True, slots=True)
class About:
    """before and taken: the rows as they were, if the wish is refused."""

    ups: str
    kind: Kind
    outlet: int = 0
    before: OutageRecord | None = None
    taken: TakenRecord | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """A wish for an outlet that was refused, and when it is tried again (monotonic)."""

    due_s: float
    refusals: int


@dataclass(slots=True)
class Watch:
    """What is only known of a supply while the agent runs. since_s: since when its power is what it
    is. is_heard: it has answered. gap_until_s: no other priority returns before. coming: outlets
    that were ordered on last. texts: why each step of `shed` came true. Times are monotonic.
    """

    power: Power | None = None
    since_s: float = 0.0
    is_heard: bool = False
    gap_until_s: float = -math.inf
    coming: tuple[int, ...] = ()
    ordered_s: float = -math.inf
    keep_from_s: float = -math.inf
    retries: dict[int, Retry] = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)

    def see(self, power: Power, now_s: float) -> None:
        if power is not self.power:
            self.power, self.since_s = power, now_s
        self.is_heard |= power not in (Power.SILENT, Power.GONE)

    def hurry(self, now_s: float) -> None:
        """What was refused is tried at once: it matters more than before."""
        self.retries = {number: Retry(now_s, 0) for number in self.retries}

    def may_try(self, number: int, now_s: float) -> bool:
        retry = self.retries.get(number)
        return retry is None or now_s >= retry.due_s


class OutageDesk:
    """The desk of the engine, and the outlets of a supply."""

    def __init__(self, desk: Desk) -> None:
        self.state, self.live, self.values = desk.state, desk.live, desk.values
        self.clock, self.alarms = desk.clock, desk.alarms
        self.settings: OutageSettings = desk.settings.outage

    # -- rows ---------------------------------------------------------------------------

    def record(self, ups: str) -> OutageRecord | None:
        return self.state.outages.get(ups)

    def update(self, ups: str, **changes: Any) -> OutageRecord:
        row = self.state.outages[ups] = replace(self.state.outages[ups], **changes)
        return row

    def taken(self, ups: str) -> list[int]:
        """In the order in which they went."""
        mine = [(row.wall_s, n) for n, row in self.state.taken.items() if row.ups == ups]
        return [number for _, number in sorted(mine, key=lambda each: each[0])]

    def hand_over(self, number: int, ups: str) -> None:
        """The outlet returns with what feeds it now."""
        self.state.taken[number] = replace(self.state.taken[number], ups=ups)

    def elapsed_s(self, record: OutageRecord) -> float:
        """How long the outage lasts; over a restart of the board by the wall clock."""
        if record.since_mono_s is not None:
            return self.clock.monotonic_s() - record.since_mono_s
        return max(0.0, self.clock.wall_s() - record.since_wall_s)

    # -- outlets ------------------------------------------------------------------------

    def outlets(self, supply: Supply) -> list[int]:
        """Those of it that are switched, the least important first."""
        found = [
            number
            for number, settings in self.live.outlets.items()
            if settings.relay is not None and settings.inlet in supply.inlets
        ]
        return sorted(found, key=lambda number: (-self.priority(number), number))

    def priority(self, number: int) -> int:
        return self.live.outlets[number].priority

    def wants_on(self, number: int) -> bool:
        """Will it be on once all orders are done? Of a board that is away, was it to be."""
        live = self.state.outlets[number]
        is_away = live.machine.step is Step.UNKNOWN and live.machine.contact is None
        return live.target_on if is_away else live.machine.ends_on

    def may_go(self, number: int) -> bool:
        """Is it on, or about to be, and not locked?"""
        live = self.state.outlets[number]
        if live.lock is not Lock.UNLOCKED:
            return False
        return self.wants_on(number) or live.machine.contact is True

    def is_put_off(self, number: int) -> bool:
        """Does it go off by itself, after a delay?"""
        machine = self.state.outlets[number].machine
        return machine.step is Step.OFF_DELAY and machine.deadline_s is not None

    def is_at_rest(self, number: int) -> bool:
        """Is its relay where it is to stay, or nobody knows where?"""
        live = self.state.outlets.get(number)
        return live is None or live.machine.step in _AT_REST

    def hold(self, number: int) -> Hold | None:
        """What the engine keeps the outlet off by."""
        live = self.state.outlets.get(number)
        return own_hold(live) if live is not None else None

    # -- words --------------------------------------------------------------------------

    def actor(self, ups: str, because: str, state: OutageState) -> Actor:
        return Actor(_FACES[state], ups, "", because)

    def ends(self) -> str:
        """What ends the hold of an outlet that is to return."""
        back = self.settings.back
        charge = f" and the charge is {back.charge_pct:g} %" if back.charge_pct else ""
        return f"returns once mains is there for {spoken_s(back.after_s)}{charge}"

    # -- refusals -----------------------------------------------------------------------

    def refused(self, watch: Watch, number: int, what: str, error: str, longest_s: float) -> None:
        """Try again later, and later each time; an alarm says so."""
        before = watch.retries.get(number)
        refusals = before.refusals if before is not None else 0
        pause_s = min(longest_s, RETRY_S * 2 ** min(refusals, _DOUBLINGS))
        watch.retries[number] = Retry(self.clock.monotonic_s() + pause_s, refusals + 1)
        target = Target(TargetKind.OUTLET, number)
        self.alarms.set(ALARM, str(target), Severity.WARNING, f"{what}: {error}", target)

    def settled(self, watch: Watch, number: int) -> None:
        if watch.retries.pop(number, None) is not None:
            self.alarms.clear(ALARM, f"outlet {number}")

    def keeping(self, ups: str, commands: tuple[Command, ...], state: OutageState) -> Wish:
        about = About(ups, Kind.KEEPING)
        return Wish(commands, self.actor(ups, "what is kept off", state), about)


def own_hold(live: OutletLive) -> Hold | None:
    return next((hold for hold in live.holds if hold.source == SOURCE), None)


def phase_of(record: OutageRecord) -> OutageState:
    return OutageState(record.phase)


def is_acting(watch: Watch, record: OutageRecord) -> bool:
    """Is it known that mains is away? After a start of the board a UPS has to be heard first: mains
    may have been there long before the server that tells of it is up.
    """
    is_same_boot = record.since_mono_s is not None
    is_lost = watch.power is Power.SILENT and (watch.is_heard or is_same_boot)
    return watch.power is Power.BATTERY or is_lost
