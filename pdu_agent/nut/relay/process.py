# SPDX-License-Identifier: Apache-2.0
"""What makes a process a driver in NUT's eyes: its user, its socket, its PID file, its place."""

from __future__ import annotations

import grp
import os
import pwd
import signal
import socket
import sys
from pathlib import Path

from pdu_agent.access.unix_socket import PathTaken, listen_unix

BACKLOG = 64
MAX_PID_OCTETS = 32


class ProcessError(Exception):
    """The text says what cannot be done, and why."""


def become(user: str, group: str) -> int | None:
    """Give up root for `user`, and the number of the group that may connect to the socket.

    As who is not root nothing is given up, and None is the group one has. Raises ProcessError.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(user)
        number = grp.getgrnam(group).gr_gid if group else entry.pw_gid
    except KeyError as exc:
        raise ProcessError(f"no such user or group: {exc.args[0]}") from None
    if entry.pw_uid != 0:
        os.setgroups([*os.getgrouplist(user, entry.pw_gid), number])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    return number


def listen(path: Path, group: int | None) -> socket.socket:
    """A socket at `path`, mode 0660. One that nobody listens on any more is replaced.

    Raises ProcessError.
    """
    try:
        return listen_unix(path, 0o660, BACKLOG, -1 if group is None else group)
    except PathTaken as exc:
        raise ProcessError(str(exc)) from None
    except OSError as exc:
        raise ProcessError(f"{path}: {exc.strerror or exc}") from None


def write_pid(path: Path, pid: int) -> None:
    """Raises ProcessError."""
    try:
        path.write_text(f"{pid}\n", encoding="ascii")
        path.chmod(0o644)
    except OSError as exc:
        raise ProcessError(f"{path}: {exc.strerror}") from None


def signal_running(pid_file: Path, pid: str, number: signal.Signals) -> None:
    """pid: in place of what the file says. Raises ProcessError."""
    source = "-P" if pid else str(pid_file)
    try:
        text = pid or pid_file.read_text(encoding="ascii")[:MAX_PID_OCTETS]
        found = int(text)
        if found < 2:
            raise ProcessError(f"{source}: {text.strip()!r} is no number of a process")
        os.kill(found, number)
    except ValueError:
        raise ProcessError(f"{source}: expected the number of a process") from None
    except OSError as exc:
        raise ProcessError(f"{source}: the driver does not run: {exc.strerror}") from None


def go_to_background(pid_file: Path) -> None:
    """The caller's process ends with success; what returns is its child, in a session of its own.

    Raises ProcessError.
    """
    sys.stdout.flush()
    child = os.fork()
    if child:
        try:
            write_pid(pid_file, child)
        except ProcessError:
            os.kill(child, signal.SIGKILL)
            raise
        os._exit(0)
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.close(null)


def tell_service_manager(address: str) -> None:
    """That it is ready (sd_notify(3)), where systemd waits for that; else nothing."""
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifier:
        message = f"READY=1\nMAINPID={os.getpid()}".encode("ascii")
        try:
            notifier.sendto(message, "\0" + address[1:] if address[0] == "@" else address)
        except OSError:  # it will tell itself that nothing came
            return
