# SPDX-License-Identifier: Apache-2.0
"""What Linux tells of the agent's own process, and how warm the board is: proc(5), and thermal
zones as the kernel's sysfs-api document of the thermal subsystem describes them.
"""

from __future__ import annotations

import os
from collections import deque
from contextlib import suppress
from pathlib import Path

from pdu_agent.model.host import OwnProcess

_SPAN_S = 60.0
_COLDEST_C, _HOTTEST_C = -40.0, 150.0  # a zone without a sensor tells 0 K, or 2^31

# Fields of /proc/PID/stat, counted from the one after the name.
_USER_TICKS, _SYSTEM_TICKS, _THREADS, _RESIDENT_PAGES = 11, 12, 17, 21


class OwnProcessReader:
    """Not to be shared between threads. folder: of the process, below /proc."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._looks: deque[tuple[float, float]] = deque()
        """Seconds of uptime and of processor, oldest first: a minute of them."""

    def read(self, uptime_s: float) -> OwnProcess:
        """Raises OSError or ValueError where /proc is not as it should be."""
        stat = (self._folder / "stat").read_text(encoding="utf-8", errors="replace")
        fields = stat.rpartition(")")[2].split()  # the name may hold anything, also brackets
        ticks = int(fields[_USER_TICKS]) + int(fields[_SYSTEM_TICKS])
        return OwnProcess(
            cpu_pct=self._cpu_pct(uptime_s, ticks / os.sysconf("SC_CLK_TCK")),
            memory_octets=int(fields[_RESIDENT_PAGES]) * os.sysconf("SC_PAGE_SIZE"),
            threads=int(fields[_THREADS]),
            open_files=len(os.listdir(self._folder / "fd")),
        )

    def _cpu_pct(self, uptime_s: float, cpu_s: float) -> float | None:
        looks = self._looks
        while len(looks) > 1 and looks[1][0] <= uptime_s - _SPAN_S:
            looks.popleft()
        looks.append((uptime_s, cpu_s))
        span_s = uptime_s - looks[0][0]
        return 100.0 * (cpu_s - looks[0][1]) / span_s if span_s > 0 else None


def hottest_c(zones: Path) -> float | None:
    """Of the thermal zones in a folder; None where none tells something that can be true."""
    found = []
    for file in zones.glob("thermal_zone*/temp"):
        with suppress(OSError, ValueError):
            found.append(int(file.read_text(encoding="ascii")) / 1000.0)
    return max((each for each in found if _COLDEST_C < each < _HOTTEST_C and each), default=None)
