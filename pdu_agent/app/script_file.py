# SPDX-License-Identifier: Apache-2.0
"""A script of the simulator from its YAML file, held against the board that it is for.

Those that come with OpenPDU go by their name alone, `welded-relay`, wherever it is installed.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from pdu_agent.app.config import yaml12
from pdu_agent.app.config.checker import Checker
from pdu_agent.app.config.load import ConfigErrors
from pdu_agent.app.config.tree import Entry, ListNode, MapNode, Place, Problems
from pdu_agent.hw.sim.actions import duration_s
from pdu_agent.hw.sim.board import SimulatedBoard
from pdu_agent.hw.sim.script import Script, backwards


def shipped_scripts() -> tuple[str, ...]:
    """Names of the scripts that come with OpenPDU, sorted."""
    files = resources.files("pdu_agent.app").joinpath("scripts").iterdir()
    return tuple(sorted(file.name[:-5] for file in files if file.name.endswith(".yaml")))


def load_script(name: str, board: SimulatedBoard) -> Script:
    """name: a shipped script, or a file. Raises ConfigErrors with the place of everything that is
    wrong.
    """
    problems = Problems()
    script = script_for(name, board, problems)
    if script is None or problems.errors:
        raise ConfigErrors([str(problem) for problem in problems.in_order()])
    return script


def script_for(name: str, board: SimulatedBoard, problems: Problems) -> Script | None:
    """Like `load_script`, with complaints of a script that can be read in `problems`."""
    found = _read(name, Place(name), problems)
    if found is None:
        return None
    _compare(*found, board, problems)
    return found[0]


def script_path(name: str, folder: Path) -> str:
    """name: a shipped script, which stays as it is, or a file relative to `folder`."""
    return name if name in shipped_scripts() else str(folder / name)


def machines_in(name: str) -> frozenset[int]:
    """The outlets that get a machine which can be told to shut down; none of a script that is
    wrong.
    """
    found = _read(name, Place(name), Problems()) if name else None
    steps = found[0].steps if found is not None else ()
    return frozenset(step.machine.of.index for step in steps if step.machine is not None)


def upses_in(name: str) -> tuple[str, ...]:
    """Names of the UPSes that the script is about, sorted; none of a script that is wrong."""
    found = _read(name, Place(name), Problems()) if name else None
    steps = found[0].steps if found is not None else ()
    return tuple(sorted({step.ups.name for step in steps if step.ups is not None}))


def check_script(name: str, place: Place, problems: Problems) -> None:
    """Report all that can be judged without a board. place: of the name, for a missing file."""
    _read(name, place, problems)


def _file_of(name: str) -> Path:
    if name in shipped_scripts():
        return Path(str(resources.files("pdu_agent.app").joinpath("scripts", f"{name}.yaml")))
    return Path(name)


def _read(name: str, place: Place, problems: Problems) -> tuple[Script, Checker] | None:
    path = _file_of(name)
    try:
        with path.open("rb") as file:
            raw = file.read(yaml12.MAX_FILE_BYTES + 1)
    except OSError as exc:
        known = ", ".join(shipped_scripts())
        text = f"script {name} cannot be read: {exc.strerror}; expected a file, or one of {known}"
        problems.error(place, text)
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
    if script is None:
        return None
    for number, wrong_time in backwards(script.steps):
        step = f"steps[{number}].at"
        problems.error(checker.place(step), f"{step}: {wrong_time}")
    return script, checker


def _compare(script: Script, checker: Checker, board: SimulatedBoard, problems: Problems) -> None:
    """Does the board have what each step is about?"""
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
    "steps.machine.takes",
    "steps.mains.lasting",
    "steps.mains.over",
    "steps.bus.stall",
    "steps.device.stall",
)
