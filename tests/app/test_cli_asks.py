# SPDX-License-Identifier: Apache-2.0
"""At a terminal the CLI asks before it takes power away; anywhere else it never asks."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from pdu_agent.app import exits
from pdu_agent.app.commands.asking import SHOWN, confirmed
from pdu_agent.model.commands import Action, Lock, SetLock, SwitchAll, SwitchGroup, SwitchOutlet
from tests.peers import require_terminals
from tests.web.fake_agent import RunningAgent, running_agent

LIMIT_S = 20.0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    with running_agent(tmp_path_factory.mktemp("cli")) as agent:
        yield agent


@pytest.fixture
def agent(running: RunningAgent) -> RunningAgent:
    running.controller.reset()
    return running


def submitted(agent: RunningAgent) -> list[object]:
    return [command for batch, _ in agent.controller.batches for command in batch]


def at_terminal(agent: RunningAgent, typed: str, *arguments: str) -> tuple[int, str]:
    """Exit code, and what the terminal showed. typed: once the CLI has asked; "": it must not."""
    require_terminals()
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pdu_agent.app.cli", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={"PATH": os.environ["PATH"], "OPENPDU_SOCKET": str(agent.socket_path)},
    )
    os.close(theirs)
    shown = b""
    end_s = time.monotonic() + LIMIT_S
    try:
        while time.monotonic() < end_s:
            if not select.select([ours], [], [], 0.1)[0]:
                continue
            try:
                piece = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            shown += piece
            if typed and b"[y/N]" in shown:
                os.write(ours, typed.encode())
                typed = ""
        return process.wait(max(0.1, end_s - time.monotonic())), shown.decode()
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@pytest.mark.parametrize("answer", ["y\n", "YES\n"])
def test_a_yes_switches_off(agent: RunningAgent, answer: str) -> None:
    code, shown = at_terminal(agent, answer, "off", "1")
    assert code == 0
    assert "outlet 1 web: on, " in shown
    assert " W now" in shown
    assert "Switch off outlet 1 web? [y/N]" in shown
    assert submitted(agent) == [SwitchOutlet(1, Action.OFF)]


@pytest.mark.parametrize("answer", ["\n", "n\n", "yeah\n", "\x04"])
def test_anything_else_does_nothing(agent: RunningAgent, answer: str) -> None:
    code, shown = at_terminal(agent, answer, "cycle", "1")
    assert code == exits.REFUSED
    assert "openpdu: nothing was done" in shown
    assert submitted(agent) == []


def test_a_group_is_asked_about_by_its_name(agent: RunningAgent) -> None:
    code, shown = at_terminal(agent, "y\n", "off", "--group", "rack")
    assert code == 0
    assert "outlet 1 web: on, " in shown
    assert "locked on" in shown
    assert "Switch off group 1 rack? [y/N]" in shown
    assert submitted(agent) == [SwitchGroup(1, Action.OFF)]


def test_all_outlets_are_asked_about_whatever_is_done_to_them(agent: RunningAgent) -> None:
    code, shown = at_terminal(agent, "y\n", "on", "all")
    assert code == 0
    assert "Switch on all outlets? [y/N]" in shown
    assert "together, " in shown
    assert submitted(agent) == [SwitchAll(Action.ON)]


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["off", "1", "--yes"], SwitchOutlet(1, Action.OFF)),
        (["off", "all", "-y"], SwitchAll(Action.OFF)),
        (["off", "1", "--json"], SwitchOutlet(1, Action.OFF)),
        (["on", "3"], SwitchOutlet(3, Action.ON)),
        (["off", "3"], SwitchOutlet(3, Action.OFF)),
        (["lock", "1"], SetLock(1, Lock.LOCKED_ON)),
    ],
)
def test_what_is_not_asked_about(
    agent: RunningAgent, arguments: list[str], command: object
) -> None:
    code, shown = at_terminal(agent, "", *arguments)
    assert code == 0
    assert "[y/N]" not in shown
    assert submitted(agent) == [command]


def test_without_a_terminal_nothing_is_asked(agent: RunningAgent) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pdu_agent.app.cli", "off", "all"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
        env={"PATH": os.environ["PATH"], "OPENPDU_SOCKET": str(agent.socket_path)},
    )
    assert (done.returncode, b"[y/N]" in done.stdout) == (0, False)
    assert submitted(agent) == [SwitchAll(Action.OFF)]


def test_of_many_outlets_only_the_first_are_listed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdin, "readline", lambda: "n\n")
    rows = [
        {
            "number": number,
            "name": "",
            "switched": True,
            "state": "on",
            "lock": "unlocked",
            "meter": {"active_power_w": 10.0},
        }
        for number in range(1, 65)
    ]
    assert not confirmed("off", ["all"], rows)
    lines = capsys.readouterr().out.splitlines()
    assert lines[SHOWN:] == [
        f"  and {64 - SHOWN} more",
        "  together, 640 W now",
        "Switch off all outlets? [y/N] ",
    ]
