# SPDX-License-Identifier: Apache-2.0
"""What is off by an outage stays off, as strongly as it has to; what others decided on is left."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator

from pdu_agent.core.engine import Wish
from pdu_agent.core.outage.desk import BARRED, SOURCE, OutageDesk, Watch, phase_of
from pdu_agent.core.outage.supplies import Power
from pdu_agent.core.outlets.steps import Step
from pdu_agent.core.state import OutletLive
from pdu_agent.model.commands import (
    Actor,
    Command,
    Hold,
    HoldOutlet,
    Lock,
    PowerUp,
    Rank,
    ReleaseOutlet,
)
from pdu_agent.model.control import OutageState
from pdu_agent.model.record import OutageRecord

log = logging.getLogger(__name__)

YIELD_S = 600.0
"""When the UPS is silent for so long after its battery was low, a person may switch on: the server
that told of it may be one of those that were shut down.
"""
RETRY_S = 5.0


class Keeping:
    def __init__(self, desk: OutageDesk) -> None:
        self._desk = desk
        self._free_from_s = -math.inf

    def settle(self, ups: str, watch: Watch) -> None:
        """Outlets that somebody else has decided on, or that could not be cut, do not return."""
        desk = self._desk
        for number in desk.taken(ups):
            why = self._why_left(number)
            if why:
                log.info("outlet %d is left as it is: %s", number, why)
                del desk.state.taken[number]
                left = {*desk.state.outages[ups].left, number}
                desk.update(ups, left=tuple(sorted(left)))
                desk.settled(watch, number)
        for number in list(watch.retries):
            if number not in desk.state.taken and not self._may_go(number):
                desk.settled(watch, number)

    def _may_go(self, number: int) -> bool:
        return number in self._desk.state.outlets and self._desk.may_go(number)

    def _why_left(self, number: int) -> str:
        live = self._desk.state.outlets.get(number)
        if live is None:
            return "it is not there any more"
        if self._desk.hold(number) is None:
            return f"{live.actor or 'somebody'} decided otherwise"
        if live.lock is not Lock.UNLOCKED:
            return f"it is {live.lock.value}"
        if live.machine.step is Step.ON:
            return "it was not switched off"
        if not self._is_ours(live, self._desk.live.outlets[number].power_up):
            return f"{live.actor} wants it off"
        return ""

    @staticmethod
    def _is_ours(live: OutletLive, policy: PowerUp) -> bool:
        """Is it off by an outage only, or for safety, which has its own say about the return?"""
        by: Actor | None = live.actor
        if by is not None and by.face == "power up":
            return policy is not PowerUp.OFF
        return by is None or by.is_outage or by.is_safety or live.machine.ends_on

    def hold(self, ups: str, watch: Watch) -> Iterator[Wish]:
        """While the battery is low nobody switches on; before and afterwards a person may."""
        desk, record = self._desk, self._desk.state.outages[ups]
        now_s = desk.clock.monotonic_s()
        if now_s < watch.keep_from_s:
            return
        rank = self._rank(record, watch)
        commands: list[Command] = []
        for number in desk.taken(ups):
            present = desk.hold(number)
            wanted = self._wanted(number, record, rank)
            if present is not None and _differ(present, wanted):
                commands.append(HoldOutlet(number, wanted))
        if phase_of(record) is OutageState.LOW and rank is Rank.SAFETY:
            commands += self._bar(record)
        if commands:
            watch.keep_from_s = now_s + RETRY_S  # until it is accepted
            yield desk.keeping(ups, tuple(commands), phase_of(record))

    def free(self) -> Iterator[Wish]:
        """End the holds of all that no outage keeps off any more."""
        state, now_s = self._desk.state, self._desk.clock.monotonic_s()
        if now_s < self._free_from_s:
            return
        kept = {n for record in state.outages.values() for n in record.barred} | state.taken.keys()
        free = [n for n, live in state.outlets.items() if live.holds and n not in kept]
        commands = tuple(ReleaseOutlet(n, SOURCE) for n in free if self._desk.hold(n) is not None)
        if commands:
            self._free_from_s = now_s + RETRY_S
            yield self._desk.keeping("", commands, OutageState.BACK)

    def accepted(self, watch: Watch | None) -> None:
        """What was wished for by `hold` or `free` is done."""
        if watch is not None:
            watch.keep_from_s = -math.inf
        self._free_from_s = -math.inf

    def _rank(self, record: OutageRecord, watch: Watch) -> Rank:
        if phase_of(record) is not OutageState.LOW:
            return Rank.RULE
        silent_s = self._desk.clock.monotonic_s() - watch.since_s
        is_unheard = watch.power is Power.SILENT and silent_s >= YIELD_S
        return Rank.RULE if is_unheard else Rank.SAFETY

    def _wanted(self, number: int, record: OutageRecord, rank: Rank) -> Hold:
        row = self._desk.state.taken[number]
        text = row.text
        if phase_of(record) is OutageState.LOW and record.text != text:
            text = f"{text}, then {record.text}"
        return Hold(SOURCE, rank, False, text, row.wall_s, self._desk.ends())

    def _bar(self, record: OutageRecord) -> Iterator[Command]:
        for number in record.barred:
            live = self._desk.state.outlets.get(number)
            if live is None or live.lock is not Lock.UNLOCKED or self._desk.hold(number):
                continue
            if not live.machine.ends_on:
                wall_s = self._desk.clock.wall_s()
                hold = Hold(SOURCE, Rank.SAFETY, False, record.text, wall_s, BARRED)
                yield HoldOutlet(number, hold)


def _differ(present: Hold, wanted: Hold) -> bool:
    """A text says how it was when the outlet went, so that one that changes is no reason."""
    return (present.rank, present.ends) != (wanted.rank, wanted.ends)
