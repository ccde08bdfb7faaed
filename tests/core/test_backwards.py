# SPDX-License-Identifier: Apache-2.0
"""Power that flows backwards: a warning after ten seconds, unless the configuration allows it."""

from __future__ import annotations

import pytest

from pdu_agent.core.settings import BranchSettings, InletSettings, LineSettings
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.events import AlarmCleared, AlarmRaised
from pdu_agent.model.snapshot import Severity
from tests.core.bench import INLET, Workbench

OUTLET = Target(TargetKind.OUTLET, 1)
WINDOW_S = 0.2


def flow(
    bench: Workbench,
    watts: float | None,
    seconds: float,
    target: Target = OUTLET,
    **others: float,
) -> None:
    """Windows that follow each other."""
    values = dict(others) if watts is None else {"active_power_w": watts, **others}
    for _ in range(round(seconds / WINDOW_S)):
        bench.clock.advance(WINDOW_S)
        bench.read(target, energy_mj=1000 * WINDOW_S * (watts or 0.0), **values)


def test_ten_seconds_backwards_are_one_warning_that_says_what_to_do() -> None:
    bench = Workbench(1)
    flow(bench, -100.0, 9.8, apparent_power_va=110.0)
    assert bench.alarms("backwards") == []
    flow(bench, -100.0, 60.0, apparent_power_va=110.0)
    (alarm,) = bench.alarms("backwards")
    assert (alarm.severity, alarm.target) == (Severity.WARNING, OUTLET)
    assert alarm.text == (
        "100 W flow backwards and are not counted: its current transformer is probably the wrong"
        " way round. Turn it, or make its gain negative where it has one; if something really"
        " feeds back, set feeds_back: true for outlet 1"
    )
    assert len(bench.events(AlarmRaised)) == 1


def test_direct_current_has_a_shunt() -> None:
    bench = Workbench(1, direct_points=frozenset({OUTLET}))
    flow(bench, -20.0, 11.0)
    (alarm,) = bench.alarms("backwards")
    assert "its shunt is probably the wrong way round. Swap its two ends; if" in alarm.text


def test_it_is_over_after_ten_seconds_the_right_way_and_not_because_nothing_flows() -> None:
    bench = Workbench(1)
    flow(bench, -100.0, 11.0, apparent_power_va=110.0)
    for _ in range(5):  # a refrigerator with its transformer the wrong way round
        flow(bench, 0.0, 30.0, apparent_power_va=0.0)
        flow(bench, -100.0, 30.0, apparent_power_va=110.0)
    assert len(bench.alarms("backwards")) == 1
    assert len(bench.events(AlarmRaised)) == 1
    flow(bench, 100.0, 9.8, apparent_power_va=110.0)
    assert len(bench.alarms("backwards")) == 1
    flow(bench, 100.0, 0.4, apparent_power_va=110.0)
    assert bench.alarms("backwards") == []
    assert len(bench.events(AlarmCleared)) == 1


@pytest.mark.parametrize(
    ("watts", "volt_amperes"),
    [(-1.9, 1.9), (-1.9, 2.0), (-9.0, 50.0), (-190.0, 1000.0), (0.0, 20.0), (5.0, 50.0)],
)
def test_noise_and_what_a_capacitor_seems_to_give_back_are_no_alarm(
    watts: float, volt_amperes: float
) -> None:
    bench = Workbench(1)
    flow(bench, watts, 60.0, apparent_power_va=volt_amperes)
    assert bench.alarms("backwards") == []


def test_a_moment_is_no_alarm() -> None:
    bench = Workbench(1)
    for _ in range(10):
        flow(bench, -500.0, 9.0, apparent_power_va=500.0)
        flow(bench, 500.0, 0.2, apparent_power_va=500.0)
    assert bench.alarms("backwards") == []


def test_silence_in_between_is_no_proof() -> None:
    bench = Workbench(1)
    flow(bench, -500.0, 6.0, apparent_power_va=500.0)
    bench.run(60)
    flow(bench, -500.0, 6.0, apparent_power_va=500.0)
    assert bench.alarms("backwards") == []


def test_a_meter_that_is_polled_every_half_minute_is_judged_too() -> None:
    bench = Workbench(1, stale_after_s=90.0)
    for _ in range(2):
        bench.clock.advance(30)
        bench.read(OUTLET, active_power_w=-300.0, voltage_v=230.0, current_a=1.4)
    assert len(bench.alarms("backwards")) == 1


def test_apparent_power_may_be_volts_by_amperes_or_missing() -> None:
    bench = Workbench(2)
    flow(bench, -30.0, 11.0, voltage_v=230.0, current_a=1.0)
    assert bench.alarms("backwards") == []
    flow(bench, -30.0, 11.0, Target(TargetKind.OUTLET, 2))
    (alarm,) = bench.alarms("backwards")
    assert alarm.subject == "outlet 2"


def test_without_watts_nothing_is_said() -> None:
    bench = Workbench(1)
    flow(bench, None, 11.0, current_a=3.0, apparent_power_va=690.0)
    assert bench.alarms("backwards") == []


BRANCH, LINE = Target(TargetKind.BRANCH, 2), Target(TargetKind.LINE, 1)


@pytest.mark.parametrize("target", [INLET, BRANCH, LINE, OUTLET], ids=str)
@pytest.mark.parametrize("allowed", [False, True])
def test_what_may_feed_back_is_said_in_the_configuration(target: Target, allowed: bool) -> None:
    """A line may what its inlet may."""
    bench = Workbench(
        1,
        inlet=InletSettings(1, feeds_back=allowed),
        branches=(BranchSettings(2, feeds_back=allowed),),
        lines=(LineSettings(1, "l1"),),
        also_metered=("inlet 1", "line 1"),
        feeds_back=allowed,
    )
    flow(bench, -400.0, 11.0, target, apparent_power_va=400.0)
    assert len(bench.alarms("backwards")) == (0 if allowed else 1)
    if not allowed:
        of = "inlet 1" if target == LINE else str(target)
        assert bench.alarms("backwards")[0].text.endswith(f"set feeds_back: true for {of}")
