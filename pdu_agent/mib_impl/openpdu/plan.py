# SPDX-License-Identifier: Apache-2.0
"""OPENPDU-MIB opduPlanTable: what is done at set times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pdu_agent.access.grant import EVERY_OUTLET, Rights
from pdu_agent.mib_impl.conventions import TruthValue
from pdu_agent.mib_impl.openpdu.words import ENTRY_NUMBER, number_list
from pdu_agent.mib_impl.schema import ObjectType, Table, or_never
from pdu_agent.mib_impl.syntax import (
    Counter32,
    DateAndTime,
    Enumerated,
    Oid,
    Special,
    Unsigned32,
    Utf8,
)
from pdu_agent.model.commands import EnablePlan, RunPlan
from pdu_agent.model.control import Plan
from pdu_agent.model.snapshot import Snapshot

COMMAND = Enumerated((1, "run", True), (2, "none", Special.NONE))


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and what the time is."""

    plan: Plan
    now_wall_s: float

    @property
    def wait_s(self) -> float | None:
        """Until its next run."""
        due_s = self.plan.next_wall_s
        return None if due_s is None else max(0.0, due_s - self.now_wall_s)


def _rows(snapshot: Snapshot) -> Iterator[tuple[Oid, Planned]]:
    for plan in snapshot.plans:
        yield (plan.number,), Planned(plan, snapshot.t_wall_s)


PLANS: Table[Planned] = Table(
    suffix=(7, 1),
    name="opduPlanTable",
    index=("opduPlanIndex",),
    rows=_rows,
    outlet=lambda _: EVERY_OUTLET,
    objects=(
        ObjectType(1, "opduPlanIndex", ENTRY_NUMBER),
        ObjectType(2, "opduPlanName", Utf8(0, 32), lambda row: row.plan.name),
        ObjectType(
            3,
            "opduPlanEnabled",
            TruthValue(),
            lambda row: row.plan.enabled,
            to_command=lambda row, enabled: EnablePlan(row.plan.name, enabled),
        ),
        ObjectType(4, "opduPlanWhen", Utf8(), lambda row: row.plan.when),
        ObjectType(5, "opduPlanAction", Utf8(), lambda row: row.plan.action),
        ObjectType(6, "opduPlanOutlets", Utf8(), lambda row: number_list(row.plan.outlets)),
        ObjectType(
            7, "opduPlanNextTime", DateAndTime(), lambda row: or_never(row.plan.next_wall_s)
        ),
        ObjectType(8, "opduPlanNextWait", Unsigned32(), lambda row: row.wait_s, units="seconds"),
        ObjectType(
            9, "opduPlanLastTime", DateAndTime(), lambda row: or_never(row.plan.last_wall_s)
        ),
        ObjectType(10, "opduPlanOutcome", Utf8(), lambda row: row.plan.outcome),
        ObjectType(11, "opduPlanRuns", Counter32(), lambda row: row.plan.runs),
        ObjectType(12, "opduPlanMissed", Counter32(), lambda row: row.plan.missed),
        ObjectType(
            13,
            "opduPlanCommand",
            COMMAND,
            lambda _: Special.NONE,
            to_command=lambda row, _: RunPlan(row.plan.name),
            needs=Rights.SWITCH,
        ),
    ),
)
