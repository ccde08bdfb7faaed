# SPDX-License-Identifier: Apache-2.0
"""The steps that an outlet goes through, and what leads from one to the next, as a table.

A step is finer than the OutletState that readers see. The relay itself moves only between
a *_QUEUED step and its successor: the scheduler grants a slot (Trigger.SLOT), the board
answers with MATCHES or DIFFERS. A trigger that a step does not list leaves it as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from pdu_agent.model.commands import Action


class Step(Enum):
    ON = "on"
    OFF = "off"
    ON_DELAY = "on delay"
    OFF_DELAY = "off delay"
    REBOOT_DELAY = "reboot delay"
    CLOSE_QUEUED = "close queued"
    CLOSING = "closing"
    OPEN_QUEUED = "open queued"
    OPENING = "opening"
    REBOOT_QUEUED = "reboot queued"
    REBOOT_OPENING = "reboot opening"
    REBOOT_OFF = "reboot off"
    REBOOT_CLOSE_QUEUED = "reboot close queued"
    REBOOT_CLOSING = "reboot closing"
    PULSE_CLOSE_QUEUED = "pulse close queued"
    PULSE_CLOSING = "pulse closing"
    PULSE_ON = "pulse on"
    PULSE_OPEN_QUEUED = "pulse open queued"
    FAULT = "fault"
    UNKNOWN = "unknown"
    SETTLED = "settled"
    """Never rests here: stands for ON, OFF or UNKNOWN, whichever the contact shows."""


class Trigger(Enum):
    """What happens to an outlet besides the commands of Action."""

    TIMER = "timer"  # the deadline passed
    SLOT = "slot"  # the scheduler lets the relay move now
    MATCHES = "matches"  # the board reads back what was written
    DIFFERS = "differs"  # it does not, or the write failed
    LOST = "lost"  # the board stopped answering


Moves = dict[Action | Trigger, Step]

_FROM_ANYWHERE: Moves = {
    Action.ON: Step.CLOSE_QUEUED,
    Action.OFF: Step.OPEN_QUEUED,
    Action.REBOOT: Step.REBOOT_QUEUED,
    Action.ON_DELAYED: Step.ON_DELAY,
    Action.OFF_DELAYED: Step.OFF_DELAY,
    Action.REBOOT_DELAYED: Step.REBOOT_DELAY,
}
# Any command replaces what is pending. Where the contact is then no row can know, since a
# pending command may itself have replaced another: `enter` looks at it.
_PENDING: Moves = _FROM_ANYWHERE | {Action.CANCEL: Step.SETTLED}
_OPEN_QUEUED: Moves = {
    Action.REBOOT: Step.REBOOT_QUEUED,
    Action.CANCEL: Step.SETTLED,
    Trigger.SLOT: Step.OPENING,
}

TRANSITIONS: Mapping[Step, Moves] = {
    Step.ON: {
        Action.OFF: Step.OPEN_QUEUED,
        Action.REBOOT: Step.REBOOT_QUEUED,
        Action.OFF_DELAYED: Step.OFF_DELAY,
        Action.REBOOT_DELAYED: Step.REBOOT_DELAY,
        Action.PULSE: Step.REBOOT_QUEUED,
        Trigger.LOST: Step.UNKNOWN,
        Trigger.DIFFERS: Step.FAULT,
    },
    Step.OFF: {
        Action.ON: Step.CLOSE_QUEUED,
        Action.REBOOT: Step.REBOOT_OFF,
        Action.ON_DELAYED: Step.ON_DELAY,
        Action.REBOOT_DELAYED: Step.REBOOT_DELAY,
        Action.PULSE: Step.PULSE_CLOSE_QUEUED,
        Trigger.LOST: Step.UNKNOWN,
        Trigger.DIFFERS: Step.FAULT,
    },
    Step.ON_DELAY: _PENDING | {Trigger.TIMER: Step.CLOSE_QUEUED},
    Step.OFF_DELAY: _PENDING | {Trigger.TIMER: Step.OPEN_QUEUED},
    Step.REBOOT_DELAY: _PENDING | {Trigger.TIMER: Step.REBOOT_QUEUED},
    Step.CLOSE_QUEUED: _PENDING | {Trigger.SLOT: Step.CLOSING, Trigger.LOST: Step.FAULT},
    Step.CLOSING: {
        Trigger.MATCHES: Step.ON,
        Trigger.DIFFERS: Step.FAULT,
        Trigger.LOST: Step.FAULT,
        Action.OFF: Step.OPEN_QUEUED,
        Action.REBOOT: Step.REBOOT_QUEUED,
        Action.OFF_DELAYED: Step.OFF_DELAY,
        Action.REBOOT_DELAYED: Step.REBOOT_DELAY,
    },
    Step.OPEN_QUEUED: _OPEN_QUEUED | {Trigger.LOST: Step.FAULT},
    Step.OPENING: {
        Trigger.MATCHES: Step.OFF,
        Trigger.DIFFERS: Step.FAULT,
        Trigger.LOST: Step.FAULT,
        Action.ON: Step.CLOSE_QUEUED,
        Action.REBOOT: Step.REBOOT_OPENING,
        Action.ON_DELAYED: Step.ON_DELAY,
        Action.REBOOT_DELAYED: Step.REBOOT_DELAY,
    },
    Step.REBOOT_QUEUED: {
        Action.ON: Step.OPEN_QUEUED,
        Action.OFF: Step.OPEN_QUEUED,
        Action.ON_DELAYED: Step.OPEN_QUEUED,
        Action.OFF_DELAYED: Step.OPEN_QUEUED,
        Action.CANCEL: Step.SETTLED,
        Trigger.SLOT: Step.REBOOT_OPENING,
        Trigger.LOST: Step.FAULT,
    },
    Step.REBOOT_OPENING: {
        Trigger.MATCHES: Step.REBOOT_OFF,
        Trigger.DIFFERS: Step.FAULT,
        Trigger.LOST: Step.FAULT,
        Action.ON: Step.CLOSE_QUEUED,
        Action.OFF: Step.OPENING,
        Action.OFF_DELAYED: Step.OPENING,
        Action.CANCEL: Step.OPENING,
        Action.ON_DELAYED: Step.ON_DELAY,
        Action.REBOOT_DELAYED: Step.REBOOT_DELAY,
    },
    # A board that goes away in the off time must not strand the outlet: the reboot is
    # finished when it returns, so LOST changes nothing here and in the next step.
    Step.REBOOT_OFF: _PENDING
    | {
        Action.REBOOT: Step.REBOOT_OFF,
        Action.REBOOT_DELAYED: Step.REBOOT_OFF,
        Trigger.TIMER: Step.REBOOT_CLOSE_QUEUED,
    },
    Step.REBOOT_CLOSE_QUEUED: _PENDING
    | {
        Action.ON: Step.REBOOT_CLOSE_QUEUED,
        Action.REBOOT: Step.REBOOT_CLOSE_QUEUED,
        Trigger.SLOT: Step.REBOOT_CLOSING,
    },
    Step.REBOOT_CLOSING: {
        Trigger.MATCHES: Step.ON,
        Trigger.DIFFERS: Step.FAULT,
        Trigger.LOST: Step.FAULT,
        Action.OFF: Step.OPEN_QUEUED,
        Action.REBOOT: Step.REBOOT_QUEUED,
        Action.OFF_DELAYED: Step.OFF_DELAY,
        Action.REBOOT_DELAYED: Step.REBOOT_DELAY,
    },
    Step.PULSE_CLOSE_QUEUED: _PENDING
    | {Trigger.SLOT: Step.PULSE_CLOSING, Trigger.LOST: Step.FAULT},
    # From here on a board that goes away must not leave the outlet on: it goes off when it returns.
    Step.PULSE_CLOSING: {
        Trigger.MATCHES: Step.PULSE_ON,
        Trigger.DIFFERS: Step.FAULT,
        Trigger.LOST: Step.PULSE_OPEN_QUEUED,
        Action.ON: Step.CLOSING,
        Action.ON_DELAYED: Step.CLOSING,
        Action.CANCEL: Step.CLOSING,
        Action.OFF: Step.OPEN_QUEUED,
        Action.REBOOT: Step.REBOOT_QUEUED,
        Action.OFF_DELAYED: Step.OFF_DELAY,
        Action.REBOOT_DELAYED: Step.REBOOT_DELAY,
    },
    Step.PULSE_ON: _PENDING | {Trigger.TIMER: Step.PULSE_OPEN_QUEUED},
    Step.PULSE_OPEN_QUEUED: _OPEN_QUEUED,
    Step.FAULT: _FROM_ANYWHERE,
    # A cancel while the relay moves leaves it where it arrives.
    Step.UNKNOWN: _FROM_ANYWHERE | {Trigger.MATCHES: Step.SETTLED, Trigger.DIFFERS: Step.FAULT},
}
