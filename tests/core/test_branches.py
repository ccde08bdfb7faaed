# SPDX-License-Identifier: Apache-2.0
"""Branches: fuses and breakers behind an inlet, measured and watched like inlets and outlets."""

from __future__ import annotations

import pytest

from pdu_agent.core.settings import BranchSettings, ThresholdSettings
from pdu_agent.model.commands import (
    BranchSetting,
    ConfigureBranch,
    OverloadRestriction,
    Quantity,
    Reset,
    ResetMeter,
    ResetMeters,
    Target,
    TargetKind,
)
from pdu_agent.model.errors import InvalidValue, UnknownTarget
from pdu_agent.model.snapshot import MeterStatus
from tests.core.bench import Workbench

B1, B2 = (Target(TargetKind.BRANCH, number) for number in (1, 2))
BRANCHES = (BranchSettings(1, line="l1", rated_current_a=10.0), BranchSettings(2, name="rear"))


@pytest.fixture
def bench() -> Workbench:
    return Workbench(outlets=2, branches=BRANCHES, branch=2)


def test_a_branch_shows_what_it_is_and_what_it_carries(bench: Workbench) -> None:
    bench.read(B1, 5000.0, current_a=4.0, active_power_w=900.0)
    bench.run(1.1)
    first, second = bench.core.snapshot.branches
    assert (first.index, first.name, first.inlet, first.line) == (1, "Branch 1", 1, "l1")
    assert (first.rated_current_a, second.name) == (10.0, "rear")
    assert first.meter is not None
    assert (first.meter.energy_mj, first.meter.electrical.current_a) == (5000, 4.0)
    assert (first.meter.peak_current_a, first.meter.rated_current_a) == (4.0, 10.0)
    assert [outlet.branch for outlet in bench.core.snapshot.outlets] == [2, 2]


def test_a_branch_that_nothing_measures_has_no_meter_and_no_thresholds() -> None:
    bench = Workbench(outlets=1, branches=BRANCHES, metered_branches=False)
    assert [branch.meter for branch in bench.core.snapshot.branches] == [None, None]
    assert all(row.target.kind is not TargetKind.BRANCH for row in bench.core.snapshot.thresholds)
    with pytest.raises(UnknownTarget, match="branch 1 has no meter"):
        bench.submit(ResetMeter(B1, Reset.ENERGY))


def test_it_has_thresholds_for_what_a_branch_meter_measures(bench: Workbench) -> None:
    rows = [row for row in bench.core.snapshot.thresholds if row.target == B2]
    assert [row.quantity for row in rows] == [
        Quantity.CURRENT,
        Quantity.ACTIVE_POWER,
        Quantity.ENERGY,
        Quantity.DEMAND,
    ]


def test_its_overload_is_an_alarm_and_a_line_of_the_log() -> None:
    limits = ThresholdSettings(B2, Quantity.CURRENT, high_critical=10.0)
    bench = Workbench(outlets=1, branches=BRANCHES, thresholds=(limits,))
    bench.read(B2, current_a=10.5)
    (alarm,) = bench.alarms("threshold")
    assert (alarm.target, alarm.subject) == (B2, "branch 2 current")
    assert bench.core.snapshot.events[-1].text == (
        "branch 2 current: 10.5 A is at or above high critical 10 A"
    )


def test_a_silent_source_makes_it_stale(bench: Workbench) -> None:
    bench.read(B1, current_a=4.0)
    bench.run(3)
    meter = bench.core.snapshot.branches[0].meter
    assert meter is not None
    assert (meter.status, meter.electrical.current_a) == (MeterStatus.STALE, 4.0)


def test_its_settings_are_kept_over_a_restart(bench: Workbench) -> None:
    bench.submit(
        ConfigureBranch(1, BranchSetting.NAME, "front"),
        ConfigureBranch(1, BranchSetting.RATED_CURRENT_A, 13.0),
        ConfigureBranch(1, BranchSetting.OVERLOAD_RESTRICTION, OverloadRestriction.OVERLOAD),
    )
    assert bench.core.snapshot.events[-1].target == B1
    record = bench.core.final_record()
    shown = Workbench(outlets=2, branches=BRANCHES, record=record).core.snapshot.branches[0]
    assert (shown.name, shown.rated_current_a) == ("front", 13.0)
    assert shown.overload_restriction is OverloadRestriction.OVERLOAD


def test_its_energy_survives_a_restart_and_resets_leave_the_total(bench: Workbench) -> None:
    bench.read(B1, 5000.0)
    bench.read(B2, 600.0)
    again = Workbench(outlets=2, branches=BRANCHES, record=bench.core.final_record())
    again.submit(ResetMeters(TargetKind.BRANCH, Reset.ENERGY))
    meters = [branch.meter for branch in again.core.snapshot.branches if branch.meter]
    assert [(each.energy_mj, each.user_energy_mj) for each in meters] == [(5000, 0), (600, 0)]


def test_what_a_branch_does_not_take_is_refused(bench: Workbench) -> None:
    with pytest.raises(UnknownTarget, match="there is no branch 3"):
        bench.submit(ConfigureBranch(3, BranchSetting.NAME, "x"))
    with pytest.raises(InvalidValue, match="branch 1 rated_current_a: 0 is outside"):
        bench.submit(ConfigureBranch(1, BranchSetting.RATED_CURRENT_A, 0))
