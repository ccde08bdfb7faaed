# SPDX-License-Identifier: Apache-2.0
"""A few sentences that tell a person why an outlet is as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pdu_agent.model.commands import Hold, Lock, PowerUp, Target, TargetKind
from pdu_agent.model.control import TripState
from pdu_agent.model.snapshot import (
    Alarm,
    ChangeReason,
    Fault,
    Outlet,
    OutletState,
    Snapshot,
    SwitchProof,
)
from pdu_agent.web.plain import fixed

POWER_UP_SENTENCES = {
    PowerUp.ON: "After a power loss it is switched on.",
    PowerUp.OFF: "After a power loss it stays off until someone switches it on.",
    PowerUp.LAST: "After a power loss it returns to the state it had before.",
}

LOCK_SENTENCES = {
    Lock.UNLOCKED: "It is not locked.",
    Lock.LOCKED_ON: "It is locked on: nobody can switch it off until it is unlocked.",
    Lock.LOCKED_OFF: "It is locked off: nobody can switch it on until it is unlocked.",
}


_UNTIL = dict.fromkeys(OutletState, "") | {
    OutletState.ON: "Next: nothing is due; it stays on until it is switched.",
    OutletState.OFF: "Next: nothing is due; it stays off until it is switched.",
    OutletState.FAULT: "Next: another order tries its relay again, and the fault ends once that "
    "reads back as ordered.",
    OutletState.UNKNOWN: "Next: it is known again once its board answers.",
}
"""What changes an outlet that nothing is planned for, waits for, or keeps as it is."""

Moment = Callable[[float], str]


def why(row: Outlet, snapshot: Snapshot) -> list[str]:
    """State, since when and why, by whom, what keeps it so, what comes next, proof, lock, policy,
    alarms; in this order.
    """
    at = moments_of(snapshot.device.time_zone)
    alarms = [_alarm(alarm, row, at) for alarm in snapshot.alarms if _is_about(alarm, row)]
    if not row.switched:
        return [f"{_title(row)} is metered only: this unit cannot switch it.", *alarms]
    sentences = [_state(row, at), _cause(row), *_holds(row, at), _trip(row, at)]
    sentences += [_pending(row), _stopping(row), _next(row, at)]
    sentences += [_relay(row), _proof(row.last_proof, at), _wear(row)]
    sentences += [_times(row), LOCK_SENTENCES[row.lock], POWER_UP_SENTENCES[row.power_up]]
    return [sentence for sentence in sentences if sentence] + alarms


def moments_of(time_zone: str) -> Moment:
    """What writes a wall time as the unit's owner reads it, with its distance from UTC."""
    zone = ZoneInfo(time_zone) if time_zone else None

    def moment(wall_s: float) -> str:
        local = datetime.fromtimestamp(wall_s, UTC).astimezone(zone)
        name = "UTC" if local.utcoffset() == timedelta(0) else f"{local:%z}"
        return f"{local:%Y-%m-%d %H:%M:%S} {name}"

    return moment


def _is_about(alarm: Alarm, row: Outlet) -> bool:
    """The outlet's own, those of the branch that feeds it, and that of a board that is lost."""
    if alarm.fault is Fault.BOARD:
        return Fault.BOARD in row.faults
    is_of_branch = row.branch is not None and alarm.target == Target(TargetKind.BRANCH, row.branch)
    return is_of_branch or alarm.subject == f"outlet {row.index}"


def _alarm(alarm: Alarm, row: Outlet, at: Moment) -> str:
    since = at(alarm.since_wall_s)
    subject = "" if alarm.subject == f"outlet {row.index}" else f"{alarm.subject}: "
    return f"Alarm ({alarm.severity.value}) since {since}: {subject}{alarm.text.rstrip('.')}."


def _title(row: Outlet) -> str:
    named = row.name and row.name != f"Outlet {row.index}"
    return f"Outlet {row.index} ({row.name})" if named else f"Outlet {row.index}"


def _state(row: Outlet, at: Moment) -> str:
    state = {
        OutletState.ON_PENDING: "about to go on",
        OutletState.OFF_PENDING: "about to go off",
        OutletState.FAULT: "in fault: its relay does not do as told",
        OutletState.UNKNOWN: "in an unknown state",
    }.get(row.state, row.state.value)
    since = ""
    if row.last_change_wall_s is not None:
        since = f", since {at(row.last_change_wall_s)}"
    reason = _reason(row)
    return f"{_title(row)} is {state}{since}{': ' + reason if reason else ''}."


def _reason(row: Outlet) -> str:
    """The strongest wish that stands, where the outlet is as it wants."""
    wanted = {OutletState.ON: True, OutletState.OFF: False}.get(row.state)
    if not row.holds or wanted is None or row.holds[0].wants_on is not wanted:
        return ""
    return _told(row.holds[0])


def _told(hold: Hold) -> str:
    ends = f"; {hold.ends.rstrip('.')}" if hold.ends else ""
    return f"{hold.source}: {hold.text.rstrip('.')}{ends}"


def _holds(row: Outlet, at: Moment) -> list[str]:
    """The wishes that the first sentence does not tell, and when those end that time ends."""
    told = row.holds[:1] if _reason(row) else ()
    sentences = []
    for hold in row.holds:
        until = f" It ends at {at(hold.until_wall_s)}." if hold.until_wall_s is not None else ""
        if hold in told:
            sentences.append(until.strip())
            continue
        kept = "on" if hold.wants_on else "off"
        sentences.append(f"Kept {kept} since {at(hold.since_wall_s)} by {_told(hold)}.{until}")
    return sentences


def _cause(row: Outlet) -> str:
    actor = row.last_actor
    if actor is not None:
        because = f": {actor.because}" if actor.because else ""
        who = replace(actor, because="")
        return f"Last changed by {who}{because} (reason: {row.last_reason.value})."
    if row.last_reason is not ChangeReason.UNKNOWN:
        return f"Reason of the last change: {row.last_reason.value}."
    return "Nothing is recorded about who or what changed it last."


def _trip(row: Outlet, at: Moment) -> str:
    trip = row.trip
    if trip.state is TripState.NONE:
        return ""
    when = f" at {at(trip.wall_s)}" if trip.wall_s is not None else ""
    drawn = f" with {fixed(trip.current_a, 2)} A" if trip.current_a is not None else ""
    then = {
        TripState.RETRYING: f"it is switched on again after a while (retries: {trip.retries})",
        TripState.LATCHED: f"it stays off until the trip is reset (retries: {trip.retries})",
    }[trip.state]
    return f"It tripped{when}{drawn}; {then}."


def _pending(row: Outlet) -> str:
    if row.pending is None:
        return ""
    at_most = " at most" if row.stopping else ""
    return f"Pending: {row.pending.value}, next step in {row.pending_s:.1f} s{at_most}."


def _stopping(row: Outlet) -> str:
    return f"Before that it waits: {row.stopping.rstrip('.')}." if row.stopping else ""


def _next(row: Outlet, at: Moment) -> str:
    change = row.next_change
    if change is None:
        is_told = row.pending is not None or row.holds or row.trip.state is not TripState.NONE
        return "" if is_told or row.lock is not Lock.UNLOCKED else _UNTIL[row.state]
    when = f" at {at(change.wall_s)}" if change.wall_s is not None else ""
    return f"Next{when}: {change.text.rstrip('.')}."


def _times(row: Outlet) -> str:
    least = {"on": row.min_on_s, "off": row.min_off_s}
    told = " and ".join(f"{word} for {least_s} s" for word, least_s in least.items() if least_s)
    return f"It stays {told} at least; an order that comes earlier waits." if told else ""


def _relay(row: Outlet) -> str:
    """Only worth a sentence when the board's word differs from the state, or is missing."""
    if row.relay_closed is None:
        return "The board cannot tell how the relay stands."
    settled = {OutletState.ON: True, OutletState.OFF: False}.get(row.state)
    if settled is not None and settled == row.relay_closed:
        return ""
    return f"The board reads its relay back as {'closed' if row.relay_closed else 'open'}."


def _wear(row: Outlet) -> str:
    worn = row.wear.worn_percent
    return "" if worn is None else f"Its relay has used {worn:.1f} % of its rated life."


def _proof(proof: SwitchProof | None, at: Moment) -> str:
    if proof is None:
        return ""
    ordered = "on" if proof.closed else "off"
    told = f"Its relay was last switched {ordered} at {at(proof.moved_wall_s)}"
    drawn = ""
    if proof.current_before_a is not None or proof.current_after_a is not None:
        before, after = fixed(proof.current_before_a, 2), fixed(proof.current_after_a, 2)
        drawn = f" ({before} A before, {after} A after)"
    return f"{told}: {proof.verdict.value}{drawn}."
