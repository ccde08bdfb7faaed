# SPDX-License-Identifier: Apache-2.0
"""Which MIBs are served against who expects them: the identity and the targets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pdu_agent.app.config.checker import Checker
from pdu_agent.app.config.tree import Problems
from pdu_agent.mib_impl.names import IDENTITIES
from pdu_agent.snmp.settings import SnmpSettings


def mib_check(checker: Checker, problems: Problems) -> None:
    """Report MIBs that are named twice, or expected though they are not served.

    An identity whose MIB is not served is only unwise: managers recognise the unit, and then
    find nothing of what they look for.
    """
    for _, section in checker.found("snmp"):
        settings: SnmpSettings = section.settings
        for path, text in _contradictions(settings):
            problems.error(checker.place(path), f"{path}: {text}")
        expected = IDENTITIES[settings.identity]
        if expected not in settings.mibs:
            problems.warn(
                checker.place("snmp.identity"),
                f"snmp.identity: managers of {settings.identity} look for {expected}, "
                "which is not among snmp.mibs",
            )


def _contradictions(settings: SnmpSettings) -> Iterator[tuple[str, str]]:
    yield from _given_twice("snmp.mibs", settings.mibs)
    for position, target in enumerate(settings.targets):
        path = f"snmp.targets[{position}].mibs"
        yield from _given_twice(path, target.mibs)
        for place, name in enumerate(target.mibs):
            if name not in settings.mibs:
                yield f"{path}[{place}]", f"{name} is not among snmp.mibs"


def _given_twice(path: str, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    for position, name in enumerate(names):
        if name in names[:position]:
            yield f"{path}[{position}]", f"{name} is named twice"
