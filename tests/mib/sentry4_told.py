# SPDX-License-Identifier: Apache-2.0
"""What Sentry4-MIB sends for an event, as one line of names and values each."""

from __future__ import annotations

from dataclasses import replace

from pdu_agent.mib_impl.notifications import Notification, Notifications
from pdu_agent.mib_impl.sentry4 import sentry4_module
from pdu_agent.model.commands import NotificationClass, Quantity, Target
from pdu_agent.model.events import AlarmRaised, Event
from pdu_agent.model.snapshot import Alarm, Crossing, Severity, Snapshot, ThresholdState
from tests.mib.sentry4 import SENTRY4, plainly, strip
from tests.mib.unit import WALL_S

EVERYTHING = frozenset(NotificationClass)

# The MIB's objects by their places, so that the answers below can be read.
NAMES = {
    ".".join(map(str, (*group.base, declared.number))): declared.name.removeprefix("st4")
    for group in sentry4_module().groups
    for declared in group.objects
}


def told(event: Event, snapshot: Snapshot | None = None) -> tuple[Notification, ...]:
    notifications = Notifications((sentry4_module(),), lambda: 7.0)
    at = strip() if snapshot is None else snapshot
    at = at if at.notifying else replace(at, notifying=EVERYTHING)
    return notifications.of(event, at)


def answers(event: Event, snapshot: Snapshot | None = None) -> list[str]:
    """One line for each notification: its number, then its varbinds in order."""
    return [_line(each) for each in told(event, snapshot)]


def _line(notification: Notification) -> str:
    assert notification.oid[:-1] == (*SENTRY4, 100, 0)
    words = [str(notification.oid[-1])]
    for oid, value in notification.varbinds:
        suffix = oid[len(SENTRY4) + 1 :]
        length = next(n for n in range(len(suffix)) if ".".join(map(str, suffix[:n])) in NAMES)
        index = ".".join(map(str, suffix[length:]))
        name = NAMES[".".join(map(str, suffix[:length]))]
        words.append(f"{name}.{index}={plainly(value.content)}")
    return " ".join(words)


def told_as(number: int, *varbinds: str, text: str, error: bool) -> str:
    return " ".join(
        (
            str(number),
            'SystemLocation.0="Hall 2"',
            *varbinds,
            f'EventStatusText.0="{text}"',
            f"EventStatusCondition.0={int(error)}",
        )
    )


def crossing_of(
    target: Target, quantity: Quantity, state: ThresholdState, value: float
) -> AlarmRaised:
    crossing = Crossing(quantity, state, value, 1.0)
    alarm = Alarm(3, "threshold", Severity.WARNING, str(target), "", WALL_S, target, crossing)
    return AlarmRaised(WALL_S, alarm)
