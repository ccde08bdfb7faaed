# SPDX-License-Identifier: Apache-2.0
"""The rows of one group of objects, taken from a snapshot when somebody asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pdu_agent.mib_impl.schema import Scalars, Table
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.model.snapshot import Snapshot

Group = Scalars[Any] | Table[Any]


class Rows:
    """indices: sorted. by_index: in the same order. outlets: whose rights decide about a
    row; an index that is not in it is the unit's.

    As long as indices or outlets stay equal from snapshot to snapshot they stay the same
    object, so that what was derived from them can be kept after a look at their identity.
    """

    __slots__ = ("_from", "_group", "by_index", "indices", "outlets")

    def __init__(self, group: Group) -> None:
        self._group = group
        self._from: Snapshot | None = None
        self.indices: tuple[Oid, ...] = ()
        self.by_index: dict[Oid, Any] = {}
        self.outlets: Mapping[Oid, int | None] = {}

    def of(self, snapshot: Snapshot) -> Rows:
        """The rows as `snapshot` has them; those of the one before are forgotten."""
        if snapshot is not self._from:
            self._take(snapshot)
        return self

    def _take(self, snapshot: Snapshot) -> None:
        self._from = None  # a getter of ours may raise
        self.by_index = dict(sorted(self._group.rows(snapshot), key=_index))
        indices = tuple(self.by_index)
        if indices != self.indices:
            self.indices = indices
        outlet = self._group.outlet
        if outlet is not None:
            outlets = {index: outlet(row) for index, row in self.by_index.items()}
            if outlets != self.outlets:
                self.outlets = outlets
        self._from = snapshot


def _index(numbered: tuple[Oid, Any]) -> Oid:
    return numbered[0]
