# SPDX-License-Identifier: Apache-2.0
"""What was refused to a rule: tried again after a minute, then after twice as long each time."""

from __future__ import annotations

import math
from collections.abc import Iterable

from pdu_agent.core.rules.live import LiveRule
from pdu_agent.core.rules.memory import Memory
from pdu_agent.core.state import CoreState
from pdu_agent.core.switching.holds import LEADS_TO_ON
from pdu_agent.model.commands import Action, Rank

RETRY_S = 60.0
LONGEST_RETRY_S = 3600.0


class Retries:
    """Keeps what a rule still has to do, by the keys of `doing`; see RuleRecord.undone."""

    def __init__(self, state: CoreState, memory: Memory) -> None:
        self._state = state
        self._memory = memory

    def forget(self, rule: LiveRule) -> None:
        self._memory.note(rule, undone=())
        rule.retry_s, rule.retry_wait_s = math.inf, 0.0

    def note(self, rule: LiveRule, now_s: float) -> None:
        """Some orders were given: what of them was refused is to be tried again."""
        undone = tuple(key for key, _ in rule.refused)
        self._memory.note(rule, undone=undone)
        rule.retry_s = math.inf
        rule.changed = {key: self._changed(key) for key in undone}
        if undone:
            rule.retry_wait_s = min(max(RETRY_S, 2 * rule.retry_wait_s), LONGEST_RETRY_S)
            rule.retry_s = now_s + rule.retry_wait_s

    def due(self, rule: LiveRule, now_s: float) -> tuple[str, ...]:
        """The keys that are to be tried now. What a person has ordered meanwhile prevails."""
        undone = self._memory.record(rule).undone
        if not undone or now_s < rule.retry_s:
            return ()
        left = tuple(key for key in undone if not self._is_overruled(rule, key))
        if not left:
            self.forget(rule)
        return left

    def overruled(self, rule: LiveRule, wanted: Iterable[tuple[int, Action]]) -> frozenset[int]:
        """Those of the outlets that a person has ordered otherwise since the rule acted. wanted:
        outlet and action. What was refused to the rule is another matter: see `due`.
        """
        open_keys = {key.split(maxsplit=2)[2]: key for key in self._memory.record(rule).undone}
        return frozenset(
            outlet
            for outlet, action in wanted
            if self._is_against(outlet, action)
            and (str(outlet) not in open_keys or self._is_overruled(rule, open_keys[str(outlet)]))
        )

    def _is_against(self, outlet: int, action: Action) -> bool:
        live = self._state.outlets.get(outlet)
        if live is None or live.actor is None or live.actor.rank is not Rank.PERSON:
            return False
        return LEADS_TO_ON.get(action) is not live.target_on

    def _is_overruled(self, rule: LiveRule, key: str) -> bool:
        _, switch, outlet = key.split(maxsplit=2)
        live = self._state.outlets.get(int(outlet)) if outlet.isdigit() else None
        if live is None or live.actor is None or live.actor.rank is not Rank.PERSON:
            return False
        is_new = self._changed(key) != rule.changed.get(key, self._changed(key))
        return is_new and live.target_on is (switch == "off")

    def _changed(self, key: str) -> float | None:
        """When its outlet was last switched."""
        outlet = key.split(maxsplit=2)[2]
        live = self._state.outlets.get(int(outlet)) if outlet.isdigit() else None
        return live.changed_wall_s if live is not None else None
