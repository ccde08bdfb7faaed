# SPDX-License-Identifier: Apache-2.0
"""Graceful off of the real agent: real hooks, and loads of the simulator that end or hang."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.demo_process import ROOT

CONFIG = """\
schema: 1
state_dir: {folder}/state
runtime_dir: {folder}/run
snmp: {{listen: []}}
http: {{listen: ''}}
simulator: {{relay_log: {folder}/relays.log, script: loads.yaml}}
relays: [{{name: main, driver: mcp23008, bus: sim}}]
meters:
  - name: power
    driver: ads130e08
    bus: sim:0
    voltage: {{channel: 1, divider: 200}}
    currents: [{{channel: 2, feeds: outlet 1}}, {{channel: 3, feeds: outlet 2}}]
hooks:
  - {{name: bye, kind: command, command: [/bin/sh, {folder}/bye.sh]}}
  - {{name: broken, kind: command, command: [/bin/false]}}
  - {{name: slow, kind: command, command: [/bin/sleep, "600"], time_limit_s: 600}}
outlets:
  - number: 1
    name: NAS
    relay: main.0
    before_off: bye
    after_off: bye
    graceful: {{idle_below_w: 5, idle_for_s: 1, time_limit_s: 40}}
  - number: 2
    relay: main.1
    graceful: {{idle_below_w: 5, idle_for_s: 1, time_limit_s: 3}}
  - {{number: 3, relay: main.2, before_off: broken}}
  - {{number: 4, relay: main.3, before_off: slow}}
"""
LOADS = """\
- at: 0s
  load: {of: outlet 1, watts: 41}
- at: 0s
  load: {of: outlet 2, watts: 38}
- at: 10s
  load: {of: outlet 1, watts: 2}
"""
BYE = 'echo "$OPENPDU_MOMENT $OPENPDU_OUTLET $OPENPDU_OUTLET_NAME" >> "${0%/*}/said"\n'


class Unit:
    """One `openpdu run` and what it is asked through its socket."""

    def __init__(self, folder: Path, text: str = CONFIG) -> None:
        self.folder = folder
        config = folder / "openpdu.yaml"
        config.write_text(text.format(folder=folder), encoding="utf-8")
        (folder / "loads.yaml").write_text(LOADS, encoding="utf-8")
        (folder / "bye.sh").write_text(BYE, encoding="utf-8")
        self.log = (folder / "log").open("w+b")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pdu_agent", "run", "--config", str(config)],
            cwd=ROOT,
            stderr=self.log,
        )
        try:
            self._await_answer()
        except BaseException:
            self.process.kill()
            self.process.wait()
            self.log.close()
            raise

    def _await_answer(self) -> None:
        end_s = time.monotonic() + 60
        # A command is a process as well: not before there is somebody to answer it.
        while not (self.folder / "run" / "api.sock").exists() or self.ask("status").returncode:
            assert time.monotonic() < end_s, (self.folder / "log").read_text(encoding="utf-8")
            time.sleep(0.1)

    def ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pdu_agent", *words],
            cwd=ROOT,
            capture_output=True,
            check=False,
            encoding="utf-8",
            env={**os.environ, "OPENPDU_SOCKET": str(self.folder / "run" / "api.sock")},
        )

    def outlet(self, number: int) -> dict[str, Any]:
        row: dict[str, Any] = json.loads(self.ask("status", str(number), "--json").stdout)
        return row

    def close(self) -> float:
        """Seconds that it takes to stop."""
        began_s = time.monotonic()
        self.process.terminate()
        assert self.process.wait(30) == 0
        self.log.close()
        return time.monotonic() - began_s


@pytest.fixture(scope="module")
def unit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unit]:
    started = Unit(tmp_path_factory.mktemp("graceful"))
    yield started
    if started.process.poll() is None:
        started.close()


def test_all_of_them_start_closed(unit: Unit) -> None:
    assert unit.ask("on", "all", "--wait").returncode == 0


def test_a_load_that_hangs_stays_on_and_the_command_says_why(unit: Unit) -> None:
    done = unit.ask("off", "2", "--wait", "--yes")
    assert done.returncode == 7, done.stdout + done.stderr
    assert "W, waits for under 5 W for 1 s" in done.stdout
    assert "W after 3 s; not switched off" in done.stderr
    assert unit.outlet(2)["relay_closed"]


def test_a_hook_that_fails_leaves_it_on(unit: Unit) -> None:
    done = unit.ask("off", "3", "--wait", "--yes")
    assert done.returncode == 7
    assert "hook broken: exit status 1; not switched off" in done.stderr
    assert "hook broken: exit status 1" in unit.ask("why", "3").stdout


def test_a_load_that_ends_is_cut(unit: Unit) -> None:
    done = unit.ask("off", "1", "--wait", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    row = unit.outlet(1)
    assert (row["state"], row["relay_closed"]) == ("off", False)
    assert "it drew under 5 W for 1 s" in unit.ask("why", "1").stdout
    said = unit.folder / "said"
    end_s = time.monotonic() + 20
    while said.read_text(encoding="utf-8").count("\n") < 2 and time.monotonic() < end_s:
        time.sleep(0.05)
    assert said.read_text(encoding="utf-8") == "before off 1 NAS\nafter off 1 NAS\n"


def test_hooks_are_listed_with_what_became_of_them(unit: Unit) -> None:
    (bye, broken, slow) = json.loads(unit.ask("hooks", "--json").stdout)["hooks"]
    assert (bye["last"]["moment"], bye["last"]["error"]) == ("after off", "")
    assert broken["last"]["error"] == "exit status 1"
    assert slow["last"] is None
    assert "exit status 1" in unit.ask("hooks").stdout


def test_a_hook_can_be_tried(unit: Unit) -> None:
    config = str(unit.folder / "openpdu.yaml")
    dry = unit.ask("hooks", "test", "broken", "--config", config)
    assert (dry.returncode, dry.stdout) == (0, "hook broken would run, for 30 s: /bin/false\n")
    run = unit.ask("hooks", "test", "broken", "--config", config, "--yes")
    assert run.returncode == 1
    assert run.stderr == "openpdu: hook broken: failed: exit status 1\n"
    assert unit.ask("hooks", "test", "none", "--config", config).returncode == 4


def test_a_hook_that_runs_does_not_keep_the_agent_from_stopping(unit: Unit) -> None:
    assert unit.ask("off", "4", "--yes").returncode == 0
    assert unit.outlet(4)["stopping"] == "shutting down: hook slow runs"
    assert unit.close() < 15
    relays = (unit.folder / "relays.log").read_text(encoding="utf-8").splitlines()
    assert not [line for line in relays if line.split()[1:] == ["4", "0"]]
