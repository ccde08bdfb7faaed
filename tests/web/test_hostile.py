# SPDX-License-Identifier: Apache-2.0
"""Clients that say too much, too little or too slowly, all at once, in front of a real server."""

from __future__ import annotations

import asyncio
import contextlib
import re
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pdu_agent.web.server import TCP_CONNECTIONS
from tests.web.fake_agent import ADMIN_TOKEN, RunningAgent, running_agent

HEAD = f"Host: 127.0.0.1\r\nAuthorization: Bearer {ADMIN_TOKEN}\r\n"
SLOWEST_S = 2.0
"""Of an honest request in between, on a busy machine."""


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[RunningAgent]:
    with running_agent(tmp_path) as running:
        yield running


def answered_in_s(agent: RunningAgent) -> float:
    began_s = time.monotonic()
    assert agent.tcp("GET", "/api/v1/outlets").status == 200
    return time.monotonic() - began_s


def rss_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_idle_connections_shut_nobody_out(agent: RunningAgent) -> None:
    async def crowd() -> None:
        idle = []
        for _ in range(TCP_CONNECTIONS + 40):
            _, writer = await asyncio.open_connection("127.0.0.1", agent.tcp_port)
            idle.append(writer)
        assert await asyncio.to_thread(answered_in_s, agent) < SLOWEST_S
        for writer in idle:
            writer.close()

    asyncio.run(crowd())


def test_slow_heads_and_bodies_hold_nobody_up(agent: RunningAgent) -> None:
    async def crowd() -> None:
        slow = []
        for place in range(40):
            _, writer = await asyncio.open_connection("127.0.0.1", agent.tcp_port)
            head = f"POST /api/v1/commands HTTP/1.1\r\n{HEAD}Content-Length: 90\r\n"
            writer.write((head + "\r\n{" if place % 2 else head).encode())
            slow.append(writer)
        for _ in range(5):
            assert await asyncio.to_thread(answered_in_s, agent) < SLOWEST_S
        for writer in slow:
            writer.close()

    asyncio.run(crowd())


def test_ten_megabytes_are_refused_and_not_kept(agent: RunningAgent) -> None:
    async def send() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", agent.tcp_port)
        head = f"POST /api/v1/commands HTTP/1.1\r\n{HEAD}Content-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: 10000000\r\n\r\n".encode())
        # As clients do: who reads only after the last octet may find the connection closed.
        answer = asyncio.create_task(reader.readuntil(b"}"))
        with contextlib.suppress(ConnectionError):  # it has heard enough
            for _ in range(160):
                writer.write(b" " * 65536)
                await writer.drain()
                await asyncio.sleep(0.001)  # drain alone does not let it be read
                if answer.done():
                    break
        writer.close()
        return await answer

    before_kb = rss_kb()
    answer = asyncio.run(send())
    assert b" 413 " in answer.split(b"\r\n")[0]
    assert b'"too_large"' in answer
    assert rss_kb() - before_kb < 8000


def test_many_requests_in_one_piece_are_answered_in_order(agent: RunningAgent) -> None:
    count = 400

    async def send() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", agent.tcp_port)
        one = f"GET /api/v1/outlets/%d HTTP/1.1\r\n{HEAD}\r\n"
        asked = "".join(one % (place % 4 + 1) for place in range(count)).encode()
        last = f"GET /api/v1/device HTTP/1.1\r\n{HEAD}Connection: close\r\n\r\n".encode()
        writer.write(asked + last)
        answer = await reader.read(-1)
        writer.close()
        return answer

    answer = asyncio.run(send())
    assert answer.count(b"HTTP/1.1 200 OK") == count + 1
    numbers = [int(found) for found in re.findall(rb'\{"number": (\d)', answer)]
    assert numbers == [place % 4 + 1 for place in range(count)]
    assert answered_in_s(agent) < SLOWEST_S


def test_who_never_reads_the_answers_is_not_answered_without_end(agent: RunningAgent) -> None:
    async def send() -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", agent.tcp_port)
        for _ in range(3000):
            writer.write(f"GET /api/v1/status HTTP/1.1\r\n{HEAD}\r\n".encode())
        await asyncio.sleep(0.3)
        assert await asyncio.to_thread(answered_in_s, agent) < SLOWEST_S
        writer.transport.abort()

    before_kb = rss_kb()
    asyncio.run(send())
    assert rss_kb() - before_kb < 16_000
