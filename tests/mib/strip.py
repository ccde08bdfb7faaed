# SPDX-License-Identifier: Apache-2.0
"""A unit made by hand for the MIBs of things and energy, and how their tables are read.

Inlet 1, branch 3 behind it, outlet 1 metered behind the branch, outlet 2 without a meter
behind the inlet, and three sensors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pdu_agent.mib_impl.syntax import Oid, Value
from pdu_agent.model.commands import OverloadRestriction
from pdu_agent.model.snapshot import Branch, SensorKind, SensorStatus, Snapshot
from tests.mib.unit import METER, SENSOR, WALL_S, Bench, unit

SENSORS = (
    SENSOR,
    replace(
        SENSOR, index=2, name="", kind=SensorKind.HUMIDITY, value=45.5, sample_wall_s=WALL_S - 1.5
    ),
    replace(
        SENSOR, index=3, name="door", kind=SensorKind.CONTACT, value=1.0, status=SensorStatus.STALE
    ),
)

BRANCH = Branch(
    index=3,
    name="left",
    inlet=1,
    line="l1",
    rated_current_a=10.0,
    meter=METER,
    overload_restriction=OverloadRestriction.NONE,
)


def strip() -> Snapshot:
    made = unit(2, sensors=SENSORS)
    first, second = made.outlets
    return replace(
        made,
        device=replace(made.device, asset_tag="A-17"),
        outlets=(replace(first, branch=3, note="mail"), replace(second, meter=None)),
        branches=(BRANCH,),
    )


def things(snapshot: Snapshot | None = None) -> Bench:
    """An agent that serves the MIBs of things and energy and nothing else."""
    return Bench(strip() if snapshot is None else snapshot, mibs=("entity", "energy"))


def columns(bench: Bench, entry: str, index: str) -> Mapping[int, object]:
    """The row `index` of the table with that entry: number of the object -> content."""
    base = tuple(map(int, entry[1:].split(".")))
    wanted = tuple(map(int, index.split(".")))
    return {
        oid[len(base)]: value.content
        for oid, value in bench.walk()
        if oid[: len(base)] == base and oid[len(base) + 1 :] == wanted
    }


def column(bench: Bench, entry: str, number: int) -> Mapping[Oid, object]:
    """One object of the table: index -> content."""
    base = (*map(int, entry[1:].split(".")), number)
    return {
        oid[len(base) :]: value.content for oid, value in bench.walk() if oid[: len(base)] == base
    }


def content(bench: Bench, entry: str, number: int, index: int) -> object:
    value = bench.get(f"{entry}.{number}.{index}")
    return value.content if isinstance(value, Value) else value
