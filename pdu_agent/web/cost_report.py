# SPDX-License-Identifier: Apache-2.0
"""The bill of a span of days: every outlet, their sum, and how that compares with the inlets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from pdu_agent.core.costs.bill import Account
from pdu_agent.core.costs.hour_prices import HourPrices
from pdu_agent.core.costs.spans import HOUR_S, Step, edges, midnight_s
from pdu_agent.core.costs.standby import IdleLevel, Unknown, idle_level, too_little
from pdu_agent.core.costs.terms import CostTerms
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.history import Averages, History, Kept, PointHours, Series
from pdu_agent.model.snapshot import Outlet, Snapshot

POINT_DAYS = 2400
"""Days of all points together that are added at a time: it bounds memory, about 5 MB."""
IDLE_DAYS = 31
"""From the end of the span: where the idle draw is looked for."""


@dataclass(frozen=True, slots=True)
class Span:
    """Local days from `first` to before `end`, of which what is before now_s is known."""

    first: date
    end: date
    now_s: float

    def hours(self, terms: CostTerms) -> int:
        """That have begun."""
        last_s = min(midnight_s(self.end, terms.zone), -(-int(self.now_s) // HOUR_S) * HOUR_S)
        return max(0, last_s - midnight_s(self.first, terms.zone)) // HOUR_S

    def days_begun(self, terms: CostTerms) -> int:
        count, day = 0, self.first
        while day < self.end and midnight_s(day, terms.zone) <= self.now_s:
            count, day = count + 1, day + timedelta(days=1)
        return count


@dataclass(frozen=True, slots=True)
class OutletLine:
    outlet: Outlet
    account: Account
    idle: IdleLevel | Unknown


@dataclass(frozen=True, slots=True)
class CostReport:
    """inlets: empty where the caller does not see them. fee: of the days begun, in units of the
    currency. is_whole: every outlet of these inlets is metered.
    """

    span: Span
    hours: int
    days: int
    lines: tuple[OutletLine, ...]
    outlets: Account
    inlets: Account | None
    is_whole: bool
    fee: Fraction | None


async def cost_report(
    history: History, terms: CostTerms, snapshot: Snapshot, span: Span
) -> CostReport:
    """Raises StoreError when the history cannot be read."""
    metered = [row for row in snapshot.outlets if row.meter is not None]
    outlets = [Target(TargetKind.OUTLET, row.index) for row in metered]
    inlets = [Target(TargetKind.INLET, row.index) for row in snapshot.inlets]
    levels = await _idle_levels(history, terms, outlets, span)
    bill = _Bill(terms, outlets, inlets, levels)
    async for points in hours_of(history, terms, [*outlets, *inlets], span):
        await asyncio.to_thread(bill.add, points)
    days = span.days_begun(terms)
    per_day = terms.prices.per_day
    rows = zip(metered, bill.single, levels, strict=True)
    return CostReport(
        span,
        span.hours(terms),
        days,
        tuple(OutletLine(row, account, level) for row, account, level in rows),
        bill.outlets,
        bill.inlets if inlets else None,
        len(metered) == len(snapshot.outlets),
        None if per_day is None else per_day * days,
    )


class _Bill:
    """The accounts of a report: of each outlet, and of all outlets and all inlets together."""

    def __init__(
        self,
        terms: CostTerms,
        outlets: Sequence[Target],
        inlets: Sequence[Target],
        levels: Sequence[IdleLevel | Unknown],
    ) -> None:
        self._prices = prices = terms.prices
        idle_w = [each.most_w if isinstance(each, IdleLevel) else None for each in levels]
        self.single = [Account(prices, each) for each in idle_w]
        self.outlets = Account(prices, points=len(outlets))
        self.inlets = Account(prices, points=len(inlets))

    def add(self, points: Sequence[PointHours]) -> None:
        """points: of each outlet, then of each inlet."""
        count, tables = len(self.single), HourPrices(self._prices, points[0])
        for account, point in zip(self.single, points[:count], strict=True):
            account.add([point], tables)
        self.outlets.add(points[:count], tables)
        self.inlets.add(points[count:], tables)


async def hours_of(
    history: History, terms: CostTerms, targets: Sequence[Target], span: Span
) -> AsyncIterator[tuple[PointHours, ...]]:
    """The hours of the span up to the day that runs, of each target; some days at a time.

    Nothing where the history has nothing to read from.
    """
    days, day = max(1, POINT_DAYS // max(1, len(targets))), span.first
    while targets and day < span.end and midnight_s(day, terms.zone) <= span.now_s:
        end = min(day + timedelta(days=days), span.end)
        bounds = edges(day, end, Step.HOUR, terms.zone)
        if len(bounds) > 1:
            points = await history.hours(targets, bounds[0], bounds[-1])
            if points:
                yield points
        day = end


async def quarters_of(
    history: History, terms: CostTerms, targets: Sequence[Target], span: Span
) -> Averages | None:
    """Watts in the quarters of an hour of the last IDLE_DAYS of the span; None before it begins."""
    zone = terms.zone
    end_s = min(midnight_s(span.end, zone), int(span.now_s))
    begin_s = max(midnight_s(span.first, zone), end_s - IDLE_DAYS * 86_400)
    if begin_s >= end_s or not targets:
        return None
    series = [Series(target, Kept.ACTIVE_POWER) for target in targets]
    return await history.averages(series, begin_s, end_s)


async def _idle_levels(
    history: History, terms: CostTerms, targets: Sequence[Target], span: Span
) -> list[IdleLevel | Unknown]:
    found = await quarters_of(history, terms, targets, span)
    if found is None:
        return [too_little(0)] * len(targets)
    return await asyncio.to_thread(lambda: [idle_level(each) for each in found.values])
