# SPDX-License-Identifier: Apache-2.0
"""Requests that know their answers, so that a load generator can check every one of them.

The first answer of each kind is decoded and held against the tree. From it comes a mask that
leaves out the request-id and the contents of values that move; later answers of that length
are compared under the mask, as one large integer, which costs about a microsecond.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import repository  # noqa: F401

from tests.snmp import ber

Name = tuple[int, ...]
Place = tuple[int, int, int]
"""An element's tag, and where its content starts and ends."""

REQUEST_ID = bytes.fromhex("5ac3d2e1")
"""Stands in an encoded request where each message has its own four octets."""
SEQUENCE, INTEGER, OCTET_STRING, OBJECT_ID = 0x30, 0x02, 0x04, 0x06
NO_ERROR = b"\x02\x01\x00\x02\x01\x00"
"""error-status and error-index of an answer."""
VALUE_OCTETS = {
    INTEGER: (1, 4),
    OCTET_STRING: (0, 65535),
    OBJECT_ID: (1, 400),
    0x40: (4, 4),
    0x41: (1, 5),
    0x42: (1, 5),
    0x43: (1, 5),
    0x46: (1, 9),
}
"""Tag of a value -> fewest and most octets of its content (RFC 2578 section 7.1)."""


class WrongAnswer(Exception):
    """What was answered is not what had to be."""


@dataclass(frozen=True, slots=True)
class Content:
    """A value as it is encoded. moves: it changes by itself, so only its type is checked."""

    tag: int
    octets: bytes
    moves: bool = False


class Tree:
    """What an agent serves in one subtree: all of its instances and their values."""

    def __init__(self, contents: Mapping[Name, Content]) -> None:
        self.contents = dict(sorted(contents.items()))
        self.names = tuple(self.contents)
        self.encoded = {name: ber.encode(ber.oid(name)) for name in self.names}

    def after(self, name: Name, count: int) -> tuple[Name, ...]:
        """The `count` instances that follow, fewer at the end."""
        first = bisect_right(self.names, name)
        return self.names[first : first + count]


@dataclass(frozen=True, slots=True)
class _Pattern:
    mask: int
    wanted: int
    varbinds: int


class Question:
    """A GET, GETNEXT or GETBULK without non-repeaters, and what its answer must bring.

    head, tail: the encoded message (v2c), or scoped PDU (v3), around the request-id.
    envelope: what stands in front of the PDU, version and community or engine ID and context;
    answers must repeat it. names may lie outside `tree`, but not far: a GETBULK's answer must
    not leave it.
    """

    def __init__(
        self, tree: Tree, envelope: bytes, tag: int, names: Sequence[Name], repetitions: int = 0
    ) -> None:
        self._tree = tree
        self._envelope = envelope
        self._whole = tag != ber.GET_BULK
        self._wanted = _wanted(tree, tag, names, repetitions)
        self._patterns: dict[int, list[_Pattern]] = {}
        encoded = [tree.encoded.get(name) or ber.encode(ber.oid(name)) for name in names]
        bindings = b"".join(element(SEQUENCE, name + b"\x05\x00") for name in encoded)
        pdu = element(
            tag,
            element(INTEGER, REQUEST_ID)
            + b"\x02\x01\x00"
            + ber.encode(ber.integer(repetitions))
            + element(SEQUENCE, bindings),
        )
        self.head, _, self.tail = element(SEQUENCE, envelope + pdu).partition(REQUEST_ID)

    def varbinds(self, answer: bytes) -> int:
        """How many the answer brings; raises WrongAnswer when it is not right."""
        number = int.from_bytes(answer, "big")
        for pattern in self._patterns.get(len(answer), ()):
            if number & pattern.mask == pattern.wanted:
                return pattern.varbinds
        pattern = self._examine(answer)
        self._patterns.setdefault(len(answer), []).append(pattern)
        return pattern.varbinds

    def _examine(self, answer: bytes) -> _Pattern:
        try:
            free, varbinds = self._read(answer)
        except (IndexError, ValueError) as exc:
            raise WrongAnswer(f"not well-formed ({exc})") from exc
        mask = bytearray(b"\xff" * len(answer))
        for start, end in free:
            mask[start:end] = bytes(end - start)
        bits = int.from_bytes(mask, "big")
        return _Pattern(bits, int.from_bytes(answer, "big") & bits, varbinds)

    def _read(self, answer: bytes) -> tuple[list[tuple[int, int]], int]:
        """Spans that differ from answer to answer, and the number of varbinds."""
        (outer, start, end), *after = parts(answer, 0, len(answer))
        if after or outer != SEQUENCE or not answer.startswith(self._envelope, start):
            raise WrongAnswer("another version, community, engine or context")
        ((tag, start, end),) = parts(answer, start + len(self._envelope), end)
        if tag != ber.RESPONSE:
            raise WrongAnswer(f"a message with tag 0x{tag:02x} where a response was due")
        request_id, status, index, bindings = parts(answer, start, end)
        if answer[request_id[2] : index[2]] != NO_ERROR:
            raise WrongAnswer(f"error-status {answer[status[1]]}")
        free = [request_id[1:]]
        places = parts(answer, *bindings[1:])
        if request_id[0] != INTEGER or {bindings[0], *(tag for tag, _, _ in places)} != {SEQUENCE}:
            raise WrongAnswer("not the elements of a response")
        fewest = len(self._wanted) if self._whole else 1
        if not fewest <= len(places) <= len(self._wanted):
            raise WrongAnswer(f"{len(places)} varbinds where {len(self._wanted)} were due")
        for name, (_, start, end) in zip(self._wanted, places, strict=False):
            free += self._moving(name, answer, start, end)
        return free, len(places)

    def _moving(self, name: Name, answer: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Check one varbind; the span of its value if that moves."""
        encoded = self._tree.encoded[name]
        shown = ".".join(map(str, name))
        if not answer.startswith(encoded, start):
            raise WrongAnswer(f"another instance where {shown} was due")
        ((tag, first, last),) = parts(answer, start + len(encoded), end)
        wanted = self._tree.contents[name]
        fewest, most = VALUE_OCTETS.get(wanted.tag, (1, 0))
        if tag != wanted.tag or not fewest <= last - first <= most:
            raise WrongAnswer(f"{shown}: type 0x{tag:02x} with {last - first} octets")
        if wanted.moves:
            yield first, last
        elif answer[first:last] != wanted.octets:
            found = answer[first:last].hex(" ")
            raise WrongAnswer(f"{shown}: {found} where {wanted.octets.hex(' ')} was due")


def _wanted(tree: Tree, tag: int, names: Sequence[Name], repetitions: int) -> tuple[Name, ...]:
    if tag == ber.GET:
        return tuple(names)
    runs = [tree.after(name, max(1, repetitions)) for name in names]
    if min(map(len, runs)) < max(1, repetitions):
        raise ValueError("a question past the end of the tree")
    return tuple(name for row in zip(*runs, strict=True) for name in row)


def element(tag: int, content: bytes) -> bytes:
    return bytes((tag,)) + ber.length(len(content)) + content


def parts(data: bytes, start: int, end: int) -> list[Place]:
    """The elements between `start` and `end`; ValueError or IndexError if they do not fit."""
    places = []
    while start < end:
        tag, octets = data[start], data[start + 1]
        start += 2
        if octets & 0x80:
            wide = octets & 0x7F
            octets = int.from_bytes(data[start : start + wide], "big")
            start += wide
        if start + octets > end:
            raise ValueError("an element reaches beyond its parent")
        places.append((tag, start, start + octets))
        start += octets
    return places


def varbinds_of(answer: bytes) -> list[tuple[Name, Content]]:
    """Names and values of a v2c response, for reading a tree that is not known yet."""
    _version, _community, (tag, pdu) = _children(ber.decode(answer))
    if tag != ber.RESPONSE or isinstance(pdu, bytes):
        raise WrongAnswer(f"a message with tag 0x{tag:02x} where a response was due")
    found = []
    for binding in _children(pdu[3]):
        name, (kind, octets) = _children(binding)
        if isinstance(octets, bytes):
            found.append((ber.to_oid(name), Content(kind, octets)))
    return found


def _children(node: ber.Node) -> list[ber.Node]:
    if isinstance(node[1], bytes):
        raise WrongAnswer(f"an element with tag 0x{node[0]:02x} has no parts")
    return node[1]
