# SPDX-License-Identifier: Apache-2.0
"""What feeds an outlet, and whether it may be given more to carry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pdu_agent.core.live_settings import Sections, with_overrides
from pdu_agent.core.settings import OutletSettings
from pdu_agent.core.state import CoreState
from pdu_agent.model.commands import OverloadRestriction, Target, TargetKind
from pdu_agent.model.errors import BudgetExceeded
from pdu_agent.model.snapshot import Crossing, ThresholdState

_FORBIDDING: Mapping[OverloadRestriction, frozenset[ThresholdState]] = {
    OverloadRestriction.NONE: frozenset(),
    OverloadRestriction.NEAR_OVERLOAD: frozenset(
        {ThresholdState.HIGH_WARNING, ThresholdState.HIGH_CRITICAL}
    ),
    OverloadRestriction.OVERLOAD: frozenset({ThresholdState.HIGH_CRITICAL}),
}


class FeederGuard:
    """Keeps outlets off while what feeds them carries too much, where that is asked for.

    overloads: feeder -> how its current is too high at this instant.
    """

    def __init__(
        self, sections: Sections, draft: CoreState, overloads: Mapping[Target, Crossing]
    ) -> None:
        self._sections = sections
        self._draft = draft
        self._overloads = overloads

    def admit(self, outlet: OutletSettings) -> None:
        """Raises BudgetExceeded when the outlet may not be switched on now."""
        if not self._overloads:
            return
        for feeder, restriction in self._feeders(outlet):
            crossing = self._overloads.get(feeder)
            if crossing is not None and crossing.state in _FORBIDDING[restriction]:
                raise BudgetExceeded(
                    f"outlet {outlet.number} is not switched on: {feeder} carries "
                    f"{crossing.value:.4g} A and has passed its {crossing.state.value} limit of "
                    f"{crossing.limit:.6g} A (overload restriction: {restriction.value})"
                )

    def _feeders(self, outlet: OutletSettings) -> Iterator[tuple[Target, OverloadRestriction]]:
        overrides = self._draft.overrides
        inlet = with_overrides(self._sections.inlets[outlet.inlet], overrides)
        yield Target(TargetKind.INLET, inlet.number), inlet.overload_restriction
        if outlet.branch is not None:
            branch = with_overrides(self._sections.branches[outlet.branch], overrides)
            yield Target(TargetKind.BRANCH, branch.number), branch.overload_restriction
