# SPDX-License-Identifier: Apache-2.0
"""What outlets and their relays have been through: wear by switched current, hours on, inrush.

Each closing and each opening costs half an operation of the relay's life at the current that it
switched. Data sheets draw that life over the current in logarithmic scales as a line that falls
(for example TE RT1, Omron G5RL, Finder 40/41, "electrical life" at 250 V AC, resistive load),
until at low currents the mechanics wear out first:

    life(I) = min(relay_idle_cycles, relay_cycles * (relay_current_a / I) ** relay_wear_exponent)

An opening costs by the current just before it, a closing by the largest of what was drawn within
SETTLE_S after it: the measured inrush (its peak over the square root of 2), or the current. Where
neither is known it costs as at the outlet's rated current: sooner too much wear than too little.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from pdu_agent.core.live_settings import LiveSettings
from pdu_agent.core.settings import OutletSettings
from pdu_agent.core.state import CoreState, OutletLive
from pdu_agent.core.watching.alarms import WEAR, AlarmBook
from pdu_agent.model.clock import Clock
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.control import RelayWear
from pdu_agent.model.readings import InrushSeen
from pdu_agent.model.record import WearRecord
from pdu_agent.model.snapshot import Severity

SETTLE_S = 5.0
"""Longer than a waveform takes to come, and until a meter has measured a settled window."""
COUNT_EVERY_S = 10.0
"""How often the hours of an outlet that stays on are brought up to date: each time makes a new row
of every such outlet, for all faces."""
NO_WEAR = WearRecord()
_NOTHING = None, None


def cost_of(settings: OutletSettings, current_a: float, exponent: float) -> float:
    """The part of the relay's life that one movement takes; 0 where no life is configured."""
    if settings.relay_cycles is None:
        return 0.0
    life = float(settings.relay_idle_cycles)
    if current_a > 0:
        electrical = settings.relay_cycles * (settings.relay_current_a / current_a) ** exponent
        life = min(life, electrical)
    return 0.5 / life


def shown_wear(record: WearRecord, settings: OutletSettings) -> RelayWear:
    """As faces see it."""
    has_life = settings.relay is not None and settings.relay_cycles is not None
    return RelayWear(
        worn_percent=100 * record.worn if has_life else None,
        on_s=record.on_s,
        inrush_peak_a=record.inrush_peak_a,
        inrush_s=record.inrush_s,
        inrush_then_a=record.inrush_then_a,
    )


@dataclass(slots=True)
class _Closing:
    """A closing that is still to be booked. inrush_a: RMS of a sine with the measured peak."""

    due_s: float
    inrush_a: float | None = None


class RelayCare:
    """Keeps CoreState.wear, told when something may have moved or was measured."""

    def __init__(
        self, state: CoreState, settings: LiveSettings, clock: Clock, alarms: AlarmBook
    ) -> None:
        self._state = state
        self._settings = settings
        self._clock = clock
        self._alarms = alarms
        self._counts = {number: live.switch_count for number, live in state.outlets.items()}
        self._closings: dict[int, _Closing] = {}
        self._judged_by: tuple[object, object] = _NOTHING
        """The rows and settings of the alarms; an accepted command or a reload makes others."""
        self._counted_s = -math.inf
        self._on_since: dict[int, tuple[float, float]] = {}
        """Outlet -> since when (monotonic) it is known to be on, and its on_s then."""

    def look(self) -> None:
        """After anything that may have moved relays, and before what is remembered is saved."""
        now_s = self._clock.monotonic_s()
        counts = now_s >= self._counted_s + COUNT_EVERY_S
        if counts:
            self._counted_s = now_s
        for number, live in self._state.outlets.items():
            if live.switch_count != self._counts[number]:
                self._counts[number] = live.switch_count
                self._moved(number, live, now_s)
            is_on = live.machine.contact is True
            if counts or is_on is not (number in self._on_since):
                self._count_time(number, is_on, now_s)

    def tick(self, now_s: float) -> None:
        """Book the closings that have settled, and see whether a relay is worn."""
        for number, closing in list(self._closings.items()):
            if now_s >= closing.due_s:
                self._book_closing(number)
        wear, settings = self._state.wear, self._settings.outlets
        if self._judged_by[0] is not wear or self._judged_by[1] is not settings:
            self._judged_by = wear, settings
            for number in self._state.outlets:
                self._warn(number)

    def next_due_s(self) -> float:
        return min((each.due_s for each in self._closings.values()), default=math.inf)

    def finish(self) -> None:
        """The agent stops: book what is still open."""
        self._counted_s = -math.inf
        self.look()
        for number in list(self._closings):
            self._book_closing(number)

    def on_inrush(self, seen: InrushSeen) -> None:
        """The largest one is kept: how large it gets depends on when in a cycle a relay closes."""
        if seen.outlet not in self._state.outlets:
            return
        closing = self._closings.get(seen.outlet)
        if closing is not None:
            closing.inrush_a = seen.peak_a / math.sqrt(2)
        record = self._record(seen.outlet)
        if record.inrush_peak_a is None or seen.peak_a > record.inrush_peak_a:
            self._state.wear[seen.outlet] = replace(
                record,
                inrush_peak_a=round(seen.peak_a, 3),
                inrush_s=round(seen.lasted_s, 3),
                inrush_then_a=round(seen.then_a, 3),
            )

    def _moved(self, number: int, live: OutletLive, now_s: float) -> None:
        if number in self._closings:
            self._book_closing(number)
        if live.proof is None:
            return
        if live.proof.closed:
            self._closings[number] = _Closing(now_s + SETTLE_S)
        else:
            self._book(number, live.proof.current_before_a)

    def _book_closing(self, number: int) -> None:
        closing, proof = self._closings.pop(number), self._state.outlets[number].proof
        after_a = proof.current_after_a if proof is not None and proof.closed else None
        drawn_a = [each for each in (closing.inrush_a, after_a) if each is not None]
        self._book(number, max(drawn_a, default=None))

    def _book(self, number: int, current_a: float | None) -> None:
        settings = self._settings.outlets[number]
        if current_a is None:
            current_a = settings.rated_current_a
        cost = cost_of(settings, current_a, self._settings.device.relay_wear_exponent)
        if cost:
            record = self._record(number)
            self._state.wear[number] = replace(record, worn=record.worn + cost)
            self._judged_by = _NOTHING

    def _count_time(self, number: int, is_on: bool, now_s: float) -> None:
        if number in self._on_since:
            since_s, before_s = self._on_since[number]
            on_s, record = round(before_s + now_s - since_s, 1), self._record(number)
            if on_s != record.on_s:
                self._state.wear[number] = WearRecord(
                    record.worn, on_s, record.inrush_peak_a, record.inrush_s, record.inrush_then_a
                )
        if not is_on:
            self._on_since.pop(number, None)
        elif number not in self._on_since:
            self._on_since[number] = now_s, self._record(number).on_s

    def _warn(self, number: int) -> None:
        record, settings = self._record(number), self._settings.outlets[number]
        worn, target = 100 * record.worn, Target(TargetKind.OUTLET, number)
        if settings.relay_cycles is None or worn < settings.wear_warn_percent:
            self._alarms.clear(WEAR, str(target))
            return
        severity = Severity.CRITICAL if worn >= 100 else Severity.WARNING
        text = f"its relay has used {worn:.0f} % of its rated life; replace it, then reset its wear"
        self._alarms.set(WEAR, str(target), severity, text, target)

    def _record(self, number: int) -> WearRecord:
        return self._state.wear.get(number, NO_WEAR)
