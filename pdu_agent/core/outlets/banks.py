# SPDX-License-Identifier: Apache-2.0
"""The relay boards and the outlets on them: met, lost, written, read back."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import replace
from enum import Enum

from pdu_agent.core.live_settings import LiveSettings
from pdu_agent.core.outlets.gate import after_timer, gated
from pdu_agent.core.outlets.outlet import (
    CLOSE_STEPS,
    MOVING_STEPS,
    OPEN_STEPS,
    QUEUED_STEPS,
    OutletMachine,
    advance,
    go_on,
    held,
    since_moved,
)
from pdu_agent.core.outlets.scheduler import RelayScheduler
from pdu_agent.core.outlets.startup import power_up, resume
from pdu_agent.core.outlets.steps import Step, Trigger
from pdu_agent.core.outlets.switch_proofs import SwitchProofs
from pdu_agent.core.outlets.together import OFF, TO_OPEN, members_in, must_wait
from pdu_agent.core.settings import MIN_ACTUATION_GAP_S, RelayRef
from pdu_agent.core.state import CoreState, OutletLive
from pdu_agent.core.switching.switching import rest_of, timing_of
from pdu_agent.core.watching.alarms import AlarmBook
from pdu_agent.model.clock import Clock
from pdu_agent.model.commands import Action, Actor, Target, TargetKind
from pdu_agent.model.events import CommandFailed, Event, OutletChanged
from pdu_agent.model.readings import (
    BankLost,
    BankState,
    Effect,
    InitialiseBank,
    RelayResult,
    WriteRelays,
)
from pdu_agent.model.snapshot import ChangeReason, OutletState, Severity

log = logging.getLogger(__name__)
_POWER_UP = Actor("power up")
_POLICY = "its outlets follow their power-up policy"


class BankStatus(Enum):
    UNSEEN = "was not met yet"
    UP = "up"
    INITIALISING = "is being set up"
    DOWN = "does not answer"


class Banks:
    """Owns which boards are up, and moves the outlets' machines along with them."""

    def __init__(
        self,
        state: CoreState,
        settings: LiveSettings,
        clock: Clock,
        alarms: AlarmBook,
        perform: Callable[[Effect], None],
        publish: Callable[[Event], None],
        order_lead_s: float,
        proofs: SwitchProofs,
    ) -> None:
        self._state = state
        self._settings = settings
        self._clock = clock
        self._alarms = alarms
        self._perform = perform
        self._publish = publish
        self._proofs = proofs
        self._start_s = clock.monotonic_s()
        self._scheduler = RelayScheduler(
            lambda: settings.device.sequence_interval_s,
            settings.device.coil_budget,
            settings.device.coil_interval_s,
            order_lead_s,
        )
        self._before_write: dict[int, bool | None] = {}
        self._refs: dict[int, RelayRef] = {}
        self._relays: dict[str, dict[int, int]] = {}
        for outlet in settings.outlets.values():
            if outlet.relay is not None:
                self._refs[outlet.number] = outlet.relay
                self._relays.setdefault(outlet.relay.bank, {})[outlet.relay.relay] = outlet.number
        self._status = dict.fromkeys(self._relays, BankStatus.UNSEEN)
        self._why_down: dict[str, str] = {}
        self._refusing: set[str] = set()
        """Boards that are found cold and could not be set up: nothing is over until they are."""
        self.met_cold: tuple[str, ...] = ()

    def trouble(self) -> dict[str, str]:
        """Boards that cannot take commands now, each with the reason.

        A board that is being set up takes commands: they wait in the queue.
        """
        bad = (BankStatus.UNSEEN, BankStatus.DOWN)
        return {
            bank: self._why_down.get(bank, status.value)
            for bank, status in self._status.items()
            if status in bad
        }

    # -- boards come and go -------------------------------------------------------------

    def on_state(self, found: BankState) -> None:
        outlets = self._relays.get(found.bank, {})
        was = self._status.get(found.bank, BankStatus.UNSEEN)
        if found.bank in self._refusing:
            if found.cold:
                self._perform(InitialiseBank(found.bank))
                return
            self._refusing.discard(found.bank)
            self._power_up_outlets(found.bank)
            was = BankStatus.INITIALISING
        if not found.cold:  # without power it is in trouble until it is set up
            self._alarms.clear("board", f"board {found.bank}")
        self._why_down.pop(found.bank, None)
        if found.cold:
            self._power_up_bank(found.bank, was)
            return
        self._status[found.bank] = BankStatus.UP
        for relay, number in outlets.items():
            contact = found.closed[relay] if relay < len(found.closed) else None
            self._join(number, contact, was)

    def _power_up_bank(self, bank: str, was: BankStatus) -> None:
        """A board without power since it was set up: its outlets follow their policy."""
        if was in (BankStatus.UNSEEN, BankStatus.DOWN):  # the start, or an alarm, names it
            log.warning("board %s lost its power: %s", bank, _POLICY)
        if was is not BankStatus.UNSEEN:
            text = f"it lost its power: {_POLICY}"
            self._alarms.set("board", f"board {bank}", Severity.CRITICAL, text)
        if was is not BankStatus.INITIALISING:
            self.met_cold += (bank,)
            self._power_up_outlets(bank)
        self._status[bank] = BankStatus.INITIALISING
        self._perform(InitialiseBank(bank))

    def _power_up_outlets(self, bank: str) -> None:
        for number in self._relays.get(bank, {}).values():
            self._scheduler.done(number, self._clock.monotonic_s())
            self._power_up_outlet(number)

    def _power_up_outlet(self, number: int) -> None:
        live, settings = self._state.outlets[number], self._settings.outlets[number]
        self._state.stops.pop(number, None)
        machine = power_up(
            settings.power_up,
            live,
            self._clock.monotonic_s(),
            max(self._settings.device.cold_start_delay_s, settings.min_off_s),
        )
        self._set(
            number,
            replace(
                live,
                machine=machine,
                reason=ChangeReason.POWER_UP,
                actor=_POWER_UP,
                is_ordered=False,
            ),
        )

    def _join(self, number: int, contact: bool | None, was: BankStatus) -> None:
        live, now_s = self._state.outlets[number], self._clock.monotonic_s()
        if was is BankStatus.UNSEEN or was is BankStatus.DOWN:
            live = replace(live, contact_s=now_s)  # nobody knows better
        machine, timing = live.machine, timing_of(self._settings.outlets[number])
        if was is BankStatus.INITIALISING:
            machine = replace(machine, contact=contact)
        elif was is not BankStatus.UP:
            machine = resume(machine, contact, now_s, timing)
            if machine.step not in OPEN_STEPS:  # these had waited long enough, or need not
                machine = self._put_off(number, replace(live, machine=machine))
            is_first = was is BankStatus.UNSEEN
            if machine.step in QUEUED_STEPS or (is_first and self._changed_just_now(live)):
                self._scheduler.rest(number, now_s)
        elif machine.step in (Step.ON, Step.OFF) and contact is not machine.contact:
            machine = advance(replace(machine, contact=contact), Trigger.DIFFERS, now_s, timing)
            self._fault(number, "the relay moved without a command")
        elif machine.step is Step.FAULT and contact is live.target_on:
            machine = resume(machine, contact, now_s, timing)
        if machine == live.machine:
            return
        if machine.step in (Step.ON, Step.OFF):
            self._alarms.clear("relay", f"outlet {number}")
            if live.machine.step is not machine.step and live.target_on != machine.ends_on:
                log.warning("outlet %d found %s: adopted", number, machine.state.value)
            live = replace(live, target_on=machine.ends_on)
        opened = self._state.outlets[number].machine.step in TO_OPEN
        self._set(number, replace(live, machine=machine))
        if opened:
            self._count_together(number)

    def _changed_just_now(self, live: OutletLive) -> bool:
        """Did the process before this one move the relay within its rest?"""
        if live.changed_wall_s is None:
            return False
        return abs(self._clock.wall_s() - live.changed_wall_s) < MIN_ACTUATION_GAP_S

    def on_lost(self, lost: BankLost) -> None:
        was = self._status.get(lost.bank)
        if was is BankStatus.INITIALISING:
            self._refusing.add(lost.bank)
        self._status[lost.bank] = BankStatus.DOWN
        self._why_down[lost.bank] = lost.error
        self._alarms.set("board", f"board {lost.bank}", Severity.CRITICAL, lost.error)
        if was is BankStatus.DOWN:  # with other words: what waits for its return still does
            return
        now_s = self._clock.monotonic_s()
        for number in self._relays.get(lost.bank, {}).values():
            self._scheduler.done(number, now_s)
            live = self._state.outlets[number]
            timing = timing_of(self._settings.outlets[number])
            machine = advance(replace(live.machine, contact=None), Trigger.LOST, now_s, timing)
            if machine.step is Step.FAULT and live.machine.step is not Step.FAULT:
                self._publish(CommandFailed(self._clock.wall_s(), number, lost.error))
            self._set(number, replace(live, machine=machine))

    # -- relays move --------------------------------------------------------------------

    def move_relays(self, now_s: float) -> None:
        """Let the queued relays move whose turn has come, one write per board."""
        writes: dict[str, dict[int, bool]] = {}
        for number in self._scheduler.grant(self._movable(), now_s):
            live, relay = self._state.outlets[number], self._refs[number]
            self._before_write[number] = live.machine.contact
            self._proofs.ordered(number)
            writes.setdefault(relay.bank, {})[relay.relay] = live.machine.step in CLOSE_STEPS
            timing = timing_of(self._settings.outlets[number])
            machine = advance(live.machine, Trigger.SLOT, now_s, timing)
            self._set(number, replace(live, machine=machine))
        for bank, closed in writes.items():
            outlets = self._relays[bank]
            at_s = max(self._scheduler.at_s(outlets[relay]) for relay in closed)
            self._perform(WriteRelays(bank, closed, at_s))

    def on_result(self, result: RelayResult) -> None:
        outlets, now_s = self._relays.get(result.bank, {}), self._clock.monotonic_s()
        for relay, wanted in result.wanted.items():
            if relay in outlets:
                read_back = result.read_back.get(relay)
                self._scheduler.done(outlets[relay], now_s, result.moved_s)
                self._proofs.finished(outlets[relay], wanted, read_back, result.moved_s)
                self._finish(outlets[relay], wanted, read_back, result)

    def _finish(
        self, number: int, wanted: bool, read_back: bool | None, result: RelayResult
    ) -> None:
        error = result.error
        then = self._take_next(number)
        live, now_s = self._state.outlets[number], self._clock.monotonic_s()
        before = self._before_write.pop(number, None)
        contradicted = read_back is not None and read_back is not wanted
        failed = bool(error) or contradicted
        contact = read_back if failed else wanted
        if not failed and before is not None and before is not wanted:
            live = replace(live, switch_count=live.switch_count + 1)
        machine = replace(live.machine, contact=contact)
        trigger = Trigger.DIFFERS if failed else Trigger.MATCHES
        if live.machine.step in MOVING_STEPS or live.machine.step is Step.UNKNOWN:
            timing = timing_of(self._settings.outlets[number])
            machine = advance(machine, trigger, now_s, timing)
            machine = since_moved(machine, now_s, result.moved_s)
        if live.machine.step is Step.UNKNOWN:
            live = replace(live, target_on=machine.ends_on)
        if failed:
            shown = {True: "closed", False: "open", None: "nothing"}[read_back]
            self._fault(number, error or f"the relay reads back {shown} after the write")
        else:
            self._alarms.clear("relay", f"outlet {number}")
        self._set(number, replace(live, machine=machine))
        self._go_on(number, then)
        self._count_together(number)

    def _count_together(self, number: int) -> None:
        """The off time of a group that is rebooted counts from its last member's opening."""
        outlets, now_s = self._state.outlets, self._clock.monotonic_s()
        if outlets[number].machine.step is not Step.REBOOT_OFF:
            return
        for other in members_in(OFF, number, outlets):
            live = outlets[other]
            reboot_s = timing_of(self._settings.outlets[other]).reboot_s
            machine = replace(
                live.machine, step=Step.REBOOT_OFF, deadline_s=now_s + reboot_s, queued_s=0.0
            )
            self._set(other, replace(live, machine=machine))

    def _take_next(self, number: int) -> Action | None:
        """What is to follow the opening that has just ended.

        It is told of as any other: going off, off, and only then what follows.
        """
        live = self._state.outlets[number]
        if live.machine.step is not Step.OPENING or live.machine.then is None:
            return None
        self._set(number, replace(live, machine=replace(live.machine, then=None)))
        return live.machine.then

    def _go_on(self, number: int, then: Action | None) -> None:
        """Do what was ordered while the relay still had to open."""
        live = self._state.outlets[number]
        timing = timing_of(self._settings.outlets[number])
        machine = go_on(live.machine, then, self._clock.monotonic_s(), timing)
        live = replace(live, machine=machine)
        live = replace(live, machine=self._put_off(number, live))
        if then is not None:
            live = gated(self._state, self._settings.outlets[number], live, self._clock.wall_s())
        self._set(number, live)

    def _put_off(self, number: int, live: OutletLive) -> OutletMachine:
        """Its machine, held by the minimum times."""
        rest = rest_of(self._settings.outlets[number], live)
        return held(live.machine, self._clock.monotonic_s(), rest)

    def _fault(self, number: int, text: str) -> None:
        target = Target(TargetKind.OUTLET, number)
        self._alarms.set("relay", str(target), Severity.CRITICAL, text, target)
        self._publish(CommandFailed(self._clock.wall_s(), number, text))

    def fire_timers(self, now_s: float) -> bool:
        """Advance every outlet whose deadline has passed; tells whether one did."""
        fired = False
        for number, live in list(self._state.outlets.items()):
            deadline_s = live.machine.deadline_s
            if deadline_s is not None and deadline_s <= now_s:
                timing = timing_of(self._settings.outlets[number])
                machine = advance(live.machine, Trigger.TIMER, now_s, timing)
                settings, wall_s = self._settings.outlets[number], self._clock.wall_s()
                self._set(number, after_timer(self._state, settings, live, machine, wall_s))
                fired = True
        return fired

    def next_due_s(self) -> float:
        """When a timer or a relay slot is due next; infinity when nothing waits."""
        deadlines = [
            live.machine.deadline_s
            for live in self._state.outlets.values()
            if live.machine.deadline_s is not None
        ]
        slot_s = self._scheduler.next_due_s(self._movable())
        return min([*deadlines, slot_s if slot_s is not None else math.inf], default=math.inf)

    def due_s(self, number: int) -> float | None:
        """When the queued relay of this outlet may move, None when it is not queued."""
        return self._scheduler.due_s(number, self._state.outlets[number].machine)

    def has_unfinished(self) -> bool:
        """Is a relay moving, or waiting on a board that could take it?"""
        moving = any(live.machine.step in MOVING_STEPS for live in self._state.outlets.values())
        return moving or self._scheduler.is_waiting(self._movable())

    def announce(self, before: dict[int, OutletLive]) -> None:
        """Publish what an accepted batch changed in what readers see."""
        for number, live in self._state.outlets.items():
            self._announce(number, before[number].machine.state, live)

    def _movable(self) -> dict[int, OutletMachine]:
        """The outlets whose board is up, and whose group they need not wait for."""
        outlets = self._state.outlets
        if not any(live.machine.step in QUEUED_STEPS for live in outlets.values()):
            return {}
        reachable = {
            number: outlets[number].machine
            for bank, relays in self._relays.items()
            if self._status[bank] is BankStatus.UP
            for number in relays.values()
        }
        return {
            number: machine
            for number, machine in reachable.items()
            if not must_wait(number, outlets, reachable)
        }

    def _set(self, number: int, live: OutletLive) -> None:
        old = self._state.outlets[number]
        if live.machine.contact is not old.machine.contact:
            live = replace(live, contact_s=self._clock.monotonic_s())
        self._state.outlets[number] = live
        self._announce(number, old.machine.state, live)

    def _announce(self, number: int, old: OutletState, live: OutletLive) -> None:
        new = live.machine.state
        if new is old:
            return
        now_s = self._clock.monotonic_s() - self._start_s
        wall_s = self._clock.wall_s()
        self._state.outlets[number] = replace(live, changed_s=now_s, changed_wall_s=wall_s)
        log.info("outlet %d: %s -> %s (%s)", number, old.value, new.value, live.actor or "found so")
        self._publish(OutletChanged(wall_s, number, old, new, live.reason, live.actor))
