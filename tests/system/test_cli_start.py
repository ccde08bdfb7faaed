# SPDX-License-Identifier: Apache-2.0
"""A client command starts fast and loads nothing that only the agent needs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.web.fake_agent import running_agent

HEAVY = (
    "aiohttp",
    "asyncio",
    "cryptography",
    "numpy",
    "pdu_agent.mib_impl.identity",
    "pysnmp",
    "serial",
    "smbus2",
    "yaml",
)
CPU_LIMIT_S = 0.15

PROBE = """
import sys, time
from pdu_agent.app.cli import main
code = main(sys.argv[1:])
print(code, time.process_time(), *sorted(sys.modules), file=sys.stderr)
"""


def test_client_commands_start_within_their_budget(tmp_path: Path) -> None:
    with running_agent(tmp_path) as agent:
        for command in (["status"], ["on", "1"], ["energy", "--json"], ["why", "1"]):
            cpu_s = min(_run(agent.socket_path, command) for _ in range(3))
            assert cpu_s < CPU_LIMIT_S, command


def _run(socket_path: Path, command: list[str]) -> float:
    """CPU seconds of the whole process; asserts what it may not have imported."""
    result = subprocess.run(
        [sys.executable, "-c", PROBE, *command],
        capture_output=True,
        timeout=30,
        check=True,
        env={**os.environ, "OPENPDU_SOCKET": str(socket_path)},
    )
    code, cpu_s, *modules = result.stderr.decode("utf-8").split()
    assert code == "0"
    assert not set(HEAVY) & set(modules)
    return float(cpu_s)
