# SPDX-License-Identifier: Apache-2.0
"""The Zabbix template: its items are objects of OPENPDU-MIB, its multipliers give their units."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import yaml

from tests.clients.openpdu_mib import DIVISORS, NAMES, OBJECTS
from tests.system.demo_process import ROOT

TEMPLATE = ROOT / "contrib" / "zabbix" / "openpdu.yaml"
NAME = "OpenPDU by SNMP"
INDEX = "{#SNMPINDEX}"
CONTACTS = "openpdu.contacts"
SENSOR_UNITS = {"openpdu.temperatures": "°C", "openpdu.humidities": "%"}
SENSOR_TYPES = {
    "openpdu.temperatures": ["temperature"],
    "openpdu.humidities": ["humidity"],
    CONTACTS: ["contact", "water"],
}
UNITS = {**DIVISORS, "tenths of a percent": ("%", 10)}
EXPORT = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8"))["zabbix_export"]
(OPENPDU,) = EXPORT["templates"]


def prototypes() -> Iterator[tuple[str, dict[str, Any]]]:
    for rule in OPENPDU["discovery_rules"]:
        for item in rule["item_prototypes"]:
            yield rule["key"], item


def asked() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Rule ("" for none), name of the object and item, of every SNMP item."""
    for item in OPENPDU["items"]:
        if item["type"] == "SNMP_AGENT" and item["key"] != "sysUpTime":
            yield "", NAMES[item["snmp_oid"].removesuffix(".0")], item
    for rule, item in prototypes():
        yield rule, NAMES[item["snmp_oid"].removesuffix(f".{INDEX}")], item


def everything(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from everything(value)
    elif isinstance(node, list):
        for value in node:
            yield from everything(value)


def multiplier(item: dict[str, Any]) -> float:
    steps = [step for step in item.get("preprocessing", ()) if step["type"] == "MULTIPLIER"]
    return float(steps[0]["parameters"][0]) if steps else 1.0


def test_it_is_a_template_of_the_form_of_6_0() -> None:
    assert EXPORT["version"] == "6.0"
    assert OPENPDU["template"] == NAME


def test_uuids_are_of_version_4_and_used_once() -> None:
    uuids = Counter(node["uuid"] for node in everything(EXPORT) if "uuid" in node)
    assert len(uuids) > 60
    assert set(uuids.values()) == {1}
    assert all(re.fullmatch(r"[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}", each) for each in uuids)


def test_keys_are_used_once() -> None:
    keys = [item["key"] for item in OPENPDU["items"]] + [item["key"] for _, item in prototypes()]
    assert len(keys) == len(set(keys))


def test_scalars_have_instance_0_and_columns_the_index_that_was_found() -> None:
    for rule, name, item in asked():
        instance = "0" if not rule else INDEX
        assert item["snmp_oid"] == f"{OBJECTS[name].oid}.{instance}"
        assert bool(rule) == bool(OBJECTS[name].index)


def test_multipliers_give_the_unit_that_is_shown() -> None:
    scaled = 0
    for rule, name, item in asked():
        units = OBJECTS[name].object.units
        if units not in UNITS or rule == CONTACTS:
            assert multiplier(item) == 1.0, name
            continue
        unit, divisor = UNITS[units]
        assert round(1 / multiplier(item)) == divisor, name
        assert item.get("units", "") == SENSOR_UNITS.get(rule, unit), name
        assert item["value_type"] == "FLOAT", name
        scaled += 1
    assert scaled == 18


def test_enumerations_are_shown_in_their_own_words() -> None:
    maps = {each["name"]: each["mappings"] for each in OPENPDU["valuemaps"]}
    for _, name, item in asked():
        labels = OBJECTS[name].labels
        assert bool(labels) == ("valuemap" in item), name
        if labels:
            shown = {row["value"]: row["newvalue"] for row in maps[item["valuemap"]["name"]]}
            assert shown == {str(number): label for number, label in labels.items()}, name


def test_inlets_outlets_meters_sensors_and_alarms_are_discovered() -> None:
    found = {}
    for rule in OPENPDU["discovery_rules"]:
        parts = rule["snmp_oid"].removeprefix("discovery[").removesuffix("]").split(",")
        found[rule["key"]] = [NAMES[oid] for oid in parts[1::2]]
    sensors = ["opduSensorName", "opduSensorType"]
    assert found == {
        "openpdu.inlets": ["opduInletName"],
        "openpdu.outlets": ["opduOutletName"],
        "openpdu.meters": ["opduOutletName", "opduMeterStatus"],
        "openpdu.temperatures": sensors,
        "openpdu.humidities": sensors,
        "openpdu.contacts": sensors,
        "openpdu.upses": ["opduUpsName"],
        "openpdu.alarms": ["opduAlarmText"],
    }


def test_sensors_are_told_apart_by_their_type() -> None:
    rules = {rule["key"]: rule for rule in OPENPDU["discovery_rules"]}
    for key, kinds in SENSOR_TYPES.items():
        (condition,) = rules[key]["filter"]["conditions"]
        matched = [
            label
            for number, label in OBJECTS["opduSensorType"].labels.items()
            if re.search(condition["value"], str(number))
        ]
        assert (condition["macro"], matched) == ("{#TYPE}", kinds)


def test_triggers_watch_items_and_use_macros_that_are_there() -> None:
    keys = {item["key"] for item in OPENPDU["items"]} | {item["key"] for _, item in prototypes()}
    macros = {macro["macro"] for macro in OPENPDU["macros"]}
    triggers = [node for node in everything(EXPORT) if "expression" in node and "uuid" in node]
    assert len(triggers) > 12
    for trigger in triggers:
        watched = re.findall(rf"/{NAME}/([\w.]+(?:\[[^\]]*\])?)", trigger["expression"])
        assert watched, trigger
        assert set(watched) <= keys, trigger
        assert set(re.findall(r"\{\$[\w.]+\}", trigger["expression"])) <= macros
        assert trigger["priority"] in {"INFO", "WARNING", "AVERAGE", "HIGH"}


def test_alarms_of_each_severity_become_problems_and_go_with_their_row() -> None:
    (alarms,) = (rule for rule in OPENPDU["discovery_rules"] if rule["key"] == "openpdu.alarms")
    (item,) = alarms["item_prototypes"]
    severities = {label: number for number, label in OBJECTS["opduAlarmSeverity"].labels.items()}
    raised = {
        trigger["priority"]: trigger["expression"].rpartition("=")[2]
        for trigger in item["trigger_prototypes"]
    }
    assert raised == {"HIGH": str(severities["critical"]), "WARNING": str(severities["warning"])}
    assert str(alarms["lifetime"]) == "0"
