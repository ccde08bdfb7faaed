# SPDX-License-Identifier: Apache-2.0
"""Turns a tree into settings dataclasses and reports everything that does not fit, at once.

Knows no section of the file: the dataclasses say what may stand there (model.settings).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from pdu_agent.app.config.scalars import convert, expectation, nearest, shown
from pdu_agent.app.config.shape import Inline, Kind, Member, Shape, members
from pdu_agent.app.config.tree import (
    ListNode,
    MapNode,
    Node,
    Place,
    Problems,
    Scalar,
    node_at,
)
from pdu_agent.model.errors import ConfigError

T = TypeVar("T")

_NO_LIMITS: Mapping[str, Any] = {}
_POSITION = re.compile(r"\[\d+\]")


class _Rejected(Exception):
    """This value has been complained about."""


def decisive_word(inline: Inline, node: MapNode) -> Scalar | None:
    """What the mapping says for the key that decides; None when it says nothing usable."""
    if not inline.decided_by:
        return Scalar(node.place, "", "")
    word = node_at(node, [inline.decided_by])
    return word if isinstance(word, Scalar) else None


def join(path: str, step: str | int) -> str:
    """outlets + 2 -> outlets[2]; outlets[2] + name -> outlets[2].name."""
    if isinstance(step, int):
        return f"{path}[{step}]"
    return f"{path}.{step}" if path else step


class Checker:
    """judges: by path without list positions ("snmp.listen"), called with each value there;
    they raise ConfigError. key_judges: the same for the keys of the mapping at that path.
    conceal: never repeat what the file says, as it holds secrets.
    """

    def __init__(
        self,
        problems: Problems,
        judges: Mapping[str, Callable[[Any], object]] | None = None,
        *,
        key_judges: Mapping[str, Callable[[str], object]] | None = None,
        conceal: bool = False,
    ) -> None:
        self._problems = problems
        self._judges = judges or {}
        self._key_judges = key_judges or {}
        self._conceal = conceal
        self._places: dict[str, Place] = {}
        self.values: dict[str, Any] = {}
        """Every value and dataclass that is right in itself, by path, also when what it
        belongs to is not."""

    def place(self, path: str) -> Place:
        """Where the setting at `path` is written, else the nearest one around it."""
        while path not in self._places:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self._places[path]

    def found(self, pattern: str) -> list[tuple[str, Any]]:
        """(path, value) wherever the path fits; `#` in the pattern is any list position."""
        expression = re.compile(pattern.replace(".", r"\.").replace("#", r"\[(\d+)\]") + r"\Z")
        return [
            (path, value)
            for path, value in self.values.items()
            if expression.match(path) and value is not None
        ]

    def record(self, cls: type[T], node: Node, path: str = "") -> T | None:
        """The settings in `node`; None when something was wrong (it is in the problems)."""
        try:
            result: T = self._record(cls, node, path)
            return result
        except _Rejected:
            return None

    def _rejected(self, place: Place, path: str, text: str) -> _Rejected:
        self._problems.error(place, f"{path}: {text}" if path else text)
        return _Rejected()

    def _record(self, cls: type, node: Node, path: str) -> Any:
        self._places[path] = node.place
        if not isinstance(node, MapNode):
            raise self._rejected(
                node.place, path, f"{self._shown(node)}; expected settings, each as `name: value`"
            )
        own = [member for member in members(cls) if member.inline is None]
        values, complete = self._fields(own, node, path)
        known = [member.name for member in own]
        for name, inner, fields in self._inline(cls, node, path):
            inner_values, inner_complete = self._fields(fields, node, path)
            known += [member.name for member in fields]
            complete = complete and inner_complete
            if inner_complete:
                values[name] = self._build(inner, inner_values, node.place, path)
        if not self._all_known(node, known, path) or not complete:
            raise _Rejected
        self.values[path] = self._build(cls, values, node.place, path)
        return self.values[path]

    def _inline(
        self, cls: type, node: MapNode, path: str
    ) -> list[tuple[str, type, tuple[Member, ...]]]:
        """Name, dataclass and settable fields of each inline field.

        Rejects the whole mapping when that cannot be told: without a known driver nobody
        can say which keys are right.
        """
        chosen = []
        for member in members(cls):
            if member.inline is None:
                continue
            word = decisive_word(member.inline, node)
            if word is None:
                raise _Rejected  # reported with the other fields
            try:
                inner = member.inline.choose(word.text)
            except ConfigError as exc:
                where = join(path, member.inline.decided_by)
                raise self._rejected(word.place, where, str(exc)) from exc
            chosen.append((member.name, inner, members(inner)))
        return chosen

    def _fields(
        self, fields: Iterable[Member], node: MapNode, path: str
    ) -> tuple[dict[str, Any], bool]:
        """The values that `node` gives for the fields, and whether all were right."""
        values: dict[str, Any] = {}
        complete = True
        for member in fields:
            entry = node.entries.get(member.name)
            try:
                if entry is not None:
                    where = join(path, member.name)
                    values[member.field] = self._value(
                        member.shape, member.limits, entry.node, where
                    )
                elif member.required:
                    what = expectation(member.shape, member.limits)
                    raise self._rejected(
                        node.place, path, f"{member.name} is missing; expected {what}"
                    )
            except _Rejected:
                complete = False
        return values, complete

    def _all_known(self, node: MapNode, known: list[str], path: str) -> bool:
        unknown = [key for key in node.entries if key not in known]
        for key in unknown:
            shown_key = "" if self._conceal else f" {key!r}"
            self._problems.error(
                node.entries[key].key_place,
                f"{path + ': ' if path else ''}unknown key{shown_key}{nearest(key, known)}",
            )
        return not unknown

    def _build(self, cls: type[Any], values: dict[str, Any], place: Place, path: str) -> Any:
        try:
            return cls(**values)
        except ConfigError as exc:  # what a dataclass checks across its fields
            raise self._rejected(place, path, str(exc)) from exc

    def _value(self, shape: Shape, limits: Mapping[str, Any], node: Node, path: str) -> Any:
        self._places[path] = node.place
        if shape.optional and isinstance(node, Scalar) and node.value is None:
            return None
        if shape.kind is Kind.RECORD:
            return self._record(shape.type, node, path)
        if shape.kind is Kind.LIST and isinstance(node, ListNode) and shape.item:
            return shape.type(self._list(shape.item, limits, node, path))
        if shape.kind is Kind.MAP and isinstance(node, MapNode) and shape.item:
            return self._map(shape.item, node, path)
        if shape.kind is Kind.SCALAR and isinstance(node, Scalar):
            return self._scalar(shape, limits, node, path)
        raise self._rejected(
            node.place, path, f"{self._shown(node)}; expected {expectation(shape, limits)}"
        )

    def _list(self, item: Shape, limits: Mapping[str, Any], node: ListNode, path: str) -> list[Any]:
        maximum = limits.get("max_length")
        if maximum is not None and len(node.items) > maximum:
            raise self._rejected(
                node.place, path, f"{len(node.items)} entries; expected at most {maximum}"
            )
        # A bound beside a list of numbers or words is meant for each of them.
        inner = {**limits, "max_length": None}
        values = []
        for position, entry in enumerate(node.items):
            try:
                values.append(self._value(item, inner, entry, join(path, position)))
            except _Rejected:
                continue
        if len(values) < len(node.items):
            raise _Rejected
        return values

    def _map(self, item: Shape, node: MapNode, path: str) -> dict[str, Any]:
        judge = self._key_judges.get(_POSITION.sub("", path))
        values = {}
        for key, entry in node.entries.items():
            try:
                if judge is not None:
                    self._judge(judge, key, entry.key_place, path)
                values[key] = self._value(item, _NO_LIMITS, entry.node, join(path, key))
            except _Rejected:
                continue
        if len(values) < len(node.entries):
            raise _Rejected
        return values

    def _scalar(self, shape: Shape, limits: Mapping[str, Any], node: Scalar, path: str) -> Any:
        conceal = self._conceal or bool(limits.get("secret"))
        try:
            value = convert(shape, limits, node, conceal=conceal)
        except ConfigError as exc:
            raise self._rejected(node.place, path, str(exc)) from exc
        judge = self._judges.get(_POSITION.sub("", path))
        if judge is not None:
            self._judge(judge, value, node.place, path)
        self.values[path] = value
        return value

    def _judge(self, judge: Callable[[Any], object], value: Any, place: Place, path: str) -> None:
        try:
            judge(value)
        except ConfigError as exc:
            raise self._rejected(place, path, str(exc)) from exc

    def _shown(self, node: Node) -> str:
        return shown(node, conceal=self._conceal)
