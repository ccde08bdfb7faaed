# SPDX-License-Identifier: Apache-2.0
"""Which traps of PowerNet-MIB tell of what, by known answers, and how they look in SNMPv1."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pdu_agent.mib_impl.identity import agent_modules
from pdu_agent.mib_impl.notifications import Notification, Notifications
from pdu_agent.mib_impl.powernet import powernet_module
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.model.commands import (
    Action,
    Actor,
    BranchSetting,
    Command,
    ConfigureBranch,
    ConfigureDevice,
    ConfigureInlet,
    ConfigureOutlet,
    DeviceSetting,
    InletSetting,
    Limit,
    NotificationClass,
    OutletSetting,
    Quantity,
    SetLimit,
    SwitchAll,
    SwitchGroup,
    SwitchOutlet,
    Target,
    TargetKind,
)
from pdu_agent.model.events import (
    AgentStarted,
    AlarmCleared,
    AlarmRaised,
    CommandAccepted,
    CommandFailed,
    Event,
    OutletChanged,
    SensorChanged,
)
from pdu_agent.model.snapshot import (
    Alarm,
    ChangeReason,
    Crossing,
    Group,
    GroupState,
    OutletState,
    SensorKind,
    SensorStatus,
    Severity,
    Snapshot,
    ThresholdState,
)
from tests.mib.powernet_unit import powernet_unit
from tests.mib.unit import SENSOR, WALL_S
from tests.peers import require
from tests.snmp.notifying_agent import KINDS, Agent, dotted
from tests.snmp.trap_receiver import TrapReceiver, V1Trap

POWERNET: Oid = (1, 3, 6, 1, 4, 1, 318)
ACTOR = Actor("snmp", "ops", "192.0.2.1")
ON, OFF = OutletState.ON, OutletState.OFF
ON_PENDING, OFF_PENDING = OutletState.ON_PENDING, OutletState.OFF_PENDING
NORMAL, LOW = ThresholdState.NORMAL, ThresholdState.LOW_WARNING
NEAR, OVER = ThresholdState.HIGH_WARNING, ThresholdState.HIGH_CRITICAL

SERIAL, NAME = ((1, 1, 12, 1, 6, 0), b"S-0042"), ((1, 1, 12, 1, 1, 0), b"rack-7")


def text(content: str) -> tuple[Oid, bytes]:
    return (2, 3, 3, 0), content.encode("ascii")


def snapshot() -> Snapshot:
    humidity = replace(SENSOR, index=2, kind=SensorKind.HUMIDITY)
    door = replace(SENSOR, index=3, kind=SensorKind.CONTACT, name="door")
    return replace(
        powernet_unit(),
        sensors=(SENSOR, humidity, door),
        notifying=frozenset(NotificationClass),
        groups=(Group(1, "servers", (1, 4), True, GroupState.MIXED, None, 0),),
    )


def sent(event: Event) -> tuple[Notification, ...]:
    modules = agent_modules(lambda: 0.0, SnmpCounters(), mibs=("powernet",))
    return tuple(
        notification
        for notification in Notifications(modules, lambda: 12.34).of(event, snapshot())
        if notification.module == "PowerNet-MIB"
    )


def told(event: Event) -> list[tuple[int, list[tuple[Oid, Any]]]]:
    """Number, and the varbinds by what follows 318."""
    found = []
    for notification in sent(event):
        assert notification.oid[:-1] == (*POWERNET, 0)
        varbinds = [(oid[len(POWERNET) :], value.content) for oid, value in notification.varbinds]
        found.append((notification.oid[-1], varbinds))
    return found


def numbers(event: Event) -> list[int]:
    return [number for number, _ in told(event)]


def changed(old: OutletState, new: OutletState) -> OutletChanged:
    return OutletChanged(WALL_S, 2, old, new, ChangeReason.SNMP, ACTOR)


def accepted(*commands: Command) -> CommandAccepted:
    return CommandAccepted(WALL_S, commands, ACTOR)


def test_an_outlet_that_is_switched_is_told_in_the_words_of_both_generations() -> None:
    said = text("outlet 2 (Outlet 2) is on")
    assert told(changed(ON_PENDING, ON)) == [
        (41, [((1, 1, 4, 4, 2, 1, 1, 0), 2), ((2, 3, 1, 0), 2), said]),
        (
            268,
            [
                SERIAL,
                NAME,
                ((1, 1, 12, 3, 3, 1, 1, 1, 0), 2),
                ((1, 1, 12, 3, 3, 1, 1, 2, 0), b"Outlet 2"),
                said,
            ],
        ),
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (OFF_PENDING, OFF, [42, 269]),
        (OutletState.REBOOTING, ON, [43, 268]),
        (OutletState.REBOOTING, OFF, [42, 269]),
        (OutletState.UNKNOWN, ON, [41, 268]),
        (OutletState.FAULT, OFF, [42, 269]),
        (ON, OFF_PENDING, []),
        (ON, OutletState.REBOOTING, []),
        (ON, OutletState.FAULT, []),
        (OFF_PENDING, ON, []),  # a delayed command that was cancelled: nothing was switched
        (ON_PENDING, OFF, []),
    ],
)
def test_only_what_has_been_switched_is_told(
    old: OutletState, new: OutletState, expected: list[int]
) -> None:
    assert numbers(changed(old, new)) == expected


def alarm(
    kind: TargetKind,
    index: int,
    state: ThresholdState,
    quantity: Quantity = Quantity.CURRENT,
) -> Alarm:
    return Alarm(
        *(4, "threshold", Severity.WARNING, f"{kind.value} {index}", "13 A", WALL_S),
        Target(kind, index),
        Crossing(quantity, state, 13.0, 12.0),
    )


def crossed(
    old: ThresholdState,
    new: ThresholdState,
    kind: TargetKind = TargetKind.INLET,
    index: int = 1,
    quantity: Quantity = Quantity.CURRENT,
) -> AlarmRaised | AlarmCleared:
    before = None if old is NORMAL else alarm(kind, index, old, quantity)
    happened = AlarmCleared if new is NORMAL else AlarmRaised
    return happened(WALL_S, alarm(kind, index, new, quantity), before)


def test_an_overload_carries_what_it_is_of() -> None:
    phase, bank = (1, 1, 12, 2, 3, 1, 1, 4, 0), (1, 1, 12, 2, 3, 1, 1, 5, 0)
    assert told(crossed(NORMAL, OVER, index=2)) == [
        (276, [SERIAL, NAME, (phase, 2), text("inlet 2: 13 A")])
    ]
    assert told(crossed(OVER, NORMAL, index=2)) == [
        (277, [SERIAL, NAME, (phase, 2), text("inlet 2: no longer overload")])
    ]
    assert told(crossed(NORMAL, NEAR, TargetKind.BRANCH)) == [
        (224, [SERIAL, NAME, (bank, 1), (phase, 0), text("branch 1: 13 A")])
    ]
    assert told(crossed(NORMAL, LOW, TargetKind.OUTLET, 3)) == [
        (630, [SERIAL, NAME, ((1, 1, 12, 3, 5, 1, 1, 1, 0), 3), text("outlet 3: 13 A")])
    ]


@pytest.mark.parametrize(
    ("kind", "first"), [(TargetKind.BRANCH, 222), (TargetKind.INLET, 272), (TargetKind.OUTLET, 630)]
)
def test_every_load_that_is_told_is_cleared_by_the_next_number(
    kind: TargetKind, first: int
) -> None:
    path = (NORMAL, LOW, ThresholdState.LOW_CRITICAL, NEAR, OVER, NEAR, NORMAL)
    steps = [
        [number - first for number in numbers(crossed(old, new, kind))]
        for old, new in pairwise(path)
    ]
    assert steps == [[0], [], [2, 1], [4, 3], [2, 5], [3]]


@pytest.mark.parametrize(
    ("quantity", "first"), [(Quantity.TEMPERATURE, 519), (Quantity.HUMIDITY, 535)]
)
def test_every_limit_of_a_sensor_has_its_pair(quantity: Quantity, first: int) -> None:
    path = (NORMAL, NEAR, OVER, LOW, ThresholdState.LOW_CRITICAL, NORMAL)
    steps = [
        [number - first for number in numbers(crossed(old, new, TargetKind.SENSOR, 1, quantity))]
        for old, new in pairwise(path)
    ]
    assert steps == [[2], [0, 3], [4, 1], [6, 5], [7]]


SENSOR_OF_PROBE = [
    ((2, 3, 10, 0), b"S-0042"),
    ((2, 3, 11, 0), b"rack-7"),
    ((2, 3, 18, 0), 0),
    ((2, 3, 1, 0), 1),
    ((2, 3, 16, 0), b"intake"),
]


def test_a_sensor_is_named_as_the_probe_that_the_tables_show() -> None:
    hot = crossed(NORMAL, OVER, TargetKind.SENSOR, 2, Quantity.HUMIDITY)
    assert told(hot) == [(535, [*SENSOR_OF_PROBE, text("sensor 2: 13 A")])]


def test_a_sensor_that_falls_silent_and_comes_back() -> None:
    ok, stale, fault = SensorStatus.OK, SensorStatus.STALE, SensorStatus.FAULT
    assert told(SensorChanged(WALL_S, 1, ok, stale)) == [
        (518, [*SENSOR_OF_PROBE, text("sensor 1 is stale")])
    ]
    assert numbers(SensorChanged(WALL_S, 1, stale, fault)) == []
    assert numbers(SensorChanged(WALL_S, 1, fault, ok)) == [517]
    # Its humidity is lost and found with it, and that is the same fact.
    assert numbers(SensorChanged(WALL_S, 2, ok, stale)) == []
    ((_, varbinds),) = told(SensorChanged(WALL_S, 3, ok, fault))
    assert varbinds[3:5] == [((2, 3, 1, 0), 3), ((2, 3, 16, 0), b"door")]


@pytest.mark.parametrize(
    "quantity", [Quantity.VOLTAGE, Quantity.ACTIVE_POWER, Quantity.FREQUENCY, Quantity.ENERGY]
)
def test_there_are_no_traps_for_other_quantities(quantity: Quantity) -> None:
    assert numbers(crossed(NORMAL, OVER, TargetKind.INLET, 1, quantity)) == []


def fault(kind: str) -> Alarm:
    return Alarm(9, kind, Severity.CRITICAL, f"{kind} main", "no answer", WALL_S)


def test_a_board_that_does_not_answer_is_communication_lost() -> None:
    for kind in ("board", "meter"):
        assert told(AlarmRaised(WALL_S, fault(kind))) == [
            (267, [SERIAL, NAME, text(f"{kind} main: no answer")])
        ]
        assert told(AlarmCleared(WALL_S, fault(kind), fault(kind))) == [
            (266, [SERIAL, NAME, text(f"{kind} main: in order again")])
        ]
    assert numbers(AlarmRaised(WALL_S, fault("store"))) == []
    assert numbers(AlarmCleared(WALL_S, fault("store"))) == []


def on_outlet_3(kind: str) -> Alarm:
    target = Target(TargetKind.OUTLET, 3)
    return Alarm(9, kind, Severity.CRITICAL, "outlet 3", "odd", WALL_S, target)


@pytest.mark.parametrize(("kind", "error"), [("welded", 1), ("fuse", 2), ("relay", 3)])
def test_a_fault_of_an_outlet_is_a_critical_condition(kind: str, error: int) -> None:
    standing = on_outlet_3(kind)
    who = [((2, 3, 10, 0), b"S-0042"), ((2, 3, 11, 0), b"rack-7")]
    which = [((2, 3, 1, 0), error), ((2, 3, 6, 0), 0), ((2, 3, 7, 0), 3)]
    assert told(AlarmRaised(WALL_S, standing)) == [
        (750, [*who, *which, text("outlet 3: odd")]),
    ]
    assert numbers(AlarmRaised(WALL_S, standing, standing)) == []
    assert told(AlarmCleared(WALL_S, standing, standing)) == [
        (751, [*who, *which, text("outlet 3: in order again")]),
    ]


def test_changed_settings_are_told_once_for_each_thing() -> None:
    limit = Limit.HIGH_WARNING
    event = accepted(
        ConfigureOutlet(2, OutletSetting.NAME, "nas"),
        SetLimit(Target(TargetKind.OUTLET, 2), Quantity.CURRENT, limit, 8),
        SetLimit(Target(TargetKind.INLET, 1), Quantity.CURRENT, limit, 12),
        ConfigureInlet(1, InletSetting.NAME, "A"),
        ConfigureInlet(4, InletSetting.NAME, "D"),
        ConfigureBranch(1, BranchSetting.NAME, "B"),
        ConfigureDevice(DeviceSetting.NAME, "rack-7"),
        SwitchOutlet(2, Action.ON),
    )
    by = "changed by snmp ops from 192.0.2.1"
    assert told(event) == [
        (
            271,
            [
                SERIAL,
                NAME,
                ((1, 1, 12, 3, 3, 1, 1, 1, 0), 2),
                ((1, 1, 12, 3, 3, 1, 1, 2, 0), b"Outlet 2"),
                text(f"outlet 2 (Outlet 2): settings {by}"),
            ],
        ),
        (
            282,
            [SERIAL, NAME, ((1, 1, 12, 2, 2, 1, 1, 1, 0), 1), text(f"settings of phase 1 {by}")],
        ),
        (270, [SERIAL, NAME, text(f"settings of the unit {by}")]),
    ]


def test_cancelled_commands() -> None:
    ((number, varbinds),) = told(accepted(SwitchAll(Action.CANCEL)))
    assert (number, varbinds[2:]) == (
        283,
        [
            ((1, 1, 12, 3, 3, 1, 1, 1, 0), 0),
            ((1, 1, 12, 3, 3, 1, 1, 2, 0), b"rack-7"),
            text("all outlets: pending command cancelled by snmp ops from 192.0.2.1"),
        ],
    )
    event = accepted(SwitchOutlet(4, Action.CANCEL), SwitchGroup(1, Action.CANCEL))
    assert [varbinds[2][1] for _, varbinds in told(event)] == [4, 1]
    assert told(accepted(SwitchOutlet(4, Action.ON), SwitchGroup(1, Action.OFF))) == []


def test_what_powernet_has_no_word_for_is_not_told() -> None:
    assert told(AgentStarted(WALL_S, 1, ("main",))) == []
    assert told(CommandFailed(WALL_S, 2, "stuck")) == []


EVERY_EVENT: tuple[Event, ...] = (
    changed(ON_PENDING, ON),
    changed(OFF_PENDING, OFF),
    changed(OutletState.REBOOTING, ON),
    AlarmRaised(WALL_S, fault("board")),
    AlarmCleared(WALL_S, fault("board")),
    AlarmRaised(WALL_S, on_outlet_3("welded")),
    AlarmCleared(WALL_S, on_outlet_3("welded")),
    SensorChanged(WALL_S, 1, SensorStatus.OK, SensorStatus.FAULT),
    SensorChanged(WALL_S, 1, SensorStatus.FAULT, SensorStatus.OK),
    accepted(
        ConfigureOutlet(2, OutletSetting.NAME, "nas"),
        ConfigureInlet(1, InletSetting.NAME, "A"),
        ConfigureDevice(DeviceSetting.NAME, "rack-7"),
        SwitchOutlet(2, Action.CANCEL),
    ),
    *(
        crossed(old, new, kind)
        for kind in (TargetKind.INLET, TargetKind.BRANCH, TargetKind.OUTLET)
        for state in (LOW, NEAR, OVER)
        for old, new in ((NORMAL, state), (state, NORMAL))
    ),
    *(
        crossed(old, new, TargetKind.SENSOR, 1, quantity)
        for quantity in (Quantity.TEMPERATURE, Quantity.HUMIDITY)
        for state in (LOW, ThresholdState.LOW_CRITICAL, NEAR, OVER)
        for old, new in ((NORMAL, state), (state, NORMAL))
    ),
)


def test_every_declared_trap_is_sent_for_something() -> None:
    declared = {kind.number for kind in powernet_module().notifications}
    assert {number for event in EVERY_EVENT for number in numbers(event)} == declared


@pytest.mark.peer
@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["v1 trap", "v2c trap"])
async def test_every_trap_arrives(tmp_path: Path, kind: str) -> None:
    require("snmptrapd")
    notifications = [made for event in EVERY_EVENT for made in sent(event)]
    receiver = TrapReceiver(tmp_path)
    await receiver.start()
    try:
        sender = Agent(f"127.0.0.1:{receiver.port}", KINDS[kind][:3], mibs=("powernet",))
        async with sender.running() as agent:
            await agent.send(*notifications)
            received = await receiver.received(len(notifications))
    finally:
        receiver.stop()
    for made, got in zip(notifications, received, strict=True):
        assert {dotted(oid) for oid, _ in made.varbinds} <= set(got.values)
        if isinstance(got, V1Trap):
            names = (got.enterprise, got.generic, got.specific)
            assert names == (dotted(POWERNET), 6, made.oid[-1])
        else:
            assert f"OID: {dotted(made.oid)}" in got.values.values()
