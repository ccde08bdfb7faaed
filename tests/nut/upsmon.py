# SPDX-License-Identifier: Apache-2.0
"""A real upsmon on a server that only exists as a machine of the simulator.

It shuts that down as SHUTDOWNCMD shuts down a real one, and is gone then.
"""

from __future__ import annotations

import getpass
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.clients import stage
from tests.nut.upsd import SECRET, Upsd
from tests.peers import DAEMON_PATH, require

SERVER = "server"
"""Of upsd.users."""
USERS = f"""
[{SERVER}]
    password = {SECRET}
    upsmon secondary
"""
_NOBODY = 4_194_303
"""No process: of another upsmon that upsmon would not run beside, as its PID file in /run says."""
_CONF = """\
{monitors}
MINSUPPLIES {least}
SHUTDOWNCMD "{script}"
POLLFREQ 1
POLLFREQALERT 1
DEADTIME 15
HOSTSYNC 5
FINALDELAY 0
RUN_AS_USER {user}
"""
_SCRIPT = """#!/bin/sh
date +%s.%N > '{told}'
: > '{machine}'
"""


class Upsmon:
    """told: the file that SHUTDOWNCMD makes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told = folder / "told"
        self.log = folder / "upsmon.log"

    @property
    def has_shut_down(self) -> bool:
        return self.told.exists()

    @property
    def told_epoch_s(self) -> float:
        """When it shut down."""
        return float(self.told.read_text("ascii"))

    def words(self) -> str:
        return self.log.read_text("utf-8", "replace")


@contextmanager
def running_upsmon(
    folder: Path, server: Upsd, machine: Path, devices: dict[str, int], least: int = 1
) -> Iterator[Upsmon]:
    """devices: each with its power value, as MONITOR has it. machine: the file that tells the
    simulated machine to shut down.
    """
    require("upsmon")
    folder.mkdir(mode=0o700)
    watch = Upsmon(folder)
    script = folder / "shutdown"
    script.write_text(_SCRIPT.format(told=watch.told, machine=machine), encoding="utf-8")
    script.chmod(0o700)
    monitors = "\n".join(
        f"MONITOR {server.ups(name)} {value} {SERVER} {SECRET} secondary"
        for name, value in devices.items()
    )
    user = getpass.getuser()
    conf = _CONF.format(monitors=monitors, least=least, script=script, user=user)
    stage.private(folder / "upsmon.conf", conf)
    with watch.log.open("wb") as output:
        process = subprocess.Popen(
            ["/lib/nut/upsmon", "-F", "-p", "-P", str(_NOBODY)],
            env={
                **server.environment,
                "PATH": DAEMON_PATH,
                "NUT_CONFPATH": str(folder),
                "NUT_STATEPATH": str(folder),
                "NUT_ALTPIDPATH": str(folder),
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield watch
    finally:
        process.terminate()
        process.wait(timeout=20)
