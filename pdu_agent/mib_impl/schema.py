# SPDX-License-Identifier: Apache-2.0
"""What a MIB declaration is made of: data, one row per object, beside the MIB text.

MibModule            where a module lives and what it serves
  Scalars            objects with one instance, .0
  Table              objects with one instance per row
    ObjectType       one object: number, name, syntax, where its value comes from
  NotificationType   what is sent when something happens, and with which objects
  Told               one that is to be sent now, with its values
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar

from pdu_agent.access.grant import EVERY_OUTLET, Rights
from pdu_agent.mib_impl.syntax import Oid, Special, Syntax, Value
from pdu_agent.model.commands import Command, NotificationClass
from pdu_agent.model.events import Event
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

    get: the plain value of a row, None where it is missing; without `get` the object is an
    index and not accessible. absent: what the wire says for a missing value, neither scaled
    nor checked against the syntax (a vendor's -1); None: then there is no instance.

    to_command: what a SET of a plain value asks the core to do, in one command or several;
    with it the object is read-write. It may raise Unacceptable for a value that this row can
    never take. units: the UNITS clause. needs: the rights that a SET takes. live: the value
    may change while the snapshot stays the same.
    """

    number: int
    name: str
    syntax: Syntax
    get: Callable[[Row], Any] | None = None
    units: str = ""
    to_command: Callable[[Row, Any], Command | Sequence[Command]] | None = None
    needs: Rights = Rights.WRITE
    live: bool = False
    absent: int | str | None = None

    @property
    def access(self) -> Access:
        if self.get is None:
            return Access.NOT_ACCESSIBLE
        return Access.READ_ONLY if self.to_command is None else Access.READ_WRITE

    def read(self, row: Row) -> Value | None:
        """The value to send for this row, None where there is no instance."""
        return None if self.get is None else self.encode(self.get(row))

    def encode(self, plain: Any) -> Value | None:
        """The value to send for what `get` said, None where there is no instance."""
        if plain is not None:
            return self.syntax.encode(plain)
        if self.absent is None:
            return None
        raw = self.absent.encode("ascii") if isinstance(self.absent, str) else self.absent
        return Value(self.syntax.tag, raw)

    def commands(self, row: Row, plain: Any) -> Sequence[Command]:
        """The commands for a decoded value; none for one that does nothing.

        Raises Unacceptable.
        """
        if plain is Special.NONE or self.to_command is None:
            return ()
        wanted = self.to_command(row, plain)
        return wanted if isinstance(wanted, Sequence) else (wanted,)


@dataclass(frozen=True, slots=True)
class Scalars(Generic[Row]):
    """Scalar objects below `suffix`. source: where they are read from. live: all of them.

    every_outlet: they tell of all outlets at once, so only who may read each may read them.
    """

    suffix: Oid
    source: Callable[[Snapshot], Row]
    objects: tuple[ObjectType[Row], ...]
    live: bool = False
    every_outlet: bool = False

    @property
    def base(self) -> Oid:
        """What an object's number is appended to."""
        return self.suffix

    @property
    def outlet(self) -> Callable[[Row], int | None] | None:
        """Whose rights decide who may read and change them; None for the unit's."""
        return (lambda _: EVERY_OUTLET) if self.every_outlet else None

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
    """number: below the branch of its module. objects: the names of its OBJECTS, in order.

    more: of objects that follow those (RFC 3416 section 4.2.6 allows them), where receivers
    know them from units of the vendor.
    """

    number: int
    name: str
    notification_class: NotificationClass
    objects: tuple[str, ...] = ()
    more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """values: for each of the type's objects, and then of `more`, in turn, the index of the
    instance and the plain value as the event has it. The snapshot may be of a later instant.
    """

    type: NotificationType
    values: tuple[tuple[Oid, Any], ...] = ()


Tell = Callable[[Any, Snapshot], Iterator[Told]]
"""What to send for an event; the snapshot already shows it."""


@dataclass(frozen=True, slots=True)
class MibModule:
    """The served part of one module.

    identity: the OID of its MODULE-IDENTITY, of its root in a module of SMIv1. arc: what the
    suffixes are appended to. about: one line for sysORDescr. notification_arc: what a
    notification's number is appended to. carried: objects that occur in notifications only.
    telling: which events it has notifications for.
    """

    name: str
    about: str
    identity: Oid
    arc: Oid
    groups: tuple[Scalars[Any] | Table[Any], ...]
    notification_arc: Oid = ()
    notifications: tuple[NotificationType, ...] = ()
    carried: Scalars[Any] | None = None
    telling: Mapping[type[Event], Tell] = field(default_factory=dict)


def whole(snapshot: Snapshot) -> Snapshot:
    """The source of scalars that are read from anywhere in the snapshot."""
    return snapshot


def or_never(wall_s: float | None) -> float | Special:
    """A time for a DateAndTime object, which shows None as "never happened"."""
    return Special.NEVER if wall_s is None else wall_s
