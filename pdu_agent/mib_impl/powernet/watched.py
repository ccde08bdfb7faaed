# SPDX-License-Identifier: Apache-2.0
"""Rows of tables: outlets, and phases, banks and outlets with the threshold that watches their
current.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pdu_agent.mib_impl.powernet.limits import limit
from pdu_agent.mib_impl.powernet.words import Load, load_of, measured, phases, watches
from pdu_agent.mib_impl.schema import ObjectType
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.model.commands import Limit, Quantity, Target, TargetKind
from pdu_agent.model.snapshot import Branch, Inlet, Outlet, Snapshot, Threshold

Part = TypeVar("Part", Inlet, Branch, Outlet)


@dataclass(frozen=True, slots=True)
class Watched(Generic[Part]):
    """watch: None for a part whose current nobody measures."""

    part: Part
    watch: Threshold | None

    @property
    def current_a(self) -> float | None:
        """None while nobody knows it."""
        return measured(self.part.meter).current_a

    @property
    def load(self) -> Load | None:
        """None while nobody knows it."""
        return load_of(self.watch)


def watched_phases(snapshot: Snapshot) -> Iterator[tuple[Oid, Watched[Inlet]]]:
    """A row for each phase, by its number."""
    return _watched(TargetKind.INLET, phases(snapshot), snapshot)


def watched_banks(snapshot: Snapshot) -> Iterator[tuple[Oid, Watched[Branch]]]:
    """A row for each branch, by its number."""
    return _watched(TargetKind.BRANCH, snapshot.branches, snapshot)


def watched_outlets(snapshot: Snapshot) -> Iterator[tuple[Oid, Watched[Outlet]]]:
    """A row for each outlet that has a meter, by its number."""
    return _watched(TargetKind.OUTLET, metered_outlets(snapshot), snapshot)


def _watched(
    kind: TargetKind, parts: Iterable[Part], snapshot: Snapshot
) -> Iterator[tuple[Oid, Watched[Part]]]:
    found = watches(snapshot)
    for part in parts:
        target = Target(kind, part.index)
        yield (part.index,), Watched(part, found.get((target, Quantity.CURRENT)))


def outlet_rows(snapshot: Snapshot) -> Iterator[tuple[Oid, Outlet]]:
    """A row for each outlet, by its number."""
    for outlet in snapshot.outlets:
        yield (outlet.index,), outlet


def metered_outlets(snapshot: Snapshot) -> list[Outlet]:
    """What PowerNet-MIB calls monitored outlets."""
    return [outlet for outlet in snapshot.outlets if outlet.meter is not None]


def limits(prefix: str, *, first: int) -> tuple[ObjectType[Any], ...]:
    """Three limits of the current in whole amperes, numbered from `first`."""
    return (
        limit(first, f"{prefix}LowLoadThreshold", _watch, Limit.LOW_WARNING, "amperes"),
        limit(first + 1, f"{prefix}NearOverloadThreshold", _watch, Limit.HIGH_WARNING, "amperes"),
        limit(first + 2, f"{prefix}OverloadThreshold", _watch, Limit.HIGH_CRITICAL, "amperes"),
    )


def _watch(row: Watched[Any]) -> Threshold | None:
    return row.watch
