# SPDX-License-Identifier: Apache-2.0
"""One rule as it lives in the engine: its settings, its sight and what is not remembered."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

from pdu_agent.core.rules.settings import ActionSettings, RuleSettings
from pdu_agent.core.rules.sights import Sight
from pdu_agent.core.rules.watch import Seen, Watch
from pdu_agent.core.state import OutletLive
from pdu_agent.model.record import RuleRecord

THEN, OTHERWISE, MISSING = "then", "otherwise", "on_missing"
FIRST_SIGHT_S = 60.0
"""What was never seen since the start may still be on its way; sensors are slow."""
STORM_FIRINGS = 6
"""So many of its newest actions a rule knows the times of; see limiting."""


@dataclass(slots=True)
class LiveRule:
    """condition and action: in words. Times are monotonic. wake_s: when it has to be looked at
    though nothing that it sees changes. act_s: when `then` is due while it stands. retry_s: when
    what was refused is tried again, and retry_wait_s: how long that took the last time. tried_s:
    when it was tried last. blocked: why `then` waits. met: by refused order its outlets as they
    were. given: by accepted order those that are not there yet, as they were. overruled: outlets
    that it leaves alone, as a person has decided otherwise since it acted.
    """

    number: int
    settings: RuleSettings
    sight: Sight
    watch: Watch
    seen: Seen = field(default_factory=lambda: Seen(None))
    has_seen: bool = False
    missing_s: float | None = None
    condition: str = ""
    action: str = ""
    wake_s: float = -math.inf
    act_s: float = math.inf
    retry_s: float = math.inf
    retry_wait_s: float = 0.0
    tried_s: float = -math.inf
    met: dict[str, dict[int, OutletLive]] = field(default_factory=dict)
    given: dict[str, dict[int, OutletLive]] = field(default_factory=dict)
    blocked: str = ""
    firings: deque[float] = field(default_factory=lambda: deque(maxlen=STORM_FIRINGS))
    last_s: float = -math.inf
    pause_until_s: float = -math.inf
    resets: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    overruled: frozenset[int] = frozenset()

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def source(self) -> str:
        """What its holds and alarms are called."""
        return f"rule {self.settings.name}"

    def actions(self, phase: str) -> tuple[ActionSettings, ...]:
        if phase == THEN:
            return self.settings.then
        return self.settings.otherwise if phase == OTHERWISE else self.settings.on_missing.then

    def is_enabled(self, record: RuleRecord) -> bool:
        return self.settings.enabled if record.enabled is None else record.enabled

    @property
    def patience_s(self) -> float:
        """How long nothing has to be seen for that to count."""
        after_s = self.settings.on_missing.after_s
        return after_s if self.has_seen else max(after_s, FIRST_SIGHT_S)

    def step(self, seen: Seen, now_s: float) -> bool:
        """Take one look into account; has the rule changed over?"""
        before = self.watch.stands
        settings = self.settings
        self.watch = self.watch.after(seen, now_s, settings.begins_after_s, settings.over_after_s)
        return self.watch.stands is not before

    def due_s(self, is_blind: bool) -> float:
        """When something is due if nothing else happens (monotonic)."""
        due_s = min(self.act_s, self.retry_s) if self.seen.holds else self.retry_s
        if self.missing_s is not None and not is_blind:
            due_s = min(due_s, self.missing_s + self.patience_s)
        if math.isfinite(self.pause_until_s) and not self.watch.stands:
            due_s = min(due_s, self.pause_until_s)
        # With the first sample alone nothing is due: only another one can change anything.
        if self.watch.sample_s is None or self.watch.sample_s != self.seen.sample_s:
            settings = self.settings
            due_s = min(due_s, self.watch.due_s(settings.begins_after_s, settings.over_after_s))
        return due_s

    def because(self) -> str:
        """What has happened, in words."""
        value = self.seen.value
        said = f" {value:.4g}{self.sight.unit}," if value is not None and self.sight.unit else ""
        for_s = self.settings.begins_after_s
        lasted = f" for {for_s:g} s" if for_s else ""
        return f"{self.sight.subject}{said} {self.sight.beyond}{lasted}"
