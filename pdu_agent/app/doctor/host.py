# SPDX-License-Identifier: Apache-2.0
"""The board itself: clock, disk, supply, and the ports that the agent wants to answer on."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.app.doctor import cures
from pdu_agent.app.doctor.finding import Finding, note, ok, problem
from pdu_agent.app.doctor.machine import Machine, named
from pdu_agent.snmp.settings import parse_listen

LEAST_WALL_S = 1_735_689_600.0  # 2025: this program is younger
LEAST_FREE_BYTES = 50 * 2**20
_IN_MEMORY = ("tmpfs", "ramfs")
SERVICE_STATE_DIR = Path("/var/lib/openpdu")  # the unit and the OpenRC script make it


def check_clock(machine: Machine, wall_s: float) -> Iterator[Finding]:
    if wall_s < LEAST_WALL_S:
        yield problem(
            "clock",
            "the board does not know the date: schedules and tariffs would be wrong",
            cures.set_clock(machine),
        )
    elif machine.exists("/run/systemd/timesync") and not machine.exists(
        "/run/systemd/timesync/synchronized"
    ):
        yield note(
            "clock",
            "the time has not been compared with a server since the start",
            "let the board reach one (UDP port 123); timedatectl shows which",
        )
    else:
        yield ok("clock", "the date can be true")


def check_disk(machine: Machine, state_dir: Path) -> Iterator[Finding]:
    """Where the energy counters live: ours, room, and does it survive a power cut."""
    wanted = machine.at(str(state_dir))
    folder = _existing(wanted)
    try:
        found = os.statvfs(folder)
    except OSError as exc:
        yield problem("disk", f"{state_dir}: {exc.strerror}", "name another state_dir")
        return
    free = found.f_bavail * found.f_frsize
    if found.f_flag & os.ST_RDONLY:
        yield problem(
            "disk",
            f"{state_dir} is on a read-only file system",
            "mount -o remount,rw it; if that fails the card is worn out: see dmesg",
        )
    elif trouble := _whose(machine, state_dir, wanted, folder):
        yield trouble
    elif free < LEAST_FREE_BYTES or (found.f_files and not found.f_favail):
        yield problem(
            "disk",
            f"{state_dir} has {free >> 20} MiB and {found.f_favail} files left",
            "make room (see du -xm / | sort -n | tail, journalctl --vacuum-size=20M): energy is"
            " not saved on a full disk, and commands are refused then",
        )
    else:
        yield _survival(machine, state_dir, folder, free)


def _existing(path: Path) -> Path:
    while not os.path.exists(path) and path != path.parent:
        path = path.parent
    return path.resolve()


def _whose(machine: Machine, state_dir: Path, wanted: Path, folder: Path) -> Finding | None:
    """The agent takes only a folder of its own, and makes it where it may."""
    user = machine.user
    if folder != wanted.resolve():
        if state_dir == SERVICE_STATE_DIR and user.uid != os.geteuid():
            return None
        if not machine.may_use(folder):
            return problem(
                "disk",
                f"{state_dir} is not there, and user {user.name} may not make it",
                f"install -d -o {user.name} -m 700 {state_dir}",
            )
        return None
    cure = f"chown -R {user.name} {state_dir} && chmod 700 {state_dir}"
    if not machine.may_use(folder):
        return problem("disk", f"{state_dir} may not be written by user {user.name}", cure)
    for path in (folder, *folder.iterdir()):
        if path.lstat().st_uid != user.uid:
            return problem(
                "disk",
                f"{state_dir}: {path.name} does not belong to user {user.name}",
                f"{cure}; was the agent once run by hand, as somebody else?",
            )
    return None


def _survival(machine: Machine, state_dir: Path, folder: Path, free: int) -> Finding:
    kind = _file_system(machine, folder)
    is_overlay = kind == "overlay"
    if kind in _IN_MEMORY or (is_overlay and "overlay" in machine.text("/proc/cmdline")):
        return problem(
            "disk",
            f"{state_dir} is on {kind}, in memory: energy is lost with the power",
            "name a state_dir on the card (Alpine in diskless mode: a partition of its own;"
            " Raspberry Pi OS: raspi-config nonint disable_overlayfs, or a USB stick)",
        )
    if is_overlay:
        return note(
            "disk",
            f"{state_dir} is in a container: energy is lost when that is made anew",
            "mount a volume there",
        )
    return ok("disk", f"{state_dir} has {free >> 20} MiB left")


def _file_system(machine: Machine, folder: Path) -> str:
    """Of the longest mount point above the folder, by /proc/mounts; proc_pid_mounts(5)."""
    best, kind = "", ""
    for line in machine.text("/proc/mounts").splitlines():
        _, place, name, *_ = [*line.split(), "", "", ""]
        place = place.replace("\\040", " ")
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
    """Try to take the port as the agent will, and let it go. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as trial:
        if kind == socket.SOCK_STREAM:  # else connections of a stopped agent would be in the way
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            trial.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        trial.bind((host, port))


def check_ports(machine: Machine, settings: AgentSettings, bind: Bind = bind) -> Iterator[Finding]:
    wanted = [(listen, socket.SOCK_DGRAM, "SNMP") for listen in settings.snmp.listen]
    if settings.http.listen:
        wanted.append((settings.http.listen, socket.SOCK_STREAM, "HTTP"))
    for listen, kind, name in wanted:
        host, port = parse_listen(listen)
        try:
            bind(host, port, kind)
        except OSError as exc:
            cure = _cure_of_port(machine, exc, name, kind, port)
            yield problem(name, f"{listen}: {exc.strerror}", cure)
        else:
            yield ok(name, f"{listen} is free")


def _cure_of_port(machine: Machine, exc: OSError, name: str, kind: int, port: int) -> str:
    if exc.errno == errno.EADDRINUSE:
        return _cure_of_taken_port(machine, name, kind, port)
    if exc.errno in (errno.EACCES, errno.EPERM):
        return (
            f"ports below 1024 need CAP_NET_BIND_SERVICE, which the shipped service has; started by"
            f" hand: sudo, or a port such as {port + 1000}"
        )
    if exc.errno == errno.EADDRNOTAVAIL:
        return "this board has no such address; 0.0.0.0 serves all it has"
    return "name an address of this board, or 0.0.0.0 for all it has"


def _cure_of_taken_port(machine: Machine, name: str, kind: int, port: int) -> str:
    holders = named(machine.port_holders(kind, port))
    whose = f"{holders} has it" if holders else "another program has it (sudo tells which)"
    if name == "SNMP" and (not holders or "snmpd" in holders):
        return (
            f"{whose}; if it is snmpd: {cures.stop_snmpd(machine)}; or go behind it,"
            " docs/passthrough.md"
        )
    return f"{whose}; stop it, or choose another port"
