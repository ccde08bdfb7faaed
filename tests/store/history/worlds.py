# SPDX-License-Identifier: Apache-2.0
"""Recorders on folders of a test, and seconds to feed them with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.history import Kept, Series
from pdu_agent.store.history.reader import Reader
from pdu_agent.store.history.recorder import Recorder
from pdu_agent.store.history.settings import HistorySettings

MIDNIGHT_S = 1_800_057_600  # 2027-01-16T00:00:00Z
OUTLET_1 = Target(TargetKind.OUTLET, 1)
OUTLET_2 = Target(TargetKind.OUTLET, 2)
POWER_1 = Series(OUTLET_1, Kept.ACTIVE_POWER)
POWER_2 = Series(OUTLET_2, Kept.ACTIVE_POWER)
COLUMNS = (POWER_1, POWER_2)
GAP = float("nan")
made: list[Recorder] = []
"""Those of the test that runs."""


def make_recorder(folder: Path, settings: HistorySettings | None = None) -> Recorder:
    for name in ("run", "state"):
        (folder / name).mkdir(exist_ok=True)
    recorder = Recorder(folder / "run", folder / "state", settings or HistorySettings())
    made.append(recorder)
    return recorder


def feed(
    recorder: Recorder,
    first_s: int,
    values: Sequence[float],
    columns: tuple[Series, ...] = COLUMNS,
) -> None:
    """A value for each second; all columns have the same."""
    samples = np.repeat(np.array(values, np.float32)[:, None], len(columns), axis=1)
    recorder.accept(columns, range(first_s, first_s + len(values)), samples)


def finish_packing(recorder: Recorder) -> None:
    while recorder.card.work():
        pass


def pass_midnight(recorder: Recorder, midnight_s: int) -> None:
    """Half an hour of the next day, so that the day before is packed."""
    feed(recorder, midnight_s, [1.0] * 1801)
    finish_packing(recorder)


def power(recorder: Recorder, begin_s: float, end_s: float, step_s: int) -> list[tuple]:  # type: ignore[type-arg]
    """(minimum, average, maximum, last, coverage) of each step of outlet 1."""
    curve = Reader(recorder).curve(POWER_1, begin_s, end_s, 600, step_s)
    return list(
        zip(curve.minimum, curve.average, curve.maximum, curve.last, curve.coverage, strict=True)
    )
