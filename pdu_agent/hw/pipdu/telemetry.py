# SPDX-License-Identifier: Apache-2.0
"""What the two firmwares send: a line of sixteen numbers, watts or amperes."""

from __future__ import annotations

import re
from dataclasses import dataclass

CHANNELS = 16
MAX_LINE_BYTES = 512
_SEPARATOR = re.compile(r"[,\s]+")
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?")
"""As the firmware prints them. There is no checksum, and Python takes 1_0 for ten."""


@dataclass(frozen=True, slots=True)
class Firmware:
    """baud_rate: of its serial line. in_watts: its numbers are watts; else amperes RMS."""

    baud_rate: int
    in_watts: bool


FIRMWARES = {"first": Firmware(9600, True), "later": Firmware(921600, False)}


@dataclass(frozen=True, slots=True)
class Telemetry:
    """One line as it came. values: one for each channel."""

    t_mono_s: float
    values: tuple[float, ...]


class LineDecoder:
    """Bytes in, lines of CHANNELS numbers out. rejected: lines that were something else.

    Both separators are taken, commas and spaces, also at the end of a line.
    """

    def __init__(self) -> None:
        self.rejected = 0
        self._partial = b""
        self._is_cut = True  # what comes first may be the end of a line

    def receive(self, data: bytes) -> list[tuple[float, ...]]:
        *lines, self._partial = (self._partial + data).split(b"\n")
        found: list[tuple[float, ...]] = []
        for line in lines:
            values = parse_line(line)
            if values is not None:
                found.append(values)
            elif not self._is_cut:
                self.rejected += 1
            self._is_cut = False
        if len(self._partial) > MAX_LINE_BYTES:
            self._partial, self._is_cut = b"", True
            self.rejected += 1
        return found

    def drop_partial(self) -> None:
        self._partial, self._is_cut = b"", True


def parse_line(line: bytes) -> tuple[float, ...] | None:
    """The numbers of a line; None unless they are CHANNELS of them and nothing else."""
    words = _SEPARATOR.split(line.decode("ascii", "replace").strip(" ,\t\r\n"))
    if len(words) != CHANNELS or not all(map(_NUMBER.fullmatch, words)):
        return None
    return tuple(map(float, words))
