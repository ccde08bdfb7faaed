# SPDX-License-Identifier: Apache-2.0
"""Files that stand for those of the kernel."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from pdu_agent.model.clock import Clock


def put(path: Path, text: str) -> None:
    """Replaced as a whole: whoever reads meanwhile gets the old text or the new one, as of the
    kernel. A file that is stalled stays as it is.
    """
    if not path.is_fifo():
        _replace(path, text)


class Stall:
    """Files that keep their readers waiting, as while the kernel waits for a device."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ends_s = 0.0
        self._held: dict[Path, tuple[int, str]] = {}

    def begin(self, files: Iterable[Path], seconds: float) -> None:
        """Those of the files that there are, until the first `look` after so many seconds."""
        self._ends_s = self._clock.monotonic_s() + seconds
        for file in files:
            if file.is_file():
                text = file.read_text(encoding="ascii")
                fresh = file.with_name(file.name + ".stalled")
                os.mkfifo(fresh)
                self._held[file] = os.open(fresh, os.O_RDWR | os.O_NONBLOCK), text
                fresh.replace(file)

    def look(self) -> None:
        if self._held and self._clock.monotonic_s() >= self._ends_s:
            self.end()

    def end(self) -> None:
        """Whoever waits gets what the file held."""
        while self._held:
            file, (pipe, text) = self._held.popitem()
            if file.is_fifo():
                _replace(file, text)
            os.write(pipe, text.encode("ascii"))
            os.close(pipe)


def _replace(path: Path, text: str) -> None:
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text, encoding="ascii")
    fresh.replace(path)
