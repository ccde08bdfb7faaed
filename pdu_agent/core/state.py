# SPDX-License-Identifier: Apache-2.0
"""Everything the core may change, cheap to copy so that a batch can be tried on a draft."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

from pdu_agent.core.demand import DemandWindow
from pdu_agent.core.ledger import Ledger
from pdu_agent.core.outlet import OutletMachine, Timing, advance
from pdu_agent.core.sensors import SensorLive
from pdu_agent.core.settings import OutletSettings
from pdu_agent.core.steps import Step
from pdu_agent.model.commands import Action, Actor, Lock, Target
from pdu_agent.model.record import (
    CounterMark,
    GroupRecord,
    MeterRecord,
    OutletRecord,
    Override,
    Record,
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
}


def reason_of(actor: Actor) -> ChangeReason:
    """What a change by this actor is put down to."""
    return _REASON_OF_FACE.get(actor.face, ChangeReason.OTHER)


@dataclass(frozen=True, slots=True)
class OutletLive:
    """One outlet's changing part. changed_s is uptime, 0 when not since the agent started.
    is_ordered: as model.snapshot.Outlet has it. contact_s: since when the contact is what it is
    (monotonic). proof: of its relay's last movement since the agent started. together: the
    group that it is rebooted with, if it is.
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

    def draft(self) -> CoreState:
        return CoreState(
            dict(self.outlets),
            dict(self.ledgers),
            dict(self.overrides),
            dict(self.groups),
            dict(self.sensors),
            dict(self.alarms),
            self.config_lock,
            self.last_event,
        )

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
        actor=(actor.face, actor.who, actor.address) if actor else None,
        changed_wall_s=live.changed_wall_s,
        is_ordered=live.is_ordered,
        then=live.machine.then.value if live.machine.then is not None else None,
        together=live.together,
    )


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
        ),
        target_on=record.target_on,
        lock=Lock(record.lock),
        switch_count=record.switch_count,
        reason=ChangeReason(record.reason),
        actor=Actor(*record.actor) if record.actor else None,
        changed_wall_s=record.changed_wall_s,
        is_ordered=record.is_ordered,
        together=record.together,
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
