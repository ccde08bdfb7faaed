# SPDX-License-Identifier: Apache-2.0
"""The LibreNMS definitions: names, numbers and divisors are those of OPENPDU-MIB."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pdu_agent.mib_impl.openpdu import product_id
from tests.clients.openpdu_mib import (
    DIVISORS,
    OBJECTS,
    TABLES,
    is_about,
    measured,
    wait_for_load,
)
from tests.peers import require
from tests.system.demo_process import ROOT, Demo

FOLDER = ROOT / "contrib" / "librenms"
# The unit in which LibreNMS shows a class of sensors.
CLASS_UNITS = {
    "voltage": ("V", 1),
    "current": ("A", 1),
    "power": ("W", 1),
    "power_factor": ("", 1),
    "frequency": ("Hz", 1),
    "power_consumed": ("Wh", 1000),
    "temperature": ("unit of the sensor", 1),
    "humidity": ("unit of the sensor", 1),
    "charge": ("%", 1),
    "load": ("%", 1),
    "runtime": ("s", 60),
}
UNITS = {**DIVISORS, "tenths of a percent": ("%", 10), "seconds": ("s", 1)}
SENSOR_TYPES = {"temperature": 1, "humidity": 2}
QUALIFIED = re.compile(r"OPENPDU-MIB::(\w+)")


def definition(kind: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((FOLDER / kind / "openpdu.yaml").read_text("utf-8"))
    return loaded


def sensors() -> Iterator[tuple[str, dict[str, Any]]]:
    for sensor_class, section in definition("os_discovery")["modules"]["sensors"].items():
        if sensor_class != "additional_oids":
            for row in section["data"]:
                yield sensor_class, row


def object_name(row: dict[str, Any]) -> str:
    return str(row["value"]).removeprefix("OPENPDU-MIB::")


def strings(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from strings(value)


def test_the_device_is_recognised_by_the_own_identity() -> None:
    detection = definition("os_detection")
    ours = "." + ".".join(map(str, product_id()))
    assert detection["os"] == "openpdu"
    assert detection["discovery"] == [{"sysObjectID": [ours]}]


def test_every_name_is_one_of_the_mib() -> None:
    known = set(OBJECTS) | TABLES
    used = {
        name for text in strings(definition("os_discovery")) for name in QUALIFIED.findall(text)
    }
    assert len(used) > 20
    assert used <= known


def test_each_sensor_polls_the_column_that_it_names() -> None:
    for _, row in sensors():
        name = object_name(row)
        assert row["num_oid"] == f".{OBJECTS[name].oid}.{{{{ $index }}}}"
        assert row["index"] == f"{name}.{{{{ $index }}}}"


def test_divisors_give_the_unit_of_the_sensor_class() -> None:
    checked = 0
    for sensor_class, row in sensors():
        if sensor_class == "state":
            continue
        unit, per_unit = UNITS[OBJECTS[object_name(row)].object.units]
        wanted, thousands = CLASS_UNITS[sensor_class]
        assert (unit, per_unit * thousands) == (wanted, row["divisor"]), row
        checked += 1
    assert checked == 17


def test_sensors_of_the_surroundings_are_told_apart_by_their_type() -> None:
    kinds = {label: number for number, label in OBJECTS["opduSensorType"].labels.items()}
    for sensor_class, number in SENSOR_TYPES.items():
        row = next(row for each, row in sensors() if each == sensor_class)
        assert kinds[sensor_class] == number
        assert row["skip_values"] == [
            {"oid": "OPENPDU-MIB::opduSensorType", "op": "!=", "value": number}
        ]


def test_every_state_of_an_enumeration_has_its_word() -> None:
    names = []
    for sensor_class, row in sensors():
        labels = OBJECTS[object_name(row)].labels
        if sensor_class == "state" and labels:
            assert {state["value"]: state["descr"] for state in row["states"]} == labels
            assert all(state["generic"] in range(4) for state in row["states"])
            names.append(object_name(row))
    assert "opduOutletState" in names
    assert "opduSysStatus" in names


@pytest.mark.peer
def test_the_numbers_lead_to_the_values_of_a_running_agent(tmp_path: Path) -> None:
    require("snmpwalk")
    with Demo(tmp_path) as demo:
        wait_for_load(demo)
        expected = measured(demo)
        seen: dict[tuple[str, str], float] = {}
        for sensor_class, row in sensors():
            if sensor_class == "state" and not OBJECTS[object_name(row)].labels:
                continue  # the contacts and water sensors, of which the demo has none
            column, _, _ = row["num_oid"].partition(".{{")
            for line in demo.snmp("snmpwalk", "-Oqne", column).splitlines():
                oid, _, raw = line.partition(" ")
                if raw.startswith("No Such"):
                    continue  # the demo has no UPS
                index = oid.removeprefix(f"{column}.")
                seen[object_name(row), index] = float(raw.split()[0]) / row.get("divisor", 1)
        board = demo.api("GET", "/sensors")[1]["sensors"][0]["value"]
    watched = {object_name(row) for _, row in sensors()}
    polled = {key: value for key, value in expected.items() if key[0] in watched}
    assert len(polled) == 5 + 8 * 4
    assert set(polled) <= set(seen)
    for key, value in polled.items():
        assert is_about(seen[key], value), key
    assert seen["opduOutletState", "8"] == 1
    assert is_about(seen["opduSensorValue", "1"], board)
