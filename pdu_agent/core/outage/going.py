# SPDX-License-Identifier: Apache-2.0
"""What goes off in an outage: shed as planned, then stage by stage when the battery is low."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

from pdu_agent.core.engine import Wish
from pdu_agent.core.outage.desk import BARRED, SOURCE, About, Kind, OutageDesk, Watch
from pdu_agent.core.outage.settings import ShedStep
from pdu_agent.core.outage.supplies import Power, Supply, spoken_s
from pdu_agent.model.commands import Action, Hold, HoldOutlet, Lock, Rank, SwitchOutlet
from pdu_agent.model.control import OutageState
from pdu_agent.model.record import OutageRecord, TakenRecord

log = logging.getLogger(__name__)


class Going:
    def __init__(self, desk: OutageDesk) -> None:
        self._desk = desk

    # -- shed on battery ----------------------------------------------------------------

    def shed(self, supply: Supply, watch: Watch) -> Iterator[Wish]:
        """Each step once; what was refused is tried again until it went or is left alone."""
        for position, step in enumerate(self._desk.settings.shed):
            record = self._desk.state.outages[supply.name]
            if position not in record.steps and not self._comes_true(
                supply, watch, record, position, step
            ):
                continue
            text = watch.texts.get(position, f"UPS {supply.name} on battery")
            for number in self.of_step(step, supply):
                if self._is_to_go(supply.name, number, watch):
                    yield self._take(supply.name, number, text, OutageState.ON_BATTERY)

    def _comes_true(
        self, supply: Supply, watch: Watch, record: OutageRecord, position: int, step: ShedStep
    ) -> bool:
        """What is off or locked then is left alone, whatever becomes of it in this outage."""
        text = supply.due(step, self._desk.elapsed_s(record))
        if not text:
            return False
        others = {n for n in self.of_step(step, supply) if not self._desk.may_go(n)}
        left = tuple(sorted(others.difference(self._desk.state.taken).union(record.left)))
        watch.texts[position] = text
        self._desk.update(supply.name, steps=(*record.steps, position), left=left)
        return True

    def of_step(self, step: ShedStep, supply: Supply) -> list[int]:
        """The least important first."""
        named = set(step.outlets)
        for group in step.groups:
            named.update(self._desk.values.members(group))
        return [
            number
            for number in self._desk.outlets(supply)
            if (number in named or self._is_of_priority(number, step))
            and number not in self._desk.settings.low.keep
        ]

    def _is_of_priority(self, number: int, step: ShedStep) -> bool:
        return step.priority is not None and self._desk.priority(number) >= step.priority

    def _is_to_go(self, ups: str, number: int, watch: Watch) -> bool:
        desk = self._desk
        is_free = number not in desk.state.outages[ups].left and number not in desk.state.taken
        is_due = watch.may_try(number, desk.clock.monotonic_s())
        return is_free and is_due and desk.may_go(number) and desk.wants_on(number)

    # -- low battery --------------------------------------------------------------------

    def low(self, supply: Supply, watch: Watch) -> str:
        """Why the battery counts as low; empty while it does not."""
        record = self._desk.state.outages[supply.name]
        if watch.power is Power.SILENT:
            lost_s = self._desk.settings.low.lost_s
            if self._desk.clock.monotonic_s() < watch.since_s + lost_s:
                return ""
            return f"UPS {supply.name} was on battery, and is silent for {spoken_s(lost_s)}"
        return supply.low(self._desk.settings.low, self._desk.elapsed_s(record))

    def begin_low(self, supply: Supply, text: str) -> None:
        """From now on nothing of it may be switched on."""
        desk = self._desk
        record = desk.state.outages[supply.name]
        barred = tuple(
            number
            for number in desk.outlets(supply)
            if number not in desk.settings.low.keep
            and number not in desk.state.taken
            and desk.state.outlets[number].lock is Lock.UNLOCKED
            and not desk.may_go(number)
        )
        log.warning("low battery: %s", text)
        desk.state.outages[supply.name] = replace(
            record, phase=OutageState.LOW.value, text=text, stage=None, tried=(), barred=barred
        )

    def stages(self, supply: Supply, watch: Watch) -> Iterator[Wish]:
        """The outlets of one priority after those of the other, the least important first."""
        desk, now_s = self._desk, self._desk.clock.monotonic_s()
        stage = self._stage(supply, watch)
        if stage is None:
            return
        for number in self.untried(supply):
            if desk.priority(number) >= stage and watch.may_try(number, now_s):
                text = desk.state.outages[supply.name].text
                yield self._take(supply.name, number, text, OutageState.LOW)

    def untried(self, supply: Supply) -> list[int]:
        """What is on still, and no stage has begun with."""
        desk = self._desk
        tried = desk.state.outages[supply.name].tried
        return [
            number
            for number in desk.outlets(supply)
            if number not in desk.settings.low.keep
            and number not in tried
            and (number not in desk.state.taken or desk.is_put_off(number))
            and desk.may_go(number)
        ]

    def _stage(self, supply: Supply, watch: Watch) -> int | None:
        """The priority whose turn it is; None before the first."""
        record = self._desk.state.outages[supply.name]
        stage, now_s = record.stage, self._desk.clock.monotonic_s()
        if record.stage_mono_s is None:  # it began before the board was started
            record = self._desk.update(supply.name, stage_mono_s=now_s)
        untried = self.untried(supply)
        if stage is not None and not self._is_over(record, watch, untried, now_s):
            return stage
        rest = [p for p in map(self._desk.priority, untried) if stage is None or p < stage]
        if rest:
            stage = max(rest)
            log.warning("low battery of %s: outlets of priority %d", supply.name, stage)
            self._desk.update(supply.name, stage=stage, stage_mono_s=now_s)
        return stage

    def _is_over(
        self, record: OutageRecord, watch: Watch, untried: list[int], now_s: float
    ) -> bool:
        desk = self._desk
        if now_s >= (record.stage_mono_s or 0.0) + desk.settings.low.stage_s:
            return True
        members = [n for n in record.tried if self._has_priority(n, record.stage)]
        waiting = [n for n in untried if self._has_priority(n, record.stage)]
        return all(map(desk.is_at_rest, members)) and all(n in watch.retries for n in waiting)

    def _has_priority(self, number: int, priority: int | None) -> bool:
        return number in self._desk.live.outlets and self._desk.priority(number) == priority

    # -- one outlet ---------------------------------------------------------------------

    def _take(self, ups: str, number: int, text: str, state: OutageState) -> Wish:
        """Put what goes into the record, so that it is saved with the commands."""
        desk = self._desk
        record, row = desk.state.outages[ups], desk.state.taken.get(number)
        wall_s = desk.clock.wall_s()
        is_low = state is OutageState.LOW
        after = replace(record, tried=(*record.tried, number)) if is_low else record
        ends = desk.ends()
        if desk.wants_on(number) or row is not None:
            desk.state.taken[number] = row or TakenRecord(ups, wall_s, text)
        else:  # somebody wanted it off before
            after = replace(after, barred=(*after.barred, number))
            ends = BARRED
        desk.state.outages[ups] = after
        rank = Rank.SAFETY if is_low else Rank.RULE
        commands = (
            SwitchOutlet(number, Action.OFF),
            HoldOutlet(number, Hold(SOURCE, rank, False, text, wall_s, ends)),
        )
        about = About(ups, Kind.GOING, number, record, row)
        return Wish(commands, desk.actor(ups, text, state), about)
