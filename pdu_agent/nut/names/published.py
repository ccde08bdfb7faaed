# SPDX-License-Identifier: Apache-2.0
"""From a snapshot to variables; what has not changed is not made again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.access.needs import outlet_of
from pdu_agent.model.commands import Command
from pdu_agent.model.errors import NotPermitted
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.nut.device import Variable
from pdu_agent.nut.names.row import Row, Table


@dataclass(slots=True)
class _Kept:
    """What was last told of one subject. names: of all its rows, whether they are told or not."""

    names: tuple[str, ...]
    writable: bool
    key: object
    variables: dict[str, Variable]


class Published:
    """The variables that `grant` may see. A variable whose text stays is the same object, so that
    whoever compares two instants is done at once.
    """

    def __init__(self, tables: Sequence[Table[Any]], grant: Grant) -> None:
        self._tables = tables
        self._grant = grant
        self._kept: dict[tuple[int, str], _Kept] = {}
        self._seen: Snapshot | None = None
        self._told: Mapping[str, Variable] = {}

    def variables(self, snapshot: Snapshot) -> Mapping[str, Variable]:
        """All of them, those of one subject together."""
        if snapshot is not self._seen:
            self._seen = snapshot
            if not self._grant.reads_everything:
                snapshot = self._without_strange_alarms(snapshot)
            self._told = self._renewed(snapshot)
        return self._told

    def _renewed(self, snapshot: Snapshot) -> Mapping[str, Variable]:
        kept: dict[tuple[int, str], _Kept] = {}
        told: dict[str, Variable] = {}
        for position, table in enumerate(self._tables):
            for prefix, subject in table.subjects(snapshot):
                place = (position, prefix)
                now = self._now(self._kept.get(place), table, prefix, subject)
                if now is not None:
                    kept[place] = now
                    told.update(now.variables)
        self._kept = kept
        return told

    def _without_strange_alarms(self, snapshot: Snapshot) -> Snapshot:
        """Those of an outlet are as much its own as what it draws."""
        alarms = tuple(
            alarm
            for alarm in snapshot.alarms
            if self._grant.allows(Rights.READ, outlet_of(alarm.target))
        )
        return replace(snapshot, alarms=alarms)

    def command(self, name: str, text: str, snapshot: Snapshot) -> Command | None:
        """What writing it asks for; None where it cannot be written. upsd tells names apart without
        regard to the case of letters, and so does this. Raises CommandError; NotPermitted first, as
        who may not write is not told what it takes.
        """
        for table, row, subject in self._rows_of(name.lower(), snapshot):
            if row.write is not None and row.write.when(subject):
                if not self._allows(Rights.WRITE, table.needs(subject)):
                    raise NotPermitted(f"{name}: write is not granted")
                return row.write.to_command(subject, text)
        return None

    def _rows_of(self, name: str, snapshot: Snapshot) -> Iterator[tuple[Table[Any], Row[Any], Any]]:
        """The row of that name, in lower case, with its table and subject. One that may not be read
        is not there.
        """
        for table in self._tables:
            for prefix, subject in table.subjects(snapshot):
                rest = name.removeprefix(prefix.lower())
                if (rest != name or not prefix) and self._allows(Rights.READ, table.needs(subject)):
                    for row in table.rows:
                        if rest == row.name:
                            yield table, row, subject

    def _allows(self, needed: Rights, needs: Iterable[int | None]) -> bool:
        return all(self._grant.allows(needed, outlet) for outlet in needs)

    def _now(
        self, before: _Kept | None, table: Table[Any], prefix: str, subject: Any
    ) -> _Kept | None:
        """None where nothing of it may be seen."""
        key = None if table.key is None else table.key(subject)
        if before is not None and key is not None and key == before.key:
            return before
        if before is None:
            needs = tuple(table.needs(subject))
            if not self._allows(Rights.READ, needs):
                return None
            names = tuple(prefix + row.name for row in table.rows)
            before = _Kept(names, self._allows(Rights.WRITE, needs), None, {})
        variables: dict[str, Variable] = {}
        for name, row in zip(before.names, table.rows, strict=True):
            text, old = row.read(subject), before.variables.get(name)
            if old is not None and old.value == text and row.write is None:
                variables[name] = old
            elif (now := _variable(row, subject, text, before.writable)) is not None:
                variables[name] = old if old is not None and now == old else now
        return _Kept(before.names, before.writable, key, variables)


def _variable(row: Row[Any], subject: Any, text: str | None, writable: bool) -> Variable | None:
    """None where there is nothing to tell."""
    write = row.write
    if write is None or not writable or not write.when(subject):
        return None if text is None else Variable(text)
    if text is None and not write.may_be_empty:
        return None
    return Variable(
        text or "",
        writable=True,
        max_octets=write.max_octets,
        words=write.words,
        ranges=write.ranges,
        is_number=write.is_number,
    )
