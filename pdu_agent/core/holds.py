# SPDX-License-Identifier: Apache-2.0
"""Wishes that stand: which of them a command meets, and which of them it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pdu_agent.core.state import OutletLive
from pdu_agent.model.commands import Action, Actor, Hold
from pdu_agent.model.errors import OutletHeld

LEADS_TO_ON: Mapping[Action, bool] = {
    Action.ON: True,
    Action.ON_DELAYED: True,
    Action.REBOOT: True,
    Action.REBOOT_DELAYED: True,
    Action.OFF: False,
    Action.OFF_DELAYED: False,
}
"""Whether the outlet is on in the end; actions that are not here lead nowhere of their own."""


def strongest(holds: tuple[Hold, ...]) -> Hold | None:
    return max(holds, key=lambda hold: hold.rank, default=None)


def with_hold(live: OutletLive, hold: Hold) -> OutletLive:
    """The outlet with one more hold, or another one of the same source."""
    return replace(live, holds=(*without_hold(live, hold.source).holds, hold))


def without_hold(live: OutletLive, source: str) -> OutletLive:
    kept = tuple(hold for hold in live.holds if hold.source != source)
    return live if len(kept) == len(live.holds) else replace(live, holds=kept)


def refuse_held(number: int, live: OutletLive, action: Action, actor: Actor) -> None:
    """Raises OutletHeld where a higher rank stands against the action."""
    leads_to_on = LEADS_TO_ON.get(action)
    against = tuple(
        hold
        for hold in live.holds
        if hold.rank > actor.rank and leads_to_on is not None and hold.wants_on is not leads_to_on
    )
    hold = strongest(against)
    if hold is not None:
        kept = "on" if hold.wants_on else "off"
        ends = f"; {hold.ends}" if hold.ends else ""
        raise OutletHeld(f"outlet {number} is kept {kept} by {hold.source}: {hold.text}{ends}")
