# SPDX-License-Identifier: Apache-2.0
"""One `openpdu run` with simulated hardware, as a NUT device."""

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

from tests.system.demo_process import ROOT, UnixConnection, free_port

DEADLINE_S = 30.0
BODY = """\
schema: 1
state_dir: {folder}/state
runtime_dir: {folder}/run
snmp: {{listen: ['127.0.0.1:{port}']}}
http: {{listen: ''}}
nut: {{state_path: {state_path}, group: '', {nut}}}
simulator: {{relay_log: {folder}/relays.log}}
device: {{name: strip}}
relays: [{{name: main, driver: {driver}, bus: sim}}]
meters:
  - name: power
    driver: ads130e08
    bus: sim:0
    voltage: {{channel: 1, divider: 200}}
    currents: [{{channel: 2, feeds: inlet 1}}, {{channel: 3, feeds: outlet 1}}]
outlets:
{outlets}
{more}
"""


class Unit:
    """start and stop in turn; state and runtime folders outlive the process."""

    def __init__(self, folder: Path, body: str) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.config = folder / "openpdu.yaml"
        self.body = body
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when the API answers."""
        self.config.write_text(self.body, encoding="utf-8")
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pdu_agent", "run", "--config", str(self.config)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stderr=log,
            )
        self.until(self._answers)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(number)
            process.wait(20)

    def api(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """One request over the Unix socket: (status, decoded body)."""
        connection = UnixConnection(self.folder / "run" / "api.sock")
        try:
            payload = None if body is None else json.dumps(body)
            headers = {} if body is None else {"Content-Type": "application/json"}
            connection.request(method, f"/api/v1{path}", payload, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    def switch(self, outlet: int, action: str) -> None:
        status, answer = self.api("POST", f"/outlets/{outlet}/{action}")
        assert status < 300, answer

    def moves(self) -> list[str]:
        """Outlet and value of each relay that moved, as "1 0"."""
        file = self.folder / "relays.log"
        lines = file.read_text(encoding="ascii").splitlines() if file.exists() else []
        return [line.split(" ", 1)[1] for line in lines]

    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8")

    def descriptors(self) -> int:
        assert self.process is not None
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def rss_mb(self) -> float:
        """Resident memory of the process in MB (10^6 octets)."""
        assert self.process is not None
        lines = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if "VmRSS" in line)

    def until(self, condition: Callable[[], object], limit_s: float = DEADLINE_S) -> None:
        end_s = time.monotonic() + limit_s
        while not condition():
            assert self.process is None or self.process.poll() is None, self.log()
            assert time.monotonic() < end_s, self.log()
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            return self.api("GET", "/health")[0] == 200
        except OSError:
            return False


@contextmanager
def running_unit(
    folder: Path, state_path: Path, nut: str = "rights: write", outlets: int = 4, more: str = ""
) -> Iterator[Unit]:
    """nut: more of the section. more: other sections."""
    body = BODY.format(
        folder=folder,
        port=free_port(socket.SOCK_DGRAM),
        state_path=state_path,
        nut=nut,
        driver="mcp23008" if outlets <= 8 else "mcp23017",
        outlets="".join(
            f"  - {{number: {number}, name: outlet {number}, relay: main.{number - 1}}}\n"
            for number in range(1, outlets + 1)
        ),
        more=more,
    )
    unit = Unit(folder, body)
    try:
        unit.start()
        yield unit
    finally:
        unit.stop()
