# SPDX-License-Identifier: Apache-2.0
"""One instant, several faces: NUT tells what the snapshot holds and SNMP tells, of every outlet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.access.grant import Rights
from pdu_agent.mib_impl.identity import MIB_NAMES
from pdu_agent.mib_impl.openpdu.inlet import INLETS
from pdu_agent.mib_impl.openpdu.meter import METERS
from pdu_agent.mib_impl.openpdu.outlet import OUTLETS
from pdu_agent.mib_impl.openpdu.sensor import SENSORS
from pdu_agent.mib_impl.openpdu.threshold import THRESHOLDS, threshold_index
from pdu_agent.mib_impl.schema import Table
from pdu_agent.mib_impl.syntax import Oid, Value
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.readings import BankLost
from pdu_agent.model.snapshot import Fault, OutletState, Snapshot
from pdu_agent.nut.names.pdu_device import PduDevice
from pdu_agent.nut.settings import NutSettings
from tests.core.bench import Workbench
from tests.mib.trees import TREES, UNKNOWN
from tests.mib.unit import METER, SENSOR, Bench, furnished, unit, with_outlet

HALF_A_DIGIT = {0: 0.5, 1: 0.05, 2: 0.005}
OF_SNMP = 0.0005
"""Half of what SNMP rounds to: thousandths."""
MEASURED = {
    "voltage": "Voltage",
    "current": "Current",
    "realpower": "ActivePower",
    "power": "ApparentPower",
    "powerfactor": "PowerFactor",
}


class Faces:
    """One snapshot on both."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.bench = Bench(snapshot)
        told = PduDevice(self.bench.controller, NutSettings()).variables()
        self.nut = {name: each.value for name, each in told.items()}

    def snmp(self, table: Table[Any], column: str, *index: int) -> Any:
        """None where there is no instance."""
        number = next(each.number for each in table.objects if each.name == column)
        oid: Oid = (*self.bench.arc, 1, *table.suffix, 1, number, *index)
        value = self.bench.view.get(oid, self.bench.controller.snapshot)
        return value.content if isinstance(value, Value) else None

    def assert_same(self, name: str, thousandths: int | None) -> None:
        text = self.nut.get(name)
        assert (text is None) == (thousandths is None), name
        if text is not None and thousandths is not None:
            _, _, decimals = text.partition(".")
            distance = abs(float(text) - thousandths / 1000)
            assert distance <= HALF_A_DIGIT[len(decimals)] + OF_SNMP + 1e-9, name


def numbers(low: float, high: float) -> st.SearchStrategy[float | None]:
    return st.none() | st.floats(low, high)


ELECTRICALS = st.builds(
    Electrical,
    voltage_v=numbers(0, 300),
    current_a=numbers(0, 63),
    active_power_w=numbers(-15_000, 15_000),
    apparent_power_va=numbers(0, 15_000),
    power_factor=numbers(0, 1),
    frequency_hz=numbers(45, 65),
    quality=st.just(Quality.OK),
)


@given(electrical=ELECTRICALS, energy_mj=st.integers(0, 10**15))
def test_what_is_measured_is_the_same(electrical: Electrical, energy_mj: int) -> None:
    meter = replace(METER, electrical=electrical, energy_mj=energy_mj)
    snapshot = with_outlet(unit(), 2, meter=meter)
    faces = Faces(replace(snapshot, inlets=(replace(snapshot.inlets[0], meter=meter),)))
    for suffix, column in MEASURED.items():
        faces.assert_same(f"outlet.2.{suffix}", faces.snmp(METERS, f"opduMeter{column}", 2))
        faces.assert_same(f"input.{suffix}", faces.snmp(INLETS, f"opduInlet{column}", 1))
    faces.assert_same("input.frequency", faces.snmp(INLETS, "opduInletFrequency", 1))
    assert faces.nut["experimental.outlet.2.energy"] == str(
        faces.snmp(METERS, "opduMeterEnergy", 2) // 1000
    )


@given(on_s=st.integers(0, 7200), off_s=st.integers(0, 7200), name=st.text("abc ", min_size=1))
def test_settings_are_the_same(on_s: int, off_s: int, name: str) -> None:
    faces = Faces(with_outlet(unit(), 2, on_delay_s=on_s, off_delay_s=off_s, name=name[:32]))
    assert faces.nut["outlet.2.desc"].encode() == faces.snmp(OUTLETS, "opduOutletName", 2)
    assert faces.nut["outlet.2.delay.start"] == str(faces.snmp(OUTLETS, "opduOutletOnDelay", 2))
    assert faces.nut["outlet.2.delay.shutdown"] == str(faces.snmp(OUTLETS, "opduOutletOffDelay", 2))


def test_sensors_and_limits_are_the_same() -> None:
    faces = Faces(furnished(unit(2, sensors=[replace(SENSOR, value=21.44)])))
    told = float(faces.nut["ambient.1.temperature"])
    assert told == faces.snmp(SENSORS, "opduSensorValue", 1) / 10
    row = faces.bench.controller.snapshot.thresholds[0]
    index = threshold_index(row.target, row.quantity)
    limit = faces.snmp(THRESHOLDS, "opduThresholdHighWarning", *index)
    assert float(faces.nut["outlet.2.current.high.warning"]) == limit / 1000


def shown_by_trees(snapshot: Snapshot, outlet: int) -> set[str]:
    """What the columns of all trees that know on and off say of it."""
    bench = Bench(snapshot, mibs=MIB_NAMES)
    told = set()
    for tree in TREES:
        for column in tree.states:
            value = bench.view.get(column.oid(outlet), snapshot)
            content = value.content if isinstance(value, Value) else None
            assert content is None or isinstance(content, int)
            told.add(column.words[content])
    return told


def shown_by_nut(snapshot: Snapshot, outlet: int) -> str:
    return Faces(snapshot).nut.get(f"outlet.{outlet}.status", UNKNOWN)


@pytest.mark.parametrize(
    "changes",
    [
        {"state": OutletState.ON, "relay_closed": True},
        {"state": OutletState.OFF, "relay_closed": False},
        {"state": OutletState.UNKNOWN, "relay_closed": None},
        {"state": OutletState.OFF, "relay_closed": False, "faults": frozenset({Fault.WELDED})},
    ],
)
def test_every_tree_says_on_where_nut_does(changes: dict[str, Any]) -> None:
    snapshot = with_outlet(unit(), 2, **changes)
    assert shown_by_trees(snapshot, 2) == {shown_by_nut(snapshot, 2)}


def test_a_name_written_through_nut_is_read_through_snmp_at_once() -> None:
    core = Workbench(2).core
    device = PduDevice(core, NutSettings(rights=Rights.WRITE))
    device.write("outlet.2.desc", "printer")
    faces = Faces(core.snapshot)
    assert faces.snmp(OUTLETS, "opduOutletName", 2) == b"printer"


def test_while_the_board_is_away_all_say_the_same() -> None:
    bench = Workbench(2)
    bench.core.on_bank_lost(BankLost("main", "no answer"))
    snapshot = bench.core.snapshot
    for number in (1, 2):
        assert shown_by_trees(snapshot, number) == {shown_by_nut(snapshot, number)}
