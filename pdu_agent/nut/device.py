# SPDX-License-Identifier: Apache-2.0
"""A NUT device as its driver tells it to upsd: variables, commands, and what may be written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable, in the words of NUT's driver protocol (docs/sock-protocol.txt of NUT).

    value: as upsc shows it. writable: upsrw may set it (flag RW). max_octets: of a writable
    string (flag STRING, SETAUX). words: all that it may be set to (ADDENUM). ranges: inclusive,
    whole numbers (ADDRANGE). is_number: flag NUMBER.
    """

    value: str
    writable: bool = False
    max_octets: int = 0
    words: tuple[str, ...] = ()
    ranges: tuple[tuple[int, int], ...] = ()
    is_number: bool = False


class NutDevice(Protocol):
    """What stands behind one driver socket. Loop thread only.

    Both writing calls return what is told for TRACKING: nothing when it was carried out as far as
    an answer waits for it. They raise CommandError; nothing has happened then.
    """

    @property
    def name(self) -> str:
        """Of its section in ups.conf."""
        ...

    def variables(self) -> Mapping[str, Variable] | None:
        """All of them now, in a fixed order; None while there is nothing true to tell (then upsd
        calls the device stale).
        """
        ...

    def commands(self) -> tuple[str, ...]:
        """The instant commands that it takes, sorted."""
        ...

    def instruct(self, command: str, value: str | None) -> None:
        """Carry out an instant command. Raises CommandError."""
        ...

    def write(self, variable: str, value: str) -> None:
        """Set a variable. Raises CommandError."""
        ...
