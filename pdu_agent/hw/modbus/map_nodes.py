# SPDX-License-Identifier: Apache-2.0
"""YAML of a register map as nodes that know their place, and typed access to them.

Scalars are read by what is expected of them and not by YAML's own rules: a register is 0x131
or 305, a scale is exact (0.01 is a hundredth).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import yaml

Node = yaml.Node
Report = Callable[[str, int, int, str], None]
"""Is told of what is wrong: file, line and column from 1, and the complaint."""

MAX_DEPTH = 8
_INTEGER = re.compile(r"-?[0-9]{1,20}|0x[0-9a-fA-F]{1,16}")
_NUMBER = re.compile(r"-?([0-9]{1,20}(\.[0-9]{0,20})?|\.[0-9]{1,20})(e-?[0-9]{1,2})?")


def parse(raw: bytes, source: str, report: Report) -> MapNodes | None:
    """The tree of the one document in `raw`; None, and a report, where it is not one."""
    try:
        text = raw.decode("utf-8")
        _refuse_depth(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except UnicodeDecodeError as exc:
        report(source, raw.count(b"\n", 0, exc.start) + 1, 1, "is not UTF-8; save it as UTF-8")
        return None
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        report(source, line, column, f"is not YAML here: {exc.problem or exc.context}")
        return None
    except yaml.YAMLError as exc:
        report(source, 1, 1, f"is not YAML: {exc}")
        return None
    if root is None:
        report(source, 1, 1, "is empty")
        return None
    return MapNodes(root, source, report)


def _refuse_depth(text: str) -> None:
    """Before nodes are built, which recurses. Aliases are refused too: a map needs none."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise _refused("an alias; write it out", event)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise _refused("nested too deep", event)


def _refused(problem: str, event: yaml.Event) -> yaml.MarkedYAMLError:
    mark: Any = event.start_mark
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


class MapNodes:
    """The readers return None (or nothing) for what they complained about."""

    def __init__(self, root: Node, source: str, report: Report) -> None:
        self.root = root
        self.complaints = 0
        self._source = source
        self._report = report

    def complain(self, node: Node, text: str) -> None:
        self.complaints += 1
        self._report(self._source, self.line(node), node.start_mark.column + 1, text)

    @staticmethod
    def line(node: Node) -> int:
        """Counted from 1."""
        line: int = node.start_mark.line + 1
        return line

    def entries(
        self, node: Node, what: str, known: Sequence[str] | None = None, kind: str = "key"
    ) -> dict[str, Node]:
        """The entries of a mapping. known: the only keys that may be there."""
        if not isinstance(node, yaml.MappingNode):
            self.complain(node, f"{what}: expected entries, each as `name: value`")
            return {}
        found: dict[str, Node] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if name in found:
                self.complain(key, f"{what}: {kind} {name!r} is given twice")
            elif known is not None and name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                self.complain(key, f"{what}: unknown {kind} {name!r}{hint}")
            else:
                found[name] = value
        return found

    def items(self, node: Node, what: str) -> list[Node]:
        if not isinstance(node, yaml.SequenceNode):
            self.complain(node, f"{what}: expected a list")
            return []
        return list(node.value)

    def text(
        self, parent: Node, entries: Mapping[str, Node], key: str, default: str | None = None
    ) -> str | None:
        node = entries.get(key)
        if node is None:
            if default is None:
                self.complain(parent, f"{key} is missing")
            return default
        if not isinstance(node, yaml.ScalarNode):
            self.complain(node, f"{key}: expected one word")
            return None
        text: str = node.value
        return text

    def choice(
        self,
        parent: Node,
        entries: Mapping[str, Node],
        key: str,
        choices: Sequence[str],
        default: str | None = None,
    ) -> str | None:
        text = self.text(parent, entries, key, default)
        if text is not None and text not in choices:
            self.complain(entries[key], f"{key}: {text!r}; expected one of {', '.join(choices)}")
            return None
        return text

    def integer(
        self,
        parent: Node,
        entries: Mapping[str, Node],
        key: str,
        minimum: int,
        maximum: int,
        default: int | None = None,
    ) -> int | None:
        text = self.text(parent, entries, key, None if default is None else str(default))
        if text is None:
            return None
        if _INTEGER.fullmatch(text) and minimum <= (number := _integer(text)) <= maximum:
            return number
        bounds = (
            f"0x{minimum:x} to 0x{maximum:x}" if maximum >= 0xFFFF else f"{minimum} to {maximum}"
        )
        self.complain(entries[key], f"{key}: {text!r}; expected a whole number, {bounds}")
        return None

    def fraction(
        self, parent: Node, entries: Mapping[str, Node], key: str, default: Fraction | None = None
    ) -> Fraction | None:
        text = self.text(parent, entries, key, None if default is None else str(default))
        if text is None or key not in entries:
            return default
        if _NUMBER.fullmatch(text):
            return Fraction(text)
        self.complain(entries[key], f"{key}: {text!r}; expected a number")
        return None

    def pair(self, node: Node, what: str) -> tuple[Fraction, Fraction] | None:
        """[least, most]"""
        texts = [item.value for item in self.items(node, what)]
        if len(texts) == 2 and all(isinstance(t, str) and _NUMBER.fullmatch(t) for t in texts):
            least, most = Fraction(texts[0]), Fraction(texts[1])
            if least < most:
                return least, most
        self.complain(node, f"{what}: expected [least, most], two numbers in rising order")
        return None


def _integer(text: str) -> int:
    return int(text, 16 if text.startswith("0x") else 10)
