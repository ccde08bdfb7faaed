# SPDX-License-Identifier: Apache-2.0
"""What Linux tells of the board: /proc, /sys/class/net and the file system of the state.

proc(5) and the kernel's Documentation/ABI/testing/sysfs-class-net name the files.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from pdu_agent.model.host import (
    HostStatus,
    Interface,
    InterfaceKind,
    LinkState,
    Storage,
    StorageKind,
    Traffic,
)

_UP, _PROMISCUOUS = 0x1, 0x100  # IFF_UP, IFF_PROMISC of netdevice(7)
_KINDS = {1: InterfaceKind.ETHERNET, 772: InterfaceKind.LOOPBACK}  # ARPHRD_ETHER, _LOOPBACK
_ADDRESS = re.compile(r"(?:[0-9a-f]{2}:)*[0-9a-f]{2}")
_MEGA = 1_000_000

Jiffies = tuple[int, int]
"""Of one processor since the start: busy, and all of them."""


class HostReader:
    """Reads on demand; not to be shared between threads. state: the folder whose file system
    counts. proc, net: where the kernel shows itself.
    """

    def __init__(
        self,
        state: Path,
        proc: Path = Path("/proc"),
        net: Path = Path("/sys/class/net"),
    ) -> None:
        self._state = state
        self._proc = proc
        self._net = net
        self._before: Sequence[Jiffies] = ()

    def read(self) -> HostStatus:
        """The board now. Raises OSError or ValueError where /proc is not as it should be."""
        memory = self._memory()
        return HostStatus(
            uptime_s=float(_text(self._proc / "uptime").split()[0]),
            wall_s=time.time(),
            process_count=sum(entry.name.isdigit() for entry in self._proc.iterdir()),
            processor_loads_pct=self._loads(),
            memory_octets=memory["MemTotal"],
            storages=self._storages(memory),
            interfaces=tuple(self._interfaces()),
        )

    def _memory(self) -> Mapping[str, int]:
        """/proc/meminfo in octets."""
        lines = (line.split() for line in _text(self._proc / "meminfo").splitlines())
        return {words[0].rstrip(":"): int(words[1]) * 1024 for words in lines if len(words) == 3}

    def _loads(self) -> tuple[float, ...]:
        now = _jiffies(_text(self._proc / "stat"))
        before, self._before = self._before, now
        if len(before) != len(now):
            return ()
        pairs = zip(before, now, strict=True)
        return tuple(_load_pct(old, new) for old, new in pairs)

    def _storages(self, memory: Mapping[str, int]) -> tuple[Storage, ...]:
        disk = os.statvfs(self._state)
        free = memory.get("MemAvailable", memory["MemFree"])
        swap = memory.get("SwapTotal", 0)
        found = [
            Storage(
                1,
                StorageKind.MEMORY,
                "Physical memory",
                1024,
                memory["MemTotal"],
                memory["MemTotal"] - free,
            ),
            Storage(
                3,
                StorageKind.DISK,
                "State of the agent",
                disk.f_frsize,
                disk.f_blocks * disk.f_frsize,
                (disk.f_blocks - disk.f_bfree) * disk.f_frsize,
            ),
        ]
        if swap:
            used = swap - memory.get("SwapFree", 0)
            found.insert(1, Storage(2, StorageKind.SWAP, "Swap space", 1024, swap, used))
        return tuple(found)

    def _interfaces(self) -> list[Interface]:
        found = []
        for folder in sorted(self._net.iterdir()) if self._net.is_dir() else ():
            with suppress(OSError, ValueError):  # it was unplugged while it was read
                found.append(_interface(folder))
        return found


def _jiffies(stat: str) -> tuple[Jiffies, ...]:
    found = []
    for line in stat.splitlines():
        name, *numbers = line.split()
        if re.fullmatch(r"cpu\d+", name):
            spent = [int(number) for number in numbers[:8]]
            idle = spent[3] + spent[4]  # idle and waiting for a disk
            found.append((sum(spent) - idle, sum(spent)))
    return tuple(found)


def _load_pct(before: Jiffies, now: Jiffies) -> float:
    total = now[1] - before[1]
    return 100.0 * (now[0] - before[0]) / total if total > 0 else 0.0


def _interface(folder: Path) -> Interface:
    flags = int(_text(folder / "flags"), 16)
    return Interface(
        index=int(_text(folder / "ifindex")),
        name=folder.name,
        kind=_KINDS.get(int(_text(folder / "type")), InterfaceKind.OTHER),
        mtu_octets=int(_text(folder / "mtu")),
        speed_bps=_speed_bps(folder),
        hardware_address=_octets(_text(folder / "address")),
        is_enabled=bool(flags & _UP),
        link=LinkState(_text(folder / "operstate")),
        is_promiscuous=bool(flags & _PROMISCUOUS),
        received=_traffic(folder, "rx"),
        sent=_traffic(folder, "tx"),
        multicasts=_count(folder, "multicast"),
    )


def _speed_bps(folder: Path) -> int | None:
    """None for interfaces without a speed: reading it fails there, or says -1."""
    with suppress(OSError, ValueError):
        megabits = int(_text(folder / "speed"))
        return megabits * _MEGA if megabits > 0 else None
    return None


def _octets(address: str) -> bytes:
    """Of an interface without an address: none."""
    return bytes.fromhex(address.replace(":", "")) if _ADDRESS.fullmatch(address) else b""


def _traffic(folder: Path, way: str) -> Traffic:
    names = ("bytes", "packets", "dropped", "errors")
    return Traffic(*(_count(folder, f"{way}_{name}") for name in names))


def _count(folder: Path, name: str) -> int:
    return int(_text(folder / "statistics" / name))


def _text(file: Path) -> str:
    return file.read_text(encoding="ascii").strip()
