# SPDX-License-Identifier: Apache-2.0
"""The board as files show it: /dev, /sys, /proc, below a root that a test may choose."""

from __future__ import annotations

import glob
import grp
import importlib.util
import os
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pdu_agent.app.doctor.user import User, this_user

_MAX_BYTES = 1 << 20  # /proc/mounts of a host with containers has some hundred kilobytes
_LISTENS = "0A"
_PORT_TABLES: dict[int, tuple[str, str]] = {
    socket.SOCK_DGRAM: ("/proc/net/udp", "/proc/net/udp6"),
    socket.SOCK_STREAM: ("/proc/net/tcp", "/proc/net/tcp6"),
}


@dataclass(frozen=True, slots=True)
class Machine:
    """user: whose permissions are asked about, that is, who is to run the agent.

    has_library(name): can Python import it.
    """

    root: Path = Path("/")
    user: User = field(default_factory=this_user)
    has_library: Callable[[str], bool] = field(
        default=lambda name: importlib.util.find_spec(name) is not None
    )

    def at(self, path: str) -> Path:
        """Where `path`, which is absolute, lies."""
        return self.root / path.lstrip("/")

    def exists(self, path: str) -> bool:
        """False too where this process may not look."""
        return os.path.exists(self.at(path))

    def text(self, path: str) -> str:
        """What the file holds, without blanks around it; "" when it cannot be read."""
        with suppress(OSError), self.at(path).open("rb") as file:
            return file.read(_MAX_BYTES).decode("utf-8", "replace").strip("\0 \n")
        return ""

    def found(self, pattern: str) -> list[str]:
        """Absolute paths that fit, sorted. pattern: as of glob, absolute. What vanishes while we
        look, as processes do, and what may not be looked at is passed over.
        """
        return sorted("/" + path for path in glob.iglob(pattern.lstrip("/"), root_dir=self.root))

    def may_use(self, path: Path) -> bool:
        return self.user.may_use(path)

    def group_of(self, path: str) -> str:
        """The group that may read and write a node; "root" when there is no other."""
        with suppress(OSError, KeyError):
            found = self.at(path).stat()
            if stat.S_IMODE(found.st_mode) & 0o060 == 0o060:
                return grp.getgrgid(found.st_gid).gr_name
        return "root"

    def holders(self, path: str) -> Iterator[tuple[str, int]]:
        """Who has the file open, name and process, as far as this process may see that."""
        yield from self._with_open(str(self.at(path).resolve()))

    def port_holders(self, kind: int, port: int) -> Iterator[tuple[str, int]]:
        """Who has the port; proc_net(5). kind: socket.SOCK_DGRAM or SOCK_STREAM."""
        for table in _PORT_TABLES[kind]:
            for line in self.text(table).splitlines()[1:]:
                _, local, _, state, *_ = columns = line.split()
                is_ours = int(local.rpartition(":")[2], 16) == port
                if is_ours and (kind == socket.SOCK_DGRAM or state == _LISTENS):
                    yield from self._with_open(f"socket:[{columns[9]}]")

    def _with_open(self, target: str) -> Iterator[tuple[str, int]]:
        for link in self.found("/proc/[0-9]*/fd/*"):
            with suppress(OSError):
                if os.readlink(self.at(link)) == target:
                    process = link.split("/")[2]
                    yield self.text(f"/proc/{process}/comm") or "process", int(process)

    def hides(self, process: int) -> bool:
        """May this process not see what that one has open?"""
        return not os.access(self.at(f"/proc/{process}/fd"), os.R_OK)

    @property
    def model(self) -> str:
        """Such as "Raspberry Pi 4 Model B Rev 1.4"; "" on a PC."""
        return self.text("/proc/device-tree/model")

    @property
    def is_raspberry_pi(self) -> bool:
        return self.model.startswith("Raspberry Pi")

    @property
    def is_alpine(self) -> bool:
        return self.exists("/etc/alpine-release")


def named(holders: Iterator[tuple[str, int]]) -> str:
    """Such as "snmpd (812), ModemManager (655)"; "" for nobody."""
    return ", ".join(f"{name} ({process})" for name, process in dict.fromkeys(holders))
