# SPDX-License-Identifier: Apache-2.0
"""A unit that is a NUT device, with a simulated machine in each outlet that can be shut down."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.nut.unit import Unit
from tests.system.demo_process import ROOT

TAKES_S = 2.0
"""How long a machine shuts down."""
_BODY = """\
schema: 1
state_dir: {folder}/state
runtime_dir: {folder}/run
snmp: {{listen: []}}
http: {{listen: ''}}
nut: {{state_path: {nut}, group: '', rights: switch}}
simulator: {{relay_log: {folder}/relays.log, script: machines.yaml}}
relays: [{{name: main, driver: mcp23008, bus: sim}}]
meters:
  - name: power
    driver: ads130e08
    bus: sim:0
    voltage: {{channel: 1, divider: 200}}
    currents: [{currents}]
{more}"""


class Machines(Unit):
    """Outlets 1 to `count` are metered, and have a machine of 40 W each. nut: the folder of driver
    sockets. more: the rest of the file, `outlets` among it.
    """

    def __init__(self, folder: Path, nut: Path, count: int, more: str) -> None:
        numbers = range(1, count + 1)
        currents = ", ".join(f"{{channel: {n + 1}, feeds: outlet {n}}}" for n in numbers)
        super().__init__(folder, _BODY.format(folder=folder, nut=nut, currents=currents, more=more))
        script = "".join(
            f"- machine: {{of: outlet {n}, watts: 40, off_watts: 2, takes: {TAKES_S:g}s}}\n"
            for n in numbers
        )
        (folder / "machines.yaml").write_text(script, encoding="utf-8")

    def ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The `openpdu` command."""
        return subprocess.run(
            [sys.executable, "-m", "pdu_agent", *words],
            cwd=ROOT,
            capture_output=True,
            check=False,
            encoding="utf-8",
            env={**os.environ, "OPENPDU_SOCKET": str(self.folder / "run" / "api.sock")},
        )

    def outlet(self, number: int) -> dict[str, Any]:
        row: dict[str, Any] = self.api("GET", f"/outlets/{number}")[1]
        return row

    def machine(self, number: int) -> Path:
        """The file that tells the machine in this outlet to shut down, once the agent runs."""
        folder = self.folder / "run" / "sim-machines"
        folder.mkdir(exist_ok=True)
        return folder / str(number)

    def cuts(self) -> dict[int, float]:
        """Outlet to the epoch second of its last off."""
        lines = (self.folder / "relays.log").read_text(encoding="ascii").splitlines()
        rows = [line.split() for line in lines]
        return {int(outlet): float(epoch) for epoch, outlet, value in rows if value == "0"}
