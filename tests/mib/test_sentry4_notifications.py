# SPDX-License-Identifier: Apache-2.0
"""Sentry4-MIB notifications by known answers: which event sends which, with what, in what order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pdu_agent.model.commands import Action, Lock, NotificationClass, Quantity, Target, TargetKind
from pdu_agent.model.events import (
    AlarmCleared,
    AlarmRaised,
    CommandFailed,
    Event,
    OutletChanged,
    ReadingLost,
    ReadingRestored,
    SensorChanged,
)
from pdu_agent.model.snapshot import (
    Alarm,
    ChangeReason,
    OutletState,
    SensorStatus,
    Severity,
    ThresholdState,
)
from tests.mib.sentry4 import BRANCH_1, HALL, INLET_1, INLET_2, OUTLET_1, RACK, strip
from tests.mib.sentry4_told import EVERYTHING, answers, crossing_of, told, told_as
from tests.mib.unit import WALL_S, with_outlet


def changed(outlet: int, new: OutletState, reason: ChangeReason) -> OutletChanged:
    return OutletChanged(WALL_S, outlet, OutletState.ON, new, reason, None)


def outlet_words(state: int, status: int, control: int) -> tuple[str, ...]:
    return (
        'OutletID.1.1.2="AA2"',
        'OutletName.1.1.2="nas"',
        f"OutletState.1.1.2={state}",
        f"OutletStatus.1.1.2={status}",
        f"OutletControlState.1.1.2={control}",
    )


@pytest.mark.parametrize(
    ("new", "reason", "values", "text"),
    [
        (OutletState.OFF, ChangeReason.SNMP, (2, 0, 10), "off"),
        (OutletState.ON, ChangeReason.POWER_UP, (1, 0, 5), "on"),
        (OutletState.OFF, ChangeReason.LOAD_SHEDDING, (2, 0, 16), "off"),
        (OutletState.REBOOTING, ChangeReason.WEB, (2, 0, 12), "off"),
        (OutletState.UNKNOWN, ChangeReason.SNMP, (0, 10, 0), "unknown"),
    ],
)
def test_an_outlet_that_changed_tells_what_it_changed_to_whatever_it_is_now(
    new: OutletState, reason: ChangeReason, values: tuple[int, int, int], text: str
) -> None:
    later = with_outlet(
        strip(), 2, name="nas", state=OutletState.ON_PENDING, pending=Action.ON_DELAYED
    )
    error = values[1] != 0
    assert answers(changed(2, new, reason), later) == [
        told_as(16, *outlet_words(*values), text=text, error=error)
    ]


def test_a_locked_outlet_tells_of_its_lock() -> None:
    later = with_outlet(strip(), 2, name="nas", lock=Lock.LOCKED_ON)
    assert answers(changed(2, OutletState.ON, ChangeReason.POWER_UP), later) == [
        told_as(16, *outlet_words(1, 0, 15), text="on", error=False)
    ]


@pytest.mark.parametrize("state", [OutletState.ON_PENDING, OutletState.OFF_PENDING])
def test_what_only_waits_is_not_told(state: OutletState) -> None:
    assert told(changed(2, state, ChangeReason.SNMP)) == ()


def test_a_relay_that_fails_is_told_until_it_works_again() -> None:
    target = Target(TargetKind.OUTLET, 2)
    alarm = Alarm(5, "relay", Severity.CRITICAL, "outlet 2", "stuck", WALL_S, target)
    broken = with_outlet(
        strip(), 2, name="nas", state=OutletState.FAULT, last_reason=ChangeReason.SNMP
    )
    assert answers(AlarmRaised(WALL_S, alarm), broken) == [
        told_as(15, *outlet_words(1, 11, 11), text="pwrError", error=True)
    ]
    works = with_outlet(strip(), 2, name="nas", last_reason=ChangeReason.SNMP)
    assert answers(AlarmCleared(WALL_S, alarm), works) == [
        told_as(15, *outlet_words(1, 0, 11), text="normal", error=False)
    ]


INLET_ANSWERS = {
    Quantity.ACTIVE_POWER: [
        (3, "AA", "InputCord", "Name", "Feed A", "1.1", "ActivePower", 2),
    ],
    Quantity.APPARENT_POWER: [
        (4, "AA", "InputCord", "Name", "Feed A", "1.1", "ApparentPower", 2),
    ],
    Quantity.POWER_FACTOR: [
        (5, "AA", "InputCord", "Name", "Feed A", "1.1", "PowerFactor", 100),
        (11, "AA1", "Phase", "Label", "AA:L1-R", "1.1.1", "PowerFactor", 100),
    ],
    Quantity.CURRENT: [(8, "AA1", "Line", "Label", "AA:L1", "1.1.1", "Current", 175)],
    Quantity.VOLTAGE: [(10, "AA1", "Phase", "Label", "AA:L1-R", "1.1.1", "Voltage", 18)],
    Quantity.FREQUENCY: [],
    Quantity.ENERGY: [],
}


@pytest.mark.parametrize("quantity", INLET_ANSWERS)
def test_a_limit_of_an_inlet_is_told_where_its_value_is_shown(quantity: Quantity) -> None:
    event = crossing_of(INLET_1, quantity, ThresholdState.HIGH_CRITICAL, 1.75)
    assert answers(event) == [
        told_as(
            number,
            f'{part}ID.{index}="{ident}"',
            f'{part}{label}.{index}="{name}"',
            f"{part}{what}.{index}={value}",
            f"{part}{what}Status.{index}=17",
            text="highAlarm",
            error=True,
        )
        for number, ident, part, label, name, index, what, value in INLET_ANSWERS[quantity]
    ]


@pytest.mark.parametrize(
    ("state", "status", "text", "error"),
    [
        (ThresholdState.NORMAL, 0, "normal", False),
        (ThresholdState.LOW_CRITICAL, 14, "lowAlarm", True),
        (ThresholdState.LOW_WARNING, 15, "lowWarning", True),
        (ThresholdState.HIGH_WARNING, 16, "highWarning", True),
        (ThresholdState.HIGH_CRITICAL, 17, "highAlarm", True),
    ],
)
def test_limits_of_branches_and_outlets_are_told_with_the_side_that_was_passed(
    state: ThresholdState, status: int, text: str, error: bool
) -> None:
    assert answers(crossing_of(BRANCH_1, Quantity.CURRENT, state, 9.005)) == [
        told_as(
            14,
            'BranchID.1.1.1="AA1"',
            'BranchLabel.1.1.1="AA:L1-R-BR1"',
            "BranchCurrent.1.1.1=901",
            f"BranchCurrentStatus.1.1.1={status}",
            text=text,
            error=error,
        )
    ]
    for quantity, number, word, value in (
        (Quantity.CURRENT, 17, "Current", 901),
        (Quantity.ACTIVE_POWER, 18, "ActivePower", 9),
    ):
        assert answers(crossing_of(OUTLET_1, quantity, state, 9.005)) == [
            told_as(
                number,
                'OutletID.1.1.1="AA1"',
                'OutletName.1.1.1="Outlet 1"',
                f"Outlet{word}.1.1.1={value}",
                f"Outlet{word}Status.1.1.1={status}",
                text=text,
                error=error,
            )
        ]


def test_a_meter_that_falls_silent_is_told_for_all_that_it_shows() -> None:
    def words(part: str, label: str, name: str, index: str, ident: str) -> tuple[str, str]:
        return f'{part}ID.{index}="{ident}"', f'{part}{label}.{index}="{name}"'

    places = (
        (2, "InputCord", words("InputCord", "Name", "Feed A", "1.1", "AA"), "1.1"),
        (7, "Line", words("Line", "Label", "AA:L1", "1.1.1", "AA1"), "1.1.1"),
        (9, "Phase", words("Phase", "Label", "AA:L1-R", "1.1.1", "AA1"), "1.1.1"),
    )
    for event, state, status, text in (
        (ReadingLost(WALL_S, INLET_1), 0, 8, "lost"),
        (ReadingRestored(WALL_S, INLET_1), 1, 0, "normal"),
    ):
        assert answers(event) == [
            told_as(
                number,
                *names,
                f"{part}State.{index}={state}",
                f"{part}Status.{index}={status}",
                text=text,
                error=status != 0,
            )
            for number, part, names, index in places
        ]
    never_heard = answers(ReadingLost(WALL_S, INLET_2))
    assert [line.split()[-2] for line in never_heard] == ['EventStatusText.0="notFound"'] * 3


def test_a_silent_branch_is_told_with_its_protector() -> None:
    label = "AA:L1-R-BR1"
    assert answers(ReadingLost(WALL_S, BRANCH_1)) == [
        told_as(
            12,
            'OcpID.1.1.1="AA1"',
            f'OcpLabel.1.1.1="{label}"',
            "OcpStatus.1.1.1=8",
            text="lost",
            error=True,
        ),
        told_as(
            13,
            'BranchID.1.1.1="AA1"',
            f'BranchLabel.1.1.1="{label}"',
            "BranchState.1.1.1=0",
            "BranchStatus.1.1.1=8",
            text="lost",
            error=True,
        ),
    ]


def test_an_alarm_of_the_unit_is_told_until_the_last_one_is_gone() -> None:
    board = Alarm(1, "board", Severity.CRITICAL, "board main", "no answer", WALL_S)
    other = replace(board, id=2, subject="board spare")

    def line(status: int, text: str) -> str:
        words = ('UnitID.1="A"', 'UnitName.1="rack-7"', f"UnitStatus.1={status}")
        return told_as(1, *words, text=text, error=status != 0)

    assert answers(AlarmRaised(WALL_S, board)) == [line(18, "alarm")]
    assert answers(AlarmCleared(WALL_S, board)) == [line(0, "normal")]
    still = replace(strip(), alarms=(other,))
    assert answers(AlarmCleared(WALL_S, board), still) == [line(18, "alarm")]


FAR_INLET, FAR_BRANCH = Target(TargetKind.INLET, 5), Target(TargetKind.BRANCH, 3)
FAR_OUTLET, THIRD_PROBE = Target(TargetKind.OUTLET, 4), Target(TargetKind.SENSOR, 6)
HIGH = ThresholdState.HIGH_WARNING


@pytest.mark.parametrize(
    "event",
    [
        crossing_of(FAR_INLET, Quantity.CURRENT, HIGH, 1.0),
        crossing_of(FAR_BRANCH, Quantity.CURRENT, HIGH, 1.0),
        crossing_of(FAR_OUTLET, Quantity.CURRENT, HIGH, 1.0),
        crossing_of(THIRD_PROBE, Quantity.TEMPERATURE, HIGH, 1.0),
        changed(4, OutletState.OFF, ChangeReason.SNMP),
        SensorChanged(WALL_S, 6, SensorStatus.OK, SensorStatus.STALE),
        SensorChanged(WALL_S, 7, SensorStatus.OK, SensorStatus.STALE),  # airflow
        ReadingLost(WALL_S, FAR_INLET),
        ReadingLost(WALL_S, OUTLET_1),  # its status is that of its relay
        AlarmRaised(WALL_S, Alarm(1, "relay", Severity.CRITICAL, "", "", WALL_S, FAR_OUTLET)),
        AlarmRaised(WALL_S, Alarm(1, "sensor", Severity.WARNING, "", "", WALL_S, HALL)),
        CommandFailed(WALL_S, 1, "the alarm of the relay tells of it"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_what_has_no_row_or_is_told_otherwise_is_not_told(event: Event) -> None:
    assert told(event) == ()


@pytest.mark.parametrize(
    ("event", "needed"),
    [
        (changed(1, OutletState.OFF, ChangeReason.SNMP), NotificationClass.OUTLET),
        (ReadingLost(WALL_S, INLET_1), NotificationClass.HARDWARE),
        (crossing_of(OUTLET_1, Quantity.CURRENT, HIGH, 1.0), NotificationClass.THRESHOLD),
        (crossing_of(HALL, Quantity.TEMPERATURE, HIGH, 1.0), NotificationClass.THRESHOLD),
        (crossing_of(RACK, Quantity.HUMIDITY, HIGH, 1.0), NotificationClass.THRESHOLD),
        (
            SensorChanged(WALL_S, 1, SensorStatus.OK, SensorStatus.STALE),
            NotificationClass.SENSOR,
        ),
    ],
)
def test_each_is_switched_with_its_class(event: Event, needed: NotificationClass) -> None:
    assert told(event, replace(strip(), notifying=frozenset({needed})))
    assert told(event, replace(strip(), notifying=EVERYTHING - {needed})) == ()
