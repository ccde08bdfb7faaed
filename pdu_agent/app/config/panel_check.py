# SPDX-License-Identifier: Apache-2.0
"""Contradictions in `io`, `buttons`, `leds` and contacts, and with what they refer to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pdu_agent.app.config.checker import Checker
from pdu_agent.app.config.panel import IoEntry
from pdu_agent.app.config.scalars import nearest
from pdu_agent.app.config.tree import Problems
from pdu_agent.model.io_line import IoLine


def panel_check(checker: Checker, problems: Problems) -> None:
    """Report them; works on whatever `checker` could read."""
    for path, text in (*_names(checker), *_lines(checker), *_outlets(checker)):
        problems.error(checker.place(path), f"{path}: {text}")
    for path, display in checker.found("displays#"):
        text = _lacking(display)
        if text:
            problems.warn(checker.place(path), f"{path}: {text}")


def _lacking(display: Any) -> str:
    """What its driver needs and is not installed, in words."""
    if not hasattr(display.options, "library"):
        return ""
    from pdu_agent.hw import display_library  # whoever has no display loads nothing of it

    return display_library.missing(display.options.library)


def _names(checker: Checker) -> Iterator[tuple[str, str]]:
    for pattern in ("io#.name", "displays#.name"):
        first: dict[str, str] = {}
        for path, name in checker.found(pattern):
            if name in first:
                yield path, f"{name!r} is given to two entries; the first is at {first[name]}"
            first.setdefault(name, str(checker.place(path)))


def _lines(checker: Checker) -> Iterator[tuple[str, str]]:
    """A line does one thing: two buttons on one would switch together."""
    names = {name for _, name in checker.found("io#.name")}
    boards = {board.name: board for _, board in checker.found("io#")}
    inputs = checker.found("buttons#.input") + checker.found("sensors#.input")
    outputs = checker.found("leds#.output")
    first: dict[IoLine, str] = {}
    for path, line in inputs + outputs:
        if line.board not in names:
            yield path, f"no board in `io` is called {line.board!r}{nearest(line.board, names)}"
        elif line in first:
            yield path, f"{line} is used twice; the first is at {checker.place(first[line])}"
        elif line.board in boards:
            text = _misfit(boards[line.board], line, is_input=(path, line) in inputs)
            if text:
                yield path, text
        first.setdefault(line, path)


def _misfit(board: IoEntry, line: IoLine, *, is_input: bool) -> str:
    count = getattr(board.options, "line_count", None)
    if count is not None and line.line >= count:
        return f"board {board.name!r} has lines 0 to {count - 1}, not {line.line}"
    if is_input and line.line in getattr(board.options, "output_only", ()):
        return f"line {line.line} of an {board.driver} is an output only; use another one"
    return ""


def _outlets(checker: Checker) -> Iterator[tuple[str, str]]:
    switched = {o.number: o.relay is not None for _, o in checker.found("outlets#")}
    numbers = {number for _, number in checker.found("outlets#.number")}
    for path, number in checker.found("leds#.outlet") + checker.found("buttons#.outlet"):
        if number not in numbers:
            yield path, f"there is no outlet {number}"
    for path, number in checker.found("buttons#.outlet"):
        if switched.get(number) is False:
            yield path, f"outlet {number} has no relay to switch"
