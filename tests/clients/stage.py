# SPDX-License-Identifier: Apache-2.0
"""docs/clients.md as a script: its table, its transcripts, and the daemons that they talk to.

What stands on the page with the ports of a demo and of daemons as they come is run with those
that are free on this machine.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.peers import DAEMON_PATH
from tests.system.demo_process import ROOT, Demo, free_port

PAGE = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
IDENTITIES = ("own", "apc-rpdu", "apc-rpdu2", "sentry3", "sentry4")
AGENT = "127.0.0.1:1161"
DEADLINE_S = 20.0


def table() -> dict[str, dict[str, str]]:
    """Client to identity to what the table says."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.splitlines()
        if line.startswith("| ")
    ]
    assert tuple(rows[0]) == ("client", *IDENTITIES)
    return {row[0]: dict(zip(IDENTITIES, row[1:], strict=True)) for row in rows[1:]}


def section(client: str) -> str:
    """The part of the page below the heading `client`."""
    found = re.search(rf"^## {client}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, client
    return found[1]


def written(folder: Path, name: str, ports: Mapping[str, str]) -> Path:
    """A copy of contrib/`name` in `folder`, with the addresses of `ports` in place of its own."""
    text = (ROOT / "contrib" / name).read_text(encoding="utf-8")
    for documented, here in ports.items():
        assert documented in text, documented
        text = text.replace(documented, here)
    return private(folder / Path(name).name, text)


def private(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def agent_address(demo: Demo) -> str:
    return f"127.0.0.1:{demo.snmp_port}"


def runner(demo: Demo, ports: Mapping[str, str]) -> Callable[[str], str]:
    """Runs a command of the page; output and errors without blank ends and lines."""
    replaced = {
        AGENT: agent_address(demo),
        "--ipport=1161": f"--ipport={demo.snmp_port}",
        **ports,
    }

    def run(command: str) -> str:
        for documented, here in replaced.items():
            command = command.replace(documented, here)
        result = subprocess.run(
            ["sh", "-c", command],
            cwd=ROOT,
            env={**os.environ, "PATH": DAEMON_PATH, "MIBS": "", "LC_ALL": "C"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=60,
            check=False,
        )
        lines = result.stdout.decode("utf-8", "replace").splitlines()
        told = [line.rstrip() for line in lines if not line.startswith("Init SSL")]
        return "\n".join(line for line in told if line)

    return run


def expected(output: str) -> str:
    return "\n".join(line.rstrip() for line in output.splitlines() if line.strip())


@contextmanager
def daemon(
    log: Path, *command: str, environment: Mapping[str, str] | None = None
) -> Iterator[None]:
    """A program that stays in the foreground; ended with the block, its words in `log`."""
    program = shutil.which(command[0], path=DAEMON_PATH)
    assert program is not None, command[0]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, *command[1:]],
            cwd=ROOT,
            env={**os.environ, "PATH": DAEMON_PATH, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=DEADLINE_S)


def free_address() -> str:
    return f"127.0.0.1:{free_port(socket.SOCK_STREAM)}"


def until(condition: Callable[[], bool], log: Path) -> None:
    """Wait for it; AssertionError with the words of the daemon after DEADLINE_S."""
    end_s = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end_s, log.read_text("utf-8", "replace")
        time.sleep(0.1)


class Movements:
    """Which relays have moved since this was made."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo
        self._before = len(demo.relay_movements())

    def at_rest(self) -> list[tuple[int, int]]:
        """(outlet, 1 for on) in order, once no relay has anything left to do."""
        end_s = time.monotonic() + DEADLINE_S
        while not self._rest():
            assert time.monotonic() < end_s, self._demo.outlets()
            time.sleep(0.05)
        moved = self._demo.relay_movements()[self._before :]
        return [(outlet, value) for _, outlet, value in moved]

    def _rest(self) -> bool:
        return all(
            outlet["state"] in ("on", "off") and outlet["pending"] is None
            for outlet in self._demo.outlets()
        )
