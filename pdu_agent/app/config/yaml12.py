# SPDX-License-Identifier: Apache-2.0
"""YAML with the core schema of YAML 1.2.2 (section 10.3), bounded, every value with its place.

PyYAML's own loaders follow YAML 1.1, where `on` is true, `12:30` is 750 and `012` is 10.
Here only the scanner and parser of PyYAML are used, that is its stream of events; what a
scalar means is decided below:

    null      null Null NULL ~ and nothing at all
    boolean   true True TRUE false False FALSE, no other word
    integer   decimal (012 is twelve), 0o17 octal, 0x20 hexadecimal
    float     1.5  .5  1e3  .inf  .nan
    string    everything else, also dates and times, and everything in quotes

A file that grows by aliases, nests deeply or is large is refused before it costs memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from pdu_agent.app.config.tree import (
    Entry,
    ListNode,
    MapNode,
    Node,
    Place,
    Problems,
    Scalar,
    Value,
)

MAX_FILE_BYTES = 256 * 1024  # 64 outlets with every setting written out take about 30 KiB
MAX_NODES = 20_000  # counted with aliases expanded
MAX_DEPTH = 16  # the deepest setting stands at 5

_NULL = re.compile(r"null|Null|NULL|~|")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
_CONCEALED = (
    "cannot be read here: broken YAML, or a key given twice (not quoted, as it may be a"
    " secret); put passphrases in quotes"
)
_TAG = "tag:yaml.org,2002:"
# libyaml where PyYAML was built with it: the same events, some 20 times faster.
EVENT_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _BadYaml(Exception):
    """The file cannot be read on from here."""

    def __init__(self, place: Place, text: str) -> None:
        super().__init__(text)
        self.place = place
        self.text = text


def plain_value(text: str) -> Value:
    """What an unquoted scalar means in the core schema.

    Raises ValueError for a number with more digits than Python converts (4300).
    """
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text) or _FALSE.fullmatch(text):
        return bool(_TRUE.fullmatch(text))
    if _INTEGER.fullmatch(text):
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        return int(text, base)
    if _FLOAT.fullmatch(text):
        return float(re.sub(r"\.(inf|nan)$", r"\1", text.lower()))
    return text


def parse(raw: bytes, source: str, problems: Problems, *, conceal: bool = False) -> Node | None:
    """The tree of the one document in `raw`; `source` is its name in complaints.

    Reports broken syntax, duplicate keys and exceeded bounds to `problems`. None when
    nothing sensible could be read. conceal: complaints name the place only, because the
    text they would quote may be a secret (an unquoted passphrase that begins with *).
    """
    found = Problems()
    root = None
    try:
        root = _Composer(_decode(raw, source), source, found).document()
    except _BadYaml as exc:
        found.error(exc.place, exc.text)
    for problem in found.found:
        problems.error(problem.place, _CONCEALED if conceal else problem.text)
    return root


def _decode(raw: bytes, source: str) -> str:
    if len(raw) > MAX_FILE_BYTES:
        raise _BadYaml(Place(source), f"is larger than {MAX_FILE_BYTES // 1024} KiB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        before = raw[: exc.start].decode("utf-8-sig")
        raise _BadYaml(
            _place_of_offset(before, len(before), source),
            f"byte 0x{raw[exc.start]:02x} is not UTF-8; save the file as UTF-8",
        ) from exc


def _place_of_offset(text: str, offset: int, source: str) -> Place:
    before = text[:offset]
    return Place(source, before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)


class _Composer:
    """Builds the tree from PyYAML's events, with bounds that PyYAML does not have."""

    def __init__(self, text: str, source: str, problems: Problems) -> None:
        self._text = text
        self._source = source
        self._problems = problems
        self._events = self._read_events()
        self._anchors: dict[str, Node | None] = {}  # None: still being built
        self._sizes: dict[int, int] = {}  # id(node) -> nodes below it, aliases expanded
        self._nodes = 0

    def _read_events(self) -> Iterator[Any]:
        try:
            yield from yaml.parse(self._text, Loader=EVENT_LOADER)
        except yaml.MarkedYAMLError as exc:
            mark = exc.problem_mark or exc.context_mark
            place = self._place(mark) if mark else Place(self._source)
            what = ", ".join(filter(None, (exc.context, exc.problem)))
            raise _BadYaml(place, f"is not YAML here: {what}") from exc
        except yaml.reader.ReaderError as exc:
            place = _place_of_offset(self._text, exc.position, self._source)
            raise _BadYaml(place, f"is not YAML here: {exc.reason}") from exc

    def _place(self, mark: Any) -> Place:
        return Place(self._source, mark.line + 1, mark.column + 1)

    def document(self) -> Node | None:
        root: Node | None = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _BadYaml(
                        self._place(event.start_mark), "a second document; one file holds one"
                    )
                root = self._node(next(self._events), depth=0)
        if root is None:
            raise _BadYaml(Place(self._source), "is empty")
        return root

    def _node(self, event: Any, depth: int) -> Node:
        place = self._place(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(str(event.anchor), place)
        if depth > MAX_DEPTH:
            raise _BadYaml(place, f"is nested deeper than {MAX_DEPTH}")
        self._count(1, place)
        before = self._nodes
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        node: Node
        if isinstance(event, yaml.SequenceStartEvent):
            node = self._list(event, place, depth)
        elif isinstance(event, yaml.MappingStartEvent):
            node = self._map(event, place, depth)
        else:
            node = Scalar(place, event.value, self._scalar_value(event, place))
        if event.anchor is not None:
            self._anchors[event.anchor] = node
            self._sizes[id(node)] = 1 + self._nodes - before
        return node

    def _count(self, nodes: int, place: Place) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise _BadYaml(place, f"more than {MAX_NODES} values, aliases counted each time")

    def _alias(self, name: str, place: Place) -> Node:
        if name not in self._anchors:
            raise _BadYaml(place, f"alias *{name} has no anchor &{name} before it")
        node = self._anchors[name]
        if node is None:
            raise _BadYaml(place, f"alias *{name} stands inside its own anchor")
        self._count(self._sizes[id(node)], place)
        return node

    def _list(self, start: Any, place: Place, depth: int) -> ListNode:
        self._refuse_tag(start, place, "seq")
        items = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        return ListNode(place, tuple(items))

    def _map(self, start: Any, place: Place, depth: int) -> MapNode:
        self._refuse_tag(start, place, "map")
        entries: dict[str, Entry] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            key_place = self._place(event.start_mark)
            value = self._node(next(self._events), depth + 1)
            if not isinstance(key, Scalar):
                self._problems.error(key_place, "a key has to be one word")
            elif key.text in entries:
                first = entries[key.text].key_place
                self._problems.error(
                    key_place, f"key {key.text!r} is given twice; the first is at {first}"
                )
            else:
                entries[key.text] = Entry(key_place, value)
        return MapNode(place, entries)

    def _refuse_tag(self, event: Any, place: Place, kind: str) -> None:
        if event.tag not in (None, "!", _TAG + kind):
            self._problems.error(place, f"tag {event.tag} is not known here; leave it out")

    def _scalar_value(self, event: Any, place: Place) -> Value:
        text: str = event.value
        tag = (event.tag or "").removeprefix(_TAG)
        if tag in ("str", "!") or (not tag and not event.implicit[0]):
            return text
        if tag:
            self._problems.error(place, f"tag {event.tag} is not known here; leave it out")
            return text
        try:
            return plain_value(text)
        except ValueError:
            self._problems.error(place, "a number of that length is not usable; quote it")
            return text
