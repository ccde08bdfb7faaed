# SPDX-License-Identifier: Apache-2.0
"""From events to notifications: OIDs and varbinds by known answers, and what is not told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import pytest

from pdu_agent.mib_impl.notifications import Notification, Notifications
from pdu_agent.mib_impl.openpdu import DEFAULT_ARC
from pdu_agent.mib_impl.openpdu.notification_types import NOTIFICATIONS
from pdu_agent.mib_impl.snmpv2 import AUTHENTICATION_FAILURE, COLD_START, WARM_START
from pdu_agent.mib_impl.syntax import Oid, Tag, Value
from pdu_agent.model.commands import (
    AcknowledgeAlarm,
    Action,
    Actor,
    AdvanceConfigLock,
    Command,
    ConfigureOutlet,
    ConfigureThreshold,
    CreateGroup,
    EnableNotifications,
    Lock,
    NotificationClass,
    OutletSetting,
    Quantity,
    Reset,
    ResetMeter,
    SetLock,
    SwitchAll,
    SwitchGroup,
    SwitchOutlet,
    Target,
    TargetKind,
    ThresholdSetting,
)
from pdu_agent.model.events import (
    AgentStarted,
    AlarmCleared,
    AlarmRaised,
    CommandAccepted,
    CommandFailed,
    ContactChanged,
    Event,
    OutletChanged,
    ReadingLost,
    ReadingRestored,
    SensorChanged,
    UpsOnBattery,
)
from pdu_agent.model.snapshot import (
    Alarm,
    ChangeReason,
    Crossing,
    OutletState,
    SensorStatus,
    Severity,
    Snapshot,
    ThresholdState,
)
from tests.mib.control_events import CONTROL_EVENTS
from tests.mib.unit import (
    ACTOR,
    ALARMS,
    OUTLET_2,
    SENSOR,
    WALL_S,
    furnished,
    integer,
    modules,
    octets,
    unit,
    unsigned,
    with_outlet,
)
from tests.mib.ups_events import MAINS_LOST

TRAPS: Oid = (1, 3, 6, 1, 6, 3, 1, 1, 5)
EVERYTHING = frozenset(NotificationClass)
SOURCE, QUANTITY, VALUE, LIMIT, TEXT, USER = ("12.1", "12.2", "12.3", "12.4", "12.5", "12.6")

OUTLET_OFF = OutletChanged(
    WALL_S, 2, OutletState.ON, OutletState.OFF, ChangeReason.SNMP, Actor("snmp", "ops")
)


def instance(suffix: str) -> Oid:
    return (*DEFAULT_ARC, 1, *map(int, suffix.split(".")))


def oid_value(oid: Oid) -> Value:
    return Value(Tag.OBJECT_IDENTIFIER, oid)


def snapshot(notifying: frozenset[NotificationClass] = EVERYTHING) -> Snapshot:
    return replace(furnished(unit(2, sensors=(SENSOR,))), notifying=notifying)


def told(event: Event, at: Snapshot | None = None) -> tuple[Notification, ...]:
    return Notifications(modules(), lambda: 101.5).of(event, snapshot() if at is None else at)


def one(event: Event, at: Snapshot | None = None) -> tuple[int, dict[Oid, Value]]:
    """The number of the one notification of OPENPDU-MIB that tells of it, and its varbinds."""
    (notification,) = told(event, at)
    assert notification.oid[:-1] == (*DEFAULT_ARC, 0)
    assert notification.uptime_s == 101.5
    return notification.oid[-1], dict(notification.varbinds)


def test_an_outlet_that_changed_tells_what_it_changed_to_whatever_it_is_now() -> None:
    later = with_outlet(snapshot(), 2, state=OutletState.REBOOTING, name="nas")
    assert one(OUTLET_OFF, later) == (
        1,
        {
            instance("3.1.1.2.2"): octets(b"nas"),
            instance("3.1.1.7.2"): integer(2),
            instance("3.1.1.17.2"): integer(3),
        },
    )


def test_a_failed_command_says_why() -> None:
    at = with_outlet(snapshot(), 1, state=OutletState.FAULT)
    assert one(CommandFailed(WALL_S, 1, "stuck"), at) == (
        2,
        {
            instance("3.1.1.2.1"): octets(b"Outlet 1"),
            instance("3.1.1.7.1"): integer(6),
            instance(f"{TEXT}.0"): octets(b"stuck"),
        },
    )


def test_a_passed_limit_is_told_in_the_unit_of_the_quantity() -> None:
    assert one(AlarmRaised(WALL_S, ALARMS[0])) == (
        3,
        {
            instance(f"{SOURCE}.0"): oid_value(instance("3.1.1.2.2")),
            instance(f"{QUANTITY}.0"): integer(2),
            instance(f"{VALUE}.0"): integer(8750),
            instance(f"{LIMIT}.0"): integer(8000),
            instance("4.1.1.11.3.2.2"): integer(4),
        },
    )


def test_a_value_that_came_back_is_told_with_the_limit_it_came_back_from() -> None:
    back = Crossing(Quantity.TEMPERATURE, ThresholdState.NORMAL, 33.96, 35.0)
    alarm = replace(ALARMS[0], target=Target(TargetKind.SENSOR, 1), crossing=back)
    assert one(AlarmCleared(WALL_S, alarm)) == (
        4,
        {
            instance(f"{SOURCE}.0"): oid_value(instance("5.1.1.2.1")),
            instance(f"{QUANTITY}.0"): integer(8),
            instance(f"{VALUE}.0"): integer(340),
            instance(f"{LIMIT}.0"): integer(350),
            instance("4.1.1.11.4.1.8"): integer(1),
        },
    )


def test_a_sensor_that_fell_silent_is_told_once_though_it_raises_an_alarm_too() -> None:
    event = SensorChanged(WALL_S, 1, SensorStatus.OK, SensorStatus.FAULT)
    assert one(event) == (
        5,
        {instance("5.1.1.2.1"): octets(b"intake"), instance("5.1.1.5.1"): integer(3)},
    )
    target = Target(TargetKind.SENSOR, 1)
    alarm = Alarm(1, "sensor", Severity.WARNING, "sensor 1", "silent", WALL_S, target)
    assert told(AlarmRaised(WALL_S, alarm)) == told(AlarmCleared(WALL_S, alarm)) == ()


@pytest.mark.parametrize(("event", "number"), [(AlarmRaised, 6), (AlarmCleared, 7)])
def test_a_fault_and_its_end_carry_the_same_alarm_index(
    event: type[AlarmRaised | AlarmCleared], number: int
) -> None:
    stuck = Alarm(12, "relay", Severity.CRITICAL, "outlet 2", "stuck", WALL_S, OUTLET_2)
    assert one(event(WALL_S, ALARMS[1])) == (
        number,
        {
            instance(f"{SOURCE}.0"): oid_value((0, 0)),
            instance("8.2.1.3.9"): integer(3),
            instance(f"{TEXT}.0"): octets(b"board main: no answer"),
        },
    )
    _, varbinds = one(event(WALL_S, stuck))
    assert varbinds[instance(f"{SOURCE}.0")] == oid_value(instance("3.1.1.2.2"))
    assert instance("8.2.1.3.12") in varbinds


SETTINGS: list[Command] = [
    ConfigureOutlet(1, OutletSetting.NAME, "x"),
    ConfigureThreshold(OUTLET_2, Quantity.CURRENT, ThresholdSetting.DELAY_S, 1),
    CreateGroup(3),
    EnableNotifications(NotificationClass.OUTLET, enabled=False),
]
NO_SETTINGS: list[Command] = [
    SwitchOutlet(1, Action.ON),
    SwitchAll(Action.OFF),
    SwitchGroup(1, Action.ON),
    SetLock(1, Lock.LOCKED_ON),
    ResetMeter(OUTLET_2, Reset.ALL),
    AcknowledgeAlarm(4, acknowledged=True),
    AdvanceConfigLock(41),
]


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_changed_setting_tells_who_changed_it_even_among_commands(setting: Command) -> None:
    event = CommandAccepted(WALL_S, (*NO_SETTINGS, setting), ACTOR)
    assert one(event) == (12, {instance(f"{USER}.0"): octets(b"snmp operator from 192.0.2.1")})


def test_commands_that_change_no_setting_are_told_by_what_they_lead_to() -> None:
    assert told(CommandAccepted(WALL_S, tuple(NO_SETTINGS), ACTOR)) == ()


@pytest.mark.parametrize(
    ("boots", "cold_banks", "standard", "text"),
    [
        (1, (), 1, "start 1; boards that had lost their power: none"),
        (7, ("main", "rear"), 1, "start 7; boards that had lost their power: main, rear"),
        (7, (), 2, "start 7; boards that had lost their power: none"),
    ],
)
def test_a_start_is_cold_when_power_was_lost_or_nothing_was_before(
    boots: int, cold_banks: tuple[str, ...], standard: int, text: str
) -> None:
    generic, own = told(AgentStarted(WALL_S, boots, cold_banks))
    assert (generic.oid, generic.varbinds) == ((*TRAPS, standard), ())
    assert own.oid == (*DEFAULT_ARC, 0, 13)
    assert own.varbinds == (
        (instance("1.4.0"), octets(b"0.1.0")),
        (instance(f"{TEXT}.0"), octets(text.encode())),
    )


@pytest.mark.parametrize(
    "event", [ReadingLost(WALL_S, OUTLET_2), ReadingRestored(WALL_S, OUTLET_2)]
)
def test_a_silent_point_is_told_by_the_alarm_of_its_source(event: Event) -> None:
    assert told(event) == ()


def test_an_authentication_failure_carries_nothing() -> None:
    notifications = Notifications(modules(), lambda: 3.0)
    (failure,) = notifications.authentication_failure(snapshot())
    assert failure == Notification(
        (*TRAPS, 5), (), NotificationClass.AUTHENTICATION, uptime_s=3.0, module="SNMPv2-MIB"
    )
    off = snapshot(EVERYTHING - {NotificationClass.AUTHENTICATION})
    assert notifications.authentication_failure(off) == ()


TOLD_OF_CONTROL = [
    (9, {"7.1.1.2.1": octets(b"night"), "7.1.1.10.1": octets(b"outlet 2: off")}),
    (14, {"7.1.1.2.3": octets(b"tidy up"), "7.1.1.10.3": octets(b"no clock")}),
    (16, {"13.1.1.2.1": octets(b"hot"), "13.1.1.11.1": octets(b"outlet 2: off")}),
    (17, {"13.1.1.2.2": octets(b"host"), "13.1.1.11.2": octets(b"released")}),
    (
        10,
        {
            "10.1.1.2.1": octets(b"feed"),
            "3.1.1.2.2": octets(b"Outlet 2"),
            f"{TEXT}.0": octets(b"3102 W of 3000 W"),
        },
    ),
    (
        11,
        {
            "10.1.1.2.1": octets(b"feed"),
            "3.1.1.2.2": octets(b"Outlet 2"),
            f"{TEXT}.0": octets(b"room again"),
        },
    ),
    (
        15,
        {
            "3.1.1.2.2": octets(b"Outlet 2"),
            "3.3.1.14.2": integer(3),
            "3.3.1.15.2": unsigned(3),
            "3.3.1.16.2": unsigned(12_346),
        },
    ),
    (
        15,
        {
            "3.1.1.2.1": octets(b"Outlet 1"),
            "3.3.1.14.1": integer(2),
            "3.3.1.15.1": unsigned(1),
            "3.3.1.16.1": unsigned(16_000),
        },
    ),
    (
        18,
        {
            f"{SOURCE}.0": oid_value(instance("3.1.1.2.2")),
            f"{TEXT}.0": octets(b"hook tidy: took longer than 10 s"),
        },
    ),
    (
        18,
        {
            f"{SOURCE}.0": oid_value((0, 0)),
            f"{TEXT}.0": octets(b"hook tidy: exit status 1"),
        },
    ),
    (19, {"3.1.1.2.2": octets(b"Outlet 2"), f"{TEXT}.0": octets(b"idle after 12 s")}),
    (20, {"3.1.1.2.2": octets(b"Outlet 2"), f"{TEXT}.0": octets(b"still 80 W after 60 s")}),
    (21, {}),
    (22, {f"{TEXT}.0": octets(b"line 3, column 5: no such outlet")}),
]


@pytest.mark.parametrize(
    ("event", "number", "varbinds"),
    [
        (event, number, varbinds)
        for event, (number, varbinds) in zip(CONTROL_EVENTS, TOLD_OF_CONTROL, strict=True)
    ],
)
def test_what_switches_by_itself_is_told_of(
    event: Event, number: int, varbinds: dict[str, Value]
) -> None:
    assert one(event) == (number, {instance(at): value for at, value in varbinds.items()})


def test_what_a_reload_has_taken_away_is_told_of_all_the_same() -> None:
    gone = replace(snapshot(), plans=(), rules=(), caps=())
    _, varbinds = one(CONTROL_EVENTS[0], gone)
    assert varbinds[instance("7.1.1.2.0")] == octets(b"night")
    _, varbinds = one(CONTROL_EVENTS[4], replace(gone, outlets=()))
    assert varbinds[instance("10.1.1.2.1")] == varbinds[instance("3.1.1.2.2")] == octets(b"")


EXAMPLES: Sequence[Event] = [
    OUTLET_OFF,
    CommandAccepted(WALL_S, tuple(SETTINGS), ACTOR),
    CommandFailed(WALL_S, 1, "stuck"),
    AlarmRaised(WALL_S, ALARMS[0]),
    AlarmRaised(WALL_S, ALARMS[1]),
    AlarmCleared(WALL_S, ALARMS[0]),
    AlarmCleared(WALL_S, ALARMS[1]),
    SensorChanged(WALL_S, 1, SensorStatus.OK, SensorStatus.STALE),
    AgentStarted(WALL_S, 1, ()),
    *CONTROL_EVENTS,
    MAINS_LOST,
]


@pytest.mark.parametrize("event", EXAMPLES)
def test_a_class_that_is_off_is_not_told(event: Event) -> None:
    classes = {each.notification_class for each in told(event)}
    assert len(classes) == 1
    assert told(event, snapshot(EVERYTHING - classes)) == ()
    assert told(event, snapshot(frozenset(classes))) == told(event)


def test_it_is_decided_for_every_event_how_it_is_told() -> None:
    told = {event for module in modules() for event in module.telling}
    # A point that is silent has a source that is: the source's alarm tells of all its points.
    # Of what a contact shows, and of each minute on battery, only MIBs of others have one.
    untold = {ReadingLost, ReadingRestored, ContactChanged, UpsOnBattery}
    assert told | untold == set(get_args(Event))


def test_every_declared_notification_tells_of_something_with_its_objects_in_order() -> None:
    sent = {each.oid: each for event in EXAMPLES for each in told(event)}
    declared = {(*DEFAULT_ARC, 0, kind.number): kind for kind in NOTIFICATIONS}
    assert set(declared) <= set(sent)
    for oid, kind in declared.items():
        assert len(sent[oid].varbinds) == len(kind.objects)
        assert sent[oid].notification_class is kind.notification_class
    assert {
        kind.notification_class
        for kind in (*NOTIFICATIONS, AUTHENTICATION_FAILURE, COLD_START, WARM_START)
    } == EVERYTHING


def test_notifications_lie_below_the_arc_of_the_agent() -> None:
    arc: Oid = (1, 3, 6, 1, 4, 1, 32473, 5)
    (moved,) = Notifications(modules(arc), lambda: 0.0).of(
        AlarmRaised(WALL_S, ALARMS[0]), snapshot()
    )
    assert moved.oid == (*arc, 0, 3)
    assert {oid[: len(arc)] for oid, _ in moved.varbinds} == {arc}
    assert moved.varbinds[0][1] == oid_value((*arc, 1, 3, 1, 1, 2, 2))
