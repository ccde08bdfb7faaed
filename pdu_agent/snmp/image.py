# SPDX-License-Identifier: Apache-2.0
"""The MIB as encoded varbinds, object by object, renewed where a new snapshot differs.

An object is looked at when somebody reads it for the first time in a snapshot. Then its
plain values are compared with those of the snapshot before, and only what differs is
encoded again: names, states and settings cost next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pdu_agent.mib_impl.rows import Rows
from pdu_agent.mib_impl.syntax import Oid, Tag, Value
from pdu_agent.mib_impl.tree import Place
from pdu_agent.mib_impl.view import MibView
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.snmp.ber import (
    SEQUENCE,
    element,
    encode_oid,
    head,
    integer_content,
    oid_content,
)

_NEW: Any = object()
"""Equals no value: of a row that was not there."""


def encode_varbind(name: bytes, value: Value) -> bytes:
    """name: an encoded OBJECT IDENTIFIER."""
    content = value.content
    if isinstance(content, int):
        octets = integer_content(content)
    elif isinstance(content, bytes):
        octets = content
    elif value.tag is Tag.OBJECT_IDENTIFIER and content is not None:
        octets = oid_content(content)
    else:
        octets = b""
    length = len(octets)
    encoded = name + head(value.tag.value, length) + octets
    return element(SEQUENCE, encoded)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How instances are written. name: an instance's OID. varbind: an encoded name, and a value."""

    name: Callable[[Oid], bytes]
    varbind: Callable[[bytes, Value], bytes]


BER = Encoding(encode_oid, encode_varbind)


class Run:
    """Instances of one object: their indices, sorted, and their varbinds in the same order.

    positions: where an index stands. While the instances stay the same, `indices` stays the
    same object.
    """

    __slots__ = ("indices", "positions", "varbinds")

    def __init__(
        self,
        indices: Sequence[Oid] = (),
        varbinds: Sequence[bytes] = (),
        positions: Mapping[Oid, int] | None = None,
    ) -> None:
        self.indices = indices
        self.varbinds = varbinds
        if positions is None:
            positions = {index: position for position, index in enumerate(indices)}
        self.positions = positions


class Column:
    """One object with what was last read of it. run: the instances that have a value."""

    __slots__ = (
        *("_encoded", "_encoding", "_names", "_plains", "_row_indices"),
        *("place", "run", "seen_in"),
    )

    def __init__(self, place: Place, encoding: Encoding = BER) -> None:
        self.place = place
        self._encoding = encoding
        self.run = Run()
        self.seen_in: Snapshot | None = None
        # Of every row, also of those that have no value here:
        self._row_indices: Sequence[Oid] = ()
        self._names: list[bytes] = []
        self._plains: list[Any] = []
        self._encoded: list[bytes | None] = []

    def renew(self, rows: Rows) -> None:
        """Take the values of `rows`. Raises what a getter raises, and is as before then."""
        plains = list(map(self.place.get, rows.by_index.values()))
        if rows.indices is not self._row_indices:
            self._carry_over(rows.indices, plains)
        elif plains != self._plains:
            encoded = self._encoded.copy()
            for position, (old, new) in enumerate(zip(self._plains, plains, strict=True)):
                if new != old:
                    encoded[position] = self._encode(self._names[position], new)
            self._encoded = encoded
            self._plains = plains
        else:
            return
        self._show()

    def _carry_over(self, indices: Sequence[Oid], plains: list[Any]) -> None:
        """Rows came or went: the others keep their names, and varbinds that are still true."""
        kept = dict(
            zip(
                self._row_indices,
                zip(self._names, self._plains, self._encoded, strict=True),
                strict=True,
            )
        )
        names: list[bytes] = []
        encoded: list[bytes | None] = []
        for index, plain in zip(indices, plains, strict=True):
            name, old, varbind = kept.get(index) or (self._name(index), _NEW, None)
            names.append(name)
            encoded.append(varbind if plain == old else self._encode(name, plain))
        self._row_indices, self._names = indices, names
        self._plains, self._encoded = plains, encoded

    def _name(self, index: Oid) -> bytes:
        return self._encoding.name(self.place.oid + index)

    def _encode(self, name: bytes, plain: Any) -> bytes | None:
        value = self.place.declared.encode(plain)
        return None if value is None else self._encoding.varbind(name, value)

    def _show(self) -> None:
        varbinds = [varbind for varbind in self._encoded if varbind is not None]
        indices = self._row_indices
        if len(varbinds) < len(indices):
            indices = tuple(
                index
                for index, varbind in zip(indices, self._encoded, strict=True)
                if varbind is not None
            )
        if indices == self.run.indices:
            self.run = Run(self.run.indices, varbinds, self.run.positions)
        else:
            self.run = Run(indices, varbinds)


class Image:
    """All objects of `view` in order."""

    def __init__(self, view: MibView, encoding: Encoding = BER) -> None:
        self.view = view
        self.columns = [Column(place, encoding) for place in view.tree.places]

    def run(self, number: int, snapshot: Snapshot) -> Run:
        """The instances of object `number` as they are in `snapshot`; live ones as they are."""
        column = self.columns[number]
        if column.seen_in is not snapshot:
            column.renew(self.view.rows(column.place.group, snapshot))
            if not column.place.live:
                column.seen_in = snapshot
        return column.run
