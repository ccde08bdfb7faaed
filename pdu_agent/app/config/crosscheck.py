# SPDX-License-Identifier: Apache-2.0
"""Settings that contradict each other: twice the same number, a board that does not exist.

Works on whatever could be read, so that these complaints come together with the others.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Any

from pdu_agent.app.config.cap_check import cap_check
from pdu_agent.app.config.checker import Checker
from pdu_agent.app.config.fan_check import fan_check
from pdu_agent.app.config.hook_check import hook_check
from pdu_agent.app.config.http_check import http_check
from pdu_agent.app.config.meter_check import meter_check
from pdu_agent.app.config.mib_check import mib_check
from pdu_agent.app.config.node_check import node_check
from pdu_agent.app.config.nut_check import nut_check
from pdu_agent.app.config.outage_check import outage_check
from pdu_agent.app.config.panel_check import panel_check
from pdu_agent.app.config.place_check import place_check
from pdu_agent.app.config.plan_check import plan_check
from pdu_agent.app.config.price_check import price_check
from pdu_agent.app.config.rule_check import rule_check
from pdu_agent.app.config.scalars import nearest
from pdu_agent.app.config.script_check import script_check
from pdu_agent.app.config.tree import ListNode, Node, Problems, Scalar, node_at
from pdu_agent.app.config.ups_check import ups_check
from pdu_agent.app.config.watch_check import watch_check
from pdu_agent.app.config.wiring import CountingWiring
from pdu_agent.app.config.wiring_check import wiring_check
from pdu_agent.hw import registry
from pdu_agent.model.commands import Target, TargetKind


def crosscheck(root: Node, checker: Checker, problems: Problems) -> None:
    """Report every contradiction between the values that `checker` could read."""
    check = _CrossCheck(root, checker, problems)
    check.names_and_numbers()
    check.relays()
    check.inlets()
    check.lines()
    check.branches_of_outlets()
    check.metering_points()
    check.converter_channels()
    check.meter_channels()
    place_check(checker, problems)
    node_check(checker, problems)
    meter_check(checker, problems)
    wiring_check(checker, problems)
    watch_check(checker, problems)
    hook_check(checker, problems)
    cap_check(checker, problems)
    fan_check(checker, problems)
    panel_check(checker, problems)
    plan_check(checker, problems)
    price_check(checker, problems)
    mib_check(checker, problems)
    nut_check(checker, problems)
    http_check(Path(root.place.source).parent, checker, problems)
    rule_check(checker, problems)
    ups_check(checker, problems)
    outage_check(checker, problems)
    script_check(Path(root.place.source).parent, checker, problems)


class _CrossCheck:
    def __init__(self, root: Node, checker: Checker, problems: Problems) -> None:
        self._root = root
        self._checker = checker
        self._problems = problems

    def _found(self, pattern: str) -> list[tuple[str, Any]]:
        return self._checker.found(pattern)

    def _said(self, section: str, key: str, default: str) -> set[str]:
        """What the entries say for `key`, be it right or wrong; default: without the section."""
        entries = node_at(self._root, [section])
        if not isinstance(entries, ListNode):
            return {default}
        nodes = [node_at(entry, [key]) for entry in entries.items]
        return {node.text if isinstance(node, Scalar) else default for node in nodes}

    def _error(self, path: str, text: str) -> None:
        self._problems.error(self._checker.place(path), f"{path}: {text}")

    def _unique(self, uses: Iterable[tuple[str, Hashable]], what: str) -> None:
        """uses: (path, thing); a thing that comes again is an error at its second path."""
        first: dict[Hashable, str] = {}
        for path, thing in uses:
            if thing in first:
                place = self._checker.place(first[thing])
                self._error(path, what.format(thing) + f"; the first is at {place}")
            first.setdefault(thing, path)

    def names_and_numbers(self) -> None:
        for pattern in (
            "relays#.name",
            "meters#.name",
            "inlets#.number",
            "lines#.number",
            "branches#.number",
            "outlets#.number",
            "sensors#.number",
            "fans#.number",
            "groups#.number",
            "plans#.name",
            "caps#.number",
            "snmp.views#.name",
            "snmp.targets#.name",
        ):
            self._unique(self._found(pattern), "{!r} is given to two entries")

    def relays(self) -> None:
        names = self._said("relays", "name", default="")
        boards = {board.name: board for _, board in self._found("relays#")}
        references = self._found("outlets#.relay")
        for path, reference in references:
            board = boards.get(reference.bank)
            count = getattr(board.options, "relay_count", None) if board else None
            if reference.bank not in names:
                hint = nearest(reference.bank, names)
                self._error(path, f"no board in `relays` is called {reference.bank!r}{hint}")
            elif count is not None and reference.relay >= count:
                self._error(
                    path,
                    f"board {reference.bank!r} has relays 0 to {count - 1}, not {reference.relay}",
                )
        uses = [(path, f"{reference.bank}.{reference.relay}") for path, reference in references]
        self._unique(uses, "relay {} switches two outlets")

    def inlets(self) -> None:
        numbers = self._said("inlets", "number", default="1")
        fed = self._found("lines#.inlet") + self._found("branches#.inlet")
        for path, inlet in fed + self._found("outlets#.inlet"):
            if str(inlet) not in numbers:
                self._error(path, f"there is no inlet {inlet}")

    def lines(self) -> None:
        lines = [(f"{path}.line", line) for path, line in self._found("lines#")]
        uses = [(path, f"{line.line} of inlet {line.inlet}") for path, line in lines]
        self._unique(uses, "{} is there already")

    def branches_of_outlets(self) -> None:
        numbers = self._said("branches", "number", default="")
        branches = {branch.number: branch for _, branch in self._found("branches#")}
        for path, number in self._found("outlets#.branch"):
            if str(number) not in numbers:
                self._error(path, f"there is no branch {number}")
        for path, outlet in self._found("outlets#"):
            branch = branches.get(outlet.branch)
            if branch is not None and branch.inlet != outlet.inlet:
                self._error(
                    f"{path}.branch",
                    f"branch {branch.number} is fed by inlet {branch.inlet}, "
                    f"this outlet by inlet {outlet.inlet}",
                )

    def metering_points(self) -> None:
        points = self._found("meters#.currents#.feeds") + self._found("meters#.channels.[^.]+")
        points += [
            (path, Target(TargetKind.RESIDUAL, inlet))
            for path, inlet in self._found("meters#.residuals#.inlet")
        ]
        self._unique(points, "{} is metered twice")
        numbers = {
            TargetKind.INLET: self._said("inlets", "number", default="1"),
            TargetKind.RESIDUAL: self._said("inlets", "number", default="1"),
            TargetKind.LINE: self._said("lines", "number", default=""),
            TargetKind.BRANCH: self._said("branches", "number", default=""),
            TargetKind.OUTLET: self._said("outlets", "number", default=""),
        }
        for path, target in points:
            if target.kind not in numbers:
                self._error(
                    path,
                    f"{target} is not metered; expected an inlet, its residual current, "
                    "a line, branch or outlet",
                )
            elif str(target.index) not in numbers[target.kind]:
                what = target
                if target.kind is TargetKind.RESIDUAL:
                    what = Target(TargetKind.INLET, target.index)
                self._error(path, f"there is no {what}")

    def converter_channels(self) -> None:
        for path, _ in self._found("meters#"):
            here = path.replace("[", r"\[").replace("]", r"\]")
            channels = self._found(f"{here}.voltage.channel")
            channels += self._found(f"{here}.other_voltages#.channel")
            channels += self._found(f"{here}.currents#.channel")
            self._unique(channels, "channel {} is used twice")

    def meter_channels(self) -> None:
        for path, meter in self._found("meters#"):
            names = getattr(registry.driver_class("meters", meter.driver), "channel_names", ())
            if isinstance(meter.wiring, CountingWiring) and names:
                for name in sorted(meter.wiring.channels.keys() - set(names)):
                    hint = nearest(name, names) or f"; it has {', '.join(names)}"
                    self._error(
                        f"{path}.channels.{name}", f"{meter.driver} has no channel {name!r}{hint}"
                    )
