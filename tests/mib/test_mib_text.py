# SPDX-License-Identifier: Apache-2.0
"""The MIB texts against the declarations, both ways, and against the tools that read MIBs."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pdu_agent.mib_impl.conventions import (
    AutonomousType,
    RowPointer,
    RowStatus,
    SpinLock,
    StorageType,
    TruthValue,
)
from pdu_agent.mib_impl.identity import agent_modules
from pdu_agent.mib_impl.notifications import NotificationCounters
from pdu_agent.mib_impl.openpdu import DEFAULT_ARC, product_id
from pdu_agent.mib_impl.openpdu.pointers import COMMAND_ACCEPTED
from pdu_agent.mib_impl.schema import Access, MibModule, ObjectType, Table
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.syntax import (
    Bits,
    Counter32,
    Counter64,
    DateAndTime,
    DisplayString,
    Enumerated,
    Integer32,
    ObjectIdentifier,
    Oid,
    Syntax,
    TimeStamp,
    TimeTicks,
    Unsigned32,
    Utf8,
)
from tests.mib.compiled import BASE, IETF, MIBS, ROOT, STANDARD_TYPES, CompiledMib
from tests.peers import require

SNMPV2, OPENPDU = agent_modules(lambda: 0.0, SnmpCounters(), notified=NotificationCounters())

# The varbinds of notifications are not accessible.
NOT_SERVED = {"snmpTrapOID", "snmpTrapEnterprise"}

WHOLE_RANGE = {
    "INTEGER": (-(2**31), 2**31 - 1),
    "Integer32": (-(2**31), 2**31 - 1),
    "Unsigned32": (0, 2**32 - 1),
    "Gauge32": (0, 2**32 - 1),
}


def declared(module: MibModule) -> dict[str, tuple[Oid, ObjectType[Any]]]:
    """Each declared object by name, with its OID."""
    carried = () if module.carried is None else (module.carried,)
    return {
        obj.name: ((*module.arc, *group.base, obj.number), obj)
        for group in (*module.groups, *carried)
        for obj in group.objects
    }


def accesses(module: MibModule) -> dict[str, Access]:
    """Each declared object by name, with what it may be used for."""
    found = {
        obj.name: group.access_of(obj) if isinstance(group, Table) else obj.access
        for group in module.groups
        for obj in group.objects
    }
    if module.carried is not None:
        found |= {obj.name: Access.FOR_NOTIFY for obj in module.carried.objects}
    return found


def tables(module: MibModule) -> list[Table[Any]]:
    return [group for group in module.groups if isinstance(group, Table)]


def base_type_of(syntax: Syntax) -> tuple[str, dict[str, Any]]:
    """A declared syntax in the terms of `CompiledMib.base_type`."""
    match syntax:
        case RowStatus():
            # What of it can be set is in the compliance statements.
            return "INTEGER", STANDARD_TYPES["RowStatus"]["constraints"]
        case Enumerated():
            return "INTEGER", {"enumeration": syntax.labels}
        case Bits():
            return "BITS", {"bits": syntax.labels}
        case Integer32() | Unsigned32():
            kind = "Integer32" if isinstance(syntax, SpinLock) else type(syntax).__name__
            return kind, {"range": [{"min": syntax.minimum, "max": syntax.maximum}]}
        case Utf8() | DisplayString():
            limits = {"size": [{"min": syntax.minimum, "max": syntax.maximum}]}
            return "OCTET STRING", limits
        case DateAndTime():
            return "OCTET STRING", {"size": [{"min": 8, "max": 8}, {"min": 11, "max": 11}]}
        case ObjectIdentifier():
            return "OBJECT IDENTIFIER", {}
        case TimeStamp() | TimeTicks():
            return "TimeTicks", {}
        case Counter32() | Counter64():
            return type(syntax).__name__, {}
    raise AssertionError(f"no MIB type known for {syntax}")


def type_in_text(mib: CompiledMib, name: str) -> tuple[str, dict[str, Any]]:
    kind, constraints = mib.base_type(name)
    if kind in WHOLE_RANGE and not constraints:
        low, high = WHOLE_RANGE[kind]
        constraints = {"range": [{"min": low, "max": high}]}
    # SMIv2 has two spellings of one type (RFC 2578 section 7.1.1).
    if kind == "INTEGER" and "range" in constraints:
        kind = "Integer32"
    return kind, constraints


# The type itself may be a textual convention with a meaning beyond its base type.
MEANINGS = {
    Utf8: "SnmpAdminString",
    DisplayString: "DisplayString",
    DateAndTime: "DateAndTime",
    TimeStamp: "TimeStamp",
    SpinLock: "TestAndIncr",
    TruthValue: "TruthValue",
    RowStatus: "RowStatus",
    StorageType: "StorageType",
    RowPointer: "RowPointer",
    AutonomousType: "AutonomousType",
}


def check_module(module: MibModule, mib: CompiledMib, names: set[str]) -> None:
    objects, access = declared(module), accesses(module)
    assert set(objects) == names
    for name, (oid, obj) in objects.items():
        symbol = mib.symbols[name]
        assert oid == mib.oid(name), name
        assert access[name].value == symbol["maxaccess"], name
        assert obj.units == symbol.get("units", ""), name
        assert base_type_of(obj.syntax) == type_in_text(mib, name), name
        convention = symbol["syntax"]["type"]
        standard = convention if convention in STANDARD_TYPES else None
        assert MEANINGS.get(type(obj.syntax)) == standard, name


def check_tables(module: MibModule, mib: CompiledMib) -> None:
    rows = {
        symbol["oid"].rpartition(".")[0]: [index["object"] for index in symbol["indices"]]
        for symbol in mib.symbols.values()
        if symbol.get("nodetype") == "row" and symbol["status"] == "current"
    }
    described = {
        ".".join(map(str, module.arc + table.suffix)): list(table.index) for table in tables(module)
    }
    assert described == rows
    for table in tables(module):
        assert mib.oid(table.name) == module.arc + table.suffix


@pytest.fixture(scope="module")
def openpdu_mib() -> CompiledMib:
    return CompiledMib("OPENPDU-MIB", MIBS, BASE)


def test_every_object_is_declared_as_the_mib_states_it(openpdu_mib: CompiledMib) -> None:
    check_module(OPENPDU, openpdu_mib, openpdu_mib.current("scalar", "column"))
    check_tables(OPENPDU, openpdu_mib)


def test_every_notification_is_declared_as_the_mib_states_it(openpdu_mib: CompiledMib) -> None:
    described = {
        (kind.name, (*DEFAULT_ARC, 0, kind.number)): list(kind.objects)
        for kind in OPENPDU.notifications
    }
    assert described == {
        (name, openpdu_mib.oid(name)): objects
        for name, objects in openpdu_mib.members("notificationtype").items()
    }
    access = accesses(OPENPDU)
    carried = {name for kind in OPENPDU.notifications for name in kind.objects}
    assert Access.NOT_ACCESSIBLE not in {access[name] for name in carried}
    assert {name for name in access if access[name] is Access.FOR_NOTIFY} <= carried


@pytest.mark.parametrize("folder", [BASE, IETF], ids=["stand-in", "ietf"])
def test_the_notifications_of_snmpv2_are_those_of_the_mib(folder: Path) -> None:
    if not folder.exists():
        pytest.skip("the IETF modules are not here")
    mib = CompiledMib("SNMPv2-MIB", folder)
    described = {
        kind.name: (*SNMPV2.notification_arc, kind.number) for kind in SNMPV2.notifications
    }
    assert described == {name: mib.oid(name) for name in mib.members("notificationtype")}


def test_every_object_and_notification_is_in_one_group(openpdu_mib: CompiledMib) -> None:
    access = accesses(OPENPDU)
    grouped = [x for names in openpdu_mib.members("objectgroup").values() for x in names]
    assert sorted(grouped) == sorted(n for n in access if access[n] is not Access.NOT_ACCESSIBLE)
    notified = [x for names in openpdu_mib.members("notificationgroup").values() for x in names]
    assert sorted(notified) == sorted(kind.name for kind in OPENPDU.notifications)


def test_every_group_is_in_both_compliance_statements(openpdu_mib: CompiledMib) -> None:
    groups = set(openpdu_mib.members("objectgroup")) | set(openpdu_mib.members("notificationgroup"))
    for name in ("opduFullCompliance", "opduReadOnlyCompliance"):
        stated = [each["object"] for each in openpdu_mib.symbols[name]["modulecompliance"]]
        assert sorted(stated) == sorted(groups), name


def compliance(name: str) -> dict[str, str]:
    """The clause of each OBJECT of a compliance statement, as pysmi does not keep it."""
    text = (MIBS / "OPENPDU-MIB.txt").read_text(encoding="utf-8")
    statement = text[text.index(f"{name} MODULE-COMPLIANCE") :].partition("::=")[0]
    clauses = re.split(r"^    OBJECT +(\w+)$", statement, flags=re.MULTILINE)[1:]
    return dict(zip(clauses[::2], clauses[1::2], strict=True))


def test_the_read_only_profile_asks_for_no_writable_object() -> None:
    access = accesses(OPENPDU)
    writable = {n for n in access if access[n] in (Access.READ_WRITE, Access.READ_CREATE)}
    clauses = compliance("opduReadOnlyCompliance")
    assert {n for n in clauses if "MIN-ACCESS  read-only" in clauses[n]} == writable
    assert "MIN-ACCESS" not in "".join(compliance("opduFullCompliance").values())


def test_the_full_profile_says_what_a_row_status_takes() -> None:
    clauses = compliance("opduFullCompliance")
    objects = declared(OPENPDU)
    rows = {n for n, (_, obj) in objects.items() if isinstance(obj.syntax, RowStatus)}
    for name in rows:
        written = clauses[name].partition("WRITE-SYNTAX")[2]
        labels = dict(re.findall(r"(\w+)\((\d+)\)", written.partition("}")[0]))
        assert {label: int(number) for label, number in labels.items()} == RowStatus().labels


def test_the_arcs_are_those_of_the_mib(openpdu_mib: CompiledMib) -> None:
    assert openpdu_mib.oid("opduEventCommandAccepted") == DEFAULT_ARC + COMMAND_ACCEPTED
    assert openpdu_mib.oid("openpduMIB") == DEFAULT_ARC == OPENPDU.identity
    assert openpdu_mib.oid("opduObjects") == OPENPDU.arc
    assert openpdu_mib.oid("openpduProduct") == product_id()


@pytest.mark.parametrize("folder", [BASE, IETF], ids=["stand-in", "ietf"])
def test_snmpv2_groups_are_declared_as_the_mib_states_them(folder: Path) -> None:
    if not folder.exists():
        pytest.skip("the IETF modules are not here")
    mib = CompiledMib("SNMPv2-MIB", folder)
    check_module(SNMPV2, mib, mib.current("scalar", "column") - NOT_SERVED)
    check_tables(SNMPV2, mib)
    assert mib.oid("snmpMIB") == SNMPV2.identity


@pytest.mark.parametrize("name", ["SNMP-FRAMEWORK-MIB", "SNMPv2-MIB"])
def test_stand_ins_agree_with_the_ietf_modules(name: str) -> None:
    if not IETF.exists():
        pytest.skip("the IETF modules are not here")
    ours, theirs = CompiledMib(name, BASE).symbols, CompiledMib(name, IETF).symbols
    for symbol in set(ours) - {"imports", "meta"}:
        same = {key: ours[symbol].get(key) for key in ("oid", "syntax", "maxaccess", "indices")}
        assert same == {key: theirs[symbol].get(key) for key in same}, symbol


def run(*command: str, **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=30,
        check=False,
        encoding="utf-8",
    )
    return done.stdout


@pytest.mark.peer
@pytest.mark.parametrize("folder", [BASE, IETF], ids=["stand-in", "ietf"])
def test_smilint_finds_nothing(folder: Path) -> None:
    require("smilint")
    if not folder.exists():
        pytest.skip("the IETF modules are not here")
    said = run("smilint", "-l", "6", "-s", "-m", "mibs/OPENPDU-MIB.txt", SMIPATH=str(folder))
    assert said == ""


@pytest.mark.peer
@pytest.mark.parametrize("name", sorted(path.name for path in BASE.glob("S*")))
def test_smilint_reads_each_stand_in(name: str) -> None:
    require("smilint")
    # smilint knows the base types and takes their own definitions for errors of range.
    said = run("smilint", "-l", "3", "-s", "-m", f"mibs/base/{name}", SMIPATH=str(BASE))
    assert [line for line in said.splitlines() if "range" not in line] == []


def translate(module: str, *arguments: str) -> str:
    require("snmptranslate")
    return run("snmptranslate", "-M", "mibs/base:mibs", "-m", module, *arguments).strip()


@pytest.mark.peer
@pytest.mark.parametrize(
    ("name", "oid"),
    [
        ("OPENPDU-MIB::opduOutletCommand.3", (*DEFAULT_ARC, 1, 3, 1, 1, 8, 3)),
        ("OPENPDU-MIB::opduMeterEnergy.64", (*DEFAULT_ARC, 1, 3, 2, 1, 8, 64)),
        ("OPENPDU-MIB::openpduProduct", product_id()),
    ],
)
def test_net_snmp_translates_with_the_stand_ins_alone(name: str, oid: Oid) -> None:
    dotted = "." + ".".join(map(str, oid))
    assert translate("OPENPDU-MIB", "-On", name) == dotted
    assert translate("OPENPDU-MIB", dotted) == name


@pytest.mark.peer
def test_net_snmp_knows_every_label() -> None:
    # It drops without a word the labels that are words of SMI too, such as "current".
    syntaxes = {name: obj.syntax for name, (_, obj) in declared(OPENPDU).items()}
    named = {n: syntax for n, syntax in syntaxes.items() if isinstance(syntax, Enumerated | Bits)}
    described = translate("OPENPDU-MIB", "-Td", *(f"OPENPDU-MIB::{name}" for name in named))
    texts = described.split("OPENPDU-MIB::")[1:]
    for (name, syntax), text in zip(named.items(), texts, strict=True):
        known = set(re.findall(r"(\w+)\(\d+\)", text.partition("MAX-ACCESS")[0]))
        assert set(syntax.labels) <= known, name


@pytest.mark.peer
def test_net_snmp_translates_the_system_group() -> None:
    both = "SNMPv2-MIB:OPENPDU-MIB"
    assert translate(both, "-IR", "-On", "system") == ".1.3.6.1.2.1.1"
    assert translate(both, ".1.3.6.1.2.1.1.5.0") == "SNMPv2-MIB::sysName.0"
    assert translate(both, ".1.3.6.1.2.1.11.1.0") == "SNMPv2-MIB::snmpInPkts.0"


@pytest.mark.peer
def test_net_snmp_names_what_a_trap_begins_with() -> None:
    assert translate("SNMPv2-MIB", ".1.3.6.1.6.3.1.1.4.1.0") == "SNMPv2-MIB::snmpTrapOID.0"
    assert translate("SNMPv2-MIB", ".1.3.6.1.6.3.1.1.5.1") == "SNMPv2-MIB::coldStart"
