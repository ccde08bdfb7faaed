# SPDX-License-Identifier: Apache-2.0
"""`openpdu init` and `openpdu run` as a new owner types them: simulated hardware, no users yet."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.system.demo_process import ROOT, free_port

START_LIMIT_S = 30.0


class Owned:
    """One agent with a configuration file of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.http_port = free_port(socket.SOCK_STREAM)
        self.config = folder / "openpdu.yaml"
        self.socket = folder / "run/api.sock"

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "pdu_agent", *words]

    def init(self) -> None:
        """Writes the first configuration; then only folders and ports are changed."""
        command = self.command("init", "--directory", str(self.folder))
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        text = self.config.read_text(encoding="utf-8")
        for pattern, ours in (
            (r'state_dir: ""', f"state_dir: {self.folder}/state"),
            (r'runtime_dir: ""', f"runtime_dir: {self.folder}/run"),
            (r"- 127\.0\.0\.1:1161", f"- 127.0.0.1:{free_port(socket.SOCK_DGRAM)}"),
            (r"listen: 127\.0\.0\.1:8080", f"listen: 127.0.0.1:{self.http_port}"),
        ):
            text, count = re.subn(pattern, ours, text, count=1)
            assert count == 1, pattern
        self.config.write_text(text, encoding="utf-8")

    def setup_link(self) -> str:
        """As soon as there is one."""
        command = self.command("setup-link", "--json", "--socket", str(self.socket))
        limit_s = time.monotonic() + START_LIMIT_S
        while True:
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
            if done.returncode == 0:
                return str(json.loads(done.stdout)["links"][0])
            assert time.monotonic() < limit_s, done.stdout + done.stderr
            time.sleep(0.1)


@contextmanager
def owned_unit(folder: Path, prepare: Callable[[Owned], None] = lambda it: None) -> Iterator[Owned]:
    """prepare: what is done with the new configuration before the agent starts."""
    it = Owned(folder)
    it.init()
    prepare(it)
    log = (folder / "stderr.log").open("ab")
    with (
        log,
        subprocess.Popen(
            it.command("run", "--config", str(it.config)),
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=log,
        ) as process,
    ):
        try:
            yield it
        finally:
            process.terminate()
            process.wait(20)
