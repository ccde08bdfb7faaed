# SPDX-License-Identifier: Apache-2.0
"""Writing what was read changes nothing, and a read shows what was written, column by column."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pdu_agent.mib_impl.set_errors import SetError
from pdu_agent.mib_impl.syntax import DisplayString, Enumerated, Integer32, Oid, Value
from pdu_agent.model.commands import TemperatureScale
from pdu_agent.model.snapshot import Snapshot
from tests.mib.sentry_core import ENTERPRISE, Unit, odd_limits
from tests.mib.unit import integer, octets


def settings_of(at: Snapshot) -> tuple[object, ...]:
    outlets = [replace(outlet, meter=None) for outlet in at.outlets]
    return at.device, outlets, at.inlets, at.branches, at.sensors, at.thresholds


@pytest.mark.parametrize("scale", TemperatureScale)
@pytest.mark.parametrize("limited", [False, True])
def test_writing_back_what_is_read_changes_nothing(limited: bool, scale: TemperatureScale) -> None:
    unit = Unit(odd_limits() if limited else ())
    unit.scale(scale)
    before = settings_of(unit.bench.core.snapshot)
    drifting = []
    for oid, value in unit.writable():
        unit.set((oid, value))
        if settings_of(unit.bench.core.snapshot) != before:
            drifting.append(oid[len(ENTERPRISE) :])
            unit = Unit(odd_limits() if limited else ())
            unit.scale(scale)
    assert drifting == []
    unit.set(*unit.writable())
    assert settings_of(unit.bench.core.snapshot) == before


def candidates(unit: Unit, oid: Oid) -> list[Value]:
    """Values of the whole range, and some in the midst of it."""
    place = unit.view.object_of(oid)
    assert place is not None
    syntax = place.declared.syntax
    if isinstance(syntax, DisplayString):
        return [octets(b"new")]
    if isinstance(syntax, Enumerated):
        return [integer(number) for number in syntax.labels.values()]
    assert isinstance(syntax, Integer32)
    least, greatest = syntax.minimum, syntax.maximum
    numbers = {least, least + 1, 25, 77, (least + greatest) // 2, greatest - 1, greatest}
    return [integer(number) for number in sorted(numbers) if least <= number <= greatest]


ACTIONS = ((3, 2, 3, 1, 11), (4, 1, 8, 5, 1, 2))


@pytest.mark.parametrize("scale", TemperatureScale)
@pytest.mark.parametrize("limited", [False, True])
def test_a_read_shows_what_was_written(limited: bool, scale: TemperatureScale) -> None:
    unit = Unit(odd_limits() if limited else ())
    unit.scale(scale)
    others, taken = [], set()
    for oid, _ in unit.writable():
        suffix = oid[len(ENTERPRISE) :]
        if suffix[:5] in ACTIONS or suffix[:6] in ACTIONS:
            continue
        for wanted in candidates(unit, oid):
            try:
                unit.set((oid, wanted))
            except SetError:
                continue
            taken.add(oid)
            if (found := unit.get(*suffix)) != wanted.content:
                others.append((suffix, wanted.content, found))
    assert others == []
    assert taken
