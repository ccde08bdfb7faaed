# SPDX-License-Identifier: Apache-2.0
"""The rows of outlets that faces see, each kept as long as it would come out the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from operator import attrgetter
from typing import Any, NamedTuple

from pdu_agent.core.control import Control
from pdu_agent.core.engine import Progress
from pdu_agent.core.live_settings import LiveSettings
from pdu_agent.core.metered.ledger import Ledger
from pdu_agent.core.outlets.banks import Banks
from pdu_agent.core.outlets.relay_care import NO_WEAR, shown_wear
from pdu_agent.core.settings import OutletSettings
from pdu_agent.core.state import CoreState, OutletLive
from pdu_agent.core.watching.faults import StandingFaults
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.control import NextChange, RelayWear, Trip, TripState
from pdu_agent.model.record import TripRecord, WearRecord
from pdu_agent.model.snapshot import Faults, Meter, Outlet, OutletHooks

_NO_TRIP = Trip()
_COLUMNS = [each.name for each in fields(Outlet)]
_METER = _COLUMNS.index("meter")
_BEFORE_METER = attrgetter(*_COLUMNS[:_METER])
_AFTER_METER = attrgetter(*_COLUMNS[_METER + 1 :])


class _Parts(NamedTuple):
    """All that a row is made of but its ledger and the time: equal ones make the same row."""

    settings: OutletSettings
    live: OutletLive
    tariffs: tuple[str, ...]
    faults: Faults
    next_change: NextChange | None
    wear: WearRecord
    trip: TripRecord | None
    progress: Progress | None


class _Made(NamedTuple):
    """A row as it was made last, and of what."""

    parts: _Parts
    ledger: Ledger | None
    row: Outlet


class OutletRows:
    """Makes the rows of a snapshot; all that they are made of is immutable."""

    def __init__(
        self, state: CoreState, live: LiveSettings, banks: Banks, control: Control
    ) -> None:
        self._state = state
        self._live = live
        self._banks = banks
        self._control = control
        self._targets = {number: Target(TargetKind.OUTLET, number) for number in state.outlets}
        self._tariffs: tuple[str, ...] = ()
        self._made: dict[int, _Made] = {}

    def shown(
        self,
        ledgers: Mapping[Target, Ledger],
        faults: StandingFaults,
        tariffs: tuple[str, ...],
        now_s: float,
    ) -> dict[int, Outlet]:
        """By outlet. tariffs: all names."""
        if tariffs != self._tariffs:
            self._tariffs = tariffs
        state, settings, tariffs = self._state, self._live.outlets, self._tariffs
        changes, progress = self._control.next_changes(), self._control.progress()
        wear, trips = state.wear, state.trips
        shown: dict[int, Outlet] = {}
        for number, live in state.outlets.items():
            target, own = self._targets[number], settings[number]
            parts = _Parts(
                own,
                live,
                tariffs,
                faults.of(target, own.relay),
                changes.get(number),
                wear.get(number, NO_WEAR),
                trips.get(number),
                progress.get(number),
            )
            shown[number] = self._row(number, parts, ledgers.get(target), now_s)
        return shown

    def _row(self, number: int, parts: _Parts, ledger: Ledger | None, now_s: float) -> Outlet:
        """The row made last, where it is of the same parts and has no countdown. A new reading
        changes nothing but its meter.
        """
        before = self._made.get(number)
        if before is not None and before.row.pending is None and before.parts == parts:
            if ledger is before.ledger:
                return before.row
            row = _with_meter(before.row, _meter(parts, ledger, None))
        else:
            waits = parts.live.machine.pending is not None
            pending_s = self._pending_s(number, parts, now_s) if waits else 0.0
            row = _shown(parts, ledger, pending_s, before)
        self._made[number] = _Made(parts, ledger, row)
        return row

    def _pending_s(self, number: int, parts: _Parts, now_s: float) -> float:
        """Until the relay of an outlet that waits may move; 0 while nobody knows."""
        deadline_s = parts.live.machine.deadline_s
        if deadline_s is not None:
            return max(0.0, deadline_s - now_s)
        if parts.progress is not None:
            return max(0.0, parts.progress.left_s)
        due_s = self._banks.due_s(number)
        return max(0.0, due_s - now_s) if due_s is not None else 0.0


def _shown(parts: _Parts, ledger: Ledger | None, pending_s: float, before: _Made | None) -> Outlet:
    """before: the row made last, whose parts are taken over where they are the same."""
    settings, live, progress = parts.settings, parts.live, parts.progress
    machine = live.machine
    is_as_set = before is not None and before.parts.settings is settings
    kept = before if is_as_set else None
    return Outlet(
        index=settings.number,
        name=settings.name or f"Outlet {settings.number}",
        note=settings.note,
        receptacle=settings.receptacle,
        position=settings.position,
        device=settings.device,
        inlet=settings.inlet,
        line=settings.line,
        switched=settings.relay is not None,
        state=machine.state,
        pending=machine.pending,
        pending_s=pending_s,
        relay_closed=machine.contact if settings.relay is not None else None,
        lock=live.lock,
        on_delay_s=settings.on_delay_s,
        off_delay_s=settings.off_delay_s,
        reboot_s=settings.reboot_s,
        power_up=settings.power_up,
        switch_count=live.switch_count,
        is_ordered=live.is_ordered,
        last_reason=live.reason,
        last_actor=live.actor,
        last_change_s=live.changed_s,
        last_change_wall_s=live.changed_wall_s,
        discontinuity_s=live.discontinuity_s,
        meter=_meter(parts, ledger, kept),
        branch=settings.branch,
        faults=parts.faults,
        last_proof=live.proof,
        min_on_s=settings.min_on_s,
        min_off_s=settings.min_off_s,
        rated_current_a=settings.rated_current_a,
        pulse_s=settings.pulse_s,
        priority=settings.priority,
        holds=tuple(sorted(live.holds, key=lambda hold: -hold.rank)) if live.holds else (),
        next_change=parts.next_change,
        wear=_wear(parts, kept),
        stopping=progress.text if progress is not None else "",
        hooks=kept.row.hooks if kept is not None else _hooks(settings),
        trip=_trip(parts.trip) if parts.trip is not None else _NO_TRIP,
    )


def _with_meter(row: Outlet, meter: Meter | None) -> Outlet:
    """As dataclasses.replace, in half the time: each reading does this for every outlet."""
    columns: list[Any] = [*_BEFORE_METER(row), meter, *_AFTER_METER(row)]
    return Outlet(*columns)


def _meter(parts: _Parts, ledger: Ledger | None, kept: _Made | None) -> Meter | None:
    if kept is not None and kept.ledger is ledger and kept.parts.tariffs is parts.tariffs:
        return kept.row.meter
    if ledger is None:
        return None
    return ledger.shown(parts.settings.rated_current_a, parts.tariffs)


def _wear(parts: _Parts, kept: _Made | None) -> RelayWear:
    if kept is not None and kept.parts.wear is parts.wear:
        return kept.row.wear
    return shown_wear(parts.wear, parts.settings)


def _hooks(settings: OutletSettings) -> OutletHooks:
    return OutletHooks(
        settings.before_on, settings.after_on, settings.before_off, settings.after_off
    )


def _trip(record: TripRecord) -> Trip:
    return Trip(TripState(record.state), record.retries, record.current_a, record.wall_s)
