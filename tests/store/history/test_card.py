# SPDX-License-Identifier: Apache-2.0
"""A card that is full, read-only or damaged; what is forgotten, copied and put back."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.errors import StoreError
from pdu_agent.model.history import Kept, Purge, Series
from pdu_agent.store.history.card import MIB
from pdu_agent.store.history.energy import Counted
from pdu_agent.store.history.reader import Reader
from pdu_agent.store.history.recorder import Recorder
from pdu_agent.store.history.rollups import Rollups
from pdu_agent.store.history.settings import HistorySettings
from tests.store.history.worlds import (
    GAP,
    MIDNIGHT_S,
    OUTLET_1,
    POWER_1,
    POWER_2,
    feed,
    make_recorder,
    pass_midnight,
    power,
)

NOON_S = MIDNIGHT_S + 12 * 3600
DAY_S = 86_400
RACK = tuple(Series(Target(TargetKind.OUTLET, index), Kept.ACTIVE_POWER) for index in range(1, 33))


def database(tmp_path: Path) -> Path:
    return tmp_path / "state" / "history.sqlite"


def averages(recorder: Recorder, begin_s: int, end_s: int, step_s: int) -> list[float | None]:
    return [step[1] for step in power(recorder, begin_s, end_s, step_s)]


@pytest.mark.parametrize("what", ["garbage", "cut", "middle"])
def test_a_damaged_file_is_moved_aside_and_a_new_one_begun(
    tmp_path: Path, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = make_recorder(tmp_path)
    feed(recorder, NOON_S, [10.0] * 1801)
    recorder.close()
    whole = database(tmp_path).read_bytes()
    spoilt = {
        "garbage": b"no database at all" * 500,
        "cut": whole[:3000],
        "middle": whole[:4096] + os.urandom(len(whole) - 4096),
    }[what]
    database(tmp_path).write_bytes(spoilt)
    again = make_recorder(tmp_path)
    Reader(again).series()
    feed(again, NOON_S + 1801, [20.0] * 2700)
    assert averages(again, NOON_S + 2700, NOON_S + 4500, 900) == [20.0, 20.0]
    assert again.card.trouble == ""
    again.close()
    assert (tmp_path / "state" / "history.sqlite.damaged").read_bytes()[:3000] == spoilt[:3000]
    assert "a new one is begun" in caplog.text
    assert averages(make_recorder(tmp_path), NOON_S + 2700, NOON_S + 4500, 900) == [20.0, 20.0]


def test_a_file_of_a_newer_layout_is_left_alone(tmp_path: Path) -> None:
    make_recorder(tmp_path).close()
    with sqlite3.connect(database(tmp_path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = database(tmp_path).read_bytes()
    recorder = make_recorder(tmp_path)
    feed(recorder, NOON_S, [10.0] * 1000)
    assert "layout 99" in recorder.card.trouble
    assert database(tmp_path).read_bytes() == before
    assert averages(recorder, NOON_S, NOON_S + 900, 60) == [10.0] * 15


def test_a_card_that_takes_nothing_costs_nothing_once_it_does(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = make_recorder(tmp_path)
    feed(recorder, NOON_S, [10.0] * 901)
    assert recorder.card.database is not None
    recorder.card.database.connection.execute("PRAGMA query_only = 1")
    feed(recorder, NOON_S + 901, [20.0] * 1800)
    assert "readonly" in recorder.card.trouble
    assert caplog.text.count("cannot be stored") == 1
    assert averages(recorder, NOON_S, NOON_S + 2700, 900)[1:] == [pytest.approx(20, abs=0.1), 20.0]
    recorder.card.database.connection.execute("PRAGMA query_only = 0")
    feed(recorder, NOON_S + 2701, [20.0] * 900)
    assert recorder.card.trouble == ""
    recorder.close()
    assert averages(make_recorder(tmp_path), NOON_S + 900, NOON_S + 3600, 900)[1:] == [20.0, 20.0]


def noisy(series: int, minutes: int, seed: int = 3) -> Rollups:
    low, mean, high = np.random.default_rng(seed).normal(100, 20_000, (3, series, minutes))
    seen = np.full(mean.shape, 60, np.int32)
    return Rollups(seen, *(each.astype(np.float32) for each in (low, mean, high, mean)))


def test_a_full_card_is_told_and_nothing_is_half_written(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path)
    feed(recorder, NOON_S, [10.0] * 60)
    assert recorder.card.database is not None
    execute = recorder.card.database.connection.execute
    execute("PRAGMA max_page_count = 1")  # none more than there are
    recorder.card.take(RACK, NOON_S - 3600, noisy(32, 60))
    recorder.card.energy.book(NOON_S, [Counted(OUTLET_1, 5, (), 0)])
    assert not recorder.card.commit(0)
    assert "full" in recorder.card.trouble
    assert execute("SELECT (SELECT COUNT(*) FROM stage) + COUNT(*) FROM energy").fetchone() == (0,)
    assert None not in averages(recorder, NOON_S - 3600, NOON_S, 60)
    execute("PRAGMA max_page_count = 9999")
    assert recorder.card.commit(0)
    assert recorder.card.trouble == ""
    assert execute("SELECT COUNT(*) FROM stage").fetchone() == (1,)


def test_a_folder_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path)
    recorder.close()
    shutil.rmtree(tmp_path / "state")
    recorder = Recorder(tmp_path / "run", tmp_path / "state", HistorySettings())
    feed(recorder, NOON_S, [10.0] * 901)
    assert recorder.card.trouble
    (tmp_path / "state").mkdir()
    feed(recorder, NOON_S + 901, [10.0] * 900)
    assert recorder.card.trouble == ""
    recorder.close()
    assert averages(make_recorder(tmp_path), NOON_S, NOON_S + 1800, 900) == [10.0, 10.0]


def test_the_size_is_kept_by_dropping_the_finest_and_oldest(tmp_path: Path) -> None:
    settings = HistorySettings(max_mb=8)
    recorder = make_recorder(tmp_path, settings)
    for day in range(20):
        recorder.card.take(RACK, MIDNIGHT_S + day * DAY_S, noisy(32, 1440, day))
        recorder.card.commit(MIDNIGHT_S // DAY_S + day)
        while recorder.card.work():
            pass
        assert database(tmp_path).stat().st_size <= 8 * MIB
    assert recorder.card.trouble == ""
    levels = {level.step_s: level for level in Reader(recorder).size().levels}
    assert (levels[60].oldest_wall_s or 0) > MIDNIGHT_S + 5 * DAY_S
    assert levels[900].oldest_wall_s == levels[86_400].oldest_wall_s == MIDNIGHT_S
    curve = Reader(recorder).curve(POWER_1, MIDNIGHT_S, MIDNIGHT_S + 3600, 60, None)
    assert curve.level_s == 900  # the minutes of that time are gone
    assert None not in curve.average


def test_retention_counts_days_that_hold_anything(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path, HistorySettings(minute_days=2, quarter_days=3, day_days=4))
    for day in (0, 1, 2, 3, 4, 400):
        pass_midnight(recorder, MIDNIGHT_S + day * DAY_S)
    levels = {level.step_s: level for level in Reader(recorder).size().levels}
    oldest = {step_s: levels[step_s].oldest_wall_s for step_s in (60, 900, 86_400)}
    begins = {step_s: (s - MIDNIGHT_S) // DAY_S for step_s, s in oldest.items() if s}
    assert begins == {60: 3, 900: 2, 86_400: 1}


def filled(tmp_path: Path) -> Recorder:
    """A packed day, and half an hour of the next one; energy in both."""
    recorder = make_recorder(tmp_path)
    recorder.book(NOON_S, [Counted(OUTLET_1, 0, (), 0)])
    feed(recorder, NOON_S, [10.0] * 3600)
    recorder.book(NOON_S + 3600, [Counted(OUTLET_1, 36_000, (), 3600)])
    pass_midnight(recorder, MIDNIGHT_S + DAY_S)
    feed(recorder, MIDNIGHT_S + DAY_S + 901, [10.0] * 899)
    recorder.book(MIDNIGHT_S + DAY_S + 1800, [Counted(OUTLET_1, 40_000, (), 1800)])
    return recorder


@pytest.mark.parametrize(
    "wanted",
    [
        Purge(NOON_S + 100, NOON_S + 1000, (POWER_1,), energy=True),
        Purge(NOON_S, NOON_S + 3600, None, energy=True),
        Purge(0, 2 * NOON_S, None, energy=True),
        Purge(MIDNIGHT_S + DAY_S + 300, MIDNIGHT_S + DAY_S + 1500, (POWER_1, POWER_2)),
    ],
)
def test_a_dry_run_tells_what_a_purge_does(tmp_path: Path, wanted: Purge) -> None:
    recorder = filled(tmp_path)
    reader = Reader(recorder)
    before = power(recorder, NOON_S, NOON_S + 3600, 60)
    dry = reader.purge(wanted, dry_run=True)
    assert power(recorder, NOON_S, NOON_S + 3600, 60) == before
    assert reader.purge(wanted, dry_run=True) == dry
    assert reader.purge(wanted, dry_run=False) == dry
    assert dry.values > 0
    assert reader.purge(wanted, dry_run=True).values == 0
    assert reader.purge(wanted, dry_run=True).energy_rows == 0


def test_what_was_purged_is_a_gap_in_all_levels_and_stays_one(tmp_path: Path) -> None:
    recorder = filled(tmp_path)
    Reader(recorder).purge(Purge(NOON_S + 900, NOON_S + 1800, (POWER_1,), energy=True), False)
    for _ in range(2):
        assert averages(recorder, NOON_S, NOON_S + 3600, 900) == [10.0, None, 10.0, 10.0]
        assert averages(recorder, NOON_S + 840, NOON_S + 1860, 60) == [10.0] + [None] * 15 + [10.0]
        assert averages(recorder, NOON_S + 890, NOON_S + 910, 10) == [10.0, None]
        (day,) = power(recorder, MIDNIGHT_S, MIDNIGHT_S + DAY_S, DAY_S)
        assert day == (10, 10, 10, 10, pytest.approx(2700 / 86400, abs=1e-4))
        other = Reader(recorder).curve(POWER_2, NOON_S, NOON_S + 3600, 600, 900)
        assert other.average == (10.0,) * 4
        recorder.close()
        recorder = make_recorder(tmp_path)


def test_a_copy_that_is_put_back_gives_identical_totals(tmp_path: Path) -> None:
    recorder = filled(tmp_path)
    hours = [MIDNIGHT_S + 3600.0 * hour for hour in range(49)]
    copy = recorder.copy_to(tmp_path / "copies")
    energy = Reader(recorder).energy(None, hours)
    curve = power(recorder, MIDNIGHT_S, MIDNIGHT_S + DAY_S + 900, 900)
    feed(recorder, MIDNIGHT_S + DAY_S + 1800, [500.0] * 3600)
    recorder.book(MIDNIGHT_S + DAY_S + 5400, [Counted(OUTLET_1, 99_000, (), 3600)])
    Reader(recorder).purge(Purge(0, 2 * NOON_S, None, energy=True), False)
    recorder.restore_from(copy)
    assert Reader(recorder).energy(None, hours) == energy
    assert power(recorder, MIDNIGHT_S, MIDNIGHT_S + DAY_S + 900, 900) == curve
    recorder.book(MIDNIGHT_S + DAY_S + 5460, [Counted(OUTLET_1, 99_060, (), 60)])
    added = sum(row.energy_mj for row in Reader(recorder).energy(None, hours))
    assert added == sum(row.energy_mj for row in energy) + 60


@pytest.mark.parametrize("what", ["text", "other database", "cut"])
def test_what_is_no_copy_is_refused_and_all_stays(tmp_path: Path, what: str) -> None:
    recorder = filled(tmp_path)
    file = tmp_path / "file"
    if what == "text":
        file.write_text("hello", encoding="utf-8")
    elif what == "cut":
        file.write_bytes(recorder.copy_to(tmp_path / "copies").read_bytes()[:20_000])
    else:
        with sqlite3.connect(file) as connection:
            connection.execute("CREATE TABLE name (x)")
        connection.close()
    before = power(recorder, NOON_S, NOON_S + 3600, 60)
    with pytest.raises(StoreError, match="cannot be restored"):
        recorder.restore_from(file)
    assert power(recorder, NOON_S, NOON_S + 3600, 60) == before
    assert not (tmp_path / "state" / "history.sqlite.new").exists()


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    recorder = filled(tmp_path)
    recorder.copy_to(tmp_path / "copies")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= 4
    assert {oct(path.stat().st_mode & 0o777) for path in files} == {"0o600"}


def test_an_hour_of_gaps_takes_no_room(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path)
    feed(recorder, NOON_S, [GAP] * 3601)
    assert not recorder.card.waiting
    assert Reader(recorder).size().levels[2].size_bytes == 0
