# SPDX-License-Identifier: Apache-2.0
"""The two-tier store: what survives what, and what it says when something did not."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pdu_agent.model.errors import StoreError
from pdu_agent.model.record import MeterRecord, OutletRecord, Record
from pdu_agent.store.files import FileOps
from pdu_agent.store.framing import decode, encode
from pdu_agent.store.record_store import Loaded, RecordStore
from pdu_agent.store.tier import Tier

REPOSITORY = Path(__file__).parents[2]
DEADLINE_S = 5.0


class Folders:
    """A device's two folders; each `open` is one run of the agent."""

    def __init__(self, root: Path) -> None:
        self.runtime = root / "run" / "openpdu"
        self.state = root / "lib" / "openpdu"
        self.flushes: list[StoreError | None] = []

    @contextlib.contextmanager
    def open(self, files: FileOps | None = None) -> Iterator[RecordStore]:
        store = RecordStore(self.runtime, self.state, self.flushes.append, files)
        try:
            yield store
        finally:
            store.close()

    def load(self, files: FileOps | None = None) -> Loaded:
        with self.open(files) as store:
            return store.load()

    def saved(self, *seqs: int) -> None:
        with self.open() as store:
            store.load()
            for seq in seqs:
                store.save(record(seq))

    def flushed(self, *seqs: int) -> None:
        with self.open() as store:
            store.load()
            for seq in seqs:
                store.flush_now(record(seq))

    def lose_power(self) -> None:
        for file in self.runtime.iterdir():
            file.unlink()


def record(seq: int) -> Record:
    return Record(
        seq=seq,
        boots=3,
        outlets={1: OutletRecord("on" if seq % 2 else "off")},
        meters={"outlet 1": MeterRecord(energy_mj=1000 * seq)},
    )


def slot_of(folder: Path, seq: int) -> Path:
    (path,) = [p for p in folder.glob("record-?") if decode(p.read_bytes()).seq == seq]
    return path


def telling_positions(whole: bytes) -> list[int]:
    """All of the content and some of the padding; the framing's own test takes every byte."""
    end_of_text = len(whole[:-1].rstrip(b" \0"))
    return [*range(end_of_text), *range(end_of_text, len(whole), 64)]


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


# --- what is loaded -----------------------------------------------------------------


def test_very_first_start_has_no_record_and_makes_private_folders(folders: Folders):
    assert folders.load() == Loaded(None, None, ())
    assert folders.state.stat().st_mode & 0o777 == 0o700


def test_restarted_process_finds_its_last_save(folders: Folders):
    folders.flushed(1)
    folders.saved(2, 3, 4)
    assert folders.load() == Loaded(record(4), "runtime", ())


def test_power_cut_leaves_the_last_flush(folders: Folders):
    folders.flushed(1, 2)
    folders.saved(3, 4)
    folders.lose_power()
    assert folders.load() == Loaded(record(2), "state", ())


def test_newest_record_wins_wherever_it_is(folders: Folders):
    folders.saved(5)
    folders.flushed(6)
    assert folders.load() == Loaded(record(6), "state", ())
    folders.saved(6)
    assert folders.load() == Loaded(record(6), "runtime", ())


@pytest.mark.parametrize("restarting", [False, True])
def test_saves_take_turns_and_keep_the_newest_three(folders: Folders, restarting: bool):
    for write in (folders.saved, folders.flushed):
        for seqs in [(1,), (2,), (3,), (4,), (5,)] if restarting else [(1, 2, 3, 4, 5)]:
            write(*seqs)
    for folder in (folders.runtime, folders.state):
        names = sorted(path.name for path in folder.iterdir() if path.name != "lock")
        assert names == ["record-a", "record-b", "record-c"]
        assert {slot_of(folder, seq).name for seq in (3, 4, 5)} == set(names)


@pytest.mark.parametrize("tier", ["runtime", "state"])
def test_each_torn_prefix_falls_back_to_the_record_before_and_says_so(folders: Folders, tier: str):
    write, folder = (
        (folders.saved, folders.runtime) if tier == "runtime" else (folders.flushed, folders.state)
    )
    write(8, 9)
    torn, kept = slot_of(folder, 9), slot_of(folder, 8)
    whole = torn.read_bytes()
    with folders.open() as store:
        for length in telling_positions(whole):
            torn.write_bytes(whole[:length])
            loaded = store.load()
            assert (loaded.record, loaded.tier) == (record(8), tier)
            (warning,) = loaded.warnings
            assert str(torn) in warning
            assert f"took {kept} (save 8) instead" in warning


def test_each_flipped_byte_falls_back_and_the_next_save_repairs_the_torn_file(folders: Folders):
    folders.saved(8, 9)
    torn = slot_of(folders.runtime, 9)
    whole = torn.read_bytes()
    with folders.open() as store:
        for position in telling_positions(whole):
            flipped = bytearray(whole)
            flipped[position] ^= 1 << position % 8
            torn.write_bytes(flipped)
            loaded = store.load()
            assert loaded.record == record(8)
            assert len(loaded.warnings) == 1
        store.save(record(10))
        assert store.load() == Loaded(record(10), "runtime", ())
        assert slot_of(folders.runtime, 10) == torn


def test_torn_runtime_tier_falls_back_to_the_card(folders: Folders):
    folders.flushed(4)
    folders.saved(5)
    slot_of(folders.runtime, 5).write_bytes(b"")
    loaded = folders.load()
    assert (loaded.record, loaded.tier) == (record(4), "state")
    assert "is empty" in loaded.warnings[0]


def test_only_damaged_files_is_an_error_that_says_what_to_do(folders: Folders):
    folders.flushed(1, 2)
    folders.saved(3)
    for folder in (folders.runtime, folders.state):
        for file in folder.glob("record-?"):
            file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(StoreError) as caught:
        folders.load()
    text = str(caught.value)
    assert f"Restore {folders.state} from a backup" in text
    assert "to start anew" in text
    assert text.count("torn or altered") == 3


def test_half_written_new_file_is_ignored(folders: Folders):
    folders.saved(1)
    (folders.runtime / "record.new").write_bytes(encode(record(2))[:50])
    assert folders.load() == Loaded(record(1), "runtime", ())
    folders.saved(3)
    assert not (folders.runtime / "record.new").exists()


# --- what a save promises -----------------------------------------------------------


def test_files_are_for_their_owner_only(folders: Folders):
    mask = os.umask(0)
    try:
        folders.saved(1, 2)
        folders.flushed(1)
    finally:
        os.umask(mask)
    files = [*folders.runtime.iterdir(), *folders.state.iterdir()]
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600] * 4


class CountedFiles(FileOps):
    """Real files; the n-th call fails with `number`, and all later ones if `for_good`."""

    def __init__(self, nth: int = 0, number: int = errno.EIO, for_good: bool = False) -> None:
        self.nth, self.number, self.for_good = nth, number, for_good
        self.calls: list[str] = []
        self.name = ""

    def fail_at(self, name: str) -> None:
        """The next call of this name fails."""
        self.name = name

    def _count(self, name: str) -> None:
        self.calls.append(name)
        position = len(self.calls)
        by_count = self.nth and (position == self.nth or (self.for_good and position > self.nth))
        by_name, self.name = name == self.name, "" if name == self.name else self.name
        if by_count or by_name:
            raise OSError(self.number, os.strerror(self.number))

    def create(self, path: Path) -> int:
        self._count("create")
        return super().create(path)

    def write(self, file: int, data: bytes) -> int:
        self._count("write")
        return super().write(file, data[:1500])  # short writes are the caller's to finish

    def open(self, path: Path) -> int:
        self._count("open")
        return super().open(path)

    def sync(self, file: int) -> None:
        self._count("sync")
        super().sync(file)

    def close(self, file: int) -> None:
        super().close(file)  # as Linux does: the descriptor is gone even when close fails
        self._count("close")

    def rename(self, old: Path, new: Path) -> None:
        self._count("rename")
        super().rename(old, new)

    def sync_folder(self, folder: Path) -> None:
        self._count("sync_folder")
        super().sync_folder(folder)

    def unlink(self, path: Path) -> None:
        self._count("unlink")
        super().unlink(path)


Write = Callable[[RecordStore, Record], None]


def calls_of(folders: Folders, write: Write, *before: int) -> list[str]:
    """What `write` does when the records `before` are in place."""
    files = CountedFiles()
    with folders.open(files) as store:
        for seq in before:
            write(store, record(seq))
        files.calls.clear()
        write(store, record(100))
    return files.calls


def test_save_is_a_new_file_and_a_rename_without_any_sync(folders: Folders):
    expected = ["create", "write", "write", "write", "close", "rename"]
    assert calls_of(folders, RecordStore.save) == expected
    assert calls_of(folders, RecordStore.save, 1, 2, 3, 4) == expected


def test_flush_syncs_a_new_file_and_its_name_and_then_overwrites_in_turn(folders: Folders):
    assert calls_of(folders, RecordStore.flush_now) == [
        *("create", "write", "write", "write", "sync", "close", "rename", "sync_folder")
    ]
    assert calls_of(folders, RecordStore.flush_now, 1, 2, 3, 4) == [
        *("open", "write", "write", "write", "sync", "close")
    ]


def test_record_that_grew_by_a_block_is_a_new_file_again(folders: Folders):
    grown = Record(seq=9, boot_id=random.Random(1).randbytes(5000).hex())
    files = CountedFiles()
    with folders.open(files) as store:
        for seq in (1, 2, 3):
            store.flush_now(record(seq))
        files.calls.clear()
        store.flush_now(grown)
    assert "rename" in files.calls
    folders.lose_power()
    assert folders.load() == Loaded(grown, "state", ())


@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EROFS])
@pytest.mark.parametrize("before", [(8, 9), (6, 7, 8, 9)], ids=["new file", "overwrite"])
@pytest.mark.parametrize("write", [RecordStore.save, RecordStore.flush_now])
def test_failure_of_any_call_loses_no_record_and_is_told(
    tmp_path: Path, write: Write, before: tuple[int, ...], number: int, for_good: bool
):
    calls = calls_of(Folders(tmp_path / "count"), write, *before)
    for nth in range(1, len(calls) + 1):
        folders = Folders(tmp_path / str(nth))
        folder = folders.state if write is RecordStore.flush_now else folders.runtime
        with folders.open() as store:
            for seq in before:
                write(store, record(seq))
        kept = [slot_of(folder, 8), slot_of(folder, 9)]
        files = CountedFiles(nth, number, for_good)
        with folders.open(files) as store:
            store.load()
            with pytest.raises(StoreError, match=os.strerror(number)):
                write(store, record(10))
            found = Tier(folder, durable=False, files=FileOps()).read()
            # A name that may not be durable shows the new record, and so may a file that
            # could not even be deleted.
            unsure = calls[nth - 1] == "sync_folder" or (for_good and write is not RecordStore.save)
            assert found.record in (record(9), record(10) if unsure else record(9))
            files.nth = 0
            write(store, record(11))
            assert [slot_of(folder, 8), slot_of(folder, 9)] == kept
        assert folders.load() == Loaded(record(11), folders_tier(folders, folder), ())


def folders_tier(folders: Folders, folder: Path) -> str:
    return "state" if folder == folders.state else "runtime"


def test_unsure_flushes_again_and_again_leave_the_last_sure_ones_alone(folders: Folders):
    folders.flushed(7, 8, 9)
    sure = [slot_of(folders.state, 8), slot_of(folders.state, 9)]
    files = CountedFiles()
    with folders.open(files) as store:
        store.load()
        for seq in (10, 11, 12):
            failing = "sync" if seq == 10 else "sync_folder"
            files.fail_at(failing)
            with pytest.raises(StoreError):
                store.flush_now(record(seq))
            assert [slot_of(folders.state, 8), slot_of(folders.state, 9)] == sure


def test_full_disk_of_the_kernel_is_told_with_folder_user_and_advice(folders: Folders):
    folders.flushed(1)
    (folders.state / "record.new").symlink_to("/dev/full")
    with folders.open() as store:
        store.load()
        with pytest.raises(StoreError) as caught:
            store.flush_now(record(2))
        assert str(folders.state) in str(caught.value)
        assert "No space left on device; free some space" in str(caught.value)
        store.flush_now(record(3))
    assert folders.load().record == record(3)


def test_number_that_cannot_be_stored_leaves_everything_as_it_was(folders: Folders):
    folders.saved(1)
    with folders.open() as store:
        store.load()
        with pytest.raises(StoreError, match="record 2 cannot be stored"):
            store.save(Record(seq=2, wall_s=float("nan")))
    assert folders.load().record == record(1)


# --- folders that cannot be used ----------------------------------------------------


class ForbiddenFiles(FileOps):
    """What a user without rights sees; the tests may run as root."""

    def __init__(self, *forbidden: str) -> None:
        self.forbidden = forbidden

    def make_folder(self, folder: Path) -> None:
        self._check("make_folder")
        super().make_folder(folder)

    def read(self, path: Path) -> bytes:
        self._check("read")
        return super().read(path)

    def create(self, path: Path) -> int:
        self._check("create")
        return super().create(path)

    def _check(self, name: str) -> None:
        if name in self.forbidden:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def test_unreadable_record_is_not_taken_for_a_missing_one(folders: Folders):
    folders.flushed(1)
    with pytest.raises(StoreError, match=r"cannot read record-a in .* as user \S+: Perm.*chown -R"):
        folders.load(ForbiddenFiles("read"))


@pytest.mark.parametrize("forbidden", ["make_folder", "create"])
def test_folder_without_rights_names_folder_user_and_remedy(folders: Folders, forbidden: str):
    with (
        pytest.raises(StoreError, match=rf"{folders.runtime} as user \S+: Permission.*; give it"),
        folders.open(ForbiddenFiles(forbidden)) as store,
    ):
        store.save(record(1))


def test_file_in_place_of_a_folder_is_refused(folders: Folders):
    folders.state.parent.mkdir(parents=True)
    folders.state.touch()
    with pytest.raises(StoreError, match=f"{folders.state} .*a file stands where a folder"):
        folders.load()


def test_lock_that_cannot_be_made_is_told(folders: Folders):
    (folders.runtime / "lock").mkdir(parents=True)
    with pytest.raises(StoreError, match=rf"cannot open lock in {folders.runtime} as user"):
        folders.load()


def test_unreadable_medium_falls_back_with_a_warning(folders: Folders):
    class BadSector(FileOps):
        def read(self, path: Path) -> bytes:
            if path.name == "record-b":
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return super().read(path)

    folders.flushed(1, 2)
    loaded = folders.load(BadSector())
    assert loaded.record == record(1)
    assert "record-b cannot be read: Input/output error" in loaded.warnings[0]


def test_second_agent_on_the_same_folder_is_refused_and_the_first_goes_on(folders: Folders):
    with folders.open() as store:
        with pytest.raises(
            StoreError,
            match=rf"{folders.runtime} is in use by another agent \(process {os.getpid()}",
        ):
            folders.load()
        store.save(record(1))
    assert folders.load().record == record(1)


# --- the store thread ---------------------------------------------------------------


class SlowCard(FileOps):
    """sync waits for `release`, as a card does in its bad moments."""

    def __init__(self) -> None:
        self.reached = threading.Semaphore(0)
        self.release = threading.Semaphore(0)

    def sync(self, file: int) -> None:
        self.reached.release()
        assert self.release.acquire(timeout=DEADLINE_S)
        super().sync(file)


def test_flush_waits_in_its_thread_and_the_newest_waiting_record_wins(folders: Folders):
    card = SlowCard()
    with folders.open(card) as store:
        store.request_flush(record(1))
        assert card.reached.acquire(timeout=DEADLINE_S)
        for seq in (2, 3, 4):
            store.request_flush(record(seq))
            store.save(record(seq))
        assert folders.flushes == []
        card.release.release(2)
    assert folders.flushes == [None, None]
    folders.lose_power()
    assert folders.load().record == record(4)
    assert slot_of(folders.state, 1).exists()


def test_failed_flush_is_told_and_a_later_one_succeeds(folders: Folders):
    files = CountedFiles(nth=1, number=errno.EROFS)
    told = threading.Semaphore(0)
    results: list[StoreError | None] = []

    def on_flush(error: StoreError | None) -> None:
        results.append(error)
        told.release()

    with contextlib.closing(RecordStore(folders.runtime, folders.state, on_flush, files)) as store:
        store.request_flush(record(1))
        assert told.acquire(timeout=DEADLINE_S)
        store.request_flush(record(2))
        assert told.acquire(timeout=DEADLINE_S)
    failed, succeeded = results
    assert isinstance(failed, StoreError)
    assert "Read-only file system; mount it writable" in str(failed)
    assert succeeded is None
    assert folders.load().record == record(2)


def test_waiting_record_does_not_overwrite_a_newer_one_on_the_card(folders: Folders):
    card = SlowCard()
    with folders.open(card) as store:
        card.release.release(5)
        store.flush_now(record(5))
        store.request_flush(record(4))
    assert folders.flushes == [None]
    assert [p.name for p in folders.state.iterdir()] == ["record-a"]


def test_closing_writes_what_waits_and_ends_the_thread(folders: Folders):
    with folders.open() as store:
        store.request_flush(record(7))
    folders.lose_power()
    assert folders.load().record == record(7)
    assert not [t for t in threading.enumerate() if t.name == "store"]


# --- a killed process ---------------------------------------------------------------

WRITER = """
import sys
from pathlib import Path
from pdu_agent.model.record import MeterRecord, OutletRecord, Record
from pdu_agent.store.record_store import RecordStore
store = RecordStore(Path(sys.argv[1]), Path(sys.argv[2]), lambda error: None)
before = store.load().record
seq = before.seq if before else 0
while True:
    seq += 1
    record = Record(seq=seq, boots=3,
        outlets={1: OutletRecord("on" if seq % 2 else "off")},
        meters={"outlet 1": MeterRecord(energy_mj=1000 * seq)})
    store.save(record)
    print(seq, flush=True)
    store.request_flush(record)
"""


def test_killed_process_loses_no_save_that_returned(folders: Folders):
    chance = random.Random(20)
    for _ in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folders.runtime), str(folders.state)],
            stdout=subprocess.PIPE,
            cwd=REPOSITORY,
        ) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(chance.randrange(1, 60))]
            os.kill(process.pid, signal.SIGKILL)
            lines += process.stdout.readlines()
        last = max(int(line) for line in lines if line.endswith(b"\n"))
        loaded = folders.load()
        assert loaded.record is not None
        assert loaded.record.seq >= last
        assert loaded.record == record(loaded.record.seq)
        assert (loaded.tier, loaded.warnings) == ("runtime", ())
