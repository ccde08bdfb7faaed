# SPDX-License-Identifier: Apache-2.0
"""The outlet machine: its step, shown as readers see it, advanced by a pure function.

An accepted off is carried out, whatever is ordered next: whoever gave it was shown "off" at
once and may rely on it (a fence agent does). So what comes while the relay still has to open
is done after it has opened (OutletMachine.then).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pdu_agent.core.outlets.steps import TRANSITIONS, Step, Trigger
from pdu_agent.model.commands import Action
from pdu_agent.model.snapshot import OutletState

# What readers see, and the command that is under way.
_SHOWN: Mapping[Step, tuple[OutletState, Action | None]] = {
    Step.ON: (OutletState.ON, None),
    Step.OFF: (OutletState.OFF, None),
    Step.ON_DELAY: (OutletState.ON_PENDING, Action.ON_DELAYED),
    Step.OFF_DELAY: (OutletState.OFF_PENDING, Action.OFF_DELAYED),
    Step.REBOOT_DELAY: (OutletState.OFF_PENDING, Action.REBOOT_DELAYED),
    Step.CLOSE_QUEUED: (OutletState.ON_PENDING, Action.ON),
    Step.CLOSING: (OutletState.ON_PENDING, Action.ON),
    Step.OPEN_QUEUED: (OutletState.OFF_PENDING, Action.OFF),
    Step.OPENING: (OutletState.OFF_PENDING, Action.OFF),
    Step.REBOOT_QUEUED: (OutletState.REBOOTING, Action.REBOOT),
    Step.REBOOT_OPENING: (OutletState.REBOOTING, Action.REBOOT),
    Step.REBOOT_OFF: (OutletState.REBOOTING, Action.REBOOT),
    Step.REBOOT_CLOSE_QUEUED: (OutletState.REBOOTING, Action.REBOOT),
    Step.REBOOT_CLOSING: (OutletState.REBOOTING, Action.REBOOT),
    Step.PULSE_CLOSE_QUEUED: (OutletState.ON_PENDING, Action.ON),
    Step.PULSE_CLOSING: (OutletState.ON_PENDING, Action.ON),
    Step.PULSE_ON: (OutletState.OFF_PENDING, Action.OFF_DELAYED),
    Step.PULSE_OPEN_QUEUED: (OutletState.OFF_PENDING, Action.OFF),
    Step.FAULT: (OutletState.FAULT, None),
    Step.UNKNOWN: (OutletState.UNKNOWN, None),
}

# The same while something is to be done after the relay has opened.
_SHOWN_THEN: Mapping[Action, tuple[OutletState, Action]] = {
    Action.ON: (OutletState.ON_PENDING, Action.ON),
    Action.ON_DELAYED: (OutletState.ON_PENDING, Action.ON_DELAYED),
    # Off is what was there first, and it stays so until the reboot is due.
    Action.REBOOT_DELAYED: (OutletState.OFF_PENDING, Action.OFF),
}

CLOSE_STEPS = frozenset({Step.CLOSE_QUEUED, Step.REBOOT_CLOSE_QUEUED, Step.PULSE_CLOSE_QUEUED})
OPEN_STEPS = frozenset({Step.OPEN_QUEUED, Step.REBOOT_QUEUED, Step.PULSE_OPEN_QUEUED})
_TO_STAY_OPEN = frozenset({Step.OPEN_QUEUED, Step.PULSE_OPEN_QUEUED})
_LEADS_TO_CLOSED = frozenset({Step.CLOSE_QUEUED, Step.REBOOT_CLOSE_QUEUED, Step.ON_DELAY})
_LEADS_TO_OPEN = _TO_STAY_OPEN | {Step.OFF_DELAY}
_PUT_OFF = {
    Step.CLOSE_QUEUED: Step.ON_DELAY,
    Step.OPEN_QUEUED: Step.OFF_DELAY,
    Step.REBOOT_QUEUED: Step.REBOOT_DELAY,
    Step.REBOOT_CLOSE_QUEUED: Step.REBOOT_OFF,
}
QUEUED_STEPS = CLOSE_STEPS | OPEN_STEPS
MOVING_STEPS = frozenset(
    {
        Step.CLOSING,
        Step.OPENING,
        Step.REBOOT_OPENING,
        Step.REBOOT_CLOSING,
        Step.PULSE_CLOSING,
    }
)
_ENDS_ON = frozenset(
    {
        Step.ON,
        Step.ON_DELAY,
        Step.CLOSE_QUEUED,
        Step.CLOSING,
        Step.REBOOT_DELAY,
        Step.REBOOT_QUEUED,
        Step.REBOOT_OPENING,
        Step.REBOOT_OFF,
        Step.REBOOT_CLOSE_QUEUED,
        Step.REBOOT_CLOSING,
    }
)
# What is still to be done and moves the relay one way, and how it is given up. What was to open
# already is not: see the module.
_STILL_TO_CLOSE = {
    Step.ON_DELAY: Action.CANCEL,
    Step.CLOSE_QUEUED: Action.CANCEL,
    Step.REBOOT_DELAY: Action.CANCEL,
    Step.REBOOT_QUEUED: Action.OFF,
    Step.REBOOT_OPENING: Action.CANCEL,
    Step.REBOOT_OFF: Action.CANCEL,
    Step.REBOOT_CLOSE_QUEUED: Action.CANCEL,
    Step.PULSE_CLOSE_QUEUED: Action.CANCEL,
}
_STILL_TO_OPEN = {
    Step.OFF_DELAY: Action.CANCEL,
    Step.REBOOT_DELAY: Action.CANCEL,
    Step.REBOOT_QUEUED: Action.CANCEL,
    Step.PULSE_ON: Action.CANCEL,
}
_OF_PULSES = frozenset(
    {
        Step.REBOOT_QUEUED,
        Step.REBOOT_OPENING,
        Step.REBOOT_OFF,
        Step.REBOOT_CLOSE_QUEUED,
        Step.REBOOT_CLOSING,
        Step.PULSE_CLOSE_QUEUED,
        Step.PULSE_CLOSING,
        Step.PULSE_ON,
        Step.PULSE_OPEN_QUEUED,
    }
)


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds that a timed step of one outlet lasts. pulse_s: the other state of a pulse."""

    on_delay_s: float
    off_delay_s: float
    reboot_s: float
    pulse_s: float


@dataclass(frozen=True, slots=True)
class OutletMachine:
    """One outlet at one instant.

    contact: what the relay is known to be, None while it moves or when nobody knows.
    deadline_s: when Trigger.TIMER is due (monotonic), None in steps without a timer.
    queued_s: since when a *_QUEUED step waits, which orders the queue. then: what is to be
    done once the relay has opened, in OPEN_QUEUED and OPENING. is_pulse: its steps are those of a
    pulse, which from on to off and back are those of a reboot with another off time.
    """

    step: Step
    contact: bool | None
    deadline_s: float | None = None
    queued_s: float = 0.0
    then: Action | None = None
    is_pulse: bool = False

    @property
    def state(self) -> OutletState:
        return self._shown[0]

    @property
    def pending(self) -> Action | None:
        return self._shown[1]

    @property
    def _shown(self) -> tuple[OutletState, Action | None]:
        return _SHOWN[self.step] if self.then is None else _SHOWN_THEN[self.then]

    @property
    def ends_on(self) -> bool:
        """Where the outlet will be once everything accepted is done."""
        if self.step in (Step.FAULT, Step.UNKNOWN):
            return bool(self.contact)
        return self.step in _ENDS_ON or self.then is not None


@dataclass(frozen=True, slots=True)
class Rest:
    """Until when (monotonic) the relay must stay as it is, by the minimum times of its outlet."""

    open_s: float
    closed_s: float

    def until_s(self, closing: bool) -> float:
        return self.open_s if closing else self.closed_s


def held(machine: OutletMachine, now_s: float, rest: Rest) -> OutletMachine:
    """The machine with what must not happen yet put off, shown as any other delay is.

    It then reads as it is, not as it will be: nobody may take an off for done that is minutes
    away. What already waits for its delay waits for the longer of both.
    """
    step = _PUT_OFF.get(machine.step, machine.step)
    if step not in _PUT_OFF.values():
        return machine
    until_s = rest.until_s(closing=step in (Step.ON_DELAY, Step.REBOOT_OFF))
    if until_s <= (now_s if machine.deadline_s is None else machine.deadline_s):
        return machine
    return replace(machine, step=step, deadline_s=until_s, queued_s=0.0)


def since_moved(machine: OutletMachine, now_s: float, moved_s: float | None) -> OutletMachine:
    """The other state of a pulse has just begun: it counts from the relay's movement, where the
    board tells when that was, and not from its answer.
    """
    if not machine.is_pulse or machine.deadline_s is None or moved_s is None:
        return machine
    return replace(machine, deadline_s=machine.deadline_s + min(0.0, moved_s - now_s))


def given_up(machine: OutletMachine, closes: bool, now_s: float, timing: Timing) -> OutletMachine:
    """The machine without what is still to be done and would close its relay, or else open it: one
    that is open already is not opened, and a reboot of it only leads to on.
    """
    if closes and machine.then is not None:
        return replace(machine, then=None)
    if not closes and machine.contact is False:
        return machine
    action = (_STILL_TO_CLOSE if closes else _STILL_TO_OPEN).get(machine.step)
    return machine if action is None else advance(machine, action, now_s, timing)


def settled(contact: bool | None) -> Step:
    """The resting step that the contact shows."""
    if contact is None:
        return Step.UNKNOWN
    return Step.ON if contact else Step.OFF


def advance(
    machine: OutletMachine, trigger: Action | Trigger, now_s: float, timing: Timing
) -> OutletMachine:
    """The machine after `trigger`; an equal one when that changes nothing."""
    then = machine.then
    if isinstance(trigger, Action):
        then = trigger if machine.step in OPEN_STEPS and trigger in _SHOWN_THEN else None
    target = TRANSITIONS[machine.step].get(trigger)
    if isinstance(trigger, Action):
        machine, target = _pulsed(machine, trigger, target)
    after = machine if target is None else enter(machine, target, now_s, timing)
    if after.step in (*_TO_STAY_OPEN, Step.OPENING):
        return replace(after, then=then)
    after = replace(after, then=None)
    return go_on(after, then, now_s, timing) if isinstance(trigger, Action) else after


def _pulsed(
    machine: OutletMachine, action: Action, target: Step | None
) -> tuple[OutletMachine, Step | None]:
    """The machine with its pulse begun or ended by an action, and where that leads.

    A reboot that ends a pulse has its whole off time, wherever the pulse was.
    """
    if target is None:
        ends = machine.is_pulse and action is Action.REBOOT
        return (replace(machine, is_pulse=False) if ends else machine), None
    if action is Action.PULSE:
        return replace(machine, is_pulse=True), target
    if not machine.is_pulse:
        return machine, target
    if target is Step.REBOOT_CLOSE_QUEUED and action is Action.REBOOT:
        target = Step.REBOOT_OFF
    return replace(machine, is_pulse=False, step=Step.UNKNOWN, deadline_s=None), target


def go_on(
    machine: OutletMachine, then: Action | None, now_s: float, timing: Timing
) -> OutletMachine:
    """The machine after what was to be done once its relay has opened, if it has."""
    if then is None or machine.step is not Step.OFF:
        return machine
    return advance(machine, then, now_s, timing)


def enter(machine: OutletMachine, step: Step, now_s: float, timing: Timing) -> OutletMachine:
    """The machine as it is on entering `step`: timers start, needless movements are skipped."""
    if (
        step is Step.SETTLED
        or (step in _LEADS_TO_CLOSED and machine.contact is True)
        or (step in _LEADS_TO_OPEN and machine.contact is False)
    ):
        step = settled(machine.contact)
    if step is machine.step and step not in (Step.ON_DELAY, Step.OFF_DELAY, Step.REBOOT_DELAY):
        return machine
    waits = {
        Step.ON_DELAY: timing.on_delay_s,
        Step.OFF_DELAY: timing.off_delay_s,
        Step.REBOOT_DELAY: timing.off_delay_s,
        Step.REBOOT_OFF: timing.pulse_s if machine.is_pulse else timing.reboot_s,
        Step.PULSE_ON: timing.pulse_s,
    }
    return replace(
        machine,
        step=step,
        is_pulse=machine.is_pulse and step in _OF_PULSES,
        contact=None if step in MOVING_STEPS else machine.contact,
        deadline_s=now_s + waits[step] if step in waits else None,
        queued_s=now_s if step in QUEUED_STEPS else 0.0,
    )
