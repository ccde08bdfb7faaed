# SPDX-License-Identifier: Apache-2.0
"""What was refused to a rule, or was taken and failed: tried again once its outlet is not as it was
any more, or after a minute, then after twice as long each time.

A fail-safe begins with a second: nobody sees what it switches off any more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

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
        rule.met, rule.given = {}, {}

    def taken(self, rule: LiveRule, key: str) -> None:
        """The order was accepted: what it switches is watched until it is there. What it has left
        alone is not: see Doing.left_on.
        """
        if _rest_of(key) is not None:
            rule.given[key] = {
                number: live
                for number, live in self._outlets(key).items()
                if live.machine.step is not _other_rest(key)
            }

    def failed(self, rule: LiveRule) -> list[str]:
        """Orders that were accepted, then their relay or its board failed; those that have been
        done, or were overtaken by another one, are forgotten.
        """
        failed = []
        for key, given in list(rule.given.items()):
            outlets = self._outlets(key)
            mine = {
                number: outlets[number]
                for number, before in given.items()
                if number in outlets
                and (outlets[number].orders, outlets[number].actor) == (before.orders, before.actor)
                and outlets[number].machine.step is not _rest_of(key)
            }
            if any(live.machine.step in (Step.FAULT, _other_rest(key)) for live in mine.values()):
                failed.append(key)
            if not mine or key in failed:
                del rule.given[key]
        return failed

    def note(self, rule: LiveRule, now_s: float, failed: Sequence[str] = ()) -> None:
        """Some orders were given: what of them was refused is to be tried again. failed: none was
        given, but these have failed; what was to be tried again already still is.
        """
        before = self._memory.record(rule).undone if failed else ()
        undone = tuple(dict.fromkeys((*before, *failed, *(key for key, _ in rule.refused))))
        self._memory.note(rule, undone=undone)
        rule.retry_s = math.inf
        rule.met = {key: self._outlets(key) for key in undone}
        rule.given = {key: given for key, given in rule.given.items() if key not in undone}
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
            if now != met and _reasons(now) != _reasons(met):
                return rule.tried_s + AT_ONCE_S
        return math.inf

    def due(self, rule: LiveRule, now_s: float) -> tuple[str, ...]:
        """The keys that are to be tried now. What a person has ordered meanwhile prevails."""
        undone = self._memory.record(rule).undone
        if not undone or now_s < min(rule.retry_s, self.news_s(rule)):
            return ()
        left = []
        for key in undone:
            against = self._against(rule, key)
            if not against or not against.issuperset(self._outlets(key)):
                rule.overruled |= against
                left.append(key)
        if not left:
            self.forget(rule)
        return tuple(left)

    def overruled(self, rule: LiveRule, wanted: Iterable[tuple[int, Action]]) -> frozenset[int]:
        """Those of the outlets that a person has ordered otherwise since the rule acted. wanted:
        outlet and action. What was refused to the rule is another matter: see `due`.
        """
        open_keys = {key.split(maxsplit=2)[2]: key for key in self._memory.record(rule).undone}
        return frozenset(
            outlet
            for outlet, action in wanted
            if self._is_against(outlet, action)
            and (str(outlet) not in open_keys or self._against(rule, open_keys[str(outlet)]))
        )

    def _is_against(self, outlet: int, action: Action) -> bool:
        live = self._state.outlets.get(outlet)
        if live is None or live.actor is None or live.actor.rank is not Rank.PERSON:
            return False
        return LEADS_TO_ON.get(action) is not live.target_on

    def _against(self, rule: LiveRule, key: str) -> frozenset[int]:
        """Those of its outlets that a person has ordered otherwise since it was refused."""
        outlets = self._outlets(key)
        met = rule.met.get(key, outlets)
        return frozenset(
            number
            for number, live in outlets.items()
            if live.actor is not None
            and live.actor.rank is Rank.PERSON
            and live.orders != met.get(number, live).orders
            and live.target_on is (_switch_of(key) == "off")
        )

    def _outlets(self, key: str) -> dict[int, OutletLive]:
        """Those that an order is for, as they are now."""
        group = _group_of(key)
        numbers = self._members(group) if group else (int(key.rpartition(" ")[2]),)
        outlets = self._state.outlets
        return {number: outlets[number] for number in numbers if number in outlets}


def _switch_of(key: str) -> str:
    return key.split(maxsplit=2)[1]


def _rest_of(key: str) -> Step | None:
    """Where its outlets are in the end; None where that is no matter of the order alone."""
    return {"on": Step.ON, "off": Step.OFF}.get(_switch_of(key))


def _other_rest(key: str) -> Step:
    return Step.OFF if _switch_of(key) == "on" else Step.ON


def _group_of(key: str) -> int:
    """0 for an order to one outlet."""
    named = key.split(maxsplit=2)[2]
    return 0 if named.isdigit() else int(named.rpartition(" ")[2])


def _is_fail_safe(keys: Iterable[str]) -> bool:
    return any(key.startswith(MISSING) for key in keys)


def _reasons(outlets: Mapping[int, OutletLive]) -> list[tuple[object, ...]]:
    """Whatever may stand against an order, or not any more."""
    return [(number, live.machine.step, live.lock, live.holds) for number, live in outlets.items()]
