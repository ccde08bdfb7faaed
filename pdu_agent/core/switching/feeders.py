# SPDX-License-Identifier: Apache-2.0
"""What feeds an outlet, and whether it may be given more to carry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pdu_agent.core.live_settings import Sections, with_overrides
from pdu_agent.core.metered.values import Values
from pdu_agent.core.protection.settings import CapSettings, unit_of
from pdu_agent.core.protection.shedding import TINY
from pdu_agent.core.settings import OutletSettings
from pdu_agent.core.state import CoreState
from pdu_agent.core.switching.draws import Draws
from pdu_agent.core.watching.limits import Limits
from pdu_agent.model.commands import OverloadRestriction, Quantity, Target, TargetKind
from pdu_agent.model.errors import BudgetExceeded
from pdu_agent.model.snapshot import Crossing, ThresholdState

_FORBIDDING: Mapping[OverloadRestriction, frozenset[ThresholdState]] = {
    OverloadRestriction.NEAR_OVERLOAD: frozenset(
        {ThresholdState.HIGH_WARNING, ThresholdState.HIGH_CRITICAL}
    ),
    OverloadRestriction.OVERLOAD: frozenset({ThresholdState.HIGH_CRITICAL}),
}


Passed = Callable[[Limits, float | None], Crossing | None]
"""See Thresholds.passed."""


class FeederGuard:
    """Keeps outlets off while what feeds them carries too much, where that is asked for.

    Restrictions and limits count as the draft has them, once all settings of a batch are in it.
    """

    def __init__(self, sections: Sections, draft: CoreState, passed: Passed) -> None:
        self._sections = sections
        self._draft = draft
        self._passed = passed

    def admit(self, outlet: OutletSettings) -> None:
        """Raises BudgetExceeded when the outlet may not be switched on now."""
        for feeder, restriction in self._feeders(outlet):
            if restriction is OverloadRestriction.NONE:
                continue
            crossing = self._crossing(feeder)
            if crossing is not None and crossing.state in _FORBIDDING[restriction]:
                raise BudgetExceeded(
                    f"outlet {outlet.number} is not switched on: {feeder} carries "
                    f"{crossing.value:.4g} A and has passed its {crossing.state.value} limit of "
                    f"{crossing.limit:.6g} A (overload restriction: {restriction.value})"
                )

    def _crossing(self, feeder: Target) -> Crossing | None:
        """How the feeder's current is too high or too low; None also for one without a meter."""
        limits = self._sections.limits.get((feeder, Quantity.CURRENT))
        if limits is None:
            return None
        current_a = self._draft.ledgers[feeder].current_value(Quantity.CURRENT)
        return self._passed(with_overrides(limits, self._draft.overrides), current_a)

    def _feeders(self, outlet: OutletSettings) -> Iterator[tuple[Target, OverloadRestriction]]:
        overrides = self._draft.overrides
        inlet = with_overrides(self._sections.inlets[outlet.inlet], overrides)
        yield Target(TargetKind.INLET, inlet.number), inlet.overload_restriction
        if outlet.branch is not None:
            branch = with_overrides(self._sections.branches[outlet.branch], overrides)
            yield Target(TargetKind.BRANCH, branch.number), branch.overload_restriction


@dataclass(frozen=True, slots=True)
class _Ceiling:
    """What a feeder may carry at most. cap: None where it is a rating."""

    target: Target
    quantity: Quantity
    limit: float
    cap: CapSettings | None = None

    @property
    def name(self) -> str:
        return f"cap {self.cap.number}" if self.cap else "rating"


class Budget:
    """Whether what feeds an outlet can carry it too, by what it is known to draw.

    A feeder without a value is not judged, nor is a rating for an outlet of which nothing is
    known. What else is on its way on counts as if it were on.
    """

    def __init__(self, sections: Sections, draft: CoreState, now_s: float) -> None:
        self._sections = sections
        self._draft = draft
        self._now_s = now_s
        self._values = Values(draft, sections)
        self._draws = Draws(draft, sections.outlets, sections.feeds)

    def admit(self, number: int) -> None:
        """Raises BudgetExceeded, with all figures, where the outlet is too much."""
        why = self.rating_refusal(number) or self.cap_refusal(number)
        if why:
            raise BudgetExceeded(f"outlet {number} is not switched on: {why}")

    def too_much(self, queue: Sequence[int], cap: CapSettings | None) -> dict[int, str]:
        """Which of these outlets, all about to close, do not fit, the last ones first, and why: by
        this cap, or by the ratings. A feeder without a value counts as one that carries nothing.
        """
        found: dict[int, str] = {}
        ceilings = [_of_cap(cap, self._draft)] if cap else list(self._ratings_of(queue))
        for ceiling in ceilings:
            shares = self._draws.behind(ceiling.target, ceiling.quantity)
            mine = [number for number in queue if number in shares and number not in found]
            added = {number: shares[number] * self._added(number, ceiling) for number in mine}
            if cap is None:
                mine = [number for number in mine if added[number] > 0]
            without = {*mine, *found}
            coming = self._draws.coming(ceiling.target, ceiling.quantity, self._now_s, without)
            value = self._values.of(ceiling.target, ceiling.quantity) or 0.0
            while mine:
                last = mine.pop()
                before = coming + sum(added[number] for number in mine)
                if value + before + added[last] <= ceiling.limit + TINY:
                    break
                found[last] = _told(ceiling, value, before, added[last])
        return found

    def _added(self, number: int, ceiling: _Ceiling) -> float:
        last = self._draws.before_opening(number, ceiling.quantity) if ceiling.cap else None
        return self._draws.expected(number, ceiling.quantity, last)

    def rating_refusal(self, number: int) -> str:
        """Which rating it would exceed; empty where none."""
        added_a = self._draws.expected(number, Quantity.CURRENT)
        rated_a = self._sections.outlets[number].rated_current_a
        if added_a > rated_a:
            return f"it draws {added_a:.4g} A, its rating is {rated_a:g} A"
        if added_a <= 0:
            return ""
        return self._refusal(number, self._ratings(number))

    def cap_refusal(self, number: int) -> str:
        """As rating_refusal, of the caps."""
        return self._refusal(number, self._caps())

    def _refusal(self, number: int, ceilings: Iterable[_Ceiling]) -> str:
        outlet = self._sections.outlets[number]
        for ceiling in ceilings:
            target, quantity = ceiling.target, ceiling.quantity
            share = self._sections.feeds.share(target, quantity, outlet)
            value = self._values.of(target, quantity) if share else None
            if value is None:
                continue
            added = share * self._added(number, ceiling)
            coming = self._draws.coming(target, quantity, self._now_s, {number})
            if value + coming + added > ceiling.limit + TINY:
                return _told(ceiling, value, coming, added)
        return ""

    def _ratings_of(self, queue: Sequence[int]) -> Iterator[_Ceiling]:
        """Each feeder of any of them once."""
        found = {each.target: each for number in queue for each in self._ratings(number)}
        return iter(found.values())

    def _ratings(self, number: int) -> Iterator[_Ceiling]:
        """An inlet of several lines carries no more than these, each by its own rating."""
        sections, overrides = self._sections, self._draft.overrides
        outlet = sections.outlets[number]
        lines = [line for line in sections.lines.values() if line.inlet == outlet.inlet]
        for line in lines:
            target = Target(TargetKind.LINE, line.number)
            yield _Ceiling(target, Quantity.CURRENT, line.rated_current_a)
        if len(lines) < 2:
            inlet = with_overrides(sections.inlets[outlet.inlet], overrides)
            target = Target(TargetKind.INLET, inlet.number)
            yield _Ceiling(target, Quantity.CURRENT, inlet.rated_current_a)
        if outlet.branch is not None:
            branch = with_overrides(sections.branches[outlet.branch], overrides)
            target = Target(TargetKind.BRANCH, branch.number)
            yield _Ceiling(target, Quantity.CURRENT, branch.rated_current_a)

    def _caps(self) -> Iterator[_Ceiling]:
        for cap in self._sections.caps:
            if cap.enabled:
                yield _of_cap(cap, self._draft)


def _of_cap(cap: CapSettings, draft: CoreState) -> _Ceiling:
    return _Ceiling(cap.target, cap.quantity, cap.limit(draft.overrides), cap)


def _told(ceiling: _Ceiling, value: float, coming: float, added: float) -> str:
    unit = unit_of(ceiling.quantity)
    on_its_way = f", {coming:.4g} {unit} are on their way on" if coming else ""
    return (
        f"{ceiling.target} carries {value:.4g} {unit}{on_its_way}, it would add {added:.4g} {unit},"
        f" and {value + coming + added:.4g} {unit} exceed the {ceiling.name} of "
        f"{ceiling.limit:g} {unit}"
    )
