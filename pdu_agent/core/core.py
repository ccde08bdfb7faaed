# SPDX-License-Identifier: Apache-2.0
"""The core: every fact comes in here, every decision leaves as an Effect.

Loop thread only. Constructed with `perform`, which carries effects out, and a Clock; driven
by the runtime, which delivers readings and results and calls `tick` at `next_deadline_s`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pdu_agent.core.alarms import AlarmBook
from pdu_agent.core.arbiter import Batch, Circumstances
from pdu_agent.core.banks import Banks
from pdu_agent.core.keeper import RecordKeeper
from pdu_agent.core.ledger import Ledger
from pdu_agent.core.live_settings import LiveSettings
from pdu_agent.core.publish import shown_device, shown_inlet, shown_outlet
from pdu_agent.core.settings import CoreSettings
from pdu_agent.core.state import CoreState, initial_ledger, live_outlet
from pdu_agent.model.clock import Clock
from pdu_agent.model.commands import (
    Actor,
    Command,
    Target,
    TargetKind,
    Ticket,
)
from pdu_agent.model.errors import StoreError, Unavailable
from pdu_agent.model.events import (
    AgentStarted,
    CommandAccepted,
    Event,
    EventBus,
    ReadingLost,
    ReadingRestored,
)
from pdu_agent.model.readings import BankLost, BankState, Effect, Reading, RelayResult
from pdu_agent.model.record import Record
from pdu_agent.model.snapshot import Health, Severity, Snapshot

SNAPSHOT_AGE_S = 0.2
"""A snapshot with a countdown or an uptime in it is renewed when it is older than this."""


@dataclass(frozen=True, slots=True)
class Birth:
    """What the core is told about this start.

    record: as loaded, with boots already counted. continuous: the runtime tier was found,
    so nothing was lost since the last save. boot_id: names this boot of the board; stored
    deadlines are only good within one.
    """

    record: Record
    continuous: bool
    boot_id: str
    software_version: str
    warnings: tuple[str, ...] = ()


class Core:
    """Implements `Controller`; see there for `check` and `submit_all`."""

    def __init__(
        self,
        settings: CoreSettings,
        clock: Clock,
        perform: Callable[[Effect], None],
        birth: Birth,
    ) -> None:
        self.events = EventBus()
        self.health = Health(engine_boots=birth.record.boots)
        self._settings = settings
        self._clock = clock
        self._software_version = birth.software_version
        self._start_s = clock.monotonic_s()
        self._alarms = AlarmBook(clock, self._publish_event)
        self._state = self._initial_state(birth)
        self._live = LiveSettings(settings, self._state.overrides)
        self._banks = Banks(
            self._state, self._live, clock, self._alarms, perform, self._publish_event
        )
        record = replace(birth.record, boot_id=birth.boot_id)
        self._keeper = RecordKeeper(self._state, record, clock, perform, self._alarms)
        self._config_changed_s = 0.0
        self._sample_wall_s: float | None = None
        self._last_reading_s: float | None = None
        self._ticket = 0
        self._seq = 0
        self._snapshot: Snapshot | None = None
        for number, warning in enumerate(birth.warnings, start=1):
            self._alarms.set("store", f"damaged record {number}", Severity.WARNING, warning)

    def _initial_state(self, birth: Birth) -> CoreState:
        record, state = birth.record, CoreState(overrides=dict(birth.record.overrides))
        lost_s = 0.0 if birth.continuous else 0.01
        for outlet in self._settings.outlets:
            live = live_outlet(outlet, record.outlets.get(outlet.number))
            if record.boot_id != birth.boot_id:
                live = replace(live, machine=replace(live.machine, deadline_s=None))
            state.outlets[outlet.number] = replace(live, discontinuity_s=lost_s)
        wall_s = self._clock.wall_s()
        points = [Target(TargetKind.INLET, inlet.number) for inlet in self._settings.inlets]
        points += [Target(TargetKind.OUTLET, outlet.number) for outlet in self._settings.outlets]
        for target in points:
            if str(target) in self._settings.stale_after_s:
                recorded = record.meters.get(str(target))
                state.ledgers[target] = initial_ledger(recorded, wall_s, lost_s)
        return state

    # -- what faces use -------------------------------------------------------------

    @property
    def snapshot(self) -> Snapshot:
        now_s = self._clock.monotonic_s()
        if self._snapshot is None or now_s - self._snapshot.t_mono_s > SNAPSHOT_AGE_S:
            self._snapshot = self._build_snapshot(now_s)
        return self._snapshot

    def uptime_s(self) -> float:
        return self._clock.monotonic_s() - self._start_s

    def check(self, commands: Sequence[Command], actor: Actor) -> None:
        self._judge(commands, actor)

    def submit_all(self, commands: Sequence[Command], actor: Actor) -> Ticket:
        now_s = self._clock.monotonic_s()
        before = self._state.draft()
        after = self._judge(commands, actor)
        changed = after != before
        if changed:
            self._adopt(after)
            try:
                self._keeper.save(flush=True)
            except StoreError as exc:
                self._adopt(before)
                raise Unavailable(f"the command could not be recorded: {exc}") from exc
            if after.overrides != before.overrides:
                self._config_changed_s = self.uptime_s()
        self._ticket += 1
        self._publish_event(CommandAccepted(self._clock.wall_s(), tuple(commands), actor))
        self._banks.announce(before.outlets)
        self._banks.move_relays(now_s)
        return Ticket(self._ticket, now_s, changed)

    # -- what the runtime delivers --------------------------------------------------

    def on_bank(self, found: BankState) -> None:
        """A relay board was met: at start, after a loss, or with another pattern than known."""
        self._banks.on_state(found)
        self._after_change()

    def on_bank_lost(self, lost: BankLost) -> None:
        self._banks.on_lost(lost)
        self.health = replace(self.health, hardware_errors=self.health.hardware_errors + 1)
        self._after_change()

    def on_relay_result(self, result: RelayResult) -> None:
        self._banks.on_result(result)
        self._after_change()

    def on_reading(self, reading: Reading) -> None:
        """Add one window of one source; points that are not configured are ignored."""
        wall_s = self._clock.wall_s()
        for measurement in reading.measurements:
            ledger = self._state.ledgers.get(measurement.target)
            if ledger is None:
                continue
            if ledger.stale:
                self._publish_event(ReadingRestored(wall_s, measurement.target))
            self._state.ledgers[measurement.target] = ledger.add(
                measurement, reading.t_mono_s, wall_s
            )
        self._sample_wall_s = wall_s
        self._last_reading_s = reading.t_mono_s
        if reading.lost_samples:
            self.health = replace(
                self.health, lost_samples=self.health.lost_samples + reading.lost_samples
            )
        self._snapshot = None

    def on_source_trouble(self, source: str, trouble: str | None) -> None:
        """A meter or converter failed (text) or came back (None)."""
        if trouble is None:
            self._alarms.clear("meter", source)
        else:
            self.health = replace(self.health, hardware_errors=self.health.hardware_errors + 1)
            self._alarms.set("meter", source, Severity.CRITICAL, trouble)
        self._snapshot = None

    def on_flush_result(self, trouble: str | None) -> None:
        """The card write ended: None when it is safe, else why not. Failure refuses SETs."""
        self._keeper.note("card", trouble)
        self._snapshot = None

    def on_loop_lag(self, lag_s: float) -> None:
        self.health = replace(self.health, loop_lag_s=lag_s)

    def announce_start(self) -> None:
        """Once all boards were met: tell everybody that the agent is up."""
        self._publish_event(
            AgentStarted(self._clock.wall_s(), self.health.engine_boots, self._banks.met_cold)
        )

    # -- time -----------------------------------------------------------------------

    def tick(self) -> None:
        """Do what is due: timers, relay slots, staleness, saving."""
        now_s = self._clock.monotonic_s()
        fired = self._banks.fire_timers(now_s)
        self._banks.move_relays(now_s)
        if fired or now_s >= self._keeper.next_due_s:
            self._mark_stale(now_s)
            self._keeper.save_periodically()
            self._snapshot = None

    def next_deadline_s(self) -> float:
        """When `tick` is due next (monotonic)."""
        return min(self._keeper.next_due_s, self._banks.next_due_s())

    def has_unfinished(self) -> bool:
        """Is a relay movement accepted that no timer holds back?"""
        return self._banks.has_unfinished()

    @property
    def met_cold(self) -> tuple[str, ...]:
        """Boards that had lost their power; their outlets follow their policy one by one."""
        return self._banks.met_cold

    def final_record(self) -> Record:
        """The record to write when the agent stops."""
        return self._keeper.current_record()

    # -- inside ---------------------------------------------------------------------

    def _judge(self, commands: Sequence[Command], actor: Actor) -> CoreState:
        if self._keeper.trouble:
            raise Unavailable(
                f"commands are refused until the state can be stored: {self._keeper.trouble}"
            )
        around = Circumstances(
            self._clock.monotonic_s(), self._clock.wall_s(), self._banks.trouble()
        )
        return Batch(self._settings, self._state, actor, around).judge(commands)

    def _adopt(self, state: CoreState) -> None:
        self._state.adopt(state)
        self._live.renew(state.overrides)
        self._snapshot = None

    def _after_change(self) -> None:
        self._banks.move_relays(self._clock.monotonic_s())
        self._keeper.save_quietly()
        self._snapshot = None

    def _mark_stale(self, now_s: float) -> None:
        for target, ledger in list(self._state.ledgers.items()):
            limit_s = self._settings.stale_after_s[str(target)]
            if not ledger.stale and ledger.is_overdue(now_s, self._start_s, limit_s):
                self._state.ledgers[target] = ledger.gone_stale()
                self._publish_event(ReadingLost(self._clock.wall_s(), target))
                self._snapshot = None

    def _publish_event(self, event: Event) -> None:
        self._snapshot = None
        self.events.publish(event)

    def _build_snapshot(self, now_s: float) -> Snapshot:
        self._seq += 1
        state, age_s = self._state, None
        if self._last_reading_s is not None:
            age_s = now_s - self._last_reading_s
        return Snapshot(
            seq=self._seq,
            t_mono_s=now_s,
            t_wall_s=self._clock.wall_s(),
            uptime_s=now_s - self._start_s,
            device=shown_device(self._live.device, self._software_version),
            outlets=tuple(
                shown_outlet(
                    self._live.outlets[number],
                    live,
                    self._shown_ledger(Target(TargetKind.OUTLET, number)),
                    now_s,
                    self._banks.due_s(number),
                )
                for number, live in state.outlets.items()
            ),
            inlets=tuple(
                shown_inlet(inlet, ledger)
                for inlet in self._live.inlets
                if (ledger := self._shown_ledger(Target(TargetKind.INLET, inlet.number)))
            ),
            sensors=(),
            alarms=self._alarms.active(),
            health=replace(self.health, reading_age_s=age_s, store_ok=not self._keeper.trouble),
            sample_wall_s=self._sample_wall_s,
            config_changed_s=self._config_changed_s,
            topology=0,
        )

    def _shown_ledger(self, target: Target) -> Ledger | None:
        """The newest reading with the counters as saved, see RecordKeeper."""
        ledger = self._state.ledgers.get(target)
        if ledger is None:
            return None
        return replace(ledger, record=self._keeper.meters.get(str(target), ledger.record))
