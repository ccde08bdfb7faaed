# SPDX-License-Identifier: Apache-2.0
"""Notifications of both MIBs over the real core: each thing that happens is told, and once.

Several things may have happened before the first of them is told of, as when one poll brings
both values of a probe: `told` is asked after all of them.
"""

from __future__ import annotations

from pdu_agent.model.commands import Action
from tests.mib.sentry_core import Unit

OUTLET_CHANGE, PROBE = (3, 6), (3, 10)
WATER, CONTACT = {(3, 8), (4, 22)}, {(3, 13), (4, 23)}


def told(unit: Unit) -> list[tuple[int, int, object]]:
    """MIB, number and eventStatusText of each notification since the last time."""
    return [(each.oid[7], each.oid[-1], each.varbinds[-2][1].content) for each in unit.told()]


def of_outlets(unit: Unit) -> list[tuple[int, int, object]]:
    return [each for each in told(unit) if each[:2] in (OUTLET_CHANGE, (4, 16))]


def test_an_order_that_is_taken_back_has_switched_nothing() -> None:
    unit = Unit()
    for order in (Action.OFF_DELAYED, Action.REBOOT_DELAYED):
        unit.bench.switch(1, order, 0.5)
        unit.bench.switch(1, Action.CANCEL)
        assert of_outlets(unit) == [(3, 6, b"offWait"), (3, 6, b"on")]


def test_a_change_is_told_once_by_each() -> None:
    unit = Unit()
    unit.bench.switch(1, Action.OFF)
    assert of_outlets(unit) == [(3, 6, b"offWait"), (4, 16, b"off")]
    unit.bench.switch(1, Action.ON)
    unit.bench.run(1)
    assert of_outlets(unit) == [(3, 6, b"onWait"), (4, 16, b"on")]
    unit.bench.switch(1, Action.REBOOT)
    unit.bench.run(8)
    assert of_outlets(unit) == [
        (3, 6, b"offWait"),
        (4, 16, b"off"),
        (3, 6, b"on"),
        (4, 16, b"on"),
    ]


def probes(unit: Unit) -> list[object]:
    return [text for *which, text in told(unit) if tuple(which) == PROBE]


def test_a_probe_that_loses_and_finds_both_values_at_once_is_told_once() -> None:
    unit = Unit()
    for sensor in (1, 2):
        unit.bench.sense(sensor, 20.0)
    assert probes(unit) == []
    for sensor in (1, 2):
        unit.bench.sense(sensor, None)
    assert probes(unit) == [b"lost"]
    for sensor in (1, 2):
        unit.bench.sense(sensor, 21.0)
    assert probes(unit) == [b"found"]


def test_a_probe_that_loses_its_temperature_is_lost() -> None:
    unit = Unit()
    for sensor in (1, 2):
        unit.bench.sense(sensor, 20.0)
    unit.bench.sense(1, None)
    assert probes(unit) == [b"lost"]
    assert unit.get(3, 2, 5, 1, 4, 1, 1) == 2
    assert unit.get(3, 2, 5, 1, 9, 1, 1) == 0


def test_a_contact_or_water_sensor_that_changes_over_is_told() -> None:
    for sensor, numbers in ((3, WATER), (4, CONTACT)):
        unit = Unit()
        unit.bench.sense(sensor, 0.0)
        assert told(unit) == []
        unit.bench.sense(sensor, 1.0)
        unit.bench.sense(sensor, 1.0)
        unit.bench.sense(sensor, 0.0)
        found = told(unit)
        assert [text for *_, text in found] == [b"alarm", b"alarm", b"normal", b"normal"]
        assert {each[:2] for each in found} == numbers


def test_one_that_is_closed_or_wet_at_the_start_is_told() -> None:
    for sensor, numbers in ((3, WATER), (4, CONTACT)):
        unit = Unit()
        unit.bench.sense(sensor, 1.0)
        found = told(unit)
        assert {each[:2] for each in found} == numbers
        assert {text for *_, text in found} == {b"alarm"}


def test_one_that_comes_back_is_told_once_as_it_is() -> None:
    unit = Unit()
    unit.bench.sense(3, 0.0)
    unit.bench.sense(3, None)
    unit.bench.sense(3, 1.0)
    assert [each[:2] for each in told(unit)] == [(3, 8), (4, 22), (3, 8), (4, 22)]
