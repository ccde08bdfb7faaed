# SPDX-License-Identifier: Apache-2.0
"""How long until a client of NUT sees what the unit does, and what does the way there cost?

    python bench/nut_latency.py [--sets 120] [--changes 20] [--idle 30] [--outlets 8 64] [--json]

A real upsd serves the demo; a client asks it for one variable every 20 ms. Outlets are switched
by SNMP and by HTTP in turn, and the time runs from just before the command leaves until upsd
tells the other status. The load of outlet 1 is changed by a script of the simulator, from the line
of the log that says so until upsd tells a power within 15 % of it.

At rest, with constant loads and the noise of their meters, a second client of the driver's
socket counts the octets of the whole dump and of the deltas after it; the CPU that the agent
needs is held against that of the same demo without NUT.
"""

from __future__ import annotations

import argparse
import math
import random
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import repository  # noqa: F401
from figures import Figure, percentile, report
from nut_demo import NAME, Client, NutDemo

from tests.nut.upsd import running_upsd
from tests.system.demo_process import COMMAND, Demo
from tests.system.snmp_client import SnmpClient, name

POLL_S = 0.02
LIMIT_S = 10.0
PAUSE_S = (0.3, 0.5)
TAKING_PART = 8
"""Outlets, in turn, so that no relay has to wait for its rest."""
SETTLE_S = 10.0
WATTS = 400.0, 150.0
PERIOD_S = 8.0
TOLERANCE = 0.15
GOAL_MS, VALUE_GOAL_MS = 500.0, 2000.0
NUMBERS = {"on": 1, "off": 2}
SCRIPT = """\
- {{every: {period}s, at: {half}s, load: {{of: outlet 1, watts: {first}}}}}
- {{every: {period}s, at: {period}s, load: {{of: outlet 1, watts: {second}}}}}
"""


def status_s(demo: NutDemo, client: Client, outlets: int, sets: int) -> dict[str, list[float]]:
    """Seconds until the other status is told, by how the command came. Outlets go off and on."""
    snmp = SnmpClient(demo.snmp_port)
    chance = random.Random(outlets)
    found: dict[str, list[float]] = {"SNMP": [], "HTTP": []}
    try:
        for turn in range(sets):
            outlet = 1 + turn % TAKING_PART * outlets // TAKING_PART
            verb = ("off", "on")[turn // TAKING_PART % 2]
            door = ("SNMP", "HTTP")[turn % 2]
            begin_s = time.perf_counter()
            if door == "SNMP":
                wish = {name(COMMAND, outlet): NUMBERS[verb]}
                answer = snmp.set(wish, timeout_s=LIMIT_S)
            else:
                status, told = demo.api("POST", f"/outlets/{outlet}/{verb}", {})
                answer = 0 if status == 200 else told
            if answer != 0:
                raise RuntimeError(f"{door}: outlet {outlet} {verb}: {answer}")
            late_s = client.seconds_until(f"outlet.{outlet}.status", verb, POLL_S, LIMIT_S)
            found[door].append(time.perf_counter() - begin_s if late_s < math.inf else math.inf)
            time.sleep(chance.uniform(*PAUSE_S))
    finally:
        snmp.close()
    return found


def value_s(demo: NutDemo, client: Client, changes: int) -> list[float]:
    """Seconds from each change of the load until upsd tells it."""
    found: list[float] = []
    seen = _played(demo)
    while len(found) < changes:
        while _played(demo) == seen:
            time.sleep(POLL_S)
        seen = _played(demo)
        begin_s = time.perf_counter()
        wanted_w = WATTS[(seen - 1) % 2]
        while not _is_about(client.get("outlet.1.realpower"), wanted_w):
            if time.perf_counter() - begin_s > LIMIT_S:
                begin_s = -math.inf
                break
            time.sleep(POLL_S)
        found.append(time.perf_counter() - begin_s)
    return found


def _played(demo: NutDemo) -> int:
    """How many changes the script has made, as the log has them."""
    return demo.log().count("load of outlet 1")


def _is_about(text: str, watts: float) -> bool:
    """An error of upsd is about nothing."""
    try:
        return abs(float(text) - watts) < TOLERANCE * watts
    except ValueError:
        return False


def octets_told(path: Path, seconds: float) -> tuple[int, int]:
    """Of the dump, and of what comes unasked in so many seconds after it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as driver:
        driver.connect(str(path))
        driver.settimeout(LIMIT_S)
        driver.sendall(b"DUMPALL\n")
        dump = b""
        while not dump.endswith(b"DUMPDONE\n"):
            dump += driver.recv(65536)
        end_s = time.monotonic() + seconds
        deltas = 0
        while (left_s := end_s - time.monotonic()) > 0:
            driver.settimeout(left_s)
            try:
                deltas += len(driver.recv(65536))
            except TimeoutError:
                break
        return len(dump), deltas


def cpu_percent(demo: Demo, seconds: float) -> float:
    """Of one core."""
    before_s = demo.cpu_s()
    time.sleep(seconds)
    return 100 * (demo.cpu_s() - before_s) / seconds


def measure(folder: Path, outlets: int, sets: int, idle_s: float) -> Iterator[Figure]:
    """Status and cost of a unit of so many outlets."""
    count = ("--outlets", str(outlets))
    with Demo(folder / "plain", *count) as plain:
        time.sleep(SETTLE_S)
        without = cpu_percent(plain, idle_s)
    with (
        running_upsd(folder / "nut", {NAME: "openpdu"}, conf="MAXAGE 15\n") as server,
        NutDemo(folder / "demo", server.state_path, *count) as demo,
    ):
        server.until(lambda: server.upsc(NAME, "outlet.count") == str(outlets))
        client = Client(server.address)
        time.sleep(SETTLE_S)
        with_it = cpu_percent(demo, idle_s)
        dump, deltas = octets_told(demo.socket, idle_s)
        waits_s = status_s(demo, client, outlets, sets)
        client.close()
    unit = f"{outlets} outlets"
    for door, times_s in waits_s.items():
        yield from _times(f"{unit}: {door} to status", times_s, GOAL_MS)
    yield Figure(f"{unit}: whole dump", dump, "octets")
    yield Figure(f"{unit}: deltas at rest", deltas / idle_s, "octets/s")
    yield Figure(f"{unit}: CPU without NUT", without, "%")
    yield Figure(f"{unit}: CPU that NUT adds", with_it - without, "%", note="of one core")


def measure_values(folder: Path, changes: int) -> Iterator[Figure]:
    script = folder / "loads.yaml"
    text = SCRIPT.format(period=PERIOD_S, half=PERIOD_S / 2, first=WATTS[0], second=WATTS[1])
    script.write_text(text, encoding="utf-8")
    with (
        running_upsd(folder / "nut", {NAME: "openpdu"}, conf="MAXAGE 15\n") as server,
        NutDemo(folder / "demo", server.state_path, "--script", str(script)) as demo,
    ):
        server.until(lambda: server.upsc(NAME, "outlet.count") == "8")
        client = Client(server.address)
        times_s = value_s(demo, client, changes)
        client.close()
    yield from _times("load to power of its outlet", times_s, VALUE_GOAL_MS)


def _times(what: str, times_s: Sequence[float], goal_ms: float) -> Iterator[Figure]:
    for percent in (50, 99, 100):
        goal = goal_ms if percent == 99 else None
        yield Figure(f"{what}, p{percent}", 1000 * percentile(times_s, percent), "ms", goal)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=120, help="commands, half of them by HTTP")
    parser.add_argument("--changes", type=int, default=20, help="of a load")
    parser.add_argument("--idle", type=float, default=30.0, help="seconds of rest")
    parser.add_argument("--outlets", type=int, nargs="+", default=[8, 64])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="openpdu-nut-") as place:
        for outlets in arguments.outlets:
            folder = Path(place) / str(outlets)
            (folder / "plain").mkdir(parents=True)
            (folder / "demo").mkdir()
            figures += measure(folder, outlets, arguments.sets, arguments.idle)
        if arguments.changes:
            folder = Path(place) / "values"
            (folder / "demo").mkdir(parents=True)
            figures += measure_values(folder, arguments.changes)
    return report(figures, arguments.json)


if __name__ == "__main__":
    sys.exit(main())
