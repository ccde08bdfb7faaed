# SPDX-License-Identifier: Apache-2.0
"""What was refused to a rule: tried again once its outlet is not as it was any more, or after a
minute, then after twice as long each time.

A fail-safe begins with a second: nobody sees what it switches off any more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from pdu_agent.core.outlets.steps import Step
from pdu_agent.core.rules.live import MISSING, LiveRule
from pdu_agent.core.rules.memory import Memory
from pdu_agent.core.state import CoreState, OutletLive
from pdu_agent.core.switching.holds import LEADS_TO_ON
from pdu_agent.model.commands import Action, Rank

RETRY_S = 60.0
FAIL_SAFE_RETRY_S = 1.0
LONGEST_RETRY_S = 3600.0
AT_ONCE_S = 1.0
"""From one try to the next at least, though what was against it may be over sooner."""


class Retries:
    """Keeps what a rule still has to do, by the keys of `doing`; see RuleRecord.undone.

    members: outlets of a group.
    """

    def __init__(
        self, state: CoreState, memory: Memory, members: Callable[[int], tuple[int, ...]]
    ) -> None:
        self._state = state
        self._memory = memory
        self._members = members

    def forget(self, rule: LiveRule) -> None:
        self._memory.note(rule, undone=())
        rule.retry_s, rule.retry_wait_s = math.inf, 0.0
        rule.met = {}

    def note(self, rule: LiveRule, now_s: float) -> None:
        """Some orders were given: what of them was refused is to be tried again."""
        undone = tuple(key for key, _ in rule.refused)
        self._memory.note(rule, undone=undone)
        rule.retry_s = math.inf
        rule.met = {key: self._outlets(key) for key in undone}
        if undone:
            rule.tried_s = now_s
            first_s = FAIL_SAFE_RETRY_S if _is_fail_safe(undone) else RETRY_S
            rule.retry_wait_s = min(max(first_s, 2 * rule.retry_wait_s), LONGEST_RETRY_S)
            rule.retry_s = now_s + rule.retry_wait_s

    def news_s(self, rule: LiveRule) -> float:
        """When (monotonic) to try again because an outlet is not as the order has met it: unlocked,
        released, arrived, back with its board. Infinity where all is as it was.
        """
        for key, met in rule.met.items():
            now = self._outlets(key)
            if now != met and list(map(_reasons, now)) != list(map(_reasons, met)):
                return rule.tried_s + AT_ONCE_S
        return math.inf

    def due(self, rule: LiveRule, now_s: float) -> tuple[str, ...]:
        """The keys that are to be tried now. What a person has ordered meanwhile prevails."""
        undone = self._memory.record(rule).undone
        if not undone or now_s < min(rule.retry_s, self.news_s(rule)):
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
        if _group_of(key) or not (now := self._outlets(key)):
            return False
        live, met = now[0], (rule.met.get(key) or now)[0]
        if live.actor is None or live.actor.rank is not Rank.PERSON:
            return False
        is_new = live.changed_wall_s != met.changed_wall_s and not _has_arrived(met, live)
        return is_new and live.target_on is (key.split(maxsplit=2)[1] == "off")

    def _outlets(self, key: str) -> tuple[OutletLive, ...]:
        """Those that an order is for, as they are now."""
        group = _group_of(key)
        numbers = self._members(group) if group else (int(key.rpartition(" ")[2]),)
        return tuple(self._state.outlets[n] for n in numbers if n in self._state.outlets)


def _group_of(key: str) -> int:
    """0 for an order to one outlet."""
    named = key.split(maxsplit=2)[2]
    return 0 if named.isdigit() else int(named.rpartition(" ")[2])


def _is_fail_safe(keys: Iterable[str]) -> bool:
    return any(key.startswith(MISSING) for key in keys)


def _reasons(live: OutletLive) -> tuple[object, ...]:
    """Whatever may stand against an order, or not any more."""
    return live.machine.step, live.lock, live.holds


def _has_arrived(before: OutletLive, now: OutletLive) -> bool:
    """Was what has changed since then ordered before? It was on its way; or nobody knew where the
    relay was, and its board has told.
    """
    if before.machine.step in (Step.UNKNOWN, Step.FAULT):
        return before.actor == now.actor
    was_on_its_way = before.machine.pending is not None
    return was_on_its_way and (before.actor, before.target_on) == (now.actor, now.target_on)
