# SPDX-License-Identifier: Apache-2.0
"""Textual conventions of RFC 2579 that say more than their base type."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from pdu_agent.mib_impl.syntax import (
    Enumerated,
    Integer32,
    ObjectIdentifier,
    Syntax,
    Tag,
    Value,
)


@dataclass(frozen=True, slots=True)
class SpinLock(Integer32):
    """TestAndIncr (RFC 2579): taken by a SET of the value that it has."""

    minimum: int = 0


@dataclass(frozen=True, slots=True)
class Octets(Syntax):
    """Octets that are no text, such as PhysAddress (RFC 2579) or SnmpEngineID (RFC 3411)."""

    tag: ClassVar[Tag] = Tag.OCTET_STRING

    def encode(self, plain: bytes) -> Value:
        return Value(self.tag, plain)


@dataclass(frozen=True, slots=True)
class AutonomousType(ObjectIdentifier):
    """What kind of thing it is (RFC 2579)."""


@dataclass(frozen=True, slots=True)
class RowPointer(ObjectIdentifier):
    """The first accessible object of a row; 0.0 points at none (RFC 2579)."""


class TruthValue(Enumerated):
    """A bool (RFC 2579)."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__((1, "true", True), (2, "false", False))


class StorageType(Enumerated):
    """What becomes of a row at a restart (RFC 2579). The plain value is the label."""

    __slots__ = ()

    def __init__(self) -> None:
        labels = ("other", "volatile", "nonVolatile", "permanent", "readOnly")
        super().__init__(*((number, label, label) for number, label in enumerate(labels, 1)))


class RowAction(Enum):
    """What a SET can ask of a RowStatus object."""

    KEEP = "keep"
    CREATE = "create"
    DESTROY = "destroy"


class RowStatus(Enumerated):
    """RFC 2579, for rows that are either there and active or not there at all.

    A row in preparation is nothing that the model knows: createAndWait is wrongValue, as
    are notInService and notReady.
    """

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(
            (1, "active", RowAction.KEEP),
            (4, "createAndGo", RowAction.CREATE),
            (6, "destroy", RowAction.DESTROY),
        )
