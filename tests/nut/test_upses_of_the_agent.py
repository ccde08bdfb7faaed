# SPDX-License-Identifier: Apache-2.0
"""UPSes of a running agent: a change at a real upsd reaches every face, and rules act on it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.nut.dummy import DummyUps
from tests.nut.upsd import driver, running_upsd
from tests.peers import require
from tests.system.demo_process import ROOT, UnixConnection, free_port

pytestmark = pytest.mark.peer

WITHIN_S = 5.0
CHARGE = "1.3.6.1.2.1.33.1.2.4.0"
ON_BATTERY_S = "1.3.6.1.2.1.33.1.2.2.0"
BODY = """\
schema: 1
state_dir: {folder}/state
runtime_dir: {folder}/run
snmp: {{listen: ['127.0.0.1:{port}'], credentials: secrets.yaml}}
http: {{listen: ''}}
simulator: {{relay_log: {folder}/relays.log}}
relays: [{{name: main, driver: mcp23008, bus: sim}}]
outlets:
  - {{number: 1, relay: main.0, power_up: 'on'}}
  - {{number: 2, relay: main.1, power_up: 'on'}}
"""
UPSES = "upses: [{{name: rack, server: '{server}', poll_s: 0.5, stale_after_s: 2, inlets: [1]}}]\n"
RULE = """\
rules:
  - name: shed
    when: {ups: rack, flag: on_battery}
    then: [{switch: 'off', outlets: [2]}]
    otherwise: [{switch: 'on', outlets: [2]}]
"""
SECRETS = "schema: 1\ncommunities: [{name: reader, community: look}]\n"


class Unit:
    """One `openpdu run`, asked through its socket and over SNMP."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "openpdu.yaml"
        self.log = folder / "log"
        self.port = free_port(socket.SOCK_DGRAM)
        secrets = folder / "secrets.yaml"
        secrets.write_text(SECRETS, encoding="utf-8")
        secrets.chmod(0o600)

    def write(self, more: str) -> None:
        body = BODY.format(folder=self.folder, port=self.port)
        self.config.write_text(body + more, encoding="utf-8")

    @contextmanager
    def running(self) -> Iterator[Unit]:
        command = [sys.executable, "-m", "pdu_agent", "run", "--config", str(self.config)]
        with self.log.open("wb") as log, subprocess.Popen(command, cwd=ROOT, stderr=log) as process:
            self.process = process
            try:
                self.until(lambda: bool(self.get("status")), 30.0)
                yield self
            finally:
                process.send_signal(signal.SIGTERM)
                assert process.wait(30) == 0, self.log.read_text(encoding="utf-8")

    def get(self, path: str) -> Any:
        connection = UnixConnection(self.folder / "run" / "api.sock")
        try:
            connection.request("GET", f"/api/v1/{path}")
            return json.loads(connection.getresponse().read())
        except OSError:
            return None
        finally:
            connection.close()

    def ups(self) -> Any:
        return self.get("upses")["upses"][0]

    def flags(self) -> list[str]:
        return [each["flag"] for each in self.ups()["flags"]]

    def state(self, outlet: int) -> str:
        return str(self.get(f"outlets/{outlet}")["state"])

    def snmp(self, oid: str) -> str:
        result = subprocess.run(
            ["snmpget", "-v2c", "-c", "look", "-Oqv", f"127.0.0.1:{self.port}", oid],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=20,
            check=False,
            env={**os.environ, "MIBS": ""},
        )
        return result.stdout.strip()

    def cli(self, *words: str) -> str:
        result = subprocess.run(
            [sys.executable, "-m", "pdu_agent", *words],
            cwd=ROOT,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=30,
            check=False,
            env={**os.environ, "OPENPDU_SOCKET": str(self.folder / "run" / "api.sock")},
        )
        return result.stdout + result.stderr

    def until(self, condition: Callable[[], bool], limit_s: float = WITHIN_S) -> None:
        end_s = time.monotonic() + limit_s
        while not condition():
            assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
            assert time.monotonic() < end_s, self.log.read_text(encoding="utf-8")
            time.sleep(0.05)


def test_a_change_reaches_every_face_and_rules_act_on_it(tmp_path: Path) -> None:
    require("upsd", "dummy-ups", "snmpget")
    ups, unit = DummyUps(tmp_path), Unit(tmp_path)
    with running_upsd(tmp_path / "nut", {"rack": ups.section}) as server:
        unit.write(UPSES.format(server=server.address) + RULE)
        with driver(server, "dummy-ups", "rack"), unit.running():
            unit.until(lambda: unit.flags() == ["on line", "charging"], 20.0)
            ups.say({"battery.charge": "41"}, status="OB DISCHRG")
            unit.until(lambda: "on battery" in unit.flags())
            assert unit.ups()["charge_percent"] == 41.0
            unit.until(lambda: unit.snmp(CHARGE) == "41")
            unit.until(lambda: unit.snmp(ON_BATTERY_S) not in ("", "0"))
            unit.until(lambda: unit.state(2) == "off")
            assert "charge 41 %" in unit.cli("ups")
            assert "battery.charge: 41" in unit.cli("ups", "rack", "--variables")
            assert "there is no UPS 'rakc'" in unit.cli("ups", "rakc")
            assert "UPS rack: on battery" in unit.cli("status")
            kinds = [alarm["kind"] for alarm in unit.get("alarms")["alarms"]]
            assert kinds.count("ups on battery") == 1
            ups.say({"battery.charge": "44"}, status="OL CHRG")
            unit.until(lambda: unit.state(2) == "on")
            server.stop()
            unit.until(lambda: not unit.ups()["reachable"], 10.0)
            assert unit.ups()["charge_percent"] is None
            assert "NOT REACHABLE" in unit.cli("ups")
            assert unit.state(2) == "on"
            server.start()
            unit.until(lambda: unit.ups()["reachable"], 20.0)
            unit.until(lambda: not unit.get("alarms")["alarms"])


def test_a_reload_takes_upses_and_moves_no_relay(tmp_path: Path) -> None:
    require("upsd", "dummy-ups")
    ups, unit = DummyUps(tmp_path), Unit(tmp_path)
    with running_upsd(tmp_path / "nut", {"rack": ups.section}) as server:
        unit.write("")
        with driver(server, "dummy-ups", "rack"), unit.running():
            unit.until(lambda: [unit.state(n) for n in (1, 2)] == ["on", "on"])
            before = (tmp_path / "relays.log").read_bytes()
            assert unit.get("upses")["upses"] == []
            unit.write(UPSES.format(server=server.address))
            unit.cli("reload")
            unit.until(lambda: unit.ups()["reachable"], 10.0)
            unit.write("")
            unit.cli("reload")
            unit.until(lambda: unit.get("upses")["upses"] == [])
            assert (tmp_path / "relays.log").read_bytes() == before
