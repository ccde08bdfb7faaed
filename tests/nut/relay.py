# SPDX-License-Identifier: Apache-2.0
"""The driver program as NUT sees it: in a driver path, started and stopped by a real upsdrvctl."""

from __future__ import annotations

import getpass
import shutil
import subprocess
import sys
from pathlib import Path

from tests.nut.upsd import Upsd
from tests.peers import DAEMON_PATH

DRIVER = "openpdu"
_PROGRAM = """#!{python}
from pdu_agent.nut.relay.main import main

main()
"""


def install(folder: Path) -> Path:
    """The program in `folder`, under the name that a link in NUT's driver path gives it."""
    folder.mkdir(exist_ok=True)
    program = folder / DRIVER
    program.write_text(_PROGRAM.format(python=sys.executable), encoding="utf-8")
    program.chmod(0o755)
    return program


def upsdrvctl(server: Upsd, *words: str, user: str = "") -> subprocess.CompletedProcess[str]:
    program = shutil.which("upsdrvctl", path=DAEMON_PATH)
    assert program is not None
    return subprocess.run(
        [program, "-u", user or getpass.getuser(), *words],
        env=server.environment,
        cwd=server.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )
