# SPDX-License-Identifier: Apache-2.0
"""What no tree takes, object by object: the error that RFC 3416 demands, and nothing changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest

from pdu_agent.core.settings import SensorSettings
from pdu_agent.mib_impl.identity import MIB_NAMES, agent_modules
from pdu_agent.mib_impl.schema import Table
from pdu_agent.mib_impl.set_errors import ErrorStatus, SetError
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.syntax import Enumerated, Oid, Tag, Unacceptable, Value
from pdu_agent.mib_impl.tree import Place
from pdu_agent.mib_impl.view import MibView
from pdu_agent.mib_impl.writes import MibWriter
from pdu_agent.model.snapshot import SensorKind
from tests.core.bench import Workbench
from tests.mib.unit import ACTOR

OUTLETS = 3
HUGE = 2**32 - 1


class Strip:
    """A unit with something in most tables, and all trees over it."""

    def __init__(self) -> None:
        self.bench = Workbench(
            OUTLETS,
            sensors=(
                SensorSettings(1, "intake", SensorKind.TEMPERATURE),
                SensorSettings(2, "damp", SensorKind.HUMIDITY),
                SensorSettings(3, "door", SensorKind.CONTACT),
            ),
        )
        self.bench.sense(1, 21.5)
        self.bench.sense(2, 40.0)
        self.bench.sense(3, 0.0)
        core = self.bench.core
        self.view = MibView(agent_modules(core.uptime_s, SnmpCounters(), mibs=MIB_NAMES))
        self.writer = MibWriter(self.view, core)

    def refusal(self, oid: Oid, value: Value) -> ErrorStatus | None:
        """The error of a SET, None if it was accepted."""
        try:
            plan = self.writer.plan([(oid, value)], self.bench.core.snapshot)
            self.writer.submit(plan, ACTOR)
        except SetError as exc:
            return exc.status if exc.index == 1 else None
        return None

    def places(self, *, writable: bool) -> Iterator[tuple[Place, Oid]]:
        """Each object that may or may not be written, with its first instance or one there
        could be.
        """
        for place in self.view.tree.places:
            if (place.declared.to_command is not None) is writable:
                indices = self.view.rows(place.group, self.bench.core.snapshot).indices
                yield place, place.oid + (indices[0] if indices else (1,))

    def is_untouched(self) -> bool:
        core = self.bench.core
        return (
            self.bench.board.moves == []
            and not self.bench.queue
            and core.final_record().overrides == {}
        )


@pytest.fixture(scope="module")
def strip() -> Strip:
    return Strip()


def of_tag(tag: Tag) -> Value:
    if tag is Tag.OCTET_STRING:
        return Value(tag, b"x")
    return Value(tag, (1, 3) if tag is Tag.OBJECT_IDENTIFIER else 1)


def check(strip: Strip, cases: Iterator[tuple[str, Oid, Value, ErrorStatus]]) -> int:
    """How many there were; all of them are refused as stated and leave no trace."""
    wrong, count = [], 0
    for name, oid, value, expected in cases:
        count += 1
        status = strip.refusal(oid, value)
        if status is not expected:
            wrong.append((name, value.content, status, expected))
    assert wrong == []
    assert strip.is_untouched()
    return count


def test_what_is_read_only_is_not_writable(strip: Strip) -> None:
    def cases() -> Iterator[tuple[str, Oid, Value, ErrorStatus]]:
        for place, oid in strip.places(writable=False):
            value = of_tag(place.declared.syntax.tag)
            yield place.declared.name, oid, value, ErrorStatus.NOT_WRITABLE

    assert check(strip, cases()) > 700


def test_another_type_is_a_wrong_type(strip: Strip) -> None:
    def cases() -> Iterator[tuple[str, Oid, Value, ErrorStatus]]:
        for place, oid in strip.places(writable=True):
            for tag in Tag:
                if tag not in (place.declared.syntax.tag, Tag.NULL, Tag.IP_ADDRESS, Tag.OPAQUE):
                    yield place.declared.name, oid, of_tag(tag), ErrorStatus.WRONG_TYPE

    assert check(strip, cases()) > 500


def test_a_number_that_is_not_in_the_enumeration_is_a_wrong_value(strip: Strip) -> None:
    def cases() -> Iterator[tuple[str, Oid, Value, ErrorStatus]]:
        for place, oid in strip.places(writable=True):
            syntax = place.declared.syntax
            if isinstance(syntax, Enumerated):
                numbers = set(syntax.labels.values())
                for number in {-1, 0, max(numbers) + 1, 255, 2**31 - 1} - numbers:
                    value = Value(Tag.INTEGER, number)
                    yield place.declared.name, oid, value, ErrorStatus.WRONG_VALUE

    assert check(strip, cases()) > 100


def test_a_number_outside_its_range_is_a_wrong_value(strip: Strip) -> None:
    def cases() -> Iterator[tuple[str, Oid, Value, ErrorStatus]]:
        for place, oid in strip.places(writable=True):
            syntax = place.declared.syntax
            low, high = getattr(syntax, "minimum", None), getattr(syntax, "maximum", None)
            if low is None or high is None or syntax.tag is Tag.OCTET_STRING:
                continue
            least, most = (-(2**31), 2**31 - 1) if syntax.tag is Tag.INTEGER else (0, HUGE)
            for number in (low - 1, high + 1, least, most):
                if least <= number <= most and not low <= number <= high:
                    value = Value(syntax.tag, number)
                    yield place.declared.name, oid, value, ErrorStatus.WRONG_VALUE

    assert check(strip, cases()) > 50


def test_a_text_that_is_too_long_is_a_wrong_length(strip: Strip) -> None:
    def cases() -> Iterator[tuple[str, Oid, Value, ErrorStatus]]:
        for place, oid in strip.places(writable=True):
            most = getattr(place.declared.syntax, "maximum", None)
            if place.declared.syntax.tag is Tag.OCTET_STRING and most is not None:
                value = Value(Tag.OCTET_STRING, b"n" * (most + 1))
                yield place.declared.name, oid, value, ErrorStatus.WRONG_LENGTH

    assert check(strip, cases()) > 10


def wrong_indices(strip: Strip, place: Place) -> Iterator[Oid]:
    """Of rows that there are not: 0, one after the last, huge, one too short, one too long."""
    indices = strip.view.rows(place.group, strip.bench.core.snapshot).indices
    last = indices[-1] if indices else (1,)
    tried = [(*last[:-1], number) for number in (0, last[-1] + 1, HUGE)]
    tried += [(*last, 1), last[:-1]]
    yield from (index for index in tried if index not in indices)


def acceptable(place: Place, read: object) -> Value:
    """A value that a SET may bring: what was read, unless that is one that can only be read."""
    syntax = place.declared.syntax
    numbers = syntax.labels.values() if isinstance(syntax, Enumerated) else ()
    tried = [Value(syntax.tag, number) for number in numbers]
    if isinstance(read, Value):
        tried.insert(0, read)
    if hasattr(syntax, "minimum") and syntax.tag is not Tag.OCTET_STRING:
        tried.append(Value(syntax.tag, syntax.minimum))
    for value in (*tried, of_tag(syntax.tag)):
        with suppress(Unacceptable):
            syntax.decode(value)
            return value
    raise AssertionError(f"{place.declared.name} takes none of {tried}")


def test_an_index_that_is_not_there_is_no_creation(strip: Strip) -> None:
    def cases() -> Iterator[tuple[str, Oid, Value, ErrorStatus]]:
        for place, oid in strip.places(writable=True):
            group = strip.view.tree.groups[place.group]
            if isinstance(group, Table) and group.draft is not None:
                continue  # rows that a SET can create have their own tests
            value = acceptable(place, strip.view.get(oid, strip.bench.core.snapshot))
            for index in wrong_indices(strip, place):
                yield place.declared.name, place.oid + index, value, ErrorStatus.NO_CREATION

    assert check(strip, cases()) > 300


def test_reading_an_index_that_is_not_there_gives_no_value(strip: Strip) -> None:
    for place in strip.view.tree.places:
        for index in wrong_indices(strip, place):
            found = strip.view.get(place.oid + index, strip.bench.core.snapshot)
            assert not isinstance(found, Value), (place.declared.name, index)
