# SPDX-License-Identifier: Apache-2.0
"""A client command loads nothing that only the agent needs, and so starts fast."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.web.fake_agent import running_agent

HEAVY = (
    "aiohttp",
    "asyncio",
    "cryptography",
    "numpy",
    "pdu_agent.mib_impl.identity",
    "pdu_agent.model.commands",
    "pdu_agent.model.record",
    "pdu_agent.store.audit_check",
    "pysnmp",
    "serial",
    "smbus2",
    "yaml",
)

PROBE = """
import sys
from pdu_agent.app.cli import main
code = main(sys.argv[1:])
print(code, *sorted(sys.modules), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "command", ["status", "on 1", "energy --json", "why 1", "ups", "outage", "what-if mains-fail"]
)
def test_a_client_command_loads_none_of_the_agent(tmp_path: Path, command: str) -> None:
    with running_agent(tmp_path) as agent:
        result = subprocess.run(
            [sys.executable, "-c", PROBE, *command.split()],
            capture_output=True,
            timeout=30,
            check=True,
            env={**os.environ, "OPENPDU_SOCKET": str(agent.socket_path)},
        )
    _, *modules = result.stderr.decode("utf-8").splitlines()[-1].split()
    assert "pdu_agent.app.client" in modules
    assert not set(HEAVY) & set(modules)
