# SPDX-License-Identifier: Apache-2.0
"""Hours of energy of many metering points at once, in columns: a bill takes tens of thousands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pdu_agent.model.history import HOUR_S, PointHours
from pdu_agent.model.terms import Target
from pdu_agent.store.history.names import parsed_target

if TYPE_CHECKING:
    from pdu_agent.store.history.names import Names

COLUMNS = 5
"""Of a stored row: hour, target, tariff, millijoules, whether the meter was seen all the time."""


class HourGrid:
    """Of the targets, the hours from begin_s (whole) to end_s; what is put later prevails."""

    def __init__(self, targets: Sequence[Target], begin_s: int, end_s: int) -> None:
        self._targets, self._begin_s = targets, begin_s
        self._rows = {target: row for row, target in enumerate(targets)}
        self._shape = len(targets), max(0, end_s - begin_s) // HOUR_S
        self._energy: dict[str, NDArray[np.int64]] = {}
        self._known = np.zeros(self._shape, np.bool_)
        self._complete = np.zeros(self._shape, np.bool_)

    def put(self, hour_s: int, target: Target, tariff: str, energy_mj: int, whole: bool) -> None:
        if target in self._rows:
            place = self._rows[target], (hour_s - self._begin_s) // HOUR_S
            self._of(tariff)[place] = energy_mj
            self._known[place] = True
            self._complete[place] |= whole

    def put_stored(self, rows: Iterable[tuple[int, ...]], names: Names) -> None:
        """rows: of COLUMNS, of nothing but the targets."""
        table = np.fromiter(chain.from_iterable(rows), np.int64).reshape(-1, COLUMNS)
        hours_s, numbers, tariff, energy_mj, whole = table.T
        places = np.zeros(int(numbers.max(initial=0)) + 1, np.intp)
        for number in np.unique(numbers).tolist():
            places[number] = self._rows[parsed_target(names.text(number))]
        at = places[numbers], (hours_s - self._begin_s) // HOUR_S
        self._known[at] = True
        self._complete[at[0][whole > 0], at[1][whole > 0]] = True
        for number in np.unique(tariff).tolist():
            here = tariff == number
            self._of(names.tariff(number))[at[0][here], at[1][here]] = energy_mj[here]

    def _of(self, tariff: str) -> NDArray[np.int64]:
        return self._energy.setdefault(tariff, np.zeros(self._shape, np.int64))

    def points(self) -> tuple[PointHours, ...]:
        return tuple(
            PointHours(
                target,
                self._begin_s,
                {name: self._energy[name][row].tolist() for name in sorted(self._energy)},
                self._known[row].tolist(),
                self._complete[row].tolist(),
            )
            for row, target in enumerate(self._targets)
        )
