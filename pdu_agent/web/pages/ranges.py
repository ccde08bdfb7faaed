# SPDX-License-Identifier: Apache-2.0
"""Many outlet numbers in few characters."""

from __future__ import annotations

from collections.abc import Iterable


def ranges(numbers: Iterable[int]) -> str:
    """Such as "1-3, 7"; a dash for none."""
    found: list[list[int]] = []
    for number in sorted(set(numbers)):
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    texts = (_span(first, last) for first, last in found)
    return ", ".join(texts) or "\N{EN DASH}"


def _span(first: int, last: int) -> str:
    if first == last:
        return str(first)
    return f"{first}, {last}" if last == first + 1 else f"{first}\N{EN DASH}{last}"
