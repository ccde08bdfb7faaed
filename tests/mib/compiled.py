# SPDX-License-Identifier: Apache-2.0
"""MIB texts as pysmi reads them, offline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pysmi.codegen import JsonCodeGen  # type: ignore[import-untyped]
from pysmi.compiler import MibCompiler  # type: ignore[import-untyped]
from pysmi.parser import SmiV2Parser  # type: ignore[import-untyped]
from pysmi.reader import FileReader  # type: ignore[import-untyped]
from pysmi.searcher import StubSearcher  # type: ignore[import-untyped]
from pysmi.writer import CallbackWriter  # type: ignore[import-untyped]

from pdu_agent.mib_impl.syntax import Oid

ROOT = Path(__file__).parents[2]
MIBS = ROOT / "mibs"
BASE = MIBS / "base"
IETF = ROOT / "../shared/mibs/ietf"

# What SNMPv2-TC and SNMP-FRAMEWORK-MIB say about the types that are used here.
STANDARD_TYPES: dict[str, dict[str, Any]] = {
    "DisplayString": {"type": "OCTET STRING", "constraints": {"size": [{"min": 0, "max": 255}]}},
    "SnmpAdminString": {"type": "OCTET STRING", "constraints": {"size": [{"min": 0, "max": 255}]}},
    "DateAndTime": {
        "type": "OCTET STRING",
        "constraints": {"size": [{"min": 8, "max": 8}, {"min": 11, "max": 11}]},
    },
    "TimeStamp": {"type": "TimeTicks"},
    "TruthValue": {
        "type": "INTEGER",
        "constraints": {"enumeration": {"true": 1, "false": 2}},
    },
    "RowStatus": {
        "type": "INTEGER",
        "constraints": {
            "enumeration": {
                "active": 1,
                "notInService": 2,
                "notReady": 3,
                "createAndGo": 4,
                "createAndWait": 5,
                "destroy": 6,
            }
        },
    },
    "StorageType": {
        "type": "INTEGER",
        "constraints": {
            "enumeration": {
                "other": 1,
                "volatile": 2,
                "nonVolatile": 3,
                "permanent": 4,
                "readOnly": 5,
            }
        },
    },
    "PhysAddress": {"type": "OCTET STRING"},
    "TDomain": {"type": "OBJECT IDENTIFIER"},
    "TimeInterval": {
        "type": "INTEGER",
        "constraints": {"range": [{"min": 0, "max": 2_147_483_647}]},
    },
    "RowPointer": {"type": "OBJECT IDENTIFIER"},
    "AutonomousType": {"type": "OBJECT IDENTIFIER"},
    "TestAndIncr": {
        "type": "INTEGER",
        "constraints": {"range": [{"min": 0, "max": 2_147_483_647}]},
    },
}


class CompiledMib:
    """One module: its objects by name, with textual conventions resolved."""

    def __init__(self, name: str, *folders: Path) -> None:
        texts: dict[str, str] = {}
        compiler = MibCompiler(
            SmiV2Parser(tempdir=""),
            JsonCodeGen(),
            CallbackWriter(lambda module, text, _: texts.__setitem__(module, text)),
        )
        compiler.add_sources(*(FileReader(str(folder)) for folder in folders))
        compiler.add_searchers(StubSearcher(*JsonCodeGen.baseMibs))
        outcome = compiler.compile(name, rebuild=True)
        assert outcome[name] == "compiled", outcome
        modules = {module: json.loads(text) for module, text in texts.items()}
        self.symbols: dict[str, Any] = modules[name]
        self.imported_types: dict[str, Any] = {
            symbol: entry
            for module in modules.values()
            for symbol, entry in module.items()
            if isinstance(entry, dict) and isinstance(entry.get("type"), dict)
        }

    def oid(self, name: str) -> Oid:
        return tuple(map(int, self.symbols[name]["oid"].split(".")))

    def current(self, *nodetypes: str) -> set[str]:
        """Names of the objects of these kinds that are not deprecated or obsolete."""
        return {
            name
            for name, symbol in self.symbols.items()
            if symbol.get("nodetype") in nodetypes and symbol["status"] == "current"
        }

    def members(self, kind: str) -> dict[str, list[str]]:
        """The objects or notifications that symbols of this class list, in order."""
        return {
            name: [entry["object"] for entry in symbol.get("objects", [])]
            for name, symbol in self.symbols.items()
            if symbol.get("class") == kind
        }

    def base_type(self, name: str) -> tuple[str, dict[str, Any]]:
        """The base type of an object and its constraints, the object's own ones first."""
        syntax = self.symbols[name]["syntax"]
        constraints = dict(syntax.get("constraints", {}))
        while True:
            if "bits" in syntax:
                return "BITS", {"bits": syntax["bits"]}
            kind = syntax["type"]
            if kind in STANDARD_TYPES:
                syntax = STANDARD_TYPES[kind]
            elif kind in self.imported_types:
                syntax = self.imported_types[kind]["type"]
            else:
                return kind, constraints
            constraints = {**syntax.get("constraints", {}), **constraints}
