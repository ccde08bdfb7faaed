# SPDX-License-Identifier: Apache-2.0
"""What a metering point used and what that costs, from its hours of energy.

Nothing is rounded here: amounts are fractions, and sums of them are exact.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from pdu_agent.core.costs.money import Total
from pdu_agent.core.costs.prices import Prices
from pdu_agent.model.history import HOUR_S, EnergyRow


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
        self.tariffs: dict[str, int] = {}
        self.reasons: dict[str, None] = {}
        self._hours: dict[int, int] = {}

    def add(self, rows: Iterable[EnergyRow]) -> None:
        """rows: of one hour each; all that there are of an hour at once."""
        hours: dict[int, list[EnergyRow]] = {}
        for row in rows:
            hours.setdefault(row.start_wall_s, []).append(row)
        for start_s, parts in hours.items():
            whole = {row.target for row in parts if row.complete}
            self._hours[start_s] = self._hours.get(start_s, 0) + len(whole)
            used_mj = sum(row.energy_mj for row in parts)
            is_idle = self._most_idle_mj is not None and used_mj <= self._most_idle_mj
            for row in parts:
                if row.energy_mj:
                    self._book(row, is_idle)

    def absorb(self, other: Account) -> None:
        """Add another account, of points that are not in this one. Its idle part is left out."""
        self._points += other._points
        self.energy_mj += other.energy_mj
        self.unpriced_mj += other.unpriced_mj
        self.reasons.update(other.reasons)
        self._total.absorb(other._total)
        for tariff, energy_mj in other.tariffs.items():
            self.tariffs[tariff] = self.tariffs.get(tariff, 0) + energy_mj
        for start_s, whole in other._hours.items():
            self._hours[start_s] = self._hours.get(start_s, 0) + whole

    def _book(self, row: EnergyRow, is_idle: bool) -> None:
        start_s, tariff, energy_mj = row.start_wall_s, row.tariff, row.energy_mj
        self.energy_mj += energy_mj
        self.tariffs[tariff] = self.tariffs.get(tariff, 0) + energy_mj
        price = self._prices.micros(tariff, start_s, start_s + HOUR_S)
        if price is None:
            self.unpriced_mj += energy_mj
            self.reasons.setdefault(self._prices.why_none(tariff, start_s))
        else:
            self._total.add(energy_mj, price)
        if is_idle:
            self.idle_mj += energy_mj
            if price is not None:
                self._idle.add(energy_mj, price)

    @property
    def seen(self) -> int:
        return len(self._hours)

    @property
    def incomplete(self) -> int:
        return sum(whole < self._points for whole in self._hours.values())

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
