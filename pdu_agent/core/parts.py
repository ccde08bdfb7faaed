# SPDX-License-Identifier: Apache-2.0
"""What the core is made of, and how its parts know each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count

from pdu_agent.core.audit import AuditTrail
from pdu_agent.core.birth import Birth, initial_state
from pdu_agent.core.control import Control
from pdu_agent.core.engine import Desk
from pdu_agent.core.event_log import EventLog
from pdu_agent.core.keeper import RecordKeeper
from pdu_agent.core.live_settings import LiveSettings, Sections
from pdu_agent.core.metered.lines import LineSums
from pdu_agent.core.metered.points import Points
from pdu_agent.core.metered.tariffs import TariffPlan
from pdu_agent.core.metered.values import Values
from pdu_agent.core.outlets.banks import Banks
from pdu_agent.core.outlets.relay_care import RelayCare
from pdu_agent.core.outlets.switch_proofs import SwitchProofs
from pdu_agent.core.settings import CoreSettings
from pdu_agent.core.state import CoreState
from pdu_agent.core.switching.waiting import RatingWait
from pdu_agent.core.watching.alarms import AlarmBook
from pdu_agent.core.watching.backwards import Backwards
from pdu_agent.core.watching.balance import Balance
from pdu_agent.core.watching.board import BoardWatch
from pdu_agent.core.watching.fans import Fans
from pdu_agent.core.watching.proof import Proof
from pdu_agent.core.watching.thresholds import Thresholds
from pdu_agent.core.watching.upses import UpsWatch
from pdu_agent.model.clock import Clock
from pdu_agent.model.events import Event
from pdu_agent.model.readings import Effect


@dataclass(frozen=True, slots=True)
class Parts:
    """All of them work on one `state`; each is the only one that changes its share of it."""

    clock: Clock
    sections: Sections
    state: CoreState
    live: LiveSettings
    log: EventLog
    publish: Callable[[Event], None]
    """Adds an event to the log, and tells everybody who listens."""
    alarms: AlarmBook
    audit: AuditTrail
    keeper: RecordKeeper
    values: Values
    tariffs: TariffPlan
    thresholds: Thresholds
    balance: Balance
    proofs: SwitchProofs
    backwards: Backwards
    points: Points
    banks: Banks
    care: RelayCare
    ratings: RatingWait
    fans: Fans
    upses: UpsWatch
    board: BoardWatch
    control: Control

    def watch_sums(self) -> None:
        """Thresholds of the unit and of groups see what their outlets have come to."""
        for target in self.thresholds.watched_sums():
            self.thresholds.on_source(target, self.values.sum_of(target))


def assembled(
    settings: CoreSettings,
    clock: Clock,
    perform: Callable[[Effect], None],
    tell: Callable[[Event], None],
    birth: Birth,
    order_lead_s: float,
) -> Parts:
    """Everything of a unit that is born so; see Core for the arguments. tell: whoever listens; the
    first events are of the birth itself, of what was out of order when the agent stopped.
    """
    sections = Sections(settings)
    state = initial_state(birth, settings, sections, clock.wall_s())
    live = LiveSettings(sections, state.overrides, state.groups)
    log = EventLog(state, birth.events, perform)

    def publish(event: Event) -> None:
        log.add(event)
        tell(event)

    alarms = AlarmBook(state, clock, publish)
    audit = AuditTrail(clock, perform, alarms)
    record = replace(birth.record, boot_id=birth.boot_id)
    keeper = RecordKeeper(state, record, clock, perform, alarms)
    values = Values(state, sections)
    tariffs = TariffPlan(settings.tariffs, settings.device.default_tariff, settings.time_zone)
    thresholds = Thresholds(live, clock, alarms)
    balance = Balance(state, live, alarms)
    proofs = SwitchProofs(state, live, clock, audit.proved)
    backwards = Backwards(state, settings, alarms)
    looks = (balance.look, Proof(state, live, alarms, settings).look, proofs.look, backwards.look)
    lines = LineSums(state, settings)
    stale_after_s = settings.stale_after_s
    remember, next_hook, recorded_s = keeper.save_quietly, count(1).__next__, birth.record.wall_s
    desk = Desk(
        settings,
        state,
        live,
        values,
        clock,
        alarms,
        publish,
        perform,
        remember,
        next_hook,
        recorded_s,
    )
    return Parts(
        clock=clock,
        sections=sections,
        state=state,
        live=live,
        log=log,
        publish=publish,
        alarms=alarms,
        audit=audit,
        keeper=keeper,
        values=values,
        tariffs=tariffs,
        thresholds=thresholds,
        balance=balance,
        proofs=proofs,
        backwards=backwards,
        points=Points(
            state, live, stale_after_s, lines, tariffs, looks, thresholds, clock, alarms, publish
        ),
        banks=Banks(state, live, clock, alarms, perform, publish, order_lead_s, proofs),
        care=RelayCare(state, live, clock, alarms),
        ratings=RatingWait(state, live, clock, alarms),
        fans=Fans(settings.fans, state, clock, alarms, perform),
        upses=UpsWatch(clock, alarms, publish),
        board=BoardWatch(alarms),
        control=Control(desk),
    )
