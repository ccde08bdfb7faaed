# SPDX-License-Identifier: Apache-2.0
"""What one credential sees of the image, in one version of SNMP.

What may not be read is as good as absent, and v1 knows no Counter64: both are left out
before anybody looks for a name or for the one after it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pdu_agent.mib_impl.syntax import Oid, Tag
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.snmp.access import Credential
from pdu_agent.snmp.image import Image, Run
from pdu_agent.snmp.names import Name

_REMEMBERED = 2048
_NOTHING = Run()


@dataclass(frozen=True, slots=True)
class _Mask:
    """Which instances of an object are shown, and of which ones and whose that was said."""

    indices: Sequence[Oid]
    outlets: Mapping[Oid, int | None]
    kept: Sequence[int]
    shown: Run


class Sight:
    """Reads of `image` for `credential` (None: one that reads everything).

    Before each request `look_at` says which snapshot it is answered from. found: varbinds
    that were asked for by name, with what to answer; only of this snapshot, nothing live.
    """

    def __init__(
        self, image: Image, credential: Credential | None, snapshot: Snapshot, *, is_v1: bool
    ) -> None:
        self.is_v1 = is_v1
        self._image = image
        self._credential = credential
        self._masks: dict[int, _Mask] = {}
        self._begin(snapshot)

    def _begin(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._runs: list[Run | None] = [None] * len(self._image.columns)
        self.found: dict[bytes, bytes] = {}

    def look_at(self, snapshot: Snapshot) -> None:
        if snapshot is not self._snapshot:
            self._begin(snapshot)

    def get(self, varbind: bytes, name: Name) -> bytes | None:
        """The varbind that answers the request's `varbind`; None if there is no such instance."""
        number, index = name
        if index is None:
            return None
        run = self._run(number)
        position = run.positions.get(index)
        if position is None:
            return None
        answer = run.varbinds[position]
        if not self._image.columns[number].place.live and len(self.found) < _REMEMBERED:
            self.found[varbind] = answer
        return answer

    def after(self, name: Name, count: int) -> list[bytes]:
        """The first `count` varbinds after that name; fewer where the view ends."""
        number, index = name
        total = len(self._image.columns)
        found: list[bytes] = []
        position = 0
        if index is not None:
            run = self._run(number)
            known = run.positions.get(index)
            position = bisect_right(run.indices, index) if known is None else known + 1
        while number < total:
            run = self._run(number)
            found += run.varbinds[position : position + count - len(found)]
            if len(found) == count:
                break
            number += 1
            position = 0
        return found

    def has_object(self, name: Name) -> bool:
        """Whether a name without an instance is of an object that this credential may know."""
        number, index = name
        if index is None or self._credential is None:
            return index is not None
        place = self._image.columns[number].place
        oid = place.oid + index
        outlet = self._image.view.outlet_of(place, oid, self._snapshot)
        return self._credential.may_read(oid, outlet)

    def _run(self, number: int) -> Run:
        run = self._runs[number]
        if run is None:
            run = self._visible(number)
            if not self._image.columns[number].place.live:
                self._runs[number] = run
        return run

    def _visible(self, number: int) -> Run:
        place = self._image.columns[number].place
        if self.is_v1 and place.declared.syntax.tag is Tag.COUNTER64:
            return _NOTHING
        run = self._image.run(number, self._snapshot)
        if self._credential is None:
            return run
        outlets = self._image.view.rows(place.group, self._snapshot).outlets
        mask = self._masks.get(number)
        if mask is None or mask.indices is not run.indices or mask.outlets is not outlets:
            mask = self._masks[number] = _mask(self._credential, place.oid, run, outlets)
        varbinds = [run.varbinds[position] for position in mask.kept]
        return Run(mask.shown.indices, varbinds, mask.shown.positions)


def _mask(credential: Credential, oid: Oid, run: Run, outlets: Mapping[Oid, int | None]) -> _Mask:
    kept = [
        position
        for position, index in enumerate(run.indices)
        if credential.may_read(oid + index, outlets.get(index))
    ]
    return _Mask(run.indices, outlets, kept, Run([run.indices[position] for position in kept]))
