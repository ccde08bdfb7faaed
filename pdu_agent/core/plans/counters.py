# SPDX-License-Identifier: Apache-2.0
"""Where the counter of a plan stands, and how long it has to go."""

from __future__ import annotations

import math

from pdu_agent.core.plans.settings import CounterSettings
from pdu_agent.core.plans.timed import TimedPlan
from pdu_agent.core.state import CoreState
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.quantities import MILLIJOULES_PER_WATT_HOUR
from pdu_agent.model.record import WearRecord

_NO_WEAR = WearRecord()
_SOON_S = 1.0


def counted_value(counter: CounterSettings, state: CoreState) -> float | None:
    """Over the outlet's life: Wh, switchings or hours; None without such an outlet or meter."""
    if counter.energy_wh is not None:
        ledger = state.ledgers.get(Target(TargetKind.OUTLET, counter.outlet))
        return ledger.record.energy_mj / MILLIJOULES_PER_WATT_HOUR if ledger else None
    live = state.outlets.get(counter.outlet)
    if live is None:
        return None
    if counter.switchings is not None:
        return float(live.switch_count)
    return state.wear.get(counter.outlet, _NO_WEAR).on_s / 3600


def limit_of(counter: CounterSettings) -> float:
    """In the unit of `counted_value`."""
    return float(counter.energy_wh or counter.switchings or counter.on_hours or math.inf)


def is_reached(counter: CounterSettings, since: float, value: float) -> bool:
    return value - since >= limit_of(counter)


def counts_in_s(plan: TimedPlan, state: CoreState) -> float:
    """When it is to be looked at, infinity where only what the core is told can bring it on. What
    is due and may not run is looked at each second.
    """
    counter = plan.settings.when.counter
    value = counted_value(counter, state) if counter is not None else None
    if counter is None or value is None:
        return math.inf
    since = plan.row.counted
    if since is None:
        return 0.0
    left = since + limit_of(counter) - value
    if counter.on_hours is not None:
        return max(_SOON_S, left * 3600)
    return _SOON_S if left <= 0 else math.inf
