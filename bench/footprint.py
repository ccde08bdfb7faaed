# SPDX-License-Identifier: Apache-2.0
"""Memory and CPU of the demo with eight outlets: at start, idle, used, and under a memory cap.

    python bench/footprint.py [--starts 5] [--idle 60] [--json]

Start: a raw SNMPv2c GET every 5 ms from outside; when it is answered, /proc/PID/stat tells
the CPU used. Bytecode is warm from a start before. Noise only adds, so the best start is
held against the goal, and the median is stated.

Idle: CPU of every thread from /proc/PID/task, once as it is and once with converters that
play back recorded messages (recorded_demo.py); the difference is the simulator's.

Used: RSS after a log-in, all pages and the history; and after many of each, which must not add.
With 64 outlets besides.

Memory cap: 200 MB by a memory cgroup where one can be made, else RLIMIT_DATA; the agent then
answers SNMP walks, switches, and serves the API for ten seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import repository  # noqa: F401
from figures import Figure, percentile, report

from pdu_agent.app.demo import PEOPLE
from pdu_agent.app.memory import INTERVAL_S
from pdu_agent.web.pages.navigation import SECTIONS
from tests.system.demo_process import COMMAND, STATE, Demo
from tests.system.snmp_client import SnmpClient, name

CAP_BYTES = 200_000_000
CAP_SECONDS = 10.0
ANSWER_LIMIT_S = 30.0
SETTLED_S = 6.0
TRIMMED_S = INTERVAL_S + 2.0
LOG_INS = 50
ROUNDS = 15
HISTORY = "/api/v1/history?target=outlet:3&quantity=active_power_w&points=300"
EXPORTS = [f"/api/v1/export?format={name}" for name in ("csv", "jsonl", "npz")]
SYS_UP_TIME = name("1.3.6.1.2.1.1.3.0")
ENTER_GROUP = 'echo $$ > "$0/cgroup.procs" && exec "$@"'
LIMIT_DATA = 'ulimit -d "$0" && exec "$@"'


class CappedDemo(Demo):
    """A demo that a small shell starts: `script` runs with `argument` as $0."""

    def __init__(self, folder: Path, script: str, argument: str) -> None:
        super().__init__(folder)
        self._prefix = ["sh", "-c", script, argument]

    def command(self) -> list[str]:
        return [*self._prefix, *super().command()]


def start_cost(folder: Path) -> tuple[float, float]:
    """(CPU seconds, wall seconds) from the start of the process to the first SNMP answer."""
    demo = Demo(folder)
    client = SnmpClient(demo.snmp_port, "public")
    begin_s = time.monotonic()
    demo.spawn()
    try:
        client.await_agent(SYS_UP_TIME, limit_s=ANSWER_LIMIT_S)
        return demo.cpu_s(), time.monotonic() - begin_s
    finally:
        client.close()
        demo.kill()


def start_figures(starts: int) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        start_cost(Path(folder))
        costs = [start_cost(Path(folder)) for _ in range(starts)]
    cpu_s, wall_s = zip(*costs, strict=True)
    yield Figure("CPU until the first SNMP answer, best", min(cpu_s), "s", 1.0)
    yield Figure("CPU until the first SNMP answer, median", percentile(cpu_s, 50), "s")
    yield Figure("start to first SNMP answer, best", min(wall_s), "s", 2.0)
    yield Figure("start to first SNMP answer, median", percentile(wall_s, 50), "s")


class RecordedDemo(Demo):
    """The demo on converters that play back what they have computed before."""

    def command(self) -> list[str]:
        program, *_module, first = super().command()[:4]
        script = str(Path(__file__).with_name("recorded_demo.py"))
        return [program, script, first, *super().command()[4:]]


def idle_figures(seconds: float) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, Demo(Path(folder)) as demo:
        time.sleep(seconds)
        yield Figure("RSS after start and idling", demo.rss_mb(), "MB", 80.0, f"{seconds:g} s")
        loop, whole = cpu_percent(demo, seconds)
        yield Figure("RSS after twice that", demo.rss_mb(), "MB", 80.0)
    with tempfile.TemporaryDirectory() as folder, RecordedDemo(Path(folder)) as demo:
        time.sleep(min(seconds, 5.0))
        _, without = cpu_percent(demo, seconds)
    yield Figure("idle CPU, 8 outlets at 8 kSPS", whole, "% a core")
    yield Figure("  of it the loop: core, saves, faces", loop, "% a core")
    yield Figure("idle CPU with recorded samples", without, "% a core")
    yield Figure("simulator's share of the idle CPU", 100 * (whole - without) / whole, "%")


def cpu_percent(demo: Demo, seconds: float) -> tuple[float, float]:
    """(loop thread, all threads) in percent of a core; the oldest thread runs the loop."""
    before = thread_cpu_s(demo.pid)
    time.sleep(seconds)
    used = {
        thread: 100 * (cpu_s - before.get(thread, 0.0)) / seconds
        for thread, cpu_s in thread_cpu_s(demo.pid).items()
    }
    return used[demo.pid], sum(used.values())


def thread_cpu_s(pid: int) -> dict[int, float]:
    """Thread number -> CPU seconds."""
    tick = os.sysconf("SC_CLK_TCK")
    used = {}
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        fields = stat.read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        used[int(stat.parent.name)] = (int(fields[11]) + int(fields[12])) / tick
    return used


# -- in use ------------------------------------------------------------------------------


class Visitor:
    """Somebody at the page of the demo."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo
        self._cookie = ""

    def log_in(self) -> None:
        body = json.dumps({"name": PEOPLE[-1].name, "password": PEOPLE[-1].password})
        connection = HTTPConnection("127.0.0.1", self._demo.http_port, timeout=20)
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/api/v1/session", body, headers)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        self._cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]

    def look_at(self, paths: Sequence[str]) -> None:
        """Raises AssertionError where one cannot be read."""
        connection = HTTPConnection("127.0.0.1", self._demo.http_port, timeout=20)
        for path in paths:
            connection.request("GET", path, headers={"Cookie": self._cookie})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, f"{path}: {answer.status}"
        connection.close()


def use_figures() -> Iterator[Figure]:
    pages = ["/outlets/1", *(each.path for section in SECTIONS for each in section.entries)]
    with tempfile.TemporaryDirectory() as folder, Demo(Path(folder)) as demo:
        time.sleep(SETTLED_S)
        visitor, at_start = Visitor(demo), demo.rss_mb()
        visitor.log_in()
        yield Figure("RSS added by a log-in", demo.rss_mb() - at_start, "MB", 1.0)
        visitor.look_at([*pages, HISTORY])
        time.sleep(TRIMMED_S)
        used = demo.rss_mb()
        yield Figure("  by all pages and the history too", used - at_start, "MB", 6.0)
        visitor.look_at(EXPORTS)
        for _ in range(LOG_INS):
            visitor.log_in()
        visitor.look_at(pages * ROUNDS)
        visitor.look_at(EXPORTS * 7)
        time.sleep(TRIMMED_S)
        note = f"{LOG_INS} log-ins, {len(pages) * ROUNDS} pages, {len(EXPORTS) * 8} exports"
        yield Figure("  by all that follows", demo.rss_mb() - used, "MB", 2.0, note)
    with tempfile.TemporaryDirectory() as folder, Demo(Path(folder), "--outlets", "64") as demo:
        time.sleep(SETTLED_S)
        yield Figure("RSS after start, 64 outlets", demo.rss_mb(), "MB", 128.0)


# -- the cap ----------------------------------------------------------------------------


@contextmanager
def memory_group() -> Iterator[Path | None]:
    """A cgroup limited to CAP_BYTES below our own, None where that cannot be made."""
    group = own_memory_group() / f"openpdu-footprint-{os.getpid()}"
    try:
        group.mkdir()
    except OSError:
        yield None
        return
    try:
        limit = group / "memory.max"
        if not limit.exists():
            limit = group / "memory.limit_in_bytes"
        try:
            limit.write_text(str(CAP_BYTES), encoding="ascii")
        except OSError:
            yield None
        else:
            yield group
    finally:
        group.rmdir()


def own_memory_group() -> Path:
    """The folder of this process's cgroup: of the memory controller, or the unified one."""
    unified = Path("/sys/fs/cgroup")
    for line in Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "memory":
            return Path("/sys/fs/cgroup/memory") / path.lstrip("/")
        if not controllers:
            unified = Path("/sys/fs/cgroup") / path.lstrip("/")
    return unified


def cap_figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, memory_group() as group:
        if group is None:
            kibibytes = str(CAP_BYTES // 1024)
            demo: Demo = CappedDemo(Path(folder), LIMIT_DATA, kibibytes)
        else:
            demo = CappedDemo(Path(folder), ENTER_GROUP, str(group))
        how = "RLIMIT_DATA" if group is None else "cgroup"
        with demo:
            failures = exercise(demo)
            yield Figure("failures under a cap of 200 MB", failures, "", 0, how)
            if group is not None:
                peak = peak_bytes(group)
                yield Figure("peak of the cgroup, page cache included", peak / 1e6, "MB", 200.0)


def peak_bytes(group: Path) -> int:
    for file in ("memory.peak", "memory.max_usage_in_bytes"):
        if (group / file).exists():
            return int((group / file).read_text(encoding="ascii"))
    return 0


def exercise(demo: Demo) -> int:
    """Read and switch over SNMP and the API for CAP_SECONDS; how often that failed."""
    client = SnmpClient(demo.snmp_port)
    states = [name(STATE, outlet) for outlet in range(1, 9)]
    failures = rounds = 0
    end_s = time.monotonic() + CAP_SECONDS
    try:
        while time.monotonic() < end_s:
            rounds += 1
            writes = {name(COMMAND, outlet): 1 + rounds % 2 for outlet in range(1, 9)}
            failures += client.set(writes) != 0
            failures += client.get(*states) is None
            failures += demo.api("GET", "/status")[0] != 200
    finally:
        client.close()
    return failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--idle", type=float, default=60.0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = [*start_figures(arguments.starts), *idle_figures(arguments.idle)]
    figures += [*use_figures(), *cap_figures()]
    return report(figures, arguments.json)


if __name__ == "__main__":
    sys.exit(main())
