# SPDX-License-Identifier: Apache-2.0
"""From a rule's actions to wishes: what is switched, held, released, told and run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from pdu_agent.core.engine import Desk, Wish
from pdu_agent.core.rules.live import MISSING, OTHERWISE, THEN, LiveRule
from pdu_agent.core.rules.settings import SWITCHES, ActionSettings
from pdu_agent.model.commands import (
    Action,
    Actor,
    Command,
    Hold,
    HoldOutlet,
    Rank,
    ReleaseOutlet,
    SwitchGroup,
    SwitchOutlet,
)
from pdu_agent.model.events import HookFailed
from pdu_agent.model.readings import HookMoment, HookResult, RunHook
from pdu_agent.model.snapshot import Severity

ALARM = "rule"


class Doing:
    """Everything that rules do, except decide."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._hooks: dict[int, str] = {}

    def members(self, action: ActionSettings) -> tuple[int, ...]:
        """The outlets that an action is about; none for a group that is not there."""
        if action.group is None:
            return action.outlets
        return self._desk.values.members(action.group)

    def outlets_of(self, actions: Iterable[ActionSettings]) -> tuple[int, ...]:
        return tuple(
            dict.fromkeys(
                number for action in actions if action.switch for number in self.members(action)
            )
        )

    def switch(
        self, rule: LiveRule, phase: str, because: str, only: Collection[str] | None = None
    ) -> Iterator[Wish]:
        """A wish for each outlet and group, so that one that is refused stops no other.

        only: the keys of those that are meant; see RuleRecord.undone.
        """
        rule.refused = []
        actor = Actor("rule", rule.name, "", because)
        for key, action, outlet in self._parts(rule, phase):
            if only is None or key in only:
                commands = self._commands(rule, phase, action, outlet, because)
                yield Wish(commands, actor, (rule, key))

    def _commands(
        self, rule: LiveRule, phase: str, action: ActionSettings, outlet: int, because: str
    ) -> tuple[Command, ...]:
        wanted = SWITCHES[action.switch]
        holds: list[Command] = []
        if _holds(rule, phase) and wanted in (Action.ON, Action.OFF):
            hold = Hold(
                rule.source,
                Rank.RULE,
                wanted is Action.ON,
                because,
                self._desk.clock.wall_s(),
                f"until {rule.sight.subject} is {rule.sight.back}",
            )
            numbers = (outlet,) if outlet else self.members(action)
            holds = [HoldOutlet(n, hold) for n in numbers if n not in rule.overruled]
        if outlet:
            return (*holds, SwitchOutlet(outlet, wanted))
        without = tuple(sorted(rule.overruled.intersection(self.members(action))))
        return (*holds, SwitchGroup(action.group or 0, wanted, without=without))

    def _parts(self, rule: LiveRule, phase: str) -> Iterator[tuple[str, ActionSettings, int]]:
        """As `_parts_of`, less what nobody is left of."""
        for key, action, outlet in _parts_of(rule, phase):
            meant = (outlet,) if outlet else self.members(action)
            if not meant or not rule.overruled.issuperset(meant):
                yield key, action, outlet

    def left_on(
        self, rule: LiveRule, phase: str, only: Collection[str] | None = None
    ) -> list[tuple[str, str]]:
        """Key and words of each group that was switched off without some of its outlets, as what
        is locked or awaits somebody's order is left out of a group; only: as of `switch`.
        """
        refused, found = {key for key, _ in rule.refused}, []
        for key, action, outlet in self._parts(rule, phase):
            is_done = key not in refused and (only is None or key in only)
            if not outlet and is_done and SWITCHES[action.switch] is Action.OFF:
                left = [n for n in self.members(action) if self._stays_on(n, rule)]
                if left:
                    numbers = ", ".join(map(str, left))
                    found.append((key, f"outlet {numbers} of group {action.group} stays on"))
        return found

    def _stays_on(self, number: int, rule: LiveRule) -> bool:
        live = self._desk.state.outlets[number]
        is_switched = self._desk.live.outlets[number].relay is not None
        return is_switched and live.machine.ends_on and number not in rule.overruled

    def wanted(self, rule: LiveRule, phase: str) -> Iterator[tuple[int, Action]]:
        """Outlet and action of all that the phase switches."""
        for action in rule.actions(phase):
            if action.switch:
                for number in self.members(action):
                    yield number, SWITCHES[action.switch]

    def release_others(self, rule: LiveRule, phase: str) -> Iterator[Wish]:
        """End its holds of outlets that the phase does not hold."""
        kept = self.outlets_of(rule.actions(phase)) if _holds(rule, phase) else ()
        yield from self._release({rule.source}, kept)

    def strays(self, rules: Mapping[str, LiveRule]) -> frozenset[tuple[int, str]]:
        """Outlet and source of each hold of a rule that is not there, or does not want it so."""
        wanted = {
            (number, rule.source, SWITCHES[action.switch] is Action.ON)
            for rule in rules.values()
            for action in (*rule.actions(THEN), *rule.actions(MISSING))
            if rule.settings.keep and action.switch
            for number in self.members(action)
        }
        return frozenset(
            (number, hold.source)
            for number, live in self._desk.state.outlets.items()
            for hold in live.holds
            if hold.source.startswith("rule ")
            and (number, hold.source, hold.wants_on) not in wanted
        )

    def release_strays(self, strays: Iterable[tuple[int, str]]) -> Iterator[Wish]:
        """End them, each as the matter of its rule."""
        for number, source in sorted(strays):
            name = source.removeprefix("rule ")
            actor = Actor("rule", name, "", "the rule does not keep it any more")
            yield Wish((ReleaseOutlet(number, source),), actor)

    def release_sources(self, sources: Collection[str]) -> Iterator[Wish]:
        """End what rules hold that are not in force any more."""
        yield from self._release(sources, ())

    def _release(self, sources: Collection[str], kept: Collection[int]) -> Iterator[Wish]:
        commands = tuple(
            ReleaseOutlet(number, hold.source)
            for number, live in self._desk.state.outlets.items()
            for hold in live.holds
            if number not in kept and hold.source in sources
        )
        if commands:
            name = commands[0].source.removeprefix("rule ")
            yield Wish(commands, Actor("rule", name, "", "what it kept is free again"))

    def give_way(self, rule: LiveRule) -> Iterator[Wish]:
        """Release the outlets that a person has switched the other way meanwhile."""
        commands = tuple(
            ReleaseOutlet(number, rule.source)
            for number, live in self._desk.state.outlets.items()
            for hold in live.holds
            if hold.source == rule.source
            and live.target_on is not hold.wants_on
            and live.actor is not None
            and live.actor.rank is Rank.PERSON
        )
        if commands:
            yield Wish(commands, Actor("rule", rule.name, "", "somebody decided otherwise"))

    def tell(self, rule: LiveRule, phase: str, because: str) -> list[str]:
        """Raise the alarms, start the hooks; everything that the phase does, in words."""
        said = []
        refused = {key for key, _ in rule.refused}
        for key, action, outlet in self._parts(rule, phase):
            if key not in refused:
                what = f"outlet {outlet}" if outlet else f"group {action.group}"
                said.append(f"{what} {action.switch}")
        if rule.overruled:
            numbers = ", ".join(map(str, sorted(rule.overruled)))
            said.append(f"outlet {numbers} left, as somebody decided otherwise")
        said += self.raise_alarms(rule, phase, because)
        for action in rule.actions(phase):
            if action.hook:
                self._desk.perform(
                    RunHook(
                        self._hook_number(rule),
                        action.hook,
                        HookMoment.BY_RULE,
                        0,
                        "",
                        f"{rule.source}: {because}",
                    )
                )
                said.append(f"hook {action.hook}")
        return said

    def raise_alarms(self, rule: LiveRule, phase: str, because: str) -> list[str]:
        """The alarms of the phase; each in words."""
        raised = [action for action in rule.actions(phase) if action.alarm]
        for action in raised:
            text = action.text or because
            self._desk.alarms.set(ALARM, rule.source, Severity(action.alarm), text)
        return [f"{action.alarm} alarm" for action in raised]

    def _hook_number(self, rule: LiveRule) -> int:
        number = self._desk.next_hook()
        self._hooks[number] = rule.name
        return number

    def hook_ended(self, result: HookResult) -> None:
        """Tell of one of ours that failed."""
        name = self._hooks.pop(result.id, None)
        if name is not None and result.error:
            text = f"rule {name}: {result.error}"
            self._desk.publish(HookFailed(self._desk.clock.wall_s(), result.hook, 0, text))


def _holds(rule: LiveRule, phase: str) -> bool:
    """`otherwise` keeps nothing: by then the rule is over."""
    return rule.settings.keep and phase != OTHERWISE


def _parts_of(rule: LiveRule, phase: str) -> Iterator[tuple[str, ActionSettings, int]]:
    """Key, action and outlet (0: the action's group) of whatever the phase switches."""
    for action in rule.actions(phase):
        if action.switch:
            for outlet in action.outlets or (0,):
                named = outlet or f"group {action.group}"
                yield f"{phase} {action.switch} {named}", action, outlet
