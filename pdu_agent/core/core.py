# SPDX-License-Identifier: Apache-2.0
"""The core: every fact comes in here, every decision leaves as an Effect.

Loop thread only. Constructed with `perform`, which carries effects out, and a Clock; driven
by the runtime, which delivers readings and results and calls `tick` at `next_deadline_s`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from pdu_agent.core.birth import Birth
from pdu_agent.core.current import CurrentSnapshot
from pdu_agent.core.orders import Orders
from pdu_agent.core.parts import assembled
from pdu_agent.core.publish import Publisher
from pdu_agent.core.settings import CoreSettings
from pdu_agent.core.switching.groups import initial_groups
from pdu_agent.model.clock import Clock
from pdu_agent.model.commands import Actor, Command, Ticket
from pdu_agent.model.control import Upcoming
from pdu_agent.model.events import AgentStarted, Event, EventBus, SettingsReloaded
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
        self._clock = clock
        self._warnings = birth.warnings
        self._shown = CurrentSnapshot(clock, birth.record.boots, reading_lag_s)
        self._parts = assembled(settings, clock, perform, self._tell, birth, order_lead_s)
        self._publisher = Publisher(self._parts, birth.software_version)
        self._orders = Orders(self._parts, self._publisher, self._shown)

    # -- what faces use -------------------------------------------------------------

    @property
    def snapshot(self) -> Snapshot:
        return self._shown.get(self._publisher)

    def renewed(self) -> Snapshot:
        return self._shown.renewed(self._publisher)

    @property
    def health(self) -> Health:
        """What was counted since the start, of this instant."""
        return self._shown.health

    def uptime_s(self) -> float:
        return self._shown.uptime_s()

    def check(self, commands: Sequence[Command], actor: Actor) -> None:
        self._orders.check(commands, actor)

    def submit_all(self, commands: Sequence[Command], actor: Actor) -> Ticket:
        return self._orders.submit(commands, actor)

    def note_refusal(self, asked: str, actor: Actor, error: str) -> None:
        self._parts.audit.refused_by_face(asked, actor, error)

    def note_change(self, asked: str, actor: Actor) -> None:
        self._parts.audit.done_by_face(asked, actor)

    def note_reload(self, actor: Actor, error: str = "") -> None:
        """For the audit log and whoever listens: the configuration was read, or could not be."""
        self._parts.audit.reloaded(actor, error)
        self._parts.publish(SettingsReloaded(self._clock.wall_s(), error))

    def renew(self, settings: CoreSettings, actor: Actor) -> None:
        """Go on with other settings of the same unit: same boards, meters, numbers and wiring.

        No relay moves and no register changes by it. A setting that was changed at run time
        stays so, unless the file says something else of it now.
        """
        parts, device = self._parts, settings.device
        state, sections = parts.state, parts.sections
        sections.load(settings)
        state.overrides = sections.without_disorder(state.overrides)
        state.groups = initial_groups(state.groups, sections)
        parts.live.renew(state.overrides, state.groups)
        parts.tariffs.renew(settings.tariffs, device.default_tariff, settings.time_zone)
        parts.backwards.renew(settings)
        parts.fans.renew(settings.fans)
        parts.control.renew(settings)
        parts.thresholds.renew(self._publisher.sources())
        self._shown.note_config()
        self._shown.topology += 1
        self.note_reload(actor)
        parts.keeper.save_quietly(flush=True)

    def upcoming(self, count: int, outlet: int | None) -> Sequence[Upcoming]:
        """The next things that are planned, for this outlet or any; at most so many."""
        return self._parts.control.upcoming(count, outlet)

    # -- what the runtime delivers --------------------------------------------------

    def on_bank(self, found: BankState) -> None:
        """A relay board was met: at start, after a loss, or with another pattern than known."""
        self._parts.banks.on_state(found)
        self._after_change()

    def on_bank_lost(self, lost: BankLost) -> None:
        self._parts.banks.on_lost(lost)
        self._shown.count(f"board {lost.bank}", errors=1)
        self._after_change()

    def on_relay_result(self, result: RelayResult) -> None:
        self._parts.banks.on_result(result)
        if result.failed:
            self._shown.count(f"board {result.bank}", errors=1)
        self._after_change()

    def on_reading(self, reading: Reading) -> float:
        """Add one window of one source; points that are not configured are ignored. Where nothing
        but values has changed, snapshots may show it reading_lag_s later: with many converters
        there is always one that is new, and a snapshot for each would be made for nobody.

        Returns when (monotonic) that makes something due; infinity for never. Whoever waits for
        next_deadline_s need not ask for that anew: what was due before still is.
        """
        parts, due_s = self._parts, math.inf
        if reading.measurements:
            parts.points.on_reading(reading)
            parts.watch_sums()
            due_s = min(
                parts.control.on_reading([each.target for each in reading.measurements]),
                parts.thresholds.next_due_s(),
                parts.alarms.next_due_s(),
            )
        self._shown.count(
            f"meter {reading.source}",
            rejected=reading.rejected,
            lost_samples=reading.lost_samples,
        )
        self._shown.add_reading()
        return due_s

    def on_sensor(self, reading: SensorReading) -> None:
        """Take one reading of a sensor; one that is not configured is ignored."""
        self._parts.points.on_sensor(reading)
        self._parts.fans.regulate()
        self._shown.count(f"sensor {reading.sensor}", rejected=reading.rejected)
        self._shown.outdate()

    def on_fan(self, reading: FanReading) -> None:
        """Take one reading of a fan; one that is not configured is ignored."""
        self._parts.fans.on_fan(reading)
        self._shown.outdate()

    def on_inrush(self, seen: InrushSeen) -> None:
        """An outlet's inrush was measured; of one that is not configured it is ignored."""
        self._parts.care.on_inrush(seen)
        self._shown.outdate()

    def on_source_trouble(self, source: str, trouble: str | None) -> None:
        """A meter or converter failed (text) or came back (None)."""
        if trouble is None:
            self._parts.alarms.clear("meter", f"meter {source}")
        else:
            self._shown.count(f"meter {source}", errors=1)
            self._parts.alarms.set("meter", f"meter {source}", Severity.CRITICAL, trouble)
        self._shown.outdate()

    def on_device_trouble(self, kind: str, name: str, trouble: str | None) -> None:
        """What nothing is measured or switched through is out of order (text), or back (None).

        kind: io, display or button.
        """
        if trouble is None:
            self._parts.alarms.clear(kind, f"{kind} {name}")
        else:
            self._shown.count(f"{kind} {name}", errors=1)
            self._parts.alarms.set(kind, f"{kind} {name}", Severity.WARNING, trouble)
        self._shown.outdate()

    def on_flush_result(self, trouble: str | None) -> None:
        """The card write ended: None when it is safe, else why not. Failure refuses SETs."""
        self._parts.keeper.note("card", trouble)
        self._shown.outdate()

    def on_hook(self, result: HookResult) -> None:
        """A hook that was run has ended."""
        self._parts.control.on_hook(result)
        self._shown.outdate()

    def on_watched_host(self, seen: HostSeen) -> None:
        """A host that a rule watches was asked whether it is there."""
        self._parts.control.on_host(seen)

    def on_upses(self, upses: tuple[Ups, ...]) -> None:
        """All that is known of the UPSes now."""
        self._parts.values.upses = upses
        self._parts.upses.take(upses)
        self._shown.outdate()

    def on_host(self, status: HostStatus) -> None:
        """The board was looked at; faces see it from the next snapshot on."""
        self._shown.host = status
        self._parts.board.take(status)

    def on_loop_lag(self, lag_s: float) -> None:
        self._shown.note_loop_lag(lag_s)

    def announce_start(self) -> None:
        """Once all boards were met: tell everybody that the agent is up, and what it found."""
        self._parts.publish(
            AgentStarted(self._clock.wall_s(), self.health.engine_boots, self.met_cold)
        )
        for number, warning in enumerate(self._warnings, start=1):
            self._parts.alarms.set("store", f"damaged record {number}", Severity.WARNING, warning)

    # -- time -----------------------------------------------------------------------

    def tick(self) -> None:
        """Do what is due: timers, relay slots, thresholds, staleness, saving."""
        parts, now_s = self._parts, self._clock.monotonic_s()
        fired = parts.banks.fire_timers(now_s)
        parts.points.mark_stale(now_s)  # before the thresholds: silence serves no delay
        parts.watch_sums()
        parts.thresholds.tick(now_s)
        parts.fans.mark_stale(now_s)
        parts.proofs.tick(now_s)
        parts.fans.regulate()
        parts.alarms.tick(now_s)
        parts.care.look()
        parts.care.tick(now_s)
        parts.control.run(self._orders.submit)
        self._orders.move_relays()  # last: what does not fit any more stays as it is
        if fired or now_s >= parts.keeper.next_due_s:
            parts.keeper.save_periodically()
            parts.audit.catch_up()
            parts.log.hand_over()
            self._shown.outdate()

    def next_deadline_s(self) -> float:
        """When `tick` is due next (monotonic)."""
        return min(self._parts.keeper.next_due_s, self.next_change_s())

    def next_change_s(self) -> float:
        """When (monotonic) something is to be done besides saving; infinity for never."""
        parts = self._parts
        return min(
            parts.banks.next_due_s(),
            parts.points.next_due_s(),
            parts.thresholds.next_due_s(),
            parts.alarms.next_due_s(),
            parts.care.next_due_s(),
            parts.control.next_due_s(),
            parts.proofs.next_due_s(),
        )

    def has_unfinished(self) -> bool:
        """Is a relay movement accepted that no timer holds back?"""
        return self._parts.banks.has_unfinished()

    @property
    def met_cold(self) -> tuple[str, ...]:
        """Boards that had lost their power; their outlets follow their policy one by one."""
        return self._parts.banks.met_cold

    def final_record(self) -> Record:
        """The record to write when the agent stops; hands over what is left of the log."""
        self._parts.log.hand_over()
        self._parts.care.finish()
        return self._parts.keeper.current_record()

    # -- inside ---------------------------------------------------------------------

    def _after_change(self) -> None:
        self._parts.care.look()
        self._orders.move_relays()
        self._parts.keeper.save_quietly()
        self._shown.outdate()

    def _tell(self, event: Event) -> None:
        self._shown.outdate()
        self.events.publish(event)
