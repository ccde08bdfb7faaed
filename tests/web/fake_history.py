# SPDX-License-Identifier: Apache-2.0
"""A history that is worked out: what draws what, when, and which hours are missing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pdu_agent.model.errors import StoreError
from pdu_agent.model.history import (
    HOUR_S,
    Averages,
    Curve,
    EnergyRow,
    HistorySize,
    Kept,
    Peak,
    PointHours,
    Purge,
    Purged,
    Series,
)
from pdu_agent.model.terms import Target, TargetKind

Draw = Callable[[Target, int], float | None]
"""Watts of a metering point in the quarter of an hour that begins then; None: nobody knows."""


def steady(target: Target, _at_s: int) -> float | None:
    """50 W at inlets, 40 W at outlets 1 and 2; nothing else is known."""
    if target.kind is TargetKind.INLET:
        return 50.0
    return 40.0 if target.kind is TargetKind.OUTLET and target.index < 3 else None


def hours_of_rows(rows: Iterable[EnergyRow], target: Target, hours_s: range) -> PointHours:
    """The same in columns, in the plainest way."""
    by_hour = {
        at_s: {row.tariff: row for row in rows if row.start_wall_s == at_s} for at_s in hours_s
    }
    tariffs = {row.tariff for row in rows}
    return PointHours(
        target,
        hours_s[0],
        {
            name: [parts[name].energy_mj if name in parts else 0 for parts in by_hour.values()]
            for name in tariffs
        },
        [bool(parts) for parts in by_hour.values()],
        [any(row.complete for row in parts.values()) for parts in by_hour.values()],
    )


class FakeHistory:
    """draw: see Draw. tariff: of an hour. until_s: nothing is known from then on."""

    def __init__(
        self,
        draw: Draw = steady,
        tariff: Callable[[int], str] = lambda _: "",
        until_s: float = 1_800_000_000.0,
    ) -> None:
        self.draw, self.tariff, self.until_s = draw, tariff, until_s
        self.purged: list[tuple[Purge, bool]] = []
        self.trouble = ""

    async def series(self) -> tuple[Series, ...]:
        return (Series(Target(TargetKind.OUTLET, 2), Kept.ACTIVE_POWER),)

    async def curve(
        self,
        series: Series,
        begin_wall_s: float,
        end_wall_s: float,
        points: int = 600,
        step_s: int | None = None,
    ) -> Curve:
        self._fail()
        step = step_s or 900
        start_s = int(begin_wall_s) // step * step
        times = range(start_s, int(end_wall_s), step)
        values = tuple(
            self.draw(series.target, each) if each < self.until_s else None for each in times
        )
        seen = tuple(0.0 if value is None else 1.0 for value in values)
        return Curve(series, start_s, step, values, values, values, values, seen, 900)

    async def peaks(
        self, series: Series, begin_wall_s: float, end_wall_s: float
    ) -> tuple[Peak, ...]:
        return ()

    async def energy(
        self, targets: Collection[Target] | None, edges_wall_s: Sequence[float]
    ) -> tuple[EnergyRow, ...]:
        self._fail()
        rows = []
        for start in edges_wall_s[:-1]:
            for target in targets or ():
                rows += self._hour(target, int(start))
        return tuple(rows)

    def _hour(self, target: Target, start_s: int) -> list[EnergyRow]:
        quarters = [self.draw(target, start_s + each) for each in range(0, HOUR_S, 900)]
        known = [value for value in quarters if value is not None]
        if not known or start_s + HOUR_S > self.until_s:
            return []
        energy_mj = round(sum(known) * 900_000)
        return [EnergyRow(start_s, target, self.tariff(start_s), energy_mj, len(known) == 4)]

    async def averages(
        self, series: Sequence[Series], begin_wall_s: float, end_wall_s: float
    ) -> Averages:
        curves = [await self.curve(each, begin_wall_s, end_wall_s, step_s=900) for each in series]
        values = np.array([curve.average for curve in curves], np.float64)
        return Averages(curves[0].start_wall_s, 900, values)

    async def hours(
        self, targets: Sequence[Target], begin_wall_s: float, end_wall_s: float
    ) -> tuple[PointHours, ...]:
        edges = range(int(begin_wall_s), int(end_wall_s) + HOUR_S, HOUR_S)
        rows = await self.energy(targets, edges)
        return tuple(
            hours_of_rows([row for row in rows if row.target == target], target, edges[:-1])
            for target in targets
        )

    async def put_energy(
        self, begin_wall_s: float, end_wall_s: float, rows: Sequence[EnergyRow]
    ) -> None:
        raise AssertionError("no face asks for this: the agent itself does")

    async def purge(self, wanted: Purge, dry_run: bool) -> Purged:
        self._fail()
        self.purged.append((wanted, dry_run))
        return Purged(120, 2 if wanted.energy else 0)

    async def snapshot_to(self, folder: Path) -> Path:
        raise AssertionError("no face asks for this: the agent itself does")

    async def restore_from(self, file: Path) -> None:
        raise AssertionError("no face asks for this: the agent itself does")

    async def size(self) -> HistorySize:
        return HistorySize(0, 0, 0, 0, (), 0)

    def _fail(self) -> None:
        if self.trouble:
            raise StoreError(self.trouble)


def break_at_third_curve(monkeypatch: pytest.MonkeyPatch) -> None:
    """The card fails when an answer has begun."""
    real, calls = FakeHistory.curve, 0

    async def failing(self: FakeHistory, *arguments: Any, **more: Any) -> Curve:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise StoreError("the card is gone")
        return await real(self, *arguments, **more)

    monkeypatch.setattr(FakeHistory, "curve", failing)
