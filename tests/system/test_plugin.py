# SPDX-License-Identifier: Apache-2.0
"""A driver from a package of its own: installed, checked, and switching a board's relays."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pdu_agent.hw.sim.terminal import SimTerminal
from tests.peers import require_terminals

REPOSITORY = Path(__file__).parents[2]
PACKAGE = REPOSITORY / "contrib" / "openpdu-devantech"
DEADLINE_S = 60.0
CONFIG = """\
schema: 1
state_dir: {folder}/state
runtime_dir: {folder}/run
snmp: {{listen: []}}
http: {{listen: ""}}
relays: [{{name: usb, driver: devantech, bus: {port}, relay_count: 4}}]
outlets: [{{number: 1, relay: usb.0}}, {{number: 2, relay: usb.3}}]
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pip put the package, and nothing else."""
    folder = tmp_path_factory.mktemp("plugin")
    source = folder / "source"
    source.mkdir()
    for file in PACKAGE.iterdir():  # pip builds beside what it is given
        if file.is_file():
            (source / file.name).write_bytes(file.read_bytes())
    target = folder / "site"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    options = ["--no-deps", "--no-build-isolation", "--target", str(target), str(source)]
    done = subprocess.run([*pip, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


class Board:
    """The other end of the line: eight relays that obey single bytes."""

    def __init__(self, link: Path) -> None:
        self.relays = 0
        self.heard: list[int] = []
        self._terminal = SimTerminal(link)
        self._terminal.plug()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(DEADLINE_S)
        self._terminal.unplug()

    def _run(self) -> None:
        while not self._stop.is_set():
            for byte in self._terminal.hear(0.05):
                self._obey(byte)

    def _obey(self, byte: int) -> None:
        if byte == 0x5B:
            self._terminal.say(bytes([self.relays]))
            return
        self.heard.append(byte)
        if 0x65 <= byte <= 0x6C:
            self.relays |= 1 << byte - 0x65
        elif 0x6F <= byte <= 0x76:
            self.relays &= ~(1 << byte - 0x6F)


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    require_terminals()
    made = Board(tmp_path / "ttyRLY")
    yield made
    made.close()


@contextlib.contextmanager
def agent(config: Path, environ: dict[str, str]) -> Iterator[None]:
    command = [sys.executable, "-m", "pdu_agent", "run", "--config", str(config)]
    with (config.parent / "log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, env=environ, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            assert process.wait(DEADLINE_S) == 0


def until(done: Callable[[], bool]) -> None:
    end_s = time.monotonic() + DEADLINE_S
    while not done():
        assert time.monotonic() < end_s
        time.sleep(0.05)


def openpdu(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pdu_agent", *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


def test_installed_driver_switches_the_boards_relays(installed: Path, board: Board, tmp_path: Path):
    config = tmp_path / "openpdu.yaml"
    config.write_text(CONFIG.format(folder=tmp_path, port=tmp_path / "ttyRLY"), encoding="utf-8")
    socket = tmp_path / "run" / "api.sock"
    path = f"{installed}:{REPOSITORY}"
    environ = {**os.environ, "PYTHONPATH": path, "OPENPDU_SOCKET": str(socket)}
    with agent(config, environ):
        until(socket.exists)
        done = openpdu(environ, "off", "1", "2", "--wait")
        assert done.returncode == 0, done.stderr
        done = openpdu(environ, "on", "2", "--wait")
        assert done.returncode == 0, done.stderr
        until(lambda: board.relays == 0b1000)
        status = json.loads(openpdu(environ, "status", "--json").stdout)
    assert [outlet["state"] for outlet in status["outlets"]] == ["off", "on"]
    assert board.relays == 0b1000  # stopping the agent moves nothing
    assert set(board.heard) <= {0x68, 0x6F, 0x72}


def test_settings_of_an_installed_driver_are_checked(installed: Path, tmp_path: Path):
    config = tmp_path / "openpdu.yaml"
    text = CONFIG.format(folder=tmp_path, port="/dev/ttyACM0")
    config.write_text(text.replace("relay_count: 4", "relay_count: 9"), encoding="utf-8")
    environ = {**os.environ, "PYTHONPATH": f"{installed}:{REPOSITORY}"}
    done = openpdu(environ, "check", str(config))
    assert done.returncode == 78
    assert "relays[usb].relay_count" in done.stdout or "relays[0].relay_count" in done.stdout
    assert "openpdu.yaml:6:" in done.stdout


def test_driver_of_a_package_that_is_not_installed_is_unknown(tmp_path: Path):
    config = tmp_path / "openpdu.yaml"
    config.write_text(CONFIG.format(folder=tmp_path, port="/dev/ttyACM0"), encoding="utf-8")
    done = openpdu(dict(os.environ), "check", str(config))
    assert done.returncode == 78
    assert "no driver is called 'devantech'" in done.stdout
