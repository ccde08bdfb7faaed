# SPDX-License-Identifier: Apache-2.0
"""What does it cost to read 64 outlets over HTTP, and how long does it take?

    python bench/api_load.py [--rate 200] [--seconds 5] [--rounds 6] [--json]

The demo measures 64 outlets and is asked with a token over TCP, `--rate` times a second. In turns
with it bare aiohttp serves the same bytes. Each has one processor, the same one, and the client
another. CPU is that of the loop, less what it needs idle.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import repository  # noqa: F401
from figures import Figure, percentile, report
from http_rig import (
    STOLEN_LIMIT,
    BareServer,
    Connection,
    Load,
    core,
    idle_share,
    load,
    median,
    request,
    token_of,
    undisturbed,
)

from pdu_agent.app.paths import memory_folder
from tests.system.demo_process import Demo

PATH = "/api/v1/outlets"
OUTLETS = 64
P99_MS = 10.0
RATIO = 2.0
SETTLE_S = 5.0
TRIES = 8
SERVERS, CLIENT = 0, 1
"""Processors."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=float, default=200.0, help="requests a second")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(dir=memory_folder(os.environ)) as folder,
        core(SERVERS),
        Demo(Path(folder), "--outlets", str(OUTLETS)) as demo,
        core(CLIENT),
    ):
        figures = list(measure(demo, Path(folder), options))
    return report(figures, options.json)


def measure(demo: Demo, folder: Path, options: argparse.Namespace) -> Iterator[Figure]:
    text = request(PATH, token_of(demo))
    packed = request(PATH, token_of(demo), "Accept-Encoding: gzip")
    first = Connection(demo.http_port)
    status, body = first.ask(text)
    _, small = first.ask(packed)
    first.close()
    assert status == 200, body
    idle_share(demo.pid, SETTLE_S)
    with core(SERVERS):
        bare = BareServer(folder, body)
    ours: list[Load] = []
    plain: list[Load] = []
    zipped: list[Load] = []
    idle, left_out = [], 0

    def take(into: list[Load], server: Demo | BareServer, port: int, asked: bytes) -> int:
        one, thrown = undisturbed(
            lambda: load(port, server.pid, asked, options.rate, options.seconds), TRIES
        )
        into.append(one)
        return thrown

    try:
        for _ in range(options.rounds):
            idle.append(idle_share(demo.pid, options.seconds / 2))
            left_out += take(ours, demo, demo.http_port, text)
            left_out += take(plain, bare, bare.port, text)
            left_out += take(zipped, demo, demo.http_port, packed)
    finally:
        bare.close()
    worst = max(one.stolen for one in (*ours, *plain, *zipped))
    yield Figure("kept by the host, at most", 100 * worst, "%", 100 * STOLEN_LIMIT)
    yield Figure("rounds left out because of it", left_out, "")
    yield Figure("body of 64 outlets", len(body) / 1000, "kB", note=f"gzip {len(small) / 1000:.1f}")
    yield from _times("openpdu", ours, P99_MS)
    yield from _times("openpdu, gzip", zipped)
    yield from _times("bare aiohttp", plain)
    own_ms = [1000 * _cpu_s(each, share) for each, share in zip(ours, idle, strict=True)]
    zip_ms = [1000 * _cpu_s(each, share) for each, share in zip(zipped, idle, strict=True)]
    bare_ms = [1000 * _cpu_s(each, 0.0) for each in plain]
    yield Figure("openpdu, loop when nobody asks", 100 * median(idle), "%")
    yield Figure("openpdu, CPU per request", median(own_ms), "ms")
    yield Figure("openpdu, CPU per request, gzip", median(zip_ms), "ms")
    yield Figure("bare aiohttp, CPU per request", median(bare_ms), "ms")
    ratios = [own / bare for own, bare in zip(own_ms, bare_ms, strict=True)]
    yield Figure("CPU per request over bare aiohttp", median(ratios), "", RATIO)


def _times(name: str, loads: list[Load], p99_ms: float | None = None) -> Iterator[Figure]:
    """The rounds taken together."""
    times_ms = [1000 * each for one in loads for each in one.latencies_s]
    yield Figure(f"{name}, p50", percentile(times_ms, 50), "ms")
    yield Figure(f"{name}, p99", percentile(times_ms, 99), "ms", p99_ms)
    yield Figure(f"{name}, refused or failed", sum(one.failed for one in loads), "", 0)


def _cpu_s(one: Load, idle: float) -> float:
    return (one.cpu_s - idle * one.seconds) / len(one.latencies_s)


if __name__ == "__main__":
    sys.exit(main())
