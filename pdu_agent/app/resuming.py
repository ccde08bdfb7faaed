# SPDX-License-Identifier: Apache-2.0
"""How long ago a meter's counter was booked last, by whichever clock can tell."""

from __future__ import annotations

from collections.abc import Mapping

from pdu_agent.hw.ports import Resume
from pdu_agent.model.clock import Clock
from pdu_agent.model.record import CounterMark, Record

CLOCK_SET_S = 1_577_836_800.0
"""2020-01-01: a board without a battery starts in 1970, and says so until it learns the time."""


def resumes(record: Record, boot_id: str, clock: Clock) -> Mapping[str, Resume]:
    """str(Target) -> where its meter goes on. record: as the run before left it."""
    is_same_boot = record.boot_id == boot_id
    return {
        target: Resume(mark.source, mark.numbers, _since_s(mark, is_same_boot, clock))
        for target, mark in record.marks.items()
    }


def _since_s(mark: CounterMark, is_same_boot: bool, clock: Clock) -> float | None:
    """On the monotonic clock of this boot. None where that cannot be known: the wall clock is not
    set or went back.
    """
    if is_same_boot and mark.mono_s is not None:
        return mark.mono_s
    passed_s = clock.wall_s() - mark.wall_s
    if mark.wall_s < CLOCK_SET_S or passed_s < 0:
        return None
    return clock.monotonic_s() - passed_s
