# SPDX-License-Identifier: Apache-2.0
"""How notifications of Sentry4-MIB name the parts of the unit, and what all of them carry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pdu_agent.mib_impl.schema import NotificationType, Told
from pdu_agent.mib_impl.sentry4.names import (
    branch_label,
    cord_id,
    cord_index,
    line_id,
    line_index,
    line_label,
    part_id,
    part_index,
    phase_label,
)
from pdu_agent.mib_impl.sentry4.points import branches_of, inlets_of, outlets_of
from pdu_agent.mib_impl.sentry4.sensors import LAST_OF_KIND, Probe, probes
from pdu_agent.mib_impl.sentry4.words import Status
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.model.snapshot import Branch, Outlet, Snapshot

SCALAR: Oid = (0,)
Names = tuple[Oid, str, str]
"""Of a part of the unit: the index of its row, its ID, and its name or label."""


def told(
    kind: NotificationType,
    snapshot: Snapshot,
    values: Sequence[tuple[Oid, Any]],
    status: Status,
    text: str | None = None,
) -> Told:
    """`values` between what all notifications begin and end with. text: if not the status's."""
    return Told(
        kind,
        (
            (SCALAR, snapshot.device.location),
            *values,
            (SCALAR, status.value if text is None else text),
            (SCALAR, status is not Status.NORMAL),
        ),
    )


def at(names: Names, *values: Any) -> list[tuple[Oid, Any]]:
    index, *words = names
    return [(index, value) for value in (*words, *values)]


def cord_names(inlet: int, snapshot: Snapshot) -> Names:
    return cord_index(inlet), cord_id(inlet), inlets_of(snapshot)[inlet].name


def line_names(inlet: int, line: int) -> Names:
    return line_index(inlet, line), line_id(inlet, line), line_label(inlet, line)


def phase_names(inlet: int, line: int) -> Names:
    return line_index(inlet, line), line_id(inlet, line), phase_label(inlet, line)


def branch_names(branch: Branch) -> Names:
    """Its over-current protector's too."""
    place = branch.inlet, branch.index
    return part_index(*place), part_id(*place), branch_label(*place)


def outlet_names(outlet: Outlet) -> Names:
    place = outlet.inlet, outlet.index
    return part_index(*place), part_id(*place), outlet.name


def find_branch(number: int, snapshot: Snapshot) -> Branch | None:
    return next((each for each in branches_of(snapshot) if each.index == number), None)


def find_outlet(number: int, snapshot: Snapshot) -> Outlet | None:
    return next((each for each in outlets_of(snapshot) if each.index == number), None)


def find_probe(number: int, snapshot: Snapshot) -> Probe | None:
    found = (probe for kind in LAST_OF_KIND for _, probe in probes(snapshot, kind))
    return next((probe for probe in found if probe.sensor.index == number), None)
