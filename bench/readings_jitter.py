# SPDX-License-Identifier: Apache-2.0
"""Do readings keep coming in time while SNMP is busy?

    python bench/readings_jitter.py [--seconds 60] [--saturation-seconds 20] [--json]

The demo's inlet voltage, active power and current are polled over SNMP every 10 ms; a change
of any of them is a new reading. Three phases: no other traffic, 200 requests a second, and a
closed loop that keeps 32 requests outstanding. In each: fresh readings in whole seconds (60
a minute, one more or less), the time between readings, lost samples as the API counts them.
The traffic comes from a process of its own and is for 127.0.0.1 only.
"""

from __future__ import annotations

import argparse
import multiprocessing
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import repository  # noqa: F401
from figures import Figure, percentile, report

from tests.snmp import ber
from tests.system.demo_process import BASE, STATE, Demo
from tests.system.snmp_client import SnmpClient, Value, name

POLL_S = 0.01
RATE_PER_S = 200.0
WINDOW = 32
FRAMES_PER_S = 16_000
"""Two converters at 8 kSPS."""
INLET = [name(f"{BASE}.1.2.1.1.{column}", 1) for column in (4, 5, 6)]
"""Voltage, current, active power."""
MINUTE_TOLERANCE = 1


@dataclass(frozen=True, slots=True)
class Phase:
    """What one phase saw. arrivals_s: when each new reading was first seen."""

    name: str
    seconds: float
    arrivals_s: list[float]
    lost_samples: int
    answered: int = 0
    missed: int = 0


class Load:
    """Requests from a process of their own. rate_per_s 0: as fast as answers come."""

    def __init__(self, port: int, rate_per_s: float) -> None:
        self._counts = multiprocessing.Array("q", 2)
        self._stop = multiprocessing.Event()
        self._process = multiprocessing.Process(target=self._run, args=(port, rate_per_s))

    def __enter__(self) -> Load:
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._process.join()

    @property
    def answered(self) -> int:
        return self._counts[1]

    @property
    def missed(self) -> int:
        return max(0, self._counts[0] - self._counts[1])

    def _run(self, port: int, rate_per_s: float) -> None:
        states = [name(STATE, outlet) for outlet in range(1, 9)]
        pdu = ber.request(ber.GET, states)
        request = ber.encode(ber.message(1, b"public", pdu))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
            link.connect(("127.0.0.1", port))
            link.settimeout(1.0)
            if rate_per_s:
                self._at_a_rate(link, request, rate_per_s)
            else:
                self._closed_loop(link, request)

    def _at_a_rate(self, link: socket.socket, request: bytes, rate_per_s: float) -> None:
        due_s = time.monotonic()
        while not self._stop.is_set():
            time.sleep(max(0.0, due_s - time.monotonic()))
            due_s += 1 / rate_per_s
            self._send(link, request)
            self._receive(link)

    def _closed_loop(self, link: socket.socket, request: bytes) -> None:
        for _ in range(WINDOW):
            self._send(link, request)
        while not self._stop.is_set():
            if not self._receive(link):
                self._counts[1] = self._counts[0] - WINDOW  # lost: fill the window again
                continue
            self._send(link, request)
        while self._counts[1] < self._counts[0] and self._receive(link):
            pass

    def _send(self, link: socket.socket, request: bytes) -> None:
        link.send(request)
        self._counts[0] += 1

    def _receive(self, link: socket.socket) -> bool:
        try:
            link.recv(65535)
        except TimeoutError:
            return False
        self._counts[1] += 1
        return True


def watch_under(demo: Demo, label: str, seconds: float, load: Load) -> Phase:
    with load:
        phase = watch(demo, label, seconds)
        answered = load.answered
    return replace(phase, answered=answered, missed=load.missed)


def watch(demo: Demo, label: str, seconds: float) -> Phase:
    """Poll the inlet for `seconds`."""
    client = SnmpClient(demo.snmp_port, "public")
    arrivals_s: list[float] = []
    shown: list[Value] | None = None
    lost = lost_samples(demo)
    begin_s = time.monotonic()
    try:
        while (now_s := time.monotonic()) < begin_s + seconds:
            values = client.get(*INLET)
            if values is not None and values != shown:
                arrivals_s.append(time.monotonic() - begin_s)
                shown = values
            time.sleep(max(0.0, now_s + POLL_S - time.monotonic()))
    finally:
        client.close()
    return Phase(label, seconds, arrivals_s[1:], lost_samples(demo) - lost)


def lost_samples(demo: Demo) -> int:
    status, health = demo.api("GET", "/health")
    if status != 200:
        raise RuntimeError(f"the API answers {status} for /health")
    return int(health["lost_samples"])


def fresh_seconds(phase: Phase) -> int:
    """Whole seconds of the phase in which at least one reading arrived."""
    return len({int(arrival_s) for arrival_s in phase.arrivals_s if arrival_s < phase.seconds})


def phase_figures(phase: Phase) -> Iterator[Figure]:
    whole = int(phase.seconds)
    missing = whole - fresh_seconds(phase)
    allowed = max(1, whole // 60) * MINUTE_TOLERANCE
    gaps_ms = [1000 * (after - before) for before, after in pairwise(phase.arrivals_s)]
    yield Figure(f"{phase.name}: seconds without a reading", missing, f"of {whole}", allowed)
    yield Figure(f"{phase.name}: readings", len(phase.arrivals_s) / phase.seconds, "/s")
    for percent in (1, 50, 90, 99, 100):
        gap_ms = percentile(gaps_ms, percent)
        yield Figure(f"{phase.name}: between readings, p{percent}", gap_ms, "ms")
    lost_percent = 100 * phase.lost_samples / (phase.seconds * FRAMES_PER_S)
    yield Figure(f"{phase.name}: lost frames", lost_percent, "%", note="the host was late for them")
    if phase.answered:
        rate = phase.answered / phase.seconds
        yield Figure(f"{phase.name}: other requests answered", rate, "/s")
        yield Figure(f"{phase.name}: other requests not answered", phase.missed, "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--saturation-seconds", type=float, default=20.0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Demo(Path(folder)) as demo:
        time.sleep(2.0)
        port = demo.snmp_port
        phases = [
            watch(demo, "quiet", arguments.seconds),
            watch_under(demo, "200 requests/s", arguments.seconds, Load(port, RATE_PER_S)),
            watch_under(demo, "saturated", arguments.saturation_seconds, Load(port, 0.0)),
        ]
    figures = [figure for phase in phases for figure in phase_figures(phase)]
    return report(figures, arguments.json)


if __name__ == "__main__":
    sys.exit(main())
