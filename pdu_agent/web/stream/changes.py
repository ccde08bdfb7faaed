# SPDX-License-Identifier: Apache-2.0
"""What differs between two snapshots of which a stream tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from operator import attrgetter

from pdu_agent.model.snapshot import Alarm, Outlet, Snapshot

_READINGS = ("meter", "pending_s", "wear")
"""Of an outlet: they move all the time, and the readings tell of them."""
_state = attrgetter(*(each.name for each in fields(Outlet) if each.name not in _READINGS))


def changed_outlets(before: Snapshot, after: Snapshot) -> Iterator[Outlet]:
    """Those that are new, or of which more has changed than what they draw."""
    old = {row.index: row for row in before.outlets}
    for row in after.outlets:
        was = old.get(row.index)
        if was is None or (was is not row and _state(was) != _state(row)):
            yield row


def changed_alarms(before: Snapshot, after: Snapshot) -> Iterator[tuple[str, Alarm]]:
    """(raised, changed, acknowledged or cleared; the alarm as it is, or as it was last)."""
    if before.alarms is after.alarms:
        return
    old = {row.id: row for row in before.alarms}
    for row in after.alarms:
        was = old.pop(row.id, None)
        if was is None:
            yield "raised", row
        elif was != row:
            acknowledged = row.acknowledged and not was.acknowledged
            yield "acknowledged" if acknowledged else "changed", row
    for row in old.values():
        yield "cleared", row
