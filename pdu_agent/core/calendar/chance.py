# SPDX-License-Identifier: Apache-2.0
"""Times that look random, and are the same whenever they are asked for again.

Only Random.random() is used: Python promises that its numbers stay the same for a seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from random import Random

from pdu_agent.core.calendar.settings import PresenceSettings


def chance_of(seed: int, name: str, day: date) -> Random:
    return Random(f"{seed} {day.isoformat()} {name}")


def scattered(walls_s: Sequence[int], random_s: int, chance: Random) -> list[int]:
    """Each up to random_s sooner or later."""
    width = 2 * random_s + 1
    return [wall_s - random_s + int(chance.random() * width) for wall_s in walls_s]


def times_on(
    begin_s: int, end_s: int, settings: PresenceSettings, chance: Random
) -> list[tuple[int, int]]:
    """(on, off) within the window, rising, with the settings' least and most times.

    A window that the clock has made shorter than the settings need holds as many as fit.
    """
    length_s = end_s - begin_s
    fitting = (length_s + settings.least_off_s) // (settings.least_on_s + settings.least_off_s)
    drawn = settings.least + int(chance.random() * (settings.most - settings.least + 1))
    count = min(drawn, fitting)
    if count < 1:
        return []
    spare_s = length_s - count * settings.least_on_s - (count - 1) * settings.least_off_s
    longer_s = settings.most_on_s - settings.least_on_s
    extras = [int(chance.random() * (longer_s + 1)) for _ in range(count)]
    if sum(extras) > spare_s:
        extras = [extra * spare_s // sum(extras) for extra in extras]
    spare_s -= sum(extras)
    waits = sorted(int(chance.random() * (spare_s + 1)) for _ in range(count))
    return _laid_out(begin_s, extras, waits, settings)


def _laid_out(
    begin_s: int, extras: Sequence[int], waits: Sequence[int], settings: PresenceSettings
) -> list[tuple[int, int]]:
    """waits: how much of the spare time has passed when each begins."""
    pairs = []
    busy_s = begin_s
    for extra, wait in zip(extras, waits, strict=True):
        on_s = busy_s + wait
        off_s = on_s + settings.least_on_s + extra
        pairs.append((on_s, off_s))
        busy_s = off_s - wait + settings.least_off_s
    return pairs
