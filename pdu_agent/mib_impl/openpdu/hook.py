# SPDX-License-Identifier: Apache-2.0
"""OPENPDU-MIB opduHookTable: the names of what can be run before and after switching."""

from __future__ import annotations

from pdu_agent.mib_impl.openpdu.words import ENTRY_NUMBER
from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.syntax import Utf8

HOOKS: Table[str] = Table(
    suffix=(14, 1),
    name="opduHookTable",
    index=("opduHookIndex",),
    rows=lambda snapshot: (((place,), name) for place, name in enumerate(snapshot.hooks, start=1)),
    objects=(
        ObjectType(1, "opduHookIndex", ENTRY_NUMBER),
        ObjectType(2, "opduHookName", Utf8(0, 32), lambda name: name),
    ),
)
