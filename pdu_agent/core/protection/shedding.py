# SPDX-License-Identifier: Apache-2.0
"""Which outlets must go so that a feeder carries less: a pure choice, the same for all who ask.

Less important outlets go before more important ones; among equals as few as possible, and of
these the least draw. The choice has no superfluous member. It is exact up to one step of the
scale on which draws are compared, which is fine where little has to go and coarse where much has.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

STEPS = 20_000
"""At most so many steps make up what has to go: it bounds work and memory for any input."""
FINEST = 0.1
"""A tenth of a watt (or ampere) is the finest step, times ten until STEPS suffice."""
TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Load:
    """An outlet that may go. priority: the higher, the sooner. draw: None where nobody knows."""

    outlet: int
    priority: int
    draw: float | None


@dataclass(frozen=True, slots=True)
class Choice:
    """outlets: in the order in which they go. is_enough: None where that shows afterwards only,
    since the last one's draw is not known.
    """

    outlets: tuple[int, ...]
    is_enough: bool | None


def choose(loads: Sequence[Load], excess: float) -> Choice:
    """The outlets that go when `excess` is too much, in watts or amperes like the draws.

    One whose draw is not known goes only when those of its priority and above do not suffice,
    and only one of them at a time. Where even all of them are not enough all of them go.
    """
    if excess <= TINY:
        return Choice((), True)
    classes: list[list[Load]] = []
    reached = 0.0
    for priority in sorted({load.priority for load in loads}, reverse=True):
        members = [load for load in loads if load.priority == priority]
        classes.append([load for load in members if load.draw is not None and load.draw > 0])
        reached += _sum(classes[-1])
        if reached >= excess - TINY:
            return Choice(_in_order(_smallest(classes, excess)), True)
        unknown = sorted(load.outlet for load in members if load.draw is None)
        if unknown:
            taken = [load for each in classes for load in each]
            return Choice((*_in_order(taken), unknown[0]), None)
    return Choice(_in_order([load for each in classes for load in each]), False)


def _smallest(classes: Sequence[Sequence[Load]], excess: float) -> list[Load]:
    """Of classes that suffice together, the least important first: as little as is needed.

    The most important one is needed, since the others do not suffice; what it brings more than
    is needed lets less important ones stay.
    """
    rest = sum(_sum(members) for members in classes)
    chosen: list[Load] = []
    for members in reversed(classes):
        rest -= _sum(members)
        chosen += _fewest(members, excess - _sum(chosen) - rest)
    return chosen


def _fewest(members: Sequence[Load], need: float) -> list[Load]:
    """The fewest members that draw `need` at least, and of all such sets one that draws least."""
    if need <= TINY:
        return []
    by_draw = sorted(members, key=lambda load: (-_draw(load), load.outlet))
    count, largest = 0, 0.0
    while largest < need - TINY and count < len(by_draw):
        largest += _draw(by_draw[count])
        count += 1
    step = FINEST
    while need / step > STEPS:
        step *= 10
    chosen = _least_sum(by_draw, count, need, step) or by_draw[:count]
    return _without_needless(chosen, need)


def _least_sum(members: Sequence[Load], count: int, need: float, step: float) -> list[Load] | None:
    """So many members with the least sum of at least `need`, found on a scale of steps.

    Which sums so many members reach is a number whose bits are the sums; kept for each number of
    members and each member, the way back is found in it.
    """
    sizes = [round(_draw(load) / step) for load in members]
    wanted = math.ceil(round(need / step, 6))
    mask = (1 << (wanted + max(sizes) + 1)) - 1
    reach = [1] + [0] * count
    history = []
    for size in sizes:
        history.append(tuple(reach))
        for taken in range(count, 0, -1):
            reach[taken] |= (reach[taken - 1] << size) & mask
    while enough := reach[count] >> wanted:
        wanted += (enough & -enough).bit_length() - 1
        chosen = _way_back(members, sizes, history, count, wanted)
        if _sum(chosen) >= need - TINY:
            return chosen
        wanted += 1  # rounding made it look sufficient
    return None


def _way_back(
    members: Sequence[Load],
    sizes: Sequence[int],
    history: Sequence[tuple[int, ...]],
    count: int,
    total: int,
) -> list[Load]:
    """Members with this number and this total, given what was reached before each of them."""
    chosen = []
    for position in range(len(members) - 1, -1, -1):
        if not history[position][count] >> total & 1:
            chosen.append(members[position])
            count -= 1
            total -= sizes[position]
    return chosen


def _without_needless(chosen: Sequence[Load], need: float) -> list[Load]:
    kept = sorted(chosen, key=lambda load: (_draw(load), -load.outlet))
    for load in tuple(kept):
        if _sum(kept) - _draw(load) >= need - TINY:
            kept.remove(load)
    return kept


def _in_order(loads: Sequence[Load]) -> tuple[int, ...]:
    ordered = sorted(loads, key=lambda load: (-load.priority, -_draw(load), load.outlet))
    return tuple(load.outlet for load in ordered)


def _sum(loads: Sequence[Load]) -> float:
    return math.fsum(_draw(load) for load in loads)


def _draw(load: Load) -> float:
    return load.draw or 0.0
