# SPDX-License-Identifier: Apache-2.0
"""IF-MIB, HOST-RESOURCES-MIB and UPS-MIB by known answers, and without what they tell of."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from pdu_agent.mib_impl.identity import agent_modules
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.syntax import DateAndTime, Value
from pdu_agent.mib_impl.view import END_OF_MIB_VIEW, NO_SUCH_INSTANCE, MibView
from pdu_agent.model.host import (
    HostStatus,
    Interface,
    InterfaceKind,
    LinkState,
    Storage,
    StorageKind,
    Traffic,
)
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.model.ups import Ups, UpsFlag, UpsLine
from tests.mib.unit import WALL_S, unit

ETH0 = Interface(
    index=2,
    name="eth0",
    alias="rack",
    kind=InterfaceKind.ETHERNET,
    mtu_octets=1500,
    speed_bps=1_000_000_000,
    hardware_address=bytes.fromhex("dca632010203"),
    has_connector=True,
    is_enabled=True,
    link=LinkState.DORMANT,
    is_promiscuous=False,
    received=Traffic(2**32 + 5, 100, 3, 4),
    sent=Traffic(6, 7, 8, 9),
    multicasts=40,
)
LO = replace(
    ETH0,
    index=1,
    name="lo",
    kind=InterfaceKind.LOOPBACK,
    speed_bps=None,
    has_connector=False,
    link=LinkState.UP,
    multicasts=0,
)
HOST = HostStatus(
    uptime_s=12.34,
    process_count=61,
    processor_loads_pct=(12.5, 99.4),
    memory_octets=240_000 * 1024 + 1,
    storages=(Storage(3, StorageKind.DISK, "State", 4096, 4096 * 1000, 4096 * 10 + 1),),
    interfaces=(ETH0, LO),
)
UPS = Ups(
    index=1,
    name="rack",
    manufacturer="Maker",
    model="M 1500",
    firmware="9.1",
    flags=frozenset({UpsFlag.ON_BATTERY, UpsFlag.LOW_BATTERY, UpsFlag.DISCHARGING}),
    since_s={UpsFlag.ON_BATTERY: 40.0, UpsFlag.LOW_BATTERY: 50.5, UpsFlag.DISCHARGING: 40.0},
    unreachable_since_s=None,
    on_battery_s=61.4,
    runtime_s=359.0,
    charge_pct=17.6,
    load_pct=33.4,
    battery_voltage_v=25.26,
    inputs=(UpsLine(0.0, frequency_hz=0.0),),
    outputs=(UpsLine(229.6, 1.26, 250.4, 50.04),),
    nominal_apparent_power_va=1500.0,
    low_runtime_s=120.0,
)

VIEW = MibView(
    agent_modules(lambda: 0.0, SnmpCounters(), mibs=("ups", "interfaces", "host")),
)


def read(suffix: str, snapshot: Snapshot) -> Any:
    """The content of an instance below mib-2; None where there is none."""
    value = VIEW.get((1, 3, 6, 1, 2, 1, *map(int, suffix.split("."))), snapshot)
    if value is NO_SUCH_INSTANCE:
        return None
    assert isinstance(value, Value)
    return value.content


def _walk(snapshot: Snapshot) -> dict[tuple[int, ...], Any]:
    """Everything that is shown: OID -> content."""
    found = {}
    oid: tuple[int, ...] = (1,)
    while (step := VIEW.next(oid, snapshot)) is not END_OF_MIB_VIEW:
        oid, value = step
        found[oid] = value.content
    return found


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        ("2.1.0", 2),  # ifNumber
        ("2.2.1.1.2", 2),
        ("2.2.1.2.2", b"eth0"),
        ("2.2.1.3.1", 24),
        ("2.2.1.3.2", 6),
        ("2.2.1.5.2", 1_000_000_000),
        ("2.2.1.5.1", 0),
        ("2.2.1.6.2", bytes.fromhex("dca632010203")),
        ("2.2.1.7.2", 1),
        ("2.2.1.8.2", 5),  # dormant
        ("2.2.1.10.2", 5),  # wrapped
        ("2.2.1.11.2", 60),  # without the multicasts
        ("2.2.1.20.2", 9),
        ("31.1.1.1.6.2", 2**32 + 5),
        ("31.1.1.1.15.2", 1000),
        ("31.1.1.1.17.1", 2),
        ("31.1.1.1.17.2", 1),
        ("31.1.1.1.18.2", b"rack"),
        ("25.1.1.0", 1234),
        ("25.1.2.0", DateAndTime().encode(WALL_S).content),
        ("25.1.6.0", 61),
        ("25.2.2.0", 240_000),
        ("25.2.3.1.2.3", (1, 3, 6, 1, 2, 1, 25, 2, 1, 4)),
        ("25.2.3.1.4.3", 4096),
        ("25.2.3.1.5.3", 1000),
        ("25.2.3.1.6.3", 10),
        ("25.3.2.1.3.2", b"Processor 2"),
        ("25.3.2.1.4.1", (0, 0)),
        ("25.3.2.1.5.2", 2),  # running
        ("25.3.3.1.2.1", 13),
        ("25.3.3.1.2.2", 99),
        ("25.3.3.1.2.3", None),
    ],
)
def test_the_board_is_shown(suffix: str, content: object) -> None:
    assert read(suffix, replace(unit(), host=HOST)) == content


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (InterfaceKind.WIRELESS, 71),
        (InterfaceKind.VLAN, 135),
        (InterfaceKind.AGGREGATE, 161),
        (InterfaceKind.BRIDGE, 209),
        (InterfaceKind.PPP, 23),
        (InterfaceKind.TUNNEL, 131),
        (InterfaceKind.OTHER, 1),
    ],
)
def test_the_type_of_an_interface(kind: InterfaceKind, shown: int) -> None:
    host = replace(HOST, interfaces=(replace(ETH0, kind=kind),))
    assert read("2.2.1.3.2", replace(unit(), host=host)) == shown


def test_a_speed_beyond_the_gauge_is_its_end_and_whole_in_the_other() -> None:
    host = replace(HOST, interfaces=(replace(ETH0, speed_bps=10_000_000_000),))
    snapshot = replace(unit(), host=host)
    assert (read("2.2.1.5.2", snapshot), read("31.1.1.1.15.2", snapshot)) == (2**32 - 1, 10_000)


TIB = 2**40


@pytest.mark.parametrize(
    ("size", "used", "unit_octets"),
    [
        (8 * TIB - 4096, TIB, 4096),
        (8 * TIB, TIB, 8192),
        (20 * TIB, 19 * TIB, 16384),
        (2**60, 2**59, 2**30),
    ],
)
def test_a_large_disk_is_counted_in_larger_units(size: int, used: int, unit_octets: int) -> None:
    host = replace(HOST, storages=(Storage(3, StorageKind.DISK, "State", 4096, size, used),))
    units, shown_size, shown_used = (
        read(f"25.2.3.1.{number}.3", replace(unit(), host=host)) for number in (4, 5, 6)
    )
    assert units == unit_octets
    assert (shown_size * units, shown_used * units) == (size, used)


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        ("33.1.1.2.0", b"M 1500"),
        ("33.1.1.4.0", b"0.1.0"),  # of the agent
        ("33.1.2.1.0", 3),  # batteryLow
        ("33.1.2.2.0", 61),
        ("33.1.2.3.0", 5),
        ("33.1.2.4.0", 18),
        ("33.1.2.5.0", 253),
        ("33.1.2.6.0", None),
        ("33.1.3.2.0", 1),
        ("33.1.3.3.1.3.1", 0),
        ("33.1.3.3.1.4.1", None),
        ("33.1.4.1.0", 5),  # battery
        ("33.1.4.2.0", 500),
        ("33.1.4.4.1.2.1", 230),
        ("33.1.4.4.1.3.1", 13),
        ("33.1.4.4.1.4.1", 250),
        ("33.1.4.4.1.5.1", 33),
        ("33.1.6.1.0", 2),
        ("33.1.6.2.1.2.2", (1, 3, 6, 1, 2, 1, 33, 1, 6, 3, 2)),
        ("33.1.6.2.1.3.3", 5050),
        ("33.1.9.5.0", 1500),
        ("33.1.9.7.0", 2),
        ("33.1.9.1.0", None),
    ],
)
def test_the_ups_is_shown(suffix: str, content: object) -> None:
    assert read(suffix, replace(unit(), upses=(UPS,))) == content


def test_a_ups_that_is_silent_has_an_alarm_and_an_unknown_battery() -> None:
    silent = replace(UPS, unreachable_since_s=70.0, flags=frozenset({UpsFlag.ON_LINE}))
    snapshot = replace(unit(), upses=(silent,))
    assert read("33.1.2.1.0", snapshot) == 1
    assert read("33.1.6.1.0", snapshot) == 1
    assert read("33.1.6.2.1.3.20", snapshot) == 7000


@pytest.mark.parametrize(
    ("flags", "source"),
    [
        ({UpsFlag.ON_LINE}, 3),
        ({UpsFlag.ON_LINE, UpsFlag.BOOSTING}, 6),
        ({UpsFlag.ON_LINE, UpsFlag.TRIMMING}, 7),
        ({UpsFlag.ON_LINE, UpsFlag.BYPASS}, 4),
        ({UpsFlag.ON_BATTERY, UpsFlag.OFF}, 2),
        (set(), 1),
    ],
)
def test_the_source_is_what_tells_the_most(flags: set[UpsFlag], source: int) -> None:
    shown = replace(UPS, flags=frozenset(flags), since_s=dict.fromkeys(flags, 0.0))
    assert read("33.1.4.1.0", replace(unit(), upses=(shown,))) == source


def test_an_alarm_that_nobody_saw_begin_was_there_before_the_agent() -> None:
    snapshot = replace(unit(), upses=(replace(UPS, since_s={}),))
    assert read("33.1.6.1.0", snapshot) == 2
    assert read("33.1.6.2.1.3.2", snapshot) == 0


def test_a_ups_that_said_nothing_yet_has_an_unknown_battery() -> None:
    mute = replace(UPS, flags=frozenset(), since_s={})
    assert read("33.1.2.1.0", replace(unit(), upses=(mute,))) == 1


@pytest.mark.parametrize(
    "suffix",
    [
        *("33.1.2.2.0", "33.1.2.3.0", "33.1.2.4.0", "33.1.2.5.0", "33.1.4.2.0"),
        *("33.1.3.3.1.2.1", "33.1.3.3.1.3.1", "33.1.4.4.1.2.1", "33.1.4.4.1.5.1"),
    ],
)
def test_values_of_a_silent_ups_are_not_shown_as_current(suffix: str) -> None:
    assert read(suffix, replace(unit(), upses=(UPS,))) is not None
    silent = replace(UPS, unreachable_since_s=70.0)
    assert read(suffix, replace(unit(), upses=(silent,))) is None


def test_the_source_of_a_silent_ups_is_not_known_and_its_lines_stay() -> None:
    snapshot = replace(unit(), upses=(replace(UPS, unreachable_since_s=70.0),))
    assert read("33.1.4.1.0", snapshot) == 1
    assert (read("33.1.3.2.0", snapshot), read("33.1.4.3.0", snapshot)) == (1, 1)
    assert read("33.1.9.5.0", snapshot) == 1500


@pytest.mark.parametrize("nonsense", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_none_is_absent(nonsense: float) -> None:
    line = UpsLine(nonsense, nonsense, nonsense, nonsense)
    numbers = {
        field.name: nonsense for field in fields(Ups) if isinstance(getattr(UPS, field.name), float)
    }
    odd = replace(UPS, **numbers, inputs=(line,), outputs=(line,))
    shown = _walk(replace(unit(), upses=(odd,)))
    assert {oid for oid in shown if oid[8:10] in {(2, 2), (2, 4), (3, 3), (4, 4), (9, 5)}} == set()
    assert shown[1, 3, 6, 1, 2, 1, 33, 1, 3, 2, 0] == 1


def test_a_ups_without_lines_says_so() -> None:
    bare = replace(UPS, inputs=(), outputs=())
    snapshot = replace(unit(), upses=(bare,))
    assert (read("33.1.3.2.0", snapshot), read("33.1.4.3.0", snapshot)) == (0, 0)
    assert read("33.1.4.2.0", snapshot) is None


def test_values_outside_of_what_the_mib_can_hold_are_at_its_ends() -> None:
    odd = replace(UPS, charge_pct=104.0, load_pct=-3.0, runtime_s=20.0, battery_voltage_v=-1.0)
    snapshot = replace(unit(), upses=(odd,))
    found = [read(f"33.1.{suffix}", snapshot) for suffix in ("2.4.0", "4.4.1.5.1", "2.3.0")]
    assert found == [100, 0, 1]
    assert read("33.1.2.5.0", snapshot) == 0


def test_two_lines_have_no_load_of_their_own() -> None:
    twice = replace(UPS, outputs=UPS.outputs * 2)
    assert read("33.1.4.4.1.5.1", replace(unit(), upses=(twice,))) is None


@pytest.mark.parametrize("root", [(2,), (25,), (31,), (33,)])
def test_there_is_nothing_without_a_board_and_a_ups(root: tuple[int, ...]) -> None:
    step = VIEW.next((1, 3, 6, 1, 2, 1, *root), unit())
    assert step is END_OF_MIB_VIEW or step[0][6] != root[0]
