# SPDX-License-Identifier: Apache-2.0
"""What a power strip owes its owner across a crash: a judge that shares no code with the core.

It knows the orders that were sent and answered, when the relays moved, and what an order
promises in the end: a few lines of model instead of the core's table of steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

ENDS_CLOSED = {
    "on": True,
    "off": False,
    "reboot": True,
    "delayedOn": True,
    "delayedOff": False,
    "delayedReboot": True,
}
UNTIMED = frozenset({"on", "off"})
CLOSE_GAP_S = 0.25
REST_S = 0.5
CLOCK_SLACK_S = 0.01
"""A relay log line is written a moment after the decision that it shows."""

Moves = tuple[bool, ...]
"""Movements of one relay in order, True for closing."""


@dataclass(frozen=True, slots=True)
class Order:
    """One outlet's part of one SET. answered_s: epoch of its success, None without an answer."""

    verb: str
    sent_s: float
    answered_s: float | None


@dataclass(frozen=True, slots=True)
class Movement:
    """A line of the relay log."""

    epoch_s: float
    outlet: int
    closed: bool


class Relays:
    """Where each contact was at any time; every contact starts closed."""

    def __init__(self, movements: Iterable[Movement]) -> None:
        self._movements = sorted(movements, key=lambda movement: movement.epoch_s)

    def moves(self, outlet: int, since_s: float, until_s: float) -> list[Movement]:
        """What the relay did in since_s <= time < until_s."""
        return [
            movement
            for movement in self._movements
            if movement.outlet == outlet and since_s <= movement.epoch_s < until_s
        ]

    def is_closed(self, outlet: int, at_s: float) -> bool:
        past = self.moves(outlet, 0.0, at_s)
        return past[-1].closed if past else True


def ruling(orders: Sequence[Order], certain_until_s: float = float("inf")) -> list[Order | None]:
    """The orders that may decide what the outlet does: the last one that must be kept, and
    those after it that may be. Answers after `certain_until_s` bind nobody. None stands for
    the time before any order.
    """
    choices: list[Order | None] = [None]
    for order in orders:
        if order.answered_s is not None and order.answered_s <= certain_until_s:
            choices = []
        choices.append(order)
    return choices


def ends_closed(choices: Sequence[Order | None]) -> set[bool]:
    """Where the outlet may be once everything is done."""
    return {True if order is None else ENDS_CLOSED[order.verb] for order in choices}


def completions(order: Order | None, outlet: int, relays: Relays, at_s: float) -> set[Moves]:
    """What is left to do at `at_s` for an order, each possibility as movements in order."""
    closed = relays.is_closed(outlet, at_s)
    if order is None:
        return {()}
    if not order.verb.lower().endswith("reboot"):
        end = ENDS_CLOSED[order.verb]
        return {()} if closed is end else {(end,)}
    if not closed:
        return {(True,)}
    since = relays.moves(outlet, order.sent_s, at_s)
    if any(not movement.closed for movement in since):
        return {()}
    if since:  # it closed just then: for the reboot, or for what the reboot replaced
        return {(), (False, True)}
    return {(False, True)}


def restart_complaints(
    outlet: int,
    choices: Sequence[Order | None],
    relays: Relays,
    killed_s: float,
    answered_s: float,
    until_s: float,
) -> list[str]:
    """What the relay did between the kill and `until_s` that it owed nobody, or owed earlier.

    answered_s: the first SNMP answer, by which orders without a timer have to be done.
    """
    moves = relays.moves(outlet, killed_s, until_s)
    done = tuple(movement.closed for movement in moves)
    owed = {c for order in choices for c in completions(order, outlet, relays, killed_s)}
    if not any(done == completion[: len(done)] for completion in owed):
        return [f"outlet {outlet} moved {_words(done)} after the kill, owed {_words_of(owed)}"]
    untimed = all(order is not None and order.verb in UNTIMED for order in choices)
    late = [movement for movement in moves if movement.epoch_s > answered_s]
    if untimed and late:
        late_s = late[0].epoch_s - answered_s
        return [f"outlet {outlet} finished its order {late_s:.3f} s after the first answer"]
    return []


def power_up_complaints(
    outlet: int, choices: Sequence[Order | None], relays: Relays, cut_s: float
) -> list[str]:
    """Policy `last` after a power cut: closed once where the last order left it on, else still."""
    done = tuple(movement.closed for movement in relays.moves(outlet, cut_s, float("inf")))
    allowed = {(True,) if end else () for end in ends_closed(choices)}
    if done in allowed:
        return []
    return [f"outlet {outlet} moved {_words(done)} after the power cut, due {_words_of(allowed)}"]


def gap_complaints(movements: Sequence[Movement], power_cuts_s: Sequence[float]) -> list[str]:
    """Closings too near to each other, and relays that had too little rest while powered."""
    complaints = []
    last_close_s = -float("inf")
    moved_s: dict[int, float] = {}
    for movement in sorted(movements, key=lambda movement: movement.epoch_s):
        at_s, outlet = movement.epoch_s, movement.outlet
        if movement.closed and at_s - last_close_s < CLOSE_GAP_S - CLOCK_SLACK_S:
            complaints.append(
                f"outlet {outlet} closed {at_s - last_close_s:.3f} s after another one"
            )
        before_s = moved_s.get(outlet, -float("inf"))
        was_cut = any(before_s < cut_s < at_s for cut_s in power_cuts_s)
        if at_s - before_s < REST_S - CLOCK_SLACK_S and not was_cut:
            complaints.append(f"outlet {outlet} moved again after {at_s - before_s:.3f} s")
        last_close_s = at_s if movement.closed else last_close_s
        moved_s[outlet] = at_s
    return complaints


def _words(moves: Moves) -> str:
    return "-".join("on" if closed else "off" for closed in moves) or "not at all"


def _words_of(possible: Iterable[Moves]) -> str:
    return " or ".join(sorted(_words(moves) for moves in possible))
