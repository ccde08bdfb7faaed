# SPDX-License-Identifier: Apache-2.0
"""A script of the simulator from its YAML file, held against the board that it is for."""

from __future__ import annotations

from pathlib import Path

from pdu_agent.app.config import yaml12
from pdu_agent.app.config.checker import Checker
from pdu_agent.app.config.load import ConfigErrors
from pdu_agent.app.config.tree import Entry, ListNode, MapNode, Place, Problems
from pdu_agent.hw.sim.actions import duration_s
from pdu_agent.hw.sim.board import SimulatedBoard
from pdu_agent.hw.sim.script import Script, backwards


def load_script(path: Path, board: SimulatedBoard) -> Script:
    """Raises ConfigErrors with the place of everything that is wrong."""
    problems = Problems()
    script = _read(path, board, problems)
    if script is None or problems.errors:
        raise ConfigErrors([str(problem) for problem in problems.in_order()])
    return script


def _read(path: Path, board: SimulatedBoard, problems: Problems) -> Script | None:
    try:
        with path.open("rb") as file:
            raw = file.read(yaml12.MAX_FILE_BYTES + 1)
    except OSError as exc:
        problems.error(Place(str(path)), f"cannot be read: {exc.strerror}")
        return None
    root = yaml12.parse(raw, str(path), problems)
    if root is None:
        return None
    if not isinstance(root, ListNode):
        problems.error(root.place, "expected a list of steps, each after a dash")
        return None
    tree = MapNode(root.place, {"steps": Entry(root.place, root)})
    checker = Checker(problems, judges=dict.fromkeys(_TIMES, _time))
    script = checker.record(Script, tree)
    if script is not None:
        _compare(script, board, checker, problems)
    return script


def _compare(script: Script, board: SimulatedBoard, checker: Checker, problems: Problems) -> None:
    """Does each step come after the one above it, and is there on the board what it is about?"""
    for number, wrong_time in backwards(script.steps):
        path = f"steps[{number}].at"
        problems.error(checker.place(path), f"{path}: {wrong_time}")
    for number, step in enumerate(script.steps):
        wrong = getattr(step, step.name).check(board) if step.name else None
        if wrong is not None:
            path = f"steps[{number}].{step.name}.{wrong[0]}"
            problems.error(checker.place(path), f"{path}: {wrong[1]}")


def _time(text: str) -> None:
    if text:
        duration_s(text)


_TIMES = (
    "steps.at",
    "steps.after",
    "steps.every",
    "steps.wait",
    "steps.mains.lasting",
    "steps.mains.over",
    "steps.bus.stall",
    "steps.device.stall",
)
