# SPDX-License-Identifier: Apache-2.0
"""Rules whose turn failed by a fault of this software: each rests by itself, and is told of."""

from __future__ import annotations

import logging
import math

from pdu_agent.core.engine import Desk
from pdu_agent.core.rules.live import LiveRule
from pdu_agent.model.snapshot import Severity

log = logging.getLogger(__name__)

FAULT_ALARM = "rule fault"
REST_S = 1.0
"""So long after a fault a rule gets its next turn."""
QUIET_S = 600.0
"""The alarm ends when there was no fault for so long."""


class Faults:
    """By the sources of the rules; times are monotonic."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._told: dict[str, str] = {}
        self._rest_s: dict[str, float] = {}
        self._quiet_s: dict[str, float] = {}

    def rests(self, rule: LiveRule) -> bool:
        return self._desk.clock.monotonic_s() < self._rest_s.get(rule.source, -math.inf)

    def note(self, rule: LiveRule, error: Exception) -> None:
        now_s, source = self._desk.clock.monotonic_s(), rule.source
        self._rest_s[source], self._quiet_s[source] = now_s + REST_S, now_s + QUIET_S
        rule.wake_s = now_s + REST_S
        text = f"{type(error).__name__}: {error}"
        if self._told.get(source) == text:
            return
        self._told[source] = text
        log.error("%s failed", source, exc_info=error)
        words = f"a fault of this software in {source}: {text[:200]}"
        self._desk.alarms.set(FAULT_ALARM, source, Severity.CRITICAL, words)

    def end_quiet(self) -> None:
        now_s = self._desk.clock.monotonic_s()
        for source in [each for each, until_s in self._quiet_s.items() if now_s >= until_s]:
            self.forget(source)

    def forget(self, source: str) -> None:
        if self._quiet_s.pop(source, None) is not None:
            del self._told[source], self._rest_s[source]
            self._desk.alarms.clear(FAULT_ALARM, source)

    def next_s(self) -> float:
        return min(self._quiet_s.values(), default=math.inf)
