# SPDX-License-Identifier: Apache-2.0
"""Outages: outlets go off while their UPS runs on battery, and return when mains is back.

What it goes by is in the rows of the UPSes; what it has done in OutageRecord and TakenRecord. An
outage begins, and ends, when the power has been the same for `confirm_s`: a blip does nothing.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator, Mapping

from pdu_agent.core.engine import Desk, Engine, Judge, Wish
from pdu_agent.core.outage.asked import Asked
from pdu_agent.core.outage.desk import (
    LONGEST_RETRY_S,
    LONGEST_RETURN_RETRY_S,
    About,
    Kind,
    OutageDesk,
    Watch,
    is_acting,
    phase_of,
)
from pdu_agent.core.outage.going import Going
from pdu_agent.core.outage.keeping import YIELD_S, Keeping
from pdu_agent.core.outage.returning import Returning
from pdu_agent.core.outage.shown import Shown
from pdu_agent.core.outage.supplies import Power, Supply, supplies_of
from pdu_agent.core.settings import CoreSettings
from pdu_agent.core.state import CoreState
from pdu_agent.core.switching.switching import Circumstances
from pdu_agent.model.commands import Actor, StopUntilMains
from pdu_agent.model.control import NextChange, Outage, OutageState
from pdu_agent.model.errors import CommandError, OutletHeld, OutletLocked
from pdu_agent.model.record import OutageRecord
from pdu_agent.model.ups import Ups

log = logging.getLogger(__name__)

LOOK_S = 1.0
"""So often it looks how far outlets have come that were ordered off or on."""


class Outages(Engine):
    def __init__(self, desk: Desk) -> None:
        self._desk = OutageDesk(desk)
        self._going = Going(self._desk)
        self._keeping = Keeping(self._desk)
        self._returning = Returning(self._desk)
        self._shown = Shown(self._desk, self._going, self._returning)
        self._supplies: dict[str, Supply] = {}
        self._watches: dict[str, Watch] = {}
        self._seen: tuple[Ups, ...] | None = None
        self._ticked_s = -math.inf
        self._drop_strange_rows()

    def _drop_strange_rows(self) -> None:
        """Rows of another version, and outlets whose outage nobody knows of."""
        state, phases = self._desk.state, {phase.value for phase in OutageState}
        state.outages = {n: row for n, row in state.outages.items() if row.phase in phases}
        state.taken = {n: row for n, row in state.taken.items() if row.ups in state.outages}

    def renew(self, settings: CoreSettings) -> None:
        """Steps of an outage are kept by their places: where these changed, each may come true."""
        if settings.outage.shed != self._desk.settings.shed:
            for ups in self._desk.state.outages:
                self._desk.update(ups, steps=())
            for watch in self._watches.values():
                watch.texts.clear()
        self._desk.settings = settings.outage
        self._seen = None

    def judges(self, draft: CoreState, actor: Actor, around: Circumstances) -> Mapping[type, Judge]:
        del around
        supplies = supplies_of(self._desk.values.upses) or self._unheard()
        return {StopUntilMains: Asked(self._desk, supplies, draft, actor).judge}

    # -- what is due --------------------------------------------------------------------

    def tick(self) -> Iterable[Wish]:
        desk, now_s = self._desk, self._desk.clock.monotonic_s()
        self._ticked_s = now_s
        if self._seen is not desk.values.upses:
            self._seen = desk.values.upses
            self._supplies = supplies_of(self._seen) or self._unheard()
            self._follow_inlets()
        for ups in {*self._supplies, *desk.state.outages}:
            watch = self._watches.setdefault(ups, Watch())
            watch.see(self._power(ups), now_s)
            yield from self._look(ups, watch, now_s)
        yield from self._keeping.free()

    def _unheard(self) -> dict[str, Supply]:
        """Where nobody has told of any UPS yet, those of the outages that go on."""
        if self._seen:
            return {}
        rows = self._desk.state.outages
        return {ups: Supply(ups, (), row.inlets) for ups, row in rows.items()}

    def _power(self, ups: str) -> Power:
        return self._supplies[ups].power if ups in self._supplies else Power.GONE

    def _follow_inlets(self) -> None:
        """An outage goes on under another name when the UPSes of its inlets are others now."""
        state = self._desk.state
        if not self._seen:
            return
        for ups in [name for name in state.outages if name not in self._supplies]:
            heirs = {n: self._supply_of(n) for n, row in state.taken.items() if row.ups == ups}
            for number, heir in heirs.items():
                if heir is not None:
                    state.outages.setdefault(heir, state.outages[ups])
                    self._desk.hand_over(number, heir)

    def _supply_of(self, outlet: int) -> str | None:
        settings = self._desk.live.outlets.get(outlet)
        for name, supply in self._supplies.items():
            if settings is not None and settings.inlet in supply.inlets:
                return name
        return None

    def _look(self, ups: str, watch: Watch, now_s: float) -> Iterator[Wish]:
        self._turn(ups, watch, now_s)
        record = self._desk.record(ups)
        if record is None:
            return
        self._keeping.settle(ups, watch)
        supply, phase = self._supplies.get(ups), phase_of(record)
        if phase is OutageState.BACK:
            yield from self._returning.restore(ups, supply, watch)
        elif supply is not None and is_acting(watch, record):
            yield from self._act(supply, watch, phase)
        if ups in self._desk.state.outages:
            yield from self._keeping.hold(ups, watch)

    def _act(self, supply: Supply, watch: Watch, phase: OutageState) -> Iterator[Wish]:
        if phase is OutageState.ON_BATTERY:
            text = self._going.low(supply, watch)
            if not text:
                yield from self._going.shed(supply, watch)
                return
            self._going.begin_low(supply, text)
            watch.hurry(self._ticked_s)
        yield from self._going.stages(supply, watch)

    # -- from one phase to the next -----------------------------------------------------

    def _turn(self, ups: str, watch: Watch, now_s: float) -> None:
        """Begin an outage, or let mains be back, once that is confirmed."""
        desk, record = self._desk, self._desk.record(ups)
        is_out = record is not None and phase_of(record) is not OutageState.BACK
        if is_out and (not desk.settings.enabled or watch.power is Power.GONE):
            self._back(ups, "outages of it are not acted on any more")
        elif now_s >= self._confirmed_s(ups, watch):
            if is_out and watch.power is Power.MAINS:
                self._back(ups, f"mains of UPS {ups} is back")
            elif not is_out and watch.power is Power.BATTERY and desk.settings.enabled:
                self._begin(ups, watch)
        record = desk.record(ups)
        if record is not None and record.since_mono_s is None and watch.is_heard:
            desk.update(ups, since_mono_s=now_s - desk.elapsed_s(record))

    def _confirmed_s(self, ups: str, watch: Watch) -> float:
        """What was ordered to shut down is no blip."""
        supply = self._supplies.get(ups)
        if watch.power is Power.BATTERY and supply is not None and supply.is_forced:
            return watch.since_s
        return watch.since_s + self._desk.settings.confirm_s

    def _begin(self, ups: str, watch: Watch) -> None:
        """Anew, also where outlets of an outage before have not all returned."""
        clock = self._desk.clock
        text = f"UPS {ups} on battery"
        log.warning("outage: %s", text)
        ago_s = clock.monotonic_s() - watch.since_s
        watch.texts.clear()
        self._desk.state.outages[ups] = OutageRecord(
            OutageState.ON_BATTERY.value,
            clock.wall_s() - ago_s,
            watch.since_s,
            text,
            inlets=self._supplies[ups].inlets,
        )

    def _back(self, ups: str, text: str) -> None:
        log.warning("outage: %s", text)
        self._desk.update(ups, phase=OutageState.BACK.value, text=text, barred=())

    # -- when ---------------------------------------------------------------------------

    def next_due_s(self) -> float:
        if self._seen is not self._desk.values.upses:
            return -math.inf
        due_s = math.inf
        for ups, watch in self._watches.items():
            times = [each for each in self._times(ups, watch) if each > self._ticked_s]
            due_s = min(due_s, *times, math.inf)
        return due_s

    def _times(self, ups: str, watch: Watch) -> Iterator[float]:
        """When time itself brings something, as far as that is to come."""
        desk, record = self._desk, self._desk.record(ups)
        yield self._confirmed_s(ups, watch)
        if record is None:
            return
        if self._is_moving(ups, record, watch):
            yield self._ticked_s + LOOK_S
        yield from (retry.due_s for retry in watch.retries.values())
        if phase_of(record) is OutageState.BACK:
            yield max(self._returning.due_s(self._supplies.get(ups), watch), watch.gap_until_s)
            return
        low = desk.settings.low
        yield watch.since_s + low.lost_s
        yield watch.since_s + YIELD_S
        if record.stage_mono_s is not None:
            yield record.stage_mono_s + low.stage_s
        left_s = desk.clock.monotonic_s() - desk.elapsed_s(record)
        for after_s in (low.after_s, *(step.after_s for step in desk.settings.shed)):
            if after_s is not None:
                yield left_s + after_s

    def _is_moving(self, ups: str, record: OutageRecord, watch: Watch) -> bool:
        """Is there an outlet whose next state something waits for?"""
        numbers = {*self._desk.taken(ups), *record.tried, *watch.coming}
        if not all(map(self._desk.is_at_rest, numbers)):
            return True
        is_back = phase_of(record) is OutageState.BACK
        return is_back and self._ticked_s >= self._returning.due_s(self._supplies.get(ups), watch)

    # -- what came of it ----------------------------------------------------------------

    def told(self, wish: Wish, error: CommandError | None) -> None:
        about, state = wish.about, self._desk.state
        if not isinstance(about, About):
            return
        watch = self._watches.get(about.ups)
        if about.kind is Kind.KEEPING:
            if error is None:
                self._keeping.accepted(watch)
            return
        if watch is None or about.before is None:
            return
        if error is None:
            self._desk.settled(watch, about.outlet)
            if about.kind is Kind.RETURNING:
                watch.coming = (*watch.coming, about.outlet)
            return
        state.outages[about.ups] = about.before
        state.taken.pop(about.outlet, None)
        if about.taken is not None:
            state.taken[about.outlet] = about.taken
        self._refused(about, watch, error)

    def _refused(self, about: About, watch: Watch, error: CommandError) -> None:
        """Somebody stronger stands by an outlet that was to be shed: it is left alone."""
        record = self._desk.state.outages[about.ups]
        is_shed = about.kind is Kind.GOING and phase_of(record) is OutageState.ON_BATTERY
        if is_shed and isinstance(error, OutletHeld | OutletLocked):
            left = {*record.left, about.outlet}
            self._desk.update(about.ups, left=tuple(sorted(left)))
            return
        what, longest_s = "it cannot return", LONGEST_RETURN_RETRY_S
        if about.kind is Kind.GOING:
            what, longest_s = "it cannot be shut down", LONGEST_RETRY_S
        self._desk.refused(watch, about.outlet, what, str(error), longest_s)

    # -- what faces see -----------------------------------------------------------------

    def outages(self) -> tuple[Outage, ...]:
        return tuple(
            self._shown.row(ups, self._supplies.get(ups), self._watches.get(ups) or Watch())
            for ups in self._desk.state.outages
        )

    def next_changes(self) -> Mapping[int, NextChange]:
        return {
            number: change
            for ups in self._desk.state.outages
            for number, change in self._shown.next_changes(
                ups, self._supplies.get(ups), self._watches.get(ups) or Watch()
            )
        }
