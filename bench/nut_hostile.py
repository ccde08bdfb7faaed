# SPDX-License-Identifier: Apache-2.0
"""Who may open the driver's socket does not mean well: does the unit, and upsd, notice?

    python bench/nut_hostile.py [--exchanges 2400] [--half-open 200] [--lines 8] [--json]

Beside a real upsd that serves the demo come: exchanges of garbage, half lines, unknown and wrong
commands, many requests at once whose answers nobody reads; lines of 8 MiB without an end; and
connections that say nothing. A client asks upsd all the while. Counted is what it waits, what
the agent holds before and after, and the relays that moved.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import random
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import repository  # noqa: F401
from figures import Figure, percentile, report
from nut_demo import NAME, Client, NutDemo

from tests.nut.upsd import running_upsd

ASK_S = 0.1
SERVED_GOAL_S = 3.0
SWITCH_GOAL_S = 5.0
RSS_GOAL_MB = 5.0
REST_S = 10.0
LINE_OCTETS = 8 * 1024 * 1024
WORDS = (
    *("INSTCMD", "SET", "DUMPALL", "PING", "TRACKING", "LOGOUT", "GETPID", "NOBROADCAST", "DATAOK"),
    *("SETINFO", "ADDCMD", "outlet.99.load.off", "outlet.0.load.cycle", "outlet.1.load.away"),
    *(
        "outlet.1.name",
        "outlet.1.load.off extra words",
        '"',
        "\\",
        '"" ""',
        "-1",
        "nan",
        "\x00",
        "é",
    ),
)
"""None of these, in whatever order, is a command that the unit has."""


@dataclass
class Watch:
    """A client of upsd that asks all the time; waits_s: between two good answers, less ASK_S."""

    address: str
    waits_s: list[float] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        client = Client(self.address)
        good_s = time.monotonic()
        while not self._stop.wait(ASK_S):
            if client.get("outlet.1.status") == "on":
                now_s = time.monotonic()
                self.waits_s.append(max(0.0, now_s - good_s - ASK_S))
                good_s = now_s
        self.waits_s.append(max(0.0, time.monotonic() - good_s - ASK_S))
        client.close()

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        thread = threading.Thread(target=self.run)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()


def connected(path: Path) -> socket.socket:
    driver = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    driver.connect(str(path))  # waits for its turn; with a timeout it would be refused
    driver.settimeout(2.0)
    return driver


def garbage(chance: random.Random) -> bytes:
    return chance.randbytes(chance.randint(1, 20_000))


def half_line(chance: random.Random) -> bytes:
    return " ".join(chance.choices(WORDS, k=3)).encode("utf-8")


def wrong_requests(chance: random.Random) -> bytes:
    lines = (" ".join(chance.choices(WORDS, k=chance.randint(1, 6))) for _ in range(20))
    return "".join(f"{line}\n" for line in lines).encode("utf-8")


def many_dumps(chance: random.Random) -> bytes:
    return b"DUMPALL\n" * chance.randint(1, 40)


KINDS: tuple[Callable[[random.Random], bytes], ...] = (
    garbage,
    half_line,
    wrong_requests,
    many_dumps,
)


def exchange(path: Path, chance: random.Random) -> None:
    """One hostile visit; some read a little of what comes, some nothing."""
    with contextlib.suppress(OSError), connected(path) as driver:
        driver.sendall(chance.choice(KINDS)(chance))
        if chance.random() < 0.5:
            driver.recv(1000)


def long_line(path: Path) -> None:
    with contextlib.suppress(OSError), connected(path) as driver:
        for _ in range(LINE_OCTETS // 65_536):
            driver.sendall(b"x" * 65_536)


def run(folder: Path, exchanges: int, half_open: int, lines: int) -> Iterator[Figure]:
    (folder / "demo").mkdir()
    chance = random.Random(1)
    with (
        running_upsd(folder / "nut", {NAME: "openpdu"}, conf="MAXAGE 15\n") as server,
        NutDemo(folder / "demo", server.state_path) as demo,
    ):
        server.until(lambda: server.upsc(NAME, "outlet.count") == "8")
        time.sleep(REST_S)
        files, rss_mb = _files(demo.pid), demo.rss_mb()
        watch = Watch(server.address)
        with watch.watching(), contextlib.ExitStack() as held:
            for _ in range(half_open):
                held.enter_context(connected(demo.socket))
            for _ in range(lines):
                long_line(demo.socket)
            for _ in range(exchanges):
                exchange(demo.socket, chance)
        peak_mb = demo.rss_mb()
        time.sleep(REST_S)
        more_files = _files(demo.pid) - files
        visits = f"{half_open} half-open connections, {lines} long lines"
        yield Figure("exchanges", exchanges, "", note=visits)
        yield Figure("upsd without an answer, p99", percentile(watch.waits_s, 99), "s")
        yield Figure("upsd without an answer, worst", max(watch.waits_s), "s", SERVED_GOAL_S)
        yield Figure("relays that moved", len(demo.relay_movements()), "", 0)
        yield Figure("files open afterwards, more", more_files, "", 0)
        yield Figure("RSS right afterwards, more", peak_mb - rss_mb, "MB")
        yield Figure("RSS after a rest, more", demo.rss_mb() - rss_mb, "MB", RSS_GOAL_MB)
        yield Figure("a relay is seen within", _seen_s(demo, server.address), "s", SWITCH_GOAL_S)


def _seen_s(demo: NutDemo, address: str) -> float:
    client = Client(address)
    begin_s = time.perf_counter()
    status, told = demo.api("POST", "/outlets/1/off", {})
    if status != 200:
        raise RuntimeError(f"outlet 1 off: {told}")
    late_s = client.seconds_until("outlet.1.status", "off", ASK_S / 10, 2 * SWITCH_GOAL_S)
    client.close()
    return time.perf_counter() - begin_s if late_s < math.inf else math.inf


def _files(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exchanges", type=int, default=2400)
    parser.add_argument("--half-open", type=int, default=200)
    parser.add_argument("--lines", type=int, default=8, help="of 8 MiB")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="openpdu-nut-") as folder:
        figures = list(run(Path(folder), arguments.exchanges, arguments.half_open, arguments.lines))
    return report(figures, arguments.json)


if __name__ == "__main__":
    sys.exit(main())
