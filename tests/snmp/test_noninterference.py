# SPDX-License-Identifier: Apache-2.0
"""Who may see outlets 1 and 2 only sees the same tree, whatever the other outlets do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pdu_agent.access.grant import Rights
from pdu_agent.mib_impl.identity import MIB_NAMES
from pdu_agent.model.commands import Action, Limit, Lock, PowerUp, Quantity, Target, TargetKind
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.snapshot import (
    ChangeReason,
    MeterStatus,
    Outlet,
    OutletState,
    Snapshot,
    Threshold,
    ThresholdState,
)
from pdu_agent.snmp.credentials import Community
from tests.mib.unit import METER, SENSOR, furnished, unit
from tests.snmp.rig import Rig
from tests.snmp.test_tree_walks import Varbind, walked

HIDDEN = 3
TENANT = Community(
    "tenant", "public", rights=Rights.READ, outlets={"1-2": Rights.WRITE, "others": Rights.NONE}
)

BUSY = replace(
    METER,
    electrical=Electrical(231.0, 9.9, 2200.0, 2290.0, 600.0, 0.96, 50.1, 1.5, Quality.OK),
    energy_mj=10**12,
    user_energy_mj=10**11,
    peak_power_w=2300.0,
    peak_current_a=10.5,
    peak_current_wall_s=1_700_000_000.0,
)
CHANGES: tuple[dict[str, object], ...] = (
    {"name": "secret", "note": "secret", "device": "secret", "position": "x", "receptacle": "C19"},
    {"state": OutletState.OFF, "relay_closed": False},
    {"state": OutletState.OFF_PENDING, "pending": Action.REBOOT_DELAYED, "pending_s": 4.0},
    {"state": OutletState.REBOOTING, "pending": Action.REBOOT, "relay_closed": False},
    {"state": OutletState.FAULT, "relay_closed": None},
    {"state": OutletState.UNKNOWN, "relay_closed": None},
    {"lock": Lock.LOCKED_ON},
    {"on_delay_s": 77, "off_delay_s": 78, "reboot_s": 59, "power_up": PowerUp.OFF},
    {"switch_count": 99, "last_reason": ChangeReason.SNMP, "last_change_s": 55.0},
    {"is_ordered": True, "discontinuity_s": 3.0},
    {"meter": BUSY},
    {"meter": replace(METER, status=MeterStatus.STALE)},
    {"meter": replace(METER, user_since_wall_s=1.0, peak_power_since_wall_s=2.0)},
)


def snapshot(change: Callable[[Outlet], Outlet]) -> Snapshot:
    base = furnished(unit(4, sensors=(SENSOR,)))
    outlets = tuple(change(row) if row.index == HIDDEN else row for row in base.outlets)
    return replace(base, outlets=outlets)


def seen(at: Snapshot, community: Community = TENANT) -> list[Varbind]:
    rig = Rig(communities=(community,), mibs=MIB_NAMES)
    rig.core.snapshot = at
    counting = (1, 3, 6, 1, 2, 1, 11)
    return [each for each in walked(rig.process, 1) if each[0][: len(counting)] != counting]


@pytest.fixture(scope="module")
def before() -> list[Varbind]:
    return seen(snapshot(lambda outlet: outlet))


def differing(first: list[Varbind], second: list[Varbind]) -> list[str]:
    return sorted(".".join(map(str, oid)) for oid, _, _ in set(first) ^ set(second))


@pytest.mark.parametrize("changes", CHANGES, ids=lambda changes: "-".join(changes))
def test_what_another_outlet_does_changes_nothing(
    before: list[Varbind], changes: dict[str, object]
) -> None:
    changed = snapshot(lambda outlet: replace(outlet, **changes))  # type: ignore[arg-type]
    assert differing(before, seen(changed)) == []
    everyone = Community("all", "public", rights=Rights.READ)
    assert seen(changed, everyone) != seen(snapshot(lambda outlet: outlet), everyone)


def test_what_another_outlet_is_limited_to_changes_nothing(before: list[Varbind]) -> None:
    base = snapshot(lambda outlet: outlet)
    limits = Threshold(
        Target(TargetKind.OUTLET, HIDDEN),
        Quantity.CURRENT,
        0.0,
        1.0,
        2.0,
        3.0,
        0.5,
        0.0,
        frozenset(Limit),
        ThresholdState.HIGH_CRITICAL,
        9.0,
    )
    changed = replace(base, thresholds=(*base.thresholds, limits))
    # How many thresholds there are is of the unit.
    assert [oid for oid in differing(before, seen(changed)) if ".6738.1.4." not in oid] == []


def test_the_tenant_sees_its_own_outlets(before: list[Varbind]) -> None:
    changed = furnished(unit(4, sensors=(SENSOR,)))
    outlets = tuple(
        replace(row, state=OutletState.OFF, relay_closed=False) if row.index == 2 else row
        for row in changed.outlets
    )
    found = differing(before, seen(replace(changed, outlets=outlets)))
    assert len(found) >= 14  # both values in each of seven trees
