# SPDX-License-Identifier: Apache-2.0
"""GPIO lines of the character device as drivers see them (kernel: GPIO Character Device API)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

Drive = Literal["push_pull", "open_drain", "open_source"]


@dataclass(frozen=True, slots=True)
class LineSettings:
    """How one line is wanted. Values are logical: True is active, low when active_low.

    as_is: direction and level stay as they are, until `GpioLines.drive`.
    initial: the level an output has from its first moment on. drive: of an output.
    pull_up: of an input.
    edges: of an input, both are told. debounce_s: shorter pulses are not told.
    """

    as_is: bool = False
    output: bool = False
    initial: bool = False
    active_low: bool = False
    drive: Drive = "push_pull"
    pull_up: bool = False
    edges: bool = False
    debounce_s: float = 0.0


@dataclass(frozen=True, slots=True)
class LineState:
    """A line as found. consumer: who has it, "" for nobody.

    The kernel tells a line's level only to whoever has it; see `LineSettings.as_is`.
    """

    output: bool
    consumer: str


@dataclass(frozen=True, slots=True)
class Edge:
    """t_mono_s: the kernel's time stamp on the monotonic clock. active: the new logical value."""

    line: int
    active: bool
    t_mono_s: float


class GpioLines(Protocol):
    """Some lines of one chip, held together. All methods raise HardwareError."""

    def read(self) -> dict[int, bool]:
        """The logical value of each line, outputs included."""
        ...

    def write(self, values: Mapping[int, bool]) -> None:
        """Set these outputs at once, in one call to the kernel."""
        ...

    def drive(self, initial: Mapping[int, bool]) -> None:
        """Make outputs of all the lines, taken as they are, without letting any of them go.

        initial: the level of each line from then on. What is an output already and gets the
        level that it has does not move.
        """
        ...

    def wait_edges(self, timeout_s: float) -> list[Edge]:
        """The edges since the last call; waits for the first one. Empty after timeout_s."""
        ...

    def close(self) -> None:
        """Let the lines go; whether outputs keep their level is up to the chip's driver."""
        ...


class GpioChip(Protocol):
    """One /dev/gpiochipN. All methods raise HardwareError."""

    @property
    def line_count(self) -> int: ...

    def look(self, lines: Iterable[int]) -> dict[int, LineState]:
        """What these lines are now; changes nothing."""
        ...

    def request(self, lines: Mapping[int, LineSettings], consumer: str) -> GpioLines:
        """Take the lines; ChipNotFound when one is in use or not there."""
        ...

    def close(self) -> None:
        """Close lines that were taken before it."""
        ...
