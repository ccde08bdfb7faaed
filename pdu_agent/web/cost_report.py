# SPDX-License-Identifier: Apache-2.0
"""The bill of a span of days: every outlet, their sum, and how that compares with the inlets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from pdu_agent.core.costs.bill import Account
from pdu_agent.core.costs.spans import HOUR_S, Step, edges, midnight_s
from pdu_agent.core.costs.standby import QUARTER_S, Idle, Unknown, idle_of
from pdu_agent.core.costs.terms import CostTerms
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.history import EnergyRow, History, Kept, Series
from pdu_agent.model.snapshot import Outlet, Snapshot

BREATH = 8
"""Points whose day is added before others in the loop have their turn."""
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
    idle: Idle | Unknown


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
    accounts, idle = {}, {}
    for row in metered:
        target = Target(TargetKind.OUTLET, row.index)
        idle[target] = found = await idle_draw(history, terms, target, span)
        idle_w = found.most_w if isinstance(found, Idle) else None
        accounts[target] = Account(terms.prices, idle_w)
    fed_by = [Target(TargetKind.INLET, row.index) for row in snapshot.inlets]
    accounts |= {target: Account(terms.prices) for target in fed_by}
    await _add_all(history, terms, accounts, span)
    lines = tuple(
        OutletLine(row, accounts[target], idle[target])
        for row, target in zip(metered, idle, strict=True)
    )
    days = span.days_begun(terms)
    per_day = terms.prices.per_day
    return CostReport(
        span,
        span.hours(terms),
        days,
        lines,
        _together(terms, [line.account for line in lines]),
        _together(terms, [accounts[target] for target in fed_by]) if fed_by else None,
        len(metered) == len(snapshot.outlets),
        None if per_day is None else per_day * days,
    )


def _together(terms: CostTerms, accounts: Iterable[Account]) -> Account:
    whole = Account(terms.prices, points=0)
    for account in accounts:
        whole.absorb(account)
    return whole


async def _add_all(
    history: History, terms: CostTerms, accounts: Mapping[Target, Account], span: Span
) -> None:
    """Day by day for all of them: the history finds its hours by time."""
    day = span.first
    while accounts and day < span.end and midnight_s(day, terms.zone) <= span.now_s:
        after = day + timedelta(days=1)
        rows = await history.energy(accounts.keys(), edges(day, after, Step.HOUR, terms.zone))
        parts: dict[Target, list[EnergyRow]] = {}
        for row in rows:
            parts.setdefault(row.target, []).append(row)
        for place, (target, part) in enumerate(parts.items(), start=1):
            accounts[target].add(part)
            if place % BREATH == 0:
                await asyncio.sleep(0)
        day = after


async def idle_draw(
    history: History, terms: CostTerms, target: Target, span: Span
) -> Idle | Unknown:
    """From the quarters of an hour of the last IDLE_DAYS of the span."""
    end_s = min(midnight_s(span.end, terms.zone), int(span.now_s))
    begin_s = max(midnight_s(span.first, terms.zone), end_s - IDLE_DAYS * 86_400)
    if begin_s >= end_s:
        return idle_of((), begin_s)
    series = Series(target, Kept.ACTIVE_POWER)
    curve = await history.curve(series, begin_s, end_s, step_s=QUARTER_S)
    return await asyncio.to_thread(idle_of, curve.average, curve.start_wall_s, terms.zone)
