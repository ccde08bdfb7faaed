# SPDX-License-Identifier: Apache-2.0
"""The agent as a process behind snmpd: switched through it, killed, and back by itself."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.peers import require
from tests.snmp.agentx_master import Snmpd, shipped
from tests.snmp.trap_receiver import TrapReceiver, V2Notification
from tests.system.demo_process import BASE, COMMAND, ROOT, STATE

pytestmark = [pytest.mark.peer, pytest.mark.asyncio]

LIMIT_S = 30.0
TRAP_OID = ".1.3.6.1.6.3.1.1.4.1.0"
ON, OFF = "INTEGER: 1", "INTEGER: 2"


class Agent:
    """`openpdu run` with a simulated board, reached through a master only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "openpdu.yaml"
        self.config.write_text(
            f"""\
schema: 1
state_dir: {folder}/state
runtime_dir: {folder}/run
snmp:
  listen: []
  agentx: {{master: {folder}/master, rights: read, outlets: {{1-2: switch}}}}
  pass_persist: {{socket: {folder}/pass.sock}}
http: {{listen: ""}}
simulator: {{relay_log: {folder}/relays.log}}
relays: [{{name: main, driver: mcp23008, bus: sim}}]
outlets:
  - {{number: 1, relay: main.0, power_up: on}}
  - {{number: 2, relay: main.1, power_up: on}}
  - {{number: 3, relay: main.2, power_up: on}}
""",
            encoding="utf-8",
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "agent.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pdu_agent", "run", "--config", str(self.config)],
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            )

    def end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.wait(20)

    def log(self) -> str:
        return (self.folder / "agent.log").read_text("utf-8")

    def movements(self) -> list[str]:
        """outlet and value of each relay that moved."""
        path = self.folder / "relays.log"
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        return [line.partition(" ")[2] for line in lines]


async def test_switched_killed_and_back(tmp_path: Path) -> None:
    require("snmpd", "snmpget", "snmpset", "snmptrapd")
    (tmp_path / "traps").mkdir()
    receiver = TrapReceiver(tmp_path / "traps", "authCommunity log public\n")
    await receiver.start()
    snmpd = Snmpd(
        tmp_path,
        [
            shipped("agentx.conf", socket=str(tmp_path / "master")),
            shipped("views.conf"),
            "rwcommunity public default -V openpdu",
            f"trap2sink 127.0.0.1:{receiver.port} public",
        ],
    )
    agent = Agent(tmp_path)
    try:
        agent.start()  # before there is a master
        await snmpd.start()
        await snmpd.until("snmpget", f"{STATE}.3", shows=ON, limit_s=LIMIT_S)
        settled = agent.movements()

        denied = await snmpd.ask("snmpset", f"{COMMAND}.1", "i", "2", f"{COMMAND}.3", "i", "2")
        assert "noAccess" in denied.err
        assert f"Failed object: .{COMMAND}.3" in denied.err
        done = await snmpd.ask("snmpset", f"{COMMAND}.1", "i", "2")
        assert done.status == 0, done.err
        await snmpd.until("snmpget", f"{STATE}.1", shows=OFF)
        assert agent.movements() == [*settled, "1 0"]

        def is_state_change(found: object) -> bool:
            return (
                isinstance(found, V2Notification)
                and found.values.get(TRAP_OID) == f"OID: .{BASE}.0.1"
                and found.values.get(f".{STATE}.1") == OFF
            )

        assert await receiver.matching(is_state_change, 1)

        for _ in range(5):
            agent.end(signal.SIGKILL)
            agent.start()
            await snmpd.until("snmpget", f"{STATE}.1", shows=OFF, limit_s=LIMIT_S)
        for _ in range(5):
            snmpd.kill()
            await snmpd.start()
            await snmpd.until("snmpget", f"{STATE}.1", shows=OFF, limit_s=LIMIT_S)
        assert agent.movements() == [*settled, "1 0"]
        await asyncio.sleep(0)
        agent.end(signal.SIGTERM)
        assert not (tmp_path / "pass.sock").exists()
        assert "Traceback" not in agent.log()
    finally:
        agent.end(signal.SIGKILL)
        snmpd.stop()
        receiver.stop()
