# SPDX-License-Identifier: Apache-2.0
"""Asks HTTP servers at a steady rate, and sees what their loops spend on it."""

from __future__ import annotations

import os
import selectors
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.system.demo_process import Demo, free_port

HOST = "127.0.0.1"
CONNECTIONS = 8
STOLEN_LIMIT = 0.01
"""Above, times are those of the host's other guests."""
PROCESSORS = sorted(os.sched_getaffinity(0))
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
    cpu_s: of the server's loop. stolen: the part of this machine's processors that its host kept
    for others meanwhile.
    """

    latencies_s: list[float]
    failed: int
    cpu_s: float
    seconds: float
    stolen: float


@contextmanager
def core(place: int) -> Iterator[None]:
    """Whatever is started in here has one processor to itself, as the goals say of the agent;
    no matter where the machine has only one.
    """
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {PROCESSORS[place % len(PROCESSORS)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


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


def status_of(head: bytes) -> int:
    return int(head.split(b" ", 2)[1])


def length_of(head: bytes) -> int:
    """Of the body that follows, in octets; 0 where nothing is said."""
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    return int(fields.get(b"content-length", b"0"))


def stolen_s() -> float:
    """Seconds in which a processor was ready to work for this machine and its host kept it, since
    the start; proc(5), the eighth number. 0 on a machine that is its own host.
    """
    text = Path("/proc/stat").read_text(encoding="ascii")
    return int(text.split()[8]) / os.sysconf("SC_CLK_TCK")


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
        parts, missing = [body], length_of(head) - len(body)
        while missing > 0:
            parts.append(self._received())
            missing -= len(parts[-1])
        return status_of(head), b"".join(parts)

    def _received(self) -> bytes:
        data = self._socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the server has closed the connection")
        return data

    def close(self) -> None:
        self._socket.close()


def load(port: int, pid: int, text: bytes, rate_hz: float, seconds: float) -> Load:
    """So many requests a second, over CONNECTIONS in turn, from one thread: several would wait for
    each other, and that would be told as the server's time.
    """
    lines = [_Line(port) for _ in range(CONNECTIONS)]
    count, done, failed = int(rate_hz * seconds), 0, 0
    latencies_s: list[float] = []
    with selectors.DefaultSelector() as ready:
        for line in lines:
            ready.register(line.socket, selectors.EVENT_READ, line)
        before_s, kept_s = loop_cpu_s(pid), stolen_s()
        began_s, sent = time.perf_counter(), 0
        while done < count:
            due_s = began_s + sent / rate_hz
            if sent < count and time.perf_counter() >= due_s:
                lines[sent % CONNECTIONS].send(text, due_s)
                sent += 1
                continue
            for key, _ in ready.select(_wait_s(due_s) if sent < count else None):
                for status, asked_s in key.data.receive():
                    latencies_s.append(time.perf_counter() - asked_s)
                    failed += status != 200
                    done += 1
        spent_s, took_s = loop_cpu_s(pid) - before_s, time.perf_counter() - began_s
        stolen = (stolen_s() - kept_s) / took_s / (os.cpu_count() or 1)
    for line in lines:
        line.socket.close()
    return Load(latencies_s, failed, spent_s, took_s, stolen)


def undisturbed(again: Callable[[], Load], tries: int) -> tuple[Load, int]:
    """The first load that the host left alone, or else the one that it disturbed least; and how
    many were thrown away for it, whatever they had shown.
    """
    found = [again()]
    while found[-1].stolen > STOLEN_LIMIT and len(found) < tries:
        found.append(again())
    return min(found, key=lambda load: load.stolen), len(found) - 1


def _wait_s(due_s: float) -> float:
    """Until shortly before: a selector's time is rounded up to milliseconds."""
    return max(0.0, due_s - time.perf_counter() - 0.001)


class _Line:
    """A connection over which the next request may go out before the last one is answered."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection((HOST, port), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._due_s: deque[float] = deque()
        self._parts: list[bytes] = []
        self._missing = 0
        self._status = 0

    def send(self, text: bytes, due_s: float) -> None:
        self._due_s.append(due_s)
        self.socket.sendall(text)

    def receive(self) -> Iterator[tuple[int, float]]:
        """(status, when it was due) of each answer that is whole now."""
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the server has closed the connection")
        while data:
            if not self._missing:
                data = b"".join([*self._parts, data])
                head, end, rest = data.partition(b"\r\n\r\n")
                if not end:
                    self._parts = [data]
                    return
                self._parts = []
                self._status, self._missing = status_of(head), length_of(head)
                data = rest
            taken = min(len(data), self._missing)
            self._missing -= taken
            data = data[taken:]
            if not self._missing:
                yield self._status, self._due_s.popleft()


def idle_share(pid: int, seconds: float) -> float:
    """What the loop spends when nobody asks, as a part of one core."""
    before_s = loop_cpu_s(pid)
    time.sleep(seconds)
    return (loop_cpu_s(pid) - before_s) / seconds


def median(values: Sequence[Any]) -> float:
    return float(sorted(values)[len(values) // 2])
