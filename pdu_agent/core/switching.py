# SPDX-License-Identifier: Apache-2.0
"""Judges what moves or locks outlets, on a draft: one of them, a group, or all."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pdu_agent.core.feeders import FeederGuard, Passed
from pdu_agent.core.gate import is_rebooted, is_waiting, ordered, turned
from pdu_agent.core.groups import sequence_of
from pdu_agent.core.holds import LEADS_TO_ON, refuse_held, with_hold, without_hold
from pdu_agent.core.live_settings import Sections, with_overrides
from pdu_agent.core.outlet import OPEN_STEPS, Rest, Timing, held
from pdu_agent.core.settings import OutletSettings
from pdu_agent.core.state import CoreState, OutletLive
from pdu_agent.core.steps import Step
from pdu_agent.core.together import REBOOTING
from pdu_agent.model.commands import (
    Action,
    Actor,
    HoldOutlet,
    Lock,
    Rank,
    ReleaseOutlet,
    SetLock,
    SwitchAll,
    SwitchGroup,
    SwitchOutlet,
)
from pdu_agent.model.errors import InvalidValue, NotNow, OutletLocked, Unavailable, UnknownTarget

_DELAYED = (Action.ON_DELAYED, Action.OFF_DELAYED, Action.REBOOT_DELAYED)
_CLOSING = (Action.ON, Action.ON_DELAYED, Action.REBOOT, Action.REBOOT_DELAYED)
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
    return Timing(settings.on_delay_s, settings.off_delay_s, reboot_s)


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
        self._claimed: set[int] = set()

    def switch(self, command: SwitchOutlet) -> None:
        settings, live = self._outlet(command.outlet)
        self._require_relay(settings)
        self._claim(command.outlet)
        if self._is_locked(live) and command.action is not Action.CANCEL:
            raise OutletLocked(
                f"outlet {command.outlet} is {live.lock.value}: unlock it before switching it"
            )
        self._apply(settings, live, command.action, _delay_s(command), command.forced)

    def hold(self, command: HoldOutlet) -> None:
        _, live = self._outlet(command.outlet)
        self._draft.outlets[command.outlet] = with_hold(live, command.hold)

    def release(self, command: ReleaseOutlet) -> None:
        _, live = self._outlet(command.outlet)
        self._draft.outlets[command.outlet] = without_hold(live, command.source)

    def switch_all(self, command: SwitchAll) -> None:
        self._switch_free(sorted(self._draft.outlets), command.action, "outlet")

    def switch_group(self, command: SwitchGroup) -> None:
        members, gap_s = sequence_of(command.group, self._sections, self._draft)
        if not members:
            raise NotNow(f"group {command.group} is empty: nothing to switch")
        if command.action in (Action.OFF, Action.OFF_DELAYED):
            members = members[::-1]
        what = f"outlet of group {command.group}"
        switched = self._switch_free(members, command.action, what, gap_s)
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
        self, numbers: Iterable[int], action: Action, what: str, gap_s: float = 0.0
    ) -> tuple[int, ...]:
        """The action for those of the outlets that have a relay and are not locked: for these."""
        free = tuple(
            number
            for number in numbers
            if self._draft.outlets[number].lock is Lock.UNLOCKED
            and self._sections.outlets[number].relay is not None
        )
        if not free:
            raise OutletLocked(f"every switched {what} is locked: nothing to do")
        for turn, number in enumerate(free):
            settings, live = self._outlet(number)
            self._require_relay(settings)
            self._claim(number)
            self._apply(settings, live, *_in_turn(action, settings, turn * gap_s))
        return free

    def _is_locked(self, live: OutletLive) -> bool:
        return live.lock is not Lock.UNLOCKED and self._actor.rank < Rank.LOCK

    def _apply(
        self,
        settings: OutletSettings,
        live: OutletLive,
        action: Action,
        delay_s: float | None,
        forced: bool = False,
    ) -> None:
        if action is Action.TOGGLE:
            action = Action.OFF if live.machine.ends_on else Action.ON
        refuse_held(settings.number, live, action, self._actor)
        forced = forced or self._actor.is_safety
        if not forced and turned(self._draft, settings.number, action, self._actor):
            return
        timing = timing_of(settings)
        if delay_s is not None:
            timing = replace(timing, on_delay_s=delay_s, off_delay_s=delay_s)
        now_s = self._around.now_s
        after = live.commanded(action, self._actor, now_s, timing)
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
        if action in _CLOSING and is_news and after.machine.step is not Step.ON:
            self._guard.admit(settings)
        self._draft.outlets[settings.number] = after

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
        trouble = self._around.bank_trouble.get(settings.relay.bank)
        if trouble is not None:
            raise Unavailable(f"outlet {settings.number}: board {settings.relay.bank}: {trouble}")

    def _claim(self, number: int) -> None:
        if number in self._claimed:
            raise NotNow(f"outlet {number} is named twice in one batch")
        self._claimed.add(number)


def _in_turn(
    action: Action, settings: OutletSettings, wait_s: float
) -> tuple[Action, float | None]:
    """The action for an outlet of a group whose turn comes so much later, and its delay."""
    own_s = {
        Action.ON: 0,
        Action.OFF: 0,
        Action.ON_DELAYED: settings.on_delay_s,
        Action.OFF_DELAYED: settings.off_delay_s,
    }
    if not wait_s or action not in own_s:
        return action, None
    is_on = action in (Action.ON, Action.ON_DELAYED)
    return Action.ON_DELAYED if is_on else Action.OFF_DELAYED, own_s[action] + wait_s


def _delay_s(command: SwitchOutlet) -> float | None:
    if command.delay_s is None:
        return None
    if command.action not in _DELAYED:
        raise InvalidValue(
            f"outlet {command.outlet}: a delay goes with a delayed action only, "
            f"not with {command.action.value}"
        )
    if not 0 <= command.delay_s <= MAX_DELAY_S:
        raise InvalidValue(
            f"outlet {command.outlet}: delay {command.delay_s} s is outside 0 to {MAX_DELAY_S}"
        )
    return command.delay_s
