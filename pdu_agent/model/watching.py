# SPDX-License-Identifier: Apache-2.0
"""What is watched and what came of it: thresholds, alarms and the event log."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pdu_agent.model.terms import Limit, Quantity, Target


class Severity(Enum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class ThresholdState(Enum):
    """Which limit is passed; UNKNOWN while there is no value."""

    NORMAL = "normal"
    LOW_CRITICAL = "low critical"
    LOW_WARNING = "low warning"
    HIGH_WARNING = "high warning"
    HIGH_CRITICAL = "high critical"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Threshold:
    """Limits for one quantity of one target, in the quantity's unit.

    low_critical < low_warning < high_warning < high_critical holds for those in `enabled`;
    the others are kept, but watch nothing. value is the newest one, None while unknown.
    """

    target: Target
    quantity: Quantity
    low_critical: float
    low_warning: float
    high_warning: float
    high_critical: float
    hysteresis: float
    delay_s: float
    enabled: frozenset[Limit]
    state: ThresholdState
    value: float | None


@dataclass(frozen=True, slots=True)
class Crossing:
    """What a threshold alarm is about: the value that passed `limit`, or came back."""

    quantity: Quantity
    state: ThresholdState
    value: float
    limit: float


class Fault(Enum):
    """What is wrong with an outlet or a branch itself. A value is also the kind of its alarm.

    WELDED: off, but current flows. FUSE: on, but no voltage arrives. RELAY: it does not do as
    told, or moved by itself. BOARD: that of its relay does not answer.
    """

    WELDED = "welded"
    FUSE = "fuse"
    RELAY = "relay"
    BOARD = "board"


Faults = frozenset[Fault]
NO_FAULTS: Faults = frozenset()
_FAULT_OF_KIND = {fault.value: fault for fault in Fault}


@dataclass(frozen=True, slots=True)
class Alarm:
    """A condition that lasts. `subject` names the thing ("outlet 3", "board main").

    target is the thing where it is an inlet, outlet or sensor; crossing goes with the
    alarms of thresholds (kind "threshold").
    """

    id: int
    kind: str
    severity: Severity
    subject: str
    text: str
    since_wall_s: float
    target: Target | None = None
    crossing: Crossing | None = None
    acknowledged: bool = False

    @property
    def fault(self) -> Fault | None:
        """Which fault it tells of; None for an alarm about something else."""
        return _FAULT_OF_KIND.get(self.kind)


class EventKind(Enum):
    """What a log entry or a notification tells."""

    OUTLET_STATE = "outlet state"
    COMMAND_ACCEPTED = "command accepted"
    COMMAND_FAILED = "command failed"
    THRESHOLD_RAISED = "threshold raised"
    THRESHOLD_CLEARED = "threshold cleared"
    SENSOR_STATUS = "sensor status"
    HARDWARE_FAULT = "hardware fault"
    HARDWARE_CLEARED = "hardware cleared"
    CONFIGURATION = "configuration"
    STARTED = "started"
    PLAN_RAN = "plan ran"
    PLAN_SKIPPED = "plan skipped"
    RULE_FIRED = "rule fired"
    RULE_ENDED = "rule ended"
    SHED = "shed"
    RESTORED = "restored"
    TRIPPED = "tripped"
    HOOK_FAILED = "hook failed"
    STOP_ENDED = "stop ended"
    STOP_ABORTED = "stop aborted"
    RELOADED = "reloaded"
    RELOAD_FAILED = "reload failed"
    UPS_CHANGED = "ups changed"


KEPT_EVENTS = 256
"""So many of the newest entries of the event log are shown, and found again at a start."""
LAST_EVENT = 2**32 - 1


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One line of the event log. number: 1 and up, growing over the device's life, wrapping
    after LAST_EVENT. user: str(Actor) of whoever caused it, empty when nobody did.
    """

    number: int
    t_wall_s: float
    kind: EventKind
    severity: Severity
    target: Target | None
    text: str
    user: str
