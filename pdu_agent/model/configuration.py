# SPDX-License-Identifier: Apache-2.0
"""The configuration file as a face sees it: its text, what is wrong with a text, a new text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pdu_agent.model.commands import Actor
from pdu_agent.model.errors import OpenPduError


class NoFile(OpenPduError):
    """The agent runs without a configuration file, as the demo does."""


class NotWritable(OpenPduError):
    """The file's folder takes no new file; the text says why."""


class ChangedMeanwhile(OpenPduError):
    """The file is not what the new text was made from."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """source: name of the file or variable. line, column: from 1, 0 where there is none.
    path: the setting, such as outlets[2].reboot_s, or empty. hint: what was expected, or empty.
    """

    source: str
    line: int
    column: int
    path: str
    message: str
    hint: str
    is_warning: bool


class Rejected(OpenPduError):
    """The text is no configuration; nothing was changed."""

    def __init__(self, complaints: Sequence[Complaint]) -> None:
        super().__init__(f"{sum(not each.is_warning for each in complaints)} errors")
        self.complaints = tuple(complaints)


@dataclass(frozen=True, slots=True)
class Applied:
    """restart_needed: settings that are taken at the next start only; where there is one, so are
    all others of the text.
    """

    complaints: tuple[Complaint, ...]
    restart_needed: tuple[str, ...]


class Configuration(Protocol):
    """Each may take a while, and does not hold up the loop."""

    async def read(self) -> bytes:
        """What the file says. Raises NoFile or ConfigError."""
        ...

    async def check(self, text: bytes, /) -> tuple[Complaint, ...]:
        """Everything that is wrong or unwise in a text; nothing is written. Raises NoFile."""
        ...

    async def apply(self, text: bytes, before: bytes | None, actor: Actor, /) -> Applied:
        """Put the text in the file's place and in force.

        before: what the file has to say still. Raises NoFile, NotWritable, Rejected,
        ChangedMeanwhile or ConfigError: then the file is as it was.
        """
        ...


class WithoutFile:
    """Of an agent that has none."""

    async def read(self) -> bytes:
        raise NoFile(_NO_FILE)

    async def check(self, _text: bytes, /) -> tuple[Complaint, ...]:
        raise NoFile(_NO_FILE)

    async def apply(self, _text: bytes, _before: bytes | None, _actor: Actor, /) -> Applied:
        raise NoFile(_NO_FILE)


_NO_FILE = "this agent runs without a configuration file"
