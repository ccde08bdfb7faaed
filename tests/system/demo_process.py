# SPDX-License-Identifier: Apache-2.0
"""The agent as other people meet it: a process of its own, spoken to over its sockets."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
READY_LIMIT_S = 60.0
BASE = "1.3.6.1.4.1.8072.9999.9999.6738"
STATE = f"{BASE}.1.3.1.1.7"
COMMAND = f"{BASE}.1.3.1.1.8"


def free_port(kind: socket.SocketKind) -> int:
    """A port of 127.0.0.1 that nobody uses right now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class UnixConnection(http.client.HTTPConnection):
    """http.client over the agent's Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Demo:
    """One `openpdu demo` in `folder`; its state and runtime folders outlive the process."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.state_dir = folder / "state"
        self.runtime_dir = folder / "run"
        self.relay_log = folder / "relays.log"
        self.ready_file = folder / "ready"
        self.stderr_file = folder / "stderr.log"
        self.snmp_port = free_port(socket.SOCK_DGRAM)
        self.http_port = free_port(socket.SOCK_STREAM)
        self.options = options
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        return [
            sys.executable,
            "-m",
            "pdu_agent",
            "demo",
            *("--snmp", f"127.0.0.1:{self.snmp_port}"),
            *("--http", f"127.0.0.1:{self.http_port}"),
            *("--state-dir", str(self.state_dir)),
            *("--runtime-dir", str(self.runtime_dir)),
            *("--relay-log", str(self.relay_log)),
            *("--ready-file", str(self.ready_file)),
            *self.options,
        ]

    def spawn(self) -> Demo:
        """Start and return at once."""
        self.ready_file.unlink(missing_ok=True)
        with self.stderr_file.open("ab") as stderr:
            self.process = subprocess.Popen(
                self.command(), cwd=ROOT, stdout=subprocess.PIPE, stderr=stderr
            )
        return self

    def start(self) -> Demo:
        """Start and wait until SNMP and the API answer; AssertionError with the log otherwise."""
        self.spawn()
        assert self.process is not None
        limit_s = time.monotonic() + READY_LIMIT_S
        while not self.ready_file.exists():
            if self.process.poll() is not None or time.monotonic() > limit_s:
                raise AssertionError(f"demo did not start:\n{self.log()}")
            time.sleep(0.01)
        while not self.api_answers():
            if time.monotonic() > limit_s:
                raise AssertionError(f"the API does not answer:\n{self.log()}")
            time.sleep(0.01)
        return self

    def api_answers(self) -> bool:
        """Is the HTTP API there?"""
        try:
            return self.api("GET", "/health")[0] == 200
        except OSError:
            return False

    def log(self) -> str:
        return self.stderr_file.read_text(encoding="utf-8") if self.stderr_file.exists() else ""

    def stop(self) -> tuple[int, str]:
        """Ctrl-C; (exit code, what it printed)."""
        return self._end(signal.SIGINT)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> tuple[int, str]:
        process, self.process = self.process, None
        if process is None:
            return 0, ""
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(how)
        output, _ = process.communicate(timeout=20)
        return process.returncode, output.decode("utf-8")

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def rss_mb(self) -> float:
        """Resident memory of the process in MB (10^6 octets)."""
        for line in Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024 / 1e6
        raise AssertionError("no VmRSS")

    def cpu_s(self) -> float:
        """CPU seconds that the process has used, all threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1]
        user, system = fields.split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def api(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """One request over the Unix socket: (status, decoded body)."""
        connection = UnixConnection(self.runtime_dir / "api.sock")
        try:
            headers = {"Content-Type": "application/json"} if body is not None else {}
            payload = json.dumps(body) if body is not None else None
            connection.request(method, f"/api/v1{path}", payload, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    def outlets(self) -> list[dict[str, Any]]:
        status, body = self.api("GET", "/outlets")
        assert status == 200
        return list(body["outlets"])

    def snmp(self, tool: str, *arguments: str, community: str = "public") -> str:
        """net-snmp's `tool` with v2c against this agent; its output, errors included."""
        return self.snmp_as(tool, ["-v2c", "-c", community], *arguments)

    def snmp_as(self, tool: str, credential: list[str], *arguments: str) -> str:
        result = subprocess.run(
            [tool, "-t", "2", "-r", "1", *credential, f"127.0.0.1:{self.snmp_port}", *arguments],
            capture_output=True,
            timeout=60,
            check=False,
            env={**os.environ, "MIBS": ""},
        )
        return (result.stdout + result.stderr).decode("utf-8", "replace").strip()

    def relay_movements(self) -> list[tuple[float, int, int]]:
        """(epoch, outlet, value) of each relay that moved."""
        if not self.relay_log.exists():
            return []
        rows = [line.split() for line in self.relay_log.read_text("utf-8").splitlines()]
        return [(float(epoch), int(outlet), int(value)) for epoch, outlet, value in rows]

    def __enter__(self) -> Demo:
        try:
            return self.start()
        except BaseException:
            self.kill()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
