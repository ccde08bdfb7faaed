# SPDX-License-Identifier: Apache-2.0
"""rPDU2: what holds for every value, and for the tree as a whole."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.mib_impl.powernet.rpdu2 import RPDU2
from pdu_agent.mib_impl.syntax import Value
from pdu_agent.model.commands import Limit, Quantity, SetLimit, TargetKind
from pdu_agent.model.snapshot import Snapshot
from tests.mib.powernet_unit import GREATEST
from tests.mib.rpdu2_unit import (
    ARC,
    INLET,
    INLET_ELECTRICAL,
    INLET_METER,
    TENTH_KWH_MJ,
    Rpdu2Bench,
    rpdu2_unit,
    threshold,
)
from tests.mib.unit import integer

LIMITS = {
    "4.1.1.7": "low_warning",
    "4.1.1.8": "high_warning",
    "4.1.1.9": "high_critical",
    "6.1.1.6": "high_warning",
    "15.1.1.6": "high_warning",
    "15.1.1.7": "high_critical",
}


def with_limit(command: SetLimit) -> Snapshot:
    """The unit after the core has carried it out."""
    kind, index = command.target.kind, command.target.index
    if command.value is None:
        row = threshold(kind, index, command.quantity)
    else:
        values = {command.limit.name.lower(): command.value}
        row = threshold(kind, index, command.quantity, (command.limit,), **values)
    return rpdu2_unit(thresholds=(row,))


@given(column=st.sampled_from(sorted(LIMITS)), value=st.integers(0, 1_000_000))
def test_a_limit_reads_back_as_it_was_written(column: str, value: int) -> None:
    instance = f"{column}.1"
    start = rpdu2_unit(
        thresholds=(
            threshold(TargetKind.INLET, 1, Quantity.CURRENT),
            threshold(TargetKind.INLET, 1, Quantity.ACTIVE_POWER),
        )
    )
    [command] = Rpdu2Bench(start).commands((instance, integer(value)))
    assert isinstance(command, SetLimit)
    assert command.limit.name.lower() == LIMITS[column]
    unwatched = 0 if command.limit is Limit.LOW_WARNING else GREATEST
    assert Rpdu2Bench(with_limit(command)).content(instance) == (value or unwatched)


@given(energy_mj=st.integers(0, 2**60))
def test_energy_is_never_rounded_up(energy_mj: int) -> None:
    meter = replace(INLET_METER, user_energy_mj=energy_mj)
    shown = Rpdu2Bench(rpdu2_unit(inlets=(replace(INLET, meter=meter),))).content("4.3.1.9.1")
    assert isinstance(shown, int)
    if shown < 2**31 - 1:
        assert shown * TENTH_KWH_MJ <= energy_mj < (shown + 1) * TENTH_KWH_MJ


@given(watts=st.floats(-1e12, 1e12))
def test_power_is_within_half_a_step_and_never_negative(watts: float) -> None:
    meter = replace(INLET_METER, electrical=replace(INLET_ELECTRICAL, active_power_w=watts))
    bench = Rpdu2Bench(rpdu2_unit(inlets=(replace(INLET, meter=meter),)))
    for column in ("4.3.1.5.1", "6.3.1.7.1"):
        shown = bench.content(column)
        assert isinstance(shown, int)
        assert 0 <= shown < 2**31
        if 0 <= watts < 2e10:
            assert abs(shown * 10 - watts) <= 5


def test_a_walk_is_increasing_complete_and_tells_what_get_tells() -> None:
    bench = Rpdu2Bench().bench
    arc = bench.oid(ARC)
    walked = [(oid, value) for oid, value in bench.walk() if oid[: len(arc)] == arc]
    oids = [oid for oid, _ in walked]
    assert oids == sorted(set(oids))
    for oid, value in walked:
        assert isinstance(value, Value)
        assert bench.view.get(oid, bench.controller.snapshot) == value
    columns = {oid[len(arc) : -1] for oid in oids}
    assert len(columns) == sum(len(group.objects) for group in RPDU2)


@pytest.fixture
def east_of_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "EAST-02:30")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("east_of_greenwich")
def test_dates_are_in_local_time() -> None:
    # An hour before 08:00:00 UTC.
    assert Rpdu2Bench().content("4.3.1.7.1") == b"01/15/2027 09:30:00"
