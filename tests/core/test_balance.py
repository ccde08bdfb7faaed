# SPDX-License-Identifier: Apache-2.0
"""An inlet's power against the sum of its outlets."""

from __future__ import annotations

import pytest

from pdu_agent.core.settings import InletSettings
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.readings import Measurement
from pdu_agent.model.snapshot import Severity
from tests.core.bench import INLET, Workbench


def power(target: Target, active_power_w: float, quality: Quality = Quality.OK) -> Measurement:
    return Measurement(target, Electrical(active_power_w=active_power_w, quality=quality), 0.0)


def pass_time(bench: Workbench, seconds: float, inlet_w: float, *outlets_w: float) -> None:
    outlets = [
        power(Target(TargetKind.OUTLET, number), watts)
        for number, watts in enumerate(outlets_w, start=1)
    ]
    for _ in range(round(seconds / 0.5)):
        bench.run(0.5)
        bench.measure(power(INLET, inlet_w), *outlets)


def unaccounted_w(bench: Workbench) -> float | None:
    return bench.core.snapshot.inlets[0].unaccounted_w


def test_an_unmetered_load_of_40_w_is_flagged_after_a_minute_and_clears() -> None:
    bench = Workbench(2)
    pass_time(bench, 120, 305.0, 100.0, 200.0)
    assert bench.alarms("mismatch") == []
    pass_time(bench, 59, 345.0, 100.0, 200.0)
    assert bench.alarms("mismatch") == []
    assert unaccounted_w(bench) == pytest.approx(45.0)
    pass_time(bench, 2, 345.0, 100.0, 200.0)
    (alarm,) = bench.alarms("mismatch")
    assert (alarm.target, alarm.severity) == (INLET, Severity.WARNING)
    assert alarm.text == "unmetered load: 45 W more than all outlets together"
    pass_time(bench, 1, 305.0, 100.0, 200.0)
    assert bench.alarms("mismatch") == []


def test_own_use_and_two_percent_are_no_mismatch() -> None:
    bench = Workbench(2, inlet=InletSettings(1, own_use_w=20.0))
    pass_time(bench, 90, 3079.0, 1000.0, 2000.0)
    assert bench.alarms("mismatch") == []
    pass_time(bench, 90, 3090.0, 1000.0, 2000.0)
    assert len(bench.alarms("mismatch")) == 1


def test_a_load_that_is_moved_for_less_than_a_minute_is_no_mismatch() -> None:
    bench = Workbench(1)
    for _ in range(5):
        pass_time(bench, 50, 200.0, 100.0)
        pass_time(bench, 1, 102.0, 100.0)
    assert bench.alarms("mismatch") == []


def test_outlets_that_measure_more_than_the_inlet_are_flagged() -> None:
    bench = Workbench(2)
    pass_time(bench, 70, 250.0, 100.0, 200.0)
    (alarm,) = bench.alarms("mismatch")
    assert alarm.text == "the outlets together measure 50 W more than the inlet"


def test_without_every_outlet_there_is_nothing_to_compare() -> None:
    bench = Workbench(2)
    pass_time(bench, 90, 345.0, 100.0)
    assert unaccounted_w(bench) is None
    assert bench.alarms("mismatch") == []


def test_while_an_outlet_is_silent_nothing_is_judged() -> None:
    bench = Workbench(2)
    pass_time(bench, 50, 345.0, 100.0, 200.0)
    pass_time(bench, 5, 345.0, 100.0)
    assert unaccounted_w(bench) is None
    pass_time(bench, 50, 345.0, 100.0, 200.0)
    assert bench.alarms("mismatch") == []


@pytest.mark.parametrize("clipped", [INLET, Target(TargetKind.OUTLET, 1)], ids=str)
def test_a_clipped_power_is_too_small_to_accuse_anybody(clipped: Target) -> None:
    bench = Workbench(1)
    for _ in range(150):
        bench.run(0.5)
        for target, watts in ((INLET, 6000.0), (Target(TargetKind.OUTLET, 1), 5000.0)):
            quality = Quality.CLIPPED if target == clipped else Quality.OK
            bench.measure(power(target, watts, quality))
    assert unaccounted_w(bench) is None
    assert bench.alarms("mismatch") == []
