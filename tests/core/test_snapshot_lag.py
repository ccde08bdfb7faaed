# SPDX-License-Identifier: Apache-2.0
"""Readings alone may renew a snapshot a little later; whatever happens is in it at once."""

from __future__ import annotations

from pdu_agent.core.settings import ThresholdSettings
from pdu_agent.model.commands import Action, Quantity
from pdu_agent.model.snapshot import OutletState, ThresholdState
from tests.core.bench import INLET, Workbench

LAG_S = 0.1
LIMIT = ThresholdSettings(INLET, Quantity.CURRENT, high_critical=16.0)


def bench_of() -> Workbench:
    """After its first reading, of 5 A."""
    bench = Workbench(outlets=2, thresholds=(LIMIT,), reading_lag_s=LAG_S)
    bench.read(current_a=5.0)
    bench.clock.advance(LAG_S)
    assert current_a(bench) == 5.0
    return bench


def current_a(bench: Workbench) -> float | None:
    return bench.core.snapshot.inlets[0].meter.electrical.current_a


def test_values_that_follow_each_other_closely_are_shown_together() -> None:
    bench = bench_of()
    before = bench.core.snapshot
    bench.read(current_a=6.0)
    bench.clock.advance(LAG_S / 2)
    bench.read(current_a=7.0)
    assert bench.core.snapshot is before
    bench.clock.advance(LAG_S / 2 + 1e-6)
    assert current_a(bench) == 7.0


def test_whoever_wants_it_renewed_has_every_value_and_all_others_too() -> None:
    bench = bench_of()
    assert bench.core.renewed() is bench.core.snapshot, "there is nothing newer"
    bench.read(current_a=6.0)
    renewed = bench.core.renewed()
    assert renewed.inlets[0].meter.electrical.current_a == 6.0
    assert bench.core.snapshot is renewed


def test_a_snapshot_that_nobody_asked_for_lately_is_as_new_as_its_readings() -> None:
    bench = bench_of()
    bench.read(current_a=6.0)
    bench.clock.advance(10 * LAG_S)
    bench.read(current_a=7.0)
    assert current_a(bench) == 7.0


def test_a_reading_that_raises_an_alarm_is_shown_with_it_at_once() -> None:
    bench = bench_of()
    bench.read(current_a=17.0)
    assert bench.alarms("threshold")
    assert bench.threshold(Quantity.CURRENT).state is ThresholdState.HIGH_CRITICAL
    assert current_a(bench) == 17.0


def test_an_order_is_shown_at_once_with_the_newest_values() -> None:
    bench = bench_of()
    bench.read(current_a=6.0)
    bench.switch(1, Action.OFF)
    assert bench.state(1) is OutletState.OFF
    assert current_a(bench) == 6.0
