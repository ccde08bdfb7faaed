# SPDX-License-Identifier: Apache-2.0
"""Contradictions in `caps` and in the trips of outlets, and with what they refer to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pdu_agent.app.config.checker import Checker
from pdu_agent.app.config.tree import Problems
from pdu_agent.core.protection.settings import CAPPED_KINDS, UNIT, CapSettings
from pdu_agent.model.commands import Target, TargetKind

_SECTIONS = {
    TargetKind.INLET: "inlets",
    TargetKind.LINE: "lines",
    TargetKind.BRANCH: "branches",
}


def cap_check(checker: Checker, problems: Problems) -> None:
    """Report them; works on whatever `checker` could read."""
    metered = _metered(checker)
    for path, cap in checker.found("caps#"):
        text = _misfit(cap, checker, metered)
        if text:
            problems.error(checker.place(path), f"{path}: {text}")
    for path, outlet in checker.found("outlets#"):
        if outlet.trip_above_a is not None and Target(TargetKind.OUTLET, outlet.number) not in (
            metered
        ):
            text = f"nothing in `meters` feeds outlet {outlet.number}: it cannot trip"
            problems.error(checker.place(path), f"{path}.trip_above_a: {text}")


def _metered(checker: Checker) -> set[Target]:
    """What a meter feeds, inlets by all of their lines too."""
    found = checker.found("meters#.currents#.feeds") + checker.found("meters#.channels.[^.]+")
    points = {point for _, point in found}
    lines: dict[int, list[Target]] = {}
    for _, line in checker.found("lines#"):
        lines.setdefault(line.inlet, []).append(Target(TargetKind.LINE, line.number))
    inlets = {Target(TargetKind.INLET, n) for n, own in lines.items() if set(own) <= points}
    return points | inlets


def _misfit(cap: CapSettings, checker: Checker, metered: set[Target]) -> str:
    """Why such a cap cannot be kept; empty when it can."""
    if (cap.limit_w is None) is (cap.limit_a is None):
        return "give limit_w or limit_a, one of them"
    limit = cap.limit({})
    if cap.margin is not None and cap.margin >= limit:
        return f"a margin of {cap.margin:g} leaves nothing of {limit:g}"
    if cap.target.kind not in CAPPED_KINDS or (
        cap.target.kind is TargetKind.UNIT and cap.target != UNIT
    ):
        return f"{cap.target} cannot be capped; expected unit 1, an inlet, line or branch"
    parts = list(_parts(cap.target, checker))
    if not parts:
        return f"there is no {cap.target}"
    for part in parts:
        if part not in metered:
            return f"nothing in `meters` feeds {part}"
    if cap.limit_a is not None and len(list(_conductors(cap.target, parts, checker))) > 1:
        return f"{cap.target} has several lines: give limit_w, or a cap for each line"
    return ""


def _parts(target: Target, checker: Checker) -> Iterator[Target]:
    """What the value of the target is made of, as far as it exists."""
    inlets: list[Any] = [number for _, number in checker.found("inlets#.number")] or [1]
    if target.kind is TargetKind.UNIT:
        yield from (Target(TargetKind.INLET, number) for number in inlets)
        return
    section = _SECTIONS[target.kind]
    numbers = [number for _, number in checker.found(f"{section}#.number")]
    if target.index in (numbers or (inlets if target.kind is TargetKind.INLET else [])):
        yield target


def _conductors(target: Target, parts: list[Target], checker: Checker) -> Iterator[object]:
    if target.kind in (TargetKind.LINE, TargetKind.BRANCH):
        yield target
        return
    for part in parts:
        lines = [line for _, line in checker.found("lines#") if line.inlet == part.index]
        yield from lines or [part]
