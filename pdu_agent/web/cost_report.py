# SPDX-License-Identifier: Apache-2.0
"""The bill of a span of days: every outlet, their sum, and how that compares with the inlets."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from pdu_agent.core.costs.bill import Account
from pdu_agent.core.costs.spans import HOUR_S, Step, edges, midnight_s
from pdu_agent.core.costs.standby import QUARTER_S, Idle, Unknown, idle_of
from pdu_agent.core.costs.terms import CostTerms
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.history import History, Kept, Series
from pdu_agent.model.snapshot import Outlet, Snapshot

CHUNK_DAYS = 31
"""So much is asked for at a time: it bounds the memory, and how long the loop is busy."""
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
    lines, outlets = [], Account(terms.prices, points=0)
    for row in metered:
        target = Target(TargetKind.OUTLET, row.index)
        idle = await idle_draw(history, terms, target, span)
        idle_w = idle.most_w if isinstance(idle, Idle) else None
        account = await accounted(history, terms, [target], span, idle_w)
        outlets.absorb(account)
        lines.append(OutletLine(row, account, idle))
    inlets = [Target(TargetKind.INLET, row.index) for row in snapshot.inlets]
    days = span.days_begun(terms)
    per_day = terms.prices.per_day
    return CostReport(
        span,
        span.hours(terms),
        days,
        tuple(lines),
        outlets,
        await accounted(history, terms, inlets, span) if inlets else None,
        len(metered) == len(snapshot.outlets),
        None if per_day is None else per_day * days,
    )


async def accounted(
    history: History,
    terms: CostTerms,
    targets: Collection[Target],
    span: Span,
    idle_w: float | None = None,
) -> Account:
    """What these metering points used together."""
    account = Account(terms.prices, idle_w, len(targets))
    first = span.first
    while targets and first < span.end:
        end = min(first + timedelta(days=CHUNK_DAYS), span.end)
        account.add(await history.energy(targets, edges(first, end, Step.HOUR, terms.zone)))
        first = end
    return account


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
