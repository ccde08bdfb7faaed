# SPDX-License-Identifier: Apache-2.0
"""The encoded image: right after every change, and no work where nothing changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.mib_impl.schema import MibModule, ObjectType, Table
from pdu_agent.mib_impl.syntax import Oid, Syntax, Tag, Value
from pdu_agent.mib_impl.view import MibView
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.snmp.image import Image, encode_varbind
from tests.mib.unit import unit
from tests.snmp import ber
from tests.snmp.test_sizes import OIDS, VALUES

ARC = (1, 3, 6, 1, 4, 1, 9999)
COLUMN = (*ARC, 1, 1, 7)
Content = dict[Oid, int | None]


@dataclass(frozen=True)
class CountingInteger(Syntax):
    """Notes what it was asked to encode."""

    tag: ClassVar[Tag] = Tag.INTEGER
    encoded: list[int]

    def encode(self, plain: int) -> Value:
        if plain == 666:
            raise ValueError("cannot be encoded")
        self.encoded.append(plain)
        return Value(self.tag, plain)


class Bench:
    """One table of one column, whose rows are what `show` last set."""

    def __init__(self, *, live: bool = False) -> None:
        self.encoded: list[int] = []
        self.content: Content = {}
        column: ObjectType[Any] = ObjectType(
            7, "column", CountingInteger(self.encoded), self._get, live=live
        )
        table = Table((1,), "table", (), self._rows, (column,))
        self.image = Image(MibView([MibModule("TEST", "", ARC, ARC, (table,))]))
        self.snapshot = unit()

    def _rows(self, _: Snapshot) -> list[tuple[Oid, Oid]]:
        return [(index, index) for index in self.content]

    def _get(self, row: Oid) -> int | None:
        return self.content[row]

    def show(self, content: Content) -> dict[Oid, bytes]:
        """Indices with varbinds as the image has them in a new snapshot with that content."""
        self.content = content
        self.snapshot = replace(self.snapshot, seq=self.snapshot.seq + 1)
        return self.read()

    def read(self) -> dict[Oid, bytes]:
        self.encoded.clear()
        run = self.image.run(0, self.snapshot)
        assert run.positions == {index: place for place, index in enumerate(run.indices)}
        assert list(run.indices) == sorted(run.indices)
        return dict(zip(run.indices, run.varbinds, strict=True))


def expected(content: Content) -> dict[Oid, bytes]:
    return {
        index: ber.encode(ber.sequence(ber.oid((*COLUMN, *index)), ber.integer(plain)))
        for index, plain in sorted(content.items())
        if plain is not None
    }


CONTENTS = st.dictionaries(
    st.tuples(st.sampled_from([1, 2, 3, 127, 128, 16384])),
    st.none() | st.integers(0, 3),
    max_size=5,
)


@given(st.lists(CONTENTS, max_size=8))
def test_the_image_is_that_of_the_newest_snapshot(contents: list[Content]) -> None:
    bench = Bench()
    for content in contents:
        assert bench.show(content) == expected(content)


def test_only_values_that_differ_are_encoded() -> None:
    bench = Bench()
    bench.show({(1,): 10, (2,): 20, (3,): None})
    assert bench.encoded == [10, 20]
    bench.show({(1,): 10, (2,): 21, (3,): None})
    assert bench.encoded == [21]
    bench.show({(1,): 10, (2,): 21, (3,): 30})
    assert bench.encoded == [30]
    bench.show({(1,): 10, (2,): 21, (3,): 30})
    assert bench.encoded == []


def test_rows_that_stay_keep_their_varbinds_when_others_come_and_go() -> None:
    bench = Bench()
    bench.show({(number,): number for number in range(1, 257)})
    bench.show({(number,): number for number in range(2, 258)})
    assert bench.encoded == [257]


def test_a_snapshot_is_read_once_and_a_live_object_each_time() -> None:
    bench = Bench()
    bench.show({(1,): 10})
    bench.content = {(1,): 11}
    assert bench.read() == expected({(1,): 10})
    live = Bench(live=True)
    live.show({(1,): 10})
    live.content = {(1,): 11}
    assert live.read() == expected({(1,): 11})


def test_indices_stay_the_same_object_while_the_instances_stay() -> None:
    bench = Bench()
    bench.show({(1,): 10, (2,): None})
    before = bench.image.run(0, bench.snapshot).indices
    bench.show({(1,): 11, (2,): None})
    assert bench.image.run(0, bench.snapshot).indices is before
    bench.show({(1,): 11, (2,): 5})
    assert list(bench.image.run(0, bench.snapshot).indices) == [(1,), (2,)]


@pytest.mark.parametrize("grown", [{}, {(3,): 3}], ids=["same rows", "another row"])
def test_a_value_that_cannot_be_encoded_leaves_nothing_half_done(grown: Content) -> None:
    """A later snapshot that has the old values again must not meet varbinds of this one."""
    bench = Bench()
    first: Content = {(1,): 10, (2,): 20}
    bench.show(first)
    for _ in range(2):
        with pytest.raises(ValueError, match="cannot be encoded"):
            bench.show({(1,): 11, (2,): 666, **grown})
        with pytest.raises(ValueError, match="cannot be encoded"):
            bench.read()
    assert bench.show(first) == expected(first)


def test_an_older_snapshot_shows_what_it_holds() -> None:
    bench = Bench()
    contents: list[Content] = [{(1,): 1}, {(1,): 2, (2,): 3}]
    snapshots = [replace(bench.snapshot, seq=seq) for seq in (1, 2)]
    for _ in range(2):
        for content, snapshot in zip(contents, snapshots, strict=True):
            bench.content, bench.snapshot = content, snapshot
            assert bench.read() == expected(content)


def _node(value: Value) -> ber.Node:
    encoders: dict[type, Callable[[Any], ber.Node]] = {
        int: lambda content: ber.integer(content, value.tag.value),
        bytes: ber.string,
        tuple: ber.oid,
        type(None): lambda _: ber.null(),
    }
    return encoders[type(value.content)](value.content)


@given(OIDS, VALUES.filter(lambda value: isinstance(value, Value)))
def test_a_varbind_is_encoded_as_x690_says(name: Oid, value: Value) -> None:
    if isinstance(value.content, bytes):
        value = Value(value.tag, value.content[:60_000])
    encoded = encode_varbind(ber.encode(ber.oid(name)), value)
    assert encoded == ber.encode(ber.sequence(ber.oid(name), _node(value)))
