# SPDX-License-Identifier: Apache-2.0
"""Asks HTTP servers at a steady rate, and sees what their loops spend on it."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.system.demo_process import Demo, free_port

HOST = "127.0.0.1"
CONNECTIONS = 8
BARE_SERVER = """
import sys
from aiohttp import web

body = open(sys.argv[2], "rb").read()


async def answer(request):
    return web.Response(body=body, content_type="application/json")


app = web.Application()
app.router.add_get("/api/v1/outlets", answer)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
"""


@dataclass(frozen=True, slots=True)
class Load:
    """latencies_s: from when a request was due, so that a late one shows. failed: not answered 200.
    cpu_s: of the server's loop.
    """

    latencies_s: list[float]
    failed: int
    cpu_s: float
    seconds: float


class BareServer:
    """aiohttp that serves these bytes and does nothing else."""

    def __init__(self, folder: Path, body: bytes) -> None:
        file = folder / "body.json"
        file.write_bytes(body)
        self.port = free_port(socket.SOCK_STREAM)
        self._process = subprocess.Popen(
            [sys.executable, "-c", BARE_SERVER, str(self.port), str(file)]
        )
        self.pid = self._process.pid
        limit_s = time.monotonic() + 20
        while True:
            try:
                socket.create_connection((HOST, self.port), 1).close()
                return
            except OSError:
                if time.monotonic() > limit_s:
                    raise
                time.sleep(0.05)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()


def token_of(demo: Demo, scope: str = "read") -> str:
    """The secret of a new token of the demo."""
    status, made = demo.api("POST", "/tokens", {"name": f"bench-{time.time_ns()}", "scope": scope})
    assert status == 200, made
    return str(made["secret"])


def request(path: str, token: str = "", *headers: str) -> bytes:
    """A whole request for a connection that stays."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {HOST}", *headers]
    lines += [f"Authorization: Bearer {token}"] if token else []
    return "\r\n".join([*lines, "", ""]).encode()


def loop_cpu_s(pid: int) -> float:
    """CPU seconds of the process's first thread, in which its loop runs."""
    text = Path(f"/proc/{pid}/task/{pid}/schedstat").read_text(encoding="utf-8")
    return int(text.split()[0]) / 1e9


class Connection:
    """A client that asks again and again."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection((HOST, port), 10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, text: bytes) -> tuple[int, bytes]:
        """(status, body). Raises OSError where no whole answer comes."""
        self._socket.sendall(text)
        head, body = b"", b""
        while b"\r\n\r\n" not in head:
            head += self._received()
        head, _, body = head.partition(b"\r\n\r\n")
        fields = dict(
            line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line
        )
        parts, missing = [body], int(fields.get(b"content-length", b"0")) - len(body)
        while missing > 0:
            parts.append(self._received())
            missing -= len(parts[-1])
        return int(head.split(b" ", 2)[1]), b"".join(parts)

    def _received(self) -> bytes:
        data = self._socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the server has closed the connection")
        return data

    def close(self) -> None:
        self._socket.close()


def load(port: int, pid: int, text: bytes, rate_hz: float, seconds: float) -> Load:
    """So many requests a second, spread over CONNECTIONS."""
    latencies_s: list[list[float]] = [[] for _ in range(CONNECTIONS)]
    failed = [0] * CONNECTIONS
    began_s = time.perf_counter() + 0.2

    def run(place: int) -> None:
        connection = Connection(port)
        count = int(rate_hz * seconds / CONNECTIONS)
        for turn in range(count):
            due_s = began_s + (turn * CONNECTIONS + place) / rate_hz
            time.sleep(max(0.0, due_s - time.perf_counter()))
            status, _ = connection.ask(text)
            latencies_s[place].append(time.perf_counter() - due_s)
            failed[place] += status != 200
        connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(CONNECTIONS)]
    before_s = loop_cpu_s(pid)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent_s = loop_cpu_s(pid) - before_s
    found_s = [each for one in latencies_s for each in one]
    return Load(found_s, sum(failed), spent_s, time.perf_counter() - began_s + 0.2)


def idle_share(pid: int, seconds: float) -> float:
    """What the loop spends when nobody asks, as a part of one core."""
    before_s = loop_cpu_s(pid)
    time.sleep(seconds)
    return (loop_cpu_s(pid) - before_s) / seconds


def median(values: Sequence[Any]) -> float:
    return float(sorted(values)[len(values) // 2])
