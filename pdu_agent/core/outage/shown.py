# SPDX-License-Identifier: Apache-2.0
"""An outage as faces see it: what happened, what is off by it, and what comes next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pdu_agent.core.outage.desk import SOURCE, OutageDesk, Watch, phase_of
from pdu_agent.core.outage.going import Going
from pdu_agent.core.outage.returning import Returning
from pdu_agent.core.outage.settings import LowSettings, ShedStep
from pdu_agent.core.outage.supplies import Power, Supply, spoken_s
from pdu_agent.model.commands import Action
from pdu_agent.model.control import NextChange, Outage, OutageState
from pdu_agent.model.record import OutageRecord


class Shown:
    def __init__(self, desk: OutageDesk, going: Going, returning: Returning) -> None:
        self._desk = desk
        self._going = going
        self._returning = returning

    def row(self, ups: str, supply: Supply | None, watch: Watch) -> Outage:
        record = self._desk.state.outages[ups]
        text, due_s = self._next(ups, record, supply, watch)
        return Outage(
            ups=ups,
            state=phase_of(record),
            since_wall_s=record.since_wall_s,
            inlets=supply.inlets if supply is not None else (),
            taken=tuple(self._desk.taken(ups)),
            text=record.text,
            next=text,
            next_wall_s=self._wall_s(due_s),
        )

    def next_changes(
        self, ups: str, supply: Supply | None, watch: Watch
    ) -> Iterator[tuple[int, NextChange]]:
        """Of the outlets that are to return, and of those that may go off still."""
        record = self._desk.state.outages[ups]
        text, due_s = self._return(ups, supply, watch)
        for number in self._desk.taken(ups):
            yield number, NextChange(SOURCE, Action.ON, self._wall_s(due_s), f"on again: {text}")
        if supply is None or phase_of(record) is OutageState.BACK:
            return
        steps = [
            (step, frozenset(self._going.of_step(step, supply)).difference(record.left))
            for step in self._steps(record)
        ]
        for number in self._going.untried(supply):
            if number in self._desk.state.taken:
                continue
            words, due_s = self._off(number, record, steps)
            yield number, NextChange(SOURCE, Action.OFF, self._wall_s(due_s), words)

    # -- what goes ----------------------------------------------------------------------

    def _off(
        self, number: int, record: OutageRecord, steps: Iterable[tuple[ShedStep, frozenset[int]]]
    ) -> tuple[str, float | None]:
        """steps: those that have not come true yet, and what they are for."""
        if phase_of(record) is OutageState.LOW:
            priority = self._desk.priority(number)
            return f"shut down with priority {priority}: {record.text}", self._stage_s(record)
        for step, outlets in steps:
            if number in outlets:
                return f"off {_when(step)}", self._after_s(record, step.after_s)
        low = self._desk.settings.low
        return f"shut down {_when_low(low)}", self._after_s(record, low.after_s)

    def _steps(self, record: OutageRecord) -> list[ShedStep]:
        """Those that have not come true yet."""
        steps = enumerate(self._desk.settings.shed)
        return [step for position, step in steps if position not in record.steps]

    def _next(
        self, ups: str, record: OutageRecord, supply: Supply | None, watch: Watch
    ) -> tuple[str, float | None]:
        phase = phase_of(record)
        if supply is None or phase is OutageState.BACK:
            return self._return(ups, supply, watch)
        if phase is OutageState.LOW:
            return self._next_low(record, supply)
        steps, low = self._steps(record), self._desk.settings.low
        words = [f"{_named(self._going.of_step(step, supply))} off {_when(step)}" for step in steps]
        words.append(f"the others shut down {_when_low(low)}")
        after = [after_s for after_s in (low.after_s, *(step.after_s for step in steps)) if after_s]
        return "; ".join(words), self._after_s(record, min(after, default=None))

    def _next_low(self, record: OutageRecord, supply: Supply) -> tuple[str, float | None]:
        rest = self._going.untried(supply)
        if not rest:
            return f"nothing more goes off; what went {self._desk.ends()}", None
        first = self._desk.priority(rest[0])
        named = _named([n for n in rest if self._desk.priority(n) == first])
        return f"{named} shut down, priority {first}", self._stage_s(record)

    # -- what returns -------------------------------------------------------------------

    def _return(self, ups: str, supply: Supply | None, watch: Watch) -> tuple[str, float | None]:
        due_s = self._returning.due_s(supply, watch)
        is_known = self._desk.clock.monotonic_s() <= due_s < float("inf")
        ends = self._desk.ends().removeprefix("returns ")
        return ends + self._waits(ups, supply, watch), due_s if is_known else None

    def _waits(self, ups: str, supply: Supply | None, watch: Watch) -> str:
        wanted_pct = self._desk.settings.back.charge_pct
        if watch.power is Power.SILENT:
            return f"; UPS {ups} does not answer"
        if watch.power is not Power.MAINS or supply is None or not wanted_pct:
            return ""
        charge_pct = supply.charge_pct
        if charge_pct is None:
            return f"; UPS {ups} does not tell its charge, which is waited for up to an hour"
        return f"; it is {charge_pct:.0f} %" if charge_pct < wanted_pct else ""

    # -- when ---------------------------------------------------------------------------

    def _after_s(self, record: OutageRecord, after_s: float | None) -> float | None:
        if after_s is None:
            return None
        return self._desk.clock.monotonic_s() + after_s - self._desk.elapsed_s(record)

    def _stage_s(self, record: OutageRecord) -> float | None:
        if record.stage_mono_s is None:
            return None
        return record.stage_mono_s + self._desk.settings.low.stage_s

    def _wall_s(self, due_s: float | None) -> float | None:
        if due_s is None:
            return None
        wait_s = max(0.0, due_s - self._desk.clock.monotonic_s())
        return self._desk.clock.wall_s() + wait_s


def _limits(step: ShedStep | LowSettings) -> list[str]:
    limits: Mapping[str, float | None] = {
        "after {} on battery": step.after_s,
        "at {} % charge": step.charge_pct,
        "with {} left": step.runtime_s,
    }
    return [
        text.format(f"{value:g}" if "%" in text else spoken_s(value))
        for text, value in limits.items()
        if value is not None
    ]


def _when(step: ShedStep) -> str:
    return " or ".join(_limits(step)) or "now"


def _when_low(low: LowSettings) -> str:
    return " or ".join(["when the UPS says that its battery is low", *_limits(low)])


def _named(numbers: list[int]) -> str:
    named = ", ".join(str(number) for number in sorted(numbers))
    return f"outlet{'s' if len(numbers) > 1 else ''} {named}" if numbers else "nothing"
