# SPDX-License-Identifier: Apache-2.0
"""What an outlet does when its board is met again: adopt, finish, or apply its policy.

A process restart moves no relay but to finish what was acknowledged; a board that lost
its power applies each outlet's policy.
"""

from __future__ import annotations

from dataclasses import replace

from pdu_agent.core.outlets.outlet import OutletMachine, Timing, enter, go_on, settled
from pdu_agent.core.outlets.steps import Step
from pdu_agent.core.state import OutletLive
from pdu_agent.core.switching.holds import against
from pdu_agent.model.commands import Lock, PowerUp, Rank

_FINISH_CLOSED = frozenset({Step.CLOSE_QUEUED, Step.CLOSING})
_FINISH_OPEN = frozenset({Step.OPEN_QUEUED, Step.OPENING, Step.PULSE_OPEN_QUEUED})
_FINISH_REBOOT_CLOSE = frozenset({Step.REBOOT_CLOSE_QUEUED, Step.REBOOT_CLOSING})
_FINISH_REBOOT_OPEN = frozenset({Step.REBOOT_QUEUED, Step.REBOOT_OPENING})
# A timed step is believed only while the contact is where that step had left it.
_TIMED = {
    Step.ON_DELAY: False,
    Step.OFF_DELAY: True,
    Step.REBOOT_OFF: False,
    Step.PULSE_ON: True,
}
# A pulse whose relay has not moved is done yet; one whose relay may have closed is ended.
_PULSE_BEGUN = frozenset({Step.PULSE_CLOSE_QUEUED, Step.PULSE_CLOSING})


def resume(
    machine: OutletMachine, contact: bool | None, now_s: float, timing: Timing
) -> OutletMachine:
    """The recorded machine joined with the relay as found on a board that kept its power."""
    found = replace(machine, contact=contact)
    step = machine.step
    if step in _FINISH_CLOSED:
        return enter(replace(found, step=Step.UNKNOWN), Step.CLOSE_QUEUED, now_s, timing)
    if step in _FINISH_OPEN:
        begin = Step.PULSE_OPEN_QUEUED if step is Step.PULSE_OPEN_QUEUED else Step.OPEN_QUEUED
        open_first = enter(replace(found, step=Step.UNKNOWN), begin, now_s, timing)
        return go_on(open_first, machine.then, now_s, timing)
    if step in _FINISH_REBOOT_CLOSE:
        return enter(replace(found, step=Step.UNKNOWN), Step.REBOOT_CLOSE_QUEUED, now_s, timing)
    if step in _FINISH_REBOOT_OPEN:
        begin = Step.REBOOT_OFF if contact is False else Step.REBOOT_QUEUED
        return enter(replace(found, step=Step.UNKNOWN), begin, now_s, timing)
    if step in _PULSE_BEGUN and contact is False:
        return enter(replace(found, step=Step.UNKNOWN), Step.PULSE_CLOSE_QUEUED, now_s, timing)
    if step in _PULSE_BEGUN:
        return enter(replace(found, step=Step.UNKNOWN), Step.PULSE_OPEN_QUEUED, now_s, timing)
    if step is Step.REBOOT_DELAY or _TIMED.get(step) is contact is not None:
        return replace(found, deadline_s=_deadline(machine, step, now_s, timing))
    return replace(found, step=settled(contact), deadline_s=None)


def power_up(policy: PowerUp, live: OutletLive, now_s: float, delay_s: float) -> OutletMachine:
    """The outlet of a board that lost its power: all relays are open, the policy decides.

    A lock outranks the policy: an outlet locked on comes back on, one locked off stays off. So
    does whatever keeps it off: one that was shed or has tripped stays off, even if it is locked on.
    """
    wish = {PowerUp.ON: True, PowerUp.OFF: False, PowerUp.LAST: live.target_on}[policy]
    rank = Rank.SCHEDULE
    if live.lock is not Lock.UNLOCKED:
        wish, rank = live.lock is Lock.LOCKED_ON, Rank.LOCK
    wish = wish and not against(live, closes=True, opens=False, rank=rank)
    if not wish:
        return OutletMachine(Step.OFF, False)
    if delay_s > 0:
        return OutletMachine(Step.ON_DELAY, False, deadline_s=now_s + delay_s)
    return OutletMachine(Step.CLOSE_QUEUED, False, queued_s=now_s)


def _deadline(machine: OutletMachine, step: Step, now_s: float, timing: Timing) -> float:
    """The stored deadline, or a full wait when the clock that it refers to has started anew."""
    full_s = {
        Step.ON_DELAY: timing.on_delay_s,
        Step.OFF_DELAY: timing.off_delay_s,
        Step.REBOOT_DELAY: timing.off_delay_s,
        Step.REBOOT_OFF: timing.pulse_s if machine.is_pulse else timing.reboot_s,
        Step.PULSE_ON: timing.pulse_s,
    }[step]
    if machine.deadline_s is None:
        return now_s + full_s
    return machine.deadline_s
