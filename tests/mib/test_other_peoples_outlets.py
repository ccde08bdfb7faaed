# SPDX-License-Identifier: Apache-2.0
"""Whoever may see outlets 1 and 2 learns nothing of outlet 3, whatever happens to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pdu_agent.mib_impl.view import END_OF_MIB_VIEW
from pdu_agent.model.commands import Action, Actor, Lock
from pdu_agent.model.snapshot import ChangeReason, MeterStatus, OutletState, Snapshot
from tests.mib.strip import BRANCH
from tests.mib.unit import METER, Bench, unit

STANDARD_MIBS = ("entity", "energy", "interfaces", "host", "ups")


def three_outlets(**of_the_third: Any) -> Snapshot:
    made = unit(3)
    first, second, third = (replace(outlet, meter=METER, branch=3) for outlet in made.outlets)
    return replace(
        made, branches=(BRANCH,), outlets=(first, second, replace(third, **of_the_third))
    )


def without_the_third() -> Snapshot:
    made = three_outlets()
    return replace(made, outlets=made.outlets[:2])


def seen(snapshot: Snapshot, outlets: set[int | None]) -> dict[tuple[int, ...], object]:
    """What the unit's part and those outlets show: OID -> content."""
    view = Bench(snapshot, mibs=STANDARD_MIBS).view
    found = {}
    oid: tuple[int, ...] = (1, 3, 6, 1, 2, 1, 2)  # behind the system group, which counts time
    while (step := view.next(oid, snapshot)) is not END_OF_MIB_VIEW:
        oid, value = step
        place = view.object_of(oid)
        assert place is not None
        if view.outlet_of(place, oid, snapshot) in outlets:
            found[oid] = value.content
    return found


@pytest.mark.parametrize(
    "snapshot",
    [
        three_outlets(name="secret", note="secret", device="secret", receptacle="C19"),
        three_outlets(state=OutletState.OFF, relay_closed=False, pending=Action.ON),
        three_outlets(state=OutletState.FAULT, relay_closed=None, lock=Lock.LOCKED_OFF),
        three_outlets(switch_count=99, last_reason=ChangeReason.SNMP, last_actor=Actor("x")),
        three_outlets(meter=replace(METER, status=MeterStatus.STALE, energy_mj=10**15)),
        three_outlets(meter=None),
        three_outlets(branch=None),
        three_outlets(switched=False),
        without_the_third(),
    ],
)
def test_nothing_that_others_see_depends_on_it(snapshot: Snapshot) -> None:
    mine: set[int | None] = {None, 1, 2}
    assert seen(snapshot, mine) == seen(three_outlets(), mine)


def test_its_own_rows_are_there_for_whoever_may_see_it() -> None:
    rows = seen(three_outlets(), {3})
    assert {(1, 3, 6, 1, 2, 1, 47), (1, 3, 6, 1, 2, 1, 99), (1, 3, 6, 1, 2, 1, 229)} <= {
        oid[:7] for oid in rows
    }
