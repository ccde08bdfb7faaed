# SPDX-License-Identifier: Apache-2.0
"""What plans, rules, caps and trips cost while they watch: CPU and memory of 64 outlets.

    python -m bench.automata_cost [--seconds 600] [--rounds 3] [--live 60] [--json]

The core in process, on a clock of its own: every metered point has five readings a second, as in
the demo, sensors one in five seconds, hosts one in ten; somebody looks at a snapshot each second.
Process CPU over the simulated time is the share of a core. The same core without plans, rules,
caps and trips is taken off. Noise only adds, so the best of a few rounds counts.

Then the agent itself, in a process of its own with simulated converters, with and without them: CPU
of the thread that runs the core, once all outlets are on, and resident memory. --live 0 leaves it
out.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.automata_rack import PLANS, RULES, configuration
from bench.figures import Figure, report
from pdu_agent.app.client import AgentClient, ClientError
from pdu_agent.app.config.load import load_settings
from pdu_agent.app.core_settings import core_settings_of
from pdu_agent.app.rehearsal import Rehearsal
from pdu_agent.core.settings import CoreSettings
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.readings import HostSeen, Measurement, Reading, SensorReading
from pdu_agent.model.ups import Ups, UpsFlag

ROOT = Path(__file__).parents[1]
START_WALL_S = 1_775_000_000.0
WINDOW_S = 0.2
SENSOR_WINDOWS, HOST_WINDOWS, SNAPSHOT_WINDOWS = 25, 50, 5
SETTLING_S = 10.0
START_LIMIT_S = 60.0
GOAL_PERCENT = 1.0
MAINS_V = 230.0
CONVERTER_POINTS = 7
VARIANTS = 16
"""Different readings of each point, over and over."""


class WatchedRack:
    """A core with its readings; loads from 0 to 3 A that wander by a few percent."""

    def __init__(self, settings: CoreSettings) -> None:
        self._rehearsal = Rehearsal(settings, START_WALL_S)
        self._core, self._clock = self._rehearsal.core, self._rehearsal.clock
        self._hosts = ("host1", "host2", "host3", "host4")
        points = [t for t in settings.metered_points() if str(t) in settings.stale_after_s]
        self._sources = [
            points[first : first + CONVERTER_POINTS]
            for first in range(0, len(points), CONVERTER_POINTS)
        ]
        self._loads = {point: _variants(point) for point in points}
        self._off = _electrical(0.0)
        self._core.on_upses((_ups(),))

    def run(self, seconds: float) -> None:
        """Let time pass, reading for reading."""
        for window in range(round(seconds / WINDOW_S)):
            end_s = self._clock.monotonic_s() + WINDOW_S
            while (due_s := self._core.next_deadline_s()) < end_s:
                self._clock.advance(max(0.0, due_s - self._clock.monotonic_s()) + 1e-6)
                self._rehearsal.tick()
            self._clock.advance(max(0.0, end_s - self._clock.monotonic_s()))
            self._read(window)

    def _read(self, window: int) -> None:
        now_s = self._clock.monotonic_s()
        for number, points in enumerate(self._sources):
            measured = tuple(self._measured(point, window) for point in points)
            reading = Reading(f"chip{number}", window, now_s, WINDOW_S, measured)
            self._look(self._core.on_reading(reading))
        if window % SENSOR_WINDOWS == 0:
            for sensor in (1, 2):
                self._core.on_sensor(SensorReading(sensor, now_s, 25.0 + window % 7))
                self._look(self._core.next_deadline_s())
        if window % HOST_WINDOWS == 0:
            for host in self._hosts:
                self._core.on_watched_host(HostSeen(host, True))
        if window % SNAPSHOT_WINDOWS == 0:
            _ = self._core.snapshot

    def _look(self, due_s: float) -> None:
        """After each delivery the agent learns when the core is due, and lets it do what is."""
        if due_s <= self._clock.monotonic_s():
            self._rehearsal.tick()

    def _measured(self, point: Target, window: int) -> Measurement:
        is_off = point.kind is TargetKind.OUTLET and not self._rehearsal.is_closed(point.index)
        now = self._off if is_off else self._loads[point][window % VARIANTS]
        return Measurement(point, now, (now.active_power_w or 0.0) * WINDOW_S * 1000)


def _variants(point: Target) -> list[Electrical]:
    chance = random.Random(str(point))
    share = {TargetKind.INLET: 96.0, TargetKind.BRANCH: 12.0}.get(point.kind)
    mean_a = share if share is not None else chance.uniform(0.05, 3.0)
    return [_electrical(mean_a * chance.uniform(0.97, 1.03)) for _ in range(VARIANTS)]


def _electrical(current_a: float) -> Electrical:
    power_w = current_a * MAINS_V
    return Electrical(
        voltage_v=MAINS_V,
        current_a=current_a,
        active_power_w=power_w,
        apparent_power_va=power_w,
        reactive_power_var=0.0,
        power_factor=1.0 if current_a else 0.0,
        frequency_hz=50.0,
        quality=Quality.OK,
    )


def _ups() -> Ups:
    return Ups(1, "ups", "", "", "", frozenset({UpsFlag.ON_LINE}), {}, None, 0.0)


def settings_in(folder: Path, automata: bool) -> CoreSettings:
    file = folder / "openpdu.yaml"
    file.write_text(configuration(automata), encoding="utf-8")
    return core_settings_of(load_settings(file, _environ(folder)))


def _environ(folder: Path) -> Mapping[str, str]:
    return {
        "OPENPDU_STATE_DIR": str(folder / "state"),
        "OPENPDU_RUNTIME_DIR": str(folder / "run"),
    }


def share_percent(settings: CoreSettings, seconds: float) -> float:
    """CPU of this process for each simulated second, in percent of a core."""
    rack = WatchedRack(settings)
    rack.run(SETTLING_S)
    begun_s = time.process_time()
    rack.run(seconds)
    return 100 * (time.process_time() - begun_s) / seconds


def core_figures(seconds: float, rounds: int) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        settings = {automata: settings_in(Path(folder), automata) for automata in (False, True)}
    costs: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(rounds):
        for automata, found in costs.items():
            found.append(share_percent(settings[automata], seconds))
    without, with_all = min(costs[False]), min(costs[True])
    note = f"{PLANS} plans, {RULES} rules, caps, trips: {with_all:.2f} % against {without:.2f} %"
    yield Figure("core: what they cost", with_all - without, "% a core", GOAL_PERCENT, note)


@contextmanager
def agent(folder: Path, automata: bool) -> Iterator[int]:
    """The agent with this configuration, once it answers; its process number."""
    file = folder / "openpdu.yaml"
    file.write_text(configuration(automata), encoding="utf-8")
    environ = {**os.environ, **_environ(folder)}
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "pdu_agent", "run", "--config", str(file)]
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stderr=log)
    try:
        client, end_s = _client(folder), time.monotonic() + START_LIMIT_S
        while not _answers(client):
            if process.poll() is not None or time.monotonic() > end_s:
                raise RuntimeError((folder / "log").read_text(encoding="utf-8"))
            time.sleep(0.2)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def _client(folder: Path) -> AgentClient:
    return AgentClient(folder / "run" / "api.sock")


def _answers(client: AgentClient) -> bool:
    try:
        client.get("status")
    except ClientError:
        return False
    return True


def live_costs(automata: bool, seconds: float) -> tuple[float, float]:
    """(percent of a core of the thread that runs the core, RSS in MB)."""
    with tempfile.TemporaryDirectory() as folder, agent(Path(folder), automata) as pid:
        client, end_s = _client(Path(folder)), time.monotonic() + START_LIMIT_S
        while any(row["state"] != "on" for row in client.get("outlets")["outlets"]):
            if time.monotonic() > end_s:
                raise RuntimeError("not all outlets are on")
            time.sleep(1.0)
        time.sleep(SETTLING_S)
        before_s = _loop_cpu_s(pid)
        time.sleep(seconds)
        return 100 * (_loop_cpu_s(pid) - before_s) / seconds, _rss_mb(pid)


def _loop_cpu_s(pid: int) -> float:
    """In nanoseconds' resolution: the first number of schedstat is the time on a processor."""
    stat = Path(f"/proc/{pid}/task/{pid}/schedstat").read_text(encoding="ascii")
    return int(stat.split()[0]) / 1e9


def _rss_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError("no VmRSS")


def live_figures(seconds: float, rounds: int) -> Iterator[Figure]:
    found: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    for _ in range(rounds):
        for automata, costs in found.items():
            costs.append(live_costs(automata, seconds))
    cpu = {automata: min(cost for cost, _ in costs) for automata, costs in found.items()}
    rss = {automata: min(size for _, size in costs) for automata, costs in found.items()}
    note = f"{cpu[True]:.2f} % against {cpu[False]:.2f} %"
    yield Figure("agent: what they cost", cpu[True] - cpu[False], "% a core", GOAL_PERCENT, note)
    note = f"{rss[True]:.1f} MB against {rss[False]:.1f} MB"
    yield Figure("agent: memory that they add", rss[True] - rss[False], "MB", None, note)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600.0, help="simulated, of the core")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--live", type=float, default=60.0, help="seconds of the agent; 0: none")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    figures = list(core_figures(arguments.seconds, arguments.rounds))
    if arguments.live:
        figures += live_figures(arguments.live, arguments.rounds)
    return report(figures, arguments.json)


if __name__ == "__main__":
    sys.exit(main())
