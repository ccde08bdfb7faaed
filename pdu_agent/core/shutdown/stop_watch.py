# SPDX-License-Identifier: Apache-2.0
"""What is only known of an order that waits while the agent runs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pdu_agent.core.outlets.gate import Phase
from pdu_agent.model.record import StopRecord


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to become of the order now. by_force: the load was not idle."""

    carry_out: bool
    text: str
    by_force: bool = False


@dataclass(slots=True)
class StopWatch:
    """What need not be remembered of an order that waits. Times are monotonic seconds.

    hook: its run, None while there is none. hook_name: what runs, whatever is configured meanwhile.
    is_graceful: when it began, its draw was to be awaited. outcome: why the hook failed, "" when it
    did not, None while nobody knows. low_s: the first sample of the present time below the idle
    level.
    """

    stop: StopRecord
    phase: Phase = Phase.ASKED
    since_s: float = 0.0
    until_s: float = math.inf
    hook: int | None = None
    hook_name: str = ""
    is_graceful: bool = False
    outcome: str | None = None
    seen_s: float | None = None
    low_s: float | None = None
    verdict: Verdict | None = None
    retry_s: float = -math.inf
    refusals: int = 0

    @property
    def is_cut_as_idle(self) -> bool:
        """Is it to be cut because it was idle? It has to stay so while the cut must wait."""
        verdict = self.verdict
        is_cut = verdict is not None and verdict.carry_out and not verdict.by_force
        return is_cut and self.phase is Phase.IDLE
