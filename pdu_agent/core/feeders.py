# SPDX-License-Identifier: Apache-2.0
"""What feeds an outlet, and whether it may be given more to carry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from pdu_agent.core.limits import Limits
from pdu_agent.core.live_settings import Sections, with_overrides
from pdu_agent.core.settings import OutletSettings
from pdu_agent.core.state import CoreState
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
