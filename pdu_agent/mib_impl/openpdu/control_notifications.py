# SPDX-License-Identifier: Apache-2.0
"""Which notifications of OPENPDU-MIB tell of plans, rules, caps, trips, hooks and reloads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from pdu_agent.mib_impl.openpdu import notification_types as types
from pdu_agent.mib_impl.openpdu.pointers import source_of
from pdu_agent.mib_impl.schema import Tell, Told
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.control import Plan, Rule, TripState
from pdu_agent.model.events import (
    Event,
    HookFailed,
    OutletShed,
    OutletTripped,
    PlanRan,
    RuleFired,
    SettingsReloaded,
    StopEnded,
)
from pdu_agent.model.snapshot import Snapshot

_SCALAR: Oid = (0,)
_GONE: Oid = (0,)
"""In place of the number of a plan or rule that the configuration no longer has."""


def _index(name: str, rows: Iterable[Plan | Rule]) -> Oid:
    return next(((row.number,) for row in rows if row.name == name), _GONE)


def _outlet_name(number: int, snapshot: Snapshot) -> str:
    return next((outlet.name for outlet in snapshot.outlets if outlet.index == number), "")


def _plan_ran(event: PlanRan, snapshot: Snapshot) -> Iterator[Told]:
    index = _index(event.plan, snapshot.plans)
    kind = types.PLAN_SKIPPED if event.skipped else types.PLAN_RAN
    yield Told(kind, ((index, event.plan), (index, event.outcome)))


def _rule_fired(event: RuleFired, snapshot: Snapshot) -> Iterator[Told]:
    index = _index(event.rule, snapshot.rules)
    kind = types.RULE_FIRED if event.active else types.RULE_ENDED
    yield Told(kind, ((index, event.rule), (index, event.outcome)))


def _outlet_shed(event: OutletShed, snapshot: Snapshot) -> Iterator[Told]:
    name = next((cap.name for cap in snapshot.caps if cap.number == event.cap), "")
    yield Told(
        types.OUTLET_RESTORED if event.restored else types.OUTLET_SHED,
        (
            ((event.cap,), name),
            ((event.outlet,), _outlet_name(event.outlet, snapshot)),
            (_SCALAR, event.text),
        ),
    )


def _outlet_tripped(event: OutletTripped, snapshot: Snapshot) -> Iterator[Told]:
    index = (event.outlet,)
    yield Told(
        types.OUTLET_TRIPPED,
        (
            (index, _outlet_name(event.outlet, snapshot)),
            (index, TripState.LATCHED if event.latched else TripState.RETRYING),
            (index, event.retries),
            (index, event.current_a),
        ),
    )


def _hook_failed(arc: Oid, event: HookFailed, _: Snapshot) -> Iterator[Told]:
    outlet = Target(TargetKind.OUTLET, event.outlet) if event.outlet else None
    text = f"hook {event.hook}: {event.text}"
    yield Told(types.HOOK_FAILED, ((_SCALAR, source_of(outlet, arc)), (_SCALAR, text)))


def _stop_ended(event: StopEnded, snapshot: Snapshot) -> Iterator[Told]:
    name = _outlet_name(event.outlet, snapshot)
    yield Told(
        types.STOP_ABORTED if event.aborted else types.STOP_ENDED,
        (((event.outlet,), name), (_SCALAR, event.text)),
    )


def _reloaded(event: SettingsReloaded, _: Snapshot) -> Iterator[Told]:
    if event.error:
        yield Told(types.RELOAD_FAILED, ((_SCALAR, event.error),))
    else:
        yield Told(types.SETTINGS_RELOADED)


def telling_of_control(arc: Oid) -> Mapping[type[Event], Tell]:
    """For openpduMIB at `arc`."""
    return {
        PlanRan: _plan_ran,
        RuleFired: _rule_fired,
        OutletShed: _outlet_shed,
        OutletTripped: _outlet_tripped,
        HookFailed: partial(_hook_failed, arc),
        StopEnded: _stop_ended,
        SettingsReloaded: _reloaded,
    }
