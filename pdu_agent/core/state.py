# SPDX-License-Identifier: Apache-2.0
"""Everything the core may change, cheap to copy so that a batch can be tried on a draft."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

from pdu_agent.core.metered.demand import DemandWindow
from pdu_agent.core.metered.ledger import Ledger
from pdu_agent.core.metered.sensors import SensorLive
from pdu_agent.core.outlets.outlet import OutletMachine, Timing, advance
from pdu_agent.core.outlets.steps import Step
from pdu_agent.core.settings import OutletSettings
from pdu_agent.model.commands import Action, Actor, Hold, Lock, Rank, Target
from pdu_agent.model.record import (
    CapRecord,
    CountdownRecord,
    CounterMark,
    GroupRecord,
    HoldRow,
    MeterRecord,
    OutageRecord,
    OutletRecord,
    Override,
    PlanRecord,
    Record,
    RuleRecord,
    StopRecord,
    TakenRecord,
    TripRecord,
    WearRecord,
)
from pdu_agent.model.snapshot import Alarm, ChangeReason
from pdu_agent.model.switch_proof import SwitchProof

_REASON_OF_FACE = {
    "snmp": ChangeReason.SNMP,
    "http": ChangeReason.WEB,
    "cli": ChangeReason.LOCAL,
    "button": ChangeReason.LOCAL,
    "nut": ChangeReason.NUT,
    "schedule": ChangeReason.SCHEDULE,
    "power up": ChangeReason.POWER_UP,
    "rule": ChangeReason.RULE,
    "on battery": ChangeReason.OUTAGE,
    "low battery": ChangeReason.OUTAGE,
    "mains back": ChangeReason.OUTAGE,
}
_REASON_OF_SAFETY = {"trip": ChangeReason.OVERCURRENT, "cap": ChangeReason.LOAD_SHEDDING}


def reason_of(actor: Actor) -> ChangeReason:
    """What a change by this actor is put down to; of safety the first word of `who` tells it."""
    if actor.is_safety:
        return _REASON_OF_SAFETY.get(actor.who.partition(" ")[0], ChangeReason.OTHER)
    return _REASON_OF_FACE.get(actor.face, ChangeReason.OTHER)


@dataclass(frozen=True, slots=True)
class OutletLive:
    """One outlet's changing part. changed_s is uptime, 0 when not since the agent started.
    is_ordered: as model.snapshot.Outlet has it. contact_s: since when the contact is what it is
    (monotonic). proof: of its relay's last movement since the agent started. together: the
    group that it is rebooted with, if it is. holds: by their sources, see model.actor.Hold.
    orders: how many have changed what it does since the agent started. What a relay or its board
    does is none, though it may change the outlet under the name of whoever ordered last.
    """

    machine: OutletMachine
    target_on: bool
    lock: Lock = Lock.UNLOCKED
    switch_count: int = 0
    reason: ChangeReason = ChangeReason.UNKNOWN
    actor: Actor | None = None
    changed_s: float = 0.0
    changed_wall_s: float | None = None
    discontinuity_s: float = 0.0
    is_ordered: bool = False
    contact_s: float = 0.0
    proof: SwitchProof | None = None
    together: tuple[int, ...] = ()
    holds: tuple[Hold, ...] = ()
    orders: int = 0

    def commanded(self, action: Action, actor: Actor, now_s: float, timing: Timing) -> OutletLive:
        """The outlet after an accepted command; but for the mark that there was one it is
        unchanged when there is nothing to do.
        """
        machine = advance(self.machine, action, now_s, timing)
        is_ordered = self.is_ordered or action is not Action.CANCEL
        if machine == self.machine:
            return self if is_ordered is self.is_ordered else replace(self, is_ordered=True)
        return replace(
            self,
            machine=machine,
            target_on=machine.ends_on,
            reason=reason_of(actor),
            actor=actor,
            is_ordered=is_ordered,
            orders=self.orders + 1,
        )


@dataclass(slots=True)
class CoreState:
    """Mutable maps of immutable entries; `draft` copies the maps only.

    groups: those made at run time. alarms: by kind and subject. last_event: number of the
    newest entry of the event log.
    """

    outlets: dict[int, OutletLive] = field(default_factory=dict)
    ledgers: dict[Target, Ledger] = field(default_factory=dict)
    overrides: dict[str, Override] = field(default_factory=dict)
    groups: dict[int, GroupRecord] = field(default_factory=dict)
    sensors: dict[int, SensorLive] = field(default_factory=dict)
    alarms: dict[tuple[str, str], Alarm] = field(default_factory=dict)
    config_lock: int = 0
    last_event: int = 0
    plans: dict[str, PlanRecord] = field(default_factory=dict)
    rules: dict[str, RuleRecord] = field(default_factory=dict)
    caps: dict[int, CapRecord] = field(default_factory=dict)
    countdowns: dict[int, CountdownRecord] = field(default_factory=dict)
    trips: dict[int, TripRecord] = field(default_factory=dict)
    stops: dict[int, StopRecord] = field(default_factory=dict)
    wear: dict[int, WearRecord] = field(default_factory=dict)
    outages: dict[str, OutageRecord] = field(default_factory=dict)
    taken: dict[int, TakenRecord] = field(default_factory=dict)

    def draft(self) -> CoreState:
        draft = CoreState()
        for each in fields(CoreState):
            value = getattr(self, each.name)
            setattr(draft, each.name, dict(value) if isinstance(value, dict) else value)
        return draft

    def tells_news(self, before: CoreState) -> bool:
        """Is there a difference besides the marks that an order was given?"""
        return replace(self, outlets=_unmarked(self)) != replace(before, outlets=_unmarked(before))

    def adopt(self, other: CoreState) -> None:
        """Take the other's content; whoever holds this object sees it."""
        for each in fields(CoreState):
            setattr(self, each.name, getattr(other, each.name))

    def to_record(self, base: Record, wall_s: float) -> Record:
        """The durable form; `base` gives identity, boots and the sequence to continue."""
        return replace(
            base,
            seq=base.seq + 1,
            wall_s=wall_s,
            outlets={number: _outlet_record(live) for number, live in self.outlets.items()},
            # Points that the configuration no longer names keep their totals.
            meters={**base.meters, **{str(t): ledger.record for t, ledger in self.ledgers.items()}},
            overrides=dict(self.overrides),
            groups=dict(self.groups),
            sensors={**base.sensors, **{n: live.record for n, live in self.sensors.items()}},
            last_event=self.last_event,
            # Only of present points: what fed another one meanwhile must not be counted again.
            marks={
                str(target): ledger.mark
                for target, ledger in self.ledgers.items()
                if ledger.mark is not None
            },
            plans=dict(self.plans),
            rules=dict(self.rules),
            caps=dict(self.caps),
            countdowns=dict(self.countdowns),
            trips=dict(self.trips),
            stops=dict(self.stops),
            wear=dict(self.wear),
            outages=dict(self.outages),
            taken=dict(self.taken),
        )


def _outlet_record(live: OutletLive) -> OutletRecord:
    actor = live.actor
    return OutletRecord(
        state=live.machine.step.value,
        target_on=live.target_on,
        deadline_s=live.machine.deadline_s,
        lock=live.lock.value,
        switch_count=live.switch_count,
        reason=live.reason.value,
        actor=plain_actor(actor) if actor else None,
        changed_wall_s=live.changed_wall_s,
        is_ordered=live.is_ordered,
        then=live.machine.then.value if live.machine.then is not None else None,
        together=live.together,
        is_pulse=live.machine.is_pulse,
        holds=tuple(map(plain_hold, live.holds)),
    )


def plain_hold(hold: Hold) -> HoldRow:
    """As the record keeps it."""
    return HoldRow(
        hold.source,
        int(hold.rank),
        hold.wants_on,
        hold.text,
        hold.since_wall_s,
        hold.ends,
        hold.until_wall_s,
    )


def plain_actor(actor: Actor) -> tuple[str, ...]:
    """As the record keeps it; Actor(*row) takes it back. Without a reason it has three words, as
    versions that know of no reasons expect.
    """
    words = (actor.face, actor.who, actor.address)
    return (*words, actor.because) if actor.because else words


def _unmarked(state: CoreState) -> dict[int, OutletLive]:
    return {number: replace(live, is_ordered=False) for number, live in state.outlets.items()}


def live_outlet(settings: OutletSettings, record: OutletRecord | None) -> OutletLive:
    """An outlet as the record left it; its contact is unknown until its board answers.

    Without a record (first start ever) the wish is on, so that a PDU put in front of
    running machines never begins by taking them down.
    """
    if settings.relay is None:
        return OutletLive(OutletMachine(Step.ON, True), target_on=True)
    if record is None:
        return OutletLive(OutletMachine(Step.UNKNOWN, None), target_on=True)
    return OutletLive(
        machine=OutletMachine(
            Step(record.state),
            None,
            record.deadline_s,
            then=Action(record.then) if record.then is not None else None,
            is_pulse=record.is_pulse,
        ),
        target_on=record.target_on,
        lock=Lock(record.lock),
        switch_count=record.switch_count,
        reason=ChangeReason(record.reason),
        actor=Actor(*record.actor) if record.actor else None,
        changed_wall_s=record.changed_wall_s,
        is_ordered=record.is_ordered,
        together=record.together,
        holds=tuple(
            Hold(
                row.source,
                Rank(row.rank),
                row.wants_on,
                row.text,
                row.since_wall_s,
                row.ends,
                row.until_wall_s,
            )
            for row in record.holds
        ),
    )


def initial_ledger(
    record: MeterRecord | None,
    wall_s: float,
    discontinuity_s: float,
    window: DemandWindow | None = None,
    mark: CounterMark | None = None,
) -> Ledger:
    """A point's ledger as recorded; a new point starts its user meter and peaks now."""
    new = MeterRecord(
        user_since_wall_s=wall_s,
        peak_power_since_wall_s=wall_s,
        peak_current_since_wall_s=wall_s,
    )
    return Ledger(record or new, discontinuity_s=discontinuity_s, window=window, mark=mark)
