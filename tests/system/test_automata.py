# SPDX-License-Identifier: Apache-2.0
"""Rules, plans and countdowns of the real agent: a host that dies, a hook that hangs, a kill."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.system.test_graceful_off import Unit

CONFIG = """\
schema: 1
state_dir: {{folder}}/state
runtime_dir: {{folder}}/run
snmp: {{{{listen: []}}}}
http: {{{{listen: ''}}}}
simulator: {{{{relay_log: {{folder}}/relays.log}}}}
relays: [{{{{name: main, driver: mcp23008, bus: sim}}}}]
outlets:
  - {{{{number: 1, relay: main.0, reboot_s: 1}}}}
  - {{{{number: 2, relay: main.1}}}}
  - {{{{number: 3, relay: main.2}}}}
hosts:
  - name: nas
    address: 127.0.0.1
    probe: tcp
    port: {port}
    interval_s: 1
    timeout_s: 0.5
hooks: [{{{{name: slow, kind: command, command: [/bin/sleep, "600"], time_limit_s: 1}}}}]
plans: [{{{{name: backup, hook: slow, at: [12:00]}}}}]
rules:
  - name: nas
    when: {{{{host: nas, failures: 2, boot_s: 0}}}}
    then: [{{{{switch: reboot, outlets: [1]}}}}]
"""


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(200)
        yield server


@pytest.fixture
def unit(tmp_path: Path, server: socket.socket) -> Iterator[Unit]:
    started = Unit(tmp_path, CONFIG.format(port=server.getsockname()[1]))
    assert started.ask("on", "all", "--wait").returncode == 0
    yield started
    started.close()


def opened(unit: Unit, outlet: int) -> int:
    lines = (unit.folder / "relays.log").read_text(encoding="utf-8").splitlines()
    return sum(line.split()[1:] == [str(outlet), "0"] for line in lines)


def until(is_so: Callable[[], bool], within_s: float = 30.0) -> None:
    end_s = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < end_s
        time.sleep(0.1)


def events(unit: Unit) -> str:
    return unit.ask("events").stdout


def test_what_happens_without_a_person(unit: Unit, server: socket.socket) -> None:
    """A host that dies is cycled once; a plan's hook that hangs is ended, told, and moves nothing;
    a countdown outlives a kill.
    """
    assert unit.ask("schedule", "run", "backup").returncode == 0
    time.sleep(3)  # the watchdog has had its first answer
    assert opened(unit, 1) == 0
    server.close()
    until(lambda: opened(unit, 1) == 1)
    until(lambda: bool(unit.outlet(1)["relay_closed"]))
    time.sleep(4)
    assert opened(unit, 1) == 1
    assert "rule nas" in events(unit)
    assert "hook slow failed" in unit.ask("schedule", "log").stdout
    assert opened(unit, 2) == opened(unit, 3) == 0

    assert unit.ask("timer", "3", "off", "8s").returncode == 0
    unit.process.send_signal(signal.SIGKILL)
    unit.process.wait(10)
    config = unit.folder / "openpdu.yaml"
    text = config.read_text(encoding="utf-8")
    again = Unit(unit.folder, text.replace("{", "{{").replace("}", "}}"))
    unit.process = again.process
    unit.log.close()
    unit.log = again.log
    until(lambda: not unit.outlet(3)["relay_closed"])
    assert "a countdown has ended" in unit.ask("why", "3").stdout
    assert json.loads(unit.ask("status", "1", "--json").stdout)["relay_closed"]
