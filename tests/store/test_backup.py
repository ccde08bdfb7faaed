# SPDX-License-Identifier: Apache-2.0
"""Backups: what is in them, what they cost, which of them stay, and how they come back."""

from __future__ import annotations

import os
import random
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.errors import StoreError
from pdu_agent.model.record import MeterRecord, OutletRecord, Record
from pdu_agent.store.backup import making, restoring
from pdu_agent.store.backup.making import Source, make_backup
from pdu_agent.store.backup.manifest import MANIFEST, read_manifest, verify
from pdu_agent.store.backup.merging import BOOTS_AHEAD, merged
from pdu_agent.store.backup.restoring import READY, finish, stage
from pdu_agent.store.backup.shelf import Shelf
from pdu_agent.store.files import FileOps
from pdu_agent.store.history.database import Database
from pdu_agent.store.history.energy import Counted
from pdu_agent.store.history.reader import Reader
from pdu_agent.store.history.recorder import Recorder
from pdu_agent.store.history.settings import HistorySettings
from pdu_agent.store.tier import Tier

DAY_S = 86_400
NOW_S = 1_773_500_000.0  # 2026-03-14T14:53:20Z
TODAY = int(NOW_S // DAY_S)
SERIES = 8

RECORD = Record(
    seq=500,
    boots=7,
    boot_id="here",
    engine_id=b"\x80\x00\x1f\x88\x05abcdefgh",
    wall_s=NOW_S,
    outlets={1: OutletRecord("on", target_on=True, switch_count=12)},
    meters={"outlet 1": MeterRecord(energy_mj=123_456_789_012_345, remainder_mj=0.25)},
    last_event=40,
)


def prepare(path: Path) -> None:
    Database(path, 2**30).close()


def fill(path: Path, days: int, seed: int = 1) -> None:
    """A history of so many days until now, with random blocks."""
    chance = random.Random(seed)
    database = Database(path, 2**30)
    with database.transaction() as connection:
        for series in range(SERIES):
            database.names.number(f"outlet {series + 1} active_power_w")
        for day in range(TODAY - days, TODAY):
            _fill_day(connection, day, chance)
        for quarter in range(4):
            start_s = TODAY * DAY_S + 13 * 3600 + quarter * 900
            row = (start_s, start_s + 900, chance.randbytes(800))
            connection.execute("INSERT INTO stage (start_s, end_s, data) VALUES (?, ?, ?)", row)
        connection.execute("INSERT INTO counter VALUES (1, 0, 123456789012345)")
    database.close()


def _fill_day(connection: sqlite3.Connection, day: int, chance: random.Random) -> None:
    for series in range(1, SERIES + 1):
        for step_s, size in ((60, 700), (900, 90)):
            row = (step_s, day, series, chance.randbytes(size))
            connection.execute("INSERT INTO block VALUES (?, ?, ?, ?)", row)
        row = (day, series, DAY_S, 1.0, 2.0, 3.0, 2.0, day * DAY_S)
        connection.execute("INSERT INTO daily VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        for hour in range(24):
            row = (day * DAY_S + hour * 3600, series, 0, chance.randrange(10**12), 3600, 0)
            connection.execute("INSERT INTO energy VALUES (?, ?, ?, ?, ?, ?)", row)


def content(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, in order."""
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall())
            for (name,) in names
        }


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    fill(folder / "history.sqlite", 20)
    (folder / "accounts.json").write_text("{}", encoding="utf-8")
    Tier(folder, True, FileOps()).write(RECORD)
    (tmp_path / "run").mkdir()
    return folder


def source(state: Path) -> Source:
    return Source(state / "history.sqlite", (state / "accounts.json", state / "none.yaml"), "1.0")


def backup(state: Path, shelf: Shelf, hours: float = 0.0, record: Record = RECORD) -> Path:
    return make_backup(shelf, source(state), lambda: record, NOW_S + hours * 3600)


def restore(state: Path, made: Path) -> tuple[str, ...]:
    targets = {"accounts.json": state / "accounts.json"}
    stage(made, state, targets, prepare, NOW_S)
    return finish(state.parent / "run", state)


def loaded(state: Path) -> Record:
    record = Tier(state, True, FileOps()).read().record
    assert record is not None
    return record


def test_a_restored_unit_has_the_same_history_and_totals_to_the_last_millijoule(
    tmp_path: Path, state: Path
) -> None:
    before = content(state / "history.sqlite")
    made = backup(state, Shelf(tmp_path / "backups"))
    prepare(state / "other")
    os.replace(state / "other", state / "history.sqlite")
    meters = {"outlet 1": MeterRecord(energy_mj=1)}
    later = replace(RECORD, seq=900, boots=9, meters=meters, outlets={1: OutletRecord("off")})
    Tier(state, True, FileOps()).write(later)
    told = restore(state, made)
    assert content(state / "history.sqlite") == before
    record = loaded(state)
    assert record.meters == RECORD.meters
    assert (record.boots, record.seq, record.outlets) == (9, 901, later.outlets)
    assert "what was there before is in" in told[0]
    aside = next(state.glob("before-restore-*"))
    assert content(aside / "history.sqlite")["energy"] == []
    assert (aside / "accounts.json").exists()
    assert not (state / READY).exists()


def test_what_was_counted_after_the_backup_is_in_no_sum_after_a_restore(tmp_path: Path) -> None:
    """The agent was killed: the runtime folder still knows what it counted since."""
    run, state = tmp_path / "run", tmp_path / "state"
    run.mkdir()
    state.mkdir()
    Tier(state, True, FileOps()).write(RECORD)
    (state / "accounts.json").write_text("{}", encoding="utf-8")
    now_s, target = int(NOW_S), Target(TargetKind.OUTLET, 1)
    begun = Recorder(run, state, HistorySettings())
    begun.book(now_s, [Counted(target, 1_000, (), 60)])
    assert begun.card.commit(begun.today)
    made = backup(state, Shelf(tmp_path / "backups"))
    begun.book(now_s + 60, [Counted(target, 9_000, (), 60)])
    restore(state, made)
    again = Recorder(run, state, HistorySettings())
    again.book(now_s + 120, [Counted(target, 1_500, (), 60)])
    rows = Reader(again).energy(None, [now_s - 3600.0, now_s + 7200.0])
    assert sum(row.energy_mj for row in rows) == 500
    again.close()
    begun.card.close()


def test_an_empty_card_gets_everything_but_no_outlet_a_wish(tmp_path: Path, state: Path) -> None:
    made = backup(state, Shelf(tmp_path / "backups"))
    fresh = tmp_path / "fresh" / "state"
    fresh.mkdir(parents=True)
    (tmp_path / "fresh" / "run").mkdir()
    restore(fresh, made)
    record = loaded(fresh)
    assert content(fresh / "history.sqlite") == content(state / "history.sqlite")
    assert record.meters == RECORD.meters
    assert record.engine_id == RECORD.engine_id
    assert record.boots == RECORD.boots + BOOTS_AHEAD
    assert record.outlets == {1: OutletRecord("unknown", switch_count=12)}


def test_engine_boots_never_go_back(tmp_path: Path) -> None:
    for present in (replace(RECORD, boots=3), replace(RECORD, boots=90), None):
        found = merged(RECORD, present).boots
        assert found >= RECORD.boots
        assert present is None or found >= present.boots


def test_twelve_hours_leave_the_ten_newest_and_what_is_not_ours(
    tmp_path: Path, state: Path
) -> None:
    shelf = Shelf(tmp_path / "backups")
    shelf.make()
    for name in ("openpdu-20200101T000000Z", "photos"):  # one without a manifest, and no backup
        (shelf.folder / name).mkdir()
    (shelf.folder / ".openpdu-20200101T000000Z.new").mkdir()
    made = []
    for hour in range(12):
        made.append(backup(state, shelf, hour))
        shelf.tidy(10)
    assert shelf.backups() == made[2:]
    assert all(verify(path) for path in made[2:])
    left = sorted(path.name for path in shelf.folder.iterdir() if path not in made)
    assert left == ["openpdu-20200101T000000Z", "photos"]


def test_an_hour_writes_only_what_is_new(tmp_path: Path, state: Path) -> None:
    """Everything of the past is linked: one copy of it, whatever the number of backups."""
    shelf = Shelf(tmp_path / "backups")
    first, second = backup(state, shelf), backup(state, shelf, 0.1)
    own = [path.name for path in second.iterdir() if path.stat().st_nlink == 1]
    assert sorted(own) == ["accounts.json", "history-open.part", MANIFEST, "record"]
    assert sum((second / name).stat().st_size for name in own) < 40_000
    assert read_manifest(first).size > 5 * 40_000


def test_a_purge_of_the_past_is_in_the_next_backup(tmp_path: Path, state: Path) -> None:
    shelf = Shelf(tmp_path / "backups")
    backup(state, shelf)
    with closing(sqlite3.connect(state / "history.sqlite")) as connection, connection:
        connection.execute(f"DELETE FROM energy WHERE hour_s = {(TODAY - 18) * DAY_S}")
        connection.execute(f"DELETE FROM block WHERE step_s = 60 AND day = {TODAY - 3}")
    purged = content(state / "history.sqlite")
    restore(state, backup(state, shelf, 1))
    assert content(state / "history.sqlite") == purged


def test_without_hard_links_files_are_copied(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    shelf = Shelf(tmp_path / "backups")
    backup(state, shelf)
    assert verify(backup(state, shelf, 1)).size > 200_000


def test_a_backup_is_consistent_while_the_agent_writes(tmp_path: Path, state: Path) -> None:
    """A writer that holds the database is waited for."""
    writer = sqlite3.connect(state / "history.sqlite", isolation_level=None)
    with closing(writer):
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM counter")
        made = backup(state, Shelf(tmp_path / "backups"))
        writer.execute("ROLLBACK")
    restore(state, made)
    assert len(content(state / "history.sqlite")["counter"]) == 1


def test_an_altered_backup_is_refused_with_its_file_named(tmp_path: Path, state: Path) -> None:
    made = backup(state, Shelf(tmp_path / "backups"))
    part = next(made.glob("history-minutes-*"))
    data = bytearray(part.read_bytes())
    data[-7] ^= 1
    part.write_bytes(data)
    before = {path: path.read_bytes() for path in state.iterdir()}
    with pytest.raises(StoreError, match=f"{part.name} was altered"):
        restore(state, made)
    assert {path: path.read_bytes() for path in state.iterdir()} == before


@pytest.mark.parametrize(
    "spoil", ["", "[]", '{"format": 2}', '{"format": 1, "parts": {"../x": {}}}']
)
def test_a_manifest_that_makes_no_sense_is_refused(tmp_path: Path, state: Path, spoil: str) -> None:
    made = backup(state, Shelf(tmp_path / "backups"))
    (made / MANIFEST).write_text(spoil, encoding="utf-8")
    with pytest.raises(StoreError, match=r"manifest\.json"):
        restore(state, made)


def test_a_full_disk_leaves_the_backups_as_they_were(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf(tmp_path / "backups")
    first = backup(state, shelf)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(making, "_sync", full)
    with pytest.raises(StoreError, match="No space left on device; free some space there"):
        backup(state, shelf, 1)
    assert [path.name for path in shelf.folder.iterdir()] == [first.name]


class Killed(BaseException):
    """In place of kill -9: nothing cleans up after it."""


@pytest.mark.parametrize("steps", range(0, 36, 3))
def test_a_kill_in_the_middle_leaves_the_old_state_or_ends_in_the_new(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    """Whichever sync it dies after: the next start finds all of one, never some of both."""
    made = backup(state, Shelf(tmp_path / "backups"))
    expected = content(state / "history.sqlite")
    with closing(sqlite3.connect(state / "history.sqlite")) as connection, connection:
        connection.execute("DELETE FROM energy")
    old = content(state / "history.sqlite")
    later = replace(RECORD, seq=900, meters={"outlet 1": MeterRecord(energy_mj=1)})
    Tier(state, True, FileOps()).write(later)
    real, left = restoring._sync, steps

    def dying(path: Path) -> None:
        nonlocal left
        real(path)
        left -= 1
        if left < 0:
            raise Killed

    monkeypatch.setattr(restoring, "_sync", dying)
    try:
        restore(state, made)
    except Killed:
        monkeypatch.setattr(restoring, "_sync", real)
        finish(state.parent / "run", state)
    record, rows = loaded(state), content(state / "history.sqlite")
    if record.meters == later.meters:
        assert rows == old
        assert record == later
    else:
        assert rows == expected
        assert record.meters == RECORD.meters
        aside = next(state.glob("before-restore-*"))
        assert content(aside / "history.sqlite") == old


def test_a_restore_that_is_ready_is_finished_once(tmp_path: Path, state: Path) -> None:
    made = backup(state, Shelf(tmp_path / "backups"))
    stage(made, state, {}, prepare, NOW_S)
    assert finish(tmp_path / "run", state)
    assert finish(tmp_path / "run", state) == ()


def test_a_file_that_cannot_be_put_back_is_told_and_the_rest_is_restored(
    tmp_path: Path, state: Path
) -> None:
    made = backup(state, Shelf(tmp_path / "backups"))
    nowhere = tmp_path / "nowhere" / "accounts.json"
    stage(made, state, {"accounts.json": nowhere}, prepare, NOW_S)
    told = finish(tmp_path / "run", state)
    assert any("accounts.json could not be restored" in text for text in told)
    assert loaded(state).meters == RECORD.meters
