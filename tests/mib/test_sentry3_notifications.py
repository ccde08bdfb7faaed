# SPDX-License-Identifier: Apache-2.0
"""The notifications of Sentry3-MIB by known answers, with their objects in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from pdu_agent.mib_impl.sentry3.notification_types import NOTIFICATIONS
from pdu_agent.model.commands import NotificationClass, Quantity, Target, TargetKind
from pdu_agent.model.events import (
    AgentStarted,
    AlarmCleared,
    AlarmRaised,
    CommandFailed,
    Event,
    ReadingLost,
    ReadingRestored,
    SensorChanged,
)
from pdu_agent.model.snapshot import Alarm, OutletState, SensorStatus, Severity, ThresholdState
from tests.mib.sentry3_told import (
    FAULT,
    HIGH,
    LOW,
    NORMAL,
    OFF,
    ON,
    OVER,
    UNKNOWN,
    Sent,
    changed,
    crossed,
    sent,
    told,
    with_ends,
)
from tests.mib.sentry3_unit import BRANCH_7, DAMP_2, INLET_1, OUTLET_1, WARM_1, strip
from tests.mib.unit import WALL_S, with_outlet


@pytest.mark.parametrize(
    ("old", "new", "status", "control", "text"),
    [
        (ON, OutletState.OFF_PENDING, 2, 11, b"offWait"),
        (OutletState.ON_PENDING, OFF, 0, 4, b"off"),
        (OFF, OutletState.ON_PENDING, 3, 10, b"onWait"),
        (OutletState.OFF_PENDING, ON, 1, 5, b"on"),
        (ON, OutletState.REBOOTING, 2, 8, b"offWait"),
        (OutletState.REBOOTING, ON, 1, 5, b"on"),
        (ON, OFF, 0, 4, b"off"),
    ],
)
def test_a_change_between_on_and_off_is_told_as_it_was_whatever_is_now(
    old: OutletState, new: OutletState, status: int, control: int, text: bytes
) -> None:
    later = with_outlet(strip(), 1, state=UNKNOWN, relay_closed=None, name="nas")
    varbinds: list[tuple[str, object]] = [
        ("2.3.1.2.1.1.1", b"AA1"),
        ("2.3.1.3.1.1.1", b"nas"),
        ("2.3.1.5.1.1.1", status),
        ("2.3.1.10.1.1.1", control),
    ]
    assert sent(changed(old, new), later) == [(6, with_ends(varbinds, text, 0))]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (OutletState.OFF_PENDING, OFF),
        (OutletState.OFF_PENDING, OutletState.REBOOTING),
        (OutletState.ON_PENDING, ON),
    ],
)
def test_a_change_that_was_told_when_it_was_pending_is_not_told_again(
    old: OutletState, new: OutletState
) -> None:
    assert sent(changed(old, new), strip()) == []


@pytest.mark.parametrize(
    ("old", "new", "closed", "numbers", "status", "text", "condition"),
    [
        (OutletState.ON_PENDING, FAULT, False, [6, 4], 4, b"offError", 1),
        (OutletState.OFF_PENDING, FAULT, True, [6, 4], 5, b"onError", 1),
        (ON, FAULT, True, [4], 5, b"onError", 1),
        (ON, FAULT, None, [4], 6, b"noComm", 1),
        (ON, UNKNOWN, None, [4], 6, b"noComm", 1),
        (FAULT, ON, True, [6, 4], 1, b"on", 0),
        (UNKNOWN, OFF, False, [4], 0, b"off", 0),
    ],
)
def test_an_outlet_out_of_order_and_its_return_are_told_besides(
    old: OutletState,
    new: OutletState,
    closed: bool | None,
    numbers: list[int],
    status: int,
    text: bytes,
    condition: int,
) -> None:
    found = sent(changed(old, new, outlet=9), with_outlet(strip(), 9, relay_closed=closed))
    assert [number for number, _ in found] == numbers
    varbinds: list[tuple[str, object]] = [
        ("2.3.1.2.1.2.9", b"AB9"),
        ("2.3.1.3.1.2.9", b"Outlet 9"),
        ("2.3.1.5.1.2.9", status),
    ]
    assert found[-1] == (4, with_ends(varbinds, text, condition))


@pytest.mark.parametrize(
    ("state", "status", "text", "condition"),
    [
        (LOW, 3, b"loadLow", 1),
        (HIGH, 4, b"loadHigh", 1),
        (OVER, 5, b"overLoad", 1),
        (NORMAL, 0, b"normal", 0),
    ],
)
def test_loads_are_told_with_their_limits(
    state: ThresholdState, status: int, text: bytes, condition: int
) -> None:
    expected: Sequence[tuple[Target, int, list[tuple[str, object]]]] = [
        (
            INLET_1,
            3,
            [
                ("2.2.1.2.1.1", b"AA"),
                ("2.2.1.3.1.1", b"Feed A"),
                ("2.2.1.6.1.1", status),
                ("2.2.1.7.1.1", 875),
                ("2.2.1.8.1.1", 12),
            ],
        ),
        (
            OUTLET_1,
            5,
            [
                ("2.3.1.2.1.1.1", b"AA1"),
                ("2.3.1.3.1.1.1", b"Outlet 1"),
                ("2.3.1.6.1.1.1", status),
                ("2.3.1.7.1.1.1", 875),
                ("2.3.1.8.1.1.1", 1),
                ("2.3.1.9.1.1.1", 8),
            ],
        ),
        (
            BRANCH_7,
            15,
            [
                ("2.7.1.2.1.1.1", b"AA1"),
                ("2.7.1.3.1.1.1", b"Fuse 7"),
                ("2.7.1.6.1.1.1", status),
                ("2.7.1.7.1.1.1", 875),
                ("2.7.1.8.1.1.1", 10),
            ],
        ),
    ]
    for target, number, varbinds in expected:
        alarm = crossed(target, Quantity.CURRENT, state, 8.75)
        event = AlarmCleared(WALL_S, alarm) if state is NORMAL else AlarmRaised(WALL_S, alarm)
        assert sent(event) == [(number, with_ends(varbinds, text, condition))]


def test_an_outlet_that_is_off_is_not_told_to_be_short_of_load() -> None:
    at = with_outlet(strip(), 1, state=OFF, relay_closed=False)
    alarm = crossed(OUTLET_1, Quantity.CURRENT, LOW, 0.0)
    ((_, varbinds),) = sent(AlarmRaised(WALL_S, alarm), at)
    assert varbinds[-2:] == [("99.1.0", b"notOn"), ("99.2.0", 0)]


def hardware(kind: str, subject: str = "x") -> Alarm:
    return Alarm(1, kind, Severity.CRITICAL, subject, "", WALL_S)


def tower(status: int, text: bytes, condition: int) -> list[Sent]:
    varbinds: list[tuple[str, object]] = [
        ("2.1.1.2.1", b"A"),
        ("2.1.1.3.1", b"rack-7"),
        ("2.1.1.4.1", status),
    ]
    return [(1, with_ends(varbinds, text, condition))]


@pytest.mark.parametrize(
    ("kind", "status", "text"),
    [("board", 1, b"noComm"), ("meter", 1, b"noComm"), ("store", 4, b"nvmFail")],
)
def test_what_is_wrong_with_the_unit_is_told_of_its_tower(
    kind: str, status: int, text: bytes
) -> None:
    assert sent(AlarmRaised(WALL_S, hardware(kind))) == tower(status, text, 1)
    assert sent(AlarmCleared(WALL_S, hardware(kind))) == tower(0, b"normal", 0)


def test_a_tower_is_not_normal_while_something_else_is_wrong_with_it() -> None:
    both = replace(strip(), alarms=(hardware("board", "a"), hardware("store", "b")))
    assert sent(AlarmCleared(WALL_S, hardware("board", "a")), both) == tower(4, b"nvmFail", 1)


def test_lines_whose_meter_falls_silent_are_told_to_be_out_of_reach_until_it_speaks() -> None:
    infeed: list[tuple[str, object]] = [("2.2.1.2.1.1", b"AA"), ("2.2.1.3.1.1", b"Feed A")]
    branch: list[tuple[str, object]] = [("2.7.1.2.1.1.1", b"AA1"), ("2.7.1.3.1.1.1", b"Fuse 7")]
    events: list[tuple[type[ReadingLost | ReadingRestored], int, bytes]] = [
        (ReadingLost, 6, b"noComm"),
        (ReadingRestored, 1, b"on"),
    ]
    for event, status, text in events:
        ends = with_ends([*infeed, ("2.2.1.5.1.1", status)], text, int(status == 6))
        assert sent(event(WALL_S, INLET_1)) == [(2, ends)]
        ends = with_ends([*branch, ("2.7.1.5.1.1.1", status)], text, int(status == 6))
        assert sent(event(WALL_S, BRANCH_7)) == [(14, ends)]


def untold() -> list[Event]:
    relay = Alarm(1, "relay", Severity.CRITICAL, "outlet 1", "stuck", WALL_S, OUTLET_1)
    return [
        CommandFailed(WALL_S, 1, "stuck"),
        AlarmRaised(WALL_S, relay),
        AlarmCleared(WALL_S, hardware("sensor")),
        AlarmRaised(WALL_S, crossed(INLET_1, Quantity.VOLTAGE, HIGH, 260.0)),
        AlarmRaised(WALL_S, crossed(OUTLET_1, Quantity.ENERGY, HIGH, 260.0)),
        AlarmRaised(WALL_S, crossed(Target(TargetKind.INLET, 8), Quantity.CURRENT, HIGH, 20.0)),
        AlarmRaised(WALL_S, crossed(Target(TargetKind.SENSOR, 77), Quantity.HUMIDITY, LOW, 1.0)),
        ReadingLost(WALL_S, OUTLET_1),
        AgentStarted(WALL_S, 1, ()),
    ]


@pytest.mark.parametrize("event", untold())
def test_what_the_mib_has_no_notification_or_no_row_for_is_not_told(event: Event) -> None:
    assert told(event) == []


EXAMPLES: Sequence[Event] = [
    changed(ON, FAULT),
    changed(ON, OFF),
    *(
        AlarmRaised(WALL_S, crossed(target, quantity, HIGH, 1.0))
        for target, quantity in [
            (INLET_1, Quantity.CURRENT),
            (OUTLET_1, Quantity.CURRENT),
            (BRANCH_7, Quantity.CURRENT),
            (WARM_1, Quantity.TEMPERATURE),
            (DAMP_2, Quantity.HUMIDITY),
        ]
    ),
    AlarmRaised(WALL_S, hardware("board")),
    ReadingLost(WALL_S, INLET_1),
    ReadingLost(WALL_S, BRANCH_7),
    SensorChanged(WALL_S, 3, SensorStatus.ABSENT, SensorStatus.OK),
    *(SensorChanged(WALL_S, number, SensorStatus.OK, SensorStatus.STALE) for number in (4, 5)),
]


def test_every_declared_notification_tells_of_something_with_all_of_its_objects() -> None:
    found = {each.oid[-1]: each for event in EXAMPLES for each in told(event)}
    assert set(found) == {kind.number for kind in NOTIFICATIONS}
    for kind in NOTIFICATIONS:
        assert len(found[kind.number].varbinds) == len(kind.objects)
        assert found[kind.number].notification_class is kind.notification_class


def test_a_class_that_is_off_is_not_told() -> None:
    silent = replace(strip(), notifying=frozenset[NotificationClass]())
    assert [told(event, silent) for event in EXAMPLES] == [[]] * len(EXAMPLES)
