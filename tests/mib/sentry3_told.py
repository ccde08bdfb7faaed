# SPDX-License-Identifier: Apache-2.0
"""What Sentry3-MIB sends for an event, and events of all kinds."""

from __future__ import annotations

from pdu_agent.mib_impl.notifications import Notification, Notifications
from pdu_agent.mib_impl.schema import MibModule
from pdu_agent.mib_impl.sentry3 import SENTRY3, sentry3_module
from pdu_agent.model.commands import Quantity, Target
from pdu_agent.model.events import Event, OutletChanged
from pdu_agent.model.snapshot import (
    Alarm,
    ChangeReason,
    Crossing,
    OutletState,
    Severity,
    Snapshot,
    ThresholdState,
)
from tests.mib.sentry3_unit import oid, strip
from tests.mib.unit import WALL_S

MODULE: MibModule = sentry3_module()
NORMAL, LOW = ThresholdState.NORMAL, ThresholdState.LOW_WARNING
HIGH, OVER = ThresholdState.HIGH_WARNING, ThresholdState.HIGH_CRITICAL

Sent = tuple[int, list[tuple[str, object]]]


def told(event: Event, at: Snapshot | None = None) -> list[Notification]:
    found = Notifications([MODULE], lambda: 101.5).of(event, strip() if at is None else at)
    return list(found)


def sent(event: Event, at: Snapshot | None = None) -> list[Sent]:
    """The number of each notification, and its varbinds in order, by suffix."""
    found: list[Sent] = []
    for notification in told(event, at):
        assert notification.oid[:-1] == oid("100.0")
        varbinds: list[tuple[str, object]] = [
            (".".join(map(str, name[len(SENTRY3) :])), value.content)
            for name, value in notification.varbinds
        ]
        found.append((notification.oid[-1], varbinds))
    return found


def with_ends(
    varbinds: list[tuple[str, object]], text: bytes, condition: int
) -> list[tuple[str, object]]:
    return [("1.3.0", b"Hall 2"), *varbinds, ("99.1.0", text), ("99.2.0", condition)]


def changed(old: OutletState, new: OutletState, outlet: int = 1) -> OutletChanged:
    return OutletChanged(WALL_S, outlet, old, new, ChangeReason.SNMP, None)


def crossed(target: Target, quantity: Quantity, state: ThresholdState, value: float) -> Alarm:
    crossing = Crossing(quantity, state, value, 1.0)
    return Alarm(1, "threshold", Severity.WARNING, str(target), "", WALL_S, target, crossing)


ON, OFF, FAULT, UNKNOWN = OutletState.ON, OutletState.OFF, OutletState.FAULT, OutletState.UNKNOWN
