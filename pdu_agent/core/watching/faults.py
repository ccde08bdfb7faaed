# SPDX-License-Identifier: Apache-2.0
"""The alarms about outlets and branches themselves, as the rows of those show them."""

from __future__ import annotations

from collections.abc import Iterable

from pdu_agent.core.settings import RelayRef
from pdu_agent.model.commands import Target
from pdu_agent.model.snapshot import NO_FAULTS, Alarm, Fault, Faults


class StandingFaults:
    """What is out of order while these alarms stand."""

    def __init__(self, alarms: Iterable[Alarm]) -> None:
        self._of: dict[Target, Faults] = {}
        self._lost_boards: set[str] = set()
        for alarm in alarms:
            if alarm.fault is Fault.BOARD:
                self._lost_boards.add(alarm.subject)
            elif alarm.fault is not None and alarm.target is not None:
                before = self._of.get(alarm.target, NO_FAULTS)
                self._of[alarm.target] = before | {alarm.fault}

    def of(self, target: Target, relay: RelayRef | None = None) -> Faults:
        """relay: of an outlet that has one."""
        found = self._of.get(target, NO_FAULTS)
        if self._lost_boards and relay is not None and f"board {relay.bank}" in self._lost_boards:
            found |= {Fault.BOARD}
        return found
