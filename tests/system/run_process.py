# SPDX-License-Identifier: Apache-2.0
"""`openpdu run` as other people meet it: with accounts and a history that outlive the process."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tests.system.demo_process import READY_LIMIT_S, Demo

CONFIG = """\
schema: 1
state_dir: {state}
runtime_dir: {run}
snmp: {{listen: ['127.0.0.1:{port}'], credentials: credentials.yaml}}
http: {{listen: ''}}
simulator: {{relay_log: {relay_log}}}
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
CREDENTIALS = """\
schema: 1
communities: [{name: monitor, community: look-only, rights: read}]
"""
COMMUNITY = "look-only"


class Agent(Demo):
    """One `openpdu run` in `folder`. state_dir: elsewhere if wanted."""

    def __init__(self, folder: Path, state_dir: Path | None = None, more: str = "") -> None:
        super().__init__(folder)
        self.state_dir = state_dir or self.state_dir
        self.config = folder / "openpdu.yaml"
        text = CONFIG.format(
            state=self.state_dir,
            run=self.runtime_dir,
            port=self.snmp_port,
            relay_log=self.relay_log,
        )
        self.config.write_text(text + more, encoding="utf-8")
        secrets = folder / "credentials.yaml"
        secrets.write_text(CREDENTIALS, encoding="utf-8")
        secrets.chmod(0o600)

    def command(self) -> list[str]:
        return [sys.executable, "-m", "pdu_agent", "run", "--config", str(self.config)]

    def start(self) -> Agent:
        """Start and wait until the API answers; AssertionError with the log otherwise."""
        self.spawn()
        assert self.process is not None
        limit_s = time.monotonic() + READY_LIMIT_S
        while not self.api_answers():
            if self.process.poll() is not None or time.monotonic() > limit_s:
                raise AssertionError(f"the agent did not start:\n{self.log()}")
            time.sleep(0.01)
        return self
