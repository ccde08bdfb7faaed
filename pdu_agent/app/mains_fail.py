# SPDX-License-Identifier: Apache-2.0
"""A dry run of an outage: the real core, a battery that falls linearly, and mains that is back.

Nothing of the running agent is touched: the core of the dry run has a clock of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from pdu_agent.app.logs import DRY_RUN
from pdu_agent.app.rehearsal import Rehearsal
from pdu_agent.core.core import Core
from pdu_agent.core.outage.what_if import AskMainsFail, Happening, MainsFail, MainsFailAnswer
from pdu_agent.core.settings import CoreSettings
from pdu_agent.core.state import plain_hold
from pdu_agent.core.switching.holds import PERSON
from pdu_agent.model.control import OutageState
from pdu_agent.model.errors import InvalidValue, NotNow
from pdu_agent.model.events import OutletChanged
from pdu_agent.model.readings import HookMoment, RunHook
from pdu_agent.model.record import OutletRecord, Record
from pdu_agent.model.snapshot import OutletState, Snapshot
from pdu_agent.model.ups import Ups, UpsFlag

DEFAULT_RUNTIME_S = 900.0
DEFAULT_CHARGE_PCT = 100.0
SHORTEST_RUNTIME_S = 1.0
LOW_CHARGE_PCT = 20.0
"""Below this a UPS that does not tell its own limit counts its battery as low."""
RECHARGE_S = 14_400.0
"""From empty to full."""
STEP_S = 5.0
STEPS = 240
"""A battery that lasts for long, or mains that is away for long, is looked at in longer steps."""
CHARGING_STEP_S = 60.0
SOON_S = 1800.0
SLOW_STEP_S = 300.0
"""Of the charging, once mains is there for SOON_S."""
LONGEST_RETURN_S = 86_400.0
_ASSUMED = (
    "every hook takes all of its time limit and succeeds, then its load takes all of that of"
    " `graceful` and is idle; without a hook it is idle at once",
    "relays move at once, boards and the unit itself have power all the time",
    "a battery falls linearly, whatever is shed, and is full again after "
    f"{RECHARGE_S / 3600:g} h on mains",
    "plans, rules, caps and trips do nothing",
)
_WORDS = {
    OutletState.OFF_PENDING: "is shut down",
    OutletState.OFF: "off",
    OutletState.ON: "on",
    OutletState.ON_PENDING: "about to go on",
}
_FACES = ("on battery", "low battery", "mains back")


@dataclass(frozen=True, slots=True)
class _Battery:
    """A UPS as it is before, and what its battery has then."""

    row: Ups
    runtime_s: float
    charge_pct: float

    def after(self, away_s: float, since_s: float | None) -> Ups:
        """So long on battery; since_s: then on mains for so long."""
        left = max(0.0, 1 - away_s / self.runtime_s)
        charge_pct, runtime_s = self.charge_pct * left, self.runtime_s * left
        if since_s is not None:
            charge_pct = min(100.0, charge_pct + 100 * since_s / RECHARGE_S)
            flags = {UpsFlag.ON_LINE, UpsFlag.CHARGING}
            return self._row(flags, charge_pct, self.runtime_s * charge_pct / 100, False)
        flags = {UpsFlag.ON_BATTERY, UpsFlag.DISCHARGING}
        if self._is_low(charge_pct, runtime_s):
            flags.add(UpsFlag.LOW_BATTERY)
        return self._row(flags, charge_pct, runtime_s, left == 0.0)

    def _is_low(self, charge_pct: float, runtime_s: float) -> bool:
        limit_pct = self.row.low_charge_pct
        limit_s = self.row.low_runtime_s
        is_low = charge_pct <= (LOW_CHARGE_PCT if limit_pct is None else limit_pct)
        return is_low or (limit_s is not None and runtime_s <= limit_s)

    def _row(self, flags: set[UpsFlag], charge_pct: float, runtime_s: float, is_dead: bool) -> Ups:
        return replace(
            self.row,
            flags=frozenset(flags),
            since_s={},
            unreachable_since_s=0.0 if is_dead else None,
            charge_pct=charge_pct,
            runtime_s=runtime_s,
        )


def asker(settings: Callable[[], CoreSettings], core: Core) -> AskMainsFail:
    """Answers from the state of the agent now. A dry run has a thread of its own, and there is one
    at a time.
    """
    turn = asyncio.Lock()

    async def ask(asked: MainsFail) -> MainsFailAnswer:
        async with turn:
            dry_run = prepared(settings(), core.snapshot, asked)
            thread = ThreadPoolExecutor(1, DRY_RUN)
            try:
                return await asyncio.get_running_loop().run_in_executor(thread, dry_run.run)
            finally:
                thread.shutdown(wait=False)

    return ask


def prepared(settings: CoreSettings, snapshot: Snapshot, asked: MainsFail) -> _DryRun:
    """Raises InvalidValue, and NotNow while an outage is there already."""
    if not settings.outage.enabled:
        raise InvalidValue("nothing is done in an outage: `outage.enabled` is false")
    if snapshot.outages:
        raise NotNow(f"UPS {snapshot.outages[0].ups} has an outage now: see openpdu outage")
    batteries = [_battery(row, asked) for row in snapshot.upses if row.inlets]
    if not batteries:
        raise InvalidValue("no UPS that feeds an inlet is known: see openpdu ups")
    return _DryRun(settings, snapshot, batteries, asked)


def _battery(row: Ups, asked: MainsFail) -> _Battery:
    """What the UPS tells of its runtime is for the charge that it tells."""
    told_pct = DEFAULT_CHARGE_PCT if row.charge_pct is None else row.charge_pct
    charge_pct = told_pct if asked.charge_pct is None else asked.charge_pct
    runtime_s = asked.runtime_s
    if runtime_s is None:
        runtime_s = row.runtime_s or DEFAULT_RUNTIME_S
        if asked.charge_pct is not None and told_pct:
            runtime_s = max(SHORTEST_RUNTIME_S, runtime_s * asked.charge_pct / told_pct)
    return _Battery(row, runtime_s, charge_pct)


class _DryRun:
    def __init__(
        self,
        settings: CoreSettings,
        snapshot: Snapshot,
        batteries: Sequence[_Battery],
        asked: MainsFail,
    ) -> None:
        self._batteries, self._asked = batteries, asked
        self._away_s = asked.minutes * 60
        self._rows = [row for row in snapshot.outlets if row.switched]
        priorities = {row.index: row.priority for row in snapshot.outlets}
        outlets = tuple(
            replace(outlet, trip_above_a=None, priority=priorities[outlet.number])
            for outlet in settings.outlets
        )
        self._dry = Rehearsal(
            replace(settings, outlets=outlets, plans=(), rules=(), caps=()),
            snapshot.t_wall_s,
            _record(snapshot),
            takes_s=_takes_s(settings),
        )
        self._start_s = self._dry.clock.wall_s()
        self._before = {row.index for row in self._rows if self._dry.is_closed(row.index)}
        self._fed = {row.index for row in self._rows if row.inlet in self._inlets()}
        self._happenings: list[Happening] = []
        self._states: dict[str, str] = {}
        self._went: set[str] = set()
        self._looked_s = 0.0
        self._lost: tuple[int, ...] | None = None

    def run(self) -> MainsFailAnswer:
        self._tell(0.0, None)
        at_s = 0.0
        while at_s < self._away_s:
            at_s = min(self._away_s, at_s + self._step_s(at_s))
            self._pass(at_s)
            self._tell(at_s, None)
        end_s = self._away_s + LONGEST_RETURN_S
        self._tell(at_s, 0.0)
        while at_s < end_s and (self._is_returning() or at_s < self._away_s + STEP_S):
            at_s += _charging_step_s(at_s - self._away_s)
            self._pass(at_s)
            self._tell(self._away_s, at_s - self._away_s)
        return self._answer()

    def _is_returning(self) -> bool:
        """An outage is over once all is ordered on; relays then close one after the other."""
        now = self._dry.core.snapshot
        return bool(now.outages) or any(o.state is OutletState.ON_PENDING for o in now.outlets)

    def _step_s(self, at_s: float) -> float:
        """While mains is away; an empty battery tells nothing new."""
        lasts_s = max(battery.runtime_s for battery in self._batteries)
        if at_s > lasts_s:
            return self._away_s
        return max(STEP_S, min(lasts_s, self._away_s) / STEPS)

    def _pass(self, at_s: float) -> None:
        self._dry.run_until(self._start_s + at_s)
        for event in self._dry.events():
            if isinstance(event, OutletChanged):
                self._note(event)

    def _tell(self, away_s: float, since_s: float | None) -> None:
        rows = tuple(battery.after(away_s, since_s) for battery in self._batteries)
        is_empty = any(not row.is_reachable for row in rows)
        if is_empty and self._lost is None:
            self._lost = tuple(sorted(n for n in self._fed if self._dry.is_closed(n)))
            self._happenings.append(Happening(away_s, None, "battery empty", "it was used up"))
        self._dry.core.on_upses(rows)
        self._dry.tick()
        self._note_outages()

    def _note_outages(self) -> None:
        at_s = self._dry.clock.wall_s() - self._start_s
        rows = {row.ups: row for row in self._dry.core.snapshot.outages}
        for ups, row in rows.items():
            if self._states.get(ups) != row.state.value:
                self._happenings.append(Happening(at_s, None, row.state.value, row.text))
        for ups in self._states.keys() - rows.keys():
            if self._states[ups] != OutageState.BACK.value:
                went = ups in self._went
                text = f"mains of UPS {ups} is back" if went else "nothing had gone off"
                # All has returned since the last look: that was before it.
                began_s = self._looked_s if went else at_s
                self._happenings.append(Happening(began_s, None, OutageState.BACK.value, text))
        self._states = {ups: row.state.value for ups, row in rows.items()}
        self._looked_s = at_s
        self._went |= {ups for ups, row in rows.items() if row.taken}

    def _note(self, event: OutletChanged) -> None:
        by, word = event.actor, _WORDS.get(event.new)
        if by is None or by.face not in _FACES or word is None:
            return
        at_s = event.t_wall_s - self._start_s
        self._happenings.append(Happening(at_s, event.outlet, word, by.because))

    def _answer(self) -> MainsFailAnswer:
        touched = {each.outlet for each in self._happenings}
        off = {n for n in self._before if not self._dry.is_closed(n)}
        return MainsFailAnswer(
            minutes=self._asked.minutes,
            upses=tuple(battery.row.name for battery in self._batteries),
            runtime_s=min(battery.runtime_s for battery in self._batteries),
            charge_pct=min(battery.charge_pct for battery in self._batteries),
            happenings=tuple(sorted(self._happenings, key=_place)),
            lost=self._lost or (),
            remains=tuple(sorted(self._before - touched)),
            away=tuple(sorted(off)),
            assumed=(*_guessed(self._batteries, self._asked), *_ASSUMED),
        )

    def _inlets(self) -> set[int]:
        return {inlet for battery in self._batteries for inlet in battery.row.inlets}


def _charging_step_s(back_s: float) -> float:
    """back_s: since when mains is there."""
    if back_s < CHARGING_STEP_S:
        return STEP_S
    return CHARGING_STEP_S if back_s < SOON_S else SLOW_STEP_S


def _takes_s(settings: CoreSettings) -> Callable[[RunHook], float]:
    """A dry run has no draw that could fall: the hook takes that time too."""
    limit_s = {terms.name: terms.time_limit_s for terms in settings.hook_terms}
    idle_s = {
        outlet.number: outlet.graceful.time_limit_s
        for outlet in settings.outlets
        if outlet.graceful is not None
    }

    def takes_s(hook: RunHook) -> float:
        is_off = hook.moment is HookMoment.BEFORE_OFF
        return limit_s.get(hook.hook, 0.0) + (idle_s.get(hook.outlet, 0.0) if is_off else 0.0)

    return takes_s


def _place(each: Happening) -> tuple[int, bool]:
    """Within a second, what befalls a UPS stands before what outlets do because of it."""
    return round(each.at_s), each.outlet is not None


def _guessed(batteries: Iterable[_Battery], asked: MainsFail) -> Iterable[str]:
    """What stands in for values that a UPS does not tell."""
    for battery in batteries:
        row = battery.row
        if asked.runtime_s is None and not row.runtime_s:
            yield f"UPS {row.name} does not tell its runtime: {DEFAULT_RUNTIME_S:g} s"
        if asked.charge_pct is None and row.charge_pct is None:
            yield f"UPS {row.name} does not tell its charge: {DEFAULT_CHARGE_PCT:g} %"
        if row.low_charge_pct is None:
            yield f"UPS {row.name} does not tell when its battery is low: {LOW_CHARGE_PCT:g} %"


def _record(snapshot: Snapshot) -> Record:
    """The outlets as they are, or will be once what is ordered is done; their locks, and what
    persons want for a while. Whoever else holds them does nothing in a dry run.
    """
    return Record(
        outlets={
            row.index: OutletRecord(
                "on" if _is_on(row.state, row.is_on) else "off",
                target_on=_is_on(row.state, row.is_on),
                lock=row.lock.value,
                holds=tuple(plain_hold(hold) for hold in row.holds if hold.source == PERSON),
            )
            for row in snapshot.outlets
            if row.switched
        }
    )


def _is_on(state: OutletState, is_on: bool | None) -> bool:
    return state is OutletState.REBOOTING or bool(is_on)
