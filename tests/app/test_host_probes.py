# SPDX-License-Identifier: Apache-2.0
"""Hosts are asked for real: TCP and, where the kernel allows it, ICMP, on the loopback."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import stat
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pdu_agent.app.host_probes import (
    ECHO_TYPES,
    PING_HINT,
    HostProbes,
    Means,
    asked,
    echo,
    ping_trouble,
    system_means,
)
from pdu_agent.app.own_network import NO_LINK, link_trouble
from pdu_agent.core.rules.settings import HostSettings
from pdu_agent.model.readings import HostSeen

LOOPBACKS = ("127.0.0.1", "::1")


def forbidden(_family: socket.AddressFamily) -> socket.socket:
    raise PermissionError(errno.EACCES, "Permission denied")


NO_PING = Means(forbidden, None)


def ask(host: HostSettings, means: Means | None = None) -> HostSeen:
    resolvers = ThreadPoolExecutor(1)
    try:
        return asyncio.run(asked(host, means or system_means(), resolvers))
    finally:
        resolvers.shutdown()


def listening(address: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    server = socket.socket(family, socket.SOCK_STREAM)
    try:
        server.bind((address, 0))
    except OSError as exc:
        server.close()
        pytest.skip(f"{address}: {exc}")
    server.listen()
    return server


@pytest.mark.parametrize("address", LOOPBACKS)
def test_a_port_that_takes_connections_answers(address: str) -> None:
    with listening(address) as server:
        port = server.getsockname()[1]
        assert ask(HostSettings("x", address, "tcp", port)) == HostSeen("x", True)


def test_a_port_where_nothing_serves_does_not() -> None:
    with listening("127.0.0.1") as server:
        port = server.getsockname()[1]
    seen = ask(HostSettings("x", "127.0.0.1", "tcp", port))
    assert seen == HostSeen("x", False, "Connection refused")


def test_a_host_that_is_silent_costs_no_more_than_its_time() -> None:
    with listening("127.0.0.1") as server:
        port = server.getsockname()[1]
        server.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:  # they fill the queue of connections
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        try:
            seen = ask(HostSettings("x", "127.0.0.1", "tcp", port, timeout_s=0.2))
        finally:
            for each in waiting:
                each.close()
    assert seen == HostSeen("x", False, "nothing within 0.2 s")


@pytest.mark.parametrize(
    ("number", "is_asked"),
    [(errno.EHOSTUNREACH, True), (errno.ENETUNREACH, False), (errno.EMFILE, False)],
)
def test_what_is_wrong_here_is_no_failure_of_the_host(
    number: int, is_asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        raise OSError(number, "Connect call failed")

    monkeypatch.setattr("asyncio.selector_events.BaseSelectorEventLoop.sock_connect", fails)
    seen = ask(HostSettings("x", "127.0.0.1", "tcp", 9))
    assert seen == HostSeen("x", False, os.strerror(number), is_asked)


def test_a_name_that_nobody_resolves_says_nothing_about_the_host() -> None:
    seen = ask(HostSettings("x", "no-such-host.invalid", "tcp", 80, timeout_s=1.0))
    assert (seen.answered, seen.asked) == (False, False)
    assert "no-such-host.invalid" in seen.error


@pytest.mark.parametrize("address", ["a" * 70 + ".example", "a..example", "fe80::1%nowhere"])
def test_an_address_that_cannot_be_one_says_nothing_about_the_host(address: str) -> None:
    seen = ask(HostSettings("nas", address, "tcp", 9, timeout_s=0.5))
    assert (seen.answered, seen.asked) == (False, False)
    assert address in seen.error


@pytest.mark.parametrize("address", LOOPBACKS)
def test_the_loopback_answers_to_ping(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        system_means().open_ping(family).close()
    except OSError as exc:
        pytest.skip(f"the kernel allows no ping socket: {exc}")
    assert ask(HostSettings("x", address)) == HostSeen("x", True)


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_only_the_reply_to_its_own_request_is_an_answer(family: socket.AddressFamily) -> None:
    """The other end of the socket plays the kernel: RFC 792 and RFC 4443 by their numbers."""
    request, reply = {socket.AF_INET: (8, 0), socket.AF_INET6: (128, 129)}[family]
    assert ECHO_TYPES[family] == (request, reply)

    async def scene() -> None:
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        with here, there:
            for each in (here, there):
                each.setblocking(False)
            loop = asyncio.get_running_loop()
            task = asyncio.create_task(echo(here, family))
            packet = await loop.sock_recv(there, 1024)
            assert struct.unpack("!BBHHH", packet[:8]) == (request, 0, 0, 0, 1)
            header = struct.pack("!BBHHH", reply, 0, 0, 7, 1)
            there.send(header + b"somebody else's")
            there.send(packet)
            await asyncio.sleep(0.01)
            assert not task.done()
            there.send(header + packet[8:])
            await asyncio.wait_for(task, 5.0)

    asyncio.run(scene())


def program(folder: Path, body: str) -> str:
    path = folder / "ping"
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_without_a_ping_socket_the_program_is_asked(tmp_path: Path) -> None:
    said = tmp_path / "said"
    means = Means(forbidden, program(tmp_path, f'echo "$@" > {said}; exit 0'))
    assert ask(HostSettings("x", "127.0.0.1"), means) == HostSeen("x", True)
    assert said.read_text(encoding="utf-8") == "-4 -c 1 -W 2 127.0.0.1\n"


@pytest.mark.parametrize(("code", "is_asked"), [(1, True), (2, False)])
def test_the_program_tells_silence_from_trouble(tmp_path: Path, code: int, is_asked: bool) -> None:
    means = Means(forbidden, program(tmp_path, f"exit {code}"))
    seen = ask(HostSettings("x", "127.0.0.1"), means)
    assert (seen.answered, seen.asked) == (False, is_asked)


def test_a_program_that_hangs_is_ended(tmp_path: Path) -> None:
    means = Means(forbidden, program(tmp_path, "exec sleep 60"))
    seen = ask(HostSettings("x", "127.0.0.1", timeout_s=0.2), means)
    assert seen == HostSeen("x", False, "nothing within 0.2 s")


def test_without_any_means_the_host_is_not_blamed() -> None:
    assert ask(HostSettings("x", "127.0.0.1"), NO_PING) == HostSeen("x", False, PING_HINT, False)
    assert ping_trouble(NO_PING) == PING_HINT
    assert ping_trouble(Means(forbidden, "/bin/ping")) == ""


def interface(folder: Path, name: str, carrier: str, kind: str = "1") -> Path:
    found = folder / name
    found.mkdir()
    (found / "type").write_text(f"{kind}\n", encoding="ascii")
    (found / "carrier").write_text(f"{carrier}\n", encoding="ascii")
    return found


def test_without_a_link_of_its_own_no_host_is_blamed(tmp_path: Path) -> None:
    interface(tmp_path, "lo", "1", "772")
    wired = interface(tmp_path, "eth0", "0")
    (wired / "device").mkdir()
    interface(tmp_path, "docker0", "1")
    folder = tmp_path.parent / "bin"
    folder.mkdir()
    means = Means(forbidden, program(folder, "exit 1"), tmp_path)
    host = HostSettings("x", "192.0.2.1", "ping")
    assert ask(host, means) == HostSeen("x", False, NO_LINK, asked=False)
    assert ask(HostSettings("x", "127.0.0.1", "ping"), means).asked
    (wired / "carrier").write_text("1\n", encoding="ascii")
    assert ask(host, means).asked
    (wired / "carrier").unlink()  # one that is down refuses to tell
    assert not ask(host, means).asked


def test_where_the_kernel_does_not_tell_of_links_the_attempt_counts(tmp_path: Path) -> None:
    assert link_trouble(tmp_path / "none") == ""


def run_probes(scene: Callable[[HostProbes, list[HostSeen]], object]) -> list[HostSeen]:
    """Each wait of the probes takes no time; the scene is an async function."""

    async def play() -> list[HostSeen]:
        heard: list[HostSeen] = []
        probes = HostProbes(heard.append, NO_PING, lambda _: asyncio.sleep(0.001))
        try:
            await scene(probes, heard)  # type: ignore[misc]
        finally:
            await probes.stop()
        assert len(asyncio.all_tasks()) == 1
        return heard

    return asyncio.run(play())


async def until(is_so: Callable[[], bool]) -> None:
    for _ in range(5000):
        if is_so():
            return
        await asyncio.sleep(0.001)
    pytest.fail("it did not come about within some seconds")


def test_every_host_is_asked_again_and_again_until_the_settings_change() -> None:
    one, two = HostSettings("one", "127.0.0.1"), HostSettings("two", "127.0.0.1")

    async def scene(probes: HostProbes, heard: list[HostSeen]) -> None:
        probes.watch((one, two))
        await until(lambda: sum(seen.host == "two" for seen in heard) > 3)
        probes.watch((one,))
        await asyncio.sleep(0)
        heard.clear()
        await until(lambda: len(heard) > 5)
        assert {seen.host for seen in heard} == {"one"}

    run_probes(scene)
