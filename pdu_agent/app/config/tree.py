# SPDX-License-Identifier: Apache-2.0
"""Configuration as a tree of values that remember where they were written.

A YAML file, a CSV file and the environment all become this tree, so that one checker
serves them and every complaint can name its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

Value = None | bool | int | float | str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: a file with line and column from 1, or the name of a variable."""

    source: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value. `text` is what was written, which is what a setting of type str takes."""

    place: Place
    text: str
    value: Value


@dataclass(frozen=True, slots=True)
class ListNode:
    place: Place
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    key_place: Place
    node: Node


@dataclass(frozen=True, slots=True)
class MapNode:
    """Keys are the text as written: `on:` is the key "on"."""

    place: Place
    entries: dict[str, Entry]


Node = Scalar | ListNode | MapNode

Step = str | int


def node_at(node: Node, steps: Sequence[Step]) -> Node | None:
    """The node that `steps` (keys and 0-based positions) lead to; None where there is none."""
    for step in steps:
        if isinstance(node, MapNode) and isinstance(step, str) and step in node.entries:
            node = node.entries[step].node
        elif isinstance(node, ListNode) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
        else:
            return None
    return node


def with_node(node: Node, steps: Sequence[Step], new: Node) -> Node:
    """A copy of the tree with `new` at `steps`.

    Mappings on the way are made where they are missing; where a list or a scalar stands in
    the way, `node` comes back unchanged (the checker complains about it anyway).
    """
    if not steps:
        return new
    step, rest = steps[0], steps[1:]
    if isinstance(node, MapNode) and isinstance(step, str):
        old = node.entries.get(step, Entry(new.place, MapNode(new.place, {})))
        entry = Entry(old.key_place, with_node(old.node, rest, new))
        return MapNode(node.place, {**node.entries, step: entry})
    if isinstance(node, ListNode) and isinstance(step, int):
        items = list(node.items)
        items[step] = with_node(items[step], rest, new)
        return ListNode(node.place, tuple(items))
    return node


@dataclass(frozen=True, slots=True)
class Problem:
    """One complaint. A warning does not keep the agent from starting."""

    place: Place
    text: str
    warning: bool = False

    def __str__(self) -> str:
        return f"{self.place}: {'warning: ' if self.warning else ''}{self.text}"


@dataclass(slots=True)
class Problems:
    """Collects complaints, so that all of them can be shown at once."""

    found: list[Problem] = field(default_factory=list)

    def error(self, place: Place, text: str) -> None:
        self._add(Problem(place, text))

    def warn(self, place: Place, text: str) -> None:
        self._add(Problem(place, text, warning=True))

    def _add(self, problem: Problem) -> None:
        if problem not in self.found:  # an alias brings one place up several times
            self.found.append(problem)

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.found if not problem.warning]

    def in_order(self) -> list[Problem]:
        """By file in the order met, then by line and column."""
        sources = list(dict.fromkeys(problem.place.source for problem in self.found))
        return sorted(
            self.found,
            key=lambda p: (sources.index(p.place.source), p.place.line, p.place.column),
        )
