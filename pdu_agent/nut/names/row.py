# SPDX-License-Identifier: Apache-2.0
"""How a variable is declared: its name, where its value is, and what may be written to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import Field, dataclass, fields
from typing import Generic, TypeVar

from pdu_agent.model.commands import Command
from pdu_agent.model.errors import InvalidValue
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.nut.words import plain

T = TypeVar("T")

MAX_VALUE_OCTETS = 255
"""upsd keeps ST_MAX_VALUE_LEN (256) octets of a value, escaped and with the zero at its end."""
_ESCAPED = '"\\#'

_NUMBER = re.compile(r"[+-]?(\d{1,10})(\.\d{1,9})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Write(Generic[T]):
    """What a variable may be set to. to_command raises CommandError for a value that is none.

    max_octets, words, ranges, is_number: as of Variable. may_be_empty: it is shown even while it
    has no value, so that it can be given one. when: whether this one may be written at all.
    """

    to_command: Callable[[T, str], Command]
    max_octets: int = 0
    words: tuple[str, ...] = ()
    ranges: tuple[tuple[int, int], ...] = ()
    is_number: bool = False
    may_be_empty: bool = False
    when: Callable[[T], bool] = lambda _: True


@dataclass(frozen=True, slots=True)
class Row(Generic[T]):
    """One variable of a subject. name: after the subject's prefix. read: None while there is
    nothing to tell; the variable is absent then. unit: of the number, empty where it is none.
    """

    name: str
    read: Callable[[T], str | None]
    doc: str
    unit: str = ""
    write: Write[T] | None = None


@dataclass(frozen=True, slots=True)
class Table(Generic[T]):
    """The variables of one kind of thing.

    pattern: its prefix as documented. subjects: each thing with its prefix, no two of them with the
    same. needs: the outlets whose rights count, None for the unit's; always the same for one
    prefix. key: equal as long as all the values are; where there is none, they are looked at each
    time.
    """

    pattern: str
    subjects: Callable[[Snapshot], Iterable[tuple[str, T]]]
    rows: tuple[Row[T], ...]
    needs: Callable[[T], Iterable[int | None]] = lambda _: (None,)
    key: Callable[[T], object] | None = None


def shown(text: str) -> str | None:
    """Text as NUT can show it; None for none."""
    text = plain(text)[:MAX_VALUE_OCTETS]
    while len(text) + sum(map(text.count, _ESCAPED)) > MAX_VALUE_OCTETS:
        text = text[:-1]
    return text or None


def number(value: float | None, decimals: int) -> str | None:
    """With so many decimals, always: noise beyond them is no change. Never "-0"."""
    return None if value is None else f"{value:z.{decimals}f}"


def bounds(settings: type, name: str) -> tuple[int, int]:
    """The range that the core enforces for a whole number."""
    metadata = _field(settings, name).metadata
    return int(metadata["minimum"]), int(metadata["maximum"])


def octets(settings: type, name: str) -> int:
    """How long the core lets a text be, as far as upsd can carry it."""
    longest: int = _field(settings, name).metadata["max_length"]
    return min(longest, MAX_VALUE_OCTETS)


def whole(what: str, text: str) -> int:
    """Raises InvalidValue for what is no whole number in digits."""
    if re.fullmatch(r"[+-]?\d{1,9}", text, re.ASCII) is None:
        raise InvalidValue(f"{what}: {text[:40]!r} is no whole number")
    return int(text)


def decimal(what: str, text: str) -> float:
    """Raises InvalidValue for what is no number in digits, as in -3 or 8.25."""
    if _NUMBER.fullmatch(text) is None:
        raise InvalidValue(f"{what}: {text[:40]!r} is no number")
    return float(text)


def _field(settings: type, name: str) -> Field[object]:
    return next(each for each in _fields(settings) if each.name == name)


def _fields(settings: type) -> Iterator[Field[object]]:
    yield from fields(settings)
