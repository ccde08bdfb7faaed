# SPDX-License-Identifier: Apache-2.0
"""What a metering point used and what that costs, from its hours of energy.

Whole columns of hours are added: a month of 64 outlets has 48 thousand of them. Nothing is rounded
here: amounts are fractions, and sums of them are exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import compress
from operator import mul

from pdu_agent.core.costs.hour_prices import HourPrices
from pdu_agent.core.costs.money import Total
from pdu_agent.core.costs.prices import Prices
from pdu_agent.model.history import HOUR_S, PointHours


class Account:
    """Of one metering point, or of `points` of them together.

    energy_mj: all of it. unpriced_mj: the part without a price, and why in `reasons`, for people.
    idle_mj: the part used in hours of at most idle_w on average. incomplete: hours of which
    something is missing or was booked late. seen: hours that anything is known of.
    """

    def __init__(self, prices: Prices, idle_w: float | None = None, points: int = 1) -> None:
        self._prices, self._points = prices, points
        self._most_idle_mj = None if idle_w is None else idle_w * HOUR_S * 1000
        self._total, self._idle = Total(), Total()
        self.energy_mj = self.unpriced_mj = self.idle_mj = 0
        self.seen = self.incomplete = 0
        self.tariffs: dict[str, int] = {}
        self.reasons: dict[str, None] = {}

    def add(self, points: Sequence[PointHours], tables: HourPrices) -> None:
        """points: of the same hours, none of which was added before; all that there are of an
        hour at once. tables: of these hours.
        """
        known = [any(each) for each in zip(*(point.known for point in points), strict=True)]
        whole = [sum(each) for each in zip(*(point.complete for point in points), strict=True)]
        self.seen += sum(known)
        self.incomplete += sum(map(self._points.__gt__, compress(whole, known)))
        used = _sums(points)
        is_idle = self._idle_hours(list(used.values()))
        for tariff, energy_mj in sorted(used.items()):
            if any(energy_mj):
                self._book(tariff, energy_mj, is_idle, tables)

    def _idle_hours(self, used: Sequence[Sequence[int]]) -> list[bool] | None:
        most_mj = self._most_idle_mj
        if most_mj is None:
            return None
        return [sum(hour) <= most_mj for hour in zip(*used, strict=True)]

    def _book(
        self, tariff: str, energy_mj: Sequence[int], is_idle: list[bool] | None, tables: HourPrices
    ) -> None:
        whole_mj = sum(energy_mj)
        self.energy_mj += whole_mj
        self.tariffs[tariff] = self.tariffs.get(tariff, 0) + whole_mj
        prices = tables.of(tariff)
        unpriced = [hour for hour in prices.missing if energy_mj[hour]]
        if unpriced:
            self.unpriced_mj += sum(energy_mj[hour] for hour in unpriced)
            self.reasons.update(dict.fromkeys(prices.missing[hour] for hour in unpriced))
        prices.add_to(self._total, energy_mj)
        if is_idle is not None:
            idle_mj = list(map(mul, energy_mj, is_idle))
            self.idle_mj += sum(idle_mj)
            prices.add_to(self._idle, idle_mj)

    @property
    def priced(self) -> Fraction:
        """What the part with a price costs, in units of the currency."""
        return self._total.amount

    @property
    def cost(self) -> Fraction | None:
        """None unless all of it has a price, or nothing of it is known."""
        if self.unpriced_mj or not self.seen or not self._prices.currency:
            return None
        return self.priced

    @property
    def idle_cost(self) -> Fraction | None:
        """Of idle_mj; None where `cost` is, or where nobody knows when it idles."""
        if self._most_idle_mj is None or self.cost is None:
            return None
        return self._idle.amount


def _sums(points: Sequence[PointHours]) -> Mapping[str, Sequence[int]]:
    """The energy of all points together in each hour, by tariff."""
    if len(points) == 1:
        return points[0].energy_mj
    columns: dict[str, list[Sequence[int]]] = {}
    for point in points:
        for tariff, energy_mj in point.energy_mj.items():
            columns.setdefault(tariff, []).append(energy_mj)
    return {
        tariff: [sum(hour) for hour in zip(*each, strict=True)] for tariff, each in columns.items()
    }
