# SPDX-License-Identifier: Apache-2.0
"""Sentry3-MIB about what is measured: missing values, ranges, statuses of loads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pdu_agent.model.commands import Quantity, Target, TargetKind
from pdu_agent.model.quantities import Electrical
from pdu_agent.model.snapshot import MeterStatus, Snapshot, ThresholdState
from tests.mib.sentry3_unit import Sentry3Bench, strip, threshold
from tests.mib.unit import ELECTRICAL


def fed(at: Snapshot, **changes: Any) -> Snapshot:
    """With the meters of the first inlet, first outlet and first branch changed."""
    inlet, row, branch = at.inlets[0], at.outlets[0], at.branches[0]
    assert row.meter is not None
    assert branch.meter is not None
    return replace(
        at,
        inlets=(replace(inlet, meter=replace(inlet.meter, **changes)), *at.inlets[1:]),
        outlets=(replace(row, meter=replace(row.meter, **changes)), *at.outlets[1:]),
        branches=(replace(branch, meter=replace(branch.meter, **changes)), *at.branches[1:]),
    )


MEASURED = (
    *(f"2.2.1.{column}.1.1" for column in (7, 11, 12, 13, 14, 15, 18, 19, 20, 25)),
    *(f"2.3.1.{column}.1.1.1" for column in (7, 13, 14, 15, 16, 17)),
    "2.7.1.7.1.1.1",
    *("1.6.0", "2.1.1.10.1", "2.1.1.11.1", "2.1.1.12.1", "2.1.1.13.1"),
)
STATUSES = (
    *("2.2.1.5.1.1", "2.7.1.5.1.1.1"),
    *("2.2.1.6.1.1", "2.3.1.6.1.1.1", "2.7.1.6.1.1.1"),
)


@pytest.mark.parametrize(
    ("changes", "statuses"),
    [
        ({"status": MeterStatus.STALE}, (6, 6, 7, 7, 7)),
        ({"status": MeterStatus.FAULT}, (6, 6, 7, 7, 7)),
        ({"status": MeterStatus.STALE, "sample_wall_s": None}, (1, 1, 2, 2, 2)),
    ],
)
def test_a_silent_meter_shows_minus_one_and_keeps_its_energy(
    changes: dict[str, object], statuses: tuple[int, ...]
) -> None:
    reads = Sentry3Bench(fed(strip(), **changes)).reads()
    assert {suffix: reads[suffix] for suffix in MEASURED} == dict.fromkeys(MEASURED, -1)
    assert tuple(reads[suffix] for suffix in STATUSES) == statuses
    assert (reads["2.2.1.16.1.1"], reads["2.3.1.18.1.1.1"]) == (14, 1499)


def test_a_value_that_the_meter_cannot_measure_is_minus_one() -> None:
    at = fed(strip(), electrical=Electrical(voltage_v=230.0))
    states = (replace(row, state=ThresholdState.UNKNOWN) for row in at.thresholds)
    reads = Sentry3Bench(replace(at, thresholds=tuple(states))).reads()
    assert (reads["2.2.1.7.1.1"], reads["2.2.1.11.1.1"], reads["2.2.1.17.1.1"]) == (-1, 2300, 0)
    assert [reads[suffix] for suffix in STATUSES] == [1, 1, 6, 6, 6]


def test_values_beyond_the_range_are_clamped_and_backfeed_is_not_taken_for_missing() -> None:
    large = Electrical(1e4, 1e4, -500.0, 1e6, -1e6, -0.5, 500.0, 1e4)
    reads = Sentry3Bench(fed(strip(), electrical=large, user_energy_mj=2**80)).reads()
    assert {
        "2.2.1.7.1.1": 60_000,
        "2.2.1.11.1.1": 4800,
        "2.2.1.12.1.1": 0,
        "2.2.1.13.1.1": 25_000,
        "2.2.1.14.1.1": 0,
        "2.2.1.15.1.1": 1000,
        "2.2.1.16.1.1": 2**31 - 1,
        "2.2.1.17.1.1": 1,
        "2.2.1.18.1.1": 2640,
        "2.2.1.19.1.1": 25_500,
        "2.2.1.20.1.1": 1500,
        "2.1.1.15.1": 60,
        "2.3.1.14.1.1.1": 0,
        "2.7.1.7.1.1.1": 4000,
    }.items() <= reads.items()


@pytest.mark.parametrize(
    ("reactive_var", "expected"), [(117.6, 2), (-117.6, 1), (28.0, 3), (-28.0, 3), (None, 0)]
)
def test_the_reactance_is_told_by_sign_and_size(reactive_var: float | None, expected: int) -> None:
    electrical = replace(ELECTRICAL, reactive_power_var=reactive_var)
    assert Sentry3Bench(fed(strip(), electrical=electrical)).content("2.2.1.17.1.1") == expected


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (ThresholdState.NORMAL, 0),
        (ThresholdState.LOW_CRITICAL, 3),
        (ThresholdState.LOW_WARNING, 3),
        (ThresholdState.HIGH_WARNING, 4),
        (ThresholdState.HIGH_CRITICAL, 5),
    ],
)
@pytest.mark.parametrize(
    ("kind", "index", "suffix"),
    [
        (TargetKind.INLET, 1, "2.2.1.6.1.1"),
        (TargetKind.OUTLET, 1, "2.3.1.6.1.1.1"),
        (TargetKind.BRANCH, 7, "2.7.1.6.1.1.1"),
    ],
)
def test_the_load_status_is_the_state_of_the_threshold_of_the_current(
    kind: TargetKind, index: int, suffix: str, state: ThresholdState, status: int
) -> None:
    watch = threshold(Target(kind, index), Quantity.CURRENT, state=state)
    assert Sentry3Bench(replace(strip(), thresholds=(watch,))).content(suffix) == status
