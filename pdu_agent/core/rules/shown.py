# SPDX-License-Identifier: Apache-2.0
"""Rules as faces see them: a row each, and what they will do to an outlet next."""

from __future__ import annotations

import math
from collections.abc import Callable

from pdu_agent.core.rules.live import MISSING, OTHERWISE, THEN, LiveRule
from pdu_agent.core.rules.settings import ActionSettings, RuleSettings
from pdu_agent.core.rules.sights import Sight
from pdu_agent.model.control import NextChange, Rule, RuleState
from pdu_agent.model.record import RuleRecord


def shown(rule: LiveRule, record: RuleRecord, outlets: tuple[int, ...]) -> Rule:
    """outlets: see Rule."""
    return Rule(
        number=rule.number,
        name=rule.name,
        enabled=rule.is_enabled(record),
        condition=rule.condition,
        action=rule.action,
        state=_state(rule, record),
        since_wall_s=record.since_wall_s,
        value=rule.seen.value,
        fired=record.fired,
        last_wall_s=record.last_wall_s,
        outcome=rule.blocked or record.outcome,
        outlets=outlets,
    )


def condition_of(settings: RuleSettings, sight: Sight) -> str:
    for_s = settings.begins_after_s
    lasting = f" for {for_s:g} s" if for_s else ""
    return f"{sight.subject} {sight.beyond}{lasting}"


def action_of(settings: RuleSettings) -> str:
    return ", ".join(_words(action) for action in settings.then)


def _words(action: ActionSettings) -> str:
    if action.hook:
        return f"hook {action.hook}"
    if action.alarm:
        return f"{action.alarm} alarm"
    if action.group is not None:
        return f"group {action.group} {action.switch}"
    plural = "s" if len(action.outlets) > 1 else ""
    return f"outlet{plural} {' '.join(map(str, action.outlets))} {action.switch}"


def _state(rule: LiveRule, record: RuleRecord) -> RuleState:
    if not rule.is_enabled(record):
        return RuleState.DISABLED
    if record.blind:
        return RuleState.BLIND
    if rule.blocked:
        return RuleState.PAUSED
    if record.active:
        return RuleState.ACTIVE
    return RuleState.WAITING if rule.watch.leans else RuleState.IDLE


def next_change_of(
    rule: LiveRule,
    record: RuleRecord,
    outlet: int,
    members: Callable[[ActionSettings], tuple[int, ...]],
    now_s: float,
    wall_s: float,
) -> NextChange | None:
    """What the rule does to the outlet when it changes over, as it stands now."""
    phase = OTHERWISE if record.active else THEN
    if record.unsettled:
        phase = MISSING
    found = [each for each in rule.actions(phase) if each.switch and outlet in members(each)]
    action = found[0].action if found else None
    if action is None or phase == MISSING:
        return None
    sight = rule.sight
    words = sight.back if record.active else sight.beyond
    due_s = math.inf
    if rule.watch.leans is (not record.active):
        settings = rule.settings
        due_s = rule.watch.due_s(settings.begins_after_s, settings.over_after_s)
    when = wall_s + max(0.0, due_s - now_s) if math.isfinite(due_s) else None
    text = f"{action.value} when {sight.subject} is {words}"
    return NextChange(rule.source, action, when, text)
