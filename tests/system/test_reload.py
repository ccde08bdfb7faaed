# SPDX-License-Identifier: Apache-2.0
"""`openpdu reload` and SIGHUP on a running agent: all of the file or nothing, and no relay."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.peers import require_terminals
from tests.system.demo_process import ROOT, free_port

BODY = """\
schema: 1
state_dir: {folder}/state
runtime_dir: {folder}/run
snmp: {{listen: ['127.0.0.1:{port}']}}
http: {{listen: ''}}
simulator: {{relay_log: {folder}/relays.log}}
device: {{name: strip}}
relays: [{{name: main, driver: mcp23008, bus: sim}}]
meters:
  - name: power
    driver: ads130e08
    bus: sim:0
    voltage: {{channel: 1, divider: 200}}
    currents: [{{channel: 2, feeds: inlet 1}}, {{channel: 3, feeds: outlet 1}}]
outlets:
  - {{number: 1, name: web, relay: main.0}}
  - {{number: 2, relay: main.1}}
"""

LIMIT_S = 60.0


class Unit:
    """One `openpdu run` and what it is asked through its socket."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "openpdu.yaml"
        self.body = BODY.format(folder=folder, port=free_port(socket.SOCK_DGRAM))
        self.write(self.body)
        self.log = (folder / "log").open("w+b")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pdu_agent", "run", "--config", str(self.config)],
            cwd=ROOT,
            stderr=self.log,
        )
        try:
            # A command is a process as well: not before there is somebody to answer it.
            self.wait((folder / "run" / "api.sock").exists)
            self.wait(lambda: self.ask("status")[0] == 0)
        except BaseException:
            self.stop()
            raise

    def write(self, text: str) -> None:
        self.config.write_text(text, encoding="utf-8")

    def ask(self, *words: str) -> tuple[int, Any]:
        """Exit code and JSON of a command."""
        done = subprocess.run(
            [sys.executable, "-m", "pdu_agent", *words, "--json"],
            cwd=ROOT,
            capture_output=True,
            check=False,
            env={**os.environ, "OPENPDU_SOCKET": str(self.folder / "run" / "api.sock")},
        )
        return done.returncode, json.loads(done.stdout or b"null")

    def status(self) -> Any:
        return self.ask("status")[1]

    def moves(self) -> list[str]:
        """Outlet and value of each relay that moved."""
        file = self.folder / "relays.log"
        lines = file.read_text(encoding="ascii").splitlines() if file.exists() else []
        return [line.split(" ", 1)[1] for line in lines]

    def said(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8")

    def wait(self, condition: Callable[[], object]) -> None:
        end_s = time.monotonic() + LIMIT_S
        while not condition():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < end_s, self.said()
            time.sleep(0.1)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    require_terminals()
    started = Unit(tmp_path)
    yield started
    started.stop()


def test_a_file_is_put_in_force_as_a_whole_or_not_at_all(unit: Unit) -> None:
    unit.ask("on", "all", "--wait")
    assert unit.ask("off", "2", "--delay", "600")[0] == 0
    moves, before = unit.moves(), unit.status()

    unit.write(unit.body.replace("strip", "rack").replace("name: web", "name: db, off_delay_s: 9"))
    code, answer = unit.ask("reload")
    assert (code, answer["reloaded"]) == (0, True)
    after = unit.status()
    assert after["device"]["name"] == "rack"
    assert (after["outlets"][0]["name"], after["outlets"][0]["off_delay_s"]) == ("db", 9)
    assert 500 < after["outlets"][1]["pending"]["in_s"] < 600
    assert after["outlets"][0]["switch_count"] == before["outlets"][0]["switch_count"]

    unit.write(unit.body.replace("strip", "rack 2").replace("off_delay_s", "of_delay_s") + "x: 1\n")
    code, answer = unit.ask("reload")
    assert (code, answer["code"]) == (78, "configuration")
    assert "openpdu.yaml:" in answer["detail"]

    unit.write(unit.body.replace("strip", "rack 3").replace("main.1", "main.5"))
    code, answer = unit.ask("reload")
    assert code == 78
    assert "outlets 2 relay" in answer["detail"]
    assert "restart" in answer["detail"]
    assert unit.status()["device"]["name"] == "rack"
    assert unit.moves() == moves

    entries = unit.ask("audit", "--config", str(unit.config))[1]["entries"]
    reloads = [entry for entry in entries if entry.get("asked") == "reload the configuration"]
    told = [entry["result"] for entry in reloads]
    assert sorted(told) == ["changed", "refused", "refused"]
    assert unit.ask("audit", "verify", "--config", str(unit.config))[0] == 0


def test_a_hang_up_reads_it_too(unit: Unit) -> None:
    unit.write(unit.body.replace("strip", "rack"))
    unit.process.send_signal(signal.SIGHUP)
    unit.wait(lambda: unit.status()["device"]["name"] == "rack")
    unit.write("schema: [\n")
    unit.process.send_signal(signal.SIGHUP)
    unit.wait(lambda: "the configuration stays as it was" in unit.said())
    assert unit.status()["device"]["name"] == "rack"


AUTOMATA = """\
plans: [{name: noon, outlets: [1], action: off, at: [12:00]}]
rules: [{name: gone, when: {host: box}, then: [{alarm: warning}]}]
hosts: [{name: box, address: 127.0.0.1, probe: tcp, port: 9}]
caps: [{number: 1, limit_w: 100000}]
hooks:
  - name: slow
    kind: command
    command: [/bin/sh, -c, 'until [ -e "$0" ]; do sleep 0.1; done', FOLDER/go]
    time_limit_s: 120
"""


def test_what_thinks_comes_and_goes_while_a_hook_runs_and_no_relay_moves(unit: Unit) -> None:
    unit.ask("on", "all", "--wait")
    moves, energy = unit.moves(), unit.status()["outlets"][0]["meter"]["energy_wh"]
    automata = AUTOMATA.replace("FOLDER", str(unit.folder))
    unit.write(unit.body.replace("name: web", "name: web, before_off: slow") + automata)
    assert unit.ask("reload")[0] == 0
    assert [hook["name"] for hook in unit.ask("hooks")[1]["hooks"]] == ["slow"]
    assert [rule["name"] for rule in unit.ask("rules")[1]["rules"]] == ["gone"]
    assert unit.ask("off", "1")[0] == 0
    for wrong in ("at: [25:00]", "at: [12:00], group: 9", "cron: never"):
        unit.write(unit.body + automata.replace("at: [12:00]", wrong))
        assert unit.ask("reload")[0] == 78
    unit.write(unit.body)
    assert unit.ask("reload")[0] == 0
    assert (unit.ask("hooks")[1]["hooks"], unit.ask("rules")[1]["rules"]) == ([], [])
    assert unit.moves() == moves
    assert unit.status()["outlets"][0]["stopping"] == "shutting down: hook slow runs"
    (unit.folder / "go").touch()
    unit.wait(lambda: unit.status()["outlets"][0]["state"] == "off")
    assert unit.moves() == [*moves, "1 0"]
    assert unit.status()["outlets"][0]["meter"]["energy_wh"] >= energy
