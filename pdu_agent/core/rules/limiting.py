# SPDX-License-Identifier: Apache-2.0
"""How often a rule may act: what its settings allow, and never as a storm."""

from __future__ import annotations

import math
from datetime import datetime, tzinfo

from pdu_agent.core.engine import Desk
from pdu_agent.core.rules.live import STORM_FIRINGS, LiveRule
from pdu_agent.core.rules.memory import Memory
from pdu_agent.core.rules.settings import TriggerKind
from pdu_agent.model.snapshot import Severity

PAUSE_ALARM = "rule pause"
STORM_S = 600.0
STORM_PAUSE_S = 3600.0
"""A rule that acts more often than STORM_FIRINGS within STORM_S pauses for so long."""
DAY_LIMIT_LOOK_S = 60.0
"""So often it is asked whether a new day has begun for a rule that has used up its own."""


class Limits:
    """Decides whether a rule may do its `then` now."""

    def __init__(self, desk: Desk, memory: Memory) -> None:
        self._desk = desk
        self._memory = memory

    def block(self, rule: LiveRule, now_s: float, zone: tzinfo | None) -> str:
        """Why it may not act now, and sets when it is to be asked again; empty when it may."""
        record, settings = self._memory.record(rule), rule.settings
        today = datetime.fromtimestamp(self._desk.clock.wall_s(), zone).date().isoformat()
        if record.day != today and not record.latched:
            record = self._memory.note(rule, day=today, times_today=0)
        if now_s < rule.last_s + settings.not_more_often_s:
            rule.act_s = rule.last_s + settings.not_more_often_s
            return f"not more often than each {settings.not_more_often_s:g} s"
        if settings.times_per_day and record.times_today >= settings.times_per_day:
            return self._day_is_used_up(rule, now_s)
        rule.pause_until_s = max(rule.pause_until_s, _storm_pause_s(rule, now_s))
        if now_s < rule.pause_until_s:
            rule.act_s = rule.pause_until_s
            text = f"acted {STORM_FIRINGS} times within {STORM_S / 60:g} minutes: it pauses"
            self.raise_alarm(rule, text)
            return text
        return ""

    def end_pause(self, rule: LiveRule, now_s: float) -> None:
        """Of a rule that has nothing to do when its pause is over."""
        if -math.inf < rule.pause_until_s <= now_s and not rule.watch.stands:
            rule.pause_until_s = -math.inf
            self._desk.alarms.clear(PAUSE_ALARM, rule.source)

    def _day_is_used_up(self, rule: LiveRule, now_s: float) -> str:
        """A watchdog stays quiet until the host answers, others until the next day."""
        is_host = rule.settings.when.kind is TriggerKind.HOST
        rule.act_s = math.inf if is_host else now_s + DAY_LIMIT_LOOK_S
        if is_host:
            self._memory.note(rule, latched=True)
        ends = "until the host answers or it is enabled anew" if is_host else "until tomorrow"
        text = f"acted {rule.settings.times_per_day} times today, it pauses {ends}"
        self.raise_alarm(rule, text)
        return text

    def raise_alarm(self, rule: LiveRule, text: str) -> None:
        self._desk.alarms.set(PAUSE_ALARM, rule.source, Severity.WARNING, text)


def _storm_pause_s(rule: LiveRule, now_s: float) -> float:
    """Until when it pauses for the storm that it has just made; minus infinity for none."""
    if len(rule.firings) < STORM_FIRINGS or now_s - rule.firings[0] >= STORM_S:
        return -math.inf
    rule.firings.clear()
    return now_s + STORM_PAUSE_S
