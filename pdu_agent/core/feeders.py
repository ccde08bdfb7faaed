# SPDX-License-Identifier: Apache-2.0
"""What feeds an outlet, and whether it may be given more to carry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pdu_agent.core.cap_settings import CapSettings, unit_of
from pdu_agent.core.draws import Draws
from pdu_agent.core.limits import Limits
from pdu_agent.core.live_settings import Sections, with_overrides
from pdu_agent.core.settings import OutletSettings
from pdu_agent.core.state import CoreState
from pdu_agent.core.values import Values
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

    def rating_refusal(self, number: int) -> str:
        """Which rating it would exceed; empty where none."""
        added_a = self._draws.expected(number, Quantity.CURRENT)
        rated_a = self._sections.outlets[number].rated_current_a
        if added_a > rated_a:
            return f"it draws {added_a:.4g} A, its rating is {rated_a:g} A"
        if added_a <= 0:
            return ""
        return self._refusal(number, self._ratings(number))

    def cap_refusal(self, number: int, cap: int | None = None, blind: float | None = None) -> str:
        """As rating_refusal, of the caps or of one. blind: what counts for a value that is not
        known; without it such a cap is not judged.
        """
        ceilings = (each for each in self._caps() if each.cap and cap in (None, each.cap.number))
        return self._refusal(number, ceilings, blind)

    def _refusal(
        self, number: int, ceilings: Iterator[_Ceiling], blind: float | None = None
    ) -> str:
        outlet = self._sections.outlets[number]
        for ceiling in ceilings:
            target, quantity = ceiling.target, ceiling.quantity
            share = self._sections.feeds.share(target, quantity, outlet)
            value = self._values.of(target, quantity) if share else None
            value = blind if value is None and share else value
            if value is None:
                continue
            last = self._draws.before_opening(number, quantity)
            added = share * self._draws.expected(number, quantity, last if ceiling.cap else None)
            coming = self._draws.coming(target, quantity, self._now_s, {number})
            if value + coming + added > ceiling.limit:
                return _told(ceiling, value, coming, added)
        return ""

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
                limit = cap.limit(self._draft.overrides)
                yield _Ceiling(cap.target, cap.quantity, limit, cap)


def _told(ceiling: _Ceiling, value: float, coming: float, added: float) -> str:
    unit = unit_of(ceiling.quantity)
    on_its_way = f", {coming:.4g} {unit} are on their way on" if coming else ""
    return (
        f"{ceiling.target} carries {value:.4g} {unit}{on_its_way}, it would add {added:.4g} {unit},"
        f" and {value + coming + added:.4g} {unit} exceed the {ceiling.name} of "
        f"{ceiling.limit:g} {unit}"
    )
