# SPDX-License-Identifier: Apache-2.0
"""A whole agent, told by its configuration file whom to notify, and snmptrapd as that one."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from tests.peers import knows_localhost, require
from tests.snmp.trap_receiver import TrapReceiver, V1Trap, V2Notification
from tests.system.demo_process import BASE, COMMAND, ROOT, STATE, free_port

pytestmark = [pytest.mark.peer, pytest.mark.asyncio]

SECRETS = """\
schema: 1
communities:
  - {name: operators, community: public, rights: write}
users:
  - {name: priv-informs, auth_pass: priv-informs-pass, priv_pass: priv-informs-secret, rights: none}
"""
CONFIGURATION = """\
schema: 1
state_dir: {folder}/state
runtime_dir: {folder}/run
http: {{listen: ''}}
snmp:
  listen: ['127.0.0.1:{port}']
  credentials: secrets.yaml
  targets:
    - {{name: old, address: '127.0.0.1:{target}', credential: operators, version: v1}}
    - {{name: plain, address: '{here}:{target}', credential: operators}}
    - {{name: sure, address: '[::1]:{target}', credential: priv-informs, version: v3, inform: true,
       timeout_s: 0.3, retries: 8}}
    - {{name: gone, address: nobody.invalid, credential: operators}}
relays:
  - {{name: main, driver: mcp23008, bus: sim, address: 0x20, relay_count: 2}}
outlets:
  - {{number: 1, name: heating, relay: main.0}}
  - {{number: 2, name: light, relay: main.1}}
"""
HERE = "localhost" if knows_localhost() else "127.0.0.1"
STANDARD_TRAPS = ".1.3.6.1.6.3.1.1.5"
SNMP_TRAP_OID = ".1.3.6.1.6.3.1.1.4.1.0"
COLD_START, WARM_START, AUTHENTICATION_FAILURE = 1, 2, 5
HOWS = {
    "v1",
    "TRAP2, SNMP v2c, community public",
    "INFORM, SNMP v3, user priv-informs, context ",
}
Received = V1Trap | V2Notification


class Agent:
    """`openpdu run` with three targets at one snmptrapd, and one whose name nobody knows."""

    def __init__(self, folder: Path, target: int) -> None:
        self.port = free_port(socket.SOCK_DGRAM)
        self.config = folder / "openpdu.yaml"
        self.stderr = folder / "agent.log"
        self.config.write_text(
            CONFIGURATION.format(folder=folder, port=self.port, here=HERE, target=target),
            encoding="utf-8",
        )
        secrets = folder / "secrets.yaml"
        secrets.write_text(SECRETS, encoding="utf-8")
        secrets.chmod(0o600)

    @contextmanager
    def running(self) -> Iterator[None]:
        with self.stderr.open("ab") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "pdu_agent", "run", "--config", str(self.config)],
                cwd=ROOT,
                stderr=stderr,
            )
        try:
            self._wait_until_it_answers(process)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
        assert process.returncode == 0, self.stderr.read_text("utf-8")

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        end_s = time.monotonic() + 20
        while "INTEGER" not in self.snmp("snmpget", f"{STATE}.1"):
            assert process.poll() is None, self.stderr.read_text("utf-8")
            assert time.monotonic() < end_s
            time.sleep(0.05)

    def snmp(self, tool: str, *arguments: str, community: str = "public") -> str:
        result = subprocess.run(
            [
                *(tool, "-v2c", "-c", community, "-t1", "-r0", "-On"),
                f"127.0.0.1:{self.port}",
                *arguments,
            ],
            capture_output=True,
            check=False,
            env={"PATH": "/usr/bin:/bin", "MIBS": "", "SNMPCONFPATH": "/nonexistent"},
        )
        return (result.stdout + result.stderr).decode("utf-8")


@pytest_asyncio.fixture
async def receiver(tmp_path: Path) -> AsyncIterator[TrapReceiver]:
    require("snmptrapd", "snmpget", "snmpset")
    made = TrapReceiver(tmp_path)
    await made.start()
    try:
        yield made
    finally:
        made.stop()


def how(received: Received) -> str:
    return "v1" if isinstance(received, V1Trap) else received.how


def is_standard(number: int) -> Callable[[Received], bool]:
    def wanted(received: Received) -> bool:
        if isinstance(received, V1Trap):
            return (received.enterprise, received.generic) == (STANDARD_TRAPS, number - 1)
        return received.values[SNMP_TRAP_OID] == f"OID: {STANDARD_TRAPS}.{number}"

    return wanted


def is_outlet_off(received: Received) -> bool:
    if isinstance(received, V1Trap):
        named = (received.enterprise, received.specific) == (f".{BASE}", 1)
    else:
        named = received.values[SNMP_TRAP_OID] == f"OID: .{BASE}.0.1"
    return named and received.values.get(f".{STATE}.1") == "INTEGER: 2"


async def test_a_unit_tells_of_its_start_its_outlets_and_intruders(
    receiver: TrapReceiver, tmp_path: Path
) -> None:
    agent = Agent(tmp_path, receiver.port)
    with agent.running():
        started = await receiver.matching(is_standard(COLD_START), 3)
        assert {how(received) for received in started} == HOWS

        assert "INTEGER: 2" in agent.snmp("snmpset", f"{COMMAND}.1", "i", "2")
        switched = await receiver.matching(is_outlet_off, 3)
        assert {how(received) for received in switched} == HOWS
        for received in switched:
            assert 'STRING: "heating"' in received.values.values()

        assert "Timeout" in agent.snmp("snmpget", f"{STATE}.1", community="guess")
        intruded = await receiver.matching(is_standard(AUTHENTICATION_FAILURE), 3)
        assert {how(received) for received in intruded} == HOWS

    receiver.stop()
    await receiver.start()
    with agent.running():
        again = await receiver.matching(is_standard(WARM_START), 3)
        assert {how(received) for received in again} == HOWS
    complaint = agent.stderr.read_text("utf-8")
    assert "notification target gone: cannot send: " in complaint
    assert "Traceback" not in complaint


async def test_a_dead_receiver_hinders_neither_switching_nor_stopping(
    receiver: TrapReceiver, tmp_path: Path
) -> None:
    receiver.stop()
    agent = Agent(tmp_path, receiver.port)
    with agent.running():
        assert "INTEGER: 2" in agent.snmp("snmpset", f"{COMMAND}.2", "i", "2")
        end_s = time.monotonic() + 10
        while "INTEGER: 2" not in agent.snmp("snmpget", f"{STATE}.2"):
            assert time.monotonic() < end_s
            await asyncio.sleep(0.1)
        stopping_s = time.monotonic()
    assert time.monotonic() - stopping_s < 5
