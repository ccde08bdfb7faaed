# SPDX-License-Identifier: Apache-2.0
"""Outlets stay off while what feeds them carries too much, where that is asked for."""

from __future__ import annotations

import pytest

from pdu_agent.core.settings import (
    BranchSettings,
    DeviceSettings,
    GroupSettings,
    InletSettings,
    ThresholdSettings,
)
from pdu_agent.model.commands import (
    Action,
    BranchSetting,
    Command,
    ConfigureBranch,
    ConfigureInlet,
    ConfigureThreshold,
    InletSetting,
    Limit,
    Lock,
    OverloadRestriction,
    Quantity,
    SetLimit,
    SetLock,
    SwitchAll,
    SwitchGroup,
    SwitchOutlet,
    Target,
    TargetKind,
    ThresholdSetting,
)
from pdu_agent.model.errors import BudgetExceeded
from pdu_agent.model.snapshot import OutletState, ThresholdState
from tests.core.bench import INLET, Workbench

BRANCH = Target(TargetKind.BRANCH, 2)
NONE, NEAR, OVER = (
    OverloadRestriction.NONE,
    OverloadRestriction.NEAR_OVERLOAD,
    OverloadRestriction.OVERLOAD,
)
CLOSING = (Action.ON, Action.ON_DELAYED, Action.REBOOT, Action.REBOOT_DELAYED)


def bench_of(restriction: OverloadRestriction, feeder: Target = INLET) -> Workbench:
    """Two outlets that are off behind a feeder with limits at 12 and 16 A; 8 A come back."""
    on_inlet, on_branch = (restriction if feeder is each else NONE for each in (INLET, BRANCH))
    limits = ThresholdSettings(
        feeder, Quantity.CURRENT, high_warning=12.0, high_critical=16.0, hysteresis=1.0
    )
    return Workbench(
        outlets=2,
        relays=[False, False],
        inlet=InletSettings(1, overload_restriction=on_inlet),
        branches=(BranchSettings(2, overload_restriction=on_branch),),
        branch=2,
        thresholds=(limits,),
        groups=(GroupSettings(1, outlets=(1, 2)),),
    )


@pytest.mark.parametrize("feeder", [INLET, BRANCH], ids=str)
@pytest.mark.parametrize(
    ("restriction", "current_a", "refused"),
    [
        (NONE, 20.0, False),
        (NEAR, 11.9, False),
        (NEAR, 12.0, True),
        (NEAR, 16.0, True),
        (OVER, 12.0, False),
        (OVER, 15.9, False),
        (OVER, 16.0, True),
    ],
)
@pytest.mark.parametrize("action", CLOSING)
def test_switching_on_is_refused_from_the_limit_that_the_restriction_names(
    feeder: Target,
    restriction: OverloadRestriction,
    current_a: float,
    refused: bool,
    action: Action,
) -> None:
    bench = bench_of(restriction, feeder)
    bench.read(feeder, current_a=current_a)
    if refused:
        with pytest.raises(BudgetExceeded):
            bench.switch(1, action)
        assert bench.state(1) is OutletState.OFF
    else:
        assert bench.switch(1, action)


def test_the_refusal_names_outlet_feeder_current_and_limit() -> None:
    bench = bench_of(NEAR, BRANCH)
    bench.read(BRANCH, current_a=12.25)
    with pytest.raises(BudgetExceeded) as caught:
        bench.submit(SetLock(2, Lock.LOCKED_OFF), SwitchOutlet(1, Action.ON))
    assert caught.value.position == 1
    assert str(caught.value) == (
        "outlet 1 is not switched on: branch 2 carries 12.25 A and has passed its high warning "
        "limit of 12 A (overload restriction: near overload)"
    )
    assert bench.outlet(2).lock is Lock.UNLOCKED


@pytest.mark.parametrize("command", [SwitchAll(Action.ON), SwitchGroup(1, Action.REBOOT)], ids=str)
def test_all_and_groups_are_refused_as_a_whole(command: Command) -> None:
    bench = bench_of(OVER)
    bench.read(current_a=17.0)
    with pytest.raises(BudgetExceeded):
        bench.submit(command)
    assert [bench.state(number) for number in (1, 2)] == [OutletState.OFF] * 2


def test_switching_off_is_always_allowed_and_what_is_on_may_be_told_so() -> None:
    bench = bench_of(NEAR)
    bench.switch(1, Action.ON)
    bench.run(1)
    bench.read(current_a=17.0)
    assert not bench.switch(1, Action.ON)
    assert bench.switch(1, Action.OFF_DELAYED, 100)
    assert bench.switch(1, Action.ON)  # stays on: nothing closes
    assert bench.switch(1, Action.OFF)
    bench.run(1)
    assert bench.state(1) is OutletState.OFF
    assert not bench.submit(SwitchAll(Action.OFF))


def test_what_was_accepted_before_is_carried_out() -> None:
    bench = bench_of(NEAR)
    bench.switch(1, Action.REBOOT)
    bench.switch(2, Action.ON_DELAYED, 10)
    bench.read(current_a=17.0)
    bench.run(12)
    assert [bench.state(number) for number in (1, 2)] == [OutletState.ON] * 2


def test_it_is_over_once_the_current_has_come_back_by_the_hysteresis() -> None:
    bench = bench_of(NEAR)
    for current_a in (12.5, 11.5):
        bench.read(current_a=current_a)
        with pytest.raises(BudgetExceeded, match=f"carries {current_a} A"):
            bench.switch(1, Action.ON)
    bench.read(current_a=10.9)
    assert bench.switch(1, Action.ON)


def test_a_silent_meter_lifts_no_restriction() -> None:
    bench = bench_of(NEAR)
    bench.read(current_a=13.0)
    bench.run(30)
    with pytest.raises(BudgetExceeded):
        bench.switch(1, Action.ON)


def test_the_restriction_can_be_changed_by_the_batch_that_switches() -> None:
    bench = bench_of(NEAR)
    bench.read(current_a=13.0)
    lift = ConfigureInlet(1, InletSetting.OVERLOAD_RESTRICTION, OVER)
    assert bench.submit(SwitchOutlet(1, Action.ON), lift)
    bench.submit(ConfigureBranch(2, BranchSetting.OVERLOAD_RESTRICTION, NEAR))
    bench.submit(SetLimit(BRANCH, Quantity.CURRENT, Limit.HIGH_WARNING, 5.0))
    bench.read(BRANCH, current_a=6.0)
    with pytest.raises(BudgetExceeded, match="branch 2 carries 6 A"):
        bench.switch(2, Action.ON)


@pytest.mark.parametrize("high_warning", [15.0, None])
def test_a_limit_counts_as_the_batch_that_switches_leaves_it(high_warning: float | None) -> None:
    bench = bench_of(NEAR)
    bench.read(current_a=13.0)
    lift = SetLimit(INLET, Quantity.CURRENT, Limit.HIGH_WARNING, high_warning)
    assert bench.submit(SwitchOutlet(1, Action.ON), lift)
    tighten = SetLimit(INLET, Quantity.CURRENT, Limit.HIGH_WARNING, 12.5)
    with pytest.raises(BudgetExceeded, match=r"passed its high warning limit of 12\.5 A"):
        bench.submit(SwitchOutlet(2, Action.ON), tighten)
    assert bench.threshold(Quantity.CURRENT).state is ThresholdState.NORMAL
    wait = ConfigureThreshold(INLET, Quantity.CURRENT, ThresholdSetting.DELAY_S, 10.0)
    assert bench.submit(SwitchOutlet(2, Action.ON), tighten, wait)


def test_no_limit_set_while_the_meter_is_silent_is_passed() -> None:
    bench = bench_of(NEAR)
    bench.read(current_a=11.0)
    bench.run(30)
    limit = SetLimit(INLET, Quantity.CURRENT, Limit.HIGH_WARNING, 5.0)
    assert bench.submit(SwitchOutlet(1, Action.ON), limit)


def test_a_feeder_without_a_meter_restricts_nothing() -> None:
    bench = Workbench(
        outlets=1,
        relays=[False],
        branches=(BranchSettings(2, overload_restriction=NEAR),),
        branch=2,
        metered_branches=False,
    )
    assert bench.switch(1, Action.ON)


def test_whoever_orders_on_what_waits_for_its_turn_after_a_power_loss_is_not_refused() -> None:
    bench = Workbench(
        outlets=2,
        relays=[False] * 2,
        cold=True,
        device=DeviceSettings(sequence_interval_s=10.0),
        inlet=InletSettings(1, overload_restriction=NEAR),
        thresholds=(ThresholdSettings(INLET, Quantity.CURRENT, high_warning=12.0),),
    )
    bench.read(current_a=13.0)
    assert bench.state(2) is OutletState.ON_PENDING
    assert not bench.switch(2, Action.ON)
    assert bench.outlet(2).is_ordered
    bench.run(11)
    assert bench.state(2) is OutletState.ON


def test_other_feeders_and_other_quantities_restrict_nothing() -> None:
    bench = bench_of(NEAR)
    bench.submit(SetLimit(INLET, Quantity.ACTIVE_POWER, Limit.HIGH_CRITICAL, 100.0))
    bench.submit(SetLimit(INLET, Quantity.CURRENT, Limit.LOW_WARNING, 5.0))
    bench.submit(SetLimit(BRANCH, Quantity.CURRENT, Limit.HIGH_CRITICAL, 5.0))
    bench.read(current_a=4.0, active_power_w=900.0)
    bench.read(BRANCH, current_a=9.0)
    assert bench.switch(1, Action.ON)
