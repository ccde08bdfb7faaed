# SPDX-License-Identifier: Apache-2.0
"""One simulated year of 64 outlets in the history: its size, the time of curves, writes per day,
and what a bill of a month takes.

    python -m bench.history_year [--days 365] [--folder DIR]

Minutes of noisy loads are fed with an injected clock. The first two days go to the card as the
agent sends them, every quarter of an hour, and their writes are counted by write_bytes of
/proc/self/io (the folder has to be on a disk for that, not on a tmpfs); the others day by day.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from zoneinfo import ZoneInfo

import numpy as np

from pdu_agent.core.costs.money import Price
from pdu_agent.core.costs.prices import Prices
from pdu_agent.core.costs.series import PriceSeries
from pdu_agent.core.costs.settings import PriceList, PriceSettings
from pdu_agent.core.costs.terms import CostTerms
from pdu_agent.core.metered.tariffs import TariffPlan
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.history import Kept, Series
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.store.history.blocks import DAY_S, MINUTES_A_DAY
from pdu_agent.store.history.card import MIB
from pdu_agent.store.history.energy import Counted
from pdu_agent.store.history.reader import Reader
from pdu_agent.store.history.recorder import Recorder
from pdu_agent.store.history.rollups import Rollups
from pdu_agent.store.history.settings import HistorySettings
from pdu_agent.store.history.store import HistoryStore
from pdu_agent.web.cost_report import Span, cost_report

BEGIN_S = 1_798_761_600  # 2027-01-01T00:00:00Z
REAL_DAYS = 2
COST_GOAL_MS = 200
ON_DISK = {
    TargetKind.INLET: (1, (Kept.ACTIVE_POWER, Kept.CURRENT, Kept.VOLTAGE, Kept.POWER_FACTOR)),
    TargetKind.LINE: (3, (Kept.ACTIVE_POWER, Kept.CURRENT, Kept.VOLTAGE, Kept.POWER_FACTOR)),
    TargetKind.BRANCH: (8, (Kept.ACTIVE_POWER, Kept.CURRENT)),
    TargetKind.OUTLET: (64, (Kept.ACTIVE_POWER, Kept.CURRENT, Kept.POWER_FACTOR)),
}
NOISE = {Kept.ACTIVE_POWER: 0.3, Kept.CURRENT: 0.002, Kept.VOLTAGE: 0.3, Kept.POWER_FACTOR: 0.001}
LEVEL = {Kept.ACTIVE_POWER: 100.0, Kept.CURRENT: 0.45, Kept.VOLTAGE: 230.0, Kept.POWER_FACTOR: 0.97}


def columns_of_rack() -> tuple[Series, ...]:
    return tuple(
        Series(Target(kind, index), quantity)
        for kind, (count, quantities) in ON_DISK.items()
        for index in range(1, count + 1)
        for quantity in quantities
    )


def a_day(columns: tuple[Series, ...], random: np.random.Generator) -> Rollups:
    """Minutes of loads that change some times an hour, a fifth of them off, with noise."""
    shape = (len(columns), MINUTES_A_DAY)
    level = np.array([LEVEL[each.quantity] for each in columns])[:, None]
    noise = np.array([NOISE[each.quantity] for each in columns])[:, None]
    steps = np.where(random.random(shape) < 0.05, random.normal(0, 0.1, shape), 0)
    load = level * (1 + np.cumsum(steps, axis=1) * 0.1).clip(0.1, 2)
    load[::5] = 0
    low, high = (noise * (load > 0) * random.gamma(4, 0.5, shape) for _ in range(2))
    mean = (load + noise * (load > 0) * random.normal(0, 0.2, shape)).astype(np.float32)
    last = (mean + (random.random(shape) - 0.5) * (low + high) / 2).astype(np.float32)
    seen = np.full(shape, 60, np.int32)
    return Rollups(
        seen, (mean - low).astype(np.float32), mean, (mean + high).astype(np.float32), last
    )


def written_bytes() -> int:
    text = Path("/proc/self/io").read_text(encoding="ascii")
    return int(
        next(line.split()[1] for line in text.splitlines() if line.startswith("write_bytes"))
    )


def feed_day(
    recorder: Recorder, columns: tuple[Series, ...], day: int, minutes: Rollups, batch: int
) -> None:
    """A commit for each `batch` minutes; energy as the agent books it, but once per batch."""
    targets = sorted({each.target for each in columns}, key=str)
    for first in range(0, MINUTES_A_DAY, batch):
        start_s = BEGIN_S + day * DAY_S + first * 60
        recorder.card.take(columns, start_s, minutes[:, first : first + batch].copy())
        for hour in range(max(1, batch // 60)):
            end_s = start_s + min(batch * 60, (hour + 1) * 3600)
            grown_mj = (day * DAY_S + first * 60 + (hour + 1) * 3600) * 100_000
            recorder.card.energy.book(
                end_s, [Counted(target, grown_mj, (), 3600) for target in targets]
            )
        recorder.card.commit(start_s // DAY_S)
        while recorder.card.work():
            pass


def timed_ms(ask: Callable[[], object], times: int = 20) -> tuple[float, float]:
    """(median, worst)"""
    taken = []
    for _ in range(times):
        begin_s = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - begin_s) * 1000)
    return sorted(taken)[times // 2], max(taken)


def report(recorder: Recorder, columns: tuple[Series, ...], days: int) -> None:
    reader, series = Reader(recorder), Series(Target(TargetKind.OUTLET, 3), Kept.ACTIVE_POWER)
    size = reader.size()
    print(f"{days} days, {len(columns)} series: {size.card_bytes / MIB:.1f} MiB on the card, bound")
    print(f"  {size.max_card_bytes / MIB:.0f} MiB; {size.energy_rows} rows of energy")
    for level in size.levels[2:]:
        kept = ((level.newest_wall_s or 0) - (level.oldest_wall_s or 0)) / DAY_S
        print(f"  steps of {level.step_s} s: {level.size_bytes / MIB:.1f} MiB, {kept:.0f} days")
    end_s = BEGIN_S + days * DAY_S
    for name, span in (("1 day", 1), ("30 days", 30), ("1 year", 365)):
        for points in (600, 2000):
            curve = reader.curve(series, end_s - span * DAY_S, end_s, points, None)
            median, worst = timed_ms(
                lambda span=span, points=points: reader.curve(  # type: ignore[misc]
                    series, end_s - span * DAY_S, end_s, points, None
                )
            )
            print(
                f"  curve of {name}, {points} points: {len(curve.average)} steps of"
                f" {curve.step_s} s from {curve.level_s} s: median {median:.1f} ms,"
                f" worst {worst:.1f}"
            )
    median, worst = timed_ms(lambda: reader.peaks(series, end_s - 365 * DAY_S, end_s))
    print(f"  peaks of a year: median {median:.1f} ms, worst {worst:.1f}")
    hours = [end_s - 31 * DAY_S + 3600.0 * hour for hour in range(31 * 24 + 1)]
    median, worst = timed_ms(lambda: reader.energy(None, hours), 3)
    print(f"  energy of a month, all targets, by the hour: median {median:.0f} ms")


def report_cost(folder: Path, days: int) -> None:
    """A bill of the last 31 days, over a store of its own as the agent has it."""
    end_s = BEGIN_S + days * DAY_S
    first = datetime.fromtimestamp(max(BEGIN_S, end_s - 31 * DAY_S), UTC).date()
    span = Span(first, datetime.fromtimestamp(end_s, UTC).date(), float(end_s))
    zone = ZoneInfo("UTC")
    times_s = range(BEGIN_S, end_s + 900, 900)
    quarters = PriceSeries(times_s, [each * 7919 % 450_000 for each in times_s], is_linear=False)
    flat = PriceList(PriceSettings(currency="EUR", per_kwh=Price(300_000)))
    by_time = PriceList(PriceSettings(currency="EUR", file="x"), quarters, "spot.csv")
    store = HistoryStore(folder / "run", folder / "state", HistorySettings())
    for name, listed in (("one price", flat), ("prices of quarters of an hour", by_time)):
        terms = CostTerms(Prices(listed, "standard"), TariffPlan((), "standard", zone), zone)
        taken = []
        for _ in range(5):
            begin_s = time.process_time()
            asyncio.run(cost_report(store, terms, rack(), span))
            taken.append((time.process_time() - begin_s) * 1000)
        print(
            f"  month of cost, 64 outlets, CPU, {name}: median {sorted(taken)[2]:.0f} ms"
            f" (goal {COST_GOAL_MS} ms)"
        )
    store.close()


def rack() -> Snapshot:
    """An inlet and 64 metered outlets, as far as a bill looks at them."""
    outlets = [SimpleNamespace(index=each + 1, meter=True) for each in range(64)]
    seen = SimpleNamespace(outlets=outlets, inlets=[SimpleNamespace(index=1)])
    return cast("Snapshot", seen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--folder", type=Path, default=None)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="history-year-", dir=arguments.folder))
    for name in ("run", "state"):
        (folder / name).mkdir()
    recorder = Recorder(folder / "run", folder / "state", HistorySettings())
    columns, random = columns_of_rack(), np.random.default_rng(1)
    begin_s, begun = time.perf_counter(), written_bytes()
    for day in range(arguments.days):
        feed_day(recorder, columns, day, a_day(columns, random), 15 if day < REAL_DAYS else 1440)
        if day == REAL_DAYS - 1:
            written = (written_bytes() - begun) / REAL_DAYS / MIB
            print(f"writes to the card: {written:.2f} MiB a day", flush=True)
    print(f"fed in {time.perf_counter() - begin_s:.0f} s", flush=True)
    report(recorder, columns, arguments.days)
    recorder.close()
    report_cost(folder, arguments.days)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
