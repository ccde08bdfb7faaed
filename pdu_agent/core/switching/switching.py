# SPDX-License-Identifier: Apache-2.0
"""Judges what moves or locks outlets, on a draft: one of them, a group, or all."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from pdu_agent.core.live_settings import Sections, with_overrides
from pdu_agent.core.outlets.gate import is_rebooted, is_waiting, ordered, turned
from pdu_agent.core.outlets.outlet import OPEN_STEPS, Rest, Timing, given_up, held
from pdu_agent.core.outlets.steps import Step
from pdu_agent.core.outlets.together import OFF, REBOOTING
from pdu_agent.core.settings import OutletSettings
from pdu_agent.core.state import CoreState, OutletLive, reason_of
from pdu_agent.core.switching.draws import COMING_ON
from pdu_agent.core.switching.feeders import Budget, FeederGuard, Passed
from pdu_agent.core.switching.groups import sequence_of
from pdu_agent.core.switching.holds import (
    LEADS_TO_ON,
    ended_by,
    held_for_person,
    outranks_pending,
    refuse_held,
    refuse_pending,
    with_hold,
    without_hold,
)
from pdu_agent.model.commands import (
    Action,
    Actor,
    HoldOutlet,
    Lock,
    ReleaseOutlet,
    SetLock,
    SwitchAll,
    SwitchGroup,
    SwitchOutlet,
)
from pdu_agent.model.errors import (
    BudgetExceeded,
    InvalidValue,
    NotNow,
    OutletLocked,
    Unavailable,
    UnknownTarget,
)

_DELAYED = (Action.ON_DELAYED, Action.OFF_DELAYED, Action.REBOOT_DELAYED)
_CLOSING = (Action.ON, Action.ON_DELAYED, Action.REBOOT, Action.REBOOT_DELAYED, Action.PULSE)
MAX_DELAY_S = 7200
_LOCK_NEEDS = {Lock.LOCKED_ON: Step.ON, Lock.LOCKED_OFF: Step.OFF}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the judgement depends on besides the state.

    bank_trouble: board -> why it is down. passed: see Thresholds.passed.
    """

    now_s: float
    wall_s: float
    bank_trouble: Mapping[str, str]
    passed: Passed


def timing_of(settings: OutletSettings) -> Timing:
    reboot_s = max(settings.reboot_s, settings.min_off_s)
    return Timing(settings.on_delay_s, settings.off_delay_s, reboot_s, settings.pulse_s)


def rest_of(settings: OutletSettings, live: OutletLive) -> Rest:
    """What is left of the minimum times; where the contact is not known, both count."""
    contact, since_s = live.machine.contact, live.contact_s
    is_urgent = live.actor is not None and live.actor.is_safety
    return Rest(
        open_s=since_s + settings.min_off_s if contact is not True else -math.inf,
        closed_s=-math.inf if contact is False or is_urgent else since_s + settings.min_on_s,
    )


class Switching:
    """The switching and locking part of one batch. Every method raises CommandError."""

    def __init__(
        self, sections: Sections, draft: CoreState, actor: Actor, around: Circumstances
    ) -> None:
        self._sections = sections
        self._draft = draft
        self._actor = actor
        self._around = around
        self._guard = FeederGuard(sections, draft, around.passed)
        self._budget = Budget(sections, draft, around.now_s)
        self.left: dict[int, str] = {}
        """Outlets of a group, or of all, that are left as they are, and why."""
        self.over_budget: dict[int, str] = {}
        """Those of them that would have been switched on, had a feeder had the room."""
        self._claimed: set[int] = set()

    def switch(self, command: SwitchOutlet) -> None:
        settings, live = self._outlet(command.outlet)
        self._require_relay(settings)
        self._claim(command.outlet)
        action = _plain(command.action, live)
        self._refuse_locked(command.outlet, live, action)
        self._apply(settings, live, action, _delay_s(command), command.forced)

    def hold(self, command: HoldOutlet) -> None:
        """What nobody stronger has still to do against it is given up; it moves no relay itself."""
        settings, live = self._outlet(command.outlet)
        hold = command.hold
        # A load that is being shut down already is told of by who does it.
        is_told = hold.wants_on and is_waiting(self._draft, command.outlet)
        if outranks_pending(hold, live) and not is_told:
            live = self._without_pending(settings, live, closes=not hold.wants_on)
        self._draft.outlets[command.outlet] = with_hold(live, hold)

    def _without_pending(
        self, settings: OutletSettings, live: OutletLive, closes: bool
    ) -> OutletLive:
        timing, now_s = timing_of(settings), self._around.now_s
        machine = given_up(live.machine, closes, now_s, timing)
        if machine == live.machine:
            return live
        self._draft.stops.pop(settings.number, None)
        return replace(
            live,
            machine=machine,
            target_on=machine.ends_on,
            reason=reason_of(self._actor),
            actor=self._actor,
            together=(),
        )

    def release(self, command: ReleaseOutlet) -> None:
        _, live = self._outlet(command.outlet)
        self._draft.outlets[command.outlet] = without_hold(live, command.source)

    def switch_all(self, command: SwitchAll) -> None:
        delay_s = _checked_delay_s("all outlets", command.action, command.delay_s)
        numbers, forced = sorted(self._draft.outlets), command.forced
        self._switch_free(numbers, command.action, "outlet", delay_s=delay_s, forced=forced)

    def switch_group(self, command: SwitchGroup) -> None:
        members, gap_s = sequence_of(command.group, self._sections, self._draft)
        if not members:
            raise NotNow(f"group {command.group} is empty: nothing to switch")
        members = tuple(number for number in members if number not in command.without)
        if command.action in (Action.OFF, Action.OFF_DELAYED):
            members = members[::-1]
        what = f"group {command.group}"
        delay_s = _checked_delay_s(what, command.action, command.delay_s)
        switched = self._switch_free(
            members, command.action, f"outlet of {what}", gap_s, delay_s, command.forced
        )
        if command.action in (Action.REBOOT, Action.REBOOT_DELAYED):
            for number in switched:
                live = self._draft.outlets[number]
                if live.machine.step in REBOOTING:
                    self._draft.outlets[number] = replace(live, together=switched)

    def lock(self, command: SetLock) -> None:
        settings, live = self._outlet(command.outlet)
        self._require_relay(settings)
        self._claim(command.outlet)
        needed = _LOCK_NEEDS.get(command.lock)
        if needed is not None and live.machine.step is not needed:
            raise NotNow(
                f"outlet {command.outlet} is {live.machine.state.value}: it must rest in state "
                f"{needed.value} before it can be {command.lock.value} (a lock moves no relay)"
            )
        self._draft.outlets[command.outlet] = replace(live, lock=command.lock)

    def _switch_free(
        self,
        numbers: Iterable[int],
        action: Action,
        what: str,
        gap_s: float = 0.0,
        delay_s: float | None = None,
        forced: bool = False,
    ) -> tuple[int, ...]:
        """The action for those of the outlets that have a relay, are not locked, and that no
        higher rank keeps as they are: for these.
        """
        switched = [n for n in numbers if self._sections.outlets[n].relay is not None]
        why_not: list[OutletLocked | NotNow] = []
        free: list[int] = []
        for number in switched:
            try:
                self._refuse_kept(number, action)
            except (OutletLocked, NotNow) as exc:
                why_not.append(exc)
                self.left[number] = str(exc)
            else:
                free.append(number)
        if not free:
            self._refuse_all(what, why_not)
        self._require_boards(free)
        for turn, number in enumerate(free):
            settings, live = self._outlet(number)
            self._claim(number)
            mine, wait_s = _in_turn(_plain(action, live), settings, turn * gap_s, delay_s)
            stops = dict(self._draft.stops)
            try:
                self._apply(settings, live, mine, wait_s, forced)
            except (BudgetExceeded, NotNow) as exc:  # no room for it, or a pulse it cannot have
                self._draft.stops = stops
                self.left[number] = str(exc)
                if isinstance(exc, BudgetExceeded):
                    self.over_budget[number] = str(exc)
                if self.left.keys() >= set(free):
                    raise
        return tuple(number for number in free if number not in self.left)

    def _refuse_kept(self, number: int, action: Action) -> None:
        """Raises OutletLocked or NotNow where the action is not for this outlet."""
        live = self._draft.outlets[number]
        action = _plain(action, live)
        if action is Action.CANCEL and live.lock is not Lock.UNLOCKED:
            raise OutletLocked(f"outlet {number} is {live.lock.value}")
        self._refuse_locked(number, live, action)
        leads_to_on = _leads_to_on(action, live)
        refuse_held(number, live, action, leads_to_on, self._actor)
        refuse_pending(number, live, self._actor, leads_to_on)

    @staticmethod
    def _refuse_all(what: str, why_not: Sequence[OutletLocked | NotNow]) -> NoReturn:
        if not why_not:
            raise NotNow(f"there is no switched {what}: nothing to do")
        if all(type(reason) is OutletLocked for reason in why_not):
            raise OutletLocked(f"every switched {what} is locked: nothing to do")
        others = next(reason for reason in why_not if type(reason) is not OutletLocked)
        raise type(others)(f"every switched {what} is locked or kept as it is: {others}")

    def _refuse_locked(self, number: int, live: OutletLive, action: Action) -> None:
        """Only an off for the unit's own safety passes a lock, and an on that the lock wants."""
        if live.lock is Lock.UNLOCKED or action is Action.CANCEL:
            return
        is_wanted = action is Action.ON and live.lock is Lock.LOCKED_ON
        if not self._actor.is_safety or (LEADS_TO_ON.get(action, True) and not is_wanted):
            raise OutletLocked(
                f"outlet {number} is {live.lock.value}: unlock it before switching it"
            )

    def _apply(
        self,
        settings: OutletSettings,
        live: OutletLive,
        action: Action,
        delay_s: float | None,
        forced: bool = False,
    ) -> None:
        leads_to_on = _leads_to_on(action, live)
        refuse_held(settings.number, live, action, leads_to_on, self._actor)
        if action is Action.PULSE:
            self._refuse_pulse(settings, live)
        if action is Action.CANCEL:
            self._draft.countdowns.pop(settings.number, None)
        timing = timing_of(settings)
        if delay_s is not None:
            timing = replace(timing, on_delay_s=delay_s, off_delay_s=delay_s)
        now_s = self._around.now_s
        after = live.commanded(action, self._actor, now_s, timing)
        if after.machine != live.machine:
            refuse_pending(settings.number, live, self._actor, leads_to_on)
        forced = forced or self._actor.is_safety
        if not forced and turned(self._draft, settings.number, action, self._actor):
            self._overrule(settings.number, action, leads_to_on)
            return
        # What was to open already, and was shown as off, is not put off.
        if not {live.machine.step, after.machine.step} <= OPEN_STEPS:
            waiting = held(after.machine, now_s, rest_of(settings, after))
            if waiting == live.machine:  # it waited already
                after = replace(live, is_ordered=after.is_ordered)
            after = replace(after, machine=waiting)
        goes_on = forced and action is Action.REBOOT and is_rebooted(self._draft, settings.number)
        if forced or after.machine != live.machine:
            after = self._ordered(settings, after, action, forced)
        is_news = after.machine != live.machine
        if is_news and not goes_on:
            after = replace(after, together=())
        # The second half of a reboot was admitted with the first.
        is_return = live.machine.step in OFF
        if is_return and forced and after.machine.step is Step.CLOSE_QUEUED:
            step = Step.REBOOT_CLOSE_QUEUED
            after = replace(after, machine=replace(after.machine, step=step))
        if action in _CLOSING and is_news and not is_return and after.machine.step is not Step.ON:
            self._guard.admit(settings)
            if live.machine.contact is not True and after.machine.step in COMING_ON:
                self._budget.admit(settings.number)
        if not is_news and _takes_over(live, action, self._actor):
            after = replace(after, actor=self._actor, reason=reason_of(self._actor))
        if is_news and _is_wanted_off(live, action, self._actor):
            after = replace(after, actor=live.actor, reason=live.reason)
        self._draft.outlets[settings.number] = after
        self._overrule(settings.number, action, leads_to_on)

    def _overrule(self, number: int, action: Action, leads_to_on: bool) -> None:
        """End the holds that the accepted action overrules; keep those off who may not undo it."""
        if action is Action.CANCEL:
            return
        live = ended_by(self._draft.outlets[number], leads_to_on, self._actor)
        hold_s = self._sections.device.person_hold_s
        self._draft.outlets[number] = held_for_person(
            live, leads_to_on, self._actor, hold_s, self._around.wall_s
        )

    def _refuse_pulse(self, settings: OutletSettings, live: OutletLive) -> None:
        """Raises NotNow where a pulse has no two sides, or one of them were too short."""
        number, machine = settings.number, live.machine
        if machine.is_pulse:
            return  # it is under way
        if machine.step not in (Step.ON, Step.OFF):
            raise NotNow(
                f"outlet {number} is {machine.state.value}: a pulse begins and ends at rest, "
                f"on or off"
            )
        is_on = machine.step is Step.ON
        other, least_s = ("off", settings.min_off_s) if is_on else ("on", settings.min_on_s)
        if settings.pulse_s < least_s:
            raise NotNow(
                f"outlet {number} stays {other} for {least_s} s at least: its pulse of "
                f"{settings.pulse_s:g} s is shorter"
            )
        wait_s = rest_of(settings, live).until_s(closing=not is_on) - self._around.now_s
        if wait_s > 0:
            raise NotNow(
                f"outlet {number} has to stay {machine.state.value} for another {wait_s:.0f} s: "
                f"a pulse cannot wait"
            )

    def _ordered(
        self, settings: OutletSettings, after: OutletLive, action: Action, forced: bool
    ) -> OutletLive:
        after = ordered(self._draft, settings, after, forced, self._around.wall_s)
        if action not in LEADS_TO_ON and is_waiting(self._draft, settings.number, after):
            raise NotNow(
                f"outlet {settings.number} has a hook or a load to wait for, which a "
                f"{action.value} cannot do"
            )
        return after

    def _outlet(self, number: int) -> tuple[OutletSettings, OutletLive]:
        settings = self._sections.outlets.get(number)
        if settings is None:
            raise UnknownTarget(f"there is no outlet {number}")
        return with_overrides(settings, self._draft.overrides), self._draft.outlets[number]

    def _require_relay(self, settings: OutletSettings) -> None:
        if settings.relay is None:
            raise OutletLocked(f"outlet {settings.number} is metered only: it has no relay")
        self._require_boards([settings.number])

    def _require_boards(self, numbers: Sequence[int]) -> None:
        """Raises Unavailable, with all of the outlets whose board is down."""
        troubles: dict[int, str] = {}
        for number in numbers:
            relay = self._sections.outlets[number].relay
            trouble = self._around.bank_trouble.get(relay.bank) if relay is not None else None
            if relay is not None and trouble is not None:
                troubles[number] = f"board {relay.bank}: {trouble}"
        for number, text in troubles.items():
            raise Unavailable(f"outlet {number}: {text}", outlets=tuple(troubles))

    def _claim(self, number: int) -> None:
        if number in self._claimed:
            raise NotNow(f"outlet {number} is named twice in one batch")
        self._claimed.add(number)


def _in_turn(
    action: Action, settings: OutletSettings, wait_s: float, delay_s: float | None
) -> tuple[Action, float | None]:
    """The action for an outlet of a group whose turn comes so much later, and its delay.

    delay_s: instead of its own one.
    """
    own_s = {
        Action.ON: 0,
        Action.OFF: 0,
        Action.ON_DELAYED: settings.on_delay_s,
        Action.OFF_DELAYED: settings.off_delay_s,
    }
    if not wait_s or action not in own_s:
        return action, delay_s
    is_on = action in (Action.ON, Action.ON_DELAYED)
    own = own_s[action] if delay_s is None else delay_s
    return Action.ON_DELAYED if is_on else Action.OFF_DELAYED, own + wait_s


def _plain(action: Action, live: OutletLive) -> Action:
    """What a toggle means for this outlet; of others what they are."""
    if action is not Action.TOGGLE:
        return action
    return Action.OFF if live.machine.ends_on else Action.ON


def _leads_to_on(action: Action, live: OutletLive) -> bool:
    """Is the outlet on in the end? A pulse ends where it began, a cancel where the relay is."""
    if action is Action.CANCEL:
        contact = live.machine.contact
        return live.machine.ends_on if contact is None else contact
    return LEADS_TO_ON.get(action, live.machine.ends_on)


def _takes_over(live: OutletLive, action: Action, actor: Actor) -> bool:
    """Does somebody want off what only safety or an outage has switched off, or keeps off since
    the unit has its power again? Then it is to stay so afterwards.
    """
    is_off = LEADS_TO_ON.get(action) is False and not live.machine.ends_on
    by = live.actor
    if by is None or not is_off or actor.is_safety or actor.is_outage:
        return False
    is_kept = by.face == "power up" and any(not hold.wants_on for hold in live.holds)
    return by.is_safety or by.is_outage or is_kept


def _is_wanted_off(live: OutletLive, action: Action, actor: Actor) -> bool:
    """Is an off that somebody has ordered still to be done, and safety only does it earlier? Then
    it stays the order of whoever gave it, or what safety cuts would return against it.
    """
    is_cut = actor.is_safety and LEADS_TO_ON.get(action) is False
    is_due = live.machine.pending is not None and not live.machine.ends_on
    by = live.actor
    return is_cut and is_due and by is not None and not (by.is_safety or by.is_outage)


def _delay_s(command: SwitchOutlet) -> float | None:
    return _checked_delay_s(f"outlet {command.outlet}", command.action, command.delay_s)


def _checked_delay_s(what: str, action: Action, delay_s: float | None) -> float | None:
    """Raises InvalidValue."""
    if delay_s is None:
        return None
    if action not in _DELAYED:
        raise InvalidValue(
            f"{what}: a delay goes with a delayed action only, not with {action.value}"
        )
    if not 0 <= delay_s <= MAX_DELAY_S:
        raise InvalidValue(f"{what}: delay {delay_s} s is outside 0 to {MAX_DELAY_S}")
    return delay_s
