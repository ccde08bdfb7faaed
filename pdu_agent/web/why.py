# SPDX-License-Identifier: Apache-2.0
"""A few sentences that tell a person why an outlet is as it is."""

from __future__ import annotations

from datetime import UTC, datetime

from pdu_agent.model.commands import Lock, PowerUp, Target, TargetKind
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


def why(row: Outlet, snapshot: Snapshot) -> list[str]:
    """State and since when, by whom, what is pending, proof, lock, policy, alarms; in order."""
    alarms = [_alarm(alarm, row) for alarm in snapshot.alarms if _is_about(alarm, row)]
    if not row.switched:
        return [f"{_title(row)} is metered only: this unit cannot switch it.", *alarms]
    sentences = [_state(row), _cause(row), _pending(row), _relay(row), _proof(row.last_proof)]
    sentences += [_times(row), LOCK_SENTENCES[row.lock], POWER_UP_SENTENCES[row.power_up]]
    return [sentence for sentence in sentences if sentence] + alarms


def _is_about(alarm: Alarm, row: Outlet) -> bool:
    """The outlet's own, those of the branch that feeds it, and that of a board that is lost."""
    if alarm.fault is Fault.BOARD:
        return Fault.BOARD in row.faults
    is_of_branch = row.branch is not None and alarm.target == Target(TargetKind.BRANCH, row.branch)
    return is_of_branch or alarm.subject == f"outlet {row.index}"


def _alarm(alarm: Alarm, row: Outlet) -> str:
    since = _moment(alarm.since_wall_s)
    subject = "" if alarm.subject == f"outlet {row.index}" else f"{alarm.subject}: "
    return f"Alarm ({alarm.severity.value}) since {since}: {subject}{alarm.text.rstrip('.')}."


def _title(row: Outlet) -> str:
    named = row.name and row.name != f"Outlet {row.index}"
    return f"Outlet {row.index} ({row.name})" if named else f"Outlet {row.index}"


def _moment(wall_s: float) -> str:
    return datetime.fromtimestamp(wall_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _state(row: Outlet) -> str:
    state = {
        OutletState.ON_PENDING: "about to go on",
        OutletState.OFF_PENDING: "about to go off",
        OutletState.FAULT: "in fault: its relay does not do as told",
        OutletState.UNKNOWN: "in an unknown state",
    }.get(row.state, row.state.value)
    if row.last_change_wall_s is None:
        return f"{_title(row)} is {state}."
    return f"{_title(row)} is {state}, since {_moment(row.last_change_wall_s)}."


def _cause(row: Outlet) -> str:
    if row.last_actor is not None:
        return f"Last changed by {row.last_actor} (reason: {row.last_reason.value})."
    if row.last_reason is not ChangeReason.UNKNOWN:
        return f"Reason of the last change: {row.last_reason.value}."
    return "Nothing is recorded about who or what changed it last."


def _pending(row: Outlet) -> str:
    if row.pending is None:
        return ""
    return f"Pending: {row.pending.value}, next step in {row.pending_s:.1f} s."


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


def _proof(proof: SwitchProof | None) -> str:
    if proof is None:
        return ""
    ordered = "on" if proof.closed else "off"
    told = f"Its relay was last switched {ordered} at {_moment(proof.moved_wall_s)}"
    drawn = ""
    if proof.current_before_a is not None or proof.current_after_a is not None:
        before, after = fixed(proof.current_before_a, 2), fixed(proof.current_after_a, 2)
        drawn = f" ({before} A before, {after} A after)"
    return f"{told}: {proof.verdict.value}{drawn}."
