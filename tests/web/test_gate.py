# SPDX-License-Identifier: Apache-2.0
"""The gate by itself, around a protocol that never hangs up on its own."""

from __future__ import annotations

import asyncio
import json
import resource
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from aiohttp import web

from pdu_agent.web import gate as gate_module
from pdu_agent.web.gate import Gate
from pdu_agent.web.sources import is_here, room_for

SILENCE_S = 0.05

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[..., Awaitable[Streams]]
Scene = Callable[[Connect, Gate], Awaitable[None]]


class Echo(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


async def emptied(gate: Gate) -> None:
    deadline_s = time.monotonic() + 5
    while gate.connections and time.monotonic() < deadline_s:  # noqa: ASYNC110  no event for it
        await asyncio.sleep(0.001)
    assert gate.connections == 0


def with_gate(scene: Scene, limit: int = 10) -> None:
    """Run `scene(connect, gate)` against a listening gate."""

    async def run() -> None:
        gate = Gate(SILENCE_S, limit)
        gate.make = Echo
        server = await asyncio.get_running_loop().create_server(gate, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        writers = []

        async def connect(source: str = "127.0.0.1") -> Streams:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", port, local_addr=(source, 0)
            )
            writers.append(writer)
            return reader, writer

        await scene(connect, gate)
        for writer in writers:
            writer.close()
        await emptied(gate)
        server.close()

    asyncio.run(run())


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\n", b"\r\n\r"])
def test_an_unfinished_request_head_is_cut_off(said: bytes) -> None:
    async def scene(connect: Connect, gate: Gate) -> None:
        reader, writer = await connect()
        writer.write(said)
        async with asyncio.timeout(5):
            assert await reader.read() == said
        assert gate.connections == 0

    with_gate(scene)


def test_a_head_that_arrives_byte_by_byte_is_recognised() -> None:
    async def scene(connect: Connect, gate: Gate) -> None:
        reader, writer = await connect()
        for byte in b"x\r\n\r\n":
            writer.write(bytes([byte]))
            assert await reader.readexactly(1) == bytes([byte])
        await asyncio.sleep(2 * SILENCE_S)
        writer.write(b"still here")
        assert await reader.readexactly(10) == b"still here"
        assert gate.connections == 1

    with_gate(scene)


def request_in(gate: Gate) -> Request:
    """The newest connection's, as aiohttp hands it to a middleware."""
    return Request(list(gate._inside)[-1])


@dataclass
class Request:
    protocol: asyncio.BaseProtocol


@asynccontextmanager
async def in_progress(gate: Gate) -> AsyncIterator[None]:
    """The newest connection's request is being answered."""
    done = asyncio.Event()

    async def handler(_request: object) -> web.StreamResponse:
        await done.wait()
        return web.Response()

    task = asyncio.create_task(gate.in_progress(request_in(gate), handler))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    yield
    done.set()
    await task


async def is_served(streams: Streams) -> bool:
    reader, writer = streams
    writer.write(b"\r\n\r\n")
    async with asyncio.timeout(5):
        return await reader.read(4) == b"\r\n\r\n"


def test_the_one_that_is_silent_for_longest_makes_room() -> None:
    async def scene(connect: Connect, gate: Gate) -> None:
        first, second = await connect(), await connect()
        assert await is_served(first)
        assert await is_served(second)
        assert await is_served(first)  # so that the second is silent for longest
        third = await connect()
        assert await is_served(third)
        assert await second[0].read() == b""
        assert await is_served(first)
        assert gate.connections == 2

    with_gate(scene, limit=2)


def test_nobody_makes_room_whose_request_is_in_progress() -> None:
    async def scene(connect: Connect, gate: Gate) -> None:
        first = await connect()
        assert await is_served(first)
        async with in_progress(gate):
            refused, _ = await connect()
            answer = await refused.read()
            assert answer.startswith(b"HTTP/1.1 503 ")
            head, _, body = answer.partition(b"\r\n\r\n")
            assert b"Retry-After: 1" in head
            assert f"Content-Length: {len(body)}".encode() in head
            assert json.loads(body)["code"] == "busy"
            assert await is_served(first)
        assert await is_served(await connect())  # now the first makes room

    with_gate(scene, limit=1)


def test_one_source_takes_no_more_than_its_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "MAX_OF_SOURCE", 1)
    monkeypatch.setattr(gate_module, "is_here", lambda source: source == "127.0.0.1")

    async def scene(connect: Connect, gate: Gate) -> None:
        assert await is_served(await connect("127.0.0.1"))
        assert await is_served(await connect("127.0.0.1"))
        stranger = await connect("127.0.0.2")
        assert await is_served(stranger)
        async with in_progress(gate):
            refused, _ = await connect("127.0.0.2")
            assert (await refused.read()).startswith(b"HTTP/1.1 503 ")
        assert await is_served(await connect("127.0.0.2"))
        assert await stranger[0].read() == b""
        assert gate.connections == 3

    with_gate(scene, limit=10)


def test_a_full_gate_complains_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(connect: Connect, gate: Gate) -> None:
        assert await is_served(await connect())
        async with in_progress(gate):
            for _ in range(5):
                refused, _ = await connect()
                await refused.read()

    with_gate(scene, limit=1)
    (record,) = caplog.records
    assert "1 connections are in use: no more from 127.0.0.1" in record.getMessage()


@pytest.mark.parametrize(
    ("source", "here"),
    [
        *((local, True) for local in ("", "127.0.0.1", "::1", "::ffff:127.0.0.1")),
        *((other, False) for other in ("10.0.0.5", "::ffff:10.0.0.5", "2001:db8::1")),
    ],
)
def test_who_is_on_this_machine(source: str, here: bool) -> None:
    assert is_here(source) is here


@pytest.mark.parametrize(
    ("soft", "hard", "room", "raised"),
    [
        (1024, 4096, 160, None),
        (256, 4096, 160, 384),
        (256, resource.RLIM_INFINITY, 160, 384),
        (256, 320, 106, 320),
        (64, 64, 1, 64),
    ],
)
def test_the_agent_s_own_files_come_first(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, room: int, raised: int | None
) -> None:
    limits: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, pair: limits.append(pair))
    assert room_for(160, 192) == room
    assert limits == ([(raised, hard)] if raised else [])
