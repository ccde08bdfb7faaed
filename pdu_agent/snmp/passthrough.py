# SPDX-License-Identifier: Apache-2.0
"""What the agent shows through another agent on the same host, and what it leaves to that one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pdu_agent.mib_impl.schema import MibModule
from pdu_agent.mib_impl.syntax import Oid

OWNED_BY_MASTER = frozenset(
    {
        "SNMPv2-MIB",
        "SNMP-FRAMEWORK-MIB",
        "SNMP-MPD-MIB",
        "SNMP-TARGET-MIB",
        "SNMP-USER-BASED-SM-MIB",
        "IF-MIB",
        "HOST-RESOURCES-MIB",
    }
)
"""Modules that tell of the SNMP engine and of the host: whoever owns port 161 has its own."""


def lent_modules(served: Iterable[MibModule]) -> tuple[MibModule, ...]:
    """Those of the served modules that are shown through a master."""
    return tuple(module for module in served if module.name not in OWNED_BY_MASTER)


def roots(modules: Sequence[MibModule]) -> tuple[Oid, ...]:
    """The subtrees that hold all objects of the modules and nothing of others, in order; none
    of them below another.
    """
    found: list[Oid] = []
    for root in sorted({root for module in modules for root in _roots(module)}):
        if not found or root[: len(found[-1])] != found[-1]:
            found.append(root)
    return tuple(found)


def _roots(module: MibModule) -> set[Oid]:
    """The module's own OID; for one that has objects elsewhere, one level below its arc."""
    objects = [
        (*module.arc, *group.base, declared.number)
        for group in module.groups
        for declared in group.objects
        if declared.get is not None
    ]
    own = module.identity
    if all(oid[: len(own)] == own for oid in objects):
        return {own} if objects else set()
    return {oid[: len(module.arc) + 1] for oid in objects}
