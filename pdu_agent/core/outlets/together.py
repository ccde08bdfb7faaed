# SPDX-License-Identifier: Apache-2.0
"""The reboot of a group: no member goes on before all are off, and each is off for its time then.

A machine with two supplies has no power only while both outlets are off. A member that fails,
that is ordered otherwise, or whose board is away does not keep the others off.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from pdu_agent.core.outlets.steps import Step
from pdu_agent.core.state import OutletLive

TO_OPEN = frozenset({Step.REBOOT_DELAY, Step.REBOOT_QUEUED, Step.REBOOT_OPENING})
OFF = frozenset({Step.REBOOT_OFF, Step.REBOOT_CLOSE_QUEUED})
REBOOTING = TO_OPEN | OFF


def members_in(
    steps: Collection[Step], number: int, outlets: Mapping[int, OutletLive]
) -> Iterator[int]:
    """The others that are rebooted together with this outlet and are in one of the steps."""
    together = outlets[number].together
    for other in set(together) & outlets.keys() - {number}:
        live = outlets[other]
        if live.together == together and live.machine.step in steps:
            yield other


def must_wait(number: int, outlets: Mapping[int, OutletLive], reachable: Collection[int]) -> bool:
    """Would this outlet go on before another member was off? reachable: whose boards are up."""
    return outlets[number].machine.step is Step.REBOOT_CLOSE_QUEUED and any(
        other in reachable for other in members_in(TO_OPEN, number, outlets)
    )
