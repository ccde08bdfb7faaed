# SPDX-License-Identifier: Apache-2.0
"""The gate by itself, around a protocol that never hangs up on its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from pdu_agent.web import gate as gate_module
from pdu_agent.web.gate import Gate

SILENCE_S = 0.05

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Streams]]
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


def with_gate(scene: Scene) -> None:
    """Run `scene(connect, gate)` against a listening gate."""

    async def run() -> None:
        gate = Gate(Echo, SILENCE_S)
        server = await asyncio.get_running_loop().create_server(gate, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        writers = []

        async def connect() -> Streams:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
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


def test_the_surplus_is_closed_and_room_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "MAX_CONNECTIONS", 1)

    async def scene(connect: Connect, gate: Gate) -> None:
        first_reader, first = await connect()
        first.write(b"\r\n\r\n")
        await first_reader.readexactly(4)
        refused, _ = await connect()
        assert await refused.read() == b""
        first.close()
        await emptied(gate)
        reader, writer = await connect()
        writer.write(b"a")
        assert await reader.readexactly(1) == b"a"

    with_gate(scene)
