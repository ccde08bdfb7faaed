# SPDX-License-Identifier: Apache-2.0
"""A manager sets a cap, the load rises, outlets go and return: all of it through the sockets."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.peers import require
from tests.system.demo_process import BASE, ROOT, free_port
from tests.system.test_graceful_off import Unit

pytestmark = pytest.mark.peer

SECRETS = "schema: 1\ncommunities:\n  - {name: ops, community: public, rights: write}\n"
SCRIPT = """\
- load: {of: outlet 1, watts: 150}
- load: {of: outlet 2, watts: 120}
- load: {of: outlet 3, watts: 80}
- load: {of: outlet 4, watts: 60}
- load: {of: outlet 5, watts: 30}
- load: {of: outlet 6, watts: 0}
- load: {of: outlet 7, watts: 0}
- load: {of: outlet 8, watts: 0}
- {at: 14s, load: {of: outlet 1, watts: 255}}
- {at: 20s, load: {of: outlet 1, watts: 60}}
"""
LIMIT = f"{BASE}.1.10.1.1.6.1"  # in thousandths of a watt


def configured(folder: Path, snmp_port: int, trap_port: int) -> str:
    text = (ROOT / "etc" / "openpdu.yaml").read_text(encoding="utf-8")
    text = text.replace("{", "{{").replace("}", "}}")
    cap = "caps:\n- {{number: 1, limit_w: 1000, margin: 20, restore_after_s: 2}}"
    target = f"targets: [{{{{name: nms, address: '127.0.0.1:{trap_port}', credential: ops}}}}]"
    changes = {
        "caps: []": cap,
        "targets: []": target,
        "- 127.0.0.1:1161 ": f"- 127.0.0.1:{snmp_port} ",
        'credentials: ""': "credentials: secrets.yaml",
        "listen: 127.0.0.1:8080": "listen: ''",
        'relay_log: ""': "relay_log: {folder}/relays.log",
        'script: ""': "script: rising.yaml",
    }
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new, 1)
    for number, priority in {1: 1, 2: 2, 3: 3, 4: 4, 5: 4}.items():
        old = f"relay: main.{number - 1}, receptacle: C13"
        text = text.replace(old, f"{old}, expected_w: 30, priority: {priority}")
    lines = [
        line for line in text.splitlines() if not line.startswith(("state_dir", "runtime_dir"))
    ]
    return "\n".join([*lines, f"state_dir: {folder}/state", f"runtime_dir: {folder}/run", ""])


@pytest.fixture
def traps() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(0.5)
        yield receiver


def moved(unit: Unit) -> list[tuple[int, int]]:
    lines = (unit.folder / "relays.log").read_text(encoding="utf-8").splitlines()
    return [(int(line.split()[1]), int(line.split()[2])) for line in lines]


def until(is_so: Callable[[], bool], unit: Unit, within_s: float = 40.0) -> None:
    end_s = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < end_s, (unit.folder / "log").read_text(encoding="utf-8")
        time.sleep(0.1)


def test_a_manager_limits_the_power_and_outlets_go_and_return(
    tmp_path: Path, traps: socket.socket
) -> None:
    require("snmpset")
    port = free_port(socket.SOCK_DGRAM)
    (tmp_path / "rising.yaml").write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "secrets.yaml").write_text(SECRETS, encoding="utf-8")
    (tmp_path / "secrets.yaml").chmod(0o600)
    unit = Unit(tmp_path, configured(tmp_path, port, traps.getsockname()[1]))
    try:
        until(lambda: len(moved(unit)) >= 8, unit)  # all of them are on
        here = f"127.0.0.1:{port}"
        command = ["snmpset", "-v2c", "-c", "public", here, LIMIT, "u", "500000"]
        done = subprocess.run(command, capture_output=True, check=False, env={"MIBS": ""})
        assert done.returncode == 0, done.stderr
        assert "500 W" in unit.ask("cap").stdout
        until(lambda: (4, 0) in moved(unit), unit)
        why = unit.ask("why", "4").stdout
        assert "cap 1" in why
        assert "cap 500 W" in why
        assert "returns when unit 1 is below" in why
        until(lambda: moved(unit)[-1] == (4, 1), unit)
        assert moved(unit)[8:] == [(4, 0), (4, 1)]
        assert "(safety cap 1" in (tmp_path / "log").read_text(encoding="utf-8")
        assert sum(b"cap 1" in datagram for datagram in received(traps)) >= 1
    finally:
        unit.close()


def received(traps: socket.socket) -> list[bytes]:
    found = []
    try:
        while True:
            found.append(traps.recv(65535))
    except TimeoutError:
        return found
