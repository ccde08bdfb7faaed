# SPDX-License-Identifier: Apache-2.0
"""A week in compressed time: memory, descriptors, errors and energy.

    python bench/soak.py [--days 7] [--speed 30] [--demo-minutes 10] [--json]

The register-level chain cannot run a week in minutes, so there are two soaks:

1. Core, store and SNMP engine in this process on a clock moved by hand: five windows a
   second from two converters, a v2c and a v3 request each ten seconds, a SET each minute,
   the record saved each second and flushed each minute to real files, for --days.
2. The whole demo as a process with --speed for --demo-minutes, polled and switched. Beyond
   the speed that the host can follow frames are lost, and the figures show it.

RSS growth is from the end of the first twentieth of the run to its end.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import repository  # noqa: F401
from figures import Figure, report
from soak_strip import OUTLETS, SECONDS_A_DAY, Strip

from pdu_agent.app.paths import memory_folder
from tests.system.demo_process import BASE, COMMAND, Demo
from tests.system.snmp_client import Name, SnmpClient, name

MAX_GROWTH_PERCENT = 5.0
WARM_PART = 20
SAMPLES = 200
POLL_S = 0.1
MILLIJOULES_PER_MILLIWATT_HOUR = 3600
STEADY = range(1, OUTLETS)
"""The last outlet is switched, the others stay on."""
POWERS = [name(f"{BASE}.1.3.2.1.3", outlet) for outlet in STEADY]
ENERGIES = [name(f"{BASE}.1.3.2.1.8", outlet) for outlet in STEADY]
FRAMES_PER_S = 16_000


class Resources:
    """RSS and descriptors of a process over a run."""

    def __init__(self, pid: int | str) -> None:
        self._folder = Path("/proc") / str(pid)
        self.rss_mb: list[float] = []
        self.descriptors: list[int] = []

    def sample(self) -> None:
        fields = (self._folder / "statm").read_text(encoding="ascii").split()
        self.rss_mb.append(int(fields[1]) * 4096 / 1e6)
        self.descriptors.append(len(list((self._folder / "fd").iterdir())))

    def figures(self, soak: str) -> Iterator[Figure]:
        warm = self.rss_mb[len(self.rss_mb) // WARM_PART :]
        growth = 100 * (warm[-1] - warm[0]) / warm[0]
        yield Figure(f"{soak}: RSS once warm", warm[0], "MB")
        yield Figure(f"{soak}: RSS growth", growth, "%", MAX_GROWTH_PERCENT)
        more = self.descriptors[-1] - self.descriptors[len(self.descriptors) // WARM_PART]
        yield Figure(f"{soak}: more descriptors at the end", more, "", 0)


def core_soak(days: float) -> Iterator[Figure]:
    resources = Resources("self")
    begin_s = time.monotonic()
    whole_s = round(days * SECONDS_A_DAY)
    with tempfile.TemporaryDirectory(dir=memory_folder(os.environ)) as folder:
        strip = Strip(Path(folder))
        try:
            for second in range(whole_s):
                strip.run_second(second)
                if second % max(1, whole_s // SAMPLES) == 0:
                    resources.sample()
            strip.settle()
            resources.sample()
            wrong_mj = strip.largest_energy_error_mj()
        finally:
            strip.close()
    soak = f"core, {days:g} d"
    yield from resources.figures(soak)
    yield Figure(f"{soak}: energy wrong by, worst meter", wrong_mj, "mJ", 1)
    yield Figure(f"{soak}: requests not answered", strip.unanswered, "", 0)
    yield Figure(f"{soak}: logged errors", strip.errors, "", 0)
    yield Figure(f"{soak}: SNMP requests", strip.requests, "")
    yield Figure(f"{soak}: relay movements", strip.movements, "")
    yield Figure(f"{soak}: wall time", time.monotonic() - begin_s, "s")


def demo_soak(speed: float, minutes: float) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        demo = Demo(Path(folder), "--speed", f"{speed:g}")
        with demo:
            watch = DemoWatch(demo, speed)
            watch.run(60 * minutes)
            errors = demo.log().count("Traceback")
            soak = f"demo x{speed:g}, {minutes:g} min"
            yield from watch.resources.figures(soak)
            yield Figure(f"{soak}: energy against power x time", watch.worst_percent(), "%", 1.0)
            yield Figure(f"{soak}: lost frames", watch.lost_percent(), "%")
            yield Figure(f"{soak}: tracebacks", errors, "", 0)
            yield Figure(f"{soak}: simulated hours", watch.simulated_s / 3600, "h")


class DemoWatch:
    """Polls and switches a running demo, and integrates what it shows as power."""

    def __init__(self, demo: Demo, speed: float) -> None:
        self.resources = Resources(demo.pid)
        self.simulated_s = 0.0
        self._demo = demo
        self._speed = speed
        self._client = SnmpClient(demo.snmp_port)
        self._shown_mj = [0.0] * len(STEADY)
        self._counted_mwh = [0] * len(STEADY)
        self._lost = 0

    def run(self, seconds: float) -> None:
        time.sleep(2.0)
        start_mwh, lost = self._numbers(ENERGIES), self._lost_samples()
        begin_s = last_s = time.monotonic()
        while last_s < begin_s + seconds:
            time.sleep(POLL_S)
            powers_mw = self._numbers(POWERS)
            now_s = time.monotonic()
            passed_s, last_s = (now_s - last_s) * self._speed, now_s
            for number, power_mw in enumerate(powers_mw):
                self._shown_mj[number] += power_mw * passed_s
            self._switch(now_s - begin_s)
            if (now_s - begin_s) * SAMPLES / seconds >= len(self.resources.rss_mb):
                self.resources.sample()
        self.simulated_s = (last_s - begin_s) * self._speed
        ends_mwh = self._numbers(ENERGIES)
        self._counted_mwh = [e - s for s, e in zip(start_mwh, ends_mwh, strict=True)]
        self._lost = self._lost_samples() - lost
        self._client.close()

    def worst_percent(self) -> float:
        return max(
            abs(100 * (counted * MILLIJOULES_PER_MILLIWATT_HOUR / shown - 1))
            for counted, shown in zip(self._counted_mwh, self._shown_mj, strict=True)
        )

    def lost_percent(self) -> float:
        return 100 * self._lost / (self.simulated_s * FRAMES_PER_S)

    def _switch(self, passed_s: float) -> None:
        self._client.set({name(COMMAND, OUTLETS): 1 + int(passed_s) % 2})

    def _lost_samples(self) -> int:
        return int(self._demo.api("GET", "/health")[1]["lost_samples"])

    def _numbers(self, names: list[Name]) -> list[int]:
        values = self._client.get(*names) or []
        numbers = [value for value in values if isinstance(value, int)]
        if len(numbers) != len(names):
            raise RuntimeError(f"the demo answers {values} to {len(names)} names")
        return numbers


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=float, default=7.0)
    parser.add_argument("--speed", type=float, default=30.0)
    parser.add_argument("--demo-minutes", type=float, default=10.0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = list(core_soak(arguments.days)) if arguments.days else []
    if arguments.demo_minutes:
        figures += demo_soak(arguments.speed, arguments.demo_minutes)
    return report(figures, arguments.json)


if __name__ == "__main__":
    sys.exit(main())
