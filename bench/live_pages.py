# SPDX-License-Identifier: Apache-2.0
"""What do 50 live pages cost, and does SNMP notice them?

    python bench/live_pages.py [--pages 50] [--outlets 64] [--seconds 15] [--rounds 3] [--json]

Each page follows the demo with a stream of its own, over TCP with a token. Rounds with and without
them take turns; in both SNMP is asked 50 times a second. At last outlets are switched, and the
time until the pages hear of it is taken.
"""

from __future__ import annotations

import argparse
import os
import selectors
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import repository  # noqa: F401
from figures import Figure, percentile, report
from http_rig import HOST, loop_cpu_s, median, request, token_of

from pdu_agent.app.paths import memory_folder
from tests.system.demo_process import BASE, Demo
from tests.system.snmp_client import SnmpClient, name

CPU_PERCENT = 4.0
RSS_MB = 15.0
P50_CHANGE_PERCENT = 20.0
EVENT_MS = 500.0
SNMP_PAUSE_S = 0.02
WATTS = name(BASE, 1, 3, 2, 1, 3, 1)
SETTLE_S = 5.0
SWITCHES = 20


class Pages:
    """Streams that are read as they come; `readings` counts their events."""

    def __init__(self, port: int, text: bytes, count: int) -> None:
        self.readings = 0
        self.octets = 0
        self.states: list[float] = []
        self._stopping = False
        self._selector = selectors.DefaultSelector()
        for _ in range(count):
            client = socket.create_connection((HOST, port), 10)
            client.sendall(text)
            self._selector.register(client, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> Pages:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping = True
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        self._selector.close()

    def _read(self) -> None:
        while not self._stopping:
            for key, _ in self._selector.select(0.1):
                assert isinstance(key.fileobj, socket.socket)
                data = key.fileobj.recv(1 << 18)
                assert data, "a stream has ended"
                self.octets += len(data)
                self.readings += data.count(b"event: readings")
                if b"event: state" in data:
                    self.states.append(time.perf_counter())


@dataclass(frozen=True, slots=True)
class Round:
    """cpu: part of one core that the loop used. snmp_s: time of each answer."""

    cpu: float
    snmp_s: list[float]
    unanswered: int


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=50)
    parser.add_argument("--outlets", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=15.0, help="of each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(dir=memory_folder(os.environ)) as folder,
        Demo(Path(folder), "--outlets", str(options.outlets)) as demo,
    ):
        figures = list(measure(demo, options))
    return report(figures, options.json)


def measure(demo: Demo, options: argparse.Namespace) -> Iterator[Figure]:
    text = request("/api/v1/stream", token_of(demo))
    snmp = SnmpClient(demo.snmp_port)
    take_turn(demo, snmp, SETTLE_S)
    alone: list[Round] = []
    crowded: list[Round] = []
    rates: list[float] = []
    before_mb = demo.rss_mb()
    grown_mb = 0.0
    for _ in range(options.rounds):
        alone.append(take_turn(demo, snmp, options.seconds))
        with Pages(demo.http_port, text, options.pages) as pages:
            time.sleep(1.0)
            before = pages.readings
            crowded.append(take_turn(demo, snmp, options.seconds))
            rates.append((pages.readings - before) / options.seconds / options.pages)
            grown_mb = max(grown_mb, demo.rss_mb() - before_mb)
            size = pages.octets / max(1, pages.readings)
    snmp.close()
    extra = [100 * (full.cpu - none.cpu) for full, none in zip(crowded, alone, strict=True)]
    yield Figure("pages", options.pages, "", note=f"{options.outlets} outlets each")
    yield Figure("readings to each page", median(rates), "/s", note=f"{size / 1000:.1f} kB each")
    yield Figure("loop without pages", 100 * median([each.cpu for each in alone]), "%")
    yield Figure("loop, more with pages", median(extra), "%", CPU_PERCENT)
    yield Figure("memory, more with pages", grown_mb, "MB", RSS_MB)
    yield from snmp_figures(alone, crowded)
    yield from event_figures(demo, text, options.pages)


def take_turn(demo: Demo, snmp: SnmpClient, seconds: float) -> Round:
    """Ask SNMP at a steady rate for so long."""
    times_s, unanswered = [], 0
    began_s, before_s = time.perf_counter(), loop_cpu_s(demo.pid)
    end_s = began_s + seconds
    while time.perf_counter() < end_s:
        asked_s = time.perf_counter()
        unanswered += snmp.get(WATTS) is None
        times_s.append(time.perf_counter() - asked_s)
        time.sleep(SNMP_PAUSE_S)
    spent_s = loop_cpu_s(demo.pid) - before_s
    return Round(spent_s / (time.perf_counter() - began_s), times_s, unanswered)


def snmp_figures(alone: Sequence[Round], crowded: Sequence[Round]) -> Iterator[Figure]:
    p50s = [[1000 * percentile(each.snmp_s, 50) for each in rounds] for rounds in (alone, crowded)]
    p99s = [[1000 * percentile(each.snmp_s, 99) for each in rounds] for rounds in (alone, crowded)]
    changes = [100 * (full / none - 1) for none, full in zip(*p50s, strict=True)]
    yield Figure("SNMP p50, without pages", median(p50s[0]), "ms")
    yield Figure("SNMP p50, with pages", median(p50s[1]), "ms")
    yield Figure("SNMP p50, change", median(changes), "%", P50_CHANGE_PERCENT)
    yield Figure("SNMP p99, without pages", median(p99s[0]), "ms")
    yield Figure("SNMP p99, with pages", median(p99s[1]), "ms")
    lost = sum(each.unanswered for each in (*alone, *crowded))
    yield Figure("SNMP, not answered", lost, "", 0)


def event_figures(demo: Demo, text: bytes, count: int) -> Iterator[Figure]:
    """From the order until the first and until the last page has heard of it."""
    first_ms, last_ms = [], []
    with Pages(demo.http_port, text, count) as pages:
        time.sleep(2.0)
        for turn in range(SWITCHES):
            pages.states.clear()
            ordered_s = time.perf_counter()
            status, answer = demo.api("POST", f"/outlets/{turn + 1}/off", {})
            assert status == 200, answer
            while len(pages.states) < count and time.perf_counter() < ordered_s + 5:
                time.sleep(0.005)
            heard_ms = [1000 * (each - ordered_s) for each in pages.states[:count]] or [5000.0]
            first_ms.append(heard_ms[0])
            last_ms.append(heard_ms[-1] if len(heard_ms) == count else 5000.0)
            time.sleep(1.0)
    yield Figure("order to the first page's event, median", median(first_ms), "ms")
    yield Figure("order to the last page's event, largest", max(last_ms), "ms", EVENT_MS)


if __name__ == "__main__":
    sys.exit(main())
