# SPDX-License-Identifier: Apache-2.0
"""What every resource is made of: numbers and instants as JSON takes them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from typing import Any

Plain = dict[str, Any]

DECIMALS = 4  # finer than any meter here; keeps float noise out of the text


def number(value: float | None) -> float | None:
    """`value` for JSON, which knows neither NaN nor infinity: those count as missing."""
    if value is None or not math.isfinite(value):
        return None
    return round(value, DECIMALS)


@lru_cache(maxsize=1024)
def instant(wall_s: float | None) -> str | None:
    """Seconds since 1970 as an RFC 3339 string in UTC with milliseconds.

    Most instants are those of a meter's peaks and resets, told again in every answer.
    """
    if wall_s is None:
        return None
    text = datetime.fromtimestamp(wall_s, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def words(members: Iterable[Enum]) -> list[str]:
    """The values of enumeration members, in alphabetical order."""
    return sorted(str(member.value) for member in members)


def fixed(value: float | None, decimals: int) -> str:
    """For people; a dash for what is missing."""
    return "-" if value is None else f"{value:.{decimals}f}"
