# SPDX-License-Identifier: Apache-2.0
"""SMI types: how a plain value of the model looks on the wire, and the way back.

Scaling, rounding, clamping and cutting happen here and nowhere else. A type checks what a
SET brings in the order of RFC 3416 section 4.2.5: tag, then length, then value.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Set
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar

from pdu_agent.mib_impl.set_errors import ErrorStatus
from pdu_agent.model.quantities import round_half_away, scaled

Oid = tuple[int, ...]

_UINT32 = 0xFFFF_FFFF
_UINT64 = 0xFFFF_FFFF_FFFF_FFFF


class Tag(Enum):
    """What the wire tells apart: the tag octets of RFC 3416 section 3."""

    INTEGER = 0x02
    OCTET_STRING = 0x04
    NULL = 0x05
    OBJECT_IDENTIFIER = 0x06
    IP_ADDRESS = 0x40
    COUNTER32 = 0x41
    UNSIGNED32 = 0x42
    TIME_TICKS = 0x43
    OPAQUE = 0x44
    COUNTER64 = 0x46


@dataclass(frozen=True, slots=True)
class Value:
    """A value as it is sent: int for numbers, bytes for strings, an Oid, None for NULL."""

    tag: Tag
    content: int | bytes | Oid | None


class Special(Enum):
    """Plain values that the model has no word for."""

    NONE = "none"
    """Read from a command object; written, it does nothing."""
    NEVER = "never"
    """The time of something that has not happened."""


class Unacceptable(Exception):
    """A value that this type cannot take, whatever the state of the unit."""

    def __init__(self, status: ErrorStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Syntax(ABC):
    """One SMI type with its subtype."""

    __slots__ = ()
    tag: ClassVar[Tag]

    @abstractmethod
    def encode(self, plain: Any) -> Value:
        """The value to send for one of the model."""

    def decode(self, value: Value) -> Any:
        """The plain value that a SET asks for. Raises Unacceptable."""
        if value.tag is not self.tag:
            raise Unacceptable(
                ErrorStatus.WRONG_TYPE, f"{value.tag.name} was sent, {self.tag.name} is expected"
            )
        return self.accept(value.content)

    def accept(self, content: Any) -> Any:
        """The plain value of content that has the right tag. Raises Unacceptable."""
        return content


@dataclass(frozen=True, slots=True)
class _Number(Syntax):
    """minimum, maximum: the range on the wire, which is the model's value times `scale`."""

    minimum: int
    maximum: int
    scale: int = 1

    def encode(self, plain: float) -> Value:
        return Value(self.tag, scaled(plain, self.scale, self.minimum, self.maximum))

    def accept(self, content: int) -> float:
        if not self.minimum <= content <= self.maximum:
            raise Unacceptable(
                ErrorStatus.WRONG_VALUE, f"{content} is outside {self.minimum} to {self.maximum}"
            )
        return content if self.scale == 1 else content / self.scale


@dataclass(frozen=True, slots=True)
class Integer32(_Number):
    tag: ClassVar[Tag] = Tag.INTEGER
    minimum: int = -0x8000_0000
    maximum: int = 0x7FFF_FFFF


@dataclass(frozen=True, slots=True)
class Unsigned32(_Number):
    tag: ClassVar[Tag] = Tag.UNSIGNED32
    minimum: int = 0
    maximum: int = _UINT32


@dataclass(frozen=True, slots=True)
class Gauge32(Unsigned32):
    """On the wire what Unsigned32 is; the MIB text says which of the two (RFC 2578)."""


@dataclass(frozen=True, slots=True)
class Counter32(Syntax):
    """Wraps; takes an int of any size."""

    tag: ClassVar[Tag] = Tag.COUNTER32

    def encode(self, plain: int) -> Value:
        return Value(self.tag, plain & _UINT32)


@dataclass(frozen=True, slots=True)
class Counter64(Syntax):
    """Wraps; takes an int of any size. SNMPv1 cannot carry it (RFC 3584 section 4.2.2.1)."""

    tag: ClassVar[Tag] = Tag.COUNTER64

    def encode(self, plain: int) -> Value:
        return Value(self.tag, plain & _UINT64)


@dataclass(frozen=True, slots=True)
class TimeTicks(Syntax):
    """Seconds become hundredths of a second and wrap after 497 days (RFC 2578 section 7.1.8)."""

    tag: ClassVar[Tag] = Tag.TIME_TICKS

    def encode(self, plain: float) -> Value:
        return Value(self.tag, round_half_away(plain * 100) & _UINT32)


@dataclass(frozen=True, slots=True)
class TimeStamp(TimeTicks):
    """Uptime seconds of an event; zero if it was before the agent started (RFC 2579)."""

    def encode(self, plain: float) -> Value:
        return TimeTicks.encode(self, max(0.0, plain))


@dataclass(frozen=True, slots=True)
class ObjectIdentifier(Syntax):
    tag: ClassVar[Tag] = Tag.OBJECT_IDENTIFIER

    def encode(self, plain: Oid) -> Value:
        return Value(self.tag, plain)


@dataclass(frozen=True, slots=True)
class _Text(Syntax):
    """minimum, maximum: length in octets. Text of the model that is longer is cut."""

    tag: ClassVar[Tag] = Tag.OCTET_STRING
    encoding: ClassVar[str]
    minimum: int = 0
    maximum: int = 255

    def encode(self, plain: str) -> Value:
        octets = plain.encode(self.encoding, "replace")
        if len(octets) > self.maximum:
            # "ignore" drops the part of a character that the cut left over.
            whole = octets[: self.maximum].decode(self.encoding, "ignore")
            octets = whole.encode(self.encoding)
        return Value(self.tag, octets)

    def accept(self, content: bytes) -> str:
        if not self.minimum <= len(content) <= self.maximum:
            raise Unacceptable(
                ErrorStatus.WRONG_LENGTH,
                f"{len(content)} octets are outside {self.minimum} to {self.maximum}",
            )
        try:
            return content.decode(self.encoding)
        except UnicodeDecodeError as exc:
            raise Unacceptable(ErrorStatus.WRONG_VALUE, f"not {self.encoding} text") from exc


@dataclass(frozen=True, slots=True)
class Utf8(_Text):
    """SnmpAdminString (RFC 3411)."""

    encoding: ClassVar[str] = "utf-8"


@dataclass(frozen=True, slots=True)
class DisplayString(_Text):
    """NVT ASCII (RFC 2579); other characters of the model are shown as question marks."""

    encoding: ClassVar[str] = "ascii"


@dataclass(frozen=True, slots=True)
class DateAndTime(Syntax):
    """Seconds since 1970 become eleven octets in UTC, NEVER eight octets of zero (RFC 2579)."""

    tag: ClassVar[Tag] = Tag.OCTET_STRING

    def encode(self, plain: float | Special) -> Value:
        if isinstance(plain, Special):
            return Value(self.tag, bytes(8))
        seconds, tenths = divmod(int(plain * 10), 10)
        utc = time.gmtime(seconds)
        clock = (utc.tm_mon, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, tenths)
        return Value(self.tag, utc.tm_year.to_bytes(2, "big") + bytes(clock) + b"+\0\0")


class Enumerated(Syntax):
    """An INTEGER with labels. Each choice: the number, its label, and the model's word.

    Every object states its own numbers: the same word differs from MIB to MIB.
    """

    __slots__ = ("_members", "_numbers", "labels")
    tag = Tag.INTEGER

    def __init__(self, *choices: tuple[int, str, object]) -> None:
        self.labels = {label: number for number, label, _ in choices}
        self._numbers = {member: number for number, _, member in choices}
        self._members = {number: member for number, _, member in choices}

    def number_of(self, plain: object) -> int:
        return self._numbers[plain]

    def encode(self, plain: object) -> Value:
        return Value(self.tag, self._numbers[plain])

    def accept(self, content: int) -> object:
        if content not in self._members:
            choices = ", ".join(f"{label}({number})" for label, number in self.labels.items())
            raise Unacceptable(ErrorStatus.WRONG_VALUE, f"{content} is none of {choices}")
        return self._members[content]


class Bits(Syntax):
    """Labels in bit order; the first is the top bit of the first octet (RFC 3417 section 8).

    A plain value is the set of the labels whose bits are set.
    """

    __slots__ = ("labels",)
    tag = Tag.OCTET_STRING

    def __init__(self, *labels: str) -> None:
        self.labels = {label: bit for bit, label in enumerate(labels)}

    def encode(self, plain: Set[str]) -> Value:
        octets = bytearray((len(self.labels) + 7) // 8)
        for label in plain:
            octet, bit = divmod(self.labels[label], 8)
            octets[octet] |= 0x80 >> bit
        return Value(self.tag, bytes(octets))

    def accept(self, content: bytes) -> frozenset[str]:
        """Octets that are missing at the end count as zero."""
        most = (len(self.labels) + 7) // 8
        if len(content) > most:
            raise Unacceptable(
                ErrorStatus.WRONG_LENGTH, f"{len(content)} octets are more than {most}"
            )
        bits = int.from_bytes(content.ljust(most, b"\0"), "big")
        found = set()
        for label, bit in self.labels.items():
            mask = 1 << (8 * most - 1 - bit)
            if bits & mask:
                found.add(label)
                bits -= mask
        if bits:
            raise Unacceptable(
                ErrorStatus.WRONG_VALUE, f"a bit is set that is none of {', '.join(self.labels)}"
            )
        return frozenset(found)
