# SPDX-License-Identifier: Apache-2.0
"""What was ordered of outlets and when, and how far in that a reader has got.

An outlet goes through places: 2n while its order number n is on its way, 2n + 1 once that is done.
All of them start at place 1, done with an order that nobody saw.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Order:
    """sent_s, answered_s: monotonic seconds; an answer that is not there yet comes in infinity."""

    turns_on: bool
    sent_s: float
    answered_s: float = math.inf


@dataclass
class Trail:
    """The orders of each outlet, in the order in which one client gave them."""

    orders: dict[int, list[Order]] = field(default_factory=dict)

    @staticmethod
    def of(outlets: Iterable[int]) -> Trail:
        """They are on."""
        return Trail({n: [Order(True, -math.inf, -math.inf)] for n in outlets})

    def next_order(self, outlet: int, sent_s: float) -> Order:
        """The opposite of the last one."""
        order = Order(not self.orders[outlet][-1].turns_on, sent_s)
        self.orders[outlet].append(order)
        return order

    def is_on_at_last(self) -> dict[int, bool]:
        return {outlet: orders[-1].turns_on for outlet, orders in self.orders.items()}

    def place(
        self,
        outlet: int,
        told: bool | None,
        when_s: tuple[float, float],
        least: int,
        foretold: bool = False,
    ) -> int | None:
        """The first place, from `least` on, at which an outlet is on (True), off, or on its way
        (None), as a question that was asked and answered at `when_s` was told. foretold: who told
        it shows the outcome of an order that is still on its way.

        None where there is no such place: an order that had been answered before the question was
        not seen, or one that was seen before was not seen any more, or nobody gave such an order.
        """
        asked_s, until_s = when_s
        orders = list(self.orders[outlet])
        known = max(n for n, order in enumerate(orders) if order.answered_s <= asked_s)
        for number, order in enumerate(orders):
            if number < known or order.sent_s > until_s:
                continue
            place = 2 * number + (told is not None and not foretold)
            if place >= least and told in (None, order.turns_on):
                return place
        return None
