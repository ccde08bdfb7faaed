# SPDX-License-Identifier: Apache-2.0
"""Clients that say too much, too little or too slowly: does SNMP notice, and does an honest one?

    python bench/http_hostile.py [--seconds 5] [--json]

While each kind of them is at it, the demo is asked over SNMP, and over HTTP by an honest client.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import repository  # noqa: F401
from figures import Figure, percentile, report
from http_rig import HOST, Connection, request, token_of

from pdu_agent.app.paths import memory_folder
from tests.system.demo_process import BASE, Demo
from tests.system.snmp_client import SnmpClient, name

SNMP_PAUSE_S = 0.02
HONEST_EVERY = 10
WATTS = name(BASE, 1, 3, 2, 1, 3, 1)
RSS_MB = 25.0
FILES = 400
"""Descriptors of the agent: its own, and those of its connections."""


@dataclass
class Crowd:
    """Connections that behave badly. hold: those that stay open. statuses: what they were told."""

    port: int
    token: str
    hold: list[socket.socket]
    statuses: list[int]

    def connect(self) -> socket.socket:
        client = socket.create_connection((HOST, self.port), 10)
        self.hold.append(client)
        return client

    def head(self, method: str, path: str, *lines: str) -> bytes:
        fields = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", *lines]
        return "\r\n".join([*fields, f"Authorization: Bearer {self.token}", ""]).encode()

    def leave(self) -> None:
        for client in self.hold:
            client.close()
        self.hold.clear()


def idle(crowd: Crowd) -> None:
    """1,000 that connect and say nothing."""
    for _ in range(1000):
        crowd.connect()


def slow_heads(crowd: Crowd) -> None:
    """200 whose head comes a byte at a time."""
    clients = [crowd.connect() for _ in range(200)]
    head = crowd.head("GET", "/api/v1/outlets")
    for byte in head[:40]:
        for client in clients:
            with contextlib.suppress(OSError):
                client.send(bytes([byte]))
        time.sleep(0.05)


def slow_bodies(crowd: Crowd) -> None:
    """100 who announce a body and send a byte of it now and then."""
    head = crowd.head(
        "POST", "/api/v1/commands", "Content-Type: application/json", "Content-Length: 4000"
    )
    clients = [crowd.connect() for _ in range(100)]
    for client in clients:
        with contextlib.suppress(OSError):
            client.send(head + b"\r\n{")
    for _ in range(10):
        time.sleep(0.2)
        for client in clients:
            with contextlib.suppress(OSError):
                client.send(b" ")


def large_bodies(crowd: Crowd) -> None:
    """10 MB each, ten times."""
    head = crowd.head(
        "POST", "/api/v1/commands", "Content-Type: application/json", "Content-Length: 10000000"
    )
    for _ in range(10):
        client = crowd.connect()
        with contextlib.suppress(OSError):
            client.sendall(head + b"\r\n" + b" " * 10_000_000)
        with contextlib.suppress(OSError):
            crowd.statuses.append(int(client.recv(65536).split(b" ", 2)[1]))


def pipelined(crowd: Crowd) -> None:
    """5,000 requests in one piece, of which the answers are read late."""
    client = crowd.connect()
    one = crowd.head("GET", "/api/v1/device") + b"\r\n"
    client.settimeout(20)
    sender = threading.Thread(target=client.sendall, args=(one * 5000,))
    sender.start()
    time.sleep(1.0)
    answers, tail = 0, b""
    while answers < 5000:
        data = client.recv(1 << 18)
        if not data:
            break
        seen = tail + data
        answers += seen.count(b"HTTP/1.1 200")
        tail = seen[-11:]
    sender.join()
    assert answers == 5000, answers


KINDS: tuple[Callable[[Crowd], None], ...] = (
    idle,
    slow_heads,
    slow_bodies,
    large_bodies,
    pipelined,
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0, help="of each kind at least")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(dir=memory_folder(os.environ)) as folder,
        Demo(Path(folder)) as demo,
    ):
        figures = list(measure(demo, options.seconds))
    return report(figures, options.json)


def measure(demo: Demo, seconds: float) -> Iterator[Figure]:
    token = token_of(demo)
    before_mb, snmp = demo.rss_mb(), SnmpClient(demo.snmp_port)
    yield from watched(demo, snmp, token, "quiet", None, seconds)
    for kind in KINDS:
        crowd = Crowd(demo.http_port, token, [], [])
        words = kind.__name__.replace("_", " ")
        yield from watched(demo, snmp, token, words, partial(kind, crowd), seconds)
        if crowd.statuses:
            refused = all(status == 413 for status in crowd.statuses)
            yield Figure(f"{words}: not answered 413", int(not refused), "", 0)
        crowd.leave()
    snmp.close()
    yield Figure("memory, more than before", demo.rss_mb() - before_mb, "MB", RSS_MB)


def watched(
    demo: Demo,
    snmp: SnmpClient,
    token: str,
    words: str,
    act: Callable[[], None] | None,
    seconds: float,
) -> Iterator[Figure]:
    """SNMP and the honest client while `act` is at it."""
    actor = threading.Thread(target=act) if act is not None else None
    text = request("/api/v1/outlets", token)
    snmp_ms: list[float] = []
    honest_ms: list[float] = []
    lost = refused = files = 0
    end_s = time.perf_counter() + seconds
    if actor is not None:
        actor.start()
    turn = 0
    while time.perf_counter() < end_s or (actor is not None and actor.is_alive()):
        began_s = time.perf_counter()
        lost += snmp.get(WATTS) is None
        snmp_ms.append(1000 * (time.perf_counter() - began_s))
        turn += 1
        if turn % HONEST_EVERY == 0:
            files = max(files, len(os.listdir(f"/proc/{demo.pid}/fd")))
            began_s = time.perf_counter()
            refused += not honest(demo.http_port, text)
            honest_ms.append(1000 * (time.perf_counter() - began_s))
        time.sleep(SNMP_PAUSE_S)
    if actor is not None:
        actor.join()
    yield Figure(f"{words}: SNMP p50", percentile(snmp_ms, 50), "ms")
    yield Figure(f"{words}: SNMP p99", percentile(snmp_ms, 99), "ms")
    yield Figure(f"{words}: SNMP not answered", lost, "", 0)
    yield Figure(f"{words}: honest HTTP request, p50", percentile(honest_ms, 50), "ms")
    yield Figure(f"{words}: honest HTTP request, longest", max(honest_ms), "ms", 1000)
    yield Figure(f"{words}: honest HTTP requests refused", refused, "", 0)
    yield Figure(f"{words}: files of the agent", files, "", FILES)


def honest(port: int, text: bytes) -> bool:
    try:
        connection = Connection(port)
        try:
            return connection.ask(text)[0] == 200
        finally:
            connection.close()
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
