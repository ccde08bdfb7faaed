# SPDX-License-Identifier: Apache-2.0
"""What a MIB declaration is made of: data, one row per object, beside the MIB text.

MibModule            where a module lives and what it serves
  Scalars            objects with one instance, .0
  Table              objects with one instance per row
    ObjectType       one object: number, name, syntax, where its value comes from
  NotificationType   what is sent when something happens, and with which objects
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from pdu_agent.access.grant import Rights
from pdu_agent.mib_impl.syntax import Oid, Special, Syntax, Value
from pdu_agent.model.commands import Command, NotificationClass
from pdu_agent.model.snapshot import Snapshot

Row = TypeVar("Row")


class Access(Enum):
    """MAX-ACCESS as the MIB text spells it."""

    NOT_ACCESSIBLE = "not-accessible"
    READ_ONLY = "read-only"
    READ_WRITE = "read-write"
    READ_CREATE = "read-create"
    FOR_NOTIFY = "accessible-for-notify"


@dataclass(frozen=True, slots=True)
class ObjectType(Generic[Row]):
    """One object of a table or of a group of scalars.

    get: the plain value of a row, None where there is no instance; without it the object
    is an index and not accessible. to_command: what a SET of a plain value asks the core
    to do; with it the object is read-write. units: the UNITS clause. needs: the rights
    that a SET takes. live: the value may change while the snapshot stays the same.
    """

    number: int
    name: str
    syntax: Syntax
    get: Callable[[Row], Any] | None = None
    units: str = ""
    to_command: Callable[[Row, Any], Command] | None = None
    needs: Rights = Rights.WRITE
    live: bool = False

    @property
    def access(self) -> Access:
        if self.get is None:
            return Access.NOT_ACCESSIBLE
        return Access.READ_ONLY if self.to_command is None else Access.READ_WRITE

    def read(self, row: Row) -> Value | None:
        """The value to send for this row, None where there is no instance."""
        plain = None if self.get is None else self.get(row)
        return None if plain is None else self.syntax.encode(plain)

    def command(self, row: Row, plain: Any) -> Command | None:
        """The command for a decoded value; None for one that does nothing."""
        if plain is Special.NONE or self.to_command is None:
            return None
        return self.to_command(row, plain)


@dataclass(frozen=True, slots=True)
class Scalars(Generic[Row]):
    """Scalar objects below `suffix`. source: where they are read from. live: all of them."""

    suffix: Oid
    source: Callable[[Snapshot], Row]
    objects: tuple[ObjectType[Row], ...]
    live: bool = False

    @property
    def base(self) -> Oid:
        """What an object's number is appended to."""
        return self.suffix

    def rows(self, snapshot: Snapshot) -> Iterable[tuple[Oid, Row]]:
        yield (0,), self.source(snapshot)


@dataclass(frozen=True, slots=True)
class Table(Generic[Row]):
    """A table at `suffix`. index: names of its index objects, which may be another table's.

    rows: index and row of each conceptual row; the order does not matter. outlet: whose
    rights decide who may read and change a row; None where they are the unit's. draft: the
    row as it is right after a SET has created it, None for an index that there can never be;
    a table that has it has a RowStatus object.
    """

    suffix: Oid
    name: str
    index: tuple[str, ...]
    rows: Callable[[Snapshot], Iterable[tuple[Oid, Row]]]
    objects: tuple[ObjectType[Row], ...]
    outlet: Callable[[Row], int | None] | None = None
    draft: Callable[[Oid, Snapshot], Row | None] | None = None

    @property
    def base(self) -> Oid:
        """What an object's number is appended to: the entry."""
        return (*self.suffix, 1)

    def access_of(self, declared: ObjectType[Row]) -> Access:
        """MAX-ACCESS: what can be written in a table of rows that can be created is so too."""
        if self.draft is not None and declared.access is Access.READ_WRITE:
            return Access.READ_CREATE
        return declared.access


@dataclass(frozen=True, slots=True)
class NotificationType:
    """number: below the branch of its module. objects: the names of its OBJECTS, in order."""

    number: int
    name: str
    notification_class: NotificationClass
    objects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MibModule:
    """The served part of one module.

    identity: the OID of its MODULE-IDENTITY. arc: what the suffixes are appended to.
    about: one line for sysORDescr. carried: objects that occur in notifications only.
    """

    name: str
    about: str
    identity: Oid
    arc: Oid
    groups: tuple[Scalars[Any] | Table[Any], ...]
    notifications: tuple[NotificationType, ...] = ()
    carried: Scalars[Any] | None = None


def whole(snapshot: Snapshot) -> Snapshot:
    """The source of scalars that are read from anywhere in the snapshot."""
    return snapshot


def or_never(wall_s: float | None) -> float | Special:
    """A time for a DateAndTime object, which shows None as "never happened"."""
    return Special.NEVER if wall_s is None else wall_s
