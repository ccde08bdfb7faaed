# SPDX-License-Identifier: Apache-2.0
"""The sockets: several addresses, and what cannot be bound is named."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from pdu_agent.model.errors import ConfigError
from pdu_agent.snmp.face import snmp_server
from pdu_agent.snmp.server import SnmpServer, format_address
from pdu_agent.snmp.settings import SnmpSettings
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


def _echo(datagram: bytes, address: str) -> bytes | None:
    return None if datagram == b"quiet" else datagram + b" from " + address.encode("ascii")


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
    server = snmp_server(settings, FakeController(unit()), ENGINE_ID, boots=1)
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
