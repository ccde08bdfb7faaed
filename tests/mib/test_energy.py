# SPDX-License-Identifier: Apache-2.0
"""EMAN: power, power states, energy, attributes, and what feeds what."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pdu_agent.mib_impl.identity import agent_modules
from pdu_agent.mib_impl.notifications import Notifications
from pdu_agent.mib_impl.set_errors import ErrorStatus, SetError
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.view import NO_SUCH_INSTANCE
from pdu_agent.model.commands import (
    Action,
    Actor,
    Command,
    ConfigureDevice,
    ConfigureOutlet,
    DeviceSetting,
    EnableNotifications,
    NotificationClass,
    OutletSetting,
    SwitchOutlet,
)
from pdu_agent.model.events import OutletChanged
from pdu_agent.model.quantities import Electrical
from pdu_agent.model.snapshot import ChangeReason, Meter, MeterStatus, OutletState
from tests.mib.strip import column, columns, content, strip, things
from tests.mib.unit import ELECTRICAL, METER, WALL_S, Bench, integer, octets, with_outlet

CAPABILITIES = ".1.3.6.1.2.1.229.1.1.1"
POWER = ".1.3.6.1.2.1.229.1.2.1"
PARAMETERS = ".1.3.6.1.2.1.229.1.4.1"
TOTALS = ".1.3.6.1.2.1.229.1.5.1"
ENABLE = ".1.3.6.1.2.1.229.0.1.0"
STATE_CHANGE = (1, 3, 6, 1, 2, 1, 229, 0, 2)
ATTRIBUTES = ".1.3.6.1.2.1.230.1.1.1"
CONTEXT = ".1.3.6.1.2.1.231.1.1.1"
RELATIONS = ".1.3.6.1.2.1.231.1.2.1"
PHYSICAL_UUID = ".1.3.6.1.2.1.47.1.1.1.1.19"
ADMIN, OPER, REASON = 8, 9, 10
UNKNOWN, OFF, ON = 255, 257, 259


def _with_meter(meter: Meter | None) -> Bench:
    return things(with_outlet(strip(), 1, meter=meter))


def _with_outlet(**changes: Any) -> Bench:
    return things(with_outlet(strip(), 1, **changes))


# -- power ---------------------------------------------------------------------------------------


def test_what_is_metered_says_so() -> None:
    assert column(things(), CAPABILITIES, 1) == {
        (1,): b"\x80",
        (101,): b"\x70",
        (203,): b"\x70",
        (1001,): b"\x70",
        (1002,): b"\x80",
    }


@pytest.mark.parametrize(
    ("index", "row"),
    [
        ("101", (262_500, 3_680_000, -3, 0, 3, 1, 1, UNKNOWN, UNKNOWN, b"")),
        ("203", (262_500, 2_300_000, -3, 0, 3, 1, 1, UNKNOWN, UNKNOWN, b"")),
        ("1001", (262_500, 2_300_000, -3, 0, 3, 1, 1, ON, ON, b"power up")),
    ],
)
def test_power_and_state_of_every_energy_object(index: str, row: tuple[object, ...]) -> None:
    assert columns(things(), POWER, index) == dict(zip(range(1, 11), row, strict=True))


def test_an_outlet_without_a_meter_has_states_and_no_figures() -> None:
    row = columns(things(), POWER, "1002")
    assert {number: row.get(number) for number in (1, 2, 5, 8, 9)} == {
        1: 0,  # as RFC 7460 wants it next to caliber unavailable
        2: None,
        5: 1,
        8: ON,
        9: ON,
    }


@pytest.mark.parametrize(
    "meter",
    [
        replace(METER, status=MeterStatus.STALE),
        replace(METER, status=MeterStatus.FAULT, electrical=Electrical()),
        replace(METER, electrical=Electrical(voltage_v=230.0)),
    ],
)
def test_power_of_another_time_is_unavailable(meter: Meter) -> None:
    row = columns(_with_meter(meter), POWER, "1001")
    assert (row[1], row[5]) == (0, 1)


def test_power_that_flows_back_is_negative() -> None:
    bench = _with_meter(replace(METER, electrical=replace(ELECTRICAL, active_power_w=-1.2345)))
    assert content(bench, POWER, 1, 1001) == -1235


@pytest.mark.parametrize(
    ("state", "relay_closed", "desired", "actual"),
    [
        (OutletState.ON, True, ON, ON),
        (OutletState.OFF, False, OFF, OFF),
        (OutletState.ON_PENDING, False, ON, OFF),
        (OutletState.OFF_PENDING, True, OFF, ON),
        (OutletState.ON_PENDING, None, ON, UNKNOWN),
        (OutletState.REBOOTING, True, ON, ON),
        (OutletState.REBOOTING, False, ON, OFF),
        (OutletState.FAULT, True, UNKNOWN, ON),
        (OutletState.UNKNOWN, None, UNKNOWN, UNKNOWN),
    ],
)
def test_the_desired_state_is_at_once_what_was_asked_for(
    state: OutletState, relay_closed: bool | None, desired: int, actual: int
) -> None:
    bench = _with_outlet(state=state, relay_closed=relay_closed)
    assert content(bench, POWER, ADMIN, 1001) == desired
    assert content(bench, POWER, OPER, 1001) == actual


@pytest.mark.parametrize(
    ("reason", "actor", "text"),
    [
        (ChangeReason.UNKNOWN, None, b""),
        (ChangeReason.SCHEDULE, None, b"schedule"),
        (ChangeReason.SNMP, Actor("snmp", "ops", "192.0.2.1"), b"snmp ops from 192.0.2.1"),
    ],
)
def test_who_or_what_changed_the_state(
    reason: ChangeReason, actor: Actor | None, text: bytes
) -> None:
    bench = _with_outlet(last_reason=reason, last_actor=actor)
    assert content(bench, POWER, REASON, 1001) == text


# -- writing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("instance", "value", "command"),
    [
        (f"{POWER}.{ADMIN}.1001", integer(ON), SwitchOutlet(1, Action.ON)),
        (f"{POWER}.{ADMIN}.1002", integer(OFF), SwitchOutlet(2, Action.OFF)),
        (f"{CONTEXT}.9.1002", octets(b"web"), ConfigureOutlet(2, OutletSetting.NOTE, "web")),
        (f"{CONTEXT}.13.1", octets(b"A-18"), ConfigureDevice(DeviceSetting.ASSET_TAG, "A-18")),
        (ENABLE, integer(2), EnableNotifications(NotificationClass.OUTLET, False)),
    ],
)
def test_a_set_asks_the_core(instance: str, value: Any, command: Command) -> None:
    bench = things()
    bench.set((instance, value))
    assert bench.controller.submitted == [[command]]


@pytest.mark.parametrize(
    ("instance", "value", "status"),
    [
        (f"{POWER}.{ADMIN}.1001", integer(UNKNOWN), ErrorStatus.WRONG_VALUE),
        (f"{POWER}.{ADMIN}.1001", integer(258), ErrorStatus.WRONG_VALUE),
        (f"{POWER}.{ADMIN}.1001", integer(513), ErrorStatus.WRONG_VALUE),
        (f"{POWER}.{ADMIN}.1001", octets(b"on"), ErrorStatus.WRONG_TYPE),
        (f"{POWER}.{ADMIN}.101", integer(ON), ErrorStatus.NOT_WRITABLE),
        (f"{POWER}.{ADMIN}.203", integer(OFF), ErrorStatus.NOT_WRITABLE),
        (f"{POWER}.{ADMIN}.1", integer(ON), ErrorStatus.NO_CREATION),
        (f"{POWER}.{ADMIN}.1003", integer(ON), ErrorStatus.NO_CREATION),
        (f"{POWER}.{ADMIN}.0", integer(ON), ErrorStatus.NO_CREATION),
        (f"{POWER}.{OPER}.1001", integer(ON), ErrorStatus.NOT_WRITABLE),
        (f"{POWER}.{REASON}.1001", octets(b"me"), ErrorStatus.NOT_WRITABLE),
        (f"{CONTEXT}.9.101", octets(b"feed"), ErrorStatus.NO_CREATION),
        (f"{CONTEXT}.9.1001", octets(b"n" * 65), ErrorStatus.WRONG_LENGTH),
        (f"{CONTEXT}.13.1001", octets(b"A-18"), ErrorStatus.NO_CREATION),
        (f"{RELATIONS}.4.1002.101", integer(6), ErrorStatus.NOT_WRITABLE),
        (f"{PARAMETERS}.9.101.101", integer(6), ErrorStatus.NOT_WRITABLE),
        (f"{PARAMETERS}.9.101.7", integer(4), ErrorStatus.NOT_WRITABLE),
    ],
)
def test_what_cannot_be_set_says_why(instance: str, value: Any, status: ErrorStatus) -> None:
    bench = things()
    with pytest.raises(SetError) as refused:
        bench.set((instance, value))
    assert refused.value.status is status
    assert bench.controller.submitted == []


def test_switching_takes_the_right_to_switch_that_outlet() -> None:
    bench = things()
    needed, outlet = bench.writer.guard(
        bench.oid(f"{POWER}.{ADMIN}.1002"), bench.controller.snapshot
    )
    assert (needed.value, outlet) == ("switch", 2)


# -- energy --------------------------------------------------------------------------------------


def test_every_meter_has_one_total() -> None:
    bench = things()
    assert columns(bench, PARAMETERS, "1001.1001") == {4: 1, 5: 3, 8: 5, 9: 1}
    assert columns(bench, TOTALS, "1001.0") == {2: 2500, 5: 0, 6: 0, 9: 0}
    assert set(column(bench, TOTALS, 2)) == {(101, 0), (203, 0), (1001, 0)}


def test_energy_is_never_rounded_up() -> None:
    meter = replace(METER, energy_mj=2 * 3_600_000 - 1, discontinuity_s=3.5)
    assert columns(_with_meter(meter), TOTALS, "1001.0") == {2: 1, 5: 0, 6: 0, 9: 350}


def test_a_total_stays_while_its_meter_is_silent() -> None:
    bench = _with_meter(replace(METER, status=MeterStatus.STALE))
    assert bench.content(f"{TOTALS}.2.1001.0") == 2500


# -- attributes ----------------------------------------------------------------------------------


def test_attributes_of_what_is_metered() -> None:
    bench = things()
    assert columns(bench, ATTRIBUTES, "1001") == {
        1: 1,
        2: 2301,
        3: 1,
        4: 5001,
        5: -3,
        6: 0,
        7: 262_500,
        8: 117_600,
        9: 287_654,
        10: 9126,
    }
    assert set(column(bench, ATTRIBUTES, 1)) == {(101,), (203,), (1001,)}


@pytest.mark.parametrize(
    ("frequency_hz", "shown"),
    [
        (44.999, NO_SUCH_INSTANCE),
        (45.0, 4500),
        (60.004, 6000),
        (65.0, 6500),
        (65.001, NO_SUCH_INSTANCE),
        (None, NO_SUCH_INSTANCE),
    ],
)
def test_a_frequency_out_of_range_is_not_made_to_fit(
    frequency_hz: float | None, shown: object
) -> None:
    meter = replace(METER, electrical=replace(ELECTRICAL, frequency_hz=frequency_hz))
    assert content(_with_meter(meter), ATTRIBUTES, 4, 1001) == shown


def test_a_silent_meter_has_no_attributes() -> None:
    row = columns(_with_meter(replace(METER, status=MeterStatus.STALE)), ATTRIBUTES, "1001")
    assert set(row) == {1, 5, 6}


def test_an_inlet_with_three_lines_does_not_say_how_they_are_joined() -> None:
    made = strip()
    bench = things(replace(made, inlets=(replace(made.inlets[0], line_count=3),)))
    assert content(bench, ATTRIBUTES, 1, 101) is NO_SUCH_INSTANCE


def test_power_factors_are_hundredths_of_a_percent() -> None:
    for power_factor, shown in ((1.0, 10_000), (-0.5, -5000), (0.0, 0)):
        meter = replace(METER, electrical=replace(ELECTRICAL, power_factor=power_factor))
        assert content(_with_meter(meter), ATTRIBUTES, 10, 1001) == shown


# -- context -------------------------------------------------------------------------------------


def test_what_energy_objects_are_for() -> None:
    bench = things()
    assert column(bench, CONTEXT, 12) == {(1,): 3, (101,): 2, (203,): 2, (1001,): 2, (1002,): 3}
    assert column(bench, CONTEXT, 14) == {(1,): 2, (101,): 0, (203,): 2, (1001,): 1, (1002,): 1}
    assert column(bench, CONTEXT, 9) == {(1001,): b"mail", (1002,): b""}
    assert column(bench, CONTEXT, 13) == {(1,): b"A-17"}


def test_power_flows_from_the_inlet_over_the_branch_to_the_outlet() -> None:
    powered_by, powering = 1, 2
    assert column(things(), RELATIONS, 3) == {
        (101, 203): powering,
        (101, 1002): powering,
        (203, 101): powered_by,
        (203, 1001): powering,
        (1001, 203): powered_by,
        (1002, 101): powered_by,
    }


def test_a_relation_names_its_peer() -> None:
    bench = things()
    for (_, peer), uuid in column(bench, RELATIONS, 2).items():
        assert uuid == bench.content(f"{PHYSICAL_UUID}.{peer}")
    assert columns(bench, RELATIONS, "1001.203").keys() == {2, 3, 4, 5}
    assert bench.content(f"{RELATIONS}.4.1001.203") == 1
    assert bench.content(f"{RELATIONS}.5.1001.203") == 5


def test_an_outlet_is_not_related_to_what_is_not_there() -> None:
    bench = _with_outlet(branch=9, inlet=2)
    assert not [index for index in column(bench, RELATIONS, 3) if 1001 in index]


@pytest.mark.parametrize(
    ("instance", "whose"),
    [
        (f"{CAPABILITIES}.1.1001", 1),
        (f"{POWER}.1.1001", 1),
        (f"{POWER}.1.101", None),
        (f"{PARAMETERS}.4.1001.1001", 1),
        (f"{TOTALS}.2.1001.0", 1),
        (f"{TOTALS}.2.101.0", None),
        (f"{ATTRIBUTES}.2.1001", 1),
        (f"{CONTEXT}.12.1002", 2),
        (f"{RELATIONS}.3.1002.101", 2),
        (f"{RELATIONS}.3.101.1002", 2),
        (f"{RELATIONS}.3.101.203", None),
    ],
)
def test_rows_of_an_outlet_are_for_those_who_may_see_it(instance: str, whose: int | None) -> None:
    bench = things()
    oid = bench.oid(instance)
    place = bench.view.object_of(oid)
    assert place is not None
    assert bench.view.outlet_of(place, oid, bench.controller.snapshot) == whose


def test_the_numbers_are_those_of_the_entities() -> None:
    bench = things()
    entities = set(column(bench, ".1.3.6.1.2.1.47.1.1.1.1", 7))
    for entry, number in ((CAPABILITIES, 1), (POWER, 3), (ATTRIBUTES, 5), (CONTEXT, 12)):
        assert set(column(bench, entry, number)) <= entities


# -- notifications -------------------------------------------------------------------------------


def _told(old: OutletState, new: OutletState, *, enabled: bool = True) -> list[list[object]]:
    snapshot = strip()
    if enabled:
        snapshot = replace(snapshot, notifying=frozenset({NotificationClass.OUTLET}))
    modules = agent_modules(lambda: 5.0, SnmpCounters(), mibs=("energy",))
    event = OutletChanged(WALL_S, 2, old, new, ChangeReason.SNMP, Actor("snmp", "ops"))
    sent = Notifications(modules, lambda: 5.0).of(event, snapshot)
    assert all(notification.oid == STATE_CHANGE for notification in sent)
    return [[value.content for _, value in notification.varbinds] for notification in sent]


@pytest.mark.parametrize(
    ("old", "new", "desired", "actual"),
    [
        (OutletState.OFF, OutletState.ON, ON, ON),
        (OutletState.OFF, OutletState.ON_PENDING, ON, OFF),
        (OutletState.ON, OutletState.OFF_PENDING, OFF, ON),
        (OutletState.ON, OutletState.REBOOTING, ON, OFF),
        (OutletState.OFF_PENDING, OutletState.FAULT, UNKNOWN, UNKNOWN),
    ],
)
def test_a_change_of_state_is_told_as_it_was(
    old: OutletState, new: OutletState, desired: int, actual: int
) -> None:
    assert _told(old, new) == [[desired, actual, b"snmp ops"]]


def test_a_change_that_changes_neither_state_is_not_told() -> None:
    assert _told(OutletState.FAULT, OutletState.UNKNOWN) == []


def test_a_notification_names_the_outlet_by_its_entity() -> None:
    modules = agent_modules(lambda: 5.0, SnmpCounters(), mibs=("energy",))
    event = OutletChanged(
        WALL_S, 2, OutletState.ON, OutletState.OFF, ChangeReason.SNMP, Actor("snmp")
    )
    snapshot = replace(strip(), notifying=frozenset({NotificationClass.OUTLET}))
    (sent,) = Notifications(modules, lambda: 5.0).of(event, snapshot)
    entry = tuple(map(int, POWER[1:].split(".")))
    assert [oid for oid, _ in sent.varbinds] == [(*entry, n, 1002) for n in (ADMIN, OPER, REASON)]


def test_the_switch_is_that_of_all_notifications_of_outlets() -> None:
    assert _told(OutletState.OFF, OutletState.ON, enabled=False) == []
    assert things().content(ENABLE) == 2
    on = replace(strip(), notifying=frozenset({NotificationClass.OUTLET}))
    assert things(on).content(ENABLE) == 1
