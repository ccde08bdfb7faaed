# SPDX-License-Identifier: Apache-2.0
"""The level of 10 s: files of one hour each in the runtime folder, a file system in memory.

A file begins with a line of JSON that names its series; then comes a frame for each minute: its
length, its CRC-32, a block. What a killed process leaves at the end is recognised and left out.
An hour that is over is written anew in longer frames, which are smaller. These files also are
what the minutes that the card does not have yet are made of after a restart.
"""

from __future__ import annotations

import json
import logging
import struct
import zlib
from collections import deque
from collections.abc import Callable, Container, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pdu_agent.model.errors import StoreError
from pdu_agent.model.history import HOUR_S, Series
from pdu_agent.store.history.codec import RESOLUTION, Block, decode, encode
from pdu_agent.store.history.names import parsed_series
from pdu_agent.store.history.rollups import Canvas, Rollups, overlapping

log = logging.getLogger(__name__)

STEP_S = 10
JOINED = 6
"""Minutes in a frame of an hour that is over; more would take more memory to make."""
_FRAME = struct.Struct("<II")
_SUFFIX = ".tens"

Columns = tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    start_s: int
    size: int


class TensFolder:
    """Belongs to one thread. Every method may raise OSError.

    max_bytes: of all files; the oldest hour goes first.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._max_bytes = max_bytes
        for leftover in folder.glob("*.new"):
            leftover.unlink()
        self._files = deque(sorted(map(_found, folder.glob(f"*{_SUFFIX}")), key=_order))
        self._columns: Columns | None = None

    @property
    def size_bytes(self) -> int:
        return sum(file.size for file in self._files)

    @property
    def oldest_s(self) -> int | None:
        return self._files[0].start_s if self._files else None

    def append(self, columns: Columns, start_s: int, rollups: Rollups) -> None:
        """Steps of 10 s from start_s on, a row for each column; later than all before."""
        hour_s = start_s - start_s % HOUR_S
        if self._columns != columns or self._files[-1].start_s < hour_s:
            self._begin(columns, start_s)
        block = Block(STEP_S, start_s, tuple(range(len(columns))), rollups)
        data = _framed(encode(block, _resolutions(columns)))
        file = self._files[-1]
        with file.path.open("ab") as out:
            out.write(data)
        self._files[-1] = replace(file, size=file.size + len(data))
        self._trim()

    def close_file(self) -> None:
        """The next frame begins a new one: the clock was set back, or the columns change."""
        self._columns = None

    def _begin(self, columns: Columns, start_s: int) -> None:
        if self._columns is not None:
            self._compact(len(self._files) - 1)
        self._columns = None
        number = 1 + max((int(file.path.stem.split("-")[1]) for file in self._files), default=0)
        path = self._folder / f"{start_s:012d}-{number:06d}{_SUFFIX}"
        head = _head(columns)
        path.touch(mode=0o600)
        path.write_bytes(head)
        self._files.append(_File(path, start_s, len(head)))
        self._columns = columns

    def _compact(self, place: int) -> None:
        """Longer frames in place of many short ones."""
        columns, frames = _frames(self._files[place].path)
        joined: list[bytes] = []
        for first in range(0, len(frames), JOINED):
            joined += _joined(columns, frames[first : first + JOINED])
        self._rewrite(place, columns, joined)

    def _rewrite(self, place: int, columns: Columns, frames: list[bytes]) -> None:
        path = self._files[place].path
        data = _head(columns) + b"".join(map(_framed, frames))
        new = path.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_bytes(data)
        new.replace(path)
        self._files[place] = replace(self._files[place], size=len(data))

    def _trim(self) -> None:
        while self.size_bytes > self._max_bytes and len(self._files) > 1:
            self._files[0].path.unlink(missing_ok=True)
            self._files.popleft()

    def make_room(self) -> None:
        """Give up the oldest hour: the folder is full."""
        if len(self._files) > 1:
            self._files.popleft().path.unlink(missing_ok=True)

    def paint(self, canvas: Canvas, series: Series) -> None:
        for file, following in self._with_ends():
            if following <= canvas.begin_s or file.start_s >= canvas.end_s:
                continue
            columns, frames = _frames(file.path)
            if series in columns:
                for block in _decoded(frames, (columns.index(series),)):
                    canvas.paint(block.start_s, block.rollups[0])

    def _with_ends(self) -> Iterator[tuple[_File, int]]:
        for file in self._files:
            yield file, file.start_s - file.start_s % HOUR_S + HOUR_S

    def since(self, begin_s: int) -> Iterator[tuple[Columns, Block]]:
        """Every frame that ends after begin_s, in the order in which they were written."""
        for file, end_s in self._with_ends():
            if end_s > begin_s:
                columns, blocks = _content(file.path)
                yield from ((columns, block) for block in blocks if block.end_s > begin_s)

    def purge(
        self, begin_s: float, end_s: float, wanted: Callable[[Series], bool], dry_run: bool
    ) -> int:
        """How many steps that overlap the time held something; they are gaps afterwards."""
        removed = 0
        for place, (file, following) in enumerate(list(self._with_ends())):
            if following <= begin_s or file.start_s >= end_s:
                continue
            columns, blocks = _content(file.path)
            found = sum(_blanked(block, columns, begin_s, end_s, wanted) for block in blocks)
            removed += found
            if found and not dry_run:
                resolutions = _resolutions(columns)
                self._rewrite(place, columns, [encode(block, resolutions) for block in blocks])
        return removed


def _joined(columns: Columns, frames: list[bytes]) -> list[bytes]:
    """One frame, where no minute is missing between these; else they as they are."""
    blocks = list(_decoded(frames))
    ends = [block.end_s for block in blocks[:-1]]
    if len(blocks) < 2 or ends != [block.start_s for block in blocks[1:]]:
        return frames
    rollups = Rollups.joined([block.rollups for block in blocks])
    return [encode(replace(blocks[0], rollups=rollups), _resolutions(columns))]


def _blanked(
    block: Block, columns: Columns, begin_s: float, end_s: float, wanted: Callable[[Series], bool]
) -> int:
    rows = [row for row, series in enumerate(columns) if wanted(series)]
    steps = overlapping(block.start_s, block.step_s, begin_s, end_s)
    return sum(block.rollups[row].blank(steps) for row in rows)


def _found(path: Path) -> _File:
    return _File(path, int(path.stem.split("-")[0]), path.stat().st_size)


def _order(file: _File) -> int:
    """In the order in which they were written, which is not that of their times."""
    return int(file.path.stem.split("-")[1])


def _head(columns: Columns) -> bytes:
    return json.dumps({"series": [str(series) for series in columns]}).encode() + b"\n"


def _framed(data: bytes) -> bytes:
    return _FRAME.pack(len(data), zlib.crc32(data)) + data


def _resolutions(columns: Columns) -> list[int]:
    return [RESOLUTION[series.quantity] for series in columns]


def _frames(path: Path) -> tuple[Columns, list[bytes]]:
    """Whole frames only. A file that makes no sense has none."""
    head, _, body = path.read_bytes().partition(b"\n")
    try:
        columns = tuple(parsed_series(text) for text in json.loads(head)["series"])
    except (ValueError, KeyError, TypeError) as exc:
        log.warning("%s is damaged and left out: %s", path, exc)
        return (), []
    frames, offset = [], 0
    while offset + _FRAME.size <= len(body):
        length, checksum = _FRAME.unpack_from(body, offset)
        data = body[offset + _FRAME.size : offset + _FRAME.size + length]
        if len(data) < length or zlib.crc32(data) != checksum:
            break
        frames.append(data)
        offset += _FRAME.size + length
    return columns, frames


def _decoded(frames: list[bytes], wanted: Container[int] | None = None) -> Iterator[Block]:
    for frame in frames:
        with suppress(StoreError):  # of another version: as if it were not there
            yield decode(frame, wanted)


def _content(path: Path) -> tuple[Columns, list[Block]]:
    columns, frames = _frames(path)
    return columns, list(_decoded(frames))
