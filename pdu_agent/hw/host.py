# SPDX-License-Identifier: Apache-2.0
"""What Linux tells of the board: /proc (proc(5)) and the file system of the state."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from pdu_agent.hw.interfaces import read_interfaces
from pdu_agent.hw.own_process import OwnProcessReader, hottest_c
from pdu_agent.model.host import HostStatus, Storage, StorageKind

_LOAD_SPAN_S = 60.0  # hrProcessorLoad of RFC 2790

Jiffies = tuple[int, int]
"""Of one processor since the start: busy, and all of them."""


class HostReader:
    """Reads on demand; not to be shared between threads. state: the folder whose file system
    counts. proc, net, thermal: where the kernel shows itself.
    """

    def __init__(
        self,
        state: Path,
        proc: Path = Path("/proc"),
        net: Path = Path("/sys/class/net"),
        thermal: Path = Path("/sys/class/thermal"),
    ) -> None:
        self._state = state
        self._proc = proc
        self._net = net
        self._thermal = thermal
        self._agent = OwnProcessReader(proc / "self")
        self._looks: deque[tuple[float, tuple[Jiffies, ...]]] = deque()
        """Uptime and processors, oldest first: a minute of them."""

    def read(self) -> HostStatus:
        """The board now. Raises OSError or ValueError where /proc is not as it should be."""
        memory = self._memory()
        uptime_s = float(_text(self._proc / "uptime").split()[0])
        return HostStatus(
            uptime_s=uptime_s,
            process_count=sum(name.isdigit() for name in os.listdir(self._proc)),
            processor_loads_pct=self._loads(uptime_s),
            memory_octets=memory["MemTotal"],
            storages=tuple(self._storages(memory)),
            interfaces=tuple(read_interfaces(self._net, self._proc / "net/dev")),
            load_average=float(_text(self._proc / "loadavg").split()[0]),
            temperature_c=hottest_c(self._thermal),
            agent=self._agent.read(uptime_s),
        )

    def _memory(self) -> Mapping[str, int]:
        """/proc/meminfo in octets."""
        lines = (line.split() for line in _text(self._proc / "meminfo").splitlines())
        return {words[0].rstrip(":"): int(words[1]) * 1024 for words in lines if len(words) == 3}

    def _loads(self, uptime_s: float) -> tuple[float, ...]:
        now = _jiffies(_text(self._proc / "stat"))
        looks = self._looks
        if looks and len(looks[0][1]) != len(now):
            looks.clear()
        while len(looks) > 1 and looks[1][0] <= uptime_s - _LOAD_SPAN_S:
            looks.popleft()
        looks.append((uptime_s, now))
        if len(looks) == 1:
            return ()
        pairs = zip(looks[0][1], now, strict=True)
        return tuple(_load_pct(old, new) for old, new in pairs)

    def _storages(self, memory: Mapping[str, int]) -> Iterator[Storage]:
        total, swap = memory["MemTotal"], memory.get("SwapTotal", 0)
        used = total - memory.get("MemAvailable", memory["MemFree"])
        yield Storage(1, StorageKind.MEMORY, "Physical memory", 1024, total, used)
        if swap:
            used = swap - memory.get("SwapFree", 0)
            yield Storage(2, StorageKind.SWAP, "Swap space", 1024, swap, used)
        with suppress(OSError):  # a card that fails takes nothing else with it
            yield self._disk()

    def _disk(self) -> Storage:
        disk = os.statvfs(self._state)
        block_octets = disk.f_frsize or disk.f_bsize or 1  # file systems in user space say 0
        used = disk.f_blocks - disk.f_bfree
        return Storage(
            3,
            StorageKind.DISK,
            "State of the agent",
            block_octets,
            # As df does: what is kept for root is no room for the agent.
            (used + disk.f_bavail) * block_octets,
            used * block_octets,
        )


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


def _text(file: Path) -> str:
    return file.read_text(encoding="ascii").strip()
