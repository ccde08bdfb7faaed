# SPDX-License-Identifier: Apache-2.0
"""The board itself: clock, disk, supply, and the ports that the agent wants to answer on."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.app.doctor.finding import Finding, note, ok, problem
from pdu_agent.app.doctor.machine import Machine
from pdu_agent.snmp.settings import parse_listen

LEAST_WALL_S = 1_735_689_600.0  # 2025: this program is younger
LEAST_FREE_BYTES = 50 * 2**20
_IN_MEMORY = ("tmpfs", "ramfs", "overlay")


def check_clock(machine: Machine, wall_s: float) -> Iterator[Finding]:
    if wall_s < LEAST_WALL_S:
        yield problem(
            "clock",
            "the board does not know the date: schedules and tariffs would be wrong",
            "connect it to a time server (systemd-timesyncd, chrony, ntpd), or fit a clock chip",
        )
    elif machine.exists("/run/systemd/timesync") and not machine.exists(
        "/run/systemd/timesync/synchronized"
    ):
        yield note(
            "clock",
            "the time has not been compared with a server since the start",
            "let the board reach one (UDP port 123), see timedatectl",
        )
    else:
        yield ok("clock", "the date can be true")


def check_disk(machine: Machine, state_dir: Path) -> Iterator[Finding]:
    """Where the energy counters live: room, and does it survive a power cut."""
    folder = _existing(machine.at(str(state_dir)))
    try:
        found = os.statvfs(folder)
    except OSError as exc:
        yield problem("disk", f"{state_dir}: {exc.strerror}", "name another state_dir")
        return
    free = found.f_bavail * found.f_frsize
    kind = _file_system(machine, folder)
    if found.f_flag & os.ST_RDONLY:
        yield problem(
            "disk", f"{state_dir} is on a read-only file system", "remount it, or check the card"
        )
    elif not machine.may_use(folder):
        yield problem(
            "disk", f"{state_dir} may not be written by this user", f"chown openpdu {state_dir}"
        )
    elif free < LEAST_FREE_BYTES:
        yield problem(
            "disk",
            f"{state_dir} has {free >> 20} MiB left",
            "make room: energy is not saved on a full disk, and commands are refused then",
        )
    elif kind in _IN_MEMORY:
        yield problem(
            "disk",
            f"{state_dir} is on {kind}, in memory: energy is lost with the power",
            "name a state_dir on the card (Alpine in diskless mode: a partition of its own)",
        )
    else:
        yield ok("disk", f"{state_dir} has {free >> 20} MiB left")


def _existing(path: Path) -> Path:
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def _file_system(machine: Machine, folder: Path) -> str:
    """Of the longest mount point above the folder, by /proc/mounts; proc_pid_mounts(5)."""
    best, kind = "", ""
    for line in machine.text("/proc/mounts").splitlines():
        _, place, name, *_ = [*line.split(), "", "", ""]
        above = place == "/" or folder == Path(place) or Path(place) in folder.parents
        if above and len(place) >= len(best):
            best, kind = place, name
    return kind


def check_supply(machine: Machine) -> Iterator[Finding]:
    """The kernel's raspberrypi-hwmon tells when the 5 V were too low."""
    for folder in machine.found("/sys/class/hwmon/hwmon*"):
        low = machine.text(f"{folder}/in0_lcrit_alarm") == "1"
        if machine.text(f"{folder}/name") == "rpi_volt" and low:
            yield problem(
                "supply",
                "the board's 5 V were too low: relays may drop and the card may be damaged",
                "a stronger supply, shorter and thicker wires",
            )


Bind = Callable[[str, int, int], None]


def bind(host: str, port: int, kind: int) -> None:
    """Try to take the port, and let it go. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as trial:
        trial.bind((host, port))


def check_ports(settings: AgentSettings, is_running: bool, bind: Bind = bind) -> Iterator[Finding]:
    """is_running: the agent itself has its ports then."""
    if is_running:
        return
    wanted = [(listen, socket.SOCK_DGRAM, "SNMP") for listen in settings.snmp.listen]
    if settings.http.listen:
        wanted.append((settings.http.listen, socket.SOCK_STREAM, "HTTP"))
    for listen, kind, name in wanted:
        host, port = parse_listen(listen)
        try:
            bind(host, port, kind)
        except OSError as exc:
            yield problem(name, f"{listen}: {exc.strerror}", _cure_of_port(exc, name, port))
        else:
            yield ok(name, f"{listen} is free")


def _cure_of_port(exc: OSError, name: str, port: int) -> str:
    if exc.errno == errno.EADDRINUSE:
        hint = "snmpd? see docs/passthrough.md" if name == "SNMP" else "see ss -ltnp"
        return f"another program has it ({hint}); stop it, or choose another port"
    if exc.errno in (errno.EACCES, errno.EPERM):
        return f"ports below 1024 need CAP_NET_BIND_SERVICE (the shipped unit has it), not {port}"
    if exc.errno == errno.EADDRNOTAVAIL:
        return "this board has no such address; 0.0.0.0 serves all it has"
    return "choose another address"
