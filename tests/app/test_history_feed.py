# SPDX-License-Identifier: Apache-2.0
"""What the history is fed with: columns, values and gaps, seconds, counters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pdu_agent.app.history_feed import Columns, HistoryFeed, values_of
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.history import Kept, Series
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.snapshot import MeterStatus, Sensor, SensorKind, SensorStatus, Snapshot
from pdu_agent.store.history.energy import Counted
from pdu_agent.store.history.rollups import Floats
from tests.web.fake_agent import make_meter, make_outlet, make_snapshot

OUTLET_1 = Target(TargetKind.OUTLET, 1)


class Store:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, float]] = []
        self.booked: list[tuple[int, Sequence[Counted]]] = []

    def record(self, columns: tuple[Series, ...], first_s: int, samples: Floats) -> None:
        place = columns.index(Series(OUTLET_1, Kept.ACTIVE_POWER))
        self.rows += [(first_s + i, float(row[place])) for i, row in enumerate(samples)]

    def book(self, wall_s: int, counted: Sequence[Counted]) -> None:
        self.booked.append((wall_s, counted))


def snapshot_with(**meter: Any) -> Snapshot:
    return make_snapshot(outlets=(make_outlet(1, meter=make_meter(**meter)),))


class World:
    def __init__(self, speed: float = 1.0) -> None:
        self.clock = ManualClock(wall_s=1_800_000_000.5)
        self.store = Store()
        self.snapshot = snapshot_with()
        self.feed = HistoryFeed(lambda: self.snapshot, self.clock, self.store, speed)  # type: ignore[arg-type]

    def tick(self, later_s: float = 1.0) -> None:
        self.clock.advance(later_s)
        self.feed.tick()

    @property
    def seconds(self) -> list[int]:
        return [second - 1_800_000_000 for second, _ in self.store.rows]


def test_each_second_gets_a_row() -> None:
    world = World()
    for _ in range(3):
        world.tick()
    assert world.seconds == [1, 2, 3]
    assert world.store.rows[0][1] == pytest.approx(103.2)


def test_a_loop_that_is_late_leaves_no_hole_and_doubles_nothing() -> None:
    world = World()
    for later_s in (1.0, 0.3, 2.0, 1.1):
        world.tick(later_s)
    assert world.seconds == [1, 2, 3, 4]


def test_what_was_not_seen_for_long_is_a_gap() -> None:
    world = World()
    world.tick()
    world.tick(60.0)
    assert world.seconds == [1, 61]


def test_a_clock_that_was_set_makes_no_rows_of_its_own() -> None:
    world = World()
    world.tick()
    world.clock.jump_wall(2.0)
    world.tick()
    world.clock.jump_wall(-3600)
    world.tick()
    assert world.seconds == [1, 4, -3595]


def test_simulated_seconds_are_filled() -> None:
    world = World(speed=60.0)
    world.tick()
    world.tick(60.0)
    assert world.seconds == list(range(1, 62))


@pytest.mark.parametrize(
    "meter",
    [
        {"status": MeterStatus.STALE},
        {"status": MeterStatus.FAULT},
        {"electrical": Electrical(active_power_w=None, quality=Quality.OK)},
        {"electrical": Electrical(active_power_w=float("inf"), quality=Quality.OK)},
        {"electrical": Electrical(active_power_w=1e30, quality=Quality.OK)},
    ],
)
def test_what_is_not_measured_now_is_a_gap(meter: dict[str, Any]) -> None:
    world = World()
    world.snapshot = snapshot_with(**meter)
    world.tick()
    assert np.isnan(world.store.rows[0][1])


def test_columns_and_values_agree() -> None:
    def sensor(index: int, kind: SensorKind, value: float, status: SensorStatus) -> Sensor:
        return Sensor(index, "", kind, value, status, None, "", None, None)

    snapshot = replace(
        make_snapshot(),
        sensors=(
            sensor(1, SensorKind.TEMPERATURE, 21.5, SensorStatus.OK),
            sensor(2, SensorKind.CONTACT, 1.0, SensorStatus.OK),
            sensor(3, SensorKind.HUMIDITY, 40.0, SensorStatus.STALE),
        ),
    )
    columns, values = Columns.of(snapshot), values_of(snapshot)
    assert len(columns.series) == len(values) == len(set(columns.series))
    shown = dict(zip(columns.series, values.tolist(), strict=True))
    outlet = next(row for row in snapshot.outlets if row.meter is not None)
    assert outlet.meter is not None
    target = Target(TargetKind.OUTLET, outlet.index)
    assert shown[Series(target, Kept.CURRENT)] == pytest.approx(outlet.meter.electrical.current_a)
    inlet = Target(TargetKind.INLET, 1)
    assert shown[Series(inlet, Kept.FREQUENCY)] == pytest.approx(
        snapshot.inlets[0].meter.electrical.frequency_hz
    )
    assert shown[Series(Target(TargetKind.SENSOR, 1), Kept.TEMPERATURE)] == 21.5
    assert shown[Series(Target(TargetKind.SENSOR, 2), Kept.STATE)] == 1.0
    assert np.isnan(shown[Series(Target(TargetKind.SENSOR, 3), Kept.HUMIDITY)])


def test_counters_are_booked_at_the_first_second_of_a_minute_with_what_was_seen() -> None:
    world = World()
    world.tick()
    (first_s, _), *_ = world.store.booked
    assert first_s == 1_800_000_001
    for second in range(150):
        stale = MeterStatus.STALE if second < 20 else MeterStatus.OK
        world.snapshot = snapshot_with(energy_mj=second, status=stale)
        world.tick()
    (at_s, counted), (then_s, later) = world.store.booked[1:]
    assert (at_s % 60, then_s - at_s) == (0, 60)
    mine = next(each for each in counted if each.target == OUTLET_1)
    assert mine.energy_mj == at_s - 1_800_000_002
    assert mine.seen_s == at_s - 1_800_000_001 - 20
    assert next(each for each in later if each.target == OUTLET_1).seen_s == 60
