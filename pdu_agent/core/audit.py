# SPDX-License-Identifier: Apache-2.0
"""The audit trail: who asked for what, what came of it, and how it was before."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from enum import Enum
from typing import Any

from pdu_agent.core.state import CoreState, OutletLive, reason_of
from pdu_agent.core.watching.alarms import AlarmBook
from pdu_agent.core.wording import described
from pdu_agent.model.audit import AuditEntry, AuditResult, ProofMark, ResetMark
from pdu_agent.model.clock import Clock
from pdu_agent.model.commands import Actor, Command, Hold, Lock, Target
from pdu_agent.model.errors import CommandError, StoreError
from pdu_agent.model.readings import AppendAudit, Effect
from pdu_agent.model.snapshot import ChangeReason, Severity
from pdu_agent.model.switch_proof import SwitchProof

log = logging.getLogger(__name__)

MAX_REFUSED_COMMANDS = 16
"""Of a refused batch only so many are spelled out: it may be anything, and nothing came of it."""
MAX_TEXT = 400
"""Characters; names and other settings that are accepted are shorter."""
REFUSED_AT_ONCE = 60
REFUSED_PER_S = 1.0
"""Faster than this, refused batches are only counted: whoever may not command anything must not
push what others commanded out of the log, nor wear the card.
"""
_ALARM = ("store", "audit log")


class AuditTrail:
    """Makes an entry of each batch and hands it to `perform`."""

    def __init__(self, clock: Clock, perform: Callable[[Effect], None], alarms: AlarmBook) -> None:
        self._clock = clock
        self._alarms = alarms
        self._perform = perform
        self._may_refuse = float(REFUSED_AT_ONCE)
        self._counted_s = clock.monotonic_s()
        self._missed = 0
        self._commanded: dict[int, tuple[Actor, float]] = {}
        """By outlet: actor and time of the newest entry of a command that changed it."""

    def accepted(
        self,
        commands: Sequence[Command],
        actor: Actor,
        before: CoreState,
        after: CoreState,
        changed: bool,
    ) -> None:
        """Raises StoreError when there can be no entry; the batch must not be accepted then, but
        for one of safety, see `missing`.
        """
        if not commands:
            return
        entry = AuditEntry(
            t_wall_s=self._clock.wall_s(),
            actor=actor,
            reason=reason_of(actor),
            asked=_clipped(described(commands)),
            commands=tuple(_data(command) for command in commands),
            result=AuditResult.CHANGED if changed else AuditResult.UNCHANGED,
            outlets=_outlets(commands, before, after),
            meters=_resets(before, after),
            missed=self._missed,
        )
        self._perform(AppendAudit(entry))
        self._missed = 0
        for number in entry.outlets if changed else ():
            if before.outlets[number] != after.outlets[number]:
                self._commanded[number] = actor, entry.t_wall_s

    def missing(self, error: StoreError) -> None:
        """What safety did has no entry; an alarm stands until the log can be written again."""
        self._missed += 1
        text = f"what the unit's own safety did is not in the log: {error}"
        self._alarms.set(*_ALARM, Severity.CRITICAL, text)

    def catch_up(self) -> None:
        """After `missing`: try an entry that tells how many there are not."""
        if self._alarms.find(*_ALARM) is None:
            return
        asked = "what the unit's own safety did could not be written here"
        entry = self._refusal(asked, Actor("safety"), "")
        try:
            self._perform(AppendAudit(replace(entry, result=AuditResult.UNCHANGED)))
        except StoreError:
            return
        self._missed = 0
        self._alarms.clear(*_ALARM)

    def proved(
        self, number: int, proof: SwitchProof, actor: Actor | None, reason: ChangeReason
    ) -> None:
        """What has come of a movement of the outlet's relay that this actor has ordered. Never
        fails.
        """
        by, command_wall_s = self._commanded.get(number, (None, None))
        entry = AuditEntry(
            t_wall_s=self._clock.wall_s(),
            actor=actor or Actor(""),
            reason=reason,
            asked=f"outlet {number} {'on' if proof.closed else 'off'}",
            commands=(),
            result=AuditResult.PROOF,
            proof=ProofMark(number, proof, command_wall_s if by is actor else None),
        )
        try:
            self._perform(AppendAudit(entry))
        except StoreError as exc:
            log.warning("outlet %d: the proof of its switching is not in the log: %s", number, exc)

    def refused(
        self, commands: Sequence[Command], actor: Actor, state: CoreState, error: CommandError
    ) -> None:
        """Never fails: what cannot be stored is counted, and the next entry tells how many."""
        if self._has_room():
            entry = self._refusal(described(commands), actor, str(error))
            entry = replace(
                entry,
                commands=tuple(_data(command) for command in commands[:MAX_REFUSED_COMMANDS]),
                outlets=_outlets(commands, state, state),
                left_out=max(0, len(commands) - MAX_REFUSED_COMMANDS),
            )
            self._add(entry)

    def refused_by_face(self, asked: str, actor: Actor, error: str) -> None:
        """As `refused`, for what did not even become commands."""
        if self._has_room():
            self._add(self._refusal(asked, actor, error))

    def done_by_face(self, asked: str, actor: Actor) -> None:
        """What is no command, and was done: a log-in, a change of accounts. Never fails, as
        `refused`.
        """
        self._add(replace(self._refusal(asked, actor, ""), result=AuditResult.CHANGED))

    def reloaded(self, actor: Actor, error: str) -> None:
        """The configuration was read anew, or (error) it was not. Never fails, as `refused`."""
        entry = self._refusal("reload the configuration", actor, error)
        result = AuditResult.REFUSED if error else AuditResult.CHANGED
        self._add(replace(entry, result=result))

    def _refusal(self, asked: str, actor: Actor, error: str) -> AuditEntry:
        return AuditEntry(
            t_wall_s=self._clock.wall_s(),
            actor=actor,
            reason=reason_of(actor),
            asked=_clipped(asked),
            commands=(),
            result=AuditResult.REFUSED,
            error=_clipped(error),
            missed=self._missed,
        )

    def _add(self, entry: AuditEntry) -> None:
        try:
            self._perform(AppendAudit(entry))
        except StoreError:
            self._missed += 1
        else:
            self._missed = 0

    def _has_room(self) -> bool:
        """May this refused batch have an entry? It is counted when not."""
        now_s = self._clock.monotonic_s()
        gained = (now_s - self._counted_s) * REFUSED_PER_S
        self._counted_s = now_s
        self._may_refuse = min(REFUSED_AT_ONCE, self._may_refuse + gained)
        if self._may_refuse < 1:
            self._missed += 1
            return False
        self._may_refuse -= 1
        return True


def _data(command: Command) -> Mapping[str, Any]:
    given = {
        each.name: _plain(value)
        for each in fields(command)
        if (value := getattr(command, each.name)) is not False or each.default is not False
    }
    return {"command": type(command).__name__, **given}


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Target):
        return str(value)
    if isinstance(value, Hold):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, frozenset):
        return sorted(str(_plain(each)) for each in value)
    if isinstance(value, str):
        return _clipped(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _clipped(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "..."


def _outlets(
    commands: Sequence[Command], before: CoreState, after: CoreState
) -> dict[int, tuple[str, str]]:
    """The outlets that are named, and those that change."""
    named = {number for number in map(_named, commands) if number in before.outlets}
    return {
        number: (_shown(old), _shown(after.outlets[number]))
        for number, old in before.outlets.items()
        if number in named or old != after.outlets[number]
    }


def _named(command: Command) -> int | None:
    return getattr(command, "outlet", None)


def _shown(live: OutletLive) -> str:
    words = [live.machine.state.value]
    pending = live.machine.pending
    if pending is not None:
        words.append(f"({pending.value})")
    if live.lock is not Lock.UNLOCKED:
        words.append(live.lock.value)
    return " ".join(words)


def _resets(before: CoreState, after: CoreState) -> dict[str, ResetMark]:
    return {
        str(target): ResetMark(
            old.record.energy_mj,
            old.record.energy_mj - old.record.user_zero_mj,
            old.record.user_since_wall_s,
        )
        for target, old in before.ledgers.items()
        if old.record != after.ledgers[target].record
    }
