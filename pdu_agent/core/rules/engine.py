# SPDX-License-Identifier: Apache-2.0
"""The engine of the rules: looks, decides when something counts, acts once, and remembers.

What stands is remembered, so that a restart does nothing twice. A person's order that contradicts
a rule prevails until the rule's condition has ended and come again.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from pdu_agent.core.engine import Desk, Engine, Judge, Wish
from pdu_agent.core.rules.doing import ALARM, Doing
from pdu_agent.core.rules.faults import Faults
from pdu_agent.core.rules.judging import enable
from pdu_agent.core.rules.limiting import PAUSE_ALARM, Limits
from pdu_agent.core.rules.live import MISSING, OTHERWISE, THEN, LiveRule
from pdu_agent.core.rules.making import rule_of
from pdu_agent.core.rules.memory import Memory, anew
from pdu_agent.core.rules.retries import Retries
from pdu_agent.core.rules.settings import RuleSettings
from pdu_agent.core.rules.shown import next_change_of, shown
from pdu_agent.core.rules.watch import Watch
from pdu_agent.core.settings import CoreSettings
from pdu_agent.core.state import CoreState
from pdu_agent.core.switching.switching import Circumstances
from pdu_agent.model.commands import Actor, EnableRule
from pdu_agent.model.control import NextChange, Rule
from pdu_agent.model.errors import CommandError
from pdu_agent.model.events import RuleFired
from pdu_agent.model.readings import HookResult, HostSeen
from pdu_agent.model.record import RuleRecord
from pdu_agent.model.snapshot import SensorKind, Severity

log = logging.getLogger(__name__)

BLIND_ALARM = "rule input"
LONGEST_BACK_OFF_S = 86_400.0


class Rules(Engine):
    """All rules of a unit."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._doing = Doing(desk)
        self._memory = Memory(desk.state)
        self._limits = Limits(desk, self._memory)
        self._retries = Retries(desk.state, self._memory, desk.values.members)
        self._faults = Faults(desk)
        self._rules: dict[str, LiveRule] = {}
        self._strays: frozenset[tuple[int, str]] = frozenset()
        self.renew(desk.settings)

    # -- what Control asks ------------------------------------------------------------

    def renew(self, settings: CoreSettings) -> None:
        before = self._rules
        kinds = {sensor.number: sensor.kind for sensor in settings.sensors}
        self._zone = settings.time_zone
        self._rules = {}
        for number, rule in enumerate(settings.rules, start=1):
            old = before.get(rule.name)
            if old is not None and old.settings == rule:
                old.number = number
                self._rules[rule.name] = old
            else:
                if old is not None:
                    self._changed(old, rule)
                self._rules[rule.name] = self._made(number, rule, kinds)
        self._of_outlet = self._by_outlet()
        records = self._desk.state.rules
        for name in records.keys() - self._rules.keys():
            del records[name]
        self._strays = self._doing.strays(self._rules)
        for name in before.keys() - self._rules.keys():
            self._clear_alarms(before[name])
            self._faults.forget(before[name].source)

    def _changed(self, old: LiveRule, rule: RuleSettings) -> None:
        """A rule that stands and does something else now does nothing before it stands again."""
        if tuple(old.settings.every_action()) != tuple(rule.every_action()):
            self._memory.note(old, undone=())
        if not any(action.alarm for action in rule.every_action()):
            self._desk.alarms.clear(ALARM, old.source)

    def judges(self, draft: CoreState, actor: Actor, around: Circumstances) -> Mapping[type, Judge]:
        del actor, around
        return {EnableRule: partial(enable, self._rules, draft)}

    def on_host(self, seen: HostSeen) -> None:
        for rule in self._rules.values():
            rule.sight.note(seen)

    def on_hook(self, result: HookResult) -> None:
        self._doing.hook_ended(result)

    def tick(self) -> Iterable[Wish]:
        strays, self._strays = self._strays, frozenset()
        yield from self._doing.release_strays(strays)
        self._faults.end_quiet()
        for rule in self._rules.values():
            if not self._faults.rests(rule):
                yield from self._guarded_turn(rule)

    def _guarded_turn(self, rule: LiveRule) -> Iterator[Wish]:
        try:
            yield from self._turn(rule)
        except Exception as exc:
            self._faults.note(rule, exc)

    def next_due_s(self) -> float:
        if self._strays:
            return -math.inf
        wake_s = min(map(self._wake_s, self._rules.values()), default=math.inf)
        return min(wake_s, self._faults.next_s())

    def _wake_s(self, rule: LiveRule) -> float:
        return min(rule.wake_s, self._retries.news_s(rule))

    def told(self, wish: Wish, error: CommandError | None) -> None:
        if not isinstance(wish.about, tuple):
            return
        rule, key = wish.about
        if error is not None:
            rule.refused.append((key, str(error)))
        else:
            self._retries.taken(rule, key)

    def rules(self) -> tuple[Rule, ...]:
        return tuple(
            shown(rule, self._memory.record(rule), self._outlets_of(rule))
            for rule in self._rules.values()
        )

    def next_changes(self) -> dict[int, NextChange]:
        changes = {outlet: self._next_change(outlet) for outlet in self._of_outlet}
        return {outlet: change for outlet, change in changes.items() if change is not None}

    def _next_change(self, outlet: int) -> NextChange | None:
        now_s, wall_s = self._desk.clock.monotonic_s(), self._desk.clock.wall_s()
        found = [
            change
            for rule in self._of_outlet[outlet]
            if rule.is_enabled(self._memory.record(rule))
            and (
                change := next_change_of(
                    rule, self._memory.record(rule), outlet, self._doing.members, now_s, wall_s
                )
            )
        ]
        return min(
            found, key=lambda each: math.inf if each.wall_s is None else each.wall_s, default=None
        )

    # -- one rule ---------------------------------------------------------------------

    def _made(
        self, number: int, settings: RuleSettings, kinds: Mapping[int, SensorKind]
    ) -> LiveRule:
        record = self._memory.named(settings.name)
        rule = rule_of(number, settings, record, kinds, self._desk, self._doing)
        if rule.is_enabled(record):
            self._recall_alarms(rule, record)
        return rule

    def _by_outlet(self) -> dict[int, list[LiveRule]]:
        found: dict[int, list[LiveRule]] = {}
        for rule in self._rules.values():
            for number in self._outlets_of(rule):
                found.setdefault(number, []).append(rule)
        return found

    def _outlets_of(self, rule: LiveRule) -> tuple[int, ...]:
        return self._doing.outlets_of(rule.settings.every_action())

    def _recall_alarms(self, rule: LiveRule, record: RuleRecord) -> None:
        """Alarms end with the agent; those of a rule stand for as long as it does."""
        if record.active:
            self._doing.raise_alarms(rule, THEN, record.outcome)
        if record.latched:
            self._limits.raise_alarm(rule, "acted as often as it may, it pauses")

    def _turn(self, rule: LiveRule) -> Iterator[Wish]:
        record = self._memory.record(rule)
        now_s = self._desk.clock.monotonic_s()
        if record.resets != rule.resets:
            self._start_anew(rule, record, now_s)
        if not rule.is_enabled(record):
            rule.wake_s = math.inf
            if record != anew(record):  # disabled by the file
                self._memory.reset(rule)
                self._clear_alarms(rule)
                yield from self._doing.release_sources({rule.source})
            return
        self._look_after(rule, now_s)
        seen = rule.sight.look(now_s)
        if now_s < self._wake_s(rule) and (seen is rule.seen or seen == rule.seen):
            if record.active and rule.settings.keep:
                yield from self._doing.give_way(rule)
            return
        rule.seen = seen
        rule.has_seen = rule.has_seen or not seen.missing or seen.value is not None
        if rule.sight.armed is not record.armed:
            self._memory.note(rule, armed=rule.sight.armed)
        if seen.missing:
            yield from self._missing(rule, now_s)
        else:
            yield from self._present(rule, now_s)
        yield from self._retry(rule, now_s)
        self._limits.end_pause(rule, now_s)
        rule.wake_s = rule.due_s(self._memory.record(rule).blind)
        if self._memory.record(rule).active and rule.settings.keep:
            yield from self._doing.give_way(rule)

    def _start_anew(self, rule: LiveRule, record: RuleRecord, now_s: float) -> None:
        """After it was enabled, disabled or reset."""
        rule.resets = record.resets
        rule.wake_s = -math.inf
        rule.watch = Watch(record.active)
        rule.missing_s, rule.retry_s, rule.blocked = None, math.inf, ""
        rule.met, rule.given = {}, {}
        rule.act_s = now_s if record.active else math.inf
        rule.pause_until_s = -math.inf
        rule.firings.clear()
        rule.sight.start_anew()
        rule.sight.armed = record.armed
        self._desk.alarms.clear(PAUSE_ALARM, rule.source)
        if not record.active:
            self._clear_alarms(rule)

    def _missing(self, rule: LiveRule, now_s: float) -> Iterator[Wish]:
        """Nothing is seen: what leaned either way begins anew, and after a while it is told."""
        rule.watch = Watch(rule.watch.stands)
        record = self._memory.record(rule)
        if rule.missing_s is None:
            rule.missing_s = now_s
        after_s = rule.patience_s
        if record.blind:
            self._tell_blind(rule)
            return
        if now_s < rule.missing_s + after_s:
            return
        does = bool(rule.settings.on_missing.then)
        because = f"{rule.seen.missing} for {after_s:g} s"
        self._memory.note(rule, blind=True)
        self._tell_blind(rule)
        if not does:
            self._fired(rule, record.active, f"{because}: all stays as it is")
            return
        rule.act_s = math.inf
        rule.watch = Watch(None)
        self._memory.note(
            rule, active=False, unsettled=True, since_wall_s=None, paused_until_wall_s=None
        )
        yield from self._act(rule, MISSING, because, now_s)

    def _tell_blind(self, rule: LiveRule) -> None:
        self._desk.alarms.set(BLIND_ALARM, rule.source, Severity.WARNING, rule.seen.missing)

    def _present(self, rule: LiveRule, now_s: float) -> Iterator[Wish]:
        rule.missing_s = None
        record = self._memory.record(rule)
        if record.blind:
            self._memory.note(rule, blind=False)
            self._desk.alarms.clear(BLIND_ALARM, rule.source)
            if record.unsettled:  # the fail-safe's own alarm
                self._desk.alarms.clear(ALARM, rule.source)
        changed = rule.step(rule.seen, now_s)
        if changed and rule.watch.stands is False:
            yield from self._end(rule, now_s)
        elif changed:
            rule.act_s = now_s
            self._memory.note(
                rule, active=True, unsettled=False, since_wall_s=self._desk.clock.wall_s()
            )
        if rule.watch.stands and rule.seen.holds and now_s >= rule.act_s:
            yield from self._begin(rule, now_s)

    def _begin(self, rule: LiveRule, now_s: float) -> Iterator[Wish]:
        """Do what is to be done, if it may be done now; else see when."""
        because = rule.because()
        rule.blocked = self._limits.block(rule, now_s, self._zone)
        wall_s = self._desk.clock.wall_s()
        if rule.blocked:
            until = None if math.isinf(rule.act_s) else wall_s + rule.act_s - now_s
            self._memory.note(rule, paused_until_wall_s=until)
            return
        self._desk.alarms.clear(PAUSE_ALARM, rule.source)
        record = self._memory.record(rule)
        rule.firings.append(now_s)
        rule.last_s = now_s
        again_s = rule.settings.again_after_s
        wait_s = record.back_off_s or again_s
        rule.act_s = now_s + wait_s if again_s else math.inf
        self._memory.note(
            rule,
            fired=record.fired + 1,
            times_today=record.times_today + 1,
            last_wall_s=wall_s,
            back_off_s=min(2 * wait_s, LONGEST_BACK_OFF_S),
            paused_until_wall_s=wall_s + wait_s if again_s else None,
        )
        yield from self._act(rule, THEN, because, now_s, is_repeat=record.back_off_s > 0)

    def _end(self, rule: LiveRule, now_s: float) -> Iterator[Wish]:
        """Its condition is over."""
        rule.act_s, rule.blocked = math.inf, ""
        self._memory.note(
            rule,
            active=False,
            unsettled=False,
            latched=False,
            since_wall_s=None,
            back_off_s=0.0,
            paused_until_wall_s=None,
        )
        self._desk.alarms.clear(ALARM, rule.source)
        if now_s >= rule.pause_until_s:
            self._desk.alarms.clear(PAUSE_ALARM, rule.source)
        yield from self._act(rule, OTHERWISE, f"{rule.sight.subject} {rule.sight.back}", now_s)

    def _act(
        self, rule: LiveRule, phase: str, because: str, now_s: float, is_repeat: bool = False
    ) -> Iterator[Wish]:
        """All actions of the phase; those that are refused are tried again. is_repeat: it has
        acted since its condition began, so what a person has ordered since then prevails.
        """
        wanted = self._doing.wanted(rule, phase) if is_repeat else ()
        rule.overruled = self._retries.overruled(rule, wanted)
        self._retries.forget(rule)
        yield from self._doing.release_others(rule, phase)
        yield from self._doing.switch(rule, phase, because)
        rule.refused += self._doing.left_on(rule, phase)
        self._desk.remember()  # before what no record undoes: a hook, a message
        said = self._doing.tell(rule, phase, because)
        self._retries.note(rule, now_s)
        refused = [f"refused: {error}" for _, error in rule.refused]
        done = "; ".join([*said, *refused]) or "nothing to do"
        self._fired(rule, phase == THEN, f"{because}: {done}")

    def _retry(self, rule: LiveRule, now_s: float) -> Iterator[Wish]:
        undone = self._retries.due(rule, now_s)
        if not undone:
            return
        phase = undone[0].split()[0]
        yield from self._doing.switch(rule, phase, "once more, as it was refused", undone)
        rule.refused += self._doing.left_on(rule, phase, undone)
        self._retries.note(rule, now_s)
        if not rule.refused:
            self._fired(rule, phase == THEN, "done at last")

    def _look_after(self, rule: LiveRule, now_s: float) -> None:
        """What the rule has switched, and has not gone as it was to, is to be tried again."""
        failed = self._retries.failed(rule)
        if failed:
            rule.refused = []
            self._retries.note(rule, now_s, failed)
            rule.wake_s = min(rule.wake_s, rule.retry_s)
            what = ", ".join(key.partition(" ")[2] for key in failed)
            self._fired(rule, failed[0].startswith(THEN), f"failed, tried again: {what}")

    def _fired(self, rule: LiveRule, active: bool, outcome: str) -> None:
        self._memory.note(rule, outcome=outcome)
        log.info("%s: %s", rule.source, outcome)
        self._desk.publish(RuleFired(self._desk.clock.wall_s(), rule.name, active, outcome))

    def _clear_alarms(self, rule: LiveRule) -> None:
        for kind in (ALARM, BLIND_ALARM, PAUSE_ALARM):
            self._desk.alarms.clear(kind, rule.source)
