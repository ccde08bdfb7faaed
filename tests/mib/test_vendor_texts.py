# SPDX-License-Identifier: Apache-2.0
"""Every declaration of a MIB that is not our own, against the text of that MIB.

The texts are not part of this project; where they are not at hand the tests are skipped.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from pdu_agent.mib_impl.identity import MIB_NAMES, OWN, agent_modules
from pdu_agent.mib_impl.schema import Access, MibModule, ObjectType, Scalars, Table
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.syntax import Bits, Enumerated, Oid, Tag
from tests.mib.compiled import IETF, ROOT, CompiledMib

VENDOR = ROOT / "../shared/mibs/vendor"

MODULES = {
    module.name: module
    for module in agent_modules(
        lambda: 0.0, SnmpCounters(), mibs=tuple(name for name in MIB_NAMES if name != OWN)
    )
    if module.name != "SNMPv2-MIB"
}

TAGS = {
    "INTEGER": Tag.INTEGER,
    "Integer32": Tag.INTEGER,
    "TimeInterval": Tag.INTEGER,
    "OCTET STRING": Tag.OCTET_STRING,
    "BITS": Tag.OCTET_STRING,
    "OBJECT IDENTIFIER": Tag.OBJECT_IDENTIFIER,
    "IpAddress": Tag.IP_ADDRESS,
    "Gauge": Tag.UNSIGNED32,
    "Gauge32": Tag.UNSIGNED32,
    "Unsigned32": Tag.UNSIGNED32,
    "Counter": Tag.COUNTER32,
    "Counter32": Tag.COUNTER32,
    "Counter64": Tag.COUNTER64,
    "TimeTicks": Tag.TIME_TICKS,
}

_OF_THE_SYSTEM = "the operating system's business"
_OF_THE_DRIVER = "the business of the driver behind the UPS"
_OF_THE_WIRING = "the unit has one total per meter, and is wired as it is"
READ_ONLY_HERE = {
    "hrSystemDate": _OF_THE_SYSTEM,
    "hrStorageSize": _OF_THE_SYSTEM,
    "ifAdminStatus": "a unit that takes itself off the network is lost",
    "ifPromiscuousMode": _OF_THE_SYSTEM,
    "ifAlias": _OF_THE_SYSTEM,
    "rPDUIdentDevicePowerFactor": "it is measured here, as on the newer units of the vendor",
    "upsIdentName": _OF_THE_DRIVER,
    "upsBasicIdentName": _OF_THE_DRIVER,
    "upsAdvConfigRatedOutputVoltage": _OF_THE_DRIVER,
    "upsAdvConfigHighTransferVolt": _OF_THE_DRIVER,
    "upsAdvConfigLowTransferVolt": _OF_THE_DRIVER,
    "upsConfigInputVoltage": _OF_THE_DRIVER,
    "upsConfigOutputVoltage": _OF_THE_DRIVER,
    "upsConfigLowBattTime": _OF_THE_DRIVER,
    "upsConfigLowVoltageTransferPoint": _OF_THE_DRIVER,
    "upsConfigHighVoltageTransferPoint": _OF_THE_DRIVER,
    "entPhysicalSerialNum": "it is printed on the case and stands in the configuration file",
    "eoPowerStateEnterReason": "who switched is known, and is nothing that a manager can say",
    "eoEnergyParametersIntervalNumber": _OF_THE_WIRING,
    "eoEnergyParametersIntervalMode": _OF_THE_WIRING,
    "eoEnergyParametersStorageType": _OF_THE_WIRING,
    "eoEnergyParametersStatus": _OF_THE_WIRING,
    "eoRelationID": _OF_THE_WIRING,
    "eoRelationship": _OF_THE_WIRING,
    "eoRelationStatus": _OF_THE_WIRING,
    "eoRelationStorageType": _OF_THE_WIRING,
}
"""Objects that the text lets be written and this unit does not, with the reason."""

Placed = tuple[Oid, ObjectType[Any], Scalars[Any] | Table[Any]]


@cache
def text_of(name: str) -> CompiledMib:
    if not IETF.exists() or not VENDOR.exists():
        pytest.skip("the texts of other MIBs are not here")
    return CompiledMib(name.partition(" ")[0], VENDOR, IETF)


def placed(module: MibModule) -> list[Placed]:
    carried = () if module.carried is None else (module.carried,)
    return [
        ((*module.arc, *group.base, declared.number), declared, group)
        for group in (*module.groups, *carried)
        for declared in group.objects
    ]


pytestmark = pytest.mark.parametrize("name", sorted(MODULES))


def test_every_object_has_the_oid_of_the_text(name: str) -> None:
    text = text_of(name)
    wrong = [
        (declared.name, oid)
        for oid, declared, _ in placed(MODULES[name])
        if text.symbols.get(declared.name, {}).get("oid") != ".".join(map(str, oid))
    ]
    assert wrong == []


def test_every_object_may_be_used_as_the_text_says(name: str) -> None:
    text = text_of(name)
    wrong = []
    for _, declared, group in placed(MODULES[name]):
        stated = text.symbols[declared.name]["maxaccess"]
        access = group.access_of(declared) if isinstance(group, Table) else declared.access
        narrowed = declared.name in READ_ONLY_HERE and stated in ("read-write", "read-create")
        if group is MODULES[name].carried:
            continue  # nobody can read those, whatever the text of an SMIv1 module says
        if access is not Access.READ_ONLY if narrowed else access.value != stated:
            wrong.append((declared.name, access.value, stated))
    assert wrong == []


def test_every_object_is_of_the_type_of_the_text(name: str) -> None:
    text = text_of(name)
    wrong = [
        (declared.name, declared.syntax.tag.name, text.base_type(declared.name)[0])
        for _, declared, _ in placed(MODULES[name])
        if TAGS[text.base_type(declared.name)[0]] is not declared.syntax.tag
    ]
    assert wrong == []


def test_every_value_that_can_be_sent_or_taken_is_one_of_the_text(name: str) -> None:
    text = text_of(name)
    wrong = []
    for _, declared, _ in placed(MODULES[name]):
        _, constraints = text.base_type(declared.name)
        fault = _outside(declared, constraints)
        if fault:
            wrong.append((declared.name, fault))
    assert wrong == []


def _outside(declared: ObjectType[Any], constraints: dict[str, Any]) -> str:
    """What of the declaration goes beyond the constraints of the text; empty if nothing does."""
    syntax = declared.syntax
    if isinstance(syntax, Enumerated):
        stated = constraints.get("enumeration", {})
        return ", ".join(
            f"{label}({n})" for label, n in syntax.labels.items() if stated.get(label) != n
        )
    if isinstance(syntax, Bits):
        return "" if syntax.labels == constraints.get("bits") else f"bits {syntax.labels}"
    limits = constraints.get("range") or constraints.get("size")
    low, high = getattr(syntax, "minimum", None), getattr(syntax, "maximum", None)
    if not limits or low is None or high is None:
        return ""
    least, most = min(each["min"] for each in limits), max(each["max"] for each in limits)
    if isinstance(declared.absent, int):
        low, high = min(low, declared.absent), max(high, declared.absent)
    return "" if least <= low <= high <= most else f"{low}..{high} is not in {least}..{most}"


def test_every_table_is_indexed_as_the_text_says(name: str) -> None:
    text = text_of(name)
    rows = {
        symbol["oid"].rpartition(".")[0]: [index["object"] for index in symbol["indices"]]
        for symbol in text.symbols.values()
        if symbol.get("nodetype") == "row" and "indices" in symbol
    }
    for symbol in text.symbols.values():
        if "augmention" in symbol:
            augmented = text.symbols[symbol["augmention"]["object"]]
            table = symbol["oid"].rpartition(".")[0]
            rows[table] = rows[augmented["oid"].rpartition(".")[0]]
    for group in MODULES[name].groups:
        if isinstance(group, Table):
            dotted = ".".join(map(str, MODULES[name].arc + group.suffix))
            assert rows[dotted] == list(group.index), group.name
            assert text.symbols[group.name]["oid"] == dotted


def test_every_notification_is_that_of_the_text(name: str) -> None:
    text, module = text_of(name), MODULES[name]
    names = {declared.name for _, declared, _ in placed(module)}
    for kind in module.notifications:
        symbol = text.symbols[kind.name]
        oid = (*module.notification_arc, kind.number)
        assert symbol["oid"] == ".".join(map(str, oid)), kind.name
        assert [entry["object"] for entry in symbol.get("objects", [])] == list(kind.objects)
        assert set(kind.objects) <= names, kind.name


def test_every_narrowing_is_of_an_object_that_is_served(name: str) -> None:
    served = {declared.name for module in MODULES.values() for _, declared, _ in placed(module)}
    assert set(READ_ONLY_HERE) <= served
