# SPDX-License-Identifier: Apache-2.0
"""Hands the history a row of values each second, and the counters of energy each minute."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.app.runtime import Runtime
from pdu_agent.model.clock import Clock
from pdu_agent.model.history import Kept, Series
from pdu_agent.model.quantities import Electrical
from pdu_agent.model.snapshot import (
    Meter,
    MeterStatus,
    Sensor,
    SensorKind,
    SensorStatus,
    Snapshot,
)
from pdu_agent.model.terms import Target, TargetKind
from pdu_agent.store.history.energy import Counted
from pdu_agent.store.history.rollups import Floats
from pdu_agent.store.history.store import HistoryStore

SECOND_S = 1.0
MINUTE_S = 60
LONGEST_HOLD_S = 3.0
"""A sample stands for the time since the one before, if that is no longer: the loop was late, or
an occasion fell between two seconds. After more, what was not seen is a gap.
"""
LARGEST = 1e12
"""No value here is larger; what is comes from hardware that lies."""

_OUTLET = (Kept.ACTIVE_POWER, Kept.CURRENT, Kept.POWER_FACTOR)
_LINE = (Kept.ACTIVE_POWER, Kept.CURRENT, Kept.VOLTAGE, Kept.POWER_FACTOR)
_INLET = (*_LINE, Kept.FREQUENCY)
_BRANCH = (Kept.ACTIVE_POWER, Kept.CURRENT)
_OF_SENSOR = {
    SensorKind.TEMPERATURE: Kept.TEMPERATURE,
    SensorKind.HUMIDITY: Kept.HUMIDITY,
    SensorKind.PRESSURE: Kept.PRESSURE,
}
_NOTHING = Electrical()


@dataclass(frozen=True, slots=True)
class Columns:
    """What is kept of a snapshot. meters: the places of those rows that have a meter."""

    series: tuple[Series, ...]
    powers: dict[Target, int]
    """Column of the active power of each metering point that counts energy."""

    @classmethod
    def of(cls, snapshot: Snapshot) -> Columns:
        series: list[Series] = []
        powers = {}
        for target, _, kept in _points(snapshot):
            if Kept.ACTIVE_POWER in kept:
                powers[target] = len(series)
            series += [Series(target, quantity) for quantity in kept]
        series += [_series_of(sensor) for sensor in snapshot.sensors]
        return cls(tuple(series), powers)


def _points(snapshot: Snapshot) -> Iterator[tuple[Target, Meter, tuple[Kept, ...]]]:
    """Every metering point, in the order of the columns."""
    for inlet in snapshot.inlets:
        yield Target(TargetKind.INLET, inlet.index), inlet.meter, _INLET
        if inlet.residual is not None:
            target = Target(TargetKind.RESIDUAL, inlet.index)
            yield target, inlet.residual, (Kept.RESIDUAL_CURRENT,)
    for line in snapshot.lines:
        if line.meter is not None:
            yield Target(TargetKind.LINE, line.index), line.meter, _LINE
    for branch in snapshot.branches:
        if branch.meter is not None:
            yield Target(TargetKind.BRANCH, branch.index), branch.meter, _BRANCH
    for outlet in snapshot.outlets:
        if outlet.meter is not None:
            yield Target(TargetKind.OUTLET, outlet.index), outlet.meter, _OUTLET


def _series_of(sensor: Sensor) -> Series:
    quantity = _OF_SENSOR.get(sensor.kind, Kept.STATE)
    return Series(Target(TargetKind.SENSOR, sensor.index), quantity)


def values_of(snapshot: Snapshot) -> Floats:
    """In the order of Columns.of; NaN for what is stale, at fault or not measured."""
    found: list[float | None] = []
    for inlet in snapshot.inlets:
        e = _current(inlet.meter)
        found += (e.active_power_w, e.current_a, e.voltage_v, e.power_factor, e.frequency_hz)
        if inlet.residual is not None:
            found.append(_current(inlet.residual).current_a)
    for line in snapshot.lines:
        if line.meter is not None:
            e = _current(line.meter)
            found += (e.active_power_w, e.current_a, e.voltage_v, e.power_factor)
    for branch in snapshot.branches:
        if branch.meter is not None:
            e = _current(branch.meter)
            found += (e.active_power_w, e.current_a)
    for outlet in snapshot.outlets:
        if outlet.meter is not None:
            e = _current(outlet.meter)
            found += (e.active_power_w, e.current_a, e.power_factor)
    for sensor in snapshot.sensors:
        found.append(sensor.value if sensor.status is SensorStatus.OK else None)
    values = np.array(found, np.float64)
    with np.errstate(invalid="ignore"):
        values[~(np.abs(values) <= LARGEST)] = np.nan
    return values.astype(np.float32)


def _current(meter: Meter) -> Electrical:
    return meter.electrical if meter.status is MeterStatus.OK else _NOTHING


class HistoryFeed:
    """speed: simulated seconds per real second, as the clock counts them."""

    def __init__(
        self,
        snapshot: Callable[[], Snapshot],
        clock: Clock,
        store: HistoryStore,
        speed: float = 1.0,
    ) -> None:
        self._snapshot = snapshot
        self._clock = clock
        self._store = store
        self._speed = speed
        self._topology: int | None = None
        self._columns = Columns((), {})
        self._second: int | None = None
        self._mono_s = 0.0
        self._seen = np.zeros(0, np.int64)
        self._booked_minute: int | None = None

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.tick()
            await asyncio.sleep(SECOND_S)

    def tick(self) -> None:
        """Take what is measured now. Twice in a second, the first one counts."""
        snapshot = self._snapshot()
        second, mono_s = int(self._clock.wall_s()), self._clock.monotonic_s()
        held = self._held(second, mono_s)
        if held == 0:
            return
        self._second, self._mono_s = second, mono_s
        if snapshot.topology != self._topology:
            self._take_columns(snapshot)
        if self._columns.series:
            values = values_of(snapshot)
            self._seen += held * ~np.isnan(values)
            samples = np.repeat(values[None, :], held, axis=0)
            self._store.record(self._columns.series, second - held + 1, samples)
        if self._booked_minute != second // MINUTE_S:
            self._book(snapshot, second)

    def _held(self, second: int, mono_s: float) -> int:
        """For how many seconds up to this one the sample stands; 0: it is not needed."""
        if self._second is None:
            return 1
        passed = second - self._second
        limit_s = LONGEST_HOLD_S * max(1.0, self._speed)
        steady = abs(passed - (mono_s - self._mono_s)) < 2.0  # else the clock was set
        return passed if 0 <= passed <= limit_s and steady else 1

    def _take_columns(self, snapshot: Snapshot) -> None:
        columns = Columns.of(snapshot)
        if columns.series != self._columns.series:
            self._columns = columns
            self._seen = np.zeros(len(columns.series), np.int64)
        self._topology = snapshot.topology

    def _book(self, snapshot: Snapshot, second: int) -> None:
        counted = [
            Counted(
                target,
                meter.energy_mj,
                meter.tariffs,
                int(self._seen[self._columns.powers[target]]),
            )
            for target, meter, _ in _points(snapshot)
            if target in self._columns.powers
        ]
        self._seen[:] = 0
        self._booked_minute = second // MINUTE_S
        self._store.book(second, counted)

    def finish(self) -> None:
        """The counters as they stand now, before the store is closed."""
        if self._second is not None:
            self._book(self._snapshot(), int(self._clock.wall_s()))


class HistoryKeeper:
    """Store and feed of an agent. `start` and `stop` once each, in the loop."""

    def __init__(self, settings: AgentSettings, clock: Clock, runtime: Runtime) -> None:
        self._runtime = runtime
        self.store = HistoryStore(
            settings.runtime_dir, settings.state_dir, settings.history, self._on_trouble
        )
        core = runtime.core
        speed = settings.simulator.speed
        self._feed = HistoryFeed(lambda: core.snapshot, clock, self.store, speed)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._feed.run(), name="history")

    async def stop(self) -> None:
        """Returns when everything is written."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._feed.finish()
        await asyncio.to_thread(self.store.close)

    def _on_trouble(self, text: str) -> None:
        self._runtime.post(self._tell, text)

    def _tell(self, text: str) -> None:
        self._runtime.core.on_device_trouble("store", "history", text or None)
