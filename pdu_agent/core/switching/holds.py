# SPDX-License-Identifier: Apache-2.0
"""Wishes that stand: which of them a command meets, and which of them it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pdu_agent.core.state import OutletLive
from pdu_agent.model.commands import Action, Actor, Hold, Rank
from pdu_agent.model.errors import NotNow, OutletHeld

PERSON = "person"
"""Source of the hold that a person's switching leaves where `person_hold_s` says so."""

LEADS_TO_ON: Mapping[Action, bool] = {
    Action.ON: True,
    Action.ON_DELAYED: True,
    Action.REBOOT: True,
    Action.REBOOT_DELAYED: True,
    Action.OFF: False,
    Action.OFF_DELAYED: False,
}
"""Whether the outlet is on in the end; of the others it depends on how the outlet is."""
_THERE_AND_BACK = frozenset({Action.REBOOT, Action.REBOOT_DELAYED, Action.PULSE})


def rank_of(actor: Actor, leads_to_on: bool) -> Rank:
    """How much the wish counts: that something goes on is no matter of safety."""
    return Rank.SCHEDULE if actor.is_safety and leads_to_on else actor.rank


def strongest(holds: tuple[Hold, ...]) -> Hold | None:
    return max(holds, key=lambda hold: hold.rank, default=None)


def with_hold(live: OutletLive, hold: Hold) -> OutletLive:
    """The outlet with one more hold, or another one of the same source."""
    return replace(live, holds=(*without_hold(live, hold.source).holds, hold))


def without_hold(live: OutletLive, source: str) -> OutletLive:
    kept = tuple(hold for hold in live.holds if hold.source != source)
    return live if len(kept) == len(live.holds) else replace(live, holds=kept)


def against(live: OutletLive, *, closes: bool, opens: bool, rank: Rank) -> tuple[Hold, ...]:
    """The holds of a higher rank that are against closing its relay, or against opening it."""
    return tuple(
        hold for hold in live.holds if hold.rank > rank and (opens if hold.wants_on else closes)
    )


def refuse_held(
    number: int, live: OutletLive, action: Action, leads_to_on: bool, actor: Actor
) -> None:
    """Raises OutletHeld where a higher rank stands against the action.

    What goes there and back is against either wish.
    """
    is_both = action in _THERE_AND_BACK
    hold = strongest(
        against(
            live,
            closes=leads_to_on or is_both,
            opens=is_both or not leads_to_on,
            rank=rank_of(actor, leads_to_on or is_both),
        )
    )
    if hold is not None:
        kept = "on" if hold.wants_on else "off"
        ends = f"; {hold.ends}" if hold.ends else ""
        raise OutletHeld(f"outlet {number} is kept {kept} by {hold.source}: {hold.text}{ends}")


def refuse_pending(number: int, live: OutletLive, actor: Actor, leads_to_on: bool) -> None:
    """Raises NotNow where what a higher rank has ordered is still to be done.

    What the unit's own safety began may be replaced: what must not be is held.
    """
    pending, by = live.machine.pending, live.actor
    if pending is None or by is None or by.is_safety:
        return
    if by.rank > rank_of(actor, leads_to_on):
        raise NotNow(
            f"outlet {number}: {pending.value} ordered by {by} is still to be done; "
            f"it may be switched by {actor.face or 'others'} afterwards"
        )


def outranks_pending(hold: Hold, live: OutletLive) -> bool:
    """Does the wish that stands, which came last, prevail over what is still to be done?"""
    by = live.actor
    leads_to_on = live.machine.ends_on
    return by is None or hold.rank >= rank_of(by, leads_to_on)


def ended_by(live: OutletLive, leads_to_on: bool, actor: Actor) -> OutletLive:
    """The outlet without the holds that an accepted command overrules: those that want the
    opposite, and do not outrank it.
    """
    rank = rank_of(actor, leads_to_on)
    kept = tuple(h for h in live.holds if h.wants_on is leads_to_on or h.rank > rank)
    return live if len(kept) == len(live.holds) else replace(live, holds=kept)


def held_for_person(
    live: OutletLive, leads_to_on: bool, actor: Actor, hold_s: float, wall_s: float
) -> OutletLive:
    """The outlet after a person has switched it: rules and schedules leave it alone so long."""
    if not hold_s or actor.rank is not Rank.PERSON:
        return live
    hold = Hold(
        source=PERSON,
        rank=Rank.PERSON,
        wants_on=leads_to_on,
        text=f"{actor} switched it {'on' if leads_to_on else 'off'}",
        since_wall_s=wall_s,
        ends=f"for {hold_s:g} s, or until a person switches it again",
        until_wall_s=wall_s + hold_s,
    )
    return with_hold(live, hold)
