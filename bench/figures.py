# SPDX-License-Identifier: Apache-2.0
"""What every bench prints: one line per figure with its goal, or all of them as JSON."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """goal: the most that is allowed; None for a figure that is only stated."""

    name: str
    value: float
    unit: str
    goal: float | None = None
    note: str = ""

    @property
    def reached(self) -> bool:
        return self.goal is None or self.value <= self.goal


def report(figures: Sequence[Figure], as_json: bool) -> int:
    """Print them; the exit status, 1 when a goal is missed."""
    if as_json:
        rows = [{**asdict(figure), "reached": figure.reached} for figure in figures]
        print(json.dumps({"machine": machine(), "figures": rows}, indent=2))
    else:
        print(machine())
        for figure in figures:
            print(_line(figure))
    return 0 if all(figure.reached for figure in figures) else 1


def machine() -> str:
    load = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    return (
        f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, "
        f"load average {load}"
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def _line(figure: Figure) -> str:
    goal = "stated" if figure.goal is None else f"goal <= {figure.goal:g} {figure.unit}"
    verdict = "" if figure.goal is None else ("  ok" if figure.reached else "  MISSED")
    note = f"  ({figure.note})" if figure.note else ""
    return f"{figure.name:<52} {figure.value:>10.4g} {figure.unit:<8} {goal}{verdict}{note}"
