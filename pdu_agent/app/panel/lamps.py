# SPDX-License-Identifier: Apache-2.0
"""What lamps show of outlets and alarms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pdu_agent.hw.lamps import Pattern
from pdu_agent.model.snapshot import Alarm, Outlet, OutletState, Severity

_PATTERNS = {
    OutletState.ON: Pattern.ON,
    OutletState.OFF: Pattern.OFF,
    OutletState.ON_PENDING: Pattern.SLOW,
    OutletState.OFF_PENDING: Pattern.SLOW,
    OutletState.REBOOTING: Pattern.SLOW,
    OutletState.FAULT: Pattern.FAST,
    OutletState.UNKNOWN: Pattern.FAST,
}


def outlet_pattern(outlet: Outlet) -> Pattern:
    """Lit while it is energised, slow while it waits, fast while nobody can rely on it."""
    return Pattern.FAST if outlet.faults else _PATTERNS[outlet.state]


def alarm_pattern(alarms: Iterable[Alarm]) -> Pattern:
    """Fast for a critical alarm, slow for any other one, lit once somebody has seen them all."""
    standing = list(alarms)
    unseen = [alarm for alarm in standing if not alarm.acknowledged]
    if not unseen:
        return Pattern.ON if standing else Pattern.OFF
    is_critical = any(alarm.severity is Severity.CRITICAL for alarm in unseen)
    return Pattern.FAST if is_critical else Pattern.SLOW


def patterns(
    shown: Mapping[int, int | None], outlets: Mapping[int, Outlet], alarms: Iterable[Alarm]
) -> dict[int, Pattern]:
    """Output -> pattern. shown: output -> the number of its outlet; None for the alarms."""
    of_alarms = alarm_pattern(alarms)
    return {
        output: of_alarms if number is None else outlet_pattern(outlets[number])
        for output, number in shown.items()
    }
