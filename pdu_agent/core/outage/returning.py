# SPDX-License-Identifier: Apache-2.0
"""Brings back what went off in an outage: the most important outlets first."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator

from pdu_agent.core.engine import Wish
from pdu_agent.core.outage.desk import SOURCE, About, Kind, OutageDesk, Watch
from pdu_agent.core.outage.supplies import Power, Supply, spoken_s
from pdu_agent.core.outlets.steps import Step
from pdu_agent.model.commands import Action, ReleaseOutlet, SwitchOutlet
from pdu_agent.model.control import OutageState

log = logging.getLogger(__name__)

UNKNOWN_CHARGE_S = 3600.0
"""A UPS that does not tell its charge holds the return up for so long, where one is asked for."""
CLOSING_S = 30.0
"""The next priority waits no longer for a relay that is ordered to close."""
_CLOSING = frozenset({Step.CLOSE_QUEUED, Step.CLOSING})
_MAY_RETURN = frozenset({Step.OFF, Step.FAULT, Step.UNKNOWN})


class Returning:
    def __init__(self, desk: OutageDesk) -> None:
        self._desk = desk

    def restore(self, ups: str, supply: Supply | None, watch: Watch) -> Iterator[Wish]:
        """supply: None where none of that name feeds the unit any more."""
        desk, now_s = self._desk, self._desk.clock.monotonic_s()
        self._leave_to_others(ups, watch)
        if not desk.taken(ups):
            log.warning("the outage of %s is over", ups)
            del desk.state.outages[ups]
            return
        if now_s < max(self.due_s(supply, watch), watch.gap_until_s) or self._is_closing(watch):
            return
        ready = [n for n in desk.taken(ups) if self._is_ready(n) and watch.may_try(n, now_s)]
        if not ready:
            return
        first = min(map(desk.priority, ready))
        chosen = sorted(n for n in ready if desk.priority(n) == first)
        watch.coming, watch.ordered_s = (), now_s
        watch.gap_until_s = now_s + desk.settings.back.gap_s
        for number in chosen:
            yield self._return(ups, number, self._because(ups, supply))

    def due_s(self, supply: Supply | None, watch: Watch) -> float:
        """When (monotonic) the conditions of a return are met if all stays as it is."""
        back = self._desk.settings.back
        steady_s = watch.since_s + back.after_s
        if supply is None or not self._desk.settings.enabled:
            return math.inf if watch.power is Power.BATTERY else steady_s
        if watch.power is not Power.MAINS:
            return math.inf
        if not back.charge_pct:
            return steady_s
        charge_pct = supply.charge_pct
        if charge_pct is None:
            return max(steady_s, watch.since_s + UNKNOWN_CHARGE_S)
        return steady_s if charge_pct >= back.charge_pct else math.inf

    def _is_closing(self, watch: Watch) -> bool:
        """Do relays of the last priority move still?"""
        if self._desk.clock.monotonic_s() >= watch.ordered_s + CLOSING_S:
            return False
        outlets = self._desk.state.outlets
        return any(outlets[n].machine.step in _CLOSING for n in watch.coming if n in outlets)

    def _is_ready(self, number: int) -> bool:
        """A load that is being shut down still returns later, and holds nobody up."""
        return self._desk.state.outlets[number].machine.step in _MAY_RETURN

    def _leave_to_others(self, ups: str, watch: Watch) -> None:
        """What something else keeps off returns when that lets it, or not at all."""
        for number in self._desk.taken(ups):
            holds = self._desk.state.outlets[number].holds
            other = next((h for h in holds if not h.wants_on and h.source != SOURCE), None)
            if other is not None:
                log.info("outlet %d does not return: %s keeps it off", number, other.source)
                del self._desk.state.taken[number]
                self._desk.settled(watch, number)

    def _return(self, ups: str, number: int, because: str) -> Wish:
        row = self._desk.state.taken.pop(number)
        commands = (ReleaseOutlet(number, SOURCE), SwitchOutlet(number, Action.ON))
        actor = self._desk.actor(ups, because, OutageState.BACK)
        record = self._desk.state.outages[ups]
        return Wish(commands, actor, About(ups, Kind.RETURNING, number, record, row))

    def _because(self, ups: str, supply: Supply | None) -> str:
        if supply is None or not self._desk.settings.enabled:
            return f"outages of UPS {ups} are not acted on any more"
        there_s = self._desk.settings.back.after_s
        charge_pct = supply.charge_pct
        charge = "" if charge_pct is None else f", charge {charge_pct:.0f} %"
        return f"mains of UPS {ups} there for {spoken_s(there_s)}{charge}"
