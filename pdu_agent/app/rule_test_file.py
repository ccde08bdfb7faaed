# SPDX-License-Identifier: Apache-2.0
"""The file of a test of rules: what it may say, held against the unit that it is for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pdu_agent.app.config import yaml12
from pdu_agent.app.config.checker import Checker
from pdu_agent.app.config.load import ConfigErrors
from pdu_agent.app.config.tree import Place, Problems
from pdu_agent.app.rule_test_world import World
from pdu_agent.core.rules.settings import HostSettings
from pdu_agent.core.settings import CoreSettings
from pdu_agent.model.control import RuleState
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.settings import setting

LONGEST_S = 31 * 86_400
OUTLET = re.compile(r"outlet ([1-9][0-9]?)")
DOES = ("on", "off", "reboot", "lock on", "lock off", "unlock")
_ON_OFF = ("on", "off")
_EXPECTED = {
    "rule": tuple(each.value for each in RuleState),
    "alarm": ("raised", "none"),
    "fired": (),
}


@dataclass(frozen=True, slots=True)
class StepSettings:
    """One entry of `steps`. set: what is measured from then on. do: what a person does."""

    at_s: float = setting(minimum=0, maximum=LONGEST_S, doc="since the beginning")
    set: dict[str, str] = setting(default_factory=dict)
    do: dict[str, str] = setting(default_factory=dict)
    expect: dict[str, str] = setting(default_factory=dict)
    by: str = setting("", max_length=64, doc="who changed the expected outlets last")


@dataclass(frozen=True, slots=True)
class RuleTestSettings:
    """given: how outlets stand and what is measured at the beginning."""

    steps: tuple[StepSettings, ...] = setting(max_length=1000)
    given: dict[str, str] = setting(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RuleTest:
    """A file that makes sense. place(path): where something of it stands."""

    settings: RuleTestSettings
    checker: Checker

    def place(self, path: str) -> Place:
        return self.checker.place(path)


def read_test(path: Path, core: CoreSettings, hosts: tuple[HostSettings, ...]) -> RuleTest:
    """Raises ConfigErrors with the place of everything that is wrong."""
    problems = Problems()
    checker = Checker(problems)
    settings = _read(path, checker, problems)
    if settings is not None:
        for where, text in _complaints(settings, World(core, hosts), core):
            problems.error(checker.place(where), f"{where}: {text}")
    if settings is None or problems.errors:
        raise ConfigErrors([str(problem) for problem in problems.in_order()])
    return RuleTest(settings, checker)


def _read(path: Path, checker: Checker, problems: Problems) -> RuleTestSettings | None:
    try:
        with path.open("rb") as file:
            raw = file.read(yaml12.MAX_FILE_BYTES + 1)
    except OSError as exc:
        problems.error(Place(str(path)), f"cannot be read: {exc.strerror}")
        return None
    root = yaml12.parse(raw, str(path), problems)
    return checker.record(RuleTestSettings, root) if root is not None else None


def _complaints(
    test: RuleTestSettings, world: World, core: CoreSettings
) -> Iterator[tuple[str, str]]:
    for key, value in test.given.items():
        if OUTLET.fullmatch(key):
            yield from _outlet(f"given.{key}", key, value, _ON_OFF, core)
        else:
            yield from _measured(f"given.{key}", key, value, world)
    before_s = 0.0
    for number, step in enumerate(test.steps):
        path = f"steps[{number}]"
        if step.at_s < before_s:
            yield f"{path}.at_s", f"{step.at_s:g} is before the step above, {before_s:g}"
        before_s = max(before_s, step.at_s)
        for key, value in step.set.items():
            yield from _measured(f"{path}.set.{key}", key, value, world)
        for key, value in step.do.items():
            yield from _outlet(f"{path}.do.{key}", key, value, DOES, core)
        for key, value in step.expect.items():
            yield from _expected(f"{path}.expect.{key}", key, value, core)


def _measured(path: str, key: str, value: str, world: World) -> Iterator[tuple[str, str]]:
    try:
        world.set(key, value)
    except ConfigError as exc:
        yield path, str(exc)


def _outlet(
    path: str, key: str, value: str, choices: tuple[str, ...], core: CoreSettings
) -> Iterator[tuple[str, str]]:
    match = OUTLET.fullmatch(key)
    if match is None or int(match[1]) not in {outlet.number for outlet in core.outlets}:
        yield path, f"there is no {key}"
    if value not in choices:
        yield path, f"{value!r}; expected one of {', '.join(choices)}"


def _expected(path: str, key: str, value: str, core: CoreSettings) -> Iterator[tuple[str, str]]:
    kind, _, name = key.partition(" ")
    if kind == "outlet":
        yield from _outlet(path, key, value, _ON_OFF, core)
    elif kind not in _EXPECTED or name not in {rule.name for rule in core.rules}:
        yield path, "expected outlet N, or rule, alarm or fired with the name of a rule"
    elif kind == "fired" and not value.isdecimal():
        yield path, f"{value!r}; expected how often it acted"
    elif kind != "fired" and value not in _EXPECTED[kind]:
        yield path, f"{value!r}; expected one of {', '.join(_EXPECTED[kind])}"
