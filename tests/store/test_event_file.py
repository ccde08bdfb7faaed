# SPDX-License-Identifier: Apache-2.0
"""The event log's file: bounded, in order, and readable whatever a power cut did to it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.errors import StoreError
from pdu_agent.model.record import Record
from pdu_agent.model.snapshot import KEPT_EVENTS, EventKind, LoggedEvent, Severity
from pdu_agent.store.event_file import FULL_BYTES, NEWER_NAME, OLDER_NAME, EventFile, _line
from pdu_agent.store.files import FileOps
from pdu_agent.store.record_store import RecordStore


def event(number: int, text: str = "outlet 1 is on") -> LoggedEvent:
    target = Target(TargetKind.OUTLET, 1) if number % 2 else None
    return LoggedEvent(
        number, 1.8e9 + number, EventKind.OUTLET_STATE, Severity.INFO, target, text, "cli root"
    )


def altered(old: str, new: str) -> str:
    """A whole line with one thing in it that cannot be."""
    line = _line(event(3)).decode("ascii").strip()
    assert old in line
    return line.replace(old, new)


def opened(folder: Path, files: FileOps | None = None) -> tuple[EventFile, tuple[LoggedEvent, ...]]:
    file = EventFile(folder, files or FileOps())
    return file, file.read()


def test_what_was_appended_is_read_back(tmp_path: Path) -> None:
    file, found = opened(tmp_path)
    assert found == ()
    file.append([event(1), event(2)])
    file.append([event(3, "é \u2028 \n \x00")])
    file.sync()
    assert opened(tmp_path)[1] == (event(1), event(2), event(3, "é \u2028 \n \x00"))
    assert (tmp_path / NEWER_NAME).stat().st_mode & 0o777 == 0o600


def test_two_files_take_turns_and_hold_what_is_shown(tmp_path: Path) -> None:
    file, _ = opened(tmp_path)
    for number in range(1, 3001):
        file.append([event(number)])
    sizes = [(tmp_path / name).stat().st_size for name in (NEWER_NAME, OLDER_NAME)]
    assert all(0 < size <= FULL_BYTES for size in sizes)
    found = opened(tmp_path)[1]
    assert [entry.number for entry in found] == list(range(3001 - KEPT_EVENTS, 3001))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(cut=st.integers(0, 400), junk=st.binary(max_size=40))
def test_a_torn_end_costs_what_was_torn_and_nothing_after(
    tmp_path: Path, cut: int, junk: bytes
) -> None:
    (tmp_path / NEWER_NAME).unlink(missing_ok=True)
    file, _ = opened(tmp_path)
    file.append([event(1), event(2)])
    data = (tmp_path / NEWER_NAME).read_bytes()
    (tmp_path / NEWER_NAME).write_bytes(data[:cut] + junk)
    file, found = opened(tmp_path)
    whole = data[:cut].count(b"\n")
    assert found[:whole] == (event(1), event(2))[:whole]
    file.append([event(3)])
    assert opened(tmp_path)[1] == (*found, event(3))


@pytest.mark.parametrize(
    "line",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"number":1}',
        "\x00" * 100,
        "[" * 100_000,
        '{"number":"x"}',
        *(
            altered(*change)
            for change in (
                ('"number":3', '"number":0'),
                ('"number":3', '"number":1e999'),
                ('"number":3', '"number":4294967296'),
                ('["outlet",1]', '["outlet"]'),
                ('["outlet",1]', "7"),
                ('"time":1800000003.0', '"time":1e999'),
            )
        ),
    ],
)
def test_a_line_that_is_no_entry_is_skipped(tmp_path: Path, line: str) -> None:
    file, _ = opened(tmp_path)
    file.append([event(1)])
    with (tmp_path / NEWER_NAME).open("a", encoding="utf-8") as end:
        end.write(line + "\n")
    file, _ = opened(tmp_path)
    file.append([event(2)])
    assert opened(tmp_path)[1] == (event(1), event(2))


class FullCard(FileOps):
    """Takes a few bytes, then no more until there is room."""

    def __init__(self) -> None:
        self.room = True

    def write(self, file: int, data: bytes) -> int:
        if self.room:
            return super().write(file, data)
        os.write(file, data[:7])
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_card_is_an_error_and_the_next_try_is_whole(tmp_path: Path) -> None:
    card = FullCard()
    file, _ = opened(tmp_path, card)
    file.append([event(1)])
    card.room = False
    with pytest.raises(StoreError, match="No space left"):
        file.append([event(2)])
    card.room = True
    file.append([event(2), event(3)])
    assert opened(tmp_path)[1] == (event(1), event(2), event(3))


# through the store


def store_at(folder: Path, flushed: list[StoreError | None], files: FileOps | None = None):
    return RecordStore(folder / "run", folder / "state", flushed.append, files)


def test_the_store_gives_the_log_back_at_the_next_start(tmp_path: Path) -> None:
    store = store_at(tmp_path, [])
    assert store.load().events == ()
    store.append_events((event(1),))
    store.append_events((event(2),))
    store.close()
    store = store_at(tmp_path, [])
    assert store.load().events == (event(1), event(2))
    store.close()


def test_a_log_that_cannot_be_written_refuses_no_record(tmp_path: Path) -> None:
    flushed: list[StoreError | None] = []
    store = store_at(tmp_path, flushed)
    store.load()
    (tmp_path / "state" / NEWER_NAME).mkdir()
    store.append_events((event(1),))
    store.request_flush(Record(seq=1, engine_id=b"x"))
    store.append_events((event(2),))
    store.flush_now(Record(seq=2, engine_id=b"x"))
    (tmp_path / "state" / NEWER_NAME).rmdir()
    store.close()
    assert flushed == [None]
    assert [e.number for e in opened(tmp_path / "state")[1]] == [1, 2]


def test_an_idle_log_costs_the_card_nothing(tmp_path: Path) -> None:
    class Counted(FileOps):
        appends = 0

        def append(self, path: Path) -> int:
            self.appends += 1
            return super().append(path)

    card = Counted()
    store = store_at(tmp_path, [], card)
    store.load()
    for seq in range(1, 20):
        store.flush_now(Record(seq=seq, engine_id=b"x"))
    assert card.appends == 0
    store.append_events((event(1),))
    store.close()
    assert card.appends == 2  # one to write, one to sync
