# SPDX-License-Identifier: Apache-2.0
"""What is remembered of rules, in the rows of the record."""

from __future__ import annotations

from dataclasses import replace

from pdu_agent.core.rules.live import LiveRule
from pdu_agent.core.state import CoreState
from pdu_agent.model.record import RuleRecord

NEW = RuleRecord()


def anew(record: RuleRecord) -> RuleRecord:
    """What stays of the row of a rule that was out of force: its history, and nothing of what it
    was about.
    """
    return RuleRecord(
        enabled=record.enabled,
        fired=record.fired,
        last_wall_s=record.last_wall_s,
        outcome=record.outcome,
        resets=record.resets,
    )


class Memory:
    """Reads and changes the rows; an accepted batch saves them with itself."""

    def __init__(self, state: CoreState) -> None:
        self._state = state

    def named(self, name: str) -> RuleRecord:
        return self._state.rules.get(name, NEW)

    def record(self, rule: LiveRule) -> RuleRecord:
        return self._state.rules.get(rule.name, NEW)

    def reset(self, rule: LiveRule) -> None:
        self._state.rules[rule.name] = anew(self.record(rule))

    def note(self, rule: LiveRule, **changes: object) -> RuleRecord:
        """changes: columns of the row."""
        record = replace(self.record(rule), **changes)  # type: ignore[arg-type]
        self._state.rules[rule.name] = record
        return record
