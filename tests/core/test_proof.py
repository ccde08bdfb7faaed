# SPDX-License-Identifier: Apache-2.0
"""Welded relays and open fuses: found in time, and never where there is none."""

from __future__ import annotations

import random

import pytest

from pdu_agent.core.settings import BranchSettings, DeviceSettings, LineSettings
from pdu_agent.model.commands import Action, Target, TargetKind
from pdu_agent.model.events import AlarmCleared, AlarmRaised
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.readings import Measurement, Reading
from pdu_agent.model.snapshot import EventKind, Severity
from tests.core.bench import INLET, Workbench

ONE = Target(TargetKind.OUTLET, 1)
BRANCH = Target(TargetKind.BRANCH, 1)


def values(current_a: float, voltage_v: float | None = 230.0) -> Electrical:
    return Electrical(voltage_v=voltage_v, current_a=current_a, quality=Quality.OK)


def windows(
    bench: Workbench,
    seconds: float,
    current_a: float = 0.0,
    voltage_v: float | None = 230.0,
    *,
    inlet_v: float = 230.0,
    span_s: float = 0.2,
    branch_v: float | None = None,
) -> float | None:
    """Deliver windows back to back; returns after how many seconds the first alarm stood."""
    found = None
    for number in range(round(seconds / span_s)):
        bench.run(span_s)
        measured = [
            Measurement(INLET, values(1.0, inlet_v), 0.0),
            Measurement(ONE, values(current_a, voltage_v), 0.0),
        ]
        if branch_v is not None:
            measured.append(Measurement(BRANCH, values(1.0, branch_v), 0.0))
        bench.measure(*measured, span_s=span_s)
        standing = bench.alarms("welded") + bench.alarms("fuse")
        if found is None and standing:
            found = (number + 1) * span_s
    return found


def test_a_welded_relay_is_told_within_3_s_of_its_first_window() -> None:
    bench = Workbench(1, relays=[False])
    windows(bench, 5)
    after_s = windows(bench, 4, current_a=2.0)
    assert after_s is not None
    assert after_s <= 3
    (alarm,) = bench.alarms("welded")
    assert (alarm.severity, alarm.target, alarm.subject) == (Severity.CRITICAL, ONE, "outlet 1")
    assert alarm.text == "the relay is open, but 2 A flow: it may be welded"
    assert bench.core.snapshot.events[-1].kind is EventKind.HARDWARE_FAULT


WAY_S = 0.15
"""From the end of a window to its reading: the rest of a block, and what the cutter looks ahead."""


@pytest.mark.parametrize("span_s", [0.1981, 0.2, 0.2019], ids=["50.5 Hz", "50 Hz", "49.5 Hz"])
@pytest.mark.parametrize("late_share", [0.01, 0.4, 0.99])
@pytest.mark.parametrize(
    ("action", "found"),
    [(Action.OFF, Measurement(ONE, values(2.0), 0.0)), (Action.ON, None)],
    ids=["welded", "fuse"],
)
def test_however_windows_lie_to_the_movement_it_is_told_within_3_s(
    span_s: float, late_share: float, action: Action, found: Measurement | None
) -> None:
    """The relay moves at some moment of a window; real windows are no multiples of 0.2 s."""
    bench = Workbench(1, relays=[action is Action.OFF])
    told = found or Measurement(ONE, values(0.0, 1.0), 0.0)
    moved_s = bench.clock.monotonic_s()
    bench.switch(1, action)
    end_s = moved_s - late_share * span_s
    while not bench.alarms("welded") and not bench.alarms("fuse"):
        end_s += span_s
        bench.run(end_s + WAY_S - bench.clock.monotonic_s())
        points = (Measurement(INLET, values(1.0), 0.0), told)
        bench.core.on_reading(Reading("meter", 1, end_s, span_s, points))
        assert bench.clock.monotonic_s() - moved_s < 4
    assert 2 < bench.clock.monotonic_s() - moved_s < 3


def test_the_alarm_clears_by_itself_and_is_told_once() -> None:
    bench = Workbench(1, relays=[False])
    windows(bench, 10, current_a=2.0)
    windows(bench, 1)
    told = bench.heard.drain()
    assert bench.alarms("welded") == []
    assert len([event for event in told if isinstance(event, AlarmRaised)]) == 1
    assert len([event for event in told if isinstance(event, AlarmCleared)]) == 1


def test_switching_on_ends_it() -> None:
    bench = Workbench(1, relays=[False])
    windows(bench, 4, current_a=2.0)
    bench.switch(1, Action.ON)
    windows(bench, 3, current_a=2.0)
    assert bench.alarms("welded") == []


def test_a_slow_meter_that_has_the_whole_span_in_one_window_tells_at_once() -> None:
    bench = Workbench(1, relays=[False], stale_after_s=30.0)
    windows(bench, 20, span_s=10.0)
    assert windows(bench, 10, current_a=2.0, span_s=10.0) == 10.0


def test_a_window_that_began_while_the_relay_was_closed_accuses_nobody() -> None:
    bench = Workbench(1, stale_after_s=30.0)
    bench.run(5)
    bench.switch(1, Action.OFF)
    bench.run(5)
    bench.measure(Measurement(ONE, values(1.0), 0.0), span_s=10.0)
    assert bench.alarms("welded") == []


@pytest.mark.parametrize("seed", [1, 2])
def test_switching_back_and_forth_raises_nothing(seed: int) -> None:
    """The load stops 0.4 s after the relay has opened: the window of the arc, and one more."""
    bench = Workbench(1)
    chance = random.Random(seed)
    flowing_until_s = 0.0
    for _ in range(60):
        action = chance.choice((Action.ON, Action.OFF, Action.REBOOT))
        bench.switch(1, action)
        for _ in range(chance.randrange(1, 40)):
            bench.run(0.2)
            now_s = bench.clock.monotonic_s()
            if bench.board.relays[0]:
                flowing_until_s = now_s + 0.4
            flows = now_s <= flowing_until_s
            bench.measure(Measurement(ONE, values(3.0 if flows else 0.0), 0.0))
            assert bench.alarms("welded") == []


@pytest.mark.parametrize("with_cutoff", [True, False])
def test_24_hours_of_20_milliamperes_of_noise_raise_nothing(with_cutoff: bool) -> None:
    """RMS of windows of 1600 samples of noise of 20 mA: their spread is 20 mA / sqrt(3200)."""
    chance = random.Random(7)
    bench = Workbench(1, relays=[False], stale_after_s=5.0)
    raised = 0
    for _ in range(24 * 3600):  # one window a second: each has the current of five at 0.2 s
        bench.clock.advance(1.0)
        noise_a = abs(chance.gauss(0.020, 0.020 / 3200**0.5))
        if with_cutoff:
            noise_a = 0.0 if noise_a <= 0.021 else noise_a
        bench.measure(Measurement(ONE, values(noise_a), 0.0), span_s=1.0)
    raised = sum(isinstance(event, AlarmRaised) for event in bench.heard.drain())
    assert raised == 0


def test_single_windows_above_the_limit_raise_nothing() -> None:
    bench = Workbench(1, relays=[False])
    for _ in range(20):
        windows(bench, 1.6, current_a=0.06)
        windows(bench, 0.2, current_a=0.02)
    assert bench.alarms("welded") == []


def test_the_limit_can_be_set() -> None:
    bench = Workbench(1, relays=[False], device=DeviceSettings(weld_current_a=0.5))
    assert windows(bench, 5, current_a=0.4) is None
    assert windows(bench, 5, current_a=0.5) is not None


def test_what_is_stale_proves_nothing() -> None:
    bench = Workbench(1, relays=[False])
    windows(bench, 1.0, current_a=2.0)
    bench.run(30)
    windows(bench, 1.0, current_a=2.0)
    assert bench.alarms("welded") == []
    windows(bench, 3.0, current_a=2.0)
    bench.run(30)
    assert len(bench.alarms("welded")) == 1


# fuses


def test_a_closed_relay_without_voltage_is_told_within_3_s() -> None:
    bench = Workbench(1)
    windows(bench, 3, current_a=1.0)
    after_s = windows(bench, 4, voltage_v=12.0)
    assert after_s is not None
    assert after_s <= 3
    (alarm,) = bench.alarms("fuse")
    assert (alarm.severity, alarm.target) == (Severity.CRITICAL, ONE)
    windows(bench, 1)
    assert bench.alarms("fuse") == []


@pytest.mark.parametrize(
    ("voltage_v", "inlet_v"), [(0.0, 0.0), (0.0, 100.0), (None, 230.0), (60.0, 230.0)]
)
def test_no_mains_or_no_voltage_input_is_no_fuse(voltage_v: float | None, inlet_v: float) -> None:
    bench = Workbench(1)
    assert windows(bench, 10, voltage_v=voltage_v, inlet_v=inlet_v) is None


def test_twelve_volts_of_direct_voltage_are_no_blown_fuse_but_a_weld_is_told() -> None:
    bench = Workbench(1, direct_points=frozenset({ONE}))
    assert windows(bench, 10, current_a=1.0, voltage_v=12.0) is None
    bench.switch(1, Action.OFF)
    assert windows(bench, 5, current_a=1.0, voltage_v=12.0) is not None
    assert len(bench.alarms("welded")) == 1


def test_an_open_relay_without_voltage_is_as_it_should_be() -> None:
    bench = Workbench(1, relays=[False])
    assert windows(bench, 10, voltage_v=0.0) is None


def test_a_branch_without_voltage_is_told_and_its_outlets_are_not_blamed() -> None:
    bench = Workbench(1, branches=(BranchSettings(1),), branch=1)
    windows(bench, 2, branch_v=230.0)
    after_s = windows(bench, 5, voltage_v=0.0, branch_v=0.0)
    assert after_s is not None
    assert after_s <= 3
    assert [alarm.target for alarm in bench.alarms("fuse")] == [BRANCH]


@pytest.mark.parametrize("dead", [(2,), (2, 3)])
def test_a_missing_phase_is_told_once_and_not_of_all_that_hangs_on_it(
    dead: tuple[int, ...],
) -> None:
    lines = tuple(LineSettings(n, line=f"l{n}") for n in (1, 2, 3))
    branches = (BranchSettings(1, line="l2"),)
    names = tuple(f"line {n}" for n in (1, 2, 3))
    bench = Workbench(2, lines=lines, branches=branches, also_metered=names, branch=1, line="l2")
    of_line = {n: Target(TargetKind.LINE, n) for n in (1, 2, 3)}
    behind = [BRANCH, ONE, Target(TargetKind.OUTLET, 2)]

    def windows_of(dead_lines: tuple[int, ...]) -> None:
        for _ in range(15):
            bench.run(0.2)
            volts = {target: 0.0 if n in dead_lines else 230.0 for n, target in of_line.items()}
            volts |= dict.fromkeys(behind, volts[of_line[2]])
            bench.measure(
                *(Measurement(target, values(0.0, v), 0.0) for target, v in volts.items()),
                span_s=0.2,
            )

    windows_of(())
    windows_of(dead)
    assert [alarm.target for alarm in bench.alarms("fuse")] == [of_line[n] for n in dead]
    windows_of(())
    assert bench.alarms("fuse") == []
    windows_of((1, 2, 3))  # nothing is fed: no fuse
    assert bench.alarms("fuse") == []
