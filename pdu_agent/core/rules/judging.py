# SPDX-License-Identifier: Apache-2.0
"""Judges whether a rule may be put in or out of force, on a draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pdu_agent.core.rules.live import LiveRule
from pdu_agent.core.rules.memory import NEW, anew
from pdu_agent.core.state import CoreState
from pdu_agent.core.switching.holds import without_hold
from pdu_agent.model.commands import EnableRule
from pdu_agent.model.errors import UnknownTarget


def enable(rules: Mapping[str, LiveRule], draft: CoreState, command: EnableRule) -> None:
    """Enabling one that is enabled resets its limits; a relay moves by neither."""
    rule = rules.get(command.rule)
    if rule is None:
        from difflib import get_close_matches  # here: most agents never need it

        near = get_close_matches(command.rule, rules, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise UnknownTarget(f"there is no rule {command.rule[:40]!r}{hint}")
    record = draft.rules.get(rule.name, NEW)
    if rule.is_enabled(record) is not command.enabled:
        draft.rules[rule.name] = replace(
            anew(record),
            enabled=None if command.enabled is rule.settings.enabled else command.enabled,
            resets=record.resets + 1,
        )
    elif command.enabled and (record.latched or rule.blocked):
        draft.rules[rule.name] = replace(
            record,
            latched=False,
            times_today=0,
            back_off_s=0.0,
            paused_until_wall_s=None,
            resets=record.resets + 1,
        )
    if not command.enabled:
        for number, live in draft.outlets.items():
            draft.outlets[number] = without_hold(live, rule.source)
