# SPDX-License-Identifier: Apache-2.0
"""What is asked of many series or points in one go is what each of them would be answered."""

from __future__ import annotations

import math
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdu_agent.model.errors import InvalidValue
from pdu_agent.model.history import Kept, PointHours, Series
from pdu_agent.model.snapshot import TariffRegister
from pdu_agent.model.terms import Target, TargetKind
from pdu_agent.store.history.codec import Block, decode, decode_averages, encode
from pdu_agent.store.history.energy import Counted
from pdu_agent.store.history.reader import Reader
from pdu_agent.store.history.recorder import Recorder
from pdu_agent.store.history.rollups import Rollups
from tests.store.history.worlds import (
    COLUMNS,
    GAP,
    MIDNIGHT_S,
    OUTLET_1,
    OUTLET_2,
    POWER_1,
    POWER_2,
    feed,
    finish_packing,
    make_recorder,
)

DAY_S = 86_400
UNKNOWN = Series(Target(TargetKind.OUTLET, 9), Kept.ACTIVE_POWER)
TARGETS = [OUTLET_2, UNKNOWN.target, OUTLET_1]
SPANS = {
    "all of it": (MIDNIGHT_S - DAY_S, MIDNIGHT_S + 2 * DAY_S),
    "a packed day and a part of the open one": (MIDNIGHT_S - 5000, MIDNIGHT_S + 1000),
    "before anything was": (MIDNIGHT_S - 9 * DAY_S, MIDNIGHT_S - 7 * DAY_S),
}


def three_kinds_of_days(folder: Path) -> Recorder:
    """One day that is packed, half an hour that is staged, and ten minutes that are open."""
    recorder = make_recorder(folder)
    feed(recorder, MIDNIGHT_S - 4 * 3600, [10.0, 30.0, GAP] * 2000)
    samples = np.array([[5.0, GAP], [6.0, 60.0]], np.float32)
    begin_s = MIDNIGHT_S - 3600
    recorder.accept(COLUMNS, range(begin_s, begin_s + 2), samples)
    feed(recorder, MIDNIGHT_S, [float(each % 97) for each in range(2 * 1800 + 600)])
    finish_packing(recorder)
    return recorder


@pytest.mark.parametrize("name", SPANS)
def test_averages_of_many_are_the_averages_of_each_curve(tmp_path: Path, name: str) -> None:
    recorder = three_kinds_of_days(tmp_path)
    begin_s, end_s = SPANS[name]
    reader, wanted = Reader(recorder), [POWER_2, UNKNOWN, POWER_1]
    found = reader.averages(wanted, begin_s, end_s)
    for row, series in enumerate(wanted):
        curve = reader.curve(series, begin_s, end_s, 600, 900)
        values = [None if math.isnan(each) else each for each in found.values[row].tolist()]
        assert values == list(curve.average)
        assert (found.start_wall_s, found.step_s) == (curve.start_wall_s, curve.step_s)
    assert np.isfinite(found.values).any() == (name != "before anything was")


def test_the_days_of_the_test_are_packed_staged_and_open(tmp_path: Path) -> None:
    recorder = three_kinds_of_days(tmp_path)
    assert recorder.card.database is not None
    execute = recorder.card.database.connection.execute
    assert execute("SELECT COUNT(*) FROM block WHERE step_s = 900").fetchone()[0] > 0
    assert execute("SELECT COUNT(*) FROM stage").fetchone()[0] > 0
    assert recorder.cascade.seen


def test_more_averages_than_fit_into_memory_are_refused(tmp_path: Path) -> None:
    reader = Reader(make_recorder(tmp_path))
    with pytest.raises(InvalidValue, match="too many, at most 4000000 in all"):
        reader.averages([POWER_1] * 64, 0, MIDNIGHT_S)
    with pytest.raises(InvalidValue, match="begin is not before the end"):
        reader.averages([POWER_1], 900, 900)


def block(values: list[float | None]) -> bytes:
    seen = np.array([[0 if value is None else 900 for value in values]], np.int32)
    average = np.array([[math.nan if value is None else value for value in values]], np.float32)
    return encode(Block(900, 0, (7,), Rollups(seen, average, average, average, average)), [50])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.lists(st.none() | st.floats(0, 40_000, width=32), min_size=4, max_size=4), max_size=6
    )
)
def test_many_blocks_decode_as_each_does_alone(several: list[list[float | None]]) -> None:
    """Small steps and large ones take another width each."""
    blocks = [block(values) for values in several]
    seen, average = decode_averages(blocks, 4)
    for row, data in enumerate(blocks):
        alone = decode(data).rollups
        np.testing.assert_array_equal(seen[row], alone.seen[0])
        np.testing.assert_array_equal(average[row], alone.average[0])


@pytest.mark.parametrize("cut", [1, 20, -1])
def test_a_damaged_block_is_a_gap_among_the_others(cut: int) -> None:
    whole = block([1.0, 2.0, None, 4.0])
    seen, average = decode_averages([whole, whole[:cut], b"", whole], 4)
    assert seen[:, 0].tolist() == [900, 0, 0, 900]
    assert np.isnan(average[1:3]).all()
    assert average[3, 3] == 4.0


HOURS = st.lists(
    st.tuples(
        st.sampled_from([OUTLET_1, OUTLET_2]),
        st.integers(0, 5),
        st.integers(0, 10**9),
        st.sampled_from(["", "day", "night"]),
        st.integers(0, 3600),
        st.booleans(),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(HOURS)
def test_hours_in_columns_say_what_their_rows_say(
    bookings: list[tuple[Target, int, int, str, int, bool]],
) -> None:
    """Some of them on the card, some waiting for it."""
    with TemporaryDirectory() as folder:
        recorder = make_recorder(Path(folder))
        counters: dict[tuple[Target, str], int] = {}
        recorder.book(MIDNIGHT_S, [Counted(each, 0, (), 60) for each in (OUTLET_1, OUTLET_2)])
        for target, hour, grown_mj, tariff, seen_s, is_stored in sorted(
            bookings, key=lambda each: each[1]
        ):
            for name in {"", tariff}:
                counters[target, name] = counters.get((target, name), 0) + grown_mj
            registers = tuple(
                TariffRegister(name, mj, 0, 0)
                for (of, name), mj in counters.items()
                if name and of == target
            )
            booked = Counted(target, counters[target, ""], registers, seen_s)
            recorder.book(MIDNIGHT_S + hour * 3600 + 1800, [booked])
            if is_stored:
                recorder.card.commit(0)
        reader = Reader(recorder)
        edges = [MIDNIGHT_S + 3600 * hour for hour in range(7)]
        rows = [
            (row.target, row.tariff, row.start_wall_s, row.energy_mj, row.complete)
            for row in reader.energy(TARGETS, edges)
        ]
        points = reader.hours(TARGETS, edges[0], edges[-1])
        assert [each.target for each in points] == TARGETS
        _says_the_same(points, rows)
        recorder.close()


def _says_the_same(
    points: tuple[PointHours, ...], rows: list[tuple[Target, str, int, int, bool]]
) -> None:
    for point in points:
        own = [row for row in rows if row[0] == point.target]
        assert point.begin_wall_s == MIDNIGHT_S
        for place in range(6):
            here = [row for row in own if row[2] == MIDNIGHT_S + 3600 * place]
            assert point.known[place] == bool(here)
            assert point.complete[place] == any(row[4] for row in here)
            used = {tariff: each[place] for tariff, each in point.energy_mj.items() if each[place]}
            assert used == {row[1]: row[3] for row in here if row[3]}
