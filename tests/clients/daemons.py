# SPDX-License-Identifier: Apache-2.0
"""Daemons that clients of docs/clients.md talk to, each with what contrib/ has for it.

Each is a context manager of a demo and a folder of its own, and gives the addresses that stand
on the page with those that are to be used in their place.
"""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.clients import stage
from tests.system.demo_process import Demo

Ports = dict[str, str]

POWERMAND = "127.0.0.1:10101"
UPSD = "127.0.0.1:3493"
UPS = f"pdu@{UPSD}"

# Debian's upsd in the PATH does nothing unless /etc/nut/nut.conf has a mode; this is the program.
_UPSD_PROGRAM = "/lib/nut/upsd"
_USERS = "[admin]\n    password = secret\n    actions = set\n"


@contextmanager
def none(demo: Demo, folder: Path) -> Iterator[Ports]:
    yield {}


@contextmanager
def powermand(demo: Demo, folder: Path, device: str = "apc-snmp") -> Iterator[Ports]:
    """device: the file in /etc/powerman, without its ending."""
    ports = {POWERMAND: stage.free_address()}
    replaced = {**ports, stage.AGENT: stage.agent_address(demo), "apc-snmp": device}
    config = stage.written(folder, "powerman/powerman.conf", replaced)
    log = folder / "powermand.log"
    with stage.daemon(log, "powermand", "-f", "-c", str(config)):
        run = stage.runner(demo, ports)
        stage.until(lambda: "unknown:" in run(f"powerman -h {POWERMAND} --query-all"), log)
        yield ports


@contextmanager
def nut(demo: Demo, folder: Path, mibs: str = "apc_pdu") -> Iterator[Ports]:
    """upsd and its driver, with all that is theirs in `folder`; its user `admin` may write."""
    replaced = {stage.AGENT: stage.agent_address(demo), "apc_pdu": mibs, "public": "private"}
    stage.written(folder, "nut/ups.conf", replaced)
    address = stage.free_address()
    host, _, port = address.rpartition(":")
    stage.private(folder / "upsd.conf", f"LISTEN {host} {port}\n")
    stage.private(folder / "upsd.users", _USERS)
    folder.chmod(0o700)
    places = dict.fromkeys(("NUT_STATEPATH", "NUT_CONFPATH", "NUT_ALTPIDPATH"), str(folder))
    driver_log = folder / "driver.log"
    as_oneself = ("-F", "-u", getpass.getuser())
    with ExitStack() as daemons:
        for log, *program in (
            (driver_log, "snmp-ups", "-a", "pdu", "-x", "pollfreq=1"),
            (folder / "upsd.log", _UPSD_PROGRAM),
        ):
            daemons.enter_context(stage.daemon(log, *program, *as_oneself, environment=places))
        run = stage.runner(demo, {UPSD: address})
        stage.until(lambda: run(f"upsc {UPS} outlet.count") == "8", driver_log)
        yield {UPSD: address}
