# SPDX-License-Identifier: Apache-2.0
"""The sockets: several addresses, and what cannot be bound is named."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.events import EventBus
from pdu_agent.snmp.face import SnmpFace
from pdu_agent.snmp.server import TURN_DATAGRAMS, TURN_S, SnmpServer
from pdu_agent.snmp.settings import SnmpSettings
from pdu_agent.snmp.sockets import Ancillary, OneAddress, _reply_info
from pdu_agent.snmp.source import Source, format_address
from tests.mib.unit import FakeController, unit
from tests.snmp import ber
from tests.snmp.mutations import ENGINE_ID
from tests.snmp.rig import COMMUNITIES


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def _echo(datagram: bytes, source: Source) -> bytes | None:
    if datagram == b"quiet":
        return None
    return datagram + b" from " + format_address(source).encode("ascii")


class _Client(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.received: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self.received.put_nowait(data)


async def _ask(address: str, datagram: bytes) -> bytes:
    host, _, port = address.rpartition(":")
    loop = asyncio.get_running_loop()
    transport, client = await loop.create_datagram_endpoint(
        _Client, remote_addr=(host.strip("[]"), int(port))
    )
    try:
        transport.sendto(b"quiet")
        transport.sendto(datagram)
        return await asyncio.wait_for(client.received.get(), 10)
    finally:
        transport.close()
        await asyncio.sleep(0)


@pytest.mark.asyncio
async def test_every_address_answers_its_own_clients() -> None:
    listen = ["127.0.0.1:0", "127.0.0.2:0"] + (["[::1]:0"] if _has_ipv6() else [])
    server = SnmpServer(tuple(listen), _echo)
    await server.start()
    try:
        assert len(server.addresses) == len(listen)
        for address in server.addresses:
            host = address.rpartition(":")[0]
            reply = await _ask(address, b"hello")
            assert reply.startswith(b"hello from ")
            if host != "127.0.0.2":
                assert host.encode("ascii") in reply
    finally:
        await server.stop()
    assert server.addresses == ()


@pytest.mark.asyncio
async def test_a_busy_port_is_named_and_nothing_is_left_open() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        busy = f"127.0.0.1:{other.getsockname()[1]}"
        server = SnmpServer(("127.0.0.1:0", busy), _echo)
        with pytest.raises(ConfigError, match=f"{busy}: another program has this port"):
            await server.start()
        assert server.addresses == ()


@pytest.mark.asyncio
async def test_an_address_of_another_machine_is_named() -> None:
    server = SnmpServer(("192.0.2.1:0",), _echo)
    with pytest.raises(ConfigError, match=r"no address 192\.0\.2\.1"):
        await server.start()


@pytest.mark.asyncio
async def test_a_privileged_port_says_what_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(ConfigError, match="CAP_NET_BIND_SERVICE"):
        await SnmpServer(("127.0.0.1:161",), _echo).start()


@pytest.mark.asyncio
async def test_a_stopped_server_can_start_again() -> None:
    server = SnmpServer(("127.0.0.1:0",), _echo)
    for _ in range(2):
        await server.start()
        assert await _ask(server.addresses[0], b"again")
        await server.stop()


def test_addresses_are_written_as_they_are_configured() -> None:
    assert format_address(("127.0.0.1", 161)) == "127.0.0.1:161"
    assert format_address(("::1", 161, 0, 0)) == "[::1]:161"


@pytest.mark.asyncio
async def test_the_settings_and_a_core_make_a_server() -> None:
    settings = SnmpSettings(
        listen=("127.0.0.1:0",), base_oid="1.3.6.1.4.1.99999.1", communities=COMMUNITIES
    )
    server = SnmpFace(settings, FakeController(unit()), EventBus(), ENGINE_ID, boots=1)
    await server.start()
    try:
        name = (1, 3, 6, 1, 4, 1, 99999, 1, 1, 3, 1, 1, 2, 1)
        pdu = ber.request(ber.GET, [name])
        reply = await _ask(server.addresses[0], ber.encode(ber.message(1, b"public", pdu)))
    finally:
        await server.stop()
    assert ber.decode(reply) == ber.message(
        1, b"public", ber.request(ber.RESPONSE, [name], [ber.string(b"Outlet 1")])
    )


@contextmanager
def _asker(family: int, bind: str) -> Iterator[socket.socket]:
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        asking.setblocking(False)
        asking.bind((bind, 0))
        yield asking


async def _receive(asking: socket.socket) -> tuple[bytes, Source]:
    loop = asyncio.get_running_loop()
    return await asyncio.wait_for(loop.sock_recvfrom(asking, 65_535), 10)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("family", "listen", "asked"),
    [
        (socket.AF_INET, "0.0.0.0:0", "127.0.0.2"),
        (socket.AF_INET, "0.0.0.0:0", "127.3.4.5"),
        (socket.AF_INET, "127.0.0.3:0", "127.0.0.3"),
        (socket.AF_INET6, "[::]:0", "::1"),
    ],
)
async def test_an_answer_comes_from_the_address_that_was_asked(
    family: int, listen: str, asked: str
) -> None:
    if family == socket.AF_INET6 and not _has_ipv6():
        pytest.skip("this machine has no IPv6")
    server = SnmpServer((listen,), _echo)
    await server.start()
    try:
        port = int(server.addresses[0].rpartition(":")[2])
        with _asker(family, "::1" if family == socket.AF_INET6 else "127.0.0.1") as asking:
            asking.sendto(b"hello", (asked, port))
            answer, source = await _receive(asking)
    finally:
        await server.stop()
    assert answer.startswith(b"hello from ")
    assert source[:2] == (asked, port)


@pytest.mark.asyncio
async def test_ipv4_and_ipv6_wildcards_share_a_port() -> None:
    if not _has_ipv6():
        pytest.skip("this machine has no IPv6")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("0.0.0.0", 0))
        port = probe.getsockname()[1]
    server = SnmpServer((f"0.0.0.0:{port}", f"[::]:{port}"), _echo)
    await server.start()
    try:
        for host in ("127.0.0.1", "[::1]"):
            assert await _ask(f"{host}:{port}", b"hello")
    finally:
        await server.stop()


@pytest.mark.asyncio
async def test_a_flood_leaves_the_rest_of_the_loop_its_turn() -> None:
    """Other callbacks run between turns of a bounded number of datagrams."""
    served: list[int] = []
    turns: list[int] = []

    def answer(_: bytes, __: Source) -> None:
        served.append(1)

    server = SnmpServer(("127.0.0.1:0",), answer)
    await server.start()
    try:
        port = int(server.addresses[0].rpartition(":")[2])
        with _asker(socket.AF_INET, "127.0.0.1") as asking:
            for _ in range(3 * TURN_DATAGRAMS):
                asking.sendto(b"x", ("127.0.0.1", port))
        async with asyncio.timeout(10):
            while len(served) < 3 * TURN_DATAGRAMS:
                before = len(served)
                await asyncio.sleep(0)
                turns.append(len(served) - before)
    finally:
        await server.stop()
    assert 0 < max(turns) <= TURN_DATAGRAMS


@pytest.mark.asyncio
async def test_slow_requests_end_the_turn() -> None:
    clock = ManualClock()
    served: list[int] = []

    def answer(_: bytes, __: Source) -> None:
        served.append(1)
        clock.advance(TURN_S * 0.6)

    server = SnmpServer(("127.0.0.1:0",), answer, clock.monotonic_s)
    await server.start()
    try:
        port = int(server.addresses[0].rpartition(":")[2])
        with _asker(socket.AF_INET, "127.0.0.1") as asking:
            for _ in range(9):
                asking.sendto(b"x", ("127.0.0.1", port))
        async with asyncio.timeout(10):
            while len(served) < 9:
                before = len(served)
                await asyncio.sleep(0)
                assert len(served) - before <= 2
    finally:
        await server.stop()


@pytest.mark.asyncio
async def test_what_an_answer_raises_is_one_line_and_the_next_is_served(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def answer(datagram: bytes, source: Source) -> bytes | None:
        if datagram == b"quiet":
            raise ZeroDivisionError("a defect")
        return _echo(datagram, source)

    server = SnmpServer(("127.0.0.1:0",), answer)
    await server.start()
    try:
        with caplog.at_level(logging.WARNING):
            for _ in range(3):
                assert await _ask(server.addresses[0], b"hello")
    finally:
        await server.stop()
    assert server.failures == 3
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert caplog.records[0].exc_info is not None


@pytest.mark.asyncio
@pytest.mark.parametrize("error", [errno.EAGAIN, errno.ENETUNREACH, errno.EPERM, errno.EMSGSIZE])
async def test_an_answer_that_cannot_be_sent_is_counted_and_the_next_is_served(
    error: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server = SnmpServer(("127.0.0.1:0",), lambda datagram, source: b"answer to " + datagram)
    await server.start()
    try:
        send = OneAddress.send

        def refuse(self: OneAddress, answer: bytes, source: Source, info: Ancillary) -> None:
            if answer == b"answer to quiet":
                raise OSError(error, "refused")
            send(self, answer, source, info)

        monkeypatch.setattr(OneAddress, "send", refuse)
        for _ in range(3):
            assert await _ask(server.addresses[0], b"hello") == b"answer to hello"
    finally:
        await server.stop()
    assert (server.unsent, server.failures) == (3, 0)
    assert len(caplog.records) == 1


@pytest.mark.asyncio
async def test_a_receive_error_does_not_stop_the_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    receive = OneAddress.receive
    errors = [OSError(errno.ECONNREFUSED, "refused"), OSError(errno.EHOSTUNREACH, "no route")]

    def broken(self: OneAddress) -> tuple[bytes, Source, Ancillary]:
        if errors:
            raise errors.pop()
        return receive(self)

    monkeypatch.setattr(OneAddress, "receive", broken)
    server = SnmpServer(("127.0.0.1:0",), _echo)
    await server.start()
    try:
        assert await _ask(server.addresses[0], b"hello")
    finally:
        await server.stop()
    assert server.failures == 2


def test_a_reply_leaves_from_a_local_address_whatever_was_asked() -> None:
    local, broadcast = socket.inet_aton("192.0.2.7"), socket.inet_aton("192.0.2.255")
    info = (3).to_bytes(4, "little") + local + broadcast
    assert _reply_info(socket.IPPROTO_IP, 8, info)[2] == bytes(4) + local + bytes(4)
    for host, source, interface in (
        ("2001:db8::7", "2001:db8::7", 0),
        ("fe80::7", "fe80::7", 3),
        ("ff02::1", "::", 0),
    ):
        info = socket.inet_pton(socket.AF_INET6, host) + (3).to_bytes(4, "little")
        expected = socket.inet_pton(socket.AF_INET6, source) + interface.to_bytes(4, "little")
        assert _reply_info(socket.IPPROTO_IPV6, 50, info)[2] == expected
