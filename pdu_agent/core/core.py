# SPDX-License-Identifier: Apache-2.0
"""The core: every fact comes in here, every decision leaves as an Effect.

Loop thread only. Constructed with `perform`, which carries effects out, and a Clock; driven
by the runtime, which delivers readings and results and calls `tick` at `next_deadline_s`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count

from pdu_agent.core.audit import AuditTrail
from pdu_agent.core.birth import Birth, initial_state
from pdu_agent.core.control import Control
from pdu_agent.core.engine import Desk
from pdu_agent.core.event_log import EventLog
from pdu_agent.core.keeper import RecordKeeper
from pdu_agent.core.live_settings import LiveSettings, Sections
from pdu_agent.core.metered.counting import counted
from pdu_agent.core.metered.lines import LineSums
from pdu_agent.core.metered.points import Points
from pdu_agent.core.metered.tariffs import TariffPlan
from pdu_agent.core.metered.values import Values
from pdu_agent.core.outlets.banks import Banks
from pdu_agent.core.outlets.relay_care import RelayCare
from pdu_agent.core.outlets.switch_proofs import SwitchProofs
from pdu_agent.core.publish import Publisher
from pdu_agent.core.settings import CoreSettings
from pdu_agent.core.state import CoreState
from pdu_agent.core.switching.arbiter import Batch
from pdu_agent.core.switching.groups import initial_groups
from pdu_agent.core.switching.switching import Circumstances
from pdu_agent.core.switching.waiting import RatingWait, about_to_close
from pdu_agent.core.watching.alarms import AlarmBook
from pdu_agent.core.watching.backwards import Backwards
from pdu_agent.core.watching.balance import Balance
from pdu_agent.core.watching.board import BoardWatch
from pdu_agent.core.watching.fans import Fans
from pdu_agent.core.watching.proof import Proof
from pdu_agent.core.watching.thresholds import Thresholds
from pdu_agent.core.watching.upses import UpsWatch
from pdu_agent.model.clock import Clock
from pdu_agent.model.commands import Action, Actor, Command, Rank, SwitchOutlet, Ticket
from pdu_agent.model.control import Upcoming
from pdu_agent.model.errors import CommandError, StoreError, Unavailable
from pdu_agent.model.events import (
    AgentStarted,
    CommandAccepted,
    CommandFailed,
    Event,
    EventBus,
    SettingsReloaded,
)
from pdu_agent.model.host import HostStatus
from pdu_agent.model.readings import (
    BankLost,
    BankState,
    Effect,
    FanReading,
    HookResult,
    HostSeen,
    InrushSeen,
    Reading,
    RelayResult,
    SensorReading,
)
from pdu_agent.model.record import Record
from pdu_agent.model.snapshot import Health, Severity, Snapshot
from pdu_agent.model.ups import Ups

SNAPSHOT_AGE_S = 0.2
"""A snapshot with a countdown or an uptime in it is renewed when it is older than this."""


class Core:
    """Implements `Controller`; see there for `check` and `submit_all`."""

    def __init__(
        self,
        settings: CoreSettings,
        clock: Clock,
        perform: Callable[[Effect], None],
        birth: Birth,
        order_lead_s: float = 0.0,
        reading_lag_s: float = 0.0,
    ) -> None:
        """order_lead_s: relays may be ordered so long before their time; see RelayScheduler.
        reading_lag_s: so long a snapshot may go without a reading that came; see on_reading.
        """
        self.events = EventBus()
        self.health = Health(engine_boots=birth.record.boots)
        self._clock = clock
        self._start_s = clock.monotonic_s()
        self._snapshot: Snapshot | None = None
        self._reading_lag_s = reading_lag_s
        self._behind_since_s = math.inf
        """Since when (monotonic) there is a reading that the snapshot does not show."""
        self._host: HostStatus | None = None
        self._sections = Sections(settings)
        state = self._state = initial_state(birth, settings, self._sections, clock.wall_s())
        live = self._live = LiveSettings(self._sections, state.overrides, state.groups)
        self._log = EventLog(state, birth.events, perform)
        publish = self._publish_event
        alarms = self._alarms = AlarmBook(state, clock, publish)
        self._audit = AuditTrail(clock, perform, alarms)
        self._thresholds = Thresholds(live, clock, alarms)
        plan = self._tariffs = TariffPlan(
            settings.tariffs, settings.device.default_tariff, settings.time_zone
        )
        balance = Balance(state, live, alarms)
        proofs = self._proofs = SwitchProofs(state, live, clock, self._audit.proved)
        backwards = self._backwards = Backwards(state, settings, alarms)
        self._points = Points(
            state,
            live,
            settings.stale_after_s,
            LineSums(state, settings),
            plan,
            (
                balance.look,
                Proof(state, live, alarms, settings).look,
                proofs.look,
                backwards.look,
            ),
            self._thresholds,
            clock,
            alarms,
            publish,
        )
        self._banks = Banks(state, live, clock, alarms, perform, publish, order_lead_s, proofs)
        self._care = RelayCare(state, live, clock, alarms)
        self._fans = Fans(settings.fans, state, clock, alarms, perform)
        self._upses = UpsWatch(clock, alarms, publish)
        self._board = BoardWatch(alarms)
        record = replace(birth.record, boot_id=birth.boot_id)
        self._keeper = RecordKeeper(state, record, clock, perform, alarms)
        values = Values(state, self._sections)
        self._control = Control(
            Desk(
                settings,
                state,
                live,
                values,
                clock,
                alarms,
                publish,
                perform,
                self._keeper.save_quietly,
                count(1).__next__,
                birth.record.wall_s,
            )
        )
        self._publisher = Publisher(
            state,
            self._sections,
            live,
            birth.software_version,
            self._banks,
            self._points,
            self._thresholds,
            balance,
            plan,
            self._fans,
            self._keeper,
            self._log,
            self._control,
            values,
        )
        self._values = values
        self._config_changed_s = 0.0
        self._topology = 0
        self._ticket = 0
        self._ratings = RatingWait(state, live, clock, alarms)
        self._is_judging = False
        self._warnings = birth.warnings

    # -- what faces use -------------------------------------------------------------

    @property
    def snapshot(self) -> Snapshot:
        now_s = self._clock.monotonic_s()
        if self._snapshot is None or self._is_old(self._snapshot, now_s):
            self._snapshot = self._made(now_s)
        return self._snapshot

    def renewed(self) -> Snapshot:
        if self._behind_since_s < math.inf:
            self._snapshot = None
        return self.snapshot

    def _made(self, now_s: float) -> Snapshot:
        self._behind_since_s = math.inf
        return self._publisher.snapshot(
            now_s,
            self._clock.wall_s(),
            self.uptime_s(),
            self.health,
            self._config_changed_s,
            self._topology,
            self._host,
        )

    def _is_old(self, snapshot: Snapshot, now_s: float) -> bool:
        behind_s = now_s - self._behind_since_s
        return now_s - snapshot.t_mono_s > SNAPSHOT_AGE_S or behind_s >= self._reading_lag_s

    def uptime_s(self) -> float:
        return self._clock.monotonic_s() - self._start_s

    def check(self, commands: Sequence[Command], actor: Actor) -> None:
        try:
            self._judge(commands, actor)
        except CommandError as exc:
            self._audit.refused(commands, actor, self._state, exc)
            raise

    def submit_all(self, commands: Sequence[Command], actor: Actor) -> Ticket:
        now_s = self._clock.monotonic_s()
        before = self._state.draft()
        try:
            batch = self._judge(commands, actor)
            after = batch.draft
            changed = self._accept(commands, actor, before, after)
        except CommandError as exc:
            self._audit.refused(commands, actor, before, exc)
            raise
        self._ticket += 1
        self._publish_event(CommandAccepted(self._clock.wall_s(), tuple(commands), actor))
        for outlet, why in batch.over_budget.items():
            self._publish_event(CommandFailed(self._clock.wall_s(), outlet, why))
        if (after.overrides, after.groups) != (before.overrides, before.groups):
            self._thresholds.renew(self._publisher.sources())
        self._points.after_reset(before.ledgers)
        self._watch_sums()
        self._banks.announce(before.outlets)
        self._move_relays()
        return Ticket(self._ticket, now_s, changed, batch.left)

    def note_refusal(self, asked: str, actor: Actor, error: str) -> None:
        self._audit.refused_by_face(asked, actor, error)

    def note_change(self, asked: str, actor: Actor) -> None:
        self._audit.done_by_face(asked, actor)

    def note_reload(self, actor: Actor, error: str = "") -> None:
        """For the audit log and whoever listens: the configuration was read, or could not be."""
        self._audit.reloaded(actor, error)
        self._publish_event(SettingsReloaded(self._clock.wall_s(), error))

    def renew(self, settings: CoreSettings, actor: Actor) -> None:
        """Go on with other settings of the same unit: same boards, meters, numbers and wiring.

        No relay moves and no register changes by it. A setting that was changed at run time
        stays so, unless the file says something else of it now.
        """
        state, sections, device = self._state, self._sections, settings.device
        sections.load(settings)
        state.overrides = sections.without_disorder(state.overrides)
        state.groups = initial_groups(state.groups, sections)
        self._live.renew(state.overrides, state.groups)
        self._tariffs.renew(settings.tariffs, device.default_tariff, settings.time_zone)
        self._backwards.renew(settings)
        self._fans.renew(settings.fans)
        self._control.renew(settings)
        self._thresholds.renew(self._publisher.sources())
        self._config_changed_s = self.uptime_s()
        self._topology += 1
        self.note_reload(actor)
        self._keeper.save_quietly(flush=True)

    def upcoming(self, count: int, outlet: int | None) -> Sequence[Upcoming]:
        """The next things that are planned, for this outlet or any; at most so many."""
        return self._control.upcoming(count, outlet)

    # -- what the runtime delivers --------------------------------------------------

    def on_bank(self, found: BankState) -> None:
        """A relay board was met: at start, after a loss, or with another pattern than known."""
        self._banks.on_state(found)
        self._after_change()

    def on_bank_lost(self, lost: BankLost) -> None:
        self._banks.on_lost(lost)
        self.health = counted(self.health, f"board {lost.bank}", errors=1)
        self._after_change()

    def on_relay_result(self, result: RelayResult) -> None:
        self._banks.on_result(result)
        if result.failed:
            self.health = counted(self.health, f"board {result.bank}", errors=1)
        self._after_change()

    def on_reading(self, reading: Reading) -> float:
        """Add one window of one source; points that are not configured are ignored. Where nothing
        but values has changed, snapshots may show it reading_lag_s later: with many converters
        there is always one that is new, and a snapshot for each would be made for nobody.

        Returns when (monotonic) that makes something due; infinity for never. Whoever waits for
        next_deadline_s need not ask for that anew: what was due before still is.
        """
        due_s = math.inf
        if reading.measurements:
            self._points.on_reading(reading)
            self._watch_sums()
            due_s = min(
                self._control.on_reading([each.target for each in reading.measurements]),
                self._thresholds.next_due_s(),
                self._alarms.next_due_s(),
            )
        self.health = counted(
            self.health,
            f"meter {reading.source}",
            rejected=reading.rejected,
            lost_samples=reading.lost_samples,
        )
        self._behind_since_s = min(self._behind_since_s, self._clock.monotonic_s())
        return due_s

    def on_sensor(self, reading: SensorReading) -> None:
        """Take one reading of a sensor; one that is not configured is ignored."""
        self._points.on_sensor(reading)
        self._fans.regulate()
        self.health = counted(self.health, f"sensor {reading.sensor}", rejected=reading.rejected)
        self._snapshot = None

    def on_fan(self, reading: FanReading) -> None:
        """Take one reading of a fan; one that is not configured is ignored."""
        self._fans.on_fan(reading)
        self._snapshot = None

    def on_inrush(self, seen: InrushSeen) -> None:
        """An outlet's inrush was measured; of one that is not configured it is ignored."""
        self._care.on_inrush(seen)
        self._snapshot = None

    def on_source_trouble(self, source: str, trouble: str | None) -> None:
        """A meter or converter failed (text) or came back (None)."""
        if trouble is None:
            self._alarms.clear("meter", f"meter {source}")
        else:
            self.health = counted(self.health, f"meter {source}", errors=1)
            self._alarms.set("meter", f"meter {source}", Severity.CRITICAL, trouble)
        self._snapshot = None

    def on_device_trouble(self, kind: str, name: str, trouble: str | None) -> None:
        """What nothing is measured or switched through is out of order (text), or back (None).

        kind: io, display or button.
        """
        if trouble is None:
            self._alarms.clear(kind, f"{kind} {name}")
        else:
            self.health = counted(self.health, f"{kind} {name}", errors=1)
            self._alarms.set(kind, f"{kind} {name}", Severity.WARNING, trouble)
        self._snapshot = None

    def on_flush_result(self, trouble: str | None) -> None:
        """The card write ended: None when it is safe, else why not. Failure refuses SETs."""
        self._keeper.note("card", trouble)
        self._snapshot = None

    def on_hook(self, result: HookResult) -> None:
        """A hook that was run has ended."""
        self._control.on_hook(result)
        self._snapshot = None

    def on_watched_host(self, seen: HostSeen) -> None:
        """A host that a rule watches was asked whether it is there."""
        self._control.on_host(seen)

    def on_upses(self, upses: tuple[Ups, ...]) -> None:
        """All that is known of the UPSes now."""
        self._values.upses = upses
        self._upses.take(upses)
        self._snapshot = None

    def on_host(self, status: HostStatus) -> None:
        """The board was looked at; faces see it from the next snapshot on."""
        self._host = status
        self._board.take(status)

    def on_loop_lag(self, lag_s: float) -> None:
        self.health = replace(self.health, loop_lag_s=lag_s)

    def announce_start(self) -> None:
        """Once all boards were met: tell everybody that the agent is up, and what it found."""
        self._publish_event(
            AgentStarted(self._clock.wall_s(), self.health.engine_boots, self._banks.met_cold)
        )
        for number, warning in enumerate(self._warnings, start=1):
            self._alarms.set("store", f"damaged record {number}", Severity.WARNING, warning)

    # -- time -----------------------------------------------------------------------

    def tick(self) -> None:
        """Do what is due: timers, relay slots, thresholds, staleness, saving."""
        now_s = self._clock.monotonic_s()
        fired = self._banks.fire_timers(now_s)
        self._points.mark_stale(now_s)  # before the thresholds: silence serves no delay
        self._watch_sums()
        self._thresholds.tick(now_s)
        self._fans.mark_stale(now_s)
        self._proofs.tick(now_s)
        self._fans.regulate()
        self._alarms.tick(now_s)
        self._care.look()
        self._care.tick(now_s)
        self._control.run(self.submit_all)
        self._move_relays()  # last: what does not fit any more stays as it is
        if fired or now_s >= self._keeper.next_due_s:
            self._keeper.save_periodically()
            self._audit.catch_up()
            self._log.hand_over()
            self._snapshot = None

    def next_deadline_s(self) -> float:
        """When `tick` is due next (monotonic)."""
        return min(self._keeper.next_due_s, self.next_change_s())

    def next_change_s(self) -> float:
        """When (monotonic) something is to be done besides saving; infinity for never."""
        return min(
            self._banks.next_due_s(),
            self._points.next_due_s(),
            self._thresholds.next_due_s(),
            self._alarms.next_due_s(),
            self._care.next_due_s(),
            self._control.next_due_s(),
            self._proofs.next_due_s(),
        )

    def has_unfinished(self) -> bool:
        """Is a relay movement accepted that no timer holds back?"""
        return self._banks.has_unfinished()

    @property
    def met_cold(self) -> tuple[str, ...]:
        """Boards that had lost their power; their outlets follow their policy one by one."""
        return self._banks.met_cold

    def final_record(self) -> Record:
        """The record to write when the agent stops; hands over what is left of the log."""
        self._log.hand_over()
        self._care.finish()
        return self._keeper.current_record()

    # -- inside ---------------------------------------------------------------------

    def _judge(self, commands: Sequence[Command], actor: Actor) -> Batch:
        if self._keeper.trouble and not _is_urgent(commands, actor):
            raise Unavailable(
                f"commands are refused until the state can be stored: {self._keeper.trouble}"
            )
        around = Circumstances(
            self._clock.monotonic_s(),
            self._clock.wall_s(),
            self._banks.trouble(),
            self._thresholds.passed,
        )
        batch = Batch(self._sections, self._state, actor, around)
        batch.add_judges(self._control.judges(batch.draft, actor, around))
        batch.judge(commands)
        return batch

    def _accept(
        self, commands: Sequence[Command], actor: Actor, before: CoreState, after: CoreState
    ) -> bool:
        """Make the draft the state, once it is recorded; whether that changes what anybody sees.

        Raises Unavailable, then all is as before. The audit comes first: a line too many is
        followed by the one that says refused, but no relay moves without a line. Only an off for
        safety does not wait for a store: what cannot be written makes an alarm, and is written
        once that is possible again.
        """
        changed = after != before
        tells_news = changed and after.tells_news(before)
        is_urgent, missing = _is_urgent(commands, actor), None
        try:
            self._audit.accepted(commands, actor, before, after, tells_news)
        except StoreError as exc:
            if not is_urgent:
                raise _not_recorded(exc) from exc
            missing = exc
        if changed:
            self._state.adopt(after)
            self._save(before, is_urgent)
        if missing is not None:  # only now: its alarm is part of the state
            self._audit.missing(missing)
        if changed:
            self._note_changes(before, after)
        return tells_news

    def _save(self, before: CoreState, is_urgent: bool) -> None:
        """Raises Unavailable, then all is as before; never where it is urgent."""
        if is_urgent:
            self._keeper.save_quietly(flush=True)
            return
        try:
            self._keeper.save(flush=True)
        except StoreError as exc:
            self._state.adopt(before)
            raise _not_recorded(exc) from exc

    def _note_changes(self, before: CoreState, after: CoreState) -> None:
        self._snapshot = None
        if (after.overrides, after.groups) != (before.overrides, before.groups):
            self._live.renew(after.overrides, after.groups)
            self._config_changed_s = self.uptime_s()
        if _members(after) != _members(before):
            self._topology += 1

    def _move_relays(self) -> None:
        """All that is about to close is judged before any of it does: a batch that holds something
        back moves nothing itself.
        """
        if self._is_judging:
            return
        queue = about_to_close(self._state, self._live)
        if queue:
            self._is_judging = True
            try:
                self._control.hold_back(queue, self.submit_all)
            finally:
                self._is_judging = False
        self._ratings.look()
        self._banks.move_relays(self._clock.monotonic_s())

    def _watch_sums(self) -> None:
        for target in self._thresholds.watched_sums():
            self._thresholds.on_source(target, self._values.sum_of(target))

    def _after_change(self) -> None:
        self._care.look()
        self._move_relays()
        self._keeper.save_quietly()
        self._snapshot = None

    def _publish_event(self, event: Event) -> None:
        self._snapshot = None
        self._log.add(event)
        self.events.publish(event)


def _is_urgent(commands: Sequence[Command], actor: Actor) -> bool:
    """Is it an off for safety, such as of a low battery? That something goes on never is."""
    switches = [command for command in commands if isinstance(command, SwitchOutlet)]
    return actor.rank is Rank.SAFETY and all(command.action is Action.OFF for command in switches)


def _not_recorded(error: StoreError) -> Unavailable:
    return Unavailable(f"the command could not be recorded: {error}")


def _members(state: CoreState) -> dict[int, tuple[int, ...]]:
    return {number: group.members for number, group in state.groups.items()}
