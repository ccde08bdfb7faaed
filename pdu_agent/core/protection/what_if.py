# SPDX-License-Identifier: Apache-2.0
"""What a cap would cost, and what goes with a feeder: asked of a snapshot, nothing moves.

The choice is the one that caps make (shedding.py). Draws are recorded peaks or present ones.
Peaks of all outlets at once are the worst case: the feeder itself may never have carried that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from pdu_agent.core.protection.shedding import TINY, Load, choose
from pdu_agent.core.switching.draws import Feeds
from pdu_agent.model.commands import Lock, Quantity, Target, TargetKind
from pdu_agent.model.errors import InvalidValue, UnknownTarget
from pdu_agent.model.metered import Meter, MeterStatus
from pdu_agent.model.snapshot import Outlet, Snapshot

UNIT = Target(TargetKind.UNIT, 1)
LARGEST_W = 1e6


class Basis(Enum):
    """PEAK: the highest draw that lasted, as recorded. NOW: what the meters show."""

    PEAK = "peak"
    NOW = "now"


@dataclass(frozen=True, slots=True)
class Going:
    """An outlet that would go off. draw_w: None where nobody knows."""

    outlet: int
    name: str
    priority: int
    draw_w: float | None


@dataclass(frozen=True, slots=True)
class CapAnswer:
    """carried_w: by the target before; remains_w: after all of `goes`, in this order. is_enough:
    None where that shows only when outlets without a meter go. stays: outlets that draw there and
    may not go.
    """

    target: Target
    limit_w: float
    basis: Basis
    carried_w: float
    goes: tuple[Going, ...]
    remains_w: float
    is_enough: bool | None
    stays: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A feeder that remains. carries_a after the others took over; added_a: by that."""

    target: Target
    name: str
    carries_a: float
    added_a: float
    rated_current_a: float

    @property
    def holds(self) -> bool:
        return self.carries_a <= self.rated_current_a + TINY


@dataclass(frozen=True, slots=True)
class LossAnswer:
    """dark: devices or outlets that have no other supply. taken_over: device -> the outlets that
    go on feeding it.
    """

    lost: str
    basis: Basis
    goes: tuple[Going, ...]
    lost_w: float
    dark: tuple[str, ...]
    taken_over: Mapping[str, tuple[int, ...]]
    feeders: tuple[Loaded, ...]


def cap_answer(
    snapshot: Snapshot,
    target: Target,
    limit_w: float,
    basis: Basis,
    load_w: float | None = None,
) -> CapAnswer:
    """load_w: what the target carries in all; None for what `basis` has it carry.

    Raises UnknownTarget, or InvalidValue for no limit or a target without a value.
    """
    if not 1 <= limit_w <= LARGEST_W:
        raise InvalidValue(f"a cap of {limit_w:g} W is outside 1 to {LARGEST_W:g} W")
    if load_w is not None and not 0 <= load_w <= LARGEST_W:
        raise InvalidValue(f"a load of {load_w:g} W is outside 0 to {LARGEST_W:g} W")
    feeds = _feeds(snapshot)
    behind = _behind(snapshot, feeds, target, Quantity.ACTIVE_POWER)
    rows = {row.index: row for row in snapshot.outlets}
    carried_w = load_w
    if carried_w is None:
        carried_w = _carried(snapshot, target, Quantity.ACTIVE_POWER, basis, behind)
    if carried_w is None:
        raise InvalidValue(f"{target} has no value to go by: nothing measures it now")
    draws = {
        number: None if draw is None else share * draw
        for number, share in behind.items()
        for draw in (_draw(rows[number], Quantity.ACTIVE_POWER, basis),)
    }
    loads = [Load(n, rows[n].priority, draws[n]) for n in behind if _may_go(rows[n])]
    choice = choose(loads, carried_w - limit_w)
    goes = tuple(_going(rows[number], draws[number]) for number in choice.outlets)
    remains_w = carried_w - sum(each.draw_w or 0.0 for each in goes)
    stays = tuple(
        number for number in behind if not _may_go(rows[number]) and (draws[number] or 0.0) > 0
    )
    return CapAnswer(target, limit_w, basis, carried_w, goes, remains_w, choice.is_enough, stays)


def loss_answer(snapshot: Snapshot, lost: str, basis: Basis) -> LossAnswer:
    """lost: L1 to L3, or an inlet, line or branch. Raises UnknownTarget or InvalidValue."""
    feeds = _feeds(snapshot)
    gone = _lost(snapshot, feeds, lost)
    rows = {row.index: row for row in snapshot.outlets if _is_on(row)}
    going = [rows[number] for number in sorted(gone) if number in rows]
    added_a: dict[int, float] = {}
    taken_over: dict[str, tuple[int, ...]] = {}
    dark: list[str] = []
    for row in going:
        others = _others(row, rows, gone)
        if not others:
            dark.append(row.device or row.name)
            continue
        taken_over[row.device] = others
        share_a = (_draw(row, Quantity.CURRENT, basis) or 0.0) / len(others)
        for number in others:
            added_a[number] = added_a.get(number, 0.0) + share_a
    goes = tuple(_going(row, _draw(row, Quantity.ACTIVE_POWER, basis)) for row in going)
    lost_w = sum(each.draw_w or 0.0 for each in goes)
    feeders = _feeders(snapshot, feeds, lost, basis, gone, added_a)
    return LossAnswer(
        lost, basis, goes, lost_w, tuple(dict.fromkeys(dark)), taken_over, tuple(feeders)
    )


def target_of(text: str) -> Target:
    """ "unit 1", "inlet 1", "line 2" or "branch 3". Raises InvalidValue."""
    match = re.fullmatch(r"(unit|inlet|line|branch) +([1-9][0-9]{0,3})", text.strip())
    if match is None:
        raise InvalidValue(f"{text[:40]!r}: expected unit 1, or an inlet, line or branch")
    return Target(TargetKind(match[1]), int(match[2]))


def _lost(snapshot: Snapshot, feeds: Feeds, lost: str) -> frozenset[int]:
    phase = lost.strip().lower()
    if re.fullmatch("l[123]", phase):
        numbers = [row.index for row in snapshot.outlets if phase in feeds.phases(row)]
        if not numbers:
            raise UnknownTarget(f"no outlet is said to be fed by {phase.upper()}")
        return frozenset(numbers)
    return frozenset(_behind(snapshot, feeds, target_of(lost), Quantity.CURRENT))


def _others(row: Outlet, rows: Mapping[int, Outlet], gone: frozenset[int]) -> tuple[int, ...]:
    """Outlets that feed the same device, and remain."""
    return tuple(
        number
        for number, other in rows.items()
        if row.device and other.device == row.device and number not in gone
    )


def _feeders(
    snapshot: Snapshot,
    feeds: Feeds,
    lost: str,
    basis: Basis,
    gone: frozenset[int],
    added_a: Mapping[int, float],
) -> list[Loaded]:
    """Those that carry something still, with what they then carry."""
    found: list[Loaded] = []
    rows = {row.index: row for row in snapshot.outlets}
    several = {line.inlet for line in snapshot.lines}
    named = [
        *(
            (Target(TargetKind.INLET, i.index), i.name, i.meter.rated_current_a)
            for i in snapshot.inlets
            if i.index not in several
        ),
        *((Target(TargetKind.LINE, x.index), x.name, x.rated_current_a) for x in snapshot.lines),
        *(
            (Target(TargetKind.BRANCH, b.index), b.name, b.rated_current_a)
            for b in snapshot.branches
        ),
    ]
    for target, name, rated_a in named:
        behind = _behind(snapshot, feeds, target, Quantity.CURRENT)
        left = {number: share for number, share in behind.items() if number not in gone}
        if rated_a is None or not left or str(target) == lost.strip():
            continue
        before_a = _carried(snapshot, target, Quantity.CURRENT, basis, behind)
        gone_a = sum(
            share * (_draw(rows[number], Quantity.CURRENT, basis) or 0.0)
            for number, share in behind.items()
            if number in gone
        )
        added = sum(share * added_a.get(number, 0.0) for number, share in left.items())
        carries_a = max(0.0, (before_a or 0.0) - gone_a) + added
        found.append(Loaded(target, name, carries_a, added, rated_a))
    return found


def _carried(
    snapshot: Snapshot,
    target: Target,
    quantity: Quantity,
    basis: Basis,
    behind: Mapping[int, float],
) -> float | None:
    """What the target carries: by its meter now; by peaks what its outlets drew at most, and
    besides what it carries now that none of them draws.
    """
    now = _metered(snapshot, target, quantity)
    if basis is Basis.NOW:
        return now
    rows = {row.index: row for row in snapshot.outlets}

    def total(which: Basis) -> float:
        return sum(
            share * (_draw(rows[number], quantity, which) or 0.0)
            for number, share in behind.items()
        )

    other = max(0.0, now - total(Basis.NOW)) if now is not None else 0.0
    return total(Basis.PEAK) + other


def _metered(snapshot: Snapshot, target: Target, quantity: Quantity) -> float | None:
    meters: dict[TargetKind, dict[int, Meter | None]] = {
        TargetKind.INLET: {row.index: row.meter for row in snapshot.inlets},
        TargetKind.LINE: {row.index: row.meter for row in snapshot.lines},
        TargetKind.BRANCH: {row.index: row.meter for row in snapshot.branches},
    }
    if target.kind is TargetKind.UNIT:
        values = [_value(meter, quantity) for meter in meters[TargetKind.INLET].values()]
        known = [value for value in values if value is not None]
        return sum(known) if known and len(known) == len(values) else None
    return _value(meters[target.kind].get(target.index), quantity)


def _value(meter: Meter | None, quantity: Quantity) -> float | None:
    if meter is None or meter.status is not MeterStatus.OK:
        return None
    values = meter.electrical
    return values.current_a if quantity is Quantity.CURRENT else values.active_power_w


def _draw(row: Outlet, quantity: Quantity, basis: Basis) -> float | None:
    """0 for one that is off; None for one without a meter, or that is silent."""
    if not _is_on(row):
        return 0.0
    now = _value(row.meter, quantity)
    if basis is Basis.NOW or row.meter is None:
        return max(0.0, now) if now is not None else None
    meter = row.meter
    sustained_w = meter.demand.peak_w if meter.demand is not None else None
    recorded = sustained_w if sustained_w is not None else meter.peak_power_w
    if quantity is Quantity.CURRENT:
        recorded = meter.peak_current_a
        if recorded is not None and sustained_w is not None and meter.peak_power_w:
            recorded *= min(1.0, sustained_w / meter.peak_power_w)
    return recorded if recorded is not None else now


def _feeds(snapshot: Snapshot) -> Feeds:
    return Feeds(
        {line.index: (line.inlet, line.line) for line in snapshot.lines},
        {branch.index: branch.line for branch in snapshot.branches},
        {inlet.index: inlet.nominal_voltage_v for inlet in snapshot.inlets},
    )


def _behind(
    snapshot: Snapshot, feeds: Feeds, target: Target, quantity: Quantity
) -> dict[int, float]:
    known = {
        TargetKind.UNIT: {1},
        TargetKind.INLET: {row.inlet for row in snapshot.outlets} | set(feeds.voltages_v),
        TargetKind.LINE: set(feeds.lines),
        TargetKind.BRANCH: set(feeds.branch_lines),
    }
    if target.index not in known[target.kind]:
        raise UnknownTarget(f"there is no {target}")
    shares = {row.index: feeds.share(target, quantity, row) for row in snapshot.outlets}
    return {number: share for number, share in shares.items() if share}


def _is_on(row: Outlet) -> bool:
    return row.relay_closed is True or not row.switched


def _may_go(row: Outlet) -> bool:
    return row.switched and _is_on(row) and row.priority > 0 and row.lock is Lock.UNLOCKED


def _going(row: Outlet, draw_w: float | None) -> Going:
    return Going(row.index, row.name, row.priority, draw_w)
