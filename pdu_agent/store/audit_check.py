# SPDX-License-Identifier: Apache-2.0
"""Reads the audit log without an agent, or beside a running one, and says whether it is whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pdu_agent.model.errors import StoreError
from pdu_agent.model.record import AuditHead
from pdu_agent.store.audit_chain import (
    CONTINUED,
    GENESIS,
    NEWER_NAME,
    OLDER_NAME,
    START,
    WAITING_NAME,
    Line,
    content,
    parsed,
)
from pdu_agent.store.files import FileOps
from pdu_agent.store.tier import Tier

_TRIES = 5


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and the first place where it shows. line counts from 1; number: the one of
    the line that should be there.
    """

    path: Path
    line: int
    number: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: number {self.number}: {self.text}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """first: the number that the log begins with, 0 when it is empty. newest: the last line.
    recorded: the newest line that a record vouches for, START when none does.
    torn_bytes: of a line that was being written when the process or the power went.
    problems: in the order of the log, empty when it is whole.
    """

    first: int
    newest: AuditHead
    recorded: AuditHead
    torn_bytes: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Raw:
    """A line as it stands in a file, without its line break."""

    path: Path
    place: int
    data: bytes


@dataclass(frozen=True, slots=True)
class _Found:
    older: tuple[_Raw, ...]
    newer: tuple[_Raw, ...]
    waiting: tuple[Line, ...]
    rest: bytes
    recorded: tuple[AuditHead, ...]
    on_card: AuditHead


def read_lines(runtime_dir: Path, state_dir: Path) -> Iterator[Line]:
    """Every sound line, oldest first. Raises StoreError when a file may not be read."""
    found = _found(runtime_dir, state_dir)
    newest = 0
    for raw in (*found.older, *found.newer):
        line = parsed(raw.data)
        if line is not None:
            newest = max(newest, line.head.number)
            yield line
    yield from (line for line in found.waiting if line.head.number > newest)


def verify(runtime_dir: Path, state_dir: Path) -> Verdict:
    """Follow the chain over all files. Raises StoreError when a file may not be read."""
    found = _found(runtime_dir, state_dir)
    raws = [*found.older, *found.newer]
    walk = _Walk(found.recorded)
    for raw in raws:
        begins = bool(found.newer) and raw is found.newer[0]
        walk.step(raw, begins_newer=begins)
    place = _Raw(state_dir / NEWER_NAME, len(found.newer) + 1, found.rest)
    torn = 0
    if found.rest and found.on_card.number > walk.last.number:
        walk.blame(place, walk.last.number + 1, "altered: it was a whole line")
        walk.skip()
    else:
        torn = len(found.rest)
    walk.reaches(found.on_card, place)
    for line in found.waiting:
        if line.head.number > walk.last.number:
            walk.step(_Raw(runtime_dir / WAITING_NAME, 1, line.data[:-1]))
    recorded = max(found.recorded, key=lambda head: head.number, default=START)
    if recorded.number > found.on_card.number:
        walk.reaches(recorded, place)
    return Verdict(walk.first, walk.last, recorded, torn, tuple(walk.problems))


class _Walk:
    """Goes along the chain; `last` is the newest line so far, sound or only expected."""

    def __init__(self, recorded: tuple[AuditHead, ...]) -> None:
        self.first = 0
        self.last = START
        self.problems: list[Problem] = []
        self._recorded = {head.number: head.hash for head in recorded}
        self._last_raw: _Raw | None = None
        self._is_sure = True  # of the hash in `last`

    def blame(self, raw: _Raw, number: int, text: str) -> None:
        self.problems.append(Problem(raw.path, raw.place, number, text))

    def skip(self) -> None:
        """A line is taken for there, but nobody knows what was in it."""
        self.last = AuditHead(self.last.number + 1, "")
        self._is_sure = False

    def step(self, raw: _Raw, begins_newer: bool = False) -> None:
        line = parsed(raw.data)
        if line is None:
            self.blame(raw, self.last.number + 1, "altered: it does not match its own hash")
            self.skip()
        else:
            if begins_newer and line.kind == CONTINUED:
                self._older_is_there(raw, line)
            self._sound(raw, line)
            self.first = self.first or line.head.number
            self.last, self._is_sure = line.head, True
        self._last_raw = raw

    def _older_is_there(self, raw: _Raw, line: Line) -> None:
        began = line.plain.get("began")
        if not isinstance(began, int):
            self.blame(raw, line.head.number, "does not say what the file before it begins with")
        elif self.first == 0 and self.last == START:
            path = raw.path.with_name(OLDER_NAME)
            self.problems.append(Problem(path, 1, began, "missing, as the next file says"))
            self.last, self._is_sure = AuditHead(line.head.number - 1, ""), False
        elif self.first > began:
            path = raw.path.with_name(OLDER_NAME)
            text = f"missing, up to number {self.first - 1}, as the next file says"
            self.problems.insert(0, Problem(path, 1, began, text))

    def _sound(self, raw: _Raw, line: Line) -> None:
        """Judge where a line stands that is in itself as it was written."""
        number, expected = line.head.number, self.last.number + 1
        if self._last_raw is None and self.last == START:
            if line.kind not in (GENESIS, CONTINUED):
                self.blame(raw, number - 1, "missing: the log does not begin here")
            return
        if number > expected:
            gap = f"{expected}" if number == expected + 1 else f"{expected} to {number - 1}"
            self.blame(raw, expected, f"missing or moved: {gap}; number {number} stands here")
        elif number < expected:
            self.blame(raw, expected, f"number {number} stands here: repeated, moved or put in")
        elif self._is_sure and line.previous != self.last.hash and self._last_raw is not None:
            self.blame(
                self._last_raw,
                self.last.number,
                "written anew: the next line was written after another one",
            )
        if self._recorded.get(number, line.head.hash) != line.head.hash:
            self.blame(raw, number, "written anew: the record vouches for another line")

    def reaches(self, recorded: AuditHead, place: _Raw) -> None:
        """Is everything there that this record vouches for?"""
        if recorded.number > self.last.number:
            text = f"missing: the record vouches for the lines up to number {recorded.number}"
            self.blame(place, self.last.number + 1, text)


def _found(runtime_dir: Path, state_dir: Path) -> _Found:
    """What is there at one moment: the record first, it only vouches for what came before it,
    then what waits, then the files; all again when they took turns in the meantime.
    """
    files = FileOps()
    for _ in range(_TRIES):
        before = _identity(state_dir / NEWER_NAME)
        recorded = (_recorded(runtime_dir, files), _recorded(state_dir, files))
        waiting = content(files, runtime_dir / WAITING_NAME).split(b"\n")[:-1]
        older = content(files, state_dir / OLDER_NAME)
        newer = content(files, state_dir / NEWER_NAME)
        if _identity(state_dir / NEWER_NAME) == before:
            break
    end = newer.rfind(b"\n") + 1
    return _Found(
        _raws(state_dir / OLDER_NAME, older),
        _raws(state_dir / NEWER_NAME, newer[:end]),
        tuple(line for line in map(parsed, waiting) if line is not None),
        newer[end:],
        tuple(head for head in recorded if head != START),
        recorded[1],
    )


def _identity(path: Path) -> int | None:
    try:
        return os.stat(path).st_ino
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise StoreError(f"cannot read {path}: {exc.strerror}") from exc


def _recorded(folder: Path, files: FileOps) -> AuditHead:
    record = Tier(folder, durable=False, files=files).read().record
    return record.audit if record is not None and record.audit is not None else START


def _raws(path: Path, data: bytes) -> tuple[_Raw, ...]:
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return tuple(_Raw(path, place, each) for place, each in enumerate(lines, start=1))
