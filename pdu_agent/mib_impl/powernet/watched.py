# SPDX-License-Identifier: Apache-2.0
"""Rows of tables: outlets, and phases, banks and outlets with the threshold that watches their
current.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pdu_agent.mib_impl.powernet.limits import limit
from pdu_agent.mib_impl.powernet.phases import Phase, phases
from pdu_agent.mib_impl.powernet.words import Load, load_of, measured, watches
from pdu_agent.mib_impl.schema import ObjectType
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.model.commands import Limit, Quantity, Target, TargetKind
from pdu_agent.model.snapshot import Branch, Outlet, Snapshot, Threshold

Part = TypeVar("Part", Phase, Branch, Outlet)


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


def watched_phases(snapshot: Snapshot) -> Iterator[tuple[Oid, Watched[Phase]]]:
    """A row for each phase, by its number."""
    return _watched(((phase.target, phase) for phase in phases(snapshot)), snapshot)


def watched_banks(snapshot: Snapshot) -> Iterator[tuple[Oid, Watched[Branch]]]:
    """A row for each branch, by its number."""
    parts = ((Target(TargetKind.BRANCH, part.index), part) for part in snapshot.branches)
    return _watched(parts, snapshot)


def watched_outlets(snapshot: Snapshot) -> Iterator[tuple[Oid, Watched[Outlet]]]:
    """A row for each outlet that has a meter, by its number."""
    parts = ((Target(TargetKind.OUTLET, part.index), part) for part in metered_outlets(snapshot))
    return _watched(parts, snapshot)


def _watched(
    parts: Iterable[tuple[Target, Part]], snapshot: Snapshot
) -> Iterator[tuple[Oid, Watched[Part]]]:
    found = watches(snapshot)
    for target, part in parts:
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
