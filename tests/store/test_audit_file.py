# SPDX-License-Identifier: Apache-2.0
"""The audit log's files: a chain that shows every change, and goes on after every accident."""

from __future__ import annotations

import errno
import json
import random
import shutil
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pdu_agent.model.errors import StoreError
from pdu_agent.model.record import AuditHead, Record
from pdu_agent.store.audit_chain import (
    NEWER_NAME,
    OLDER_NAME,
    START,
    TORN_NAME,
    WAITING_NAME,
    parsed,
    sealed,
)
from pdu_agent.store.audit_check import Verdict, read_lines, verify
from pdu_agent.store.audit_file import FULL_BYTES, MAX_WAITING_BYTES, SPARE_BYTES, AuditFile
from pdu_agent.store.files import FileOps
from pdu_agent.store.tier import Tier

KEEP = [HealthCheck.function_scoped_fixture]


@dataclass
class Unit:
    """The two folders of a device, and what its agent does with them."""

    runtime: Path
    state: Path

    def opened(self, files: FileOps | None = None, full_bytes: int = FULL_BYTES) -> AuditFile:
        found = Tier(self.state, durable=False, files=FileOps()).read().record
        file = AuditFile(self.runtime, self.state, files or FileOps(), full_bytes)
        self.told = file.open(found.audit if found else None)
        file.begin("80001f88")
        return file

    def vouch(self, head: AuditHead) -> None:
        """As a flush does once the lines are on the card."""
        Tier(self.state, durable=False, files=FileOps()).write(Record(seq=1, audit=head))

    def power_cut(self) -> None:
        shutil.rmtree(self.runtime)
        self.runtime.mkdir()

    def verdict(self) -> Verdict:
        return verify(self.runtime, self.state)

    def numbers(self) -> list[int]:
        return [line.head.number for line in read_lines(self.runtime, self.state)]

    @property
    def newer(self) -> Path:
        return self.state / NEWER_NAME


@pytest.fixture
def unit(tmp_path: Path) -> Unit:
    for name in ("runtime", "state"):
        (tmp_path / name).mkdir()
    return Unit(tmp_path / "runtime", tmp_path / "state")


def entry(number: int) -> dict[str, object]:
    return {"kind": "command", "asked": f"outlet {number} off", "who": "ops"}


def written(unit: Unit, count: int, full_bytes: int = FULL_BYTES) -> AuditFile:
    """A log of genesis and `count` commands, all of it on the card and vouched for."""
    file = unit.opened(full_bytes=full_bytes)
    for number in range(2, count + 2):
        file.append(entry(number))
        file.write_out()
    unit.vouch(file.head)
    return file


def test_a_line_has_the_hash_of_its_bytes_and_of_the_line_before(unit: Unit) -> None:
    written(unit, 2)
    lines = unit.newer.read_bytes().splitlines()
    digests = [sha256(line[: line.index(b',"hash":')]).hexdigest() for line in lines]
    plain = [json.loads(line) for line in lines]
    assert [each["hash"] for each in plain] == digests
    assert [each["previous"] for each in plain] == ["0" * 64, *digests[:-1]]
    assert [each["number"] for each in plain] == [1, 2, 3]
    assert (plain[0]["kind"], plain[0]["device"]) == ("genesis", "80001f88")
    assert unit.newer.stat().st_mode & 0o777 == 0o600
    verdict = unit.verdict()
    assert (verdict.first, verdict.newest.number, verdict.problems) == (1, 3, ())


@settings(suppress_health_check=KEEP, deadline=None, max_examples=150)
@given(data=st.data())
def test_one_changed_byte_names_its_line(unit: Unit, data: st.DataObject) -> None:
    if not unit.newer.exists():
        written(unit, 6)
        (unit.state / "good").write_bytes(unit.newer.read_bytes())
    good = (unit.state / "good").read_bytes()
    place = data.draw(st.integers(0, len(good) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != good[place]))
    unit.newer.write_bytes(good[:place] + bytes([byte]) + good[place + 1 :])
    line = good[:place].count(b"\n") + 1
    problem = unit.verdict().problems[0]
    assert (problem.path, problem.line, problem.number) == (unit.newer, line, line)


@pytest.mark.parametrize("place", range(1, 7))
def test_a_deleted_line_is_missed_where_it_was(unit: Unit, place: int) -> None:
    written(unit, 5)
    lines = unit.newer.read_bytes().splitlines(keepends=True)
    del lines[place - 1]
    unit.newer.write_bytes(b"".join(lines))
    problem = unit.verdict().problems[0]
    assert (problem.line, problem.number) == (place if place > 1 else 1, place)
    assert "missing" in problem.text


@pytest.mark.parametrize("place", range(1, 6))
def test_swapped_and_repeated_lines_are_named(unit: Unit, place: int) -> None:
    written(unit, 5)
    lines = unit.newer.read_bytes().splitlines(keepends=True)
    swapped = [*lines]
    swapped[place - 1 : place + 1] = [lines[place], lines[place - 1]]
    unit.newer.write_bytes(b"".join(swapped))
    assert unit.verdict().problems[0].line == place
    unit.newer.write_bytes(b"".join([*lines[:place], lines[0], *lines[place:]]))
    problem = unit.verdict().problems[0]
    assert (problem.line, problem.text) == (
        place + 1,
        "number 1 stands here: repeated, moved or put in",
    )


def test_a_line_with_a_new_hash_of_its_own_breaks_the_chain(unit: Unit) -> None:
    written(unit, 5)
    lines = unit.newer.read_bytes().splitlines(keepends=True)
    before = parsed(lines[1][:-1])
    assert before is not None
    lines[2] = sealed({**entry(3), "who": "somebody else"}, before.head).data
    unit.newer.write_bytes(b"".join(lines))
    problem = unit.verdict().problems[0]
    assert (problem.line, problem.number) == (3, 3)
    assert "written anew" in problem.text


def test_the_newest_line_written_anew_is_not_the_one_vouched_for(unit: Unit) -> None:
    written(unit, 2)
    lines = unit.newer.read_bytes().splitlines(keepends=True)
    before = parsed(lines[1][:-1])
    assert before is not None
    lines[2] = sealed({**entry(3), "who": "somebody else"}, before.head).data
    unit.newer.write_bytes(b"".join(lines))
    assert [(each.line, each.number) for each in unit.verdict().problems] == [(3, 3)]


@pytest.mark.parametrize("kept", range(6))
def test_a_cut_end_is_found_by_the_record(unit: Unit, kept: int) -> None:
    written(unit, 5)
    lines = unit.newer.read_bytes().splitlines(keepends=True)
    unit.newer.write_bytes(b"".join(lines[:kept]))
    problem = unit.verdict().problems[-1]
    assert (problem.line, problem.number) == (kept + 1, kept + 1)
    assert "up to number 6" in problem.text


def test_a_cut_end_stays_visible_after_the_agent_went_on(unit: Unit) -> None:
    written(unit, 5)
    lines = unit.newer.read_bytes().splitlines(keepends=True)
    unit.newer.write_bytes(b"".join(lines[:3]))
    unit.power_cut()
    file = unit.opened()
    file.append(entry(7))
    file.write_out()
    problem = unit.verdict().problems[0]
    assert (problem.line, problem.number, unit.numbers()) == (4, 4, [1, 2, 3, 7])
    assert "4 to 6" in problem.text


def test_files_take_turns_and_the_chain_goes_over_them(unit: Unit) -> None:
    file = written(unit, 200, full_bytes=8192)
    sizes = [path.stat().st_size for path in (unit.newer, unit.state / OLDER_NAME)]
    assert all(4096 < size <= 8192 for size in sizes) or sizes[0] <= 8192
    verdict = unit.verdict()
    assert verdict.problems == ()
    assert verdict.first > 1
    assert verdict.newest == file.head
    assert unit.numbers() == list(range(verdict.first, file.head.number + 1))
    begun = json.loads(unit.newer.read_bytes().splitlines()[0])
    assert (begun["kind"], begun["began"]) == ("continued", verdict.first)


def test_files_take_turns_in_one_batch_and_after_a_restart(unit: Unit) -> None:
    file = unit.opened(full_bytes=4096)
    for number in range(40):
        file.append(entry(number))
    file = unit.opened(full_bytes=4096)  # killed before anything came to the card
    file.write_out()
    for number in range(20):
        file.append(entry(number))
        if number == 10:
            file.write_out()
            file = unit.opened(full_bytes=4096)
    file.write_out()
    unit.vouch(file.head)
    assert unit.verdict().problems == ()
    assert unit.newer.stat().st_size <= 4096


@pytest.mark.parametrize("which", ["whole", "first line"])
def test_what_is_missing_of_the_older_file_is_told(unit: Unit, which: str) -> None:
    written(unit, 60, full_bytes=8192)
    older = unit.state / OLDER_NAME
    first = unit.verdict().first
    lines = older.read_bytes().splitlines(keepends=True)
    if which == "whole":
        older.unlink()
    else:
        older.write_bytes(b"".join(lines[1:]))
    problem = unit.verdict().problems[0]
    assert (problem.path, problem.number) == (older, first)
    assert "missing" in problem.text


@settings(suppress_health_check=KEEP, deadline=None, max_examples=60)
@given(cut=st.integers(0, 10_000), has_power=st.booleans())
def test_a_kill_or_power_cut_while_the_card_is_written_is_no_tampering(
    unit: Unit, cut: int, has_power: bool
) -> None:
    for path in (unit.newer, unit.state / TORN_NAME, unit.runtime / WAITING_NAME):
        path.unlink(missing_ok=True)
    file = written(unit, 3)
    vouched = unit.newer.stat().st_size
    for number in range(5, 9):
        file.append(entry(number))
    before_write = (unit.runtime / WAITING_NAME).read_bytes()
    file.write_out()
    (unit.runtime / WAITING_NAME).write_bytes(before_write)
    data = unit.newer.read_bytes()
    end = vouched + cut % (len(data) - vouched + 1)
    unit.newer.write_bytes(data[:end])
    if not has_power:
        unit.power_cut()
    assert unit.verdict().problems == ()
    torn = data[:end].rpartition(b"\n")[2]
    file = unit.opened()
    assert unit.told == ()
    file.append(entry(9))
    file.write_out()
    unit.vouch(file.head)
    verdict = unit.verdict()
    assert (verdict.problems, verdict.torn_bytes) == ((), 0)
    if has_power:
        assert verdict.newest.number == 9 + bool(torn)
    if torn:
        assert (unit.state / TORN_NAME).read_bytes() == torn
    (unit.state / "record-a").unlink()


def test_a_line_torn_in_the_runtime_folder_was_never_acknowledged(unit: Unit) -> None:
    file = written(unit, 3)
    file.append(entry(5))
    waiting = unit.runtime / WAITING_NAME
    waiting.write_bytes(waiting.read_bytes() + sealed(entry(6), file.head).data[:30])
    file = unit.opened()
    assert (unit.told, file.head.number) == ((), 5)
    file.append(entry(6))
    assert unit.verdict().problems == ()
    assert unit.numbers() == [1, 2, 3, 4, 5, 6]


class FailingOps(FileOps):
    """Takes half of what is written to one of the two folders, then fails."""

    def __init__(self) -> None:
        self.failing: Path | None = None
        self.on_sync = False
        self._paths: dict[int, Path] = {}

    def append(self, path: Path) -> int:
        file = super().append(path)
        self._paths[file] = path.parent
        return file

    def create(self, path: Path) -> int:
        file = super().create(path)
        self._paths[file] = path.parent
        return file

    def write(self, file: int, data: bytes) -> int:
        if self._paths[file] == self.failing and not self.on_sync:
            super().write(file, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(file, data)

    def sync(self, file: int) -> None:
        if self._paths[file] == self.failing:
            raise OSError(errno.EIO, "Input/output error")
        super().sync(file)


@pytest.mark.parametrize("on_sync", [False, True])
def test_a_card_that_fails_gets_the_same_lines_again(unit: Unit, on_sync: bool) -> None:
    files = FailingOps()
    files.on_sync = on_sync
    file = unit.opened(files, full_bytes=4096)
    for number in range(60):
        file.append(entry(number))
        if number % 3 == 0:
            files.failing = unit.state
            with pytest.raises(StoreError, match=r"audit\.jsonl"):
                file.write_out()
            assert unit.verdict().problems == ()
            files.failing = None
        file.write_out()
    unit.vouch(file.head)
    assert unit.verdict().problems == ()


def test_a_full_runtime_folder_refuses_the_line_and_leaves_no_part_of_it(unit: Unit) -> None:
    files = FailingOps()
    file = unit.opened(files)
    files.failing = unit.runtime
    with pytest.raises(StoreError, match=r"waiting\.jsonl.*free some space"):
        file.append(entry(2))
    files.failing = None
    file.append(entry(2))
    assert unit.numbers() == [1, 2]
    assert unit.opened().head == file.head


def fill(file: AuditFile) -> None:
    for number in range(MAX_WAITING_BYTES // 200):
        file.append(entry(number))


def test_what_waits_for_the_card_is_bounded(unit: Unit) -> None:
    file = unit.opened()
    with pytest.raises(StoreError, match="wait for the card"):
        fill(file)
    file.write_out()
    file.append(entry(1))
    assert (unit.runtime / WAITING_NAME).stat().st_size <= MAX_WAITING_BYTES + SPARE_BYTES
    assert unit.verdict().problems == ()


def test_the_runtime_copy_stays_small_when_the_card_keeps_up(unit: Unit) -> None:
    file = unit.opened()
    for number in range(2000):
        file.append(entry(number))
        file.write_out()
    assert (unit.runtime / WAITING_NAME).stat().st_size < 2 * SPARE_BYTES


def test_append_touches_the_runtime_folder_only(unit: Unit) -> None:
    touched: list[Path] = []

    class Watching(FileOps):
        def append(self, path: Path) -> int:
            touched.append(path.parent)
            return super().append(path)

        def create(self, path: Path) -> int:
            touched.append(path.parent)
            return super().create(path)

        def sync(self, file: int) -> None:
            raise AssertionError("the loop waits for a medium")

    file = unit.opened(Watching())
    for number in range(100):
        file.append(entry(number))
    assert set(touched) == {unit.runtime}


def test_a_thousand_commands_for_64_outlets_take_the_loop_little(unit: Unit) -> None:
    rows = {str(n): ["on", "off pending (off)"] for n in range(1, 65)}
    file = unit.opened()
    spent = []
    for number in range(300):
        start_s = time.perf_counter()
        file.append({**entry(number), "outlets": rows})
        spent.append(time.perf_counter() - start_s)
    assert sorted(spent)[len(spent) // 2] < 0.005  # some tenths of a millisecond on a PC


def test_random_damage_never_goes_unnoticed_nor_fails(unit: Unit) -> None:
    written(unit, 60, full_bytes=8192)
    files = [unit.state / OLDER_NAME, unit.newer]
    good = [path.read_bytes() for path in files]
    rng = random.Random(7)
    for _ in range(60):
        which = rng.randrange(2)
        data = bytearray(good[which])
        at = rng.randrange(len(data))
        del data[at : at + rng.randint(1, 900)]
        files[which].write_bytes(bytes(data))
        assert unit.verdict().problems
        files[which].write_bytes(good[which])
    assert unit.verdict().problems == ()


def test_an_empty_log_is_whole(unit: Unit) -> None:
    verdict = unit.verdict()
    assert (verdict.first, verdict.newest, verdict.problems) == (0, START, ())


def test_a_file_that_the_card_does_not_give_is_put_aside_and_missed(unit: Unit) -> None:
    written(unit, 5)

    class BadSector(FileOps):
        def read(self, path: Path) -> bytes:
            if path.name == NEWER_NAME:
                raise OSError(errno.EIO, "Input/output error")
            return super().read(path)

    unit.power_cut()
    file = unit.opened(BadSector())
    assert [text.count("Input/output error; put aside as") for text in unit.told] == [1]
    file.append(entry(7))
    file.write_out()
    assert unit.numbers() == [7, 8]
    assert unit.verdict().problems[0].number == 1
    assert (unit.state / "audit.unreadable").exists()


def test_a_forged_beginning_of_a_file_is_a_problem_and_no_crash(unit: Unit) -> None:
    written(unit, 60, full_bytes=8192)
    lines = unit.newer.read_bytes().splitlines(keepends=True)
    first = parsed(lines[0][:-1])
    assert first is not None
    before = AuditHead(first.head.number - 1, first.previous)
    lines[0] = sealed({"kind": "continued"}, before).data
    unit.newer.write_bytes(b"".join(lines))
    problem = unit.verdict().problems[0]
    assert (problem.path, problem.line, problem.number) == (unit.newer, 1, first.head.number)
