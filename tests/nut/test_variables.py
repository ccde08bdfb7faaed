# SPDX-License-Identifier: Apache-2.0
"""The variables of the unit, by known answers from a unit made by hand."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.access.grant import Rights
from pdu_agent.model.commands import Action, Limit, Lock, Quantity, Target, TargetKind
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.snapshot import (
    Alarm,
    Fault,
    Group,
    GroupState,
    Inlet,
    Line,
    MeterStatus,
    OutletState,
    SensorKind,
    SensorStatus,
    Severity,
    Snapshot,
    Threshold,
    ThresholdState,
)
from pdu_agent.model.ups import Ups, UpsFlag
from pdu_agent.nut.device import Variable
from pdu_agent.nut.names.pdu_device import PduDevice
from pdu_agent.nut.names.row import MAX_VALUE_OCTETS
from pdu_agent.nut.settings import NutSettings
from tests.mib.unit import (
    DEVICE,
    ELECTRICAL,
    METER,
    SENSOR,
    THRESHOLDS,
    WALL_S,
    FakeController,
    furnished,
    unit,
    with_outlet,
)
from tests.nut.nut_names import is_variable


def variables(snapshot: Snapshot, **settings: Any) -> Mapping[str, Variable]:
    told = PduDevice(FakeController(snapshot), NutSettings(**settings)).variables()
    assert told is not None
    return told


def values(snapshot: Snapshot, **settings: Any) -> dict[str, str]:
    return {name: each.value for name, each in variables(snapshot, **settings).items()}


def ups(*flags: UpsFlag, inlets: tuple[int, ...] = (1,), lost_s: float | None = None) -> Ups:
    name = f"of {inlets}"
    return Ups(1, name, "", "", "", frozenset(flags), {}, lost_s, 0.0, inlets=inlets)


def sensor(index: int, kind: SensorKind, value: float | None, **changes: Any) -> Any:
    return replace(SENSOR, index=index, kind=kind, value=value, **changes)


def test_a_unit_with_everything_has_names_of_nut_only() -> None:
    sensors = [sensor(n, kind, 1.0, maximum=2.0) for n, kind in enumerate(SensorKind, 1)]
    snapshot = furnished(unit(2, sensors=sensors))
    two_inlets = replace(snapshot, inlets=(*snapshot.inlets, Inlet(2, "B", 1, METER)))
    for rights in (Rights.READ, Rights.WRITE):
        for each in (snapshot, two_inlets, unit(0)):
            told = values(each, rights=rights)
            assert [name for name in told if not is_variable(name)] == []
            assert not any(name.startswith("device.1") for name in told)


def test_the_unit_says_who_it_is() -> None:
    told = values(unit())
    assert told["device.type"] == "pdu"
    assert (told["device.mfr"], told["device.model"]) == ("OpenPDU", "OpenPDU-8")
    assert told["device.serial"] == told["ups.serial"] == "S-0042"
    assert told["device.description"] == "rack-7"
    assert (told["device.contact"], told["device.location"]) == ("ops@example.net", "Hall 2")
    assert told["ups.firmware"] == told["driver.version"] == "0.1.0"
    assert (told["driver.name"], told["driver.state"]) == ("openpdu", "quiet")


def test_what_is_not_there_is_absent() -> None:
    bare = replace(DEVICE, serial_number="", contact="")
    told = values(replace(unit(), device=bare))
    for name in ("device.serial", "ups.serial", "device.contact", "ups.alarm", "ambient.count"):
        assert name not in told
    assert (
        variables(replace(unit(), device=bare), rights=Rights.WRITE)["device.contact"].value == ""
    )


def test_uptime_counts_in_minutes() -> None:
    """Else a unit at rest had something to tell each second."""
    assert values(replace(unit(), uptime_s=119.9))["device.uptime"] == "60"
    assert values(replace(unit(), uptime_s=120.0))["device.uptime"] == "120"


def test_an_outlet_is_told_in_full() -> None:
    told = values(with_outlet(unit(), 2, name="Küche 1", on_delay_s=7, off_delay_s=9))
    outlet = {name[9:]: text for name, text in told.items() if name.startswith("outlet.2.")}
    assert outlet == {
        "id": "2",
        "name": "Kuche 1",
        "desc": "Kuche 1",
        "type": "C13",
        "designator": "row 2",
        "switchable": "yes",
        "status": "on",
        "delay.shutdown": "9",
        "delay.start": "7",
        "timer.shutdown": "-1",
        "timer.start": "-1",
        "voltage": "230.1",
        "current": "1.25",
        "realpower": "262.5",
        "power": "287.7",
        "powerfactor": "0.91",
        "crestfactor": "1.4",
    }
    assert told["outlet.count"] == "2"
    assert told["experimental.outlet.2.energy"] == "2500"  # Wh
    assert told["experimental.outlet.2.delay.reboot"] == "5"
    assert told["experimental.outlet.2.powerup"] == "last"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"state": OutletState.OFF}, "off"),
        ({"state": OutletState.UNKNOWN, "relay_closed": None}, None),
        ({"state": OutletState.OFF, "faults": frozenset({Fault.WELDED})}, "on"),
        ({"state": OutletState.ON_PENDING, "pending": Action.ON_DELAYED, "pending_s": 3.2}, "off"),
    ],
)
def test_status_is_on_or_off_or_absent(changes: dict[str, Any], status: str | None) -> None:
    assert values(with_outlet(unit(), 1, **changes)).get("outlet.1.status") == status


@pytest.mark.parametrize(
    ("pending", "shutdown", "start"),
    [
        (Action.ON_DELAYED, "-1", "4"),
        (Action.OFF_DELAYED, "4", "-1"),
        (Action.REBOOT_DELAYED, "4", "-1"),
        (Action.REBOOT, "-1", "4"),
        (None, "-1", "-1"),
    ],
)
def test_timers_count_whole_seconds_up(pending: Action | None, shutdown: str, start: str) -> None:
    told = values(with_outlet(unit(), 1, pending=pending, pending_s=3.1))
    assert (told["outlet.1.timer.shutdown"], told["outlet.1.timer.start"]) == (shutdown, start)


def test_an_outlet_that_is_shut_down_before_a_reboot_goes_off_first() -> None:
    waits = {"pending": Action.REBOOT, "pending_s": 60.0, "state": OutletState.REBOOTING}
    told = values(with_outlet(unit(), 1, stopping="waits for its hook", **waits))
    assert (told["outlet.1.timer.shutdown"], told["outlet.1.timer.start"]) == ("60", "-1")
    told = values(with_outlet(unit(), 1, relay_closed=False, **waits))
    assert (told["outlet.1.timer.shutdown"], told["outlet.1.timer.start"]) == ("-1", "60")


def test_an_outlet_without_a_relay_is_not_switchable() -> None:
    told = values(with_outlet(unit(), 1, switched=False, relay_closed=None))
    assert (told["outlet.1.switchable"], told["outlet.2.switchable"]) == ("no", "yes")
    assert told["outlet.switchable"] == "yes"


@pytest.mark.parametrize("status", [MeterStatus.STALE, MeterStatus.FAULT])
def test_a_meter_that_tells_nothing_new_has_no_values_but_its_energy(status: MeterStatus) -> None:
    told = values(with_outlet(unit(), 1, meter=replace(METER, status=status)))
    assert [name for name in told if name.startswith(("outlet.1.curr", "outlet.1.volt"))] == []
    assert "outlet.1.realpower" not in told
    assert told["experimental.outlet.1.energy"] == "2500"


def test_without_a_meter_nothing_is_0() -> None:
    told = values(with_outlet(unit(), 1, meter=None))
    assert [name for name in told if name.startswith(("outlet.1.realp", "outlet.1.p"))] == []
    assert "experimental.outlet.1.energy" not in told
    partly = replace(METER, electrical=Electrical(current_a=0.5, quality=Quality.OK))
    told = values(with_outlet(unit(), 1, meter=partly))
    assert told["outlet.1.current"] == "0.50"
    assert "outlet.1.realpower" not in told


def test_noise_below_the_last_digit_changes_nothing_and_makes_no_object_anew() -> None:
    controller = FakeController(furnished(unit(2, sensors=[SENSOR])))
    device = PduDevice(controller, NutSettings(rights=Rights.WRITE))
    first = device.variables()
    noisy = replace(ELECTRICAL, voltage_v=230.13, current_a=1.2512, power_factor=0.9121)
    controller.snapshot = with_outlet(
        replace(controller.snapshot, seq=2), 1, meter=replace(METER, electrical=noisy)
    )
    second = device.variables()
    assert list(first) == list(second)
    assert all(second[name] is first[name] for name in first)


def test_power_that_flows_back_has_a_sign_and_a_zero_has_none() -> None:
    back = replace(ELECTRICAL, active_power_w=-12.34, power_factor=-0.98, current_a=-0.001)
    told = values(with_outlet(unit(), 1, meter=replace(METER, electrical=back)))
    assert told["outlet.1.realpower"] == "-12.3"
    assert told["outlet.1.powerfactor"] == "0.98"
    assert told["outlet.1.current"] == "0.00"


def test_one_inlet_is_the_input() -> None:
    told = values(unit())
    assert told["input.voltage"] == "230.1"
    assert told["input.frequency"] == "50.01"
    assert told["input.current.nominal"] == "16.0"
    assert told["input.load"] == "8"
    assert told["input.phases"] == "1"
    assert told["input.feed.desc"] == "Inlet 1"
    assert told["experimental.input.energy"] == "2500"


def test_phases_have_their_own_names() -> None:
    lines = (Line(1, "a", 1, "l1", 16.0, METER), Line(2, "b", 1, "l2", 16.0, None))
    told = values(replace(unit(), lines=lines))
    assert (told["input.L1.current"], told["input.L1-N.voltage"]) == ("1.25", "230.1")
    assert told["input.L1.realpower"] == "262.5"
    assert "input.L2.current" not in told
    assert told["input.L2.current.nominal"] == "16.0"


def test_several_inlets_are_summed_and_each_is_experimental() -> None:
    one = unit().inlets[0]
    told = values(replace(unit(), inlets=(one, replace(one, index=2, name="B"))))
    assert told["input.realpower"] == "525.0"
    assert "input.voltage" not in told
    assert told["experimental.input.2.voltage"] == "230.1"
    assert told["experimental.input.2.feed.desc"] == "B"
    dead = replace(one, index=2, meter=replace(METER, status=MeterStatus.STALE))
    assert "input.realpower" not in values(replace(unit(), inlets=(one, dead)))


def test_groups_are_told_and_outlets_say_where_they_belong() -> None:
    groups = (
        Group(1, "servers", (1, 2), True, GroupState.MIXED, 525.0, 0),
        Group(7, "rest", (2,), False, GroupState.OFF, None, 0),
    )
    told = values(replace(unit(), groups=groups))
    assert told["outlet.group.count"] == "2"
    assert (told["outlet.group.1.name"], told["outlet.group.1.count"]) == ("servers", "2")
    assert told["outlet.group.1.realpower"] == "525.0"
    assert "outlet.group.1.status" not in told
    assert told["outlet.group.7.status"] == "off"
    assert (told["outlet.1.groupid"], told["outlet.2.groupid"]) == ("1", "1 7")


def test_ambient_is_the_first_probe_and_every_sensor_has_its_number() -> None:
    sensors = [
        sensor(2, SensorKind.HUMIDITY, 41.26, maximum=60.0, minimum=None),
        sensor(3, SensorKind.TEMPERATURE, 21.04, name="front"),
        sensor(5, SensorKind.TEMPERATURE, 30.0),
        sensor(6, SensorKind.CONTACT, 1.0),
        sensor(7, SensorKind.WATER, 0.0),
        sensor(8, SensorKind.PRESSURE, 1013.25),
        sensor(9, SensorKind.TEMPERATURE, 20.0, status=SensorStatus.STALE),
    ]
    told = values(unit(sensors=sensors))
    assert (told["ambient.temperature"], told["ambient.humidity"]) == ("21.0", "41.3")
    assert told["ambient.humidity.maximum"] == "60.0"
    assert (told["ambient.count"], told["ambient.present"]) == ("7", "yes")
    assert (told["ambient.3.name"], told["ambient.3.temperature"]) == ("front", "21.0")
    assert told["ambient.5.temperature"] == "30.0"
    assert told["ambient.6.contacts.1.status"] == "closed"
    assert told["ambient.7.contacts.1.status"] == "inactive"
    assert told["experimental.ambient.8.pressure"] == "1013.2"
    assert "ambient.9.temperature" not in told
    assert "ambient.3.humidity" not in told


def test_a_probe_that_is_not_there_says_so() -> None:
    gone = sensor(1, SensorKind.TEMPERATURE, None, status=SensorStatus.ABSENT)
    told = values(unit(sensors=[gone]))
    assert (told["ambient.present"], told["ambient.1.present"]) == ("no", "no")


def test_limits_are_told_where_they_are_watched_and_can_be_set_where_that_is_allowed() -> None:
    snapshot = replace(unit(), thresholds=THRESHOLDS)
    told = values(snapshot)
    assert told["outlet.2.current.status"] == "warning-high"
    assert told["outlet.2.current.high.warning"] == "8.00"
    assert told["outlet.2.current.high.critical"] == "10.00"
    assert "outlet.2.current.low.warning" not in told
    writable = variables(snapshot, rights=Rights.WRITE)
    assert writable["outlet.2.current.low.warning"].value == ""
    assert writable["outlet.2.current.low.warning"].writable


@pytest.mark.parametrize(
    ("target", "quantity", "prefix"),
    [
        (Target(TargetKind.INLET, 1), Quantity.VOLTAGE, "input.voltage"),
        (Target(TargetKind.INLET, 1), Quantity.CURRENT, "input.current"),
        (Target(TargetKind.LINE, 1), Quantity.CURRENT, "input.L1.current"),
        (Target(TargetKind.LINE, 1), Quantity.VOLTAGE, "input.L1-N.voltage"),
        (Target(TargetKind.GROUP, 1), Quantity.CURRENT, "outlet.group.1.current"),
        (Target(TargetKind.SENSOR, 1), Quantity.TEMPERATURE, "ambient.1.temperature"),
        (Target(TargetKind.SENSOR, 1), Quantity.TEMPERATURE, "ambient.temperature"),
        (Target(TargetKind.BRANCH, 3), Quantity.CURRENT, "experimental.branch.3.current"),
    ],
)
@pytest.mark.parametrize(
    ("state", "word"),
    [
        (ThresholdState.NORMAL, "good"),
        (ThresholdState.LOW_CRITICAL, "critical-low"),
        (ThresholdState.LOW_WARNING, "warning-low"),
        (ThresholdState.HIGH_WARNING, "warning-high"),
        (ThresholdState.HIGH_CRITICAL, "critical-high"),
        (ThresholdState.UNKNOWN, None),
    ],
)
def test_a_limit_stands_beside_its_value(
    target: Target, quantity: Quantity, prefix: str, state: ThresholdState, word: str | None
) -> None:
    row = replace(THRESHOLDS[0], target=target, quantity=quantity, state=state)
    told = values(replace(furnished(unit(sensors=[SENSOR])), thresholds=(row,)))
    assert told.get(f"{prefix}.status") == word
    assert f"{prefix}.high.warning" in told


def test_the_current_of_a_group_is_told_where_it_is_watched() -> None:
    row = replace(THRESHOLDS[0], target=Target(TargetKind.GROUP, 1), value=8.754)
    told = values(replace(furnished(unit()), thresholds=(row,)))
    assert told["outlet.group.1.current"] == "8.75"
    assert told["outlet.group.1.current.status"] == "warning-high"
    unknown = replace(row, value=None)
    told = values(replace(furnished(unit()), thresholds=(unknown,)))
    assert "outlet.group.1.current" not in told


def test_a_value_that_nothing_watches_is_not_good() -> None:
    row: Threshold = replace(THRESHOLDS[0], enabled=frozenset[Limit](), state=ThresholdState.NORMAL)
    assert "outlet.2.current.status" not in values(replace(unit(), thresholds=(row,)))


@pytest.mark.parametrize(
    ("upses", "status"),
    [
        ((), "OL"),
        ((ups(UpsFlag.ON_LINE),), "OL"),
        ((ups(UpsFlag.ON_BATTERY, UpsFlag.DISCHARGING),), "OB"),
        ((ups(UpsFlag.ON_BATTERY, UpsFlag.LOW_BATTERY),), "OB LB"),
        ((ups(UpsFlag.ON_BATTERY, UpsFlag.LOW_BATTERY, UpsFlag.FORCED_SHUTDOWN),), "OB LB FSD"),
        ((ups(UpsFlag.ON_LINE, UpsFlag.LOW_BATTERY),), "OL"),
        ((ups(UpsFlag.ON_BATTERY, inlets=()),), "OL"),
        ((ups(UpsFlag.ON_BATTERY, lost_s=5.0),), "OB"),
        ((ups(UpsFlag.ON_LINE, lost_s=5.0),), "OL"),
        ((ups(UpsFlag.ON_BATTERY, UpsFlag.CALIBRATING),), "OL"),
        ((ups(UpsFlag.ON_BATTERY), ups(UpsFlag.ON_LINE)), "OL"),
        ((ups(UpsFlag.ON_BATTERY), ups(UpsFlag.ON_LINE, inlets=(2,))), "OB"),
    ],
)
def test_status_is_that_of_the_upses_that_feed_it(upses: tuple[Ups, ...], status: str) -> None:
    assert values(replace(unit(), upses=upses))["ups.status"] == status


def test_critical_alarms_are_told_as_far_as_there_is_room() -> None:
    alarms = tuple(
        Alarm(n, "board", Severity.CRITICAL, f"board {n}", "does not answer " * 3, WALL_S)
        for n in range(1, 9)
    )
    warning = Alarm(9, "x", Severity.WARNING, "outlet 1", "warm", WALL_S)
    told = values(replace(unit(), alarms=(warning, *alarms)))
    assert told["ups.status"] == "ALARM OL"
    assert told["ups.alarm"].startswith("[board 1: does not answer")
    assert len(told["ups.alarm"]) <= MAX_VALUE_OCTETS
    assert told["ups.alarm"].endswith("]")
    told = values(replace(unit(), alarms=(warning,)))
    assert told["ups.status"] == "OL"


def test_one_alarm_that_is_too_long_is_an_alarm_all_the_same() -> None:
    alarm = Alarm(1, "board", Severity.CRITICAL, "board 1", "x" * 400, WALL_S)
    told = values(replace(unit(), alarms=(alarm,)))
    assert told["ups.status"] == "ALARM OL"
    assert len(told["ups.alarm"]) <= MAX_VALUE_OCTETS


def test_what_may_not_be_read_is_not_there() -> None:
    snapshot = furnished(unit(2, sensors=[SENSOR]))
    told = values(snapshot, rights=Rights.READ, outlets={"2": Rights.NONE})
    assert "outlet.1.status" in told
    assert [name for name in told if "outlet.2." in name] == []
    assert told["outlet.group.1.name"] == "servers"  # a group is the unit's
    told = values(snapshot, rights=Rights.NONE, outlets={"1": Rights.READ})
    assert "outlet.1.realpower" in told
    assert told["outlet.count"] == "2"
    assert not any(name.startswith(("device.", "input.", "ambient.", "ups.")) for name in told)


def test_alarms_of_an_outlet_are_told_to_who_may_read_it_only() -> None:
    target = Target(TargetKind.OUTLET, 2)
    alarm = Alarm(1, "welded", Severity.CRITICAL, "outlet 2", "cannot be off", WALL_S, target)
    snapshot = replace(unit(), alarms=(alarm,))
    assert values(snapshot)["ups.alarm"] == "[outlet 2: cannot be off]"
    told = values(snapshot, outlets={"2": Rights.NONE})
    assert "ups.alarm" not in told
    assert told["ups.status"] == "OL"


def test_only_who_may_write_is_told_of_what_can_be_written() -> None:
    snapshot = furnished(unit(2, sensors=[SENSOR]))
    for rights in (Rights.READ, Rights.SWITCH):
        assert not any(each.writable for each in variables(snapshot, rights=rights).values())
    told = variables(snapshot, rights=Rights.READ, outlets={"1": Rights.WRITE})
    writable = {name for name, each in told.items() if each.writable}
    assert {"outlet.1.desc", "outlet.1.delay.start"} <= writable
    assert all("outlet.1." in name for name in writable)


def test_what_can_be_written_says_how() -> None:
    told = variables(unit(), rights=Rights.WRITE)
    assert told["outlet.1.desc"] == Variable("Outlet 1", writable=True, max_octets=32)
    assert told["outlet.1.delay.shutdown"].ranges == ((0, 7200),)
    assert told["outlet.1.delay.shutdown"].is_number
    assert told["experimental.outlet.1.powerup"].words == ("on", "off", "last")
    assert not told["outlet.1.name"].writable
    assert not told["outlet.1.switchable"].writable


def test_a_group_of_the_configuration_is_not_renamed_here() -> None:
    told = variables(furnished(unit()), rights=Rights.WRITE)
    assert not told["outlet.group.1.name"].writable
    assert told["outlet.group.7.name"].writable


def test_text_is_cut_where_upsd_would_cut_it_with_its_escapes() -> None:
    told = values(replace(unit(), device=replace(DEVICE, location='"#' * 100)))
    assert told["device.location"] == '"#' * 63 + '"'


@given(name=st.text(max_size=300), lock=st.sampled_from(Lock))
def test_whatever_a_name_holds_upsd_can_keep_it(name: str, lock: Lock) -> None:
    told = values(with_outlet(unit(1), 1, name=name, lock=lock))
    for text in told.values():
        assert text.isascii()
        assert text.isprintable()
        assert len(text) <= MAX_VALUE_OCTETS


def test_64_outlets_are_told_in_few_milliseconds() -> None:
    """Of CPU, with values that are new in every meter; the limit is far above what it takes."""
    controller = FakeController(unit(64))
    device = PduDevice(controller, NutSettings())
    costs_s = []
    for step in range(8):
        values_now = replace(ELECTRICAL, current_a=1.0 + step / 10, active_power_w=200.0 + step)
        outlets = [
            replace(outlet, meter=replace(METER, electrical=values_now))
            for outlet in controller.snapshot.outlets
        ]
        controller.snapshot = replace(controller.snapshot, outlets=tuple(outlets))
        begin_s = time.thread_time()
        assert len(device.variables()) > 1200
        costs_s.append(time.thread_time() - begin_s)
    assert min(costs_s[1:]) < 0.01
