# SPDX-License-Identifier: Apache-2.0
"""OPENPDU-MIB and SNMPv2-MIB values, by known answers from a unit made by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from enum import Enum

import pytest

from pdu_agent.mib_impl.openpdu import cap as cap_mib
from pdu_agent.mib_impl.openpdu import outage as outage_mib
from pdu_agent.mib_impl.openpdu import outlet as outlet_mib
from pdu_agent.mib_impl.openpdu import outlet_control, words
from pdu_agent.mib_impl.openpdu import rule as rule_mib
from pdu_agent.mib_impl.openpdu import sensor as sensor_mib
from pdu_agent.mib_impl.openpdu import system as system_mib
from pdu_agent.mib_impl.syntax import Enumerated
from pdu_agent.mib_impl.view import NO_SUCH_INSTANCE
from pdu_agent.model.commands import (
    Action,
    Lock,
    OverloadRestriction,
    PowerUp,
    Reset,
    TargetKind,
    TemperatureScale,
)
from pdu_agent.model.control import CapState, OutageState, RuleState, TripState
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.snapshot import (
    Alarm,
    ChangeReason,
    Inlet,
    MeterStatus,
    OutletState,
    SensorKind,
    SensorStatus,
    Severity,
    Snapshot,
    SwitchProof,
    Verdict,
)
from tests.mib.unit import (
    BRANCHES,
    DEVICE,
    ELECTRICAL,
    METER,
    SENSOR,
    WALL_S,
    Bench,
    unit,
    with_outlet,
)

PEAKED = replace(
    METER,
    peak_power_since_wall_s=WALL_S - 7200,
    peak_current_a=5.4321,
    peak_current_wall_s=WALL_S - 1800,
)


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        ("1", 230_123),
        ("2", 1250),
        ("3", 262_500),
        ("4", 287_654),
        ("5", 117_600),
        ("6", 913),
        ("7", 50_012),
        ("8", 2_500_000),
        ("9", 0),
        ("10", 1499),
        ("11", bytes.fromhex("07eb010e08000000") + b"+\0\0"),
        ("12", 25),
        ("13", 1),
        ("14", 1_234_568),
        ("15", bytes.fromhex("07eb010f07000000") + b"+\0\0"),
        ("16", 1),
        ("17", 10_000),
        ("18", 1414),
        ("19", 5432),
        ("20", bytes.fromhex("07eb010f071e0000") + b"+\0\0"),
        ("21", bytes.fromhex("07eb010f06000000") + b"+\0\0"),
        ("22", bytes(8)),
    ],
)
def test_a_metered_outlet_shows_thousandths_and_floored_energy(
    suffix: str, content: object
) -> None:
    bench = Bench(with_outlet(unit(), 2, meter=PEAKED))
    assert bench.content(f"3.2.1.{suffix}.2") == content


def test_an_inlet_shows_the_same_quantities_under_its_own_numbers() -> None:
    inlet = Inlet(
        1,
        "Inlet 1",
        1,
        replace(PEAKED, rated_current_a=16.0),
        nominal_voltage_v=207.5,
        overload_restriction=OverloadRestriction.OVERLOAD,
    )
    bench = Bench(replace(with_outlet(unit(), 1, meter=PEAKED), inlets=(inlet,)))
    for inlet_number, meter_number in enumerate(range(1, 13), start=4):
        assert bench.get(f"2.1.1.{inlet_number}.1") == bench.get(f"3.2.1.{meter_number}.1")
    for inlet_number, meter_number in enumerate((13, 14, 15, 16, 18, 19, 20, 21, 22), start=17):
        assert bench.get(f"2.1.1.{inlet_number}.1") == bench.get(f"3.2.1.{meter_number}.1")
    assert bench.content("2.1.1.16.1") == 16_000
    assert (bench.content("2.1.1.26.1"), bench.content("2.1.1.27.1")) == (207_500, 3)


def test_a_branch_shows_what_it_is_and_its_meter_under_the_numbers_of_outlet_meters() -> None:
    snapshot = with_outlet(unit(), 1, meter=PEAKED, branch=3)
    bench = Bench(replace(snapshot, branches=BRANCHES))
    plain = {2: b"Branch 1", 3: 1, 4: 7, 5: 10_000, 6: 1}
    metered = {2: b"rear", 3: 1, 4: 1, 5: 13_000, 6: 2}
    assert {n: bench.content(f"2.3.1.{n}.1") for n in plain} == plain
    assert {n: bench.content(f"2.3.1.{n}.3") for n in metered} == metered
    for number in (*range(1, 17), *range(18, 23)):
        assert bench.get(f"2.4.1.{number}.3") == bench.get(f"3.2.1.{number}.1")
        assert bench.get(f"2.4.1.{number}.1") is NO_SUCH_INSTANCE
    assert bench.content("1.16.0") == 2
    assert bench.content("3.1.1.25.1") == 3
    assert bench.get("3.1.1.25.2") is NO_SUCH_INSTANCE


def test_a_quantity_that_is_not_measured_has_no_instance() -> None:
    meter = replace(
        METER,
        electrical=replace(ELECTRICAL, frequency_hz=None),
        peak_power_w=None,
        peak_wall_s=None,
        rated_current_a=None,
        peak_current_a=None,
    )
    bench = Bench(with_outlet(unit(), 2, meter=meter))
    for number in (7, 14, 17, 19):
        assert bench.get(f"3.2.1.{number}.2") is NO_SUCH_INSTANCE
    assert bench.content("3.2.1.15.2") == bytes(8)
    assert bench.content("3.2.1.1.2") == 230_123


def test_a_stale_meter_keeps_its_values_and_says_so() -> None:
    bench = Bench(with_outlet(unit(), 1, meter=replace(METER, status=MeterStatus.STALE)))
    assert bench.content("3.2.1.13.1") == 2
    assert bench.content("3.2.1.2.1") == 1250


def test_a_meter_without_values_shows_fault_and_keeps_its_energy() -> None:
    silent = replace(METER, status=MeterStatus.FAULT, electrical=Electrical())
    bench = Bench(with_outlet(unit(), 1, meter=silent))
    assert bench.content("3.2.1.13.1") == 3
    assert bench.content("3.2.1.8.1") == 2_500_000
    assert bench.get("3.2.1.1.1") is NO_SUCH_INSTANCE


def test_an_outlet_without_a_meter_has_no_meter_row() -> None:
    bench = Bench(with_outlet(unit(), 1, meter=None))
    assert bench.get("3.2.1.13.1") is NO_SUCH_INSTANCE
    assert bench.content("3.2.1.13.2") == 1
    assert bench.content("3.1.1.4.1") == b"\x80"
    assert bench.content("3.1.1.4.2") == b"\xc0"


def test_energy_wraps_at_64_bits_while_the_short_form_holds_at_its_limit() -> None:
    huge = replace(METER, energy_mj=(2**64 + 5) * 3600)
    bench = Bench(with_outlet(unit(), 1, meter=huge))
    assert bench.content("3.2.1.8.1") == 5
    assert bench.content("3.2.1.12.1") == 2**32 - 1


def test_an_outlet_shows_its_settings_and_its_state() -> None:
    snapshot = with_outlet(
        unit(),
        2,
        name="Ställ",
        note="do not touch",
        device="router",
        line="l2l3",
        state=OutletState.REBOOTING,
        pending=Action.REBOOT_DELAYED,
        pending_s=4.4,
        lock=Lock.LOCKED_OFF,
        on_delay_s=7,
        off_delay_s=8,
        reboot_s=9,
        power_up=PowerUp.OFF,
        switch_count=2**32 + 1,
        last_reason=ChangeReason.NUT,
        discontinuity_s=1.25,
    )
    bench = Bench(snapshot)
    expected = {
        2: "Ställ".encode(),
        3: b"do not touch",
        4: b"\xc0",
        5: 1,
        6: 5,
        7: 5,
        8: 8,
        9: 6,
        10: 4,
        11: 3,
        12: 7,
        13: 8,
        14: 9,
        15: 2,
        17: 8,
        18: 1250,
        19: 1,
        21: 125,
        22: b"C13",
        23: b"row 2",
        24: b"router",
    }
    assert {n: bench.content(f"3.1.1.{n}.2") for n in expected} == expected
    assert bench.content("3.1.1.9.1") == 8


def test_the_proof_of_a_movement_has_instances_for_what_is_known() -> None:
    blind = SwitchProof(False, Verdict.CONTRADICTED, None, WALL_S, 1.25, None, -12.5, None)
    bench = Bench(with_outlet(unit(), 2, last_proof=blind))
    assert {n: bench.content(f"3.1.1.{n}.2") for n in (27, 28, 31, 33)} == {
        27: 3,
        28: 2,
        31: 1250,
        33: -12500,
    }
    for column in (29, 32, 34):
        assert bench.get(f"3.1.1.{column}.2") is NO_SUCH_INSTANCE
    for column in range(27, 35):
        assert bench.get(f"3.1.1.{column}.1") is NO_SUCH_INSTANCE


def test_the_system_group_tells_about_the_unit() -> None:
    device = replace(DEVICE, asset_tag="R7-12", temperature_scale=TemperatureScale.FAHRENHEIT)
    bench = Bench(replace(unit(), device=device))
    expected = {
        1: b"OpenPDU-8",
        2: b"S-0042",
        3: b"B",
        4: b"0.1.0",
        5: 2,
        6: 1,
        7: 0,
        8: 1,
        9: 8,
        10: 250,
        11: 3,
        12: 0,
        13: 700,
        14: bytes.fromhex("07eb010f08000000") + b"+\0\0",
        15: 4,
        16: 0,
        17: b"R7-12",
        18: 2,
    }
    assert {n: bench.content(f"1.{n}.0") for n in expected} == expected


@pytest.mark.parametrize(
    ("severities", "status"),
    [
        ((), 1),
        ((Severity.INFO,), 1),
        ((Severity.INFO, Severity.WARNING), 2),
        ((Severity.CRITICAL, Severity.WARNING), 3),
    ],
)
def test_the_status_is_the_worst_alarm(severities: tuple[Severity, ...], status: int) -> None:
    alarms = tuple(Alarm(n, "relay", sev, "x", "", WALL_S) for n, sev in enumerate(severities))
    assert Bench(replace(unit(), alarms=alarms)).content("1.8.0") == status


def test_before_the_first_sample_its_time_is_never() -> None:
    assert Bench(replace(unit(), sample_wall_s=None)).content("1.14.0") == bytes(8)


def test_sensors_show_tenths_and_contacts_show_zero_or_one() -> None:
    door = replace(SENSOR, index=2, kind=SensorKind.CONTACT, value=1.0, sample_wall_s=None)
    bench = Bench(unit(sensors=(SENSOR, door)))
    assert bench.content("5.1.1.4.1") == -43
    assert bench.content("5.1.1.4.2") == 1
    assert bench.content("5.1.1.8.1") == -100
    assert bench.get("5.1.1.9.1") is NO_SUCH_INSTANCE
    assert bench.content("5.1.1.6.2") == bytes(8)
    assert bench.content("5.1.1.11.1") == bytes(8)
    warm = replace(SENSOR, maximum_wall_s=WALL_S - 3600, extremes_since_wall_s=WALL_S)
    bench = Bench(unit(sensors=(warm, door)))
    assert bench.content("5.1.1.11.1") == bytes.fromhex("07eb010f07000000") + b"+\0\0"
    assert bench.content("5.1.1.12.1") == bytes.fromhex("07eb010f08000000") + b"+\0\0"
    assert bench.content("1.7.0") == 2


def test_the_snmpv2_system_group_tells_about_the_agent() -> None:
    bench = Bench()
    expected = {
        "1.0": b"OpenPDU-8, OpenPDU agent 0.1.0",
        "2.0": (*bench.arc, 3, 1),
        "3.0": 10_150,
        "4.0": b"ops@example.net",
        "5.0": b"rack-7",
        "6.0": b"Hall 2",
        "7.0": 72,
        "8.0": 0,
        "9.1.2.1": (1, 3, 6, 1, 6, 3, 1),
        "9.1.2.6": bench.arc,
        "9.1.4.6": 0,
    }
    assert {s: bench.content(f".1.3.6.1.2.1.1.{s}") for s in expected} == expected


def test_uptime_and_counters_are_live() -> None:
    bench = Bench()
    bench.controller.uptime = 200.0
    bench.counters.in_packets += 3
    bench.counters.silent_drops = 2**32
    assert bench.content(".1.3.6.1.2.1.1.3.0") == 20_000
    assert bench.content(".1.3.6.1.2.1.11.1.0") == 3
    assert bench.content(".1.3.6.1.2.1.11.31.0") == 0


def test_names_longer_than_their_object_are_cut_between_characters() -> None:
    snapshot: Snapshot = replace(
        with_outlet(unit(), 1, name="ü" * 32), device=replace(DEVICE, name="x" * 300)
    )
    bench = Bench(snapshot)
    assert bench.content("3.1.1.2.1") == ("ü" * 16).encode()
    assert bench.content(".1.3.6.1.2.1.1.5.0") == b"x" * 255


@pytest.mark.parametrize(
    ("syntax", "words_of_model"),
    [
        (words.SWITCH_COMMAND, set(Action) - {Action.TOGGLE, Action.PULSE}),  # are never pending
        (words.SWITCH_STATE, OutletState),
        (words.CHANGE_REASON, ChangeReason),
        (words.METERING_STATUS, MeterStatus),
        (words.RESET_ACTION, Reset),
        (words.TARGET_KIND, TargetKind),
        (words.OVERLOAD_RESTRICTION, OverloadRestriction),
        (system_mib.TEMPERATURE_SCALE, TemperatureScale),
        (outlet_control.NEXT_ACTION, Action),
        (words.TRIP_STATE, TripState),
        (rule_mib.STATE, RuleState),
        (cap_mib.STATE, CapState),
        (outage_mib.STATE, OutageState),
        (outlet_mib.LOCK, Lock),
        (outlet_mib.POWER_UP, PowerUp),
        (sensor_mib.KIND, SensorKind),
        (sensor_mib.STATUS, SensorStatus),
        (system_mib.STATUS, Severity),
    ],
)
def test_every_word_of_the_model_has_a_number(
    syntax: Enumerated, words_of_model: Iterable[Enum]
) -> None:
    numbers = [syntax.encode(word).content for word in words_of_model]
    assert len(set(numbers)) == len(numbers)


def test_values_beyond_the_range_of_their_meter_are_marked() -> None:
    clipped = replace(METER, electrical=replace(ELECTRICAL, quality=Quality.CLIPPED))
    snapshot = with_outlet(unit(), 2, meter=clipped)
    inlet = replace(snapshot.inlets[0], residual=clipped)
    bench = Bench(replace(snapshot, inlets=(inlet,)))
    assert bench.content("3.2.1.13.2") == bench.content("2.1.1.37.1") == 4
    assert bench.content("2.1.1.17.1") == 1
