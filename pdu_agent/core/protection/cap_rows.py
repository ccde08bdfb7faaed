# SPDX-License-Identifier: Apache-2.0
"""What faces see of caps: their rows, their alarms, and when what is off returns."""

from __future__ import annotations

from collections.abc import Iterable

from pdu_agent.core.protection.cap_desk import ALARM, CapDesk, CapWatch, in_words
from pdu_agent.core.protection.settings import CapSettings, unit_of
from pdu_agent.model.commands import Action
from pdu_agent.model.control import Cap, CapState, NextChange
from pdu_agent.model.snapshot import Severity


class CapRows:
    def __init__(self, desk: CapDesk) -> None:
        self._desk = desk

    def shown(self, cap: CapSettings, watch: CapWatch) -> Cap:
        value = self._desk.values.of(cap.target, cap.quantity)
        return Cap(
            cap.number,
            cap.name or f"Cap {cap.number}",
            cap.target,
            cap.quantity,
            self._desk.limit(cap),
            cap.margin_at(self._desk.state.overrides),
            value,
            self._state_of(cap, watch, value),
            self._desk.record(cap.number).shed,
        )

    def next_changes(self, caps: Iterable[CapSettings]) -> dict[int, NextChange]:
        found: dict[int, NextChange] = {}
        for cap in caps:
            for outlet in self._desk.record(cap.number).shed:
                if outlet in self._desk.state.outlets and outlet not in found:
                    draw = self._desk.reckoned(cap, outlet)
                    text = f"on by {cap.source}, which {self._desk.ends(cap, outlet, draw)}"
                    found[outlet] = NextChange(cap.source, Action.ON, None, text)
        return found

    def tell(self, cap: CapSettings, watch: CapWatch, value: float | None) -> None:
        state, shed = self._state_of(cap, watch, value), self._desk.record(cap.number).shed
        unit = unit_of(cap.quantity)
        off = f"; {in_words(shed)} off by it" if shed else ""
        text = f"the cap of {self._desk.limit(cap):g} {unit}"
        if state is CapState.UNKNOWN:
            words = f"{cap.target} has no value: nothing goes off and nothing returns by {text}"
            self._alarm(cap, Severity.WARNING, words + off)
        elif state is CapState.OVER:
            staying = in_words(sorted(self._desk.staying(cap))) or "no outlet with a meter"
            words = f"{cap.target} carries {value:.4g} {unit}, more than {text}"
            stay = f"nothing is left that may go off; what stays: {staying}"
            self._alarm(cap, Severity.CRITICAL, f"{words}, and {stay}{off}")
        elif shed or state is CapState.SHEDDING:
            words = f"{cap.target} reached {text}"
            self._alarm(cap, Severity.WARNING, words + off)
        else:
            self._desk.alarms.clear(ALARM, cap.source)

    def _alarm(self, cap: CapSettings, severity: Severity, text: str) -> None:
        self._desk.alarms.set(ALARM, cap.source, severity, text, cap.target)

    def _state_of(self, cap: CapSettings, watch: CapWatch, value: float | None) -> CapState:
        if value is None:
            return CapState.UNKNOWN
        if watch.is_over:
            return CapState.OVER
        if watch.over_since_s is not None:
            return CapState.SHEDDING
        return CapState.RESTORING if self._desk.record(cap.number).shed else CapState.UNDER
