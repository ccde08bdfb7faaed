# SPDX-License-Identifier: Apache-2.0
"""Numbers, spans and moments as people read them on the page."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

MISSING = "\N{EN DASH}"

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def fixed(value: float | None, decimals: int = 0) -> str:
    """A dash for what is missing; -0.0 is 0.0."""
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{round(value, decimals) + 0.0:.{decimals}f}"


def typed(value: object) -> object:
    """As somebody would type it into a field: 2000 for 2000.0, nothing for what is missing."""
    if value is None:
        return ""
    return f"{value:.10g}" if isinstance(value, float) else value


def percent_of(value: float | None, whole: float | None) -> float | None:
    """None where either is missing, or the whole is 0."""
    return 100.0 * value / whole if value is not None and whole else None


def span(seconds: float | None) -> str:
    """The two largest units, as in "2 h 5 min"; a dash for what is missing."""
    if seconds is None or not math.isfinite(seconds):
        return MISSING
    left = int(max(seconds, 0))
    parts: list[str] = []
    for size, unit in _UNITS:
        if left >= size or parts:
            parts.append(f"{left // size} {unit}")
            left %= size
        if len(parts) == 2:
            break
    return " ".join(part for part in parts if not part.startswith("0 ")) or "0 s"


def local(
    time_zone: str, wall_s: float | None, now_s: float | None = None, *, exact: bool = False
) -> str:
    """As the unit's owner reads it; only the time of day where now_s is of the same day.

    exact: with seconds where there is a date, too.
    """
    if wall_s is None:
        return MISSING
    moment = datetime.fromtimestamp(wall_s, UTC).astimezone(_zone(time_zone))
    if now_s is not None:
        now = datetime.fromtimestamp(now_s, UTC).astimezone(_zone(time_zone))
        if now.date() == moment.date():
            return f"{moment:%H:%M:%S}"
    return f"{moment:%Y-%m-%d %H:%M:%S}" if exact else f"{moment:%Y-%m-%d %H:%M}"


def day(time_zone: str, wall_s: float) -> str:
    """The date there, as in 2027-01-15."""
    return f"{datetime.fromtimestamp(wall_s, UTC).astimezone(_zone(time_zone)):%Y-%m-%d}"


@lru_cache(maxsize=4)
def _zone(name: str) -> ZoneInfo | None:
    return ZoneInfo(name) if name else None
