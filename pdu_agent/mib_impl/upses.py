# SPDX-License-Identifier: Apache-2.0
"""What every tree says of a UPS: which of its numbers are believed, and what news of it are."""

from __future__ import annotations

import math
from collections.abc import Iterator

from pdu_agent.model.ups import Ups, UpsFlag

_BEGAN = {
    UpsFlag.ON_BATTERY: "it is on battery",
    UpsFlag.LOW_BATTERY: "its battery is low",
    UpsFlag.REPLACE_BATTERY: "its battery is to be replaced",
    UpsFlag.OVERLOADED: "it is overloaded",
    UpsFlag.BYPASS: "it is on bypass",
    UpsFlag.OFF: "its output is off",
    UpsFlag.FORCED_SHUTDOWN: "its shutdown is ordered",
}
_ENDED = {
    UpsFlag.ON_BATTERY: "mains is back",
    UpsFlag.LOW_BATTERY: "its battery is no longer low",
    UpsFlag.REPLACE_BATTERY: "its battery is in order",
    UpsFlag.OVERLOADED: "it is no longer overloaded",
    UpsFlag.BYPASS: "it is no longer on bypass",
    UpsFlag.OFF: "its output is on",
    UpsFlag.FORCED_SHUTDOWN: "its shutdown is no longer ordered",
}


def finite(number: float | None) -> float | None:
    """None for what is no number: a driver passes on whatever the UPS says."""
    return number if number is not None and math.isfinite(number) else None


def measured(ups: Ups, number: float | None) -> float | None:
    """One of its numbers of now; None while the UPS is silent, and what was measured is old."""
    return finite(number) if ups.is_reachable else None


def news(old: Ups, new: Ups) -> str:
    """What changed that somebody should hear of, in words; empty for nothing of the kind: charging
    and the trimming of the voltage come and go by themselves.
    """
    found = [*_contact(old, new), *_flags(old, new)]
    if not found:
        return ""
    return f"UPS {new.name}: {'; '.join(found)}{_rest(new)}"


def _contact(old: Ups, new: Ups) -> Iterator[str]:
    """A change of one that has no flags and is silent is that it was not reached at all."""
    if not new.is_reachable and (old.is_reachable or not new.flags):
        yield f"it cannot be reached: {new.trouble}" if new.trouble else "it cannot be reached"
    elif new.is_reachable and not old.is_reachable:
        yield "it is reached"


def _flags(old: Ups, new: Ups) -> Iterator[str]:
    for flag, began in _BEGAN.items():
        if flag in new.flags and flag not in old.flags:
            yield began
        elif flag in old.flags and flag not in new.flags:
            yield _ENDED[flag]


def _rest(ups: Ups) -> str:
    """What is left in the battery, as far as it is known; it matters without mains only."""
    if UpsFlag.ON_BATTERY not in ups.flags:
        return ""
    charge_pct, runtime_s = measured(ups, ups.charge_pct), measured(ups, ups.runtime_s)
    charge = "" if charge_pct is None else f", charge {charge_pct:.0f} %"
    return charge + ("" if runtime_s is None else f", enough for {runtime_s:.0f} s")
