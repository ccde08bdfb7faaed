# SPDX-License-Identifier: Apache-2.0
"""A rule as it goes on after a start or a reload, from its settings and its row."""

from __future__ import annotations

from collections.abc import Mapping

from pdu_agent.core.engine import Desk
from pdu_agent.core.rules.doing import Doing
from pdu_agent.core.rules.live import LiveRule
from pdu_agent.core.rules.settings import RuleSettings
from pdu_agent.core.rules.shown import action_of, condition_of
from pdu_agent.core.rules.sights import Around, sight_of
from pdu_agent.core.rules.watch import Watch
from pdu_agent.model.record import RuleRecord
from pdu_agent.model.snapshot import SensorKind


def rule_of(
    number: int,
    settings: RuleSettings,
    record: RuleRecord,
    kinds: Mapping[int, SensorKind],
    desk: Desk,
    doing: Doing,
) -> LiveRule:
    """kinds: of the sensors."""
    around = Around(desk.state, desk.values, kinds, lambda: doing.outlets_of(settings.then))
    sight = sight_of(settings.when, around)
    sight.armed = record.armed
    watch = Watch(None if record.unsettled else record.active)
    rule = LiveRule(number, settings, sight, watch, resets=record.resets)
    rule.condition, rule.action = condition_of(settings, sight), action_of(settings)
    now_s, wall_s = desk.clock.monotonic_s(), desk.clock.wall_s()
    last_wall_s = record.last_wall_s
    if record.paused_until_wall_s is not None:
        # A clock that is not set yet makes no pause longer than it was.
        passed_wall_s = wall_s if last_wall_s is None else max(wall_s, last_wall_s)
        rule.act_s = now_s + max(0.0, record.paused_until_wall_s - passed_wall_s)
    if last_wall_s is not None:
        rule.last_s = now_s - max(0.0, wall_s - last_wall_s)
    if record.undone:
        rule.retry_s = now_s
    return rule
