# SPDX-License-Identifier: Apache-2.0
"""Rules that drive each other round: found in a graph of what follows from what.

Its nodes are facts: an outlet is on or off, the power of something is high or low. A rule leads
from the fact that makes it true to what it does; a switched outlet leads to the power of what it
is part of. A circle in which an outlet goes both ways never comes to rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pdu_agent.core.rules.settings import ActionSettings, RuleSettings, TriggerKind
from pdu_agent.core.settings import CoreSettings
from pdu_agent.model.commands import Quantity, Target, TargetKind

_LOADS = frozenset(
    {Quantity.CURRENT, Quantity.ACTIVE_POWER, Quantity.APPARENT_POWER, Quantity.DEMAND}
)


@dataclass(frozen=True, slots=True)
class _Fact:
    """is_up: on, or much. is_load: about what is drawn; a state of an outlet otherwise."""

    target: Target
    is_up: bool
    is_load: bool = False

    def __str__(self) -> str:
        if self.is_load:
            return f"{self.target} draws {'more' if self.is_up else 'less'}"
        return f"{self.target} {'on' if self.is_up else 'off'}"


@dataclass(frozen=True, slots=True)
class _Edge:
    """rule: whose doing it is; None where it is the load's. is_reboot: off and on again."""

    begin: _Fact
    end: _Fact
    rule: RuleSettings | None = None
    is_reboot: bool = False


@dataclass(frozen=True, slots=True)
class Circle:
    """is_certain: it goes through states alone; what a load draws is not known before."""

    rules: tuple[RuleSettings, ...]
    is_certain: bool
    text: str


def circles(rules: Sequence[tuple[str, RuleSettings]], unit: CoreSettings) -> list[Circle]:
    """Those among enabled rules; each set of rules once, the certain ones first."""
    edges = [edge for _, rule in rules if rule.enabled for edge in _edges_of(rule, unit)]
    states = [edge for edge in edges if not edge.begin.is_load]
    loads = _through_loads({edge.begin for edge in edges if edge.begin.is_load}, unit)
    found: list[Circle] = []
    for among, is_certain in ((states, True), ([*edges, *loads], False)):
        for part in _restless(among):
            involved = tuple(dict.fromkeys(edge.rule for edge in part if edge.rule is not None))
            if not any(set(involved) >= set(circle.rules) for circle in found):
                facts = dict.fromkeys(str(edge.end) for edge in part)
                found.append(Circle(involved, is_certain, ", ".join(facts)))
    return found


def _edges_of(rule: RuleSettings, unit: CoreSettings) -> Iterator[_Edge]:
    begins = _fact_of(rule)
    if begins is None:
        return
    ends = _Fact(begins.target, not begins.is_up, begins.is_load)
    for fact, actions in ((begins, rule.then), (ends, rule.otherwise)):
        for action in actions:
            for number in _switched(action, unit):
                outlet = Target(TargetKind.OUTLET, number)
                is_reboot = action.switch == "reboot"
                for is_up in (False, True) if is_reboot else (action.switch == "on",):
                    yield _Edge(fact, _Fact(outlet, is_up), rule, is_reboot)


def _fact_of(rule: RuleSettings) -> _Fact | None:
    """What makes the rule true, where an outlet can bring that about."""
    when = rule.when
    match when.kind:
        case TriggerKind.STATE if when.state != "fault":
            return _Fact(Target(TargetKind.OUTLET, when.outlet or 0), when.state == "on")
        case TriggerKind.LOW_DRAW:
            return _Fact(Target(TargetKind.OUTLET, when.outlet or 0), False, True)
        case TriggerKind.VALUE if when.target is not None and when.quantity in _LOADS:
            return _Fact(when.target, when.above is not None, True)
        case _:
            return None


def _switched(action: ActionSettings, unit: CoreSettings) -> tuple[int, ...]:
    if action.group is None:
        return action.outlets if action.switch else ()
    return next((each.outlets for each in unit.groups if each.number == action.group), ())


def _through_loads(facts: set[_Fact], unit: CoreSettings) -> Iterator[_Edge]:
    """An outlet that comes on raises what is drawn where it belongs, and the other way round."""
    for target in {fact.target for fact in facts}:
        for number in _parts(target, unit):
            for is_up in (True, False):
                state = _Fact(Target(TargetKind.OUTLET, number), is_up)
                yield _Edge(state, _Fact(target, is_up, True))


def _parts(target: Target, unit: CoreSettings) -> tuple[int, ...]:
    """The outlets whose load is part of the target's."""
    lines = {line.number: line for line in unit.lines}
    match target.kind:
        case TargetKind.OUTLET:
            return (target.index,)
        case TargetKind.GROUP:
            return next((g.outlets for g in unit.groups if g.number == target.index), ())
        case TargetKind.BRANCH:
            return tuple(each.number for each in unit.outlets if each.branch == target.index)
        case TargetKind.INLET:
            return tuple(each.number for each in unit.outlets if each.inlet == target.index)
        case TargetKind.LINE if target.index in lines:
            inlet = lines[target.index].inlet
            return tuple(each.number for each in unit.outlets if each.inlet == inlet)
        case TargetKind.UNIT:
            return tuple(each.number for each in unit.outlets)
        case _:
            return ()


def _restless(edges: Sequence[_Edge]) -> Iterator[list[_Edge]]:
    """The edges of each part of the graph from which every fact leads back to itself, and in
    which an outlet goes both ways.
    """
    follows: dict[_Fact, set[_Fact]] = {}
    for edge in edges:
        follows.setdefault(edge.begin, set()).add(edge.end)
    reach = {begin: _reachable(begin, follows) for begin in follows}
    done: set[_Fact] = set()
    for fact, reached in reach.items():
        if fact in done or fact not in reached:
            continue
        together = {each for each in reached if fact in reach.get(each, ())}
        done |= together
        part = [edge for edge in edges if edge.begin in together and edge.end in together]
        both = any(
            _Fact(each.target, not each.is_up) in together for each in together if not each.is_load
        )
        if both or any(edge.is_reboot for edge in part):
            yield part


def _reachable(begin: _Fact, follows: Mapping[_Fact, set[_Fact]]) -> set[_Fact]:
    """Every fact that follows from this one, by at least one step."""
    found: set[_Fact] = set()
    open_ends = [begin]
    while open_ends:
        news = follows.get(open_ends.pop(), set()) - found
        found |= news
        open_ends += news
    return found
