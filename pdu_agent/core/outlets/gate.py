# SPDX-License-Identifier: Apache-2.0
"""What stands between an accepted order and the relay: a hook, a load that is to be idle first.

An order that has to wait is put off into the step of a delay, without a deadline, and has a
StopRecord from then on. Only the engine of core/shutdown/stopping.py ends it, by a forced order or
a cancel: no timer does. An order that may pass, although its outlet has hooks, and waits for its
delay or a minimum time has a record of phase PASSED, so that it is not asked again then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import Enum

from pdu_agent.core.outlets.outlet import OutletMachine
from pdu_agent.core.outlets.steps import Step
from pdu_agent.core.settings import OutletSettings
from pdu_agent.core.state import CoreState, OutletLive, plain_actor, reason_of
from pdu_agent.model.commands import Action, Actor
from pdu_agent.model.record import StopRecord


class Then(Enum):
    """What follows. REBOOT_ON: the second half of a reboot."""

    OFF = "off"
    REBOOT = "reboot"
    ON = "on"
    REBOOT_ON = "reboot on"

    @property
    def opens(self) -> bool:
        return self in (Then.OFF, Then.REBOOT)


class Phase(Enum):
    """ASKED: nothing was done yet. HOOK: it runs, or ran when the agent died. IDLE: the draw is
    watched. GIVEN_UP: all that is left is to take the order back.
    """

    ASKED = "asked"
    HOOK = "hook"
    IDLE = "idle"
    GIVEN_UP = "given up"
    PASSED = "passed"


WAITS_IN: Mapping[Then, Step] = {
    Then.OFF: Step.OFF_DELAY,
    Then.REBOOT: Step.REBOOT_DELAY,
    Then.ON: Step.ON_DELAY,
    Then.REBOOT_ON: Step.REBOOT_OFF,
}
_THEN_OF_QUEUED: Mapping[Step, Then] = {
    Step.OPEN_QUEUED: Then.OFF,
    Step.REBOOT_QUEUED: Then.REBOOT,
    Step.CLOSE_QUEUED: Then.ON,
    Step.REBOOT_CLOSE_QUEUED: Then.REBOOT_ON,
}
_THEN_OF_WAIT = {step: then for then, step in WAITS_IN.items()}
_ASKS_FOR = {
    Action.OFF: Then.OFF,
    Action.OFF_DELAYED: Then.OFF,
    Action.REBOOT: Then.REBOOT,
    Action.REBOOT_DELAYED: Then.REBOOT,
}
_ONS = (Action.ON, Action.ON_DELAYED)
_POWER_UP = "power up"


def is_understood(stop: StopRecord) -> bool:
    """Does the row use the words of this version?"""
    return stop.then in {then.value for then in Then} and stop.phase in {p.value for p in Phase}


def under_way(state: CoreState, number: int, live: OutletLive | None = None) -> StopRecord | None:
    """What this outlet waits for, if it does; a record of a step that it has left is none.

    live: the outlet as it will be, where that is not in the state yet.
    """
    stop = state.stops.get(number)
    live = live or state.outlets[number]
    if stop is None or live.machine.step is not WAITS_IN[Then(stop.then)]:
        return None
    return stop


def is_waiting(state: CoreState, number: int, live: OutletLive | None = None) -> bool:
    """Is it held back until its hook or its load allows more? live: as of `under_way`."""
    stop = under_way(state, number, live)
    return stop is not None and Phase(stop.phase) is not Phase.PASSED


def gated(
    state: CoreState, settings: OutletSettings, after: OutletLive, wall_s: float
) -> OutletLive:
    """The outlet `after` an order or a timer, held back where something has to come first.

    state.stops is changed with it. Safety and the power-up policy wait for nothing.
    """
    number, machine, actor = settings.number, after.machine, after.actor
    then = _THEN_OF_QUEUED.get(machine.step)
    if then is None or _is_free(actor) or not _asks(settings, then, machine.contact):
        return after
    row = plain_actor(actor) if actor is not None else ()
    state.stops[number] = StopRecord(then.value, Phase.ASKED.value, wall_s, row)
    return replace(after, machine=_waiting(machine, then))


def ordered(
    state: CoreState, settings: OutletSettings, after: OutletLive, forced: bool, wall_s: float
) -> OutletLive:
    """As `gated`, after an order that is news or is forced: it ends what was prepared."""
    number, then = settings.number, _THEN_OF_WAIT.get(after.machine.step)
    state.stops.pop(number, None)
    if not forced:
        return gated(state, settings, after, wall_s)
    if then is not None:
        state.stops[number] = StopRecord(then.value, Phase.PASSED.value, 0.0, ())
    return after


def pass_later(state: CoreState, settings: OutletSettings) -> None:
    """What has passed already, and must wait for something else, is not asked again."""
    if settings.before_on:
        state.stops[settings.number] = StopRecord(Then.ON.value, Phase.PASSED.value, 0.0, ())


def is_rebooted(state: CoreState, number: int) -> bool:
    """Is the load shut down for a reboot?"""
    stop = under_way(state, number)
    return stop is not None and Then(stop.then) is Then.REBOOT


def after_timer(
    state: CoreState,
    settings: OutletSettings,
    live: OutletLive,
    machine: OutletMachine,
    wall_s: float,
) -> OutletLive:
    """The outlet once its deadline has passed; machine: what the timer alone would make of it."""
    if is_waiting(state, settings.number):
        return replace(live, machine=replace(live.machine, deadline_s=None))
    after = replace(live, machine=machine)
    if under_way(state, settings.number) is None:
        return gated(state, settings, after, wall_s)
    del state.stops[settings.number]
    return after


def turned(state: CoreState, number: int, action: Action, actor: Actor) -> bool:
    """Does the order ask for what is being prepared? Then the draft says so and no more.

    An off makes a reboot an off and the other way round; a stronger actor takes it over. All else
    stays: the hook is not run twice.
    """
    stop = under_way(state, number)
    if stop is None or Phase(stop.phase) in (Phase.PASSED, Phase.GIVEN_UP):
        return False
    present = Then(stop.then)
    then = _ASKS_FOR.get(action) if present.opens else None
    if not present.opens and (action in _ONS or _is_reboot(present, action)):
        then = present
    if then is None:
        return False
    live = state.outlets[number]
    is_stronger = actor.rank > Actor(*stop.actor).rank if stop.actor else True
    if then is not present or is_stronger:
        state.stops[number] = replace(stop, then=then.value, actor=plain_actor(actor))
        machine = replace(live.machine, step=WAITS_IN[then])
        live = replace(
            live,
            machine=machine,
            target_on=machine.ends_on,
            actor=actor,
            reason=reason_of(actor),
            together=live.together if then is present else (),
            orders=live.orders + 1,
        )
    state.outlets[number] = replace(live, is_ordered=True)
    return True


def _is_reboot(present: Then, action: Action) -> bool:
    return present is Then.REBOOT_ON and _ASKS_FOR.get(action) is Then.REBOOT


def _is_free(actor: Actor | None) -> bool:
    return actor is not None and (actor.is_safety or actor.face == _POWER_UP)


def _asks(settings: OutletSettings, then: Then, contact: bool | None) -> bool:
    if then.opens:
        return contact is not False and bool(settings.before_off or settings.graceful)
    return contact is not True and bool(settings.before_on)


def _waiting(machine: OutletMachine, then: Then) -> OutletMachine:
    return replace(machine, step=WAITS_IN[then], deadline_s=None, queued_s=0.0)
