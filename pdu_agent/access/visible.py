# SPDX-License-Identifier: Apache-2.0
"""What somebody who may not read everything is shown of a snapshot."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.access.hidden_text import NOT_SHOWN, HiddenText
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.control import Cap, Outage
from pdu_agent.model.hooks import HookRow
from pdu_agent.model.snapshot import Alarm, Health, LoggedEvent, Outlet, Snapshot

_Row = TypeVar("_Row", bound=Any)


def visible(snapshot: Snapshot, grant: Grant) -> Snapshot:
    """The snapshot without what the grant does not let its holder read; itself where that is all.

    A group, plan, rule, alarm or event is shown only to who may read every outlet that it is
    about; what is about the unit, to who may read the unit, unless its text names other outlets.
    The device's name is for everybody, and the sums of inlets are for who may read the unit.
    """
    if grant.reads_everything:
        return snapshot
    unit = grant.allows(Rights.READ)

    def all_read(outlets: Collection[int]) -> bool:
        return _reads_all(grant, outlets)

    members, hidden = members_of(snapshot), HiddenText(snapshot, grant)

    def about(target: Target | None) -> bool:
        return may_read(grant, target, members)

    def told(row: Alarm | LoggedEvent) -> bool:
        texts = (row.text, row.subject if isinstance(row, Alarm) else "")
        is_hidden = _is_of_unit(row.target) and any(map(hidden.tells, texts))
        return about(row.target) and not is_hidden

    return replace(
        snapshot,
        outlets=tuple(_outlet(row, hidden) for row in snapshot.outlets if all_read((row.index,))),
        groups=tuple(row for row in snapshot.groups if all_read(row.members)),
        plans=tuple(
            _worded(row, hidden, "outcome") for row in snapshot.plans if all_read(row.outlets)
        ),
        rules=tuple(
            _worded(row, hidden, "condition", "outcome")
            for row in snapshot.rules
            if all_read(row.outlets)
        ),
        thresholds=tuple(row for row in snapshot.thresholds if about(row.target)),
        alarms=tuple(
            _worded(row, hidden, "subject", "text") for row in snapshot.alarms if told(row)
        ),
        events=tuple(_worded(row, hidden, "text", "user") for row in snapshot.events if told(row)),
        inlets=snapshot.inlets if unit else (),
        lines=snapshot.lines if unit else (),
        branches=snapshot.branches if unit else (),
        sensors=snapshot.sensors if unit else (),
        fans=snapshot.fans if unit else (),
        upses=snapshot.upses if unit else (),
        outages=tuple(_outage(row, hidden) for row in snapshot.outages) if unit else (),
        caps=tuple(_cap(row, hidden) for row in snapshot.caps) if unit else (),
        hooks=snapshot.hooks if unit else (),
        host=snapshot.host if unit else None,
        health=snapshot.health if unit else Health(),
    )


Sight = tuple[Rights, Rights, frozenset[tuple[int, Rights]]] | None
"""Equal for all who are shown the same; None for those who are shown everything."""


def sight_of(grant: Grant) -> Sight:
    if grant.reads_everything:
        return None
    return grant.unit, grant.others, frozenset(grant.outlets.items())


Members = Mapping[int, Collection[int]]
"""Group -> its outlets."""


def members_of(snapshot: Snapshot) -> Members:
    return {group.index: group.members for group in snapshot.groups}


def may_read(grant: Grant, target: Target | None, members: Members) -> bool:
    """Whether the holder is shown what is about that; None is the unit."""
    if target is not None and target.kind is TargetKind.OUTLET:
        return grant.allows(Rights.READ, target.index)
    if target is not None and target.kind is TargetKind.GROUP:
        return _reads_all(grant, members.get(target.index, ()))
    return grant.allows(Rights.READ)


def visible_hooks(rows: Iterable[HookRow], snapshot: Snapshot, grant: Grant) -> tuple[HookRow, ...]:
    """Those of the unit for who may read it, for others those of the outlets that they may read;
    how one ended only where that was about such an outlet. snapshot: the whole one.
    """
    if grant.reads_everything:
        return tuple(rows)
    unit, hidden = grant.allows(Rights.READ), HiddenText(snapshot, grant)
    own = {
        name
        for row in snapshot.outlets
        if grant.allows(Rights.READ, row.index)
        for name in (
            *(row.hooks.before_on, row.hooks.after_on),
            *(row.hooks.before_off, row.hooks.after_off),
        )
    }
    return tuple(_hook(row, grant, hidden) for row in rows if unit or row.name in own)


def _hook(row: HookRow, grant: Grant, hidden: HiddenText) -> HookRow:
    last = row.last
    if last is None:
        return row
    is_shown = grant.allows(Rights.READ, last.outlet or None)
    return replace(row, last=_worded(last, hidden, "error") if is_shown else None)


def _reads_all(grant: Grant, outlets: Collection[int]) -> bool:
    return bool(outlets) and all(grant.allows(Rights.READ, number) for number in outlets)


def _is_of_unit(target: Target | None) -> bool:
    return target is None or target.kind not in (TargetKind.OUTLET, TargetKind.GROUP)


def _worded(row: _Row, hidden: HiddenText, *names: str) -> _Row:
    """The row itself unless one of these texts tells of what is hidden: bodies are kept by rows."""
    told = {name: NOT_SHOWN for name in names if hidden.tells(getattr(row, name))}
    return replace(row, **told) if told else row


def _outlet(row: Outlet, hidden: HiddenText) -> Outlet:
    changes: dict[str, Any] = {}
    holds = tuple(_worded(each, hidden, "source", "text", "ends") for each in row.holds)
    if holds != row.holds:
        changes["holds"] = holds
    for name, texts in (("last_actor", ("because",)), ("next_change", ("source", "text"))):
        inner = getattr(row, name)
        worded = _worded(inner, hidden, *texts) if inner is not None else None
        if worded is not inner:
            changes[name] = worded
    if hidden.tells(row.stopping):
        changes["stopping"] = NOT_SHOWN
    return replace(row, **changes) if changes else row


def _cap(row: Cap, hidden: HiddenText) -> Cap:
    return replace(row, shed=tuple(each for each in row.shed if each not in hidden.numbers))


def _outage(row: Outage, hidden: HiddenText) -> Outage:
    taken = tuple(each for each in row.taken if each not in hidden.numbers)
    return _worded(replace(row, taken=taken), hidden, "text", "next")
